//! Which values differ by nature from run to run or from device to device, and are taken out before a comparison.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Longest data, in base64, that is looked into.
const MAX_DATA: usize = 1 << 20;
/// Nesting beyond which a property list is compared as data.
const MAX_DEPTH: usize = 32;

/// Why a value is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Because {
    /// Made anew for each run: ids, tokens, nonces.
    Volatile,
    /// Names the device itself.
    DeviceIdentity,
    /// Names the release; two releases always differ in it.
    ReleaseIdentity,
    /// A moment or a measurement.
    Moment,
}

impl Because {
    /// The word that stands in place of the value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Volatile => "volatile",
            Self::DeviceIdentity => "device_identity",
            Self::ReleaseIdentity => "release_identity",
            Self::Moment => "moment",
        }
    }
}

/// Keys whose values are taken out, wherever they stand; a dotted rule names the key and the one that holds it.
/// Compared without regard to case.
pub const RULES: [(&str, Because); 55] = [
    ("CommandUUID", Because::Volatile),
    ("PayloadUUID", Because::Volatile),
    ("InstallationUUID", Because::Volatile),
    ("NotOnConsole", Because::Volatile),
    ("PushMagic", Because::Volatile),
    ("Token", Because::Volatile),
    ("UnlockToken", Because::Volatile),
    ("PushToken", Because::Volatile),
    ("push-token", Because::Volatile),
    ("BootstrapToken", Because::Volatile),
    ("TokenData", Because::Volatile),
    ("SecurityToken", Because::Volatile),
    ("ServerToken", Because::Volatile),
    ("server-token", Because::Volatile),
    ("DeclarationsToken", Because::Volatile),
    ("DigestChallenge", Because::Volatile),
    ("DigestResponse", Because::Volatile),
    ("AuthToken", Because::Volatile),
    ("Nonce", Because::Volatile),
    ("ActivationLockBypassCode", Because::Volatile),
    ("UDID", Because::DeviceIdentity),
    ("EnrollmentID", Because::DeviceIdentity),
    ("EnrollmentUserID", Because::DeviceIdentity),
    ("UserID", Because::DeviceIdentity),
    ("ProvisioningUDID", Because::DeviceIdentity),
    ("SerialNumber", Because::DeviceIdentity),
    ("serial-number", Because::DeviceIdentity),
    ("DeviceID", Because::DeviceIdentity),
    ("IMEI", Because::DeviceIdentity),
    ("MEID", Because::DeviceIdentity),
    ("EID", Because::DeviceIdentity),
    ("ICCID", Because::DeviceIdentity),
    ("PhoneNumber", Because::DeviceIdentity),
    ("WiFiMAC", Because::DeviceIdentity),
    ("BluetoothMAC", Because::DeviceIdentity),
    ("EthernetMAC", Because::DeviceIdentity),
    ("ProductName", Because::DeviceIdentity),
    ("ModelNumber", Because::DeviceIdentity),
    ("ModelName", Because::DeviceIdentity),
    ("Model", Because::DeviceIdentity),
    ("model-identifier", Because::DeviceIdentity),
    ("marketing-name", Because::DeviceIdentity),
    ("model.identifier", Because::DeviceIdentity),
    ("model.family", Because::DeviceIdentity),
    ("OSVersion", Because::ReleaseIdentity),
    ("BuildVersion", Because::ReleaseIdentity),
    ("SupplementalBuildVersion", Because::ReleaseIdentity),
    ("operating-system.version", Because::ReleaseIdentity),
    ("operating-system.build-version", Because::ReleaseIdentity),
    ("build-version", Because::ReleaseIdentity),
    ("Timestamp", Because::Moment),
    ("BatteryLevel", Because::Moment),
    ("AvailableDeviceCapacity", Because::Moment),
    ("LastCloudBackupDate", Because::Moment),
    ("EstimatedUsage", Because::Moment),
];

/// The rule for a key by its own name.
#[must_use]
pub fn rule(key: &str) -> Option<Because> {
    RULES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, because)| *because)
}

/// The rule for a key inside of the value of `parent`.
fn rule_within(parent: &str, key: &str) -> Option<Because> {
    rule(key).or_else(|| {
        RULES
            .iter()
            .filter_map(|(name, because)| Some((name.split_once('.')?, because)))
            .find(|((outer, inner), _)| {
                outer.eq_ignore_ascii_case(parent) && inner.eq_ignore_ascii_case(key)
            })
            .map(|(_, because)| *because)
    })
}

/// A copy in which the values of the rules' keys, UUIDs and typed dates are replaced by a word.
///
/// The key stays: a query that is no longer answered still shows as removed. Data that holds a JSON document, as the
/// messages of declarative management do, or an XML property list, as profiles are, is compared as that document.
/// What was taken out once stays as it is.
#[must_use]
pub fn redacted(value: &Value) -> Value {
    redacted_in(value, "")
}

/// The value at a JSON pointer, as [`redacted`] would leave it there.
#[must_use]
pub fn at(pointer: &str, value: &Value) -> Value {
    let mut names = pointer.rsplit('/');
    let key = names.next().unwrap_or_default();
    let parent = names.next().unwrap_or_default();
    match rule_within(parent, key) {
        Some(because) if !value.is_null() => placeholder(because),
        _ => redacted_in(value, key),
    }
}

/// `parent` is the key that holds the value, or the array of it.
fn redacted_in(value: &Value, parent: &str) -> Value {
    match value {
        Value::Object(map) => match document(map) {
            Some(document) => redacted_in(&document, parent),
            None => Value::Object(redacted_map(map, parent)),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| redacted_in(item, parent)).collect())
        }
        Value::String(text) if is_uuid(text) => placeholder(Because::Volatile),
        other => other.clone(),
    }
}

/// The JSON document inside of `{"$data": BASE64}`. It holds no `$data` of its own that could nest without end: what
/// is decoded is a third shorter each time.
fn document(map: &Map<String, Value>) -> Option<Value> {
    let text = map.get("$data").filter(|_| map.len() == 1)?.as_str()?;
    if text.len() > MAX_DATA {
        return None;
    }
    let bytes = STANDARD.decode(text).ok()?;
    if bytes.starts_with(b"<?xml") {
        return property_list(&bytes);
    }
    serde_json::from_slice::<Value>(&bytes)
        .ok()
        .filter(|document| document.is_object() || document.is_array())
}

/// The property list in `bytes`; `None` when it is none, or nested deeper than any profile.
fn property_list(bytes: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut depth = 0_usize;
    for (at, _) in text.match_indices('<') {
        let rest = &text[at + 1..];
        if rest.starts_with("dict>") || rest.starts_with("array>") {
            depth += 1;
        } else if rest.starts_with("/dict>") || rest.starts_with("/array>") {
            depth = depth.saturating_sub(1);
        }
        if depth > MAX_DEPTH {
            return None;
        }
    }
    plist::Value::from_reader_xml(bytes).ok().map(from_plist)
}

fn from_plist(value: plist::Value) -> Value {
    match value {
        plist::Value::Array(items) => Value::Array(items.into_iter().map(from_plist).collect()),
        plist::Value::Dictionary(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| (key, from_plist(value)))
                .collect(),
        ),
        plist::Value::Boolean(flag) => Value::Bool(flag),
        plist::Value::Data(bytes) => serde_json::json!({ "$data": STANDARD.encode(bytes) }),
        plist::Value::Date(date) => serde_json::json!({ "$date": date.to_xml_format() }),
        plist::Value::Real(number) => Value::from(number),
        plist::Value::Integer(number) => number
            .as_signed()
            .map(Value::from)
            .or_else(|| number.as_unsigned().map(Value::from))
            .unwrap_or(Value::Null),
        plist::Value::String(text) => Value::String(text),
        _ => Value::Null,
    }
}

fn redacted_map(map: &Map<String, Value>, parent: &str) -> Map<String, Value> {
    map.iter()
        .map(|(key, value)| {
            let value = if key == "$date" {
                placeholder(Because::Moment)
            } else if let Some(because) = rule_within(parent, key) {
                placeholder(because)
            } else {
                redacted_in(value, key)
            };
            (key.clone(), value)
        })
        .collect()
}

fn placeholder(because: Because) -> Value {
    Value::String(format!("[{}]", because.as_str()))
}

/// `8-4-4-4-12` hexadecimal digits, as every Apple identifier of that kind is written.
fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    [8, 4, 4, 4, 12].into_iter().all(|length| {
        groups.next().is_some_and(|group| {
            group.len() == length && group.bytes().all(|b| b.is_ascii_hexdigit())
        })
    }) && groups.next().is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_names_each_key_once() {
        for (index, (name, _)) in RULES.iter().enumerate() {
            assert!(
                !RULES[..index]
                    .iter()
                    .any(|(other, _)| other.eq_ignore_ascii_case(name)),
                "{name} stands twice"
            );
        }
    }

    #[test]
    fn values_go_and_keys_stay() {
        let found = redacted(&json!({
            "CommandUUID": "x", "Status": "Acknowledged",
            "QueryResponses": {"IMEI": "35 0000", "DeviceName": "Taro"},
            "When": {"$date": "2026-01-01T00:00:00Z"},
            "Ids": ["6BF8E2D1-5B3A-4A43-9F0A-0123456789AB", "not-a-uuid"],
        }));
        insta::assert_json_snapshot!(found, @r#"
        {
          "CommandUUID": "[volatile]",
          "Status": "Acknowledged",
          "QueryResponses": {
            "IMEI": "[device_identity]",
            "DeviceName": "Taro"
          },
          "When": {
            "$date": "[moment]"
          },
          "Ids": [
            "[volatile]",
            "not-a-uuid"
          ]
        }
        "#);
    }

    #[test]
    fn documents_inside_of_data_are_looked_into() {
        let data =
            |document: &Value| json!({"Data": {"$data": STANDARD.encode(document.to_string())}});
        let tokens = |moment: &str| {
            data(&json!({"SyncTokens": {"Timestamp": moment, "DeclarationsToken": moment}}))
        };
        assert_eq!(
            redacted(&tokens("2026-01-01")),
            redacted(&tokens("2027-01-01"))
        );
        let status = |item: &str| {
            data(
                &json!({"StatusItems": {"device": {"identifier": {"serial-number": item}}, "x": item}}),
            )
        };
        assert_eq!(
            redacted(&status("a")),
            json!({"Data": {"StatusItems": {"device": {"identifier": {"serial-number": "[device_identity]"}}, "x": "a"}}})
        );
        let opaque = json!({"$data": "AAAA"});
        assert_eq!(redacted(&opaque), opaque);
    }
}
