//! Short ways to write property-list values.

use plist::{Dictionary, Value};

/// A string.
pub(super) fn text(value: impl Into<String>) -> Value {
    Value::String(value.into())
}

/// An integer.
pub(super) fn int(value: i64) -> Value {
    Value::Integer(value.into())
}

/// A dictionary of these keys.
pub(super) fn dict<const N: usize>(pairs: [(&str, Value); N]) -> Dictionary {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// The string at `key`.
pub(super) fn string<'a>(from: &'a Dictionary, key: &str) -> Option<&'a str> {
    from.get(key).and_then(Value::as_string)
}

/// The boolean at `key`.
pub(super) fn boolean(from: &Dictionary, key: &str) -> Option<bool> {
    from.get(key).and_then(Value::as_boolean)
}

/// The integer at `key`.
pub(super) fn integer(from: &Dictionary, key: &str) -> Option<i64> {
    from.get(key).and_then(Value::as_signed_integer)
}

/// The strings of the array at `key`; `None` when the key is absent.
pub(super) fn strings<'a>(from: &'a Dictionary, key: &str) -> Option<Vec<&'a str>> {
    let array = from.get(key)?.as_array()?;
    Some(array.iter().filter_map(Value::as_string).collect())
}

/// The place a JSON pointer leads to.
pub(super) fn at<'a>(root: &'a mut Dictionary, pointer: &str) -> Option<&'a mut Value> {
    let mut names = pointer.strip_prefix('/')?.split('/');
    let mut place = root.get_mut(unescape(names.next()?).as_str())?;
    for name in names {
        place = step(place, name)?;
    }
    Some(place)
}

/// Takes out what a JSON pointer leads to.
pub(super) fn remove(root: &mut Dictionary, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else {
        return;
    };
    let last = unescape(last);
    if parent.is_empty() {
        root.remove(&last);
        return;
    }
    match at(root, parent) {
        Some(Value::Dictionary(inner)) => {
            inner.remove(&last);
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = last.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

fn step<'a>(place: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match place {
        Value::Dictionary(inner) => inner.get_mut(unescape(name).as_str()),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
