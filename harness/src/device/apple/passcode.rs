//! Passcode policy in force, and whether the passcode fits it.

use std::collections::BTreeMap;

use device_matrix::capability::Scope;
use plist::{Dictionary, Value};
use serde_json::Value as Json;

use super::core::Core;
use super::force;
use crate::protocol::apple::codec;

/// The payload type of passcode policies.
pub(super) const PAYLOAD: &str = "com.apple.mobiledevice.passwordpolicy";

/// The declaration type of passcode policies.
pub(super) const DECLARATION: &str = "com.apple.configuration.passcode.settings";

/// Names of the declaration's keys and of the payload's keys that say the same.
const NAMES: [(&str, &str); 11] = [
    ("RequirePasscode", "forcePIN"),
    ("RequireAlphanumericPasscode", "requireAlphanumeric"),
    ("MinimumLength", "minLength"),
    ("MinimumComplexCharacters", "minComplexChars"),
    ("MaximumFailedAttempts", "maxFailedAttempts"),
    (
        "FailedAttemptsResetInMinutes",
        "minutesUntilFailedLoginReset",
    ),
    ("MaximumGracePeriodInMinutes", "maxGracePeriod"),
    ("MaximumInactivityInMinutes", "maxInactivity"),
    ("MaximumPasscodeAgeInDays", "maxPINAgeInDays"),
    ("PasscodeReuseLimit", "pinHistory"),
    ("ChangeAtNextAuth", "changeAtNextAuth"),
];

/// The policy in force: payloads and declarations combined, in the payload's names.
pub(super) fn policy(core: &Core) -> BTreeMap<String, Value> {
    let declared: Vec<Dictionary> = [Scope::Device, Scope::User]
        .into_iter()
        .filter_map(|scope| core.state.engine(scope))
        .flat_map(|engine| engine.in_force(DECLARATION))
        .map(translated)
        .collect();
    let installed = core
        .state
        .profiles
        .iter()
        .flat_map(|profile| &profile.payloads)
        .filter(|payload| payload.payload_type == PAYLOAD)
        .filter_map(|payload| payload.in_force.as_ref());
    force::combine(installed.chain(&declared))
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn translated(payload: &serde_json::Map<String, Json>) -> Dictionary {
    let mut out = Dictionary::new();
    for (key, value) in payload {
        if key == "RequireComplexPasscode" {
            if let Some(complex) = value.as_bool() {
                out.insert("allowSimple".to_owned(), Value::Boolean(!complex));
            }
            continue;
        }
        let name = NAMES
            .iter()
            .find(|(declared, _)| declared == key)
            .map_or(key.as_str(), |(_, name)| name);
        if let Ok(value) = codec::from_json(value) {
            out.insert(name.to_owned(), value);
        }
    }
    out
}

/// Whether a passcode fits a policy.
pub(super) fn complies(passcode: Option<&str>, policy: &BTreeMap<String, Value>) -> bool {
    let yes = |key: &str| policy.get(key).and_then(Value::as_boolean);
    let number = |key: &str| {
        let value = policy.get(key).and_then(Value::as_signed_integer);
        usize::try_from(value.unwrap_or(0)).unwrap_or(0)
    };
    let Some(passcode) = passcode else {
        return yes("forcePIN") != Some(true);
    };
    let alphanumeric =
        passcode.chars().any(char::is_alphabetic) && passcode.chars().any(|c| c.is_ascii_digit());
    let complex = passcode.chars().filter(|c| !c.is_alphanumeric()).count();
    passcode.chars().count() >= number("minLength")
        && complex >= number("minComplexChars")
        && (yes("requireAlphanumeric") != Some(true) || alphanumeric)
        && (yes("allowSimple") != Some(false) || !is_simple(passcode))
}

/// All characters equal, rising or falling by one: `1111`, `1234`, `dcba`.
fn is_simple(passcode: &str) -> bool {
    let codes: Vec<i64> = passcode.chars().map(|c| i64::from(u32::from(c))).collect();
    let mut steps = codes.windows(2).map(|pair| pair[1] - pair[0]);
    match steps.next() {
        None => true,
        Some(first) => first.abs() <= 1 && steps.all(|step| step == first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passcodes_are_judged_by_the_policy() {
        let policy = |pairs: &[(&str, Value)]| -> BTreeMap<String, Value> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect()
        };
        let force = policy(&[("forcePIN", Value::Boolean(true))]);
        let long = policy(&[("minLength", Value::Integer(6.into()))]);
        let not_simple = policy(&[("allowSimple", Value::Boolean(false))]);
        let mixed = policy(&[
            ("requireAlphanumeric", Value::Boolean(true)),
            ("minComplexChars", Value::Integer(1.into())),
        ]);
        for (passcode, policy, fits) in [
            (None, &force, false),
            (None, &long, true),
            (Some("1234"), &force, true),
            (Some("12345"), &long, false),
            (Some("183642"), &long, true),
            (Some("1234"), &not_simple, false),
            (Some("4444"), &not_simple, false),
            (Some("1354"), &not_simple, true),
            (Some("abc123"), &mixed, false),
            (Some("abc12!"), &mixed, true),
        ] {
            assert_eq!(complies(passcode, policy), fits, "{passcode:?} {policy:?}");
        }
    }
}
