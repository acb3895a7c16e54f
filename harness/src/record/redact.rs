//! Takes secrets out of messages before anything is kept: one table by key name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::protocol::apple::codec;

/// Keys whose value is a secret whatever its type, with the word that takes its place.
pub const SECRETS: [(&str, &str); 32] = [
    ("AccessToken", "access token"),
    ("ActivationLockBypassCode", "activation lock bypass code"),
    ("AuthToken", "authentication token"),
    ("AuthenticationToken", "authentication token"),
    ("BootstrapToken", "bootstrap token"),
    ("BypassCode", "activation lock bypass code"),
    ("Challenge", "enrollment challenge"),
    ("ClientSecret", "client secret"),
    ("DeviceLockPIN", "pin"),
    ("DigestResponse", "authentication digest"),
    ("EscrowedKey", "escrowed key"),
    ("EscrowedUnlockToken", "unlock token"),
    ("FDE_PersonalRecoveryKey", "recovery key"),
    ("MessageKey", "key"),
    ("OldRecoveryKey", "recovery key"),
    ("PIN", "pin"),
    ("PIN_Code", "pin"),
    ("Passcode", "passcode"),
    ("PasscodeKeybag", "passcode"),
    ("PasswordHash", "password"),
    ("PersonalRecoveryKey", "recovery key"),
    ("PreSharedKey", "shared secret"),
    ("PrivateKey", "private key"),
    ("PushMagic", "push magic"),
    ("RecoveryKey", "recovery key"),
    ("RecoveryLockKey", "recovery key"),
    ("SecretKey", "private key"),
    ("SharedSecret", "shared secret"),
    ("Token", "push token"),
    ("UnlockToken", "unlock token"),
    ("WEPKey", "password"),
    ("bypass_code", "activation lock bypass code"),
];

/// Endings of keys whose text or data is a secret; truth values and numbers under such names are settings.
pub const SECRET_ENDINGS: [(&str, &str); 6] = [
    ("password", "password"),
    ("passcode", "passcode"),
    ("passphrase", "password"),
    ("passwordhash", "password"),
    ("privatekey", "private key"),
    ("secret", "shared secret"),
];

/// Payload types whose `PayloadContent` holds a private key.
const PRIVATE_CONTENT: [&str; 1] = ["com.apple.security.pkcs12"];

/// Levels of nesting that are followed; deeper values are cut, because no message is nested as deeply.
const MAX_DEPTH: usize = 64;

/// What is put in place of a secret.
#[must_use]
pub fn marker(what: &str) -> Value {
    json!({ "$redacted": what })
}

/// The word for the secret kept under `key`, if it keeps one.
#[must_use]
pub fn secret(key: &str, value: &Value) -> Option<&'static str> {
    if value.is_null() || value.is_boolean() || is_marker(value) {
        return None;
    }
    if let Some((_, word)) = SECRETS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
    {
        return Some(word);
    }
    if value.is_number() {
        return None;
    }
    let lower = key.to_ascii_lowercase();
    SECRET_ENDINGS
        .iter()
        .find(|(ending, _)| lower.ends_with(ending))
        .map(|(_, word)| *word)
}

/// Takes every secret out of `value`, also out of property lists and JSON inside data. Returns whether there was one.
pub fn redact(value: &mut Value) -> bool {
    redact_at(value, 0)
}

fn redact_at(value: &mut Value, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        *value = marker("nested too deeply");
        return true;
    }
    match value {
        Value::Object(object) => redact_object(object, depth),
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= redact_at(item, depth + 1);
            }
            found
        }
        _ => false,
    }
}

fn redact_object(object: &mut Map<String, Value>, depth: usize) -> bool {
    if let (1, Some(Value::String(data))) = (object.len(), object.get("$data")) {
        let Some(clean) = redact_data(data, depth) else {
            return false;
        };
        object.insert("$data".to_owned(), Value::String(clean));
        return true;
    }
    let private = object
        .get("PayloadType")
        .and_then(Value::as_str)
        .is_some_and(|kind| PRIVATE_CONTENT.contains(&kind));
    let mut found = false;
    for (key, value) in object.iter_mut() {
        if let Some(word) = secret(key, value) {
            *value = marker(word);
            found = true;
        } else if private && key == "PayloadContent" && !is_marker(value) {
            *value = marker("private key");
            found = true;
        } else {
            found |= redact_at(value, depth + 1);
        }
    }
    found
}

/// The data without its secrets; `None` when it holds none.
fn redact_data(data: &str, depth: usize) -> Option<String> {
    // The beginnings of `<?xml`, `bplist`, `{` in base64: other data is not opened.
    const PLIST: [&str; 3] = ["PD94bW", "YnBsaXN0", "PCFET0"];
    let plist = PLIST.iter().any(|start| data.starts_with(start));
    if !plist && !data.starts_with("ey") {
        return None;
    }
    let bytes = STANDARD.decode(data).ok()?;
    let mut inner = if plist {
        codec::dictionary_to_json(&codec::decode(&bytes).ok()?)
    } else {
        serde_json::from_slice(&bytes).ok()?
    };
    if !redact_at(&mut inner, depth + 1) {
        return None;
    }
    let bytes = if plist {
        match codec::from_json(&inner) {
            Ok(plist::Value::Dictionary(dictionary)) => codec::encode_xml(&dictionary).ok(),
            _ => None,
        }
    } else {
        serde_json::to_vec(&inner).ok()
    };
    // A list that can not be written again is dropped whole: the secret must not stay.
    Some(STANDARD.encode(bytes.unwrap_or_default()))
}

/// The value at `pointer` as it may be kept: without secrets, `null` when absent.
#[must_use]
pub fn look(document: &Value, pointer: &str) -> Value {
    let Some(value) = document.pointer(pointer) else {
        return Value::Null;
    };
    if let Some(word) = pointer
        .split('/')
        .skip(1)
        .find_map(|token| secret(token, value))
    {
        return marker(word);
    }
    let mut value = value.clone();
    redact(&mut value);
    value
}

/// Text that nobody could decode: kept unless it names a secret.
#[must_use]
pub fn text(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let named = SECRETS
        .iter()
        .map(|(name, _)| *name)
        // `Token` alone is part of many harmless words.
        .filter(|name| *name != "Token" && *name != "PIN" && *name != "Challenge")
        .map(str::to_ascii_lowercase)
        .chain([
            "<key>token<".to_owned(),
            "\"token\"".to_owned(),
            "<key>pin<".to_owned(),
        ])
        .chain([
            "\"pin\"".to_owned(),
            "<key>challenge<".to_owned(),
            "\"challenge\"".to_owned(),
        ])
        .chain(SECRET_ENDINGS.iter().map(|(name, _)| (*name).to_owned()))
        .any(|name| lower.contains(&name));
    if named {
        "(text that names a secret is not kept)".to_owned()
    } else {
        text.to_owned()
    }
}

fn is_marker(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.len() == 1 && object.contains_key("$redacted"))
}
