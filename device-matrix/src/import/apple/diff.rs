//! What changed between two checkouts of the schema: another question than what a release says it brings.
//!
//! A changed fact may mean that the schema was wrong, not that the OS changed; the vendor's list of corrections is
//! prose and is not read here.

use std::collections::BTreeMap;

use serde::Serialize;

use super::keypath::normalized;
use super::{Checkout, ImportError, emit, parse, resolved};
use crate::capability::raw::{self, MODES, RawItem, TYPES};
use crate::capability::resolve::Layers;
use crate::capability::{AccessRight, Key, Presence, Role, Scalar, Since, Support};
use crate::known::Known;
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

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
    /// OS as the schema spells it; empty for what is the same on every OS.
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
    note(
        out,
        place(new, Role::Payload, &[]),
        os_facts(&before.os, &after.os),
    );
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
                let (was, is) = (&before.keys[*was], &after.keys[*at]);
                let mut facts = changed("", shape(was), shape(is));
                facts.extend(os_facts(&was.os, &is.os));
                note(out, here, facts);
            }
            None => out.keys_added.push(here),
        }
    }
    for (name, at) in &old_keys {
        if !new_keys.contains_key(name) {
            out.keys_gone.push(place(old, name.0, &old.keys[*at].path));
        }
    }
}

fn note(out: &mut SchemaDiff, place: PlaceJson, facts: Vec<FactJson>) {
    if !facts.is_empty() {
        out.changed.push(ChangeJson { place, facts });
    }
}

fn os_facts(before: &PerOs, after: &PerOs) -> Vec<FactJson> {
    SchemaOs::ALL
        .into_iter()
        .filter_map(|os| Some((os, before.get(&os)?, after.get(&os)?)))
        .flat_map(|(os, was, is)| changed(os.key(), fields(was), fields(is)))
        .collect()
}

fn changed(
    os: &'static str,
    before: Vec<(&'static str, String)>,
    after: Vec<(&'static str, String)>,
) -> Vec<FactJson> {
    before
        .into_iter()
        .zip(after)
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| FactJson {
            os,
            field,
            from,
            to,
        })
        .collect()
}

/// The effective facts on one OS.
fn fields(support: &Support) -> Vec<(&'static str, String)> {
    let version = |version: Option<VersionNumber>| {
        version.map_or_else(String::new, |version| version.to_string())
    };
    let flag = |flag: Option<bool>| flag.map_or_else(String::new, |flag| flag.to_string());
    let words = |words: &Option<Vec<String>>| {
        words.as_ref().map_or_else(
            || "all".to_owned(),
            |words| format!("[{}]", words.join(", ")),
        )
    };
    let shared = match &support.shared_ipad {
        Known::Known(Some(shared)) => format!(
            "mode {}, devicechannel {}, userchannel {}, allowed-scopes {}",
            raw::word(&MODES, shared.mode),
            flag(shared.device_channel),
            flag(shared.user_channel),
            words(&shared.allowed_scopes)
        ),
        Known::Known(None) | Known::Unknown => String::new(),
    };
    let mode = match support.user_enrollment {
        Known::Known(mode) => raw::word(&MODES, mode).to_owned(),
        Known::Unknown => String::new(),
    };
    let right = match support.access_right {
        AccessRight::None => String::new(),
        AccessRight::Bit(bit) => bit.to_string(),
        AccessRight::SpecialCase => "special case".to_owned(),
    };
    let introduced = match support.introduced {
        Since::Version(version) => version.to_string(),
        Since::NotAvailable => "n/a".to_owned(),
        Since::Unknown => "not stated".to_owned(),
    };
    let supervised = support.supervised == Known::Known(true);
    vec![
        ("introduced", introduced),
        ("deprecated", version(support.deprecated)),
        ("removed", version(support.removed)),
        ("supervised", supervised.to_string()),
        ("requiresdep", support.requires_dep.to_string()),
        ("userapprovedmdm", support.user_approved_mdm.to_string()),
        ("devicechannel", support.device_channel.to_string()),
        ("userchannel", support.user_channel.to_string()),
        ("allowmanualinstall", flag(support.allow_manual_install)),
        ("multiple", flag(support.multiple)),
        ("beta", support.beta.to_string()),
        ("accessrights", right),
        ("allowed-enrollments", words(&support.allowed_enrollments)),
        ("allowed-scopes", words(&support.allowed_scopes)),
        ("userenrollment", mode),
        ("sharedipad", shared),
    ]
}

/// What a key is, the same on every OS.
fn shape(key: &Key) -> Vec<(&'static str, String)> {
    let scalar = |value: &Option<Scalar>| value.as_ref().map_or_else(String::new, emit::scalar);
    let count = |count: Option<u32>| count.map_or_else(String::new, |count| count.to_string());
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let values: Vec<String> = key.rangelist.iter().map(emit::scalar).collect();
    vec![
        ("type", raw::word(&TYPES, key.value_type).to_owned()),
        (
            "presence",
            if key.presence == Presence::Required {
                "required".to_owned()
            } else {
                "optional".to_owned()
            },
        ),
        ("rangelist", values.join(", ")),
        ("min", scalar(&key.range.0)),
        ("max", scalar(&key.range.1)),
        ("min entries", count(key.repetition.0)),
        ("max entries", count(key.repetition.1)),
        ("default", scalar(&key.default)),
        ("format", text(&key.format)),
        ("subtype", text(&key.subtype)),
        ("combinetype", text(&key.combinetype)),
        ("assettypes", key.assettypes.join(", ")),
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
