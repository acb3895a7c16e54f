//! What changed between two checkouts of the schema: another question than what a release says it brings.
//!
//! A changed fact may mean that the schema was wrong, not that the OS changed; the vendor's list of corrections is
//! prose and is not read here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::keypath::normalized;
use super::{Checkout, ImportError, parse, resolved};
use crate::capability::raw::RawItem;
use crate::capability::resolve::Layers;
use crate::capability::{Role, Since, Support};
use crate::known::Known;
use crate::platform::SchemaOs;

/// Version of the shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What changed from one checkout to another, as published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SchemaDiff {
    /// Version of this shape.
    pub schema_version: u32,
    /// Label of the older checkout.
    pub from: String,
    /// Label of the newer checkout.
    pub to: String,
    /// Items and keys that both checkouts have.
    pub common: usize,
    /// Items that only the newer one has.
    pub items_added: Vec<PlaceJson>,
    /// Items that only the older one has.
    pub items_gone: Vec<PlaceJson>,
    /// Files that hold the same id under another name.
    pub items_renamed: Vec<RenameJson>,
    /// Keys that only the newer one has, keys of added items included.
    pub keys_added: Vec<PlaceJson>,
    /// Keys that only the older one has, keys of gone items included.
    pub keys_gone: Vec<PlaceJson>,
    /// Items and keys with other effective facts on some OS.
    pub changed: Vec<ChangeJson>,
}

/// An item or key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PlaceJson {
    /// Kind.
    pub kind: &'static str,
    /// Id on the wire.
    pub id: String,
    /// Path in the checkout.
    pub file: String,
    /// Names joined by dots; empty is the item itself.
    pub path: String,
    /// The names.
    pub path_segments: Vec<String>,
    /// `payload` or `response`.
    pub role: &'static str,
}

/// An item whose file has another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RenameJson {
    /// Kind.
    pub kind: &'static str,
    /// Id on the wire.
    pub id: String,
    /// Older path.
    pub from: String,
    /// Newer path.
    pub to: String,
}

/// An item or key with other effective facts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ChangeJson {
    /// Where.
    pub place: PlaceJson,
    /// Which facts, OS by OS.
    pub facts: Vec<FactJson>,
}

/// One changed fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FactJson {
    /// OS as the schema spells it.
    pub os: &'static str,
    /// Attribute.
    pub field: &'static str,
    /// Older value.
    pub from: String,
    /// Newer value.
    pub to: String,
}

/// Compares two checkouts. Placeholders that are only named differently are no change.
///
/// # Errors
/// When a checkout can not be read.
pub fn diff(from: &Checkout, to: &Checkout) -> Result<SchemaDiff, ImportError> {
    let old = parse(from).map_err(ImportError::Schema)?.items;
    let new = parse(to).map_err(ImportError::Schema)?.items;
    let mut out = SchemaDiff {
        schema_version: SCHEMA_VERSION,
        from: from.label.clone(),
        to: to.label.clone(),
        ..SchemaDiff::default()
    };
    let mut gone: Vec<&RawItem> = old
        .iter()
        .filter(|(file, _)| !new.contains_key(*file))
        .map(|(_, item)| item)
        .collect();
    for (file, item) in &new {
        if let Some(before) = old.get(file) {
            compare(&mut out, before, item);
            continue;
        }
        // A file of the same kind and id that is gone under its old name.
        let renamed = gone
            .iter()
            .position(|before| before.kind == item.kind && before.id == item.id);
        if let Some(at) = renamed {
            let before = gone.remove(at);
            out.items_renamed.push(RenameJson {
                kind: item.kind.as_str(),
                id: item.id.clone(),
                from: before.file.clone(),
                to: item.file.clone(),
            });
            compare(&mut out, before, item);
        } else {
            out.items_added.push(place(item, Role::Payload, &[]));
            for key in &item.keys {
                out.keys_added.push(place(item, key.role, &key.path));
            }
        }
    }
    for item in gone {
        out.items_gone.push(place(item, Role::Payload, &[]));
        for key in &item.keys {
            out.keys_gone.push(place(item, key.role, &key.path));
        }
    }
    for list in [
        &mut out.items_added,
        &mut out.items_gone,
        &mut out.keys_added,
        &mut out.keys_gone,
    ] {
        list.sort();
    }
    out.items_renamed.sort();
    out.changed.sort();
    Ok(out)
}

type PerOs = BTreeMap<SchemaOs, Support>;

fn compare(out: &mut SchemaDiff, old: &RawItem, new: &RawItem) {
    let resolve = |item: &RawItem| {
        resolved(Layers {
            schema: Some(item),
            ..Layers::default()
        })
    };
    let (Some(before), Some(after)) = (resolve(old), resolve(new)) else {
        return;
    };
    out.common += 1;
    note(out, place(new, Role::Payload, &[]), &before.os, &after.os);
    let index = |raw: &RawItem| -> BTreeMap<(Role, Vec<String>), usize> {
        raw.keys
            .iter()
            .zip(normalized(raw))
            .enumerate()
            .map(|(at, (key, path))| ((key.role, path), at))
            .collect()
    };
    let (old_keys, new_keys) = (index(old), index(new));
    for (name, at) in &new_keys {
        let here = place(new, name.0, &new.keys[*at].path);
        match old_keys.get(name) {
            Some(was) => {
                out.common += 1;
                note(out, here, &before.keys[*was].os, &after.keys[*at].os);
            }
            None => out.keys_added.push(here),
        }
    }
    for (name, at) in &old_keys {
        if !new_keys.contains_key(name) {
            out.keys_gone
                .push(place(old, name.0, &old.keys[*at].path));
        }
    }
}

fn note(out: &mut SchemaDiff, place: PlaceJson, before: &PerOs, after: &PerOs) {
    let mut facts = Vec::new();
    for os in SchemaOs::ALL {
        let (Some(was), Some(is)) = (before.get(&os), after.get(&os)) else {
            continue;
        };
        for ((field, from), (_, to)) in fields(was).into_iter().zip(fields(is)) {
            if from != to {
                facts.push(FactJson {
                    os: os.key(),
                    field,
                    from,
                    to,
                });
            }
        }
    }
    if !facts.is_empty() {
        out.changed.push(ChangeJson { place, facts });
    }
}

/// The facts that are compared. Once something does not exist on an OS, its other attributes say nothing.
fn fields(support: &Support) -> Vec<(&'static str, String)> {
    let exists = support.introduced != Since::NotAvailable;
    let when = |text: String| if exists { text } else { String::new() };
    let version = |version: Option<crate::version::VersionNumber>| {
        version.map_or_else(String::new, |version| version.to_string())
    };
    vec![
        (
            "introduced",
            match support.introduced {
                Since::Version(version) => version.to_string(),
                Since::NotAvailable => "n/a".to_owned(),
                Since::Unknown => "not stated".to_owned(),
            },
        ),
        ("deprecated", when(version(support.deprecated))),
        ("removed", when(version(support.removed))),
        (
            "supervised",
            when((support.supervised == Known::Known(true)).to_string()),
        ),
        ("requiresdep", when(support.requires_dep.to_string())),
        (
            "userapprovedmdm",
            when(support.user_approved_mdm.to_string()),
        ),
        ("devicechannel", when(support.device_channel.to_string())),
        ("userchannel", when(support.user_channel.to_string())),
        ("accessrights", when(format!("{:?}", support.access_right))),
        (
            "allowed-enrollments",
            when(format!("{:?}", support.allowed_enrollments)),
        ),
        (
            "allowed-scopes",
            when(format!("{:?}", support.allowed_scopes)),
        ),
        (
            "userenrollment",
            when(format!("{:?}", support.user_enrollment)),
        ),
        ("sharedipad", when(format!("{:?}", support.shared_ipad))),
    ]
}

fn place(item: &RawItem, role: Role, path: &[String]) -> PlaceJson {
    PlaceJson {
        kind: item.kind.as_str(),
        id: item.id.clone(),
        file: item.file.clone(),
        path: path.join("."),
        path_segments: path.to_vec(),
        role: if role == Role::Payload {
            "payload"
        } else {
            "response"
        },
    }
}
