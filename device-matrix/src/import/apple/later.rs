//! Facts published after the newest readable checkout: from documentation and single facts, with their confidence.

use std::collections::BTreeMap;

use super::keypath::{Tree, split};
use super::schema::scalar_of;
use super::wire::{MARKS, Wire, WireRow, inferred_file, plain, states, version};
use super::{Checkout, ImportError, Summary};
use crate::capability::raw::{self, Declared, Layer, RawItem, RawKey, Row, TYPES};
use crate::capability::{Disagreement, Kind, Place, Presence, Role, ValueType};
use crate::platform::SchemaOs;

/// The later layer under construction.
pub(super) struct Later {
    pub(super) items: BTreeMap<String, RawItem>,
    pub(super) head: Vec<String>,
    pub(super) revision: Option<String>,
    pub(super) date: Option<String>,
    pub(super) disagreements: Vec<Disagreement>,
    pub(super) summary: Summary,
    /// Known items: file, kind, id; in the order of files.
    known: Vec<(String, Kind, String)>,
    trees: BTreeMap<String, Tree>,
    types: BTreeMap<(String, Role, Vec<String>), ValueType>,
}

impl Later {
    pub(super) fn new(
        base: &BTreeMap<String, RawItem>,
        seeds: &BTreeMap<String, (RawItem, &Checkout)>,
        json: Option<&str>,
    ) -> Result<Self, ImportError> {
        let mut later = Self {
            items: BTreeMap::new(),
            head: Vec::new(),
            revision: None,
            date: None,
            disagreements: Vec::new(),
            summary: Summary::default(),
            known: Vec::new(),
            trees: BTreeMap::new(),
            types: BTreeMap::new(),
        };
        let all = base.values().chain(seeds.values().map(|(item, _)| item));
        for item in all {
            if !later.trees.contains_key(&item.file) {
                let one = (item.file.clone(), item.kind, item.id.clone());
                later.known.push(one);
            }
            let tree = later
                .trees
                .entry(item.file.clone())
                .or_insert_with(|| Tree::new(std::iter::empty()));
            for key in &item.keys {
                tree.insert(key.role, &key.path);
                let place = (item.file.clone(), key.role, key.path.clone());
                later
                    .types
                    .insert(place, key.value_type.unwrap_or(ValueType::Any));
            }
        }
        if let Some(json) = json {
            let wire: Wire = serde_json::from_str(json)
                .map_err(|error| ImportError::Later("facts after the checkout", error))?;
            later.head = vec![
                format!(
                    "Facts later than {}; from Apple's documentation at commit {} ({}),",
                    wire.header.base, wire.header.docs_commit, wire.header.docs_date
                ),
                "from single schema files and release notes read later. License of the schema files: MIT, Apple Inc."
                    .to_owned(),
                "Values per OS are effective states; an OS or attribute that is missing is not stated."
                    .to_owned(),
            ];
            let commit: String = wire.header.docs_commit.chars().take(7).collect();
            later.revision = Some(format!("docs {commit}"));
            later.date = Some(wire.header.docs_date);
            later.rows(&wire.rows);
        }
        Ok(later)
    }

    fn rows(&mut self, rows: &[WireRow]) {
        self.summary.later_rows = rows.len();
        // Items before their keys, parents before children.
        let mut ordered: Vec<&WireRow> = rows.iter().collect();
        ordered.sort_by_key(|row| {
            let depth = row.key.as_deref().map_or(0, |key| split(key).len() + 1);
            (&row.kind, &row.id, depth, &row.part, &row.key)
        });
        for row in ordered {
            if let Err(why) = self.row(row) {
                self.summary.later_unmatched += 1;
                self.unmatched(
                    &row.kind,
                    &row.id,
                    row.file.as_deref(),
                    row.key.as_deref(),
                    &why,
                );
            }
        }
    }

    /// Keeps a row that could not be placed.
    pub(super) fn unmatched(
        &mut self,
        kind: &str,
        id: &str,
        file: Option<&str>,
        key: Option<&str>,
        why: &str,
    ) {
        self.disagreements.push(Disagreement {
            place: Place {
                kind: raw::value(&Kind::WORDS, kind).unwrap_or(Kind::Other),
                id: id.to_owned(),
                file: file.unwrap_or_default().to_owned(),
                path: key.map(split).unwrap_or_default(),
                role: Role::Payload,
            },
            os: String::new(),
            field: "unmatched".to_owned(),
            one: String::new(),
            other: why.to_owned(),
            kept: String::new(),
        });
    }

    /// The known file of a row; among several with the id the one that knows most of the key.
    pub(super) fn file(
        &self,
        file: Option<&str>,
        kind: Kind,
        id: &str,
        role: Role,
        key: Option<&str>,
    ) -> Option<String> {
        if let Some(file) = file
            && self.trees.contains_key(file)
        {
            return Some(file.to_owned());
        }
        let candidates = self
            .known
            .iter()
            .filter(|(_, known_kind, known_id)| *known_kind == kind && known_id == id);
        candidates
            .min_by_key(|(file, _, _)| {
                let rest = |key| self.trees[file].follow(role, key).rest.len();
                key.map_or(0, rest)
            })
            .map(|(file, _, _)| file.clone())
    }

    fn row(&mut self, row: &WireRow) -> Result<(), String> {
        let kind = raw::value(&Kind::WORDS, &row.kind)
            .ok_or_else(|| format!("kind `{}` is not known", row.kind))?;
        let confidence = MARKS
            .iter()
            .find(|(mark, _)| *mark == row.c)
            .map(|(_, confidence)| *confidence)
            .ok_or_else(|| format!("confidence `{}` is not known", row.c))?;
        let role = match row.part.as_str() {
            "request" => Role::Payload,
            "response" => Role::Response,
            other => return Err(format!("part `{other}` is not known")),
        };
        let place = self.file(row.file.as_deref(), kind, &row.id, role, row.key.as_deref());
        let mut os = states(row)?;
        let meta = Row {
            confidence,
            changes: row.change.clone(),
        };
        let Some(key_text) = row.key.as_deref() else {
            return self.item_row(row, kind, place, os, meta);
        };
        let file = place.ok_or("no source brings the item")?;
        let at = self::place(kind, &row.id, &file, role);
        self.keep_conflicts(row, &at, Some(key_text), &mut os)?;

        let followed = self.trees[&file].follow(role, key_text);
        if followed.rest.is_empty() {
            self.summary.later_matched += 1;
            let mut key = RawKey::at(followed.path, role);
            key.row = Some(meta);
            key.os = os;
            self.layer(&file, kind, &row.id).keys.push(key);
            return Ok(());
        }
        if row.change.iter().any(|change| change == "delisted") {
            return Err("no checkout has the key that is no longer listed".to_owned());
        }
        if os.is_empty() {
            return Err("no checkout has the key, and the row states no OS".to_owned());
        }
        // The key of a status item is the item's id, dots and all.
        let mut rest = match followed.rest.strip_prefix(&row.id) {
            Some(tail) if followed.path.is_empty() && kind == Kind::Status => {
                let mut names = vec![row.id.clone()];
                let tail = tail.strip_prefix("[]").map_or(tail, |after| {
                    names.push("[]".to_owned());
                    after
                });
                names.extend(split(tail.strip_prefix('.').unwrap_or(tail)));
                names
            }
            _ => split(&followed.rest),
        };
        let Some(last) = rest.pop() else {
            return Err("the key has no name".to_owned());
        };
        let mut path = followed.path;
        for name in rest {
            self.carrier(&file, kind, &row.id, role, &mut path, name);
        }
        path.push(last);
        let mut key = Self::new_key(row, path, role);
        key.row = Some(meta);
        key.os = os;
        self.summary.later_added += 1;
        let element = row.etype.as_deref().and_then(|t| raw::value(&TYPES, t));
        let element_path = (key.value_type == Some(ValueType::Array)).then(|| {
            let mut path = key.path.clone();
            path.push("[]".to_owned());
            path
        });
        self.push(&file, kind, &row.id, key);
        if let (Some(path), Some(element)) = (element_path, element) {
            let mut key = RawKey::at(path, role);
            key.value_type = Some(element);
            self.push(&file, kind, &row.id, key);
        }
        Ok(())
    }

    fn new_key(row: &WireRow, path: Vec<String>, role: Role) -> RawKey {
        let mut key = RawKey::at(path, role);
        let value_type = row
            .value_type
            .as_deref()
            .and_then(|text| raw::value(&TYPES, text))
            .unwrap_or(ValueType::Any);
        key.value_type = Some(value_type);
        if row.required == Some(true) {
            key.presence = Presence::Required;
        }
        key.default = row
            .default
            .as_deref()
            .filter(|_| !matches!(value_type, ValueType::Array | ValueType::Dictionary))
            .map(|text| scalar_of(text, value_type, false));
        if !matches!(value_type, ValueType::Array | ValueType::Dictionary) {
            key.rangelist = row
                .values
                .iter()
                .flatten()
                .map(|value| scalar_of(&plain(value), value_type, false))
                .collect();
        }
        key
    }

    /// A node on the way to a new key that no row of its own brings: an array element, a free name, or a
    /// dictionary that the source only mentions.
    fn carrier(
        &mut self,
        file: &str,
        kind: Kind,
        id: &str,
        role: Role,
        path: &mut Vec<String>,
        name: String,
    ) {
        path.push(name);
        let place = (file.to_owned(), role, path.clone());
        if !self.types.contains_key(&place) {
            let mut key = RawKey::at(path.clone(), role);
            key.value_type = Some(ValueType::Dictionary);
            self.push(file, kind, id, key);
        }
    }

    fn push(&mut self, file: &str, kind: Kind, id: &str, key: RawKey) {
        let place = (file.to_owned(), key.role, key.path.clone());
        if self.types.contains_key(&place) {
            return;
        }
        self.types
            .insert(place, key.value_type.unwrap_or(ValueType::Any));
        if let Some(tree) = self.trees.get_mut(file) {
            tree.insert(key.role, &key.path);
        }
        self.layer(file, kind, id).keys.push(key);
    }

    fn item_row(
        &mut self,
        row: &WireRow,
        kind: Kind,
        place: Option<String>,
        mut os: BTreeMap<SchemaOs, Declared>,
        meta: Row,
    ) -> Result<(), String> {
        let known = place.is_some();
        let file = match place {
            Some(file) => file,
            None => inferred_file(kind, &row.id).ok_or("no naming is known for the kind")?,
        };
        if !known && os.is_empty() {
            return Err("no checkout has the item, and the row states no OS".to_owned());
        }
        let at = self::place(kind, &row.id, &file, Role::Payload);
        self.keep_conflicts(row, &at, None, &mut os)?;
        if !known {
            self.known.push((file.clone(), kind, row.id.clone()));
            self.trees
                .insert(file.clone(), Tree::new(std::iter::empty()));
        }
        let item = self.layer(&file, kind, &row.id);
        item.row = Some(meta);
        item.os = os;
        if known {
            self.summary.later_matched += 1;
        } else {
            self.summary.later_added += 1;
            let item = self.layer(&file, kind, &row.id);
            item.adds = true;
            item.file_inferred = true;
            let value_type = row
                .value_type
                .as_deref()
                .and_then(|t| raw::value(&TYPES, t));
            if let (Kind::Status, Some(value_type)) = (kind, value_type) {
                let mut key = RawKey::at(vec![row.id.clone()], Role::Payload);
                key.value_type = Some(value_type);
                self.push(&file, kind, &row.id, key);
            }
        }
        Ok(())
    }

    /// The later entry of a file.
    pub(super) fn layer(&mut self, file: &str, kind: Kind, id: &str) -> &mut RawItem {
        self.items
            .entry(file.to_owned())
            .or_insert_with(|| RawItem {
                layer: Layer::Later,
                file: file.to_owned(),
                file_inferred: false,
                kind,
                id: id.to_owned(),
                first_seen: None,
                adds: false,
                os: BTreeMap::new(),
                beta: false,
                apply: None,
                reasons: Vec::new(),
                related_status_items: Vec::new(),
                row: None,
                keys: Vec::new(),
            })
    }

    pub(super) fn tree(&self, file: &str) -> Option<&Tree> {
        self.trees.get(file)
    }

    pub(super) fn value_type(&self, file: &str, role: Role, path: &[String]) -> Option<ValueType> {
        let place = (file.to_owned(), role, path.to_vec());
        self.types.get(&place).copied()
    }

    /// Keeps what the two halves of a row say against each other. A deprecation or removal read from a schema file
    /// or release note holds against documentation that is silent about it and stops earlier; for the first version
    /// the row already holds the better of the two.
    fn keep_conflicts(
        &mut self,
        row: &WireRow,
        at: &Place,
        key: Option<&str>,
        os: &mut BTreeMap<SchemaOs, Declared>,
    ) -> Result<(), String> {
        for conflict in &row.conflict {
            let schema_os: SchemaOs = conflict
                .os
                .parse()
                .map_err(|_| format!("OS `{}` is not known", conflict.os))?;
            let on_os = os.entry(schema_os).or_default();
            let version = |text: &Option<String>| text.as_deref().map(version).transpose();
            let kept = match conflict.field.as_str() {
                "deprecated" => {
                    on_os.deprecated = version(&conflict.facts)?;
                    conflict.facts.clone()
                }
                "removed" => {
                    on_os.removed = version(&conflict.facts)?;
                    conflict.facts.clone()
                }
                _ => row
                    .os
                    .get(&conflict.os)
                    .and_then(|state| state.introduced.clone()),
            };
            let none = || "not stated".to_owned();
            let mut place = at.clone();
            place.path = key.map(split).unwrap_or_default();
            self.disagreements.push(Disagreement {
                place,
                os: conflict.os.clone(),
                field: conflict.field.clone(),
                one: conflict.docs.clone().unwrap_or_else(none),
                other: conflict.facts.clone().unwrap_or_else(none),
                kept: kept.unwrap_or_else(none),
            });
        }
        Ok(())
    }
}

fn place(kind: Kind, id: &str, file: &str, role: Role) -> Place {
    Place {
        kind,
        id: id.to_owned(),
        file: file.to_owned(),
        path: Vec::new(),
        role,
    }
}
