//! Evidence: the canonical bytes of a transcript and their address.

use std::io::Write as _;

use scenarios::event::{Message, Transcript};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A transcript ready to be stored: its bytes and the SHA-256 that is their name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Lower-case hexadecimal SHA-256 of `bytes`; the file's name.
    pub sha256: String,
    /// Canonical JSON.
    pub bytes: Vec<u8>,
}

impl Evidence {
    /// Seals a transcript.
    #[must_use]
    pub fn of(transcript: &Transcript) -> Self {
        let mut bytes = Vec::with_capacity(4096);
        bytes.extend_from_slice(b"{\"messages\":[");
        for (position, message) in transcript.messages.iter().enumerate() {
            if position > 0 {
                bytes.push(b',');
            }
            write_message(message, &mut bytes);
        }
        bytes.extend_from_slice(b"]}");
        Self {
            sha256: sha256_hex(&bytes),
            bytes,
        }
    }
}

/// JSON with sorted keys and without white space: equal values have equal bytes.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    write(value, &mut out);
    out
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a vector can not fail.
        let _ = write!(out, "{byte:02x}");
    }
    String::from_utf8(out).unwrap_or_default()
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by(|left, right| left.0.cmp(right.0));
            out.push(b'{');
            for (position, (key, value)) in entries.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                scalar(key.as_str(), out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        other => scalar(other, out),
    }
}

/// A message with its fields in the order of their names, without a copy of its bodies.
fn write_message(message: &Message, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"author\":");
    scalar(&message.author, out);
    out.extend_from_slice(b",\"body\":");
    write(&message.body, out);
    out.extend_from_slice(b",\"bytes\":");
    scalar(&message.bytes, out);
    out.extend_from_slice(b",\"direction\":");
    scalar(&message.direction, out);
    if let Some(handed_in) = &message.handed_in {
        out.extend_from_slice(b",\"handed_in\":");
        write(handed_in, out);
    }
    out.extend_from_slice(b",\"http_status\":");
    scalar(&message.http_status, out);
    out.extend_from_slice(b",\"phase\":");
    scalar(&message.phase, out);
    out.extend_from_slice(b",\"seq\":");
    scalar(&message.seq, out);
    out.extend_from_slice(b",\"what\":");
    scalar(&message.what, out);
    out.push(b'}');
}

fn scalar(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    // Scalars always serialize, and writing to a vector can not fail.
    let _ = serde_json::to_writer(out, value);
}
