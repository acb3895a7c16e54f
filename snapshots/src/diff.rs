//! Structural difference of two JSON values.

use serde_json::Value;

/// Nesting below which values are compared as a whole; what devices send is bounded in depth.
const MAX_DEPTH: usize = 64;

/// What happened to the value at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Was absent, is present.
    Added(Value),
    /// Was present, is absent.
    Removed(Value),
    /// Is present on both sides with different values.
    Changed {
        /// The earlier value.
        before: Value,
        /// The later value.
        after: Value,
    },
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// JSON pointer (RFC 6901) to the value; array elements by position.
    pub path: String,
    /// What happened.
    pub change: Change,
}

impl Difference {
    /// The same difference seen from the other side.
    #[must_use]
    pub fn inverse(self) -> Self {
        let change = match self.change {
            Change::Added(value) => Change::Removed(value),
            Change::Removed(value) => Change::Added(value),
            Change::Changed { before, after } => Change::Changed {
                before: after,
                after: before,
            },
        };
        Self {
            path: self.path,
            change,
        }
    }
}

/// The differences that lead from `before` to `after`, ordered by path as a reader meets them.
///
/// Objects are compared by key, whatever their order; arrays by position. Numbers are equal by value.
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Vec<Difference> {
    let mut out = Vec::new();
    walk(before, after, &mut String::new(), 0, &mut out);
    out
}

fn walk(before: &Value, after: &Value, path: &mut String, depth: usize, out: &mut Vec<Difference>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if depth < MAX_DEPTH => {
            let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let length = path.len();
                push_segment(path, name);
                step(old.get(name), new.get(name), path, depth, out);
                path.truncate(length);
            }
        }
        (Value::Array(old), Value::Array(new)) if depth < MAX_DEPTH => {
            for index in 0..old.len().max(new.len()) {
                let length = path.len();
                push_segment(path, &index.to_string());
                step(old.get(index), new.get(index), path, depth, out);
                path.truncate(length);
            }
        }
        _ if equal(before, after) => {}
        _ => out.push(Difference {
            path: path.clone(),
            change: Change::Changed {
                before: before.clone(),
                after: after.clone(),
            },
        }),
    }
}

fn step(
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut String,
    depth: usize,
    out: &mut Vec<Difference>,
) {
    let change = match (before, after) {
        (Some(old), Some(new)) => return walk(old, new, path, depth + 1, out),
        (Some(old), None) => Change::Removed(old.clone()),
        (None, Some(new)) => Change::Added(new.clone()),
        (None, None) => return,
    };
    out.push(Difference {
        path: path.clone(),
        change,
    });
}

/// Numbers are equal by value: `1` and `1.0` are the same number on the wire.
fn equal(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Number(old), Value::Number(new)) => {
            old == new
                || matches!((old.as_f64(), new.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
        }
        _ => before == after,
    }
}

fn push_segment(path: &mut String, name: &str) {
    path.push('/');
    for character in name.chars() {
        match character {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            other => path.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z~/]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map("[a-c~/]{0,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_does_not_differ_from_itself(value in any_json()) {
            prop_assert!(diff(&value, &value).is_empty());
        }

        #[test]
        fn the_way_back_is_the_inverse(before in any_json(), after in any_json()) {
            let forth: Vec<_> = diff(&before, &after).into_iter().map(Difference::inverse).collect();
            prop_assert_eq!(forth, diff(&after, &before));
        }

        #[test]
        fn what_differs_is_found(before in any_json(), after in any_json()) {
            prop_assert_eq!(before == after, diff(&before, &after).is_empty());
        }

        #[test]
        fn paths_lead_to_the_values(before in any_json(), after in any_json()) {
            for difference in diff(&before, &after) {
                let (old, new) = match difference.change {
                    Change::Added(new) => (None, Some(new)),
                    Change::Removed(old) => (Some(old), None),
                    Change::Changed { before, after } => (Some(before), Some(after)),
                };
                prop_assert_eq!(before.pointer(&difference.path), old.as_ref());
                prop_assert_eq!(after.pointer(&difference.path), new.as_ref());
            }
        }
    }

    #[test]
    fn keys_are_named_and_escaped() {
        let found = diff(
            &json!({"QueryResponses": {"IMEI": "1", "a/b": 1}}),
            &json!({"QueryResponses": {"a/b": 2, "New": true}}),
        );
        let paths: Vec<_> = found.iter().map(|d| d.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/QueryResponses/IMEI",
                "/QueryResponses/New",
                "/QueryResponses/a~1b"
            ]
        );
        assert_eq!(found[0].change, Change::Removed(json!("1")));
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(diff(&json!({"n": 1}), &json!({"n": 1.0})).is_empty());
    }
}
