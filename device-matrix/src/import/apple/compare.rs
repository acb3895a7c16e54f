//! Where sources say something against each other.

use std::collections::BTreeMap;

use super::resolved;
use crate::capability::raw::RawItem;
use crate::capability::resolve::Layers;
use crate::capability::{Disagreement, Item, Place, Role, Since, Support};
use crate::known::Known;
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Lists where a later row corrects what the schema says of a time it covers, and where what it states does not hold
/// because the item or parent key is not available.
pub(super) fn compare(
    later: &RawItem,
    base: Option<&RawItem>,
    seed: Option<&RawItem>,
    reach: &BTreeMap<SchemaOs, VersionNumber>,
    out: &mut Vec<Disagreement>,
) {
    let before = resolved(Layers {
        schema: base,
        seed,
        later: None,
    });
    let after = resolved(Layers {
        schema: base,
        seed,
        later: Some(later),
    });
    let Some(after) = after else { return };
    let item_row = later
        .row
        .iter()
        .map(|_| (Role::Payload, &[][..], &later.os));
    let key_rows = later
        .keys
        .iter()
        .filter(|key| key.row.is_some())
        .map(|key| (key.role, key.path.as_slice(), &key.os));
    for (role, path, os_states) in item_row.chain(key_rows) {
        let old = before.as_ref().and_then(|item| at(item, role, path));
        let Some(new) = at(&after, role, path) else {
            continue;
        };
        for (os, stated) in os_states {
            let place = Place {
                kind: after.kind,
                id: after.id.clone(),
                file: after.file.clone(),
                path: path.to_vec(),
                role,
            };
            let mut note = |field: &str, one: String, other: String, kept: String| {
                out.push(Disagreement {
                    place: place.clone(),
                    os: os.key().to_owned(),
                    field: field.to_owned(),
                    one,
                    other,
                    kept,
                });
            };
            let Some(now) = new.get(os) else { continue };
            if let Some(introduced) = stated.introduced
                && introduced != now.introduced
            {
                let kept = since(now.introduced);
                note(
                    "introduced",
                    format!("{kept} by its parent"),
                    since(introduced),
                    kept,
                );
            }
            let Some(was) = old.and_then(|old| old.get(os)) else {
                continue;
            };
            let covered = |version: Option<VersionNumber>| {
                version.is_some_and(|v| reach.get(os).is_some_and(|reach| v <= *reach))
            };
            if let (Since::Version(_), Some(introduced)) = (was.introduced, stated.introduced)
                && introduced != was.introduced
            {
                note(
                    "introduced",
                    since(was.introduced),
                    since(introduced),
                    since(now.introduced),
                );
            } else if let Some(Since::Version(introduced)) = stated.introduced
                && was.introduced == Since::NotAvailable
                && covered(Some(introduced))
            {
                note(
                    "introduced",
                    since(was.introduced),
                    introduced.to_string(),
                    since(now.introduced),
                );
            }
            for (field, was, stated, now) in [
                (
                    "deprecated",
                    was.deprecated,
                    stated.deprecated,
                    now.deprecated,
                ),
                ("removed", was.removed, stated.removed, now.removed),
            ] {
                if stated.is_some() && stated != was && (was.is_some() || covered(stated)) {
                    note(field, shown(was), shown(stated), shown(now));
                }
            }
            if let (Known::Known(was), Some(stated)) = (was.supervised, stated.supervised)
                && was != stated
                && now.introduced != Since::NotAvailable
            {
                note(
                    "supervised",
                    was.to_string(),
                    stated.to_string(),
                    stated.to_string(),
                );
            }
        }
    }
}

fn at<'i>(item: &'i Item, role: Role, path: &[String]) -> Option<&'i BTreeMap<SchemaOs, Support>> {
    if path.is_empty() {
        return Some(&item.os);
    }
    item.keys
        .iter()
        .find(|key| key.role == role && key.path == path)
        .map(|key| &key.os)
}

fn since(since: Since) -> String {
    match since {
        Since::Version(version) => version.to_string(),
        Since::NotAvailable => "n/a".to_owned(),
        Since::Unknown => "not stated".to_owned(),
    }
}

fn shown(version: Option<VersionNumber>) -> String {
    version.map_or_else(|| "not stated".to_owned(), |version| version.to_string())
}

/// Lists keys that say they are older than the item or key they stand in, or exist where it does not.
pub(super) fn within_schema(item: &RawItem, out: &mut Vec<Disagreement>) {
    let Some(resolved) = resolved(Layers {
        schema: Some(item),
        ..Layers::default()
    }) else {
        return;
    };
    for (raw, key) in item.keys.iter().zip(&resolved.keys) {
        for (os, declared) in &raw.os {
            let Some(Since::Version(own)) = declared.introduced else {
                continue;
            };
            let kept = match key.os.get(os).map(|support| support.introduced) {
                Some(Since::Version(kept)) if kept != own => kept.to_string(),
                Some(Since::NotAvailable) => "n/a".to_owned(),
                _ => continue,
            };
            out.push(Disagreement {
                place: Place {
                    kind: item.kind,
                    id: item.id.clone(),
                    file: item.file.clone(),
                    path: raw.path.clone(),
                    role: raw.role,
                },
                os: os.key().to_owned(),
                field: "introduced".to_owned(),
                one: format!("{kept} by its parent"),
                other: own.to_string(),
                kept,
            });
        }
    }
}
