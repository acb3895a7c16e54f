//! What loads and still can not be right.

use std::path::{Path, PathBuf};

use super::facts::Facts;
use super::item::{Item, ItemIndex, Key, KeyIndex, Scalar, Since, Support, ValueType};
use super::load::{DATA_FOLDER, locate};
use crate::diag::{Diagnostic, SourceFile};
use crate::platform::SchemaOs;

/// Looks for facts that contradict themselves; `sources` are the files that `facts` were loaded from.
#[must_use]
pub fn lint(facts: &Facts, sources: &[SourceFile]) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let reach = facts.reach();
    if reach != "unknown" && reach.parse::<jiff::civil::Date>().is_err() {
        let path = Path::new(DATA_FOLDER).join("catalog.toml");
        let message = format!("`reach` is `{reach}`, which is no date");
        let help = "write a date such as 2026-08-18, or \"unknown\"";
        out.push(Diagnostic::error("DM1020", path, 0..0, message).with_help(help));
    }
    for (position, item) in facts.items().iter().enumerate() {
        let index = ItemIndex(u32::try_from(position).unwrap_or(u32::MAX));
        for (os, support) in &item.os {
            if let Some(message) = versions(support, *os) {
                out.push(at(facts, sources, index, None, "DM1021", &message).warning());
            }
        }
        for (position, key) in item.keys.iter().enumerate() {
            let key_index = KeyIndex(u32::try_from(position).unwrap_or(u32::MAX));
            let parent = key.parent.map_or(&item.os, |parent| &item.key(parent).os);
            for (os, support) in &key.os {
                // What the parent has wrong already is said once.
                let above = parent.get(os).and_then(|support| versions(support, *os));
                if let (Some(message), None) = (versions(support, *os), above) {
                    let found = at(facts, sources, index, Some(key_index), "DM1021", &message);
                    out.push(found.warning());
                }
            }
            if let Some(message) = values(key) {
                out.push(at(
                    facts,
                    sources,
                    index,
                    Some(key_index),
                    "DM1022",
                    &message,
                ));
            }
        }
    }
    out
}

/// A key or item that is gone before or when it comes never existed.
fn versions(support: &Support, os: SchemaOs) -> Option<String> {
    let Since::Version(introduced) = support.introduced else {
        return None;
    };
    let os = os.key();
    if let Some(removed) = support.removed
        && removed <= introduced
        && removed.first() > 0
    {
        return Some(format!(
            "{os}: removed in {removed}, introduced in {introduced}"
        ));
    }
    let deprecated = support.deprecated?;
    if support.removed.is_some_and(|removed| removed < deprecated) {
        return Some(format!(
            "{os}: deprecated in {deprecated}, after its removal"
        ));
    }
    None
}

fn values(key: &Key) -> Option<String> {
    let fits = |scalar: &Scalar| {
        matches!(
            (key.value_type, scalar),
            (ValueType::Any | ValueType::Array | ValueType::Dictionary, _)
                | (
                    ValueType::String | ValueType::Date | ValueType::Data,
                    Scalar::String(_)
                )
                | (ValueType::Integer, Scalar::Integer(_))
                | (ValueType::Real, Scalar::Real(_) | Scalar::Integer(_))
                | (ValueType::Boolean, Scalar::Boolean(_))
        )
    };
    if let Some(default) = key.default.as_ref().filter(|default| !fits(default)) {
        return Some(format!("the default {default:?} is not of the key's type"));
    }
    if let Some(value) = key.rangelist.iter().find(|value| !fits(value)) {
        return Some(format!(
            "the allowed value {value:?} is not of the key's type"
        ));
    }
    match (&key.range.0, &key.range.1) {
        (Some(Scalar::Integer(smallest)), Some(Scalar::Integer(largest))) if smallest > largest => {
            Some(format!("the range runs from {smallest} to {largest}"))
        }
        _ => None,
    }
}

fn at(
    facts: &Facts,
    sources: &[SourceFile],
    item: ItemIndex,
    key: Option<KeyIndex>,
    code: &'static str,
    message: &str,
) -> Diagnostic {
    let path = data_file(facts, item, key);
    let span = key
        .and_then(|key| {
            let source = sources.iter().find(|source| source.path == path)?;
            Some(locate(&source.text, &facts.item(item).key(key).path))
        })
        .unwrap_or(0..0);
    let name = key.map_or_else(
        || facts.item(item).id.clone(),
        |key| facts.item(item).key(key).dotted(),
    );
    Diagnostic::error(code, path, span, format!("{name}: {message}"))
        .with_help("compare with the source that the head of the file names")
}

fn data_file(facts: &Facts, index: ItemIndex, key: Option<KeyIndex>) -> PathBuf {
    let item: &Item = facts.item(index);
    let stem = item.file.strip_suffix(".yaml").unwrap_or(&item.file);
    Path::new(DATA_FOLDER)
        .join(facts.layer(index, key).folder())
        .join(format!("{stem}.toml"))
}
