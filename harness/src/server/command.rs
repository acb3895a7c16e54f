//! Commands on their way to a server.

use std::sync::atomic::{AtomicU64, Ordering};

use plist::{Dictionary, Value as Plist};
use serde_json::{Value, json};

use super::ddm::hash;
use crate::protocol::apple::codec;

/// The property list of a command given as JSON, and its `RequestType`.
pub(crate) fn encode(uuid: &str, command: &Value) -> Result<(String, Vec<u8>), String> {
    let request_type = command
        .get("RequestType")
        .and_then(Value::as_str)
        .filter(|request_type| !request_type.is_empty())
        .ok_or("the command has no RequestType")?;
    let body = codec::from_json(command).map_err(|error| format!("the command: {error}"))?;
    let message: Dictionary = [
        ("CommandUUID".to_owned(), Plist::String(uuid.to_owned())),
        ("Command".to_owned(), body),
    ]
    .into_iter()
    .collect();
    let raw = codec::encode_xml(&message).map_err(|error| format!("the command: {error}"))?;
    Ok((request_type.to_owned(), raw))
}

/// The command that asks a device to synchronize declarations, with an id that follows from what was asked before and
/// from `nonce`.
pub(crate) fn synchronize(
    id: &str,
    tokens: &[u8],
    nonce: u64,
    counter: &AtomicU64,
) -> (String, Value) {
    use base64::Engine as _;
    let number = counter.fetch_add(1, Ordering::Relaxed);
    let seed = [
        id.as_bytes(),
        tokens,
        &number.to_be_bytes(),
        &nonce.to_be_bytes(),
    ]
    .concat();
    let uuid = u128::from_str_radix(&hash(&seed), 16).unwrap_or_default();
    let uuid = uuid::Builder::from_custom_bytes(uuid.to_be_bytes()).into_uuid();
    let data = base64::engine::general_purpose::STANDARD.encode(tokens);
    (
        uuid.as_hyphenated().to_string().to_uppercase(),
        json!({ "RequestType": "DeclarativeManagement", "Data": { "$data": data } }),
    )
}
