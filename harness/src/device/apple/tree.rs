//! JSON pointers into the effect tree, for planted faults.

use serde_json::{Map, Value};

fn names(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer
        .strip_prefix('/')
        .into_iter()
        .flat_map(|rest| rest.split('/'))
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
}

/// Takes out what a pointer leads to.
pub(super) fn remove(root: &mut Value, pointer: &str) {
    let path: Vec<String> = names(pointer).collect();
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut place = root;
    for name in parents {
        let next = match place {
            Value::Object(inner) => inner.get_mut(name),
            Value::Array(items) => name.parse::<usize>().ok().and_then(|i| items.get_mut(i)),
            _ => None,
        };
        match next {
            Some(next) => place = next,
            None => return,
        }
    }
    match place {
        Value::Object(inner) => {
            inner.remove(last);
        }
        Value::Array(items) => {
            if let Ok(index) = last.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}

/// Puts a value where a pointer leads to; objects on the way are made.
pub(super) fn insert(root: &mut Value, pointer: &str, value: Value) {
    let path: Vec<String> = names(pointer).collect();
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut place = root;
    for name in parents {
        if let Value::Array(items) = place {
            match name.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                Some(next) => place = next,
                None => return,
            }
            continue;
        }
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(inner) = place else { return };
        place = inner
            .entry(name.clone())
            .or_insert_with(|| Value::Object(Map::new()));
    }
    match place {
        Value::Object(inner) => {
            inner.insert(last.clone(), value);
        }
        Value::Array(items) => {
            if let Some(slot) = last.parse::<usize>().ok().and_then(|i| items.get_mut(i)) {
                *slot = value;
            }
        }
        _ => {}
    }
}
