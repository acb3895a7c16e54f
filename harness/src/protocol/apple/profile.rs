//! Configuration profiles: built from payloads, and read from the bytes of `InstallProfile`.

use plist::{Dictionary, Value};
use sha2::{Digest as _, Sha256};

use super::codec::{self, CodecError};

/// A payload of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// `PayloadType`.
    pub payload_type: String,
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// Everything but the keys that all payloads share.
    pub content: Dictionary,
}

/// A configuration profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// `PayloadDisplayName`.
    pub display_name: Option<String>,
    /// `PayloadOrganization`.
    pub organization: Option<String>,
    /// `PayloadDescription`.
    pub description: Option<String>,
    /// `PayloadRemovalDisallowed`.
    pub removal_disallowed: bool,
    /// `PayloadScope` is `User`.
    pub user_scope: bool,
    /// The content is encrypted and was not looked into.
    pub encrypted: bool,
    /// Payloads in their order.
    pub payloads: Vec<Payload>,
}

/// The keys that all payloads share (`CommonPayloadKeys` of Apple's schema).
pub const COMMON_KEYS: [&str; 7] = [
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadType",
    "PayloadVersion",
    "PayloadDescription",
    "PayloadDisplayName",
    "PayloadOrganization",
];

/// Builds a profile from payloads given as JSON, each with its `PayloadType`.
///
/// Identifiers, UUIDs, version and type are filled in where a payload does not give them. They follow from the
/// profile's identifier and the payload's position alone, so that the same input gives the same bytes.
pub fn build(identifier: &str, payloads: &[serde_json::Value]) -> Result<Dictionary, CodecError> {
    let mut content = Vec::with_capacity(payloads.len());
    for (position, payload) in payloads.iter().enumerate() {
        let Value::Dictionary(mut payload) = codec::from_json(payload)? else {
            return Err(CodecError(format!(
                "payload {position} of profile `{identifier}` is not an object"
            )));
        };
        let payload_type = payload
            .get("PayloadType")
            .and_then(Value::as_string)
            .ok_or_else(|| {
                CodecError(format!(
                    "payload {position} of profile `{identifier}` has no PayloadType"
                ))
            })?
            .to_owned();
        let payload_identifier = format!("{identifier}.{position}");
        let uuid = derived_uuid(&payload_identifier, &payload_type);
        fill(&mut payload, "PayloadIdentifier", payload_identifier);
        fill(&mut payload, "PayloadUUID", uuid);
        if !payload.contains_key("PayloadVersion") {
            payload.insert("PayloadVersion".to_owned(), Value::Integer(1.into()));
        }
        content.push(Value::Dictionary(payload));
    }
    let mut profile = Dictionary::new();
    fill(&mut profile, "PayloadIdentifier", identifier.to_owned());
    fill(
        &mut profile,
        "PayloadUUID",
        derived_uuid(identifier, "Configuration"),
    );
    fill(&mut profile, "PayloadType", "Configuration".to_owned());
    fill(&mut profile, "PayloadDisplayName", identifier.to_owned());
    profile.insert("PayloadVersion".to_owned(), Value::Integer(1.into()));
    profile.insert("PayloadContent".to_owned(), Value::Array(content));
    Ok(profile)
}

/// As [`build`], as the XML bytes of `InstallProfile`'s `Payload`.
pub fn build_xml(identifier: &str, payloads: &[serde_json::Value]) -> Result<Vec<u8>, CodecError> {
    codec::encode_xml(&build(identifier, payloads)?)
}

/// Reads a profile. Signed profiles (CMS) are opened without looking at the signer.
pub fn parse(bytes: &[u8]) -> Result<Profile, CodecError> {
    let opened;
    let bytes = if bytes.first() == Some(&0x30) {
        opened = signed_content(bytes)?;
        opened.as_slice()
    } else {
        bytes
    };
    from_plist(codec::decode(bytes)?)
}

/// Reads a profile from its dictionary.
pub fn from_plist(mut profile: Dictionary) -> Result<Profile, CodecError> {
    let payload_type = text(&profile, "PayloadType")?;
    if payload_type != "Configuration" {
        return Err(CodecError(format!(
            "PayloadType is `{payload_type}`, not `Configuration`"
        )));
    }
    let encrypted = profile
        .get("IsEncrypted")
        .and_then(Value::as_boolean)
        .unwrap_or(false);
    let mut payloads = Vec::new();
    match profile.remove("PayloadContent") {
        Some(Value::Array(items)) => {
            for item in items {
                let Value::Dictionary(payload) = item else {
                    return Err(CodecError("a payload is not a dictionary".to_owned()));
                };
                payloads.push(payload_from(payload)?);
            }
        }
        None if encrypted || profile.contains_key("EncryptedPayloadContent") => {}
        _ => {
            return Err(CodecError(
                "PayloadContent is missing or is not an array".to_owned(),
            ));
        }
    }
    let optional = |key: &str| {
        profile
            .get(key)
            .and_then(Value::as_string)
            .map(str::to_owned)
    };
    Ok(Profile {
        identifier: text(&profile, "PayloadIdentifier")?.to_owned(),
        uuid: text(&profile, "PayloadUUID")?.to_owned(),
        display_name: optional("PayloadDisplayName"),
        organization: optional("PayloadOrganization"),
        description: optional("PayloadDescription"),
        removal_disallowed: profile
            .get("PayloadRemovalDisallowed")
            .and_then(Value::as_boolean)
            .unwrap_or(false),
        user_scope: optional("PayloadScope").as_deref() == Some("User"),
        encrypted: encrypted || profile.contains_key("EncryptedPayloadContent"),
        payloads,
    })
}

fn payload_from(mut payload: Dictionary) -> Result<Payload, CodecError> {
    let payload_type = text(&payload, "PayloadType")?.to_owned();
    let identifier = text(&payload, "PayloadIdentifier")?.to_owned();
    let uuid = text(&payload, "PayloadUUID")?.to_owned();
    for key in COMMON_KEYS {
        payload.remove(key);
    }
    Ok(Payload {
        payload_type,
        identifier,
        uuid,
        content: payload,
    })
}

fn text<'a>(dictionary: &'a Dictionary, key: &str) -> Result<&'a str, CodecError> {
    dictionary
        .get(key)
        .and_then(Value::as_string)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| CodecError(format!("{key} is missing or is not a string")))
}

fn fill(dictionary: &mut Dictionary, key: &str, value: String) {
    if !dictionary.contains_key(key) {
        dictionary.insert(key.to_owned(), Value::String(value));
    }
}

fn signed_content(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    use der::Decode as _;
    if bytes.len() > super::guard::MAX_BYTES {
        return Err(CodecError("the signed profile is too large".to_owned()));
    }
    let damaged = |error: der::Error| CodecError(format!("the signed profile is damaged: {error}"));
    let info = cms::content_info::ContentInfo::from_der(bytes).map_err(damaged)?;
    let signed: cms::signed_data::SignedData = info.content.decode_as().map_err(damaged)?;
    let content = signed
        .encap_content_info
        .econtent
        .ok_or_else(|| CodecError("the signed profile has no content".to_owned()))?;
    Ok(content.value().to_vec())
}

/// A UUID that follows from its inputs.
fn derived_uuid(name: &str, kind: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .hyphenated()
        .to_string()
        .to_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_profile_is_built_the_same_every_time_and_read_back() {
        let payloads =
            [json!({"PayloadType": "com.apple.applicationaccess", "allowCamera": false})];
        let bytes = build_xml("com.example.camera", &payloads).unwrap();
        assert_eq!(bytes, build_xml("com.example.camera", &payloads).unwrap());
        let profile = parse(&bytes).unwrap();
        assert_eq!(profile.identifier, "com.example.camera");
        assert_eq!(profile.payloads.len(), 1);
        assert_eq!(profile.payloads[0].identifier, "com.example.camera.0");
        assert_eq!(
            profile.payloads[0].content.get("allowCamera"),
            Some(&Value::Boolean(false))
        );
        assert_eq!(profile.payloads[0].content.len(), 1);
    }

    #[test]
    fn a_broken_profile_says_what_is_missing() {
        assert!(build("x", &[json!({"allowCamera": false})]).is_err());
        for bytes in [&b"junk"[..], b"\x30\x82\x01", b"<plist><dict/></plist>"] {
            assert!(parse(bytes).is_err());
        }
    }
}
