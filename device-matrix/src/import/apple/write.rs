//! The data files of an import.

use std::collections::BTreeMap;
use std::path::Path;

use super::later::Later;
use super::{Checkout, Imported, emit};
use crate::capability::raw::{Layer, RawItem};
use crate::capability::{DATA_FOLDER, Place, Role, Vanished};
use crate::import::GeneratedFile;
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Adds every data file to `out`, in the order of their paths.
#[expect(
    clippy::too_many_arguments,
    reason = "called once, with everything the import found"
)]
pub(super) fn write(
    out: &mut Imported,
    base: &BTreeMap<String, RawItem>,
    base_checkout: &Checkout,
    seeds: &BTreeMap<String, (RawItem, &Checkout)>,
    later: &Later,
    labels: &[&str],
    reach: &BTreeMap<SchemaOs, VersionNumber>,
    vanished: &[Vanished],
) {
    let data = Path::new(DATA_FOLDER);
    let folder = |layer: Layer, file: &str| {
        let stem = file.strip_suffix(".yaml").unwrap_or(file);
        data.join(layer.folder()).join(format!("{stem}.toml"))
    };
    let checkout_head = |checkout: &Checkout, what: &str| {
        vec![
            format!(
                "{what} github.com/apple/device-management, {}, revision {}.",
                checkout.label, checkout.revision
            ),
            format!(
                "License: {}; facts only: names, versions, types, modes.",
                checkout.license
            ),
        ]
    };
    let head = checkout_head(base_checkout, "Source:");
    for (file, item) in base {
        out.files.push(GeneratedFile {
            path: folder(Layer::Schema, file),
            text: emit::item(item, &head),
        });
    }
    for (file, (item, checkout)) in seeds {
        let head = checkout_head(checkout, "What only this beta of the schema has:");
        out.files.push(GeneratedFile {
            path: folder(Layer::Seed, file),
            text: emit::item(item, &head),
        });
    }
    for (file, item) in &later.items {
        out.files.push(GeneratedFile {
            path: folder(Layer::Later, file),
            text: emit::item(item, &later.head),
        });
    }
    let summary = out.summary;
    let mut text = emit::comment(&[
        "Where the sources of the catalogue disagree, and rows of later sources that could not be placed.".to_owned(),
        format!(
            "Later rows: {}; {} about known items and keys, {} bring new ones, {} not placed. Value rows: {} of {} placed.",
            summary.later_rows,
            summary.later_matched,
            summary.later_added,
            summary.later_unmatched,
            summary.value_rows_matched,
            summary.value_rows
        ),
        "`one` is the schema or the documentation, `other` the source that contradicts it, `kept` what the catalogue uses.".to_owned(),
    ]);
    rows(&mut text, &out.conflicts, |row| {
        let mut line = place_of(&row.place);
        for (name, value) in [
            ("os", &row.os),
            ("field", &row.field),
            ("one", &row.one),
            ("other", &row.other),
            ("kept", &row.kept),
        ] {
            if !value.is_empty() {
                line.push(format!("{name} = {}", emit::quoted(value)));
            }
        }
        line
    });
    out.files.push(GeneratedFile {
        path: data.join("conflicts.toml"),
        text,
    });
    let mut text = emit::comment(&[
        format!(
            "What older checkouts had and {} lacks. Most are corrections of the schema, not removals by the OS.",
            base_checkout.label
        ),
        format!("License: {}", base_checkout.license),
    ]);
    rows(&mut text, vanished, |row| {
        let mut line = place_of(&row.place);
        line.push(format!("last_seen = {}", emit::quoted(&row.last_seen)));
        line
    });
    out.files.push(GeneratedFile {
        path: data.join("vanished.toml"),
        text,
    });
    out.files.push(GeneratedFile {
        path: data.join("catalog.toml"),
        text: catalog(base_checkout, later, labels, reach),
    });
    out.files.sort_by(|a, b| a.path.cmp(&b.path));
}

fn catalog(
    base: &Checkout,
    later: &Later,
    labels: &[&str],
    reach: &BTreeMap<SchemaOs, VersionNumber>,
) -> String {
    let mut head = vec![
        "The catalogue of Apple's capabilities: what it was read from.".to_owned(),
        format!(
            "schema/: github.com/apple/device-management {}, revision {}; license: {}",
            base.label, base.revision, base.license
        ),
        "seed/: what only a newer beta of the schema has. later/: see the heads of its files.".to_owned(),
        "`reach` is the date up to which the facts reach; `schema_reach` the newest version the schema layer speaks of.".to_owned(),
    ];
    let revision = match &later.revision {
        Some(revision) => format!("{} {} + {revision}", base.label, base.revision),
        None => format!("{} {}", base.label, base.revision),
    };
    let date = later.date.clone().unwrap_or_else(|| "unknown".to_owned());
    head.push(format!("Checkouts compared: {}.", labels.join(", ")));
    let versions: Vec<String> = reach
        .iter()
        .map(|(os, version)| format!("{} = {}", os.key(), emit::quoted(&version.to_string())))
        .collect();
    format!(
        "{}revision = {}\nreach = {}\nschema = {}\ncheckouts = {}\nschema_reach = {{ {} }}\n",
        emit::comment(&head),
        emit::quoted(&revision),
        emit::quoted(&date),
        emit::quoted(&base.label),
        emit::list(labels),
        versions.join(", ")
    )
}

fn rows<T>(text: &mut String, rows: &[T], line: impl Fn(&T) -> Vec<String>) {
    text.push_str("rows = [\n");
    for row in rows {
        text.push_str("  { ");
        text.push_str(&line(row).join(", "));
        text.push_str(" },\n");
    }
    text.push_str("]\n");
}

fn place_of(place: &Place) -> Vec<String> {
    let mut line = vec![
        format!("kind = {}", emit::quoted(place.kind.as_str())),
        format!("id = {}", emit::quoted(&place.id)),
    ];
    if !place.file.is_empty() {
        line.push(format!("file = {}", emit::quoted(&place.file)));
    }
    if !place.path.is_empty() {
        line.push(format!("path = {}", emit::list(&place.path)));
        if place.role == Role::Response {
            line.push("role = \"response\"".to_owned());
        }
    }
    line
}
