//! The published file of facts later than the checkout, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::capability::raw::Declared;
use crate::capability::{Confidence, Kind, Mode, Since};
use crate::platform::SchemaOs;
use crate::version::{InvalidVersion, VersionNumber};

/// The file as published; fields that are prose or bookkeeping of the publisher are not read.
#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(rename = "_header")]
    pub(super) header: Header,
    pub(super) rows: Vec<WireRow>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) base: String,
    pub(super) docs_commit: String,
    pub(super) docs_date: String,
}

#[derive(Deserialize)]
pub(super) struct WireRow {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) key: Option<String>,
    #[serde(rename = "type")]
    pub(super) value_type: Option<String>,
    pub(super) etype: Option<String>,
    pub(super) part: String,
    pub(super) change: Vec<String>,
    pub(super) os: BTreeMap<String, WireState>,
    pub(super) c: String,
    pub(super) required: Option<bool>,
    pub(super) file: Option<String>,
    pub(super) values: Option<Vec<serde_json::Value>>,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) conflict: Vec<WireConflict>,
    pub(super) user_enrollment_allowed: Option<Vec<String>>,
    pub(super) allowed_scopes: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireState {
    pub(super) introduced: Option<String>,
    pub(super) deprecated: Option<String>,
    pub(super) removed: Option<String>,
    pub(super) supervised: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct WireConflict {
    pub(super) os: String,
    pub(super) field: String,
    pub(super) docs: Option<String>,
    pub(super) facts: Option<String>,
}

/// How the publisher marks a row, and the confidence it has here.
pub(super) const MARKS: [(&str, Confidence); 9] = [
    ("docs", Confidence::Docs),
    ("docs+facts", Confidence::DocsAndFacts),
    ("facts", Confidence::Facts),
    ("docs-absent", Confidence::Docs),
    ("docs-absent+facts", Confidence::Facts),
    ("docs-delisted", Confidence::Inferred),
    ("docs-delisted+facts", Confidence::Facts),
    ("docs-inferred", Confidence::Inferred),
    ("conflict", Confidence::Conflict),
];

/// Where the vendor keeps the files of a kind, and what it leaves out of the id for the file's name.
const NAMING: [(Kind, &str, &str); 8] = [
    (
        Kind::Declaration,
        "com.apple.configuration.",
        "declarative/declarations/configurations/",
    ),
    (
        Kind::Declaration,
        "com.apple.asset.",
        "declarative/declarations/assets/",
    ),
    (
        Kind::Declaration,
        "com.apple.activation.",
        "declarative/declarations/activations/",
    ),
    (
        Kind::Declaration,
        "com.apple.management.",
        "declarative/declarations/management/",
    ),
    (Kind::Status, "", "declarative/status/"),
    (Kind::Checkin, "", "mdm/checkin/"),
    (Kind::Error, "com.apple.", "mdm/errors/"),
    (Kind::Command, "", "mdm/commands/"),
];

/// What a row states per OS.
pub(super) fn states(row: &WireRow) -> Result<BTreeMap<SchemaOs, Declared>, String> {
    let mut out = BTreeMap::new();
    for (name, state) in &row.os {
        let os: SchemaOs = name
            .parse()
            .map_err(|_| format!("OS `{name}` is not known"))?;
        let introduced = match state.introduced.as_deref() {
            None => None,
            Some("n/a") => Some(Since::NotAvailable),
            Some(text) => Some(Since::Version(version(text)?)),
        };
        let available = introduced != Some(Since::NotAvailable);
        let declared = Declared {
            introduced,
            deprecated: state.deprecated.as_deref().map(version).transpose()?,
            removed: state.removed.as_deref().map(version).transpose()?,
            supervised: state.supervised,
            user_enrollment: row
                .user_enrollment_allowed
                .as_ref()
                .filter(|list| list.contains(name))
                .map(|_| Mode::Allowed),
            allowed_scopes: row
                .allowed_scopes
                .as_deref()
                .filter(|_| available)
                .and_then(|text| scopes(text, name)),
            ..Declared::default()
        };
        out.insert(os, declared);
    }
    Ok(out)
}

/// `system`, or `iOS: system | macOS: user`.
fn scopes(text: &str, os: &str) -> Option<Vec<String>> {
    if !text.contains(':') {
        return Some(vec![text.trim().to_owned()]);
    }
    text.split('|').find_map(|part| {
        let (name, scope) = part.split_once(':')?;
        (name.trim() == os).then(|| vec![scope.trim().to_owned()])
    })
}

/// A version as the file spells it.
pub(super) fn version(text: &str) -> Result<VersionNumber, String> {
    text.parse()
        .map_err(|error: InvalidVersion| error.to_string())
}

/// A value of a list as text.
pub(super) fn plain(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The path that the vendor's naming gives an item of which no source names the file.
pub(super) fn inferred_file(kind: Kind, id: &str) -> Option<String> {
    NAMING
        .iter()
        .filter(|(known, _, _)| *known == kind)
        .find_map(|(_, prefix, folder)| {
            let stem = id.strip_prefix(prefix)?;
            let stem = if kind == Kind::Checkin {
                stem.to_ascii_lowercase()
            } else {
                stem.to_owned()
            };
            Some(format!("{folder}{stem}.yaml"))
        })
}
