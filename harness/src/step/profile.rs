//! The profile that an `InstallProfile` step sends.

use plist::{Dictionary, Value as Plist};
use serde_json::Value;
use uuid::Uuid;

use super::ids::derive;
use crate::protocol::apple::codec::{self, CodecError};

/// XML of a profile with these payloads; the same input gives the same bytes.
pub fn xml(identifier: &str, payloads: &[Value]) -> Result<Vec<u8>, CodecError> {
    let mut content = Vec::with_capacity(payloads.len());
    for (position, payload) in payloads.iter().enumerate() {
        let Plist::Dictionary(mut payload) = codec::from_json(payload)? else {
            return Err(CodecError(format!(
                "payload {position} of profile `{identifier}` is not an object"
            )));
        };
        fill(&mut payload, &format!("{identifier}.{position}"));
        content.push(Plist::Dictionary(payload));
    }
    let mut profile = Dictionary::new();
    profile.insert("PayloadType".to_owned(), "Configuration".into());
    profile.insert("PayloadDisplayName".to_owned(), identifier.into());
    fill(&mut profile, identifier);
    profile.insert("PayloadContent".to_owned(), Plist::Array(content));
    codec::encode_xml(&profile)
}

fn fill(payload: &mut Dictionary, identifier: &str) {
    let bytes = derive(0, &["profile", identifier]);
    let mut half = [0; 16];
    half.copy_from_slice(&bytes[..16]);
    let uuid = uuid::Builder::from_random_bytes(half).into_uuid();
    let common: [(&str, Plist); 3] = [
        ("PayloadIdentifier", identifier.into()),
        ("PayloadUUID", upper(uuid).into()),
        ("PayloadVersion", Plist::Integer(1.into())),
    ];
    for (key, value) in common {
        if !payload.contains_key(key) {
            payload.insert(key.to_owned(), value);
        }
    }
}

fn upper(uuid: Uuid) -> String {
    uuid.hyphenated().to_string().to_uppercase()
}
