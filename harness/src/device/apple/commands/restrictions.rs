//! `Restrictions`.

use plist::{Dictionary, Value};

use super::super::effects::{self, RESTRICTIONS};
use super::super::force::{self, Combine};
use super::super::passcode;
use super::super::values::{boolean, dict};
use super::{Reply, Turn};

/// Restrictions and passcode rules in force: all together, and by profile when asked for.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let core = &*turn.core;
    let mut all = Sorted::default();
    for (key, value) in force::combine(effects::of_type(core, RESTRICTIONS)) {
        all.put(key, &value);
    }
    for (key, value) in passcode::policy(core) {
        all.put(&key, &value);
    }
    let mut answer = dict([("GlobalRestrictions", all.into_value())]);
    if boolean(turn.command, "ProfileRestrictions") == Some(true) {
        let mut rows = Dictionary::new();
        for profile in &core.state.profiles {
            let mut own = Sorted::default();
            for payload in &profile.payloads {
                let kind = payload.payload_type.as_str();
                if let (RESTRICTIONS | passcode::PAYLOAD, Some(keys)) = (kind, &payload.in_force) {
                    for (key, value) in keys {
                        own.put(key, value);
                    }
                }
            }
            rows.insert(profile.identifier.clone(), own.into_value());
        }
        answer.insert("ProfileRestrictions".to_owned(), Value::Dictionary(rows));
    }
    Reply::done(answer)
}

/// The four dictionaries by which restrictions are told.
#[derive(Default)]
struct Sorted([Dictionary; 4]);

impl Sorted {
    const NAMES: [&'static str; 4] = ["restrictedBool", "restrictedValue", "intersection", "union"];

    fn put(&mut self, key: &str, value: &Value) {
        let (place, name) = match value {
            Value::Boolean(_) => (0, "value"),
            Value::Integer(_) | Value::Real(_) | Value::String(_) => (1, "value"),
            Value::Array(_) if force::combination(key, value) == Combine::Intersection => {
                (2, "values")
            }
            Value::Array(_) => (3, "values"),
            _ => return,
        };
        self.0[place].insert(
            key.to_owned(),
            Value::Dictionary(dict([(name, value.clone())])),
        );
    }

    fn into_value(self) -> Value {
        let named = Self::NAMES
            .into_iter()
            .zip(self.0)
            .filter(|(_, keys)| !keys.is_empty());
        Value::Dictionary(
            named
                .map(|(name, keys)| (name.to_owned(), Value::Dictionary(keys)))
                .collect(),
        )
    }
}
