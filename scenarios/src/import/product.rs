//! `import product`: from the export of the product's manual to `features.toml`.
//!
//! Carried over are names, marks, minimum versions, protocol elements and page addresses; page prose is not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use crate::codes;
use crate::load::SHARED_IPAD;

/// The export could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not the expected JSON.
    #[error("[{code}] the product export is not the JSON expected here: {0}. Check that the file is features.json", code = codes::BAD_EXPORT)]
    Json(#[from] serde_json::Error),
    /// A value that has no meaning here.
    #[error("[{code}] feature `{feature}`: {what}", code = codes::BAD_EXPORT)]
    Value {
        /// The feature.
        feature: String,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
struct Export {
    features: Vec<WireFeature>,
    candidates_to_confirm: Vec<WireCandidate>,
}

#[derive(Deserialize)]
struct WireFeature {
    id: String,
    name_ja: String,
    name_en: String,
    category: String,
    level: String,
    scope: Vec<String>,
    platforms: BTreeMap<String, WirePlatform>,
    protocol_mapping: Vec<WireMapping>,
    source: String,
    #[serde(default)]
    other_sources: Vec<String>,
}

#[derive(Deserialize)]
struct WirePlatform {
    /// `true`, `false` or `"unknown"`.
    supported: Value,
    min_os: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
struct WireMapping {
    platform: String,
    kind: String,
    element: String,
    marking: String,
}

#[derive(Deserialize)]
struct WireCandidate {
    id: String,
    name_ja: String,
    protocol_candidates: Vec<WireMapping>,
}

const HEAD: &str = "\
# Features of BizMobile Go! Direct, as far as stored pages of its manual show them.
#
# Written by `cargo xtask import product`; do not edit. What people add or confirm stands in the overlays beside this
# file (features.overlay.toml, features.confirmed.toml) and survives the next import.
#
# Source: pages of the product's public manual, named per feature. Only names, marks, minimum versions and protocol
# elements were carried over. License of this file: as the repository.
#
# offers: yes and no only where a page says so; everything else is unknown. iPadOS inherits from iOS.
# mappings: `documented` when a page names the mechanism, `inferred` when it is our reading.
# candidate: no page was found; somebody who knows the product should confirm the feature.
";

/// Turns the text of `features.json` into the text of `features.toml`.
pub fn product(text: &str) -> Result<String, ImportError> {
    let export: Export = serde_json::from_str(text)?;
    let mut out = HEAD.to_owned();
    for feature in &export.features {
        write_feature(&mut out, feature)?;
    }
    for candidate in &export.candidates_to_confirm {
        write_candidate(&mut out, candidate);
    }
    Ok(out)
}

fn write_feature(out: &mut String, feature: &WireFeature) -> Result<(), ImportError> {
    let bad = |what: String| ImportError::Value {
        feature: feature.id.clone(),
        what,
    };
    let level = match feature.level.as_str() {
        "feature" => "function",
        "setting" => "setting",
        other => return Err(bad(format!("unknown level `{other}`"))),
    };
    head(out, &feature.id, &feature.name_ja, &feature.name_en);
    let _ = writeln!(out, "category = {}", quoted(&feature.category));
    let _ = writeln!(out, "level = {}", quoted(level));
    let sources: Vec<_> = std::iter::once(&feature.source)
        .chain(&feature.other_sources)
        .map(|page| quoted(page))
        .collect();
    let _ = writeln!(out, "sources = [{}]", sources.join(", "));
    out.push_str("[feature.offers]\n");
    for wire in &feature.scope {
        let row = feature
            .platforms
            .get(wire)
            .ok_or_else(|| bad(format!("no row for `{wire}`, which is in its scope")))?;
        let offered = match &row.supported {
            Value::Bool(true) => "yes",
            Value::Bool(false) => "no",
            Value::String(word) if word == "unknown" => "unknown",
            other => return Err(bad(format!("`{other}` is not an offer"))),
        };
        let mut tail = String::new();
        if let Some(min_os) = &row.min_os {
            let number = min_os.rsplit(' ').next().unwrap_or(min_os);
            let _ = write!(tail, ", min_os = {}", quoted(number));
        }
        if let Some(note) = note(offered, row.note.as_deref()) {
            let _ = write!(tail, ", note = {}", quoted(note));
        }
        let column = column(wire).ok_or_else(|| bad(format!("unknown column `{wire}`")))?;
        let _ = writeln!(
            out,
            "{} = {{ offered = {}{tail} }}",
            key(column),
            quoted(offered)
        );
        if column == "iOS" {
            let inherited = ", inherited_from = \"iOS\"";
            let _ = writeln!(
                out,
                "iPadOS = {{ offered = {}{tail}{inherited} }}",
                quoted(offered)
            );
        }
    }
    write_mappings(out, &feature.protocol_mapping);
    Ok(())
}

fn write_candidate(out: &mut String, candidate: &WireCandidate) {
    head(
        out,
        &candidate.id,
        &candidate.name_ja,
        &spelled_out(&candidate.id),
    );
    out.push_str(
        "category = \"to-confirm\"\nlevel = \"function\"\nsources = []\ncandidate = true\n",
    );
    let mut columns: Vec<&str> = Vec::new();
    for mapping in &candidate.protocol_candidates {
        columns.extend(column(&mapping.platform));
    }
    if columns.is_empty() {
        columns = match candidate.id.split('-').next() {
            Some("android") => vec!["Android"],
            Some("windows") => vec!["Windows"],
            Some("apple") => vec!["iOS", "macOS", "tvOS"],
            _ => Vec::new(),
        };
    }
    columns.sort_unstable();
    columns.dedup();
    out.push_str("[feature.offers]\n");
    for column in columns {
        let _ = writeln!(out, "{} = {{ offered = \"unknown\" }}", key(column));
        if column == "iOS" {
            out.push_str("iPadOS = { offered = \"unknown\", inherited_from = \"iOS\" }\n");
        }
    }
    write_mappings(out, &candidate.protocol_candidates);
}

fn head(out: &mut String, id: &str, ja: &str, en: &str) {
    let _ = writeln!(out, "\n[[feature]]\nid = {}", quoted(id));
    let _ = writeln!(out, "name = {{ ja = {}, en = {} }}", quoted(ja), quoted(en));
}

fn write_mappings(out: &mut String, mappings: &[WireMapping]) {
    let mut rows: Vec<(&str, &str, &str, Vec<&str>)> = Vec::new();
    for mapping in mappings {
        let kind = kind(mapping);
        let columns = match column(&mapping.platform) {
            Some("iOS") => vec!["iOS", "iPadOS"],
            Some(column) => vec![column],
            None => Vec::new(),
        };
        let same = rows.iter_mut().find(|(known, element, marking, _)| {
            *known == kind && *element == mapping.element && *marking == mapping.marking
        });
        match same {
            Some((_, _, _, known)) => known.extend(columns),
            None => rows.push((kind, &mapping.element, &mapping.marking, columns)),
        }
    }
    for (kind, element, marking, columns) in rows {
        let columns: Vec<_> = columns.into_iter().map(quoted).collect();
        let _ = writeln!(
            out,
            "[[feature.mappings]]\nkind = {}\nelement = {}\ncolumns = [{}]\nmarking = {}",
            quoted(kind),
            quoted(element),
            columns.join(", "),
            quoted(marking)
        );
    }
}

/// Why the row says what it says, in words of our own.
fn note(offered: &str, wire: Option<&str>) -> Option<&'static str> {
    let wire = wire?;
    match offered {
        "unknown" => Some("the pages read do not show this column"),
        _ if wire.contains("implied") => Some("implied by another page, not stated"),
        _ => None,
    }
}

fn kind(mapping: &WireMapping) -> &str {
    let has_path = mapping.element.contains('/');
    match mapping.kind.as_str() {
        "payload" if has_path => "profile key",
        "payload" => "profile",
        "command" if has_path => "command key",
        "server" | "web" => "console",
        "agent-app" => "app",
        other => other,
    }
}

/// The name of a column in our data.
fn column(wire: &str) -> Option<&'static str> {
    match wire {
        "iOS" => Some("iOS"),
        "iPadOS_shared" => Some(SHARED_IPAD),
        "macOS" => Some("macOS"),
        "tvOS" => Some("tvOS"),
        "Android" => Some("Android"),
        "Windows" => Some("Windows"),
        _ => None,
    }
}

/// `remote-restart` as `Remote restart`, until an overlay gives a better name.
fn spelled_out(id: &str) -> String {
    let mut words = id.replace('-', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn key(text: &str) -> String {
    toml_edit::Key::new(text).display_repr().into_owned()
}
