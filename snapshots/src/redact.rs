//! Which values differ by nature from run to run or from device to device, and are taken out before a comparison.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Longest data, in base64, that is looked into.
const MAX_DATA: usize = 1 << 20;

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

/// Keys whose values are taken out, wherever they stand. Compared without regard to case.
pub const RULES: [(&str, Because); 50] = [
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
    ("model-identifier", Because::DeviceIdentity),
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

/// The rule for a key.
#[must_use]
pub fn rule(key: &str) -> Option<Because> {
    RULES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, because)| *because)
}

/// A copy in which the values of the rules' keys, UUIDs and typed dates are replaced by a word.
///
/// The key stays: a query that is no longer answered still shows as removed. Data that holds a JSON document, as the
/// messages of declarative management do, is compared as that document.
#[must_use]
pub fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(map) => match document(map) {
            Some(document) => redacted(&document),
            None => Value::Object(redacted_map(map)),
        },
        Value::Array(items) => Value::Array(items.iter().map(redacted).collect()),
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
    serde_json::from_slice::<Value>(&bytes)
        .ok()
        .filter(|document| document.is_object() || document.is_array())
}

fn redacted_map(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter()
        .map(|(key, value)| {
            let value = if key == "$date" {
                placeholder(Because::Moment)
            } else if let Some(because) = rule(key) {
                placeholder(because)
            } else {
                redacted(value)
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
