//! Matchers: how a looked-at value is judged, and the words that say so in events.

use scenarios::scenario::Matcher;
use serde_json::{Map, Value, json};

/// Whether the matcher is content with what was seen; `None` is absent.
#[must_use]
pub fn matches(matcher: &Matcher, seen: Option<&Value>) -> bool {
    match (matcher, seen) {
        (Matcher::Present, seen) => seen.is_some(),
        (Matcher::Absent, seen) => seen.is_none(),
        (Matcher::Equals(wanted), Some(seen)) => equal(wanted, seen),
        (Matcher::NotEquals(other), Some(seen)) => !equal(other, seen),
        (Matcher::OneOf(wanted), Some(seen)) => wanted.iter().any(|wanted| equal(wanted, seen)),
        (Matcher::Contains(wanted), Some(seen)) => contains(seen, wanted),
        (Matcher::Lacks(other), Some(seen)) => !contains(seen, other),
        (Matcher::AtLeast(least), Some(seen)) => seen.as_f64().is_some_and(|seen| seen >= *least),
        (Matcher::AtMost(most), Some(seen)) => seen.as_f64().is_some_and(|seen| seen <= *most),
        (Matcher::NotEmpty, Some(seen)) => not_empty(seen),
        (Matcher::NotEquals(_) | Matcher::Lacks(_), None) => true,
        (
            Matcher::Equals(_)
            | Matcher::OneOf(_)
            | Matcher::Contains(_)
            | Matcher::AtLeast(_)
            | Matcher::AtMost(_)
            | Matcher::NotEmpty,
            None,
        ) => false,
    }
}

/// The matcher as it stands in events, such as `{"equals": true}`.
#[must_use]
pub fn describe(matcher: &Matcher) -> Value {
    match matcher {
        Matcher::Present => json!({ "present": true }),
        Matcher::Absent => json!({ "absent": true }),
        Matcher::Equals(value) => json!({ "equals": value }),
        Matcher::NotEquals(value) => json!({ "not_equals": value }),
        Matcher::OneOf(values) => json!({ "one_of": values }),
        Matcher::Contains(value) => json!({ "contains": value }),
        Matcher::Lacks(value) => json!({ "lacks": value }),
        Matcher::AtLeast(least) => json!({ "at_least": least }),
        Matcher::AtMost(most) => json!({ "at_most": most }),
        Matcher::NotEmpty => json!({ "not_empty": true }),
    }
}

/// Equality in which `1` is `1.0` and the order of keys does not count.
#[must_use]
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => {
            if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
                a == b
            } else if let (Some(a), Some(b)) = (a.as_u64(), b.as_u64()) {
                a == b
            } else {
                same_number(a.as_f64(), b.as_f64())
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => same_object(a, b),
        (a, b) => a == b,
    }
}

#[expect(
    clippy::float_cmp,
    reason = "a value that went over the wire unaltered is equal to the last bit"
)]
fn same_number(a: Option<f64>, b: Option<f64>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if a == b)
}

fn same_object(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
}

fn contains(seen: &Value, wanted: &Value) -> bool {
    match seen {
        Value::Array(items) => items.iter().any(|item| covers(item, wanted)),
        Value::String(text) => wanted.as_str().is_some_and(|wanted| text.contains(wanted)),
        Value::Object(object) => wanted.as_str().is_some_and(|key| object.contains_key(key)),
        _ => false,
    }
}

/// Equal, or an object that has the wanted members: a list entry is known by some of its keys.
fn covers(seen: &Value, wanted: &Value) -> bool {
    match (seen, wanted) {
        (Value::Object(seen), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| seen.get(key).is_some_and(|seen| covers(seen, value))),
        _ => equal(seen, wanted),
    }
}

fn not_empty(seen: &Value) -> bool {
    match seen {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => match object.get("$data") {
            Some(Value::String(data)) if object.len() == 1 => !data.is_empty(),
            _ => !object.is_empty(),
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every matcher with a value that satisfies it and one that does not.
    #[test]
    fn every_matcher_can_pass_and_can_fail() {
        let absent: Option<Value> = None;
        let rows: Vec<(Matcher, Option<Value>, Option<Value>)> = vec![
            (Matcher::Present, Some(Value::Null), absent.clone()),
            (Matcher::Absent, absent.clone(), Some(json!(false))),
            (
                Matcher::Equals(json!(1)),
                Some(json!(1.0)),
                Some(json!("1")),
            ),
            (
                Matcher::Equals(json!(1)),
                Some(json!(1_u64)),
                absent.clone(),
            ),
            (
                Matcher::Equals(json!({"a": [1], "b": 2})),
                Some(json!({"b": 2.0, "a": [1]})),
                Some(json!({"a": [1], "b": 2, "c": 3})),
            ),
            (
                Matcher::Equals(json!(u64::MAX)),
                Some(json!(u64::MAX)),
                Some(json!(u64::MAX - 1)),
            ),
            (
                Matcher::NotEquals(json!(1)),
                Some(json!(2)),
                Some(json!(1.0)),
            ),
            (
                Matcher::NotEquals(json!("x")),
                absent.clone(),
                Some(json!("x")),
            ),
            (
                Matcher::OneOf(vec![json!("a"), json!(2)]),
                Some(json!(2.0)),
                Some(json!("b")),
            ),
            (Matcher::OneOf(vec![]), None, None),
            (
                Matcher::Contains(json!(2)),
                Some(json!([1, 2.0])),
                Some(json!([1])),
            ),
            (
                Matcher::Contains(json!("ell")),
                Some(json!("hello")),
                Some(json!("help")),
            ),
            (
                Matcher::Contains(json!("k")),
                Some(json!({"k": 1})),
                Some(json!({"l": 1})),
            ),
            (
                Matcher::Contains(json!(1)),
                Some(json!([1])),
                absent.clone(),
            ),
            (
                Matcher::Contains(json!(1)),
                Some(json!([1])),
                Some(json!(1)),
            ),
            (Matcher::Lacks(json!(2)), Some(json!([1])), Some(json!([2]))),
            (
                Matcher::Lacks(json!("k")),
                absent.clone(),
                Some(json!({"k": 1})),
            ),
            (Matcher::AtLeast(2.0), Some(json!(2)), Some(json!(1.9))),
            (Matcher::AtLeast(2.0), Some(json!(3)), Some(json!("3"))),
            (Matcher::AtMost(2.0), Some(json!(2)), Some(json!(3))),
            (Matcher::AtMost(2.0), Some(json!(-1)), absent.clone()),
            (Matcher::NotEmpty, Some(json!("x")), Some(json!(""))),
            (Matcher::NotEmpty, Some(json!([0])), Some(json!([]))),
            (Matcher::NotEmpty, Some(json!({"k": 0})), Some(json!({}))),
            (
                Matcher::NotEmpty,
                Some(json!({"$data": "AA=="})),
                Some(json!({"$data": ""})),
            ),
            (Matcher::NotEmpty, Some(json!("x")), absent),
        ];
        for (matcher, good, bad) in rows {
            if matcher != Matcher::OneOf(vec![]) {
                assert!(
                    matches(&matcher, good.as_ref()),
                    "{matcher:?} takes {good:?}"
                );
            }
            assert!(
                !matches(&matcher, bad.as_ref()),
                "{matcher:?} refuses {bad:?}"
            );
        }
    }
}
