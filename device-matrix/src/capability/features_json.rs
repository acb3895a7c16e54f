//! The published JSON of [`super::features`].

use serde::Serialize;

use super::facts::Facts;
use super::features::{FeatureChange, Features};
use super::item::Change;
use super::load::ROLES;
use super::raw::{CONFIDENCES, word};
use crate::platform::Platform;

/// Version of the shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What a release brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeaturesJson {
    /// Version of this shape.
    pub schema_version: u32,
    /// Lowercase name of the platform.
    pub platform: String,
    /// The release as selected.
    pub release: String,
    /// Date up to which the facts reach (ISO 8601), or `unknown`.
    pub facts_reach: String,
    /// Changed items, by kind, file and change.
    pub items: Vec<ItemJson>,
    /// Changed keys, by kind, file, role, path and change.
    pub keys: Vec<KeyJson>,
    /// Items of which only later sources say that the release changed them, although the schema covers it.
    pub late_items: Vec<ItemJson>,
    /// Keys of which only later sources say that the release changed them, although the schema covers it.
    pub late_keys: Vec<KeyJson>,
}

/// A changed item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ItemJson {
    /// Kind.
    pub kind: &'static str,
    /// Id on the wire.
    pub id: String,
    /// Path in the vendor's checkout.
    pub file: String,
    /// `new`, `deprecated` or `removed`.
    pub change: &'static str,
    /// Version in which it changed.
    pub version: String,
    /// How the fact is known.
    pub confidence: &'static str,
    /// No source names the file; `file` follows the vendor's naming.
    pub file_inferred: bool,
}

/// A changed key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KeyJson {
    /// Kind of the item.
    pub kind: &'static str,
    /// Id of the item on the wire.
    pub id: String,
    /// Path in the vendor's checkout.
    pub file: String,
    /// Names joined by dots, placeholders included.
    pub path: String,
    /// The names: some contain dots themselves.
    pub path_segments: Vec<String>,
    /// `payload` or `response`.
    pub role: &'static str,
    /// `new`, `deprecated` or `removed`.
    pub change: &'static str,
    /// Version in which it changed.
    pub version: String,
    /// The item is new as well.
    pub inside_new_item: bool,
    /// The last name is not on the wire.
    pub placeholder: bool,
    /// Not a key but an allowed value of its parent.
    pub enum_value: bool,
    /// How the fact is known.
    pub confidence: &'static str,
}

/// The words of [`Change`].
#[must_use]
pub const fn change_word(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Deprecated => "deprecated",
        Change::Removed => "removed",
    }
}

impl FeaturesJson {
    /// The published form; `release` is shown as given.
    #[must_use]
    pub fn new(facts: &Facts, platform: Platform, release: &str, features: &Features) -> Self {
        let (items, keys) = split(facts, platform, &features.changes);
        let (late_items, late_keys) = split(facts, platform, &features.late);
        Self {
            schema_version: SCHEMA_VERSION,
            platform: platform.slug().to_owned(),
            release: release.to_owned(),
            facts_reach: facts.reach().to_owned(),
            items,
            keys,
            late_items,
            late_keys,
        }
    }
}

fn split(
    facts: &Facts,
    platform: Platform,
    changes: &[FeatureChange],
) -> (Vec<ItemJson>, Vec<KeyJson>) {
    let mut items = Vec::new();
    let mut keys = Vec::new();
    for one in changes {
        let item = one.item_in(facts);
        let confidence = platform
            .schema_os()
            .and_then(|os| one.support(facts, os))
            .map_or("", |support| word(&CONFIDENCES, support.confidence));
        match one.key_in(facts) {
            None => items.push(ItemJson {
                kind: item.kind.as_str(),
                id: item.id.clone(),
                file: item.file.clone(),
                change: change_word(one.change),
                version: one.version.to_string(),
                confidence,
                file_inferred: facts
                    .provenance(one.item)
                    .is_some_and(|provenance| provenance.file_inferred),
            }),
            Some(key) => keys.push(KeyJson {
                kind: item.kind.as_str(),
                id: item.id.clone(),
                file: item.file.clone(),
                path: key.dotted(),
                path_segments: key.path.clone(),
                role: word(&ROLES, key.role),
                change: change_word(one.change),
                version: one.version.to_string(),
                inside_new_item: one.inside_new_item,
                placeholder: key.placeholder,
                enum_value: key.enum_value,
                confidence,
            }),
        }
    }
    items.sort_by(|a, b| (a.kind, &a.file, a.change).cmp(&(b.kind, &b.file, b.change)));
    keys.sort_by(|a, b| {
        let order = |k: &KeyJson| {
            (
                k.kind,
                k.file.clone(),
                k.role,
                k.path_segments.clone(),
                k.change,
            )
        };
        order(a).cmp(&order(b))
    });
    (items, keys)
}
