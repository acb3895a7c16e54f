//! The predicates of activations, as far as a device model needs them.
//!
//! Understood: `TRUEPREDICATE`, `FALSEPREDICATE`, and comparisons of `@status(name)` with a literal, joined by `AND`
//! or by `OR`. Everything else is reported as unreadable, never guessed.

use std::cmp::Ordering;

use device_matrix::version::VersionNumber;
use serde_json::Value;

/// The predicate can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Evaluates a predicate over status items.
pub(super) fn holds(
    text: &str,
    status: &dyn Fn(&str) -> Option<Value>,
) -> Result<bool, Unreadable> {
    let text = unwrapped(text.trim());
    for (word, any) in [
        (" OR ", true),
        (" || ", true),
        (" AND ", false),
        (" && ", false),
    ] {
        if text.contains(word) {
            let parts = text.split(word).map(|part| holds(part, status));
            let parts = parts.collect::<Result<Vec<bool>, Unreadable>>()?;
            return Ok(if any {
                parts.contains(&true)
            } else {
                !parts.contains(&false)
            });
        }
    }
    match text {
        "TRUEPREDICATE" => Ok(true),
        "FALSEPREDICATE" => Ok(false),
        _ => comparison(text, status),
    }
}

/// Without the parentheses around the whole.
fn unwrapped(text: &str) -> &str {
    let Some(inner) = text
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'))
    else {
        return text;
    };
    // `(a) AND (b)` begins and ends with parentheses and is not wrapped.
    let mut depth = 0_i32;
    let wrapped = inner.chars().all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth >= 0
    });
    if wrapped { inner.trim() } else { text }
}

fn comparison(text: &str, status: &dyn Fn(&str) -> Option<Value>) -> Result<bool, Unreadable> {
    let rest = text.strip_prefix("@status(").ok_or(Unreadable)?;
    let (name, rest) = rest.split_once(')').ok_or(Unreadable)?;
    let rest = rest.trim();
    let (operator, literal) = ["==", "!=", ">=", "<=", ">", "<"]
        .into_iter()
        .find_map(|operator| Some((operator, rest.strip_prefix(operator)?.trim())))
        .ok_or(Unreadable)?;
    let Some(value) = status(name.trim()) else {
        return Ok(false);
    };
    let quoted = literal
        .strip_prefix(['"', '\''])
        .and_then(|inner| inner.strip_suffix(['"', '\'']));
    let order = match (&value, quoted) {
        (Value::String(held), Some(wanted)) => {
            match (
                held.parse::<VersionNumber>(),
                wanted.parse::<VersionNumber>(),
            ) {
                (Ok(held), Ok(wanted)) => held.cmp(&wanted),
                _ => held.as_str().cmp(wanted),
            }
        }
        (Value::Bool(held), None) => {
            let wanted = match literal {
                "TRUE" | "YES" | "true" | "1" => true,
                "FALSE" | "NO" | "false" | "0" => false,
                _ => return Err(Unreadable),
            };
            held.cmp(&wanted)
        }
        (Value::Number(held), None) => {
            let wanted: f64 = literal.parse().map_err(|_| Unreadable)?;
            let held = held.as_f64().ok_or(Unreadable)?;
            held.partial_cmp(&wanted).ok_or(Unreadable)?
        }
        _ => return Err(Unreadable),
    };
    Ok(match operator {
        "==" => order == Ordering::Equal,
        "!=" => order != Ordering::Equal,
        ">=" => order != Ordering::Less,
        "<=" => order != Ordering::Greater,
        ">" => order == Ordering::Greater,
        _ => order == Ordering::Less,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn predicates_are_read_or_refused() {
        let status = |name: &str| match name {
            "device.operating-system.family" => Some(json!("iOS")),
            "device.operating-system.version" => Some(json!("18.10")),
            "passcode.is-present" => Some(json!(true)),
            _ => None,
        };
        for (text, result) in [
            ("TRUEPREDICATE", Ok(true)),
            (
                "(@status(device.operating-system.family) == \"iOS\")",
                Ok(true),
            ),
            (
                "@status(device.operating-system.family) != 'iOS'",
                Ok(false),
            ),
            (
                "@status(device.operating-system.version) >= \"18.9\"",
                Ok(true),
            ),
            ("@status(passcode.is-present) == TRUE", Ok(true)),
            ("@status(not.there) == 1", Ok(false)),
            (
                "(@status(passcode.is-present) == TRUE) AND (FALSEPREDICATE)",
                Ok(false),
            ),
            ("SUBQUERY(x)", Err(Unreadable)),
            ("", Err(Unreadable)),
        ] {
            assert_eq!(holds(text, &status), result, "{text}");
        }
    }
}
