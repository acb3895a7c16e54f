//! Planted faults of a server: what it does to messages on their way to devices.
//!
//! A path is a JSON pointer into the message's JSON twin. It may lead through data that is itself a property list,
//! such as the profile in `/Command/Payload`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plist::Dictionary;
use serde_json::Value;

use crate::protocol::apple::codec;

/// What a quirk is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Commands, all or of one `RequestType`.
    Command(Option<String>),
    /// Declarations, all or of one `Type`.
    Declaration(Option<String>),
    /// Answers to check-ins of one `MessageType`.
    Checkin(String),
    /// Status reports of declarative management.
    StatusReport,
}

/// What a quirk does.
#[derive(Clone, Debug, PartialEq)]
pub enum Alteration {
    /// The key at the path is left out.
    Drop(String),
    /// The key at the path has another name.
    Rename(String, String),
    /// The key at the path has another value; it is added when absent.
    Set(String, Value),
    /// The message never leaves the server: a command is dropped, a declaration is not found, a check-in is
    /// answered without a body, a status report is counted but not taken in (a stale verdict stays).
    Swallow,
    /// A command is delivered a second time after it was answered.
    Duplicate,
    /// The message is answered with this HTTP status and no body.
    Status(u16),
}

/// One planted fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Quirk {
    /// What it is about.
    pub target: Target,
    /// What it does.
    pub alteration: Alteration,
}

/// Planted faults, applied in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerQuirks(pub Vec<Quirk>);

impl ServerQuirks {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn on_command<'a>(&'a self, request_type: &'a str) -> impl Iterator<Item = &'a Alteration> {
        self.matching(move |target| match target {
            Target::Command(of) => of.as_deref().is_none_or(|of| of == request_type),
            _ => false,
        })
    }

    fn matching<'a>(
        &'a self,
        about: impl Fn(&Target) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Alteration> {
        self.0
            .iter()
            .filter(move |quirk| about(&quirk.target))
            .map(|quirk| &quirk.alteration)
    }

    /// Whether a command is accepted and then lost.
    pub(super) fn swallows(&self, request_type: &str) -> bool {
        self.on_command(request_type)
            .any(|alteration| *alteration == Alteration::Swallow)
    }

    /// How often a command is delivered again.
    pub(super) fn repeats(&self, request_type: &str) -> u8 {
        let repeats = self
            .on_command(request_type)
            .filter(|alteration| **alteration == Alteration::Duplicate)
            .count();
        u8::try_from(repeats).unwrap_or(u8::MAX)
    }

    /// The command as it leaves the server; `None` when it leaves unaltered.
    pub(super) fn command(&self, request_type: &str, raw: &[u8]) -> Option<Vec<u8>> {
        let alterations: Vec<_> = self.on_command(request_type).collect();
        if alterations.is_empty() {
            return None;
        }
        let mut message = codec::dictionary_to_json(&codec::decode(raw).ok()?);
        for alteration in alterations {
            apply(&mut message, alteration);
        }
        encode(&message)
    }

    /// The HTTP status that a command's delivery is replaced with.
    pub(super) fn command_status(&self, request_type: &str) -> Option<u16> {
        self.on_command(request_type).find_map(status_of)
    }

    /// A declaration as it leaves the server; `Err` holds the HTTP status it is replaced with.
    pub(super) fn declaration(&self, body: Vec<u8>) -> Result<Vec<u8>, u16> {
        if self.is_empty() {
            return Ok(body);
        }
        let Ok(mut message) = serde_json::from_slice::<Value>(&body) else {
            return Ok(body);
        };
        let kind = message
            .get("Type")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let alterations = self.matching(move |target| match target {
            Target::Declaration(of) => of.as_ref().is_none_or(|of| *of == kind),
            _ => false,
        });
        for alteration in alterations {
            match alteration {
                Alteration::Swallow => return Err(404),
                Alteration::Status(status) => return Err(*status),
                alteration => apply(&mut message, alteration),
            }
        }
        Ok(message.to_string().into_bytes())
    }

    /// What a check-in's answer becomes: `Err` holds the HTTP status it is replaced with.
    pub(super) fn checkin(
        &self,
        message_type: &str,
        answer: Option<Dictionary>,
    ) -> Result<Option<Dictionary>, u16> {
        let mut answer = answer;
        let about = |target: &Target| matches!(target, Target::Checkin(of) if of == message_type);
        for alteration in self.matching(about) {
            match alteration {
                Alteration::Swallow => answer = None,
                Alteration::Status(status) => return Err(*status),
                alteration => {
                    answer = answer.and_then(|answer| {
                        let mut message = codec::dictionary_to_json(&answer);
                        apply(&mut message, alteration);
                        codec::from_json(&message).ok()?.into_dictionary()
                    });
                }
            }
        }
        Ok(answer)
    }

    /// Whether status reports are only counted, so that the server keeps showing what it knew.
    pub(super) fn keeps_stale_status(&self) -> bool {
        self.matching(|target| *target == Target::StatusReport)
            .any(|alteration| *alteration == Alteration::Swallow)
    }
}

fn status_of(alteration: &Alteration) -> Option<u16> {
    match alteration {
        Alteration::Status(status) => Some(*status),
        _ => None,
    }
}

fn encode(message: &Value) -> Option<Vec<u8>> {
    let dictionary = codec::from_json(message).ok()?.into_dictionary()?;
    codec::encode_xml(&dictionary).ok()
}

fn apply(message: &mut Value, alteration: &Alteration) {
    match alteration {
        Alteration::Drop(path) => at_parent(message, path, &mut |parent, key| remove(parent, key)),
        Alteration::Rename(path, name) => at_parent(message, path, &mut |parent, key| {
            if let Some(object) = parent.as_object_mut()
                && let Some(value) = object.remove(key)
            {
                object.insert(name.clone(), value);
            }
        }),
        Alteration::Set(path, value) => at_parent(message, path, &mut |parent, key| match parent {
            Value::Object(object) => {
                object.insert(key.to_owned(), value.clone());
            }
            Value::Array(items) => {
                if let Some(item) = key.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                    *item = value.clone();
                }
            }
            _ => {}
        }),
        Alteration::Swallow | Alteration::Duplicate | Alteration::Status(_) => {}
    }
}

fn remove(parent: &mut Value, key: &str) {
    match parent {
        Value::Object(object) => {
            object.remove(key);
        }
        Value::Array(items) => {
            if let Ok(at) = key.parse::<usize>()
                && at < items.len()
            {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// Walks to the parent of the path's last token. A path that leads nowhere changes nothing.
fn at_parent(value: &mut Value, path: &str, act: &mut dyn FnMut(&mut Value, &str)) {
    let tokens: Vec<String> = path
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
        .collect();
    walk(value, &tokens, act);
}

fn walk(value: &mut Value, tokens: &[String], act: &mut dyn FnMut(&mut Value, &str)) {
    let Some((token, rest)) = tokens.split_first() else {
        return;
    };
    if let Some(mut inner) = nested(value) {
        walk(&mut inner, tokens, act);
        if let Some(bytes) = encode(&inner) {
            *value = serde_json::json!({ "$data": STANDARD.encode(bytes) });
        }
        return;
    }
    if rest.is_empty() {
        act(value, token);
        return;
    }
    let next = match value {
        Value::Object(object) => object.get_mut(token),
        Value::Array(items) => token.parse().ok().and_then(|at: usize| items.get_mut(at)),
        _ => None,
    };
    if let Some(next) = next {
        walk(next, rest, act);
    }
}

/// The property list inside data, as JSON.
fn nested(value: &Value) -> Option<Value> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let bytes = STANDARD.decode(object.get("$data")?.as_str()?).ok()?;
    codec::decode(&bytes)
        .ok()
        .map(|inner| codec::dictionary_to_json(&inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn altered(message: &Value, alteration: Alteration) -> Value {
        let quirks = ServerQuirks(vec![Quirk {
            target: Target::Command(Some("InstallProfile".to_owned())),
            alteration,
        }]);
        let raw = encode(message).expect("encodes");
        assert_eq!(quirks.command("ProfileList", &raw), None);
        let out = quirks.command("InstallProfile", &raw).expect("altered");
        codec::dictionary_to_json(&codec::decode(&out).expect("a property list"))
    }

    #[test]
    fn keys_are_dropped_renamed_and_changed_even_inside_a_profile() {
        let profile = json!({ "PayloadContent": [{ "allowCamera": false, "allowChat": true }] });
        let data = json!({ "$data": STANDARD.encode(encode(&profile).expect("encodes")) });
        let message = json!({
            "CommandUUID": "u",
            "Command": { "RequestType": "InstallProfile", "Payload": data }
        });
        let inner = "/Command/Payload/PayloadContent/0";
        let table = [
            (
                Alteration::Drop(format!("{inner}/allowCamera")),
                json!([{ "allowChat": true }]),
            ),
            (
                Alteration::Rename(format!("{inner}/allowCamera"), "allowKamera".to_owned()),
                json!([{ "allowChat": true, "allowKamera": false }]),
            ),
            (
                Alteration::Set(format!("{inner}/allowCamera"), json!(true)),
                json!([{ "allowCamera": true, "allowChat": true }]),
            ),
            (
                Alteration::Drop("/nowhere/at/all".to_owned()),
                json!([{ "allowCamera": false, "allowChat": true }]),
            ),
        ];
        for (alteration, expected) in table {
            let out = altered(&message, alteration);
            let payload = nested(&out["Command"]["Payload"]).expect("a profile");
            assert_eq!(payload["PayloadContent"], expected);
        }
        let out = altered(&message, Alteration::Drop("/Command/Payload".to_owned()));
        assert_eq!(out["Command"], json!({ "RequestType": "InstallProfile" }));
    }

    #[test]
    fn declarations_and_answers_are_altered() {
        let quirks = ServerQuirks(vec![
            Quirk {
                target: Target::Declaration(Some("a".to_owned())),
                alteration: Alteration::Set("/Payload/X".to_owned(), json!(2)),
            },
            Quirk {
                target: Target::Declaration(Some("b".to_owned())),
                alteration: Alteration::Swallow,
            },
            Quirk {
                target: Target::Checkin("Authenticate".to_owned()),
                alteration: Alteration::Status(503),
            },
        ]);
        let body = |kind: &str| {
            json!({ "Type": kind, "Payload": {} })
                .to_string()
                .into_bytes()
        };
        let out = quirks.declaration(body("a")).expect("altered");
        assert_eq!(
            serde_json::from_slice::<Value>(&out).expect("JSON")["Payload"],
            json!({ "X": 2 })
        );
        assert_eq!(quirks.declaration(body("b")), Err(404));
        assert!(quirks.declaration(body("c")).is_ok());
        assert_eq!(quirks.checkin("Authenticate", None), Err(503));
        assert_eq!(quirks.checkin("TokenUpdate", None), Ok(None));
    }
}
