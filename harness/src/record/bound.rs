//! Bounds on what is kept: whatever arrives is cut to a size that a reader can hold.

use serde_json::{Map, Value, json};

/// How much of a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Characters of one text.
    pub text: usize,
    /// Entries of one array or object.
    pub entries: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Characters of all texts and keys together.
    pub total: usize,
}

/// Bounds of a message body in a transcript.
pub const MESSAGE: Bounds = Bounds {
    text: 64 * 1024,
    entries: 2_000,
    depth: 32,
    total: 256 * 1024,
};

/// Bounds of a looked-at value in an event.
pub const LOOK: Bounds = Bounds {
    text: 200,
    entries: 24,
    depth: 6,
    total: 2_000,
};

/// The value cut to `bounds`; whatever was cut says so.
#[must_use]
pub fn bounded(value: Value, bounds: Bounds) -> Value {
    // Nearly every value fits and is kept as it is, without being built anew.
    if fits(&value, bounds, 0, &mut { bounds.total }) {
        return value;
    }
    let mut left = bounds.total;
    cut(value, bounds, 0, &mut left)
}

/// Whether nothing of the value would be cut.
fn fits(value: &Value, bounds: Bounds, depth: usize, left: &mut usize) -> bool {
    let mut take = |length: usize| {
        *left = left.saturating_sub(length);
        *left > 0
    };
    match value {
        Value::String(text) => text.len() <= bounds.text && take(text.len()),
        Value::Array(items) => {
            depth < bounds.depth
                && items.len() <= bounds.entries
                && take(items.len())
                && items.iter().all(|item| fits(item, bounds, depth + 1, left))
        }
        Value::Object(object) => {
            depth < bounds.depth
                && object.len() <= bounds.entries
                && object.iter().all(|(key, value)| {
                    *left = left.saturating_sub(key.len() + 1);
                    *left > 0 && key.len() <= bounds.text && fits(value, bounds, depth + 1, left)
                })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The text cut to `limit` characters; a cut text says how long it was.
#[must_use]
pub fn bounded_text(text: &str, limit: usize) -> String {
    if text.len() <= limit || text.chars().count() <= limit {
        return text.to_owned();
    }
    let head: String = text.chars().take(limit).collect();
    format!("{head}… ({} characters)", text.chars().count())
}

fn cut(value: Value, bounds: Bounds, depth: usize, left: &mut usize) -> Value {
    match value {
        Value::String(text) => {
            let limit = bounds.text.min(*left);
            let kept = bounded_text(&text, limit);
            *left = left.saturating_sub(kept.len());
            Value::String(kept)
        }
        Value::Array(items) => {
            if depth >= bounds.depth || *left == 0 {
                return json!({ "$cut": format!("{} entries", items.len()) });
            }
            let len = items.len();
            let mut kept = Vec::with_capacity(len.min(bounds.entries));
            for item in items.into_iter().take(bounds.entries) {
                if *left == 0 {
                    break;
                }
                *left = left.saturating_sub(1);
                kept.push(cut(item, bounds, depth + 1, left));
            }
            if kept.len() < len {
                kept.push(json!({ "$cut": format!("{} more entries", len - kept.len()) }));
            }
            Value::Array(kept)
        }
        Value::Object(object) => cut_object(object, bounds, depth, left),
        other => other,
    }
}

fn cut_object(object: Map<String, Value>, bounds: Bounds, depth: usize, left: &mut usize) -> Value {
    if depth >= bounds.depth || *left == 0 {
        return json!({ "$cut": format!("{} keys", object.len()) });
    }
    if let (1, Some(Value::String(data))) = (object.len(), object.get("$data"))
        && data.len() > bounds.text.min(*left)
    {
        return json!({ "$cut": format!("data of {} base64 characters", data.len()) });
    }
    let len = object.len();
    let mut kept = Map::new();
    for (key, value) in object.into_iter().take(bounds.entries) {
        if *left == 0 {
            break;
        }
        *left = left.saturating_sub(key.len() + 1);
        let value = cut(value, bounds, depth + 1, left);
        kept.insert(bounded_text(&key, bounds.text), value);
    }
    if kept.len() < len {
        let more = len - kept.len();
        kept.insert(
            "$cut".to_owned(),
            Value::String(format!("{more} more keys")),
        );
    }
    Value::Object(kept)
}
