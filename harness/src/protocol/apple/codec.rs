//! Property lists on the wire, and their JSON twins in scenarios and records.
//!
//! `{"$data": base64}` stands for data and `{"$date": RFC 3339}` for a date.

use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plist::{Date, Dictionary, Integer, Value};
use serde_json::Value as Json;

/// The bytes are not a property list the harness accepts, or a JSON value has no property-list twin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CodecError(pub String);

/// Reads an XML or binary property list whose root is a dictionary.
///
/// Size, depth and expansion are bounded (see [`super::guard`]); no bytes make it panic.
pub fn decode(bytes: &[u8]) -> Result<Dictionary, CodecError> {
    super::guard::check(bytes)?;
    // Built from the events directly: the way over serde costs a third more.
    match Value::from_reader(Cursor::new(bytes)) {
        Ok(Value::Dictionary(dictionary)) => Ok(dictionary),
        Ok(_) => Err(CodecError("the root is not a dictionary".to_owned())),
        Err(error) => Err(CodecError(error.to_string())),
    }
}

/// Writes an XML property list.
pub fn encode_xml(dictionary: &Dictionary) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(1024);
    plist::to_writer_xml(&mut out, dictionary).map_err(|error| CodecError(error.to_string()))?;
    Ok(out)
}

/// The JSON twin of a property-list value.
#[must_use]
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Array(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Dictionary(dictionary) => dictionary_to_json(dictionary),
        Value::Boolean(value) => Json::Bool(*value),
        Value::Data(bytes) => serde_json::json!({ "$data": STANDARD.encode(bytes) }),
        Value::Date(date) => serde_json::json!({ "$date": date.to_xml_format() }),
        Value::Real(value) => serde_json::Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Integer(value) => integer_to_json(*value),
        Value::String(text) => Json::String(text.clone()),
        _ => Json::Null,
    }
}

/// The JSON twin of a dictionary.
#[must_use]
pub fn dictionary_to_json(dictionary: &Dictionary) -> Json {
    Json::Object(
        dictionary
            .iter()
            .map(|(key, value)| (key.clone(), to_json(value)))
            .collect(),
    )
}

fn integer_to_json(value: Integer) -> Json {
    value
        .as_signed()
        .map(Json::from)
        .or_else(|| value.as_unsigned().map(Json::from))
        .unwrap_or(Json::Null)
}

/// The property-list twin of a JSON value; `null` has none.
pub fn from_json(value: &Json) -> Result<Value, CodecError> {
    Ok(match value {
        Json::Null => return Err(CodecError("null has no property-list twin".to_owned())),
        Json::Bool(value) => Value::Boolean(*value),
        Json::Number(number) => {
            if let Some(value) = number.as_i64() {
                Value::Integer(value.into())
            } else if let Some(value) = number.as_u64() {
                Value::Integer(value.into())
            } else {
                Value::Real(number.as_f64().unwrap_or_default())
            }
        }
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(from_json).collect::<Result<_, _>>()?),
        Json::Object(object) => {
            if let (1, Some((key, Json::String(text)))) = (object.len(), object.iter().next()) {
                if key == "$data" {
                    let bytes = STANDARD
                        .decode(text)
                        .map_err(|error| CodecError(format!("$data: {error}")))?;
                    return Ok(Value::Data(bytes));
                }
                if key == "$date" {
                    return Date::from_xml_format(text)
                        .map(Value::Date)
                        .map_err(|_| CodecError(format!("$date: `{text}` is not a date")));
                }
            }
            let mut dictionary = Dictionary::new();
            for (key, value) in object {
                dictionary.insert(key.clone(), from_json(value)?);
            }
            Value::Dictionary(dictionary)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Dictionary {
        let json = serde_json::json!({
            "Status": "Acknowledged",
            "Count": 3,
            "Level": 0.5,
            "Yes": true,
            "Token": { "$data": "AAEC" },
            "When": { "$date": "2026-11-23T00:00:00Z" },
            "List": [{ "Key": "<&>" }, []],
        });
        match from_json(&json).unwrap() {
            Value::Dictionary(dictionary) => dictionary,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_formats_carry_the_same_values() {
        let sample = sample();
        assert_eq!(decode(&encode_xml(&sample).unwrap()).unwrap(), sample);
        let mut binary = Vec::new();
        plist::to_writer_binary(&mut binary, &sample).unwrap();
        assert_eq!(decode(&binary).unwrap(), sample);
        let json = dictionary_to_json(&sample);
        assert_eq!(from_json(&json).unwrap(), Value::Dictionary(sample));
    }

    #[test]
    fn what_is_not_a_dictionary_is_refused() {
        for bytes in [
            &b""[..],
            b"<html><body>502 Bad Gateway</body></html>",
            b"<plist><array/></plist>",
            b"bplist00",
            b"<plist><dict><key>A</key>",
            b"\xff\xfe\x00",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
            let mut binary = b"bplist00".to_vec();
            binary.extend(&bytes);
            let _ = decode(&binary);
        }

        #[test]
        fn no_damage_makes_it_panic(at in 0usize..600, byte in any::<u8>(), cut in 0usize..600) {
            let mut binary = Vec::new();
            plist::to_writer_binary(&mut binary, &sample()).unwrap();
            for mut bytes in [encode_xml(&sample()).unwrap(), binary] {
                let length = bytes.len();
                bytes[at % length] = byte;
                let _ = decode(&bytes);
                bytes.truncate(cut % length);
                let _ = decode(&bytes);
            }
        }
    }
}
