//! Smallest valid instances of vendor items, with chosen keys put in.

use device_matrix::capability::{
    Context, Facts, Item, ItemIndex, Key, KeyIndex, Presence, Role, Scalar, ValueType,
};
use serde_json::{Value, json};

use super::empty;

/// Deepest nesting that is built; two files of the vendor's schema are recursive.
const MAX_DEPTH: usize = 12;

/// The item with everything that is required and, besides, `keys`.
///
/// `None` when a key can not be built because the schema does not tell its value.
pub(super) fn with_keys(
    facts: &Facts,
    item: ItemIndex,
    keys: &[KeyIndex],
    context: &Context,
) -> Option<Value> {
    let item = facts.item(item);
    let mut wanted = vec![false; item.keys.len()];
    for key in keys {
        let mut next = Some(*key);
        // A key brings its parents along.
        while let Some(index) = next {
            let slot = wanted.get_mut(index.0 as usize)?;
            if *slot {
                break;
            }
            *slot = true;
            next = item.key(index).parent;
        }
    }
    let mut out = empty();
    fill(&mut out, item, None, &wanted, context, 0)?;
    Some(out)
}

fn fill(
    out: &mut Value,
    item: &Item,
    parent: Option<KeyIndex>,
    wanted: &[bool],
    context: &Context,
    depth: usize,
) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let object = out.as_object_mut()?;
    for (index, key) in item.children(parent, Role::Payload) {
        if key.placeholder || key.enum_value {
            continue;
        }
        let chosen = wanted.get(index.0 as usize).copied().unwrap_or(false);
        if !(chosen || key.presence == Presence::Required && applies(key, context)) {
            continue;
        }
        let value = value(item, index, key, wanted, context, depth)?;
        object.insert(key.name().to_owned(), value);
    }
    Some(())
}

fn applies(key: &Key, context: &Context) -> bool {
    context
        .platform
        .schema_os()
        .and_then(|os| Some(key.os.get(&os)?.applies(os, context)))
        .is_some_and(|applies| applies.is_yes())
}

fn value(
    item: &Item,
    index: KeyIndex,
    key: &Key,
    wanted: &[bool],
    context: &Context,
    depth: usize,
) -> Option<Value> {
    if let Some(first) = key.rangelist.first() {
        return Some(scalar(first));
    }
    let smallest = key.range.0.as_ref().or(key.default.as_ref());
    Some(match key.value_type {
        ValueType::String | ValueType::Any => match key.subtype.as_deref() {
            Some("<url>") => json!("https://example.com/"),
            Some("<email>") => json!("user@example.com"),
            Some("<hostname>") => json!("example.com"),
            _ => key
                .default
                .as_ref()
                .map_or_else(|| json!("example"), scalar),
        },
        ValueType::Integer => smallest.map_or_else(|| json!(1), scalar),
        ValueType::Real => smallest.map_or_else(|| json!(1.0), scalar),
        ValueType::Boolean => key.default.as_ref().map_or_else(|| json!(true), scalar),
        ValueType::Date => json!({ "$date": "2027-01-01T00:00:00Z" }),
        ValueType::Data => json!({ "$data": "AA==" }),
        ValueType::Array => {
            let element = item
                .children(Some(index), Role::Payload)
                .find(|(_, child)| child.placeholder);
            match element {
                Some((at, child)) if key.repetition.0.unwrap_or(1) > 0 => {
                    json!([value(item, at, child, wanted, context, depth + 1)?])
                }
                _ => json!([]),
            }
        }
        ValueType::Dictionary => {
            let mut inner = empty();
            fill(&mut inner, item, Some(index), wanted, context, depth + 1)?;
            inner
        }
    })
}

fn scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::String(text) => json!(text),
        Scalar::Integer(number) => json!(number),
        Scalar::Real(number) => json!(number),
        Scalar::Boolean(flag) => json!(flag),
    }
}
