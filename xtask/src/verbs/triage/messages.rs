//! Messages of a transcript as files a person can read: property lists and JSON, secrets taken out.

use harness::protocol::apple::codec;
use harness::record::redact;
use plist::Value as Plist;
use reports::triage::package::Line;
use scenarios::event::{Direction, Message, Transcript};
use serde_json::Value;

/// Most messages of a package.
const MOST: usize = 500;

/// A file below the folder of messages.
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The messages as lines and files.
pub(super) fn of(transcript: &Transcript) -> (Vec<Line>, Vec<File>) {
    let mut lines = Vec::new();
    let mut files = Vec::new();
    for (index, message) in transcript.messages.iter().take(MOST).enumerate() {
        let number = index + 1;
        let (way, short) = match message.direction {
            Direction::ToOperatorApi => ("operator → server", "operator"),
            Direction::ToDevice => ("server → device", "to-device"),
            Direction::ToServer => ("device → server", "to-server"),
        };
        let stem = format!("{number:03}-{short}-{}", file_name(&message.what));
        let mut body = message.body.clone();
        // The record is redacted already; a package leaves the house, so that it is done once more.
        redact::redact(&mut body);
        let (ending, bytes) = encode(message, &body);
        let file = format!("messages/{stem}.{ending}");
        files.push(File {
            name: file.clone(),
            bytes,
        });
        if let Some(profile) = inner_profile(&body) {
            files.push(File {
                name: format!("messages/{stem}.payload.plist"),
                bytes: profile,
            });
        }
        lines.push(Line {
            number,
            way,
            what: message.what.clone(),
            status: status(message, &body),
            file,
        });
    }
    (lines, files)
}

fn status(message: &Message, body: &Value) -> Option<String> {
    body.get("Status")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .or_else(|| message.http_status.map(|status| format!("HTTP {status}")))
}

/// A property list where the message is one; declarative management speaks JSON.
fn encode(message: &Message, body: &Value) -> (&'static str, Vec<u8>) {
    let declarative = message.what.contains('/')
        || matches!(
            message.what.as_str(),
            "tokens" | "declaration-items" | "status"
        )
        || message.direction == Direction::ToOperatorApi;
    if !declarative
        && body.as_object().is_some_and(|body| !body.is_empty())
        && let Ok(Plist::Dictionary(dictionary)) = codec::from_json(body)
        && let Ok(bytes) = codec::encode_xml(&dictionary)
    {
        return ("plist", with_newline(bytes));
    }
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    ("json", with_newline(text.into_bytes()))
}

/// The profile inside of an `InstallProfile`.
fn inner_profile(body: &Value) -> Option<Vec<u8>> {
    let payload = body
        .pointer("/Command/Payload")
        .or_else(|| body.pointer("/Payload"))?;
    let Ok(Plist::Data(bytes)) = codec::from_json(payload) else {
        return None;
    };
    let dictionary = codec::decode(&bytes).ok()?;
    codec::encode_xml(&dictionary).ok().map(with_newline)
}

fn with_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() != Some(&b'\n') {
        bytes.push(b'\n');
    }
    bytes
}

/// Only what may stand in the name of a file.
pub(super) fn file_name(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect()
}
