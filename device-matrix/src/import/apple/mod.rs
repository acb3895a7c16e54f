//! Apple's device-management schema and the facts published after its newest readable release.

mod compare;
pub mod diff;
pub(crate) mod emit;
pub(crate) mod keypath;
mod later;
pub(crate) mod schema;
mod values;
mod wire;
mod write;
pub(crate) mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::GeneratedFile;
use crate::capability::raw::{Layer, RawItem};
use crate::capability::resolve::{Layers, resolve};
use crate::capability::{Disagreement, Item, Place, Role, Since, Vanished};
use crate::platform::SchemaOs;
use crate::version::VersionNumber;
use keypath::normalized;

/// One checkout of the vendor's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its version, `18.1`; a checkout of a beta has `seed` in it, `18.2-seed1`.
    pub label: String,
    /// Revision of the repository, or `unknown`.
    pub revision: String,
    /// License in one line, such as `MIT, Apple Inc.`.
    pub license: String,
    /// Path relative to the root of the checkout with `/`, and text. Files outside the schema are ignored.
    pub files: Vec<(String, String)>,
}

impl Checkout {
    fn version(&self) -> Option<VersionNumber> {
        let end = self
            .label
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(self.label.len());
        self.label[..end].parse().ok()
    }

    fn is_seed(&self) -> bool {
        self.label.contains("seed")
    }
}

/// What an import yields.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The data files; the folder `device-matrix/data/apple` is to hold these and no others.
    pub files: Vec<GeneratedFile>,
    /// What was not understood and left out, with file and line.
    pub warnings: Vec<String>,
    /// Where sources disagree, and rows that could not be placed; also written to `conflicts.toml`.
    pub conflicts: Vec<Disagreement>,
    /// Figures to show to the person who runs the import.
    pub summary: Summary,
}

/// Figures of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Items of the schema layer.
    pub schema_items: usize,
    /// Keys of the schema layer, with aliases expanded.
    pub schema_keys: usize,
    /// Rows of the later source.
    pub later_rows: usize,
    /// Rows about an item or key that the checkouts have.
    pub later_matched: usize,
    /// Rows that bring an item or key.
    pub later_added: usize,
    /// Rows that could not be placed.
    pub later_unmatched: usize,
    /// Rows of changed value lists, and how many could be placed.
    pub value_rows: usize,
    /// How many of them could be placed.
    pub value_rows_matched: usize,
}

/// Why an import can not be done.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Nothing to read.
    #[error("no released checkout was given: pass at least one folder of a released version")]
    NoCheckout,
    /// The label begins with no version.
    #[error("checkout `{0}`: the name must begin with a version such as 18.1")]
    Label(String),
    /// Files that can not be read at all.
    #[error("the schema can not be read:\n{}", .0.join("\n"))]
    Schema(Vec<String>),
    /// The later source can not be read.
    #[error("{0}: {1}")]
    Later(&'static str, serde_json::Error),
}

/// One checkout, read.
pub(crate) struct Parsed {
    pub(crate) items: BTreeMap<String, RawItem>,
    pub(crate) warnings: Vec<String>,
}

/// Reads all schema files of a checkout.
///
/// # Errors
/// A sentence for each file that is no schema file although it lies in a folder of the schema.
pub(crate) fn parse(checkout: &Checkout) -> Result<Parsed, Vec<String>> {
    let read: Vec<(Result<RawItem, String>, Vec<String>)> = checkout
        .files
        .par_iter()
        .filter(|(path, _)| schema::kind_of(path).is_some())
        .map(|(path, text)| {
            let mut warnings = Vec::new();
            (schema::read(path, text, &mut warnings), warnings)
        })
        .collect();
    let mut parsed = Parsed {
        items: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let mut errors = Vec::new();
    for (item, warnings) in read {
        let labeled = warnings
            .into_iter()
            .map(|warning| format!("{}/{warning}", checkout.label));
        parsed.warnings.extend(labeled);
        match item {
            Ok(item) => {
                parsed.items.insert(item.file.clone(), item);
            }
            Err(error) => errors.push(format!("{}/{error}", checkout.label)),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

/// Reads checkouts and later sources and yields the data files.
///
/// The newest released checkout is what holds; older ones tell since when an item or key is in the schema and what
/// vanished; a seed that is newer adds what only it has.
///
/// # Errors
/// See [`ImportError`].
pub fn import(
    checkouts: &[Checkout],
    overlay_json: Option<&str>,
    values_json: Option<&str>,
) -> Result<Imported, ImportError> {
    let mut ordered: Vec<(VersionNumber, &Checkout)> = Vec::new();
    for checkout in checkouts {
        let version = checkout
            .version()
            .ok_or_else(|| ImportError::Label(checkout.label.clone()))?;
        ordered.push((version, checkout));
    }
    // A seed of a version precedes its release.
    ordered.sort_by_key(|(version, checkout)| (*version, !checkout.is_seed()));
    let base_at = ordered
        .iter()
        .rposition(|(_, checkout)| !checkout.is_seed())
        .ok_or(ImportError::NoCheckout)?;
    let base_checkout = ordered[base_at].1;

    let mut out = Imported::default();
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for (_, checkout) in &ordered {
        match parse(checkout) {
            Ok(one) => {
                out.warnings.extend(one.warnings.iter().cloned());
                parsed.push(one.items);
            }
            Err(found) => errors.extend(found),
        }
    }
    if !errors.is_empty() {
        return Err(ImportError::Schema(errors));
    }

    let labels: Vec<&str> = ordered.iter().map(|(_, c)| c.label.as_str()).collect();
    let vanished = vanished(&parsed[..=base_at], &labels);
    let mut base = parsed[base_at].clone();
    mark_first_seen(&mut base, &parsed[..base_at], &labels);
    let mut seeds: BTreeMap<String, (RawItem, &Checkout)> = BTreeMap::new();
    for at in base_at + 1..parsed.len() {
        for (file, item) in &parsed[at] {
            if let Some(added) = only_in_seed(item, base.get(file)) {
                let added = (added, ordered[at].1);
                seeds.entry(file.clone()).or_insert(added);
            }
        }
    }

    let mut later = later::Later::new(&base, &seeds, overlay_json)?;
    if let Some(json) = values_json {
        values::merge(&mut later, json)?;
    }
    let reach = schema_reach(&base);
    for later_item in later.items.values() {
        compare::compare(
            later_item,
            base.get(&later_item.file),
            seeds.get(&later_item.file).map(|(item, _)| item),
            &reach,
            &mut later.disagreements,
        );
    }
    for item in base.values() {
        compare::within_schema(item, &mut later.disagreements);
    }
    out.conflicts = std::mem::take(&mut later.disagreements);
    out.conflicts.sort();
    out.conflicts.dedup();
    out.summary = later.summary;
    out.summary.schema_items = base.len();
    out.summary.schema_keys = base.values().map(|item| item.keys.len()).sum();

    write::write(
        &mut out,
        &base,
        base_checkout,
        &seeds,
        &later,
        &labels,
        &reach,
        &vanished,
    );
    Ok(out)
}

/// Keys that a walk over placeholders sees as the same, whatever the placeholder is called.
pub(crate) type KeySet = BTreeSet<(Role, Vec<String>)>;

pub(crate) fn key_set(item: &RawItem) -> KeySet {
    let names = normalized(item);
    item.keys
        .iter()
        .zip(names)
        .map(|(key, path)| (key.role, path))
        .collect()
}

fn mark_first_seen(
    base: &mut BTreeMap<String, RawItem>,
    older: &[BTreeMap<String, RawItem>],
    labels: &[&str],
) {
    let newest = labels[older.len()];
    for (file, item) in base.iter_mut() {
        let first = older.iter().position(|items| items.contains_key(file));
        let item_first = first.map_or(newest, |at| labels[at]);
        if first != Some(0) && !older.is_empty() {
            item.first_seen = Some(item_first.to_owned());
        }
        let sets: Vec<Option<KeySet>> = older
            .iter()
            .map(|items| items.get(file).map(key_set))
            .collect();
        let names = normalized(item);
        for (key, path) in item.keys.iter_mut().zip(names) {
            let wanted = (key.role, path);
            let first = sets
                .iter()
                .position(|set| set.as_ref().is_some_and(|set| set.contains(&wanted)));
            let label = first.map_or(newest, |at| labels[at]);
            if label != item_first {
                key.first_seen = Some(label.to_owned());
            }
        }
    }
}

fn vanished(released: &[BTreeMap<String, RawItem>], labels: &[&str]) -> Vec<Vanished> {
    let Some((base, older)) = released.split_last() else {
        return Vec::new();
    };
    let mut last: BTreeMap<(String, Role, Vec<String>), Vanished> = BTreeMap::new();
    for (items, label) in older.iter().zip(labels) {
        for (file, item) in items {
            let place = |role, path: &[String]| Place {
                kind: item.kind,
                id: item.id.clone(),
                file: file.clone(),
                path: path.to_vec(),
                role,
            };
            let Some(now) = base.get(file) else {
                let gone = Vanished {
                    place: place(Role::Payload, &[]),
                    last_seen: (*label).to_owned(),
                };
                last.insert((file.clone(), Role::Payload, Vec::new()), gone);
                continue;
            };
            let now = key_set(now);
            for (key, path) in item.keys.iter().zip(normalized(item)) {
                if !now.contains(&(key.role, path.clone())) {
                    let gone = Vanished {
                        place: place(key.role, &key.path),
                        last_seen: (*label).to_owned(),
                    };
                    last.insert((file.clone(), key.role, path), gone);
                }
            }
        }
    }
    last.into_values().collect()
}

fn only_in_seed(item: &RawItem, base: Option<&RawItem>) -> Option<RawItem> {
    let mut added = item.clone();
    added.layer = Layer::Seed;
    if let Some(base) = base {
        let known = key_set(base);
        let names = normalized(item);
        let mut names = names.into_iter();
        added.keys.retain(|key| {
            let path = names.next().unwrap_or_default();
            !known.contains(&(key.role, path))
        });
        added.adds = false;
        added.os.clear();
        added.apply = None;
        added.beta = false;
        added.reasons.clear();
        added.related_status_items.clear();
        if added.keys.is_empty() {
            return None;
        }
    }
    Some(added)
}

fn schema_reach(base: &BTreeMap<String, RawItem>) -> BTreeMap<SchemaOs, VersionNumber> {
    let mut reach: BTreeMap<SchemaOs, VersionNumber> = BTreeMap::new();
    for item in base.values() {
        let all = std::iter::once(&item.os).chain(item.keys.iter().map(|key| &key.os));
        for (os, declared) in all.flatten() {
            let introduced = match declared.introduced {
                Some(Since::Version(version)) => Some(version),
                _ => None,
            };
            for version in [introduced, declared.deprecated, declared.removed] {
                let Some(version) = version else { continue };
                let newest = reach.entry(*os).or_insert(version);
                if *newest < version {
                    *newest = version;
                }
            }
        }
    }
    reach
}

pub(crate) fn resolved(layers: Layers<'_>) -> Option<Item> {
    resolve(layers, &mut Vec::new()).map(|(item, _)| item)
}
