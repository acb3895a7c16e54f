//! One valid instance that carries several keys at once.

use device_matrix::capability::instance::{instance_with_key, minimal_instance};
use device_matrix::capability::{Context, Facts, ItemIndex, KeyIndex};
use serde_json::Value;

/// The item with everything that is required and, besides, `keys`.
///
/// `None` when one of the keys has no valid instance on this device.
pub(super) fn with_keys(
    facts: &Facts,
    item: ItemIndex,
    keys: &[KeyIndex],
    context: &Context,
) -> Option<Value> {
    let item = facts.item(item);
    let mut whole = minimal_instance(item, context)?;
    for key in keys {
        lay_over(&mut whole, instance_with_key(item, *key, context)?);
    }
    Some(whole)
}

/// Adds what `whole` lacks. Elements of arrays are laid over each other, one by one.
fn lay_over(whole: &mut Value, other: Value) {
    match (whole, other) {
        (Value::Object(whole), Value::Object(other)) => {
            for (name, value) in other {
                match whole.get_mut(&name) {
                    Some(known) => lay_over(known, value),
                    None => {
                        whole.insert(name, value);
                    }
                }
            }
        }
        (Value::Array(whole), Value::Array(other)) => {
            for (position, value) in other.into_iter().enumerate() {
                match whole.get_mut(position) {
                    Some(known) => lay_over(known, value),
                    None => whole.push(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lay_over;

    #[test]
    fn what_is_there_stays_and_what_lacks_is_added() {
        let mut whole = json!({"a": 1, "b": {"c": 2}, "d": [{"e": 3}]});
        lay_over(
            &mut whole,
            json!({"a": 9, "b": {"f": 4}, "d": [{"g": 5}, 6]}),
        );
        assert_eq!(
            whole,
            json!({"a": 1, "b": {"c": 2, "f": 4}, "d": [{"e": 3, "g": 5}, 6]})
        );
    }
}
