//! What a server and the network do wrong to messages on their way to devices: the server's interpreter of
//! [`scenarios::fault::Behavior`].
//!
//! A path is a JSON pointer into the message's JSON twin. It may lead through data that is itself a property list,
//! such as the profile in `/Command/Payload`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plist::Dictionary;
use scenarios::fault::{About, Behavior, By, Does, names};
use serde_json::Value;

use crate::protocol::apple::codec;

/// What the server, and the network on the way to it, does wrong; applied in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerQuirks(Vec<Behavior>);

/// How long an answer does not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It comes late.
    For(Duration),
    /// It never comes.
    ForEver,
}

impl ServerQuirks {
    /// What of these is the server's or the network's doing.
    #[must_use]
    pub fn new(behaviors: impl IntoIterator<Item = Behavior>) -> Self {
        let own = |behavior: &Behavior| behavior.by != By::Device;
        Self(behaviors.into_iter().filter(own).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn on_command<'a>(&'a self, request_type: &'a str) -> impl Iterator<Item = &'a Does> {
        self.matching(
            By::Server,
            move |about| matches!(about, About::Command(name) if names(name, request_type)),
        )
    }

    fn matching<'a>(
        &'a self,
        by: By,
        about: impl Fn(&About) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Does> {
        self.0
            .iter()
            .filter(move |behavior| behavior.by == by && about(&behavior.about))
            .map(|behavior| &behavior.does)
    }

    /// How long the network holds an answer back.
    pub(super) fn held(&self, about: impl Fn(&About) -> bool) -> Option<Held> {
        self.matching(By::Network, about)
            .find_map(|does| match does {
                Does::Never => Some(Held::ForEver),
                Does::Delay(late) => Some(Held::For(Duration::from_millis(u64::from(*late)))),
                _ => None,
            })
    }

    /// Whether a notification is sent and lost on its way.
    pub(super) fn loses_pushes(&self) -> bool {
        let push = |about: &About| *about == About::Push;
        self.matching(By::Network, push)
            .any(|does| *does == Does::Never)
    }

    /// Whether the server fails to notify.
    pub(super) fn never_pushes(&self) -> bool {
        let push = |about: &About| *about == About::Push;
        self.matching(By::Server, push)
            .any(|does| *does == Does::Never)
    }

    /// The HTTP status that a check-in is refused with because a value in it is none of an exact list.
    pub(super) fn refuses(&self, message_type: &str, message: &Dictionary) -> Option<u16> {
        let about = |about: &About| matches!(about, About::Checkin(of) if names(of, message_type));
        self.matching(By::Server, about)
            .find_map(|does| match does {
                Does::AcceptOnly { at, values } => {
                    let seen = codec::dictionary_to_json(message).pointer(at).cloned();
                    (!seen.is_some_and(|seen| values.contains(&seen))).then_some(400)
                }
                _ => None,
            })
    }

    /// A status report as the server takes it in.
    pub(super) fn status_report(&self, body: &[u8]) -> Option<Vec<u8>> {
        let about = |about: &About| *about == About::StatusReport;
        let mut changes = self.matching(By::Server, about).peekable();
        changes.peek()?;
        let mut report = serde_json::from_slice::<Value>(body).ok()?;
        for does in changes {
            apply(&mut report, does);
        }
        Some(report.to_string().into_bytes())
    }

    /// Whether a command is accepted and then lost.
    pub(super) fn swallows(&self, request_type: &str) -> bool {
        self.on_command(request_type)
            .any(|does| *does == Does::Never)
    }

    /// How often a command is delivered again.
    pub(super) fn repeats(&self, request_type: &str) -> u8 {
        let repeats = self
            .on_command(request_type)
            .filter(|does| **does == Does::Duplicate)
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
        let mut cut = None;
        for does in alterations {
            match does {
                Does::Garbage => return Some(b"\0not a property list".to_vec()),
                Does::Truncate(bytes) => cut = usize::try_from(*bytes).ok(),
                does => apply(&mut message, does),
            }
        }
        let mut bytes = encode(&message)?;
        bytes.truncate(cut.unwrap_or(usize::MAX));
        Some(bytes)
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
        let alterations = self.matching(
            By::Server,
            move |about| matches!(about, About::Declaration(of) if names(of, &kind)),
        );
        for alteration in alterations {
            match alteration {
                Does::Never => return Err(404),
                Does::Http(status) => return Err(*status),
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
        let about = |about: &About| matches!(about, About::Checkin(of) if names(of, message_type));
        for alteration in self.matching(By::Server, about) {
            match alteration {
                Does::Never => answer = None,
                Does::Http(status) => return Err(*status),
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
        self.matching(By::Server, |about| *about == About::StatusReport)
            .any(|does| *does == Does::Never)
    }
}

fn status_of(does: &Does) -> Option<u16> {
    match does {
        Does::Http(status) => Some(*status),
        _ => None,
    }
}

fn encode(message: &Value) -> Option<Vec<u8>> {
    let dictionary = codec::from_json(message).ok()?.into_dictionary()?;
    codec::encode_xml(&dictionary).ok()
}

fn apply(message: &mut Value, does: &Does) {
    match does {
        Does::Drop(path) => at_parent(message, path, &mut |parent, key| remove(parent, key)),
        Does::Rename { at: path, to: name } => at_parent(message, path, &mut |parent, key| {
            if let Some(object) = parent.as_object_mut()
                && let Some(value) = object.remove(key)
            {
                object.insert(name.clone(), value);
            }
        }),
        Does::Set { at: path, value } => {
            at_parent(message, path, &mut |parent, key| match parent {
                Value::Object(object) => {
                    object.insert(key.to_owned(), value.clone());
                }
                Value::Array(items) => {
                    if let Some(item) = key.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                        *item = value.clone();
                    }
                }
                _ => {}
            });
        }
        _ => {}
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

    fn altered(message: &Value, does: Does) -> Value {
        let about = About::command("InstallProfile");
        let quirks = ServerQuirks::new([Behavior::server(about, does)]);
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
                Does::drop(format!("{inner}/allowCamera")),
                json!([{ "allowChat": true }]),
            ),
            (
                Does::rename(format!("{inner}/allowCamera"), "allowKamera".to_owned()),
                json!([{ "allowChat": true, "allowKamera": false }]),
            ),
            (
                Does::set(format!("{inner}/allowCamera"), json!(true)),
                json!([{ "allowCamera": true, "allowChat": true }]),
            ),
            (
                Does::drop("/nowhere/at/all".to_owned()),
                json!([{ "allowCamera": false, "allowChat": true }]),
            ),
        ];
        for (alteration, expected) in table {
            let out = altered(&message, alteration);
            let payload = nested(&out["Command"]["Payload"]).expect("a profile");
            assert_eq!(payload["PayloadContent"], expected);
        }
        let out = altered(&message, Does::drop("/Command/Payload".to_owned()));
        assert_eq!(out["Command"], json!({ "RequestType": "InstallProfile" }));
    }

    #[test]
    fn declarations_and_answers_are_altered() {
        let quirks = ServerQuirks::new([
            Behavior::server(
                About::declaration("a"),
                Does::set("/Payload/X".to_owned(), json!(2)),
            ),
            Behavior::server(About::declaration("b"), Does::Never),
            Behavior::server(About::checkin("Authenticate"), Does::Http(503)),
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
