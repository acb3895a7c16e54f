//! The smallest messages that fit the facts: what probes send.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::applicability::{Applicability, Context};
use super::check::json_only;
use super::item::{Item, Key, KeyIndex, Presence, Role, Scalar, ValueType};
use crate::platform::SchemaOs;

/// Depth beyond which nothing is built; no vendor item is nearly as deep.
const MAX_DEPTH: usize = 32;
/// Stands for a free key name.
const FREE_NAME: &str = "com.example.name";

/// Texts for regular expressions of the schema and for names that say what they hold: a part of the expression or the
/// name, and a text that fits.
const TEXTS: [(&str, &str); 10] = [
    ("[0-9A-Za-z]{8}-", "0B5A4C6E-8D1F-4B7A-9C3E-2F6D8A1B4C5E"),
    ("[0-9A-Fa-f]{2}:", "00:11:22:33:44:55"),
    ("{6})|", "ABC123"),
    ("^[0-9]{6}$", "123456"),
    ("^https://", "https://example.com/"),
    ("UUID", "0B5A4C6E-8D1F-4B7A-9C3E-2F6D8A1B4C5E"),
    ("URL", "https://example.com/"),
    ("Email", "user@example.com"),
    ("BundleID", "com.example.app"),
    ("Identifier", "com.example.identifier"),
];

/// A body of `item` with every key that must be present for the device in `context`, and nothing else.
///
/// `None` when the item does not certainly apply to the device.
#[must_use]
pub fn minimal_instance(item: &Item, context: &Context) -> Option<Value> {
    Builder::new(item, context, BTreeSet::new())?.body(Role::Payload)
}

/// The smallest body of `item` that also carries `key`, with everything on the way to it.
///
/// `None` when the item, the key or something on the way to it does not certainly apply, or when the key can not be
/// shown by a message (it lies below a key where the schema repeats itself).
#[must_use]
pub fn instance_with_key(item: &Item, key: KeyIndex, context: &Context) -> Option<Value> {
    let mut chain = BTreeSet::new();
    let mut at = Some(key);
    while let Some(index) = at {
        chain.insert(index);
        at = item.key(index).parent;
    }
    let builder = Builder::new(item, context, chain)?;
    let all_apply = builder
        .forced
        .iter()
        .all(|index| builder.applies(item.key(*index)));
    if !all_apply {
        return None;
    }
    builder.body(item.key(key).role)
}

struct Builder<'a> {
    item: &'a Item,
    context: &'a Context,
    os: SchemaOs,
    forced: BTreeSet<KeyIndex>,
}

impl<'a> Builder<'a> {
    fn new(item: &'a Item, context: &'a Context, forced: BTreeSet<KeyIndex>) -> Option<Self> {
        let os = context.platform.schema_os()?;
        let applies = item.os.get(&os)?.applies(os, context);
        matches!(applies, Applicability::Yes { .. }).then_some(Self {
            item,
            context,
            os,
            forced,
        })
    }

    fn applies(&self, key: &Key) -> bool {
        key.os
            .get(&self.os)
            .is_some_and(|support| support.applies(self.os, self.context).is_yes())
    }

    fn body(&self, role: Role) -> Option<Value> {
        self.dictionary(None, role, 0).map(Value::Object)
    }

    fn dictionary(
        &self,
        parent: Option<KeyIndex>,
        role: Role,
        depth: usize,
    ) -> Option<Map<String, Value>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut map = Map::new();
        for (index, key) in self.item.children(parent, role) {
            let forced = self.forced.contains(&index);
            let required =
                key.presence == Presence::Required && !key.placeholder && self.applies(key);
            if !(forced || required) {
                continue;
            }
            let name = if key.placeholder {
                FREE_NAME
            } else {
                key.name()
            };
            map.insert(name.to_owned(), self.value(index, key, depth)?);
        }
        Some(map)
    }

    fn value(&self, index: KeyIndex, key: &Key, depth: usize) -> Option<Value> {
        match key.value_type {
            ValueType::Dictionary => self
                .dictionary(Some(index), key.role, depth + 1)
                .map(Value::Object),
            ValueType::Array => self.array(index, key, depth),
            _ => self.scalar(index, key),
        }
    }

    fn array(&self, index: KeyIndex, key: &Key, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(first) = key.rangelist.first() {
            return Some(json!([scalar(first)]));
        }
        let children: Vec<(KeyIndex, &Key)> = self.item.children(Some(index), key.role).collect();
        let chosen = children
            .iter()
            .find(|(child, _)| self.forced.contains(child))
            .or_else(|| children.iter().find(|(_, child)| self.applies(child)));
        let Some((child, child_key)) = chosen else {
            return Some(json!([]));
        };
        let fewest = key.repetition.0.unwrap_or(1).clamp(1, 16);
        let mut element = self.value(*child, child_key, depth + 1)?;
        // A member of a tagged union names itself.
        if children.len() > 1
            && let Value::Object(map) = &mut element
            && !map.contains_key(super::check::TAG)
        {
            map.insert(super::check::TAG.to_owned(), json!(child_key.name()));
        }
        let elements = vec![element; fewest as usize];
        Some(Value::Array(elements))
    }

    fn scalar(&self, index: KeyIndex, key: &Key) -> Option<Value> {
        // A string with values of their own: the wanted one, else the first that applies.
        let mut values = self.item.children(Some(index), key.role).peekable();
        if values.peek().is_some() {
            let values: Vec<(KeyIndex, &Key)> = values.collect();
            let wanted = values
                .iter()
                .find(|(value, _)| self.forced.contains(value))
                .or_else(|| values.iter().find(|(_, value)| self.applies(value)));
            return wanted.map(|(_, value)| json!(value.name()));
        }
        if let Some(first) = key.rangelist.first() {
            return Some(scalar(first));
        }
        let json_on_wire = json_only(self.item.kind);
        Some(match key.value_type {
            ValueType::Boolean => json!(true),
            ValueType::Integer | ValueType::Real => number(key),
            ValueType::Date if json_on_wire => json!("2026-01-15T09:00:00Z"),
            ValueType::Date => json!({ "$date": "2026-01-15T09:00:00Z" }),
            ValueType::Data if json_on_wire => json!("AA=="),
            ValueType::Data => json!({ "$data": "AA==" }),
            _ => json!(text(key)),
        })
    }
}

fn number(key: &Key) -> Value {
    let bound = key.range.0.as_ref().or(key.default.as_ref());
    match bound {
        Some(Scalar::Integer(number)) => json!(number),
        Some(Scalar::Real(number)) => json!(number),
        _ => match &key.range.1 {
            Some(Scalar::Integer(largest)) => json!((*largest).min(1)),
            Some(Scalar::Real(largest)) => json!(largest.min(1.0)),
            _ => json!(1),
        },
    }
}

fn text(key: &Key) -> String {
    let hint = match (key.subtype.as_deref(), key.format.as_deref()) {
        (Some("<url>"), _) => return "https://example.com/".to_owned(),
        (Some("<hostname>"), _) => return "host.example.com".to_owned(),
        (Some("<email>"), _) => return "user@example.com".to_owned(),
        (_, Some(format)) => format,
        _ => key.name(),
    };
    TEXTS
        .iter()
        .find(|(part, _)| hint.contains(part))
        .map_or_else(|| "example".to_owned(), |(_, text)| (*text).to_owned())
}

fn scalar(value: &Scalar) -> Value {
    match value {
        Scalar::String(text) => json!(text),
        Scalar::Integer(number) => json!(number),
        Scalar::Real(number) => json!(number),
        Scalar::Boolean(truth) => json!(truth),
    }
}
