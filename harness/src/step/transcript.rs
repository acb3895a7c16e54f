//! Writes down what a case exchanges: who authored what, whether it arrived as it was handed in, without secrets.

use std::collections::HashMap;

use scenarios::event::{Author, Direction, Message, Transcript};
use serde_json::{Map, Value, json};

use super::matcher::equal;
use crate::device::{DeviceMessage, MessageBody};
use crate::protocol::apple::codec;
use crate::record::evidence::canonical;
use crate::record::{bound, redact};

/// What the transcript calls a press of a button of the server's own.
pub const PERFORM: &str = scenarios::event::PERFORM;

/// Messages of one attempt that are kept; a scenario exchanges some dozens.
const MAX_MESSAGES: usize = 2_000;

/// What came of a command that the harness handed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fate {
    /// It arrived at the device.
    pub arrived: bool,
    /// It arrived with another body than it was handed in with.
    pub altered: bool,
    /// Position of the device's latest answer in the transcript.
    pub answer: Option<u32>,
    /// The device's latest answer, as it was.
    pub body: Option<Value>,
}

/// The transcript of one attempt in the making.
#[derive(Clone, Debug, Default)]
pub struct Scribe {
    messages: Vec<Message>,
    left_out: u64,
    phase: &'static str,
    handed: HashMap<String, (Value, Fate)>,
    declared: HashMap<String, Value>,
    declarations_altered: Vec<String>,
    status_reports: u64,
    requests: u64,
    received: Vec<Received>,
}

/// A command that reached the device and that nobody of the harness handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// `CommandUUID`.
    pub uuid: String,
    /// `RequestType`.
    pub request_type: String,
    /// Position of the device's latest answer in the transcript.
    pub answer: Option<u32>,
    /// The device's latest answer, as it was.
    pub body: Option<Value>,
}

impl Scribe {
    /// Names the phase of what follows.
    pub fn phase(&mut self, word: &'static str) {
        self.phase = word;
    }

    /// The harness handed a command to the server.
    pub fn command(&mut self, uuid: &str, command: &Value) {
        // The twin of the twin: numbers and data in the form in which they come back from the wire.
        let normal = codec::from_json(command)
            .map_or_else(|_| command.clone(), |value| codec::to_json(&value));
        self.handed
            .insert(uuid.to_owned(), (normal, Fate::default()));
        let body = json!({ "CommandUUID": uuid, "Command": command });
        self.operator("enqueue", body);
    }

    /// The harness asked the server for an action of its own.
    pub fn action(&mut self, action: &str, args: &Value, request_types: &[&str]) {
        let body = json!({ "action": action, "args": args, "sends": request_types });
        self.operator(PERFORM, body);
    }

    /// Commands of the server's own that have reached the device so far.
    #[must_use]
    pub fn received(&self) -> &[Received] {
        &self.received
    }

    /// The harness handed declarations to the server.
    pub fn declarations(&mut self, declarations: &[Value]) {
        for declaration in declarations {
            if let Some(identifier) = declaration.get("Identifier").and_then(Value::as_str) {
                self.declared
                    .insert(identifier.to_owned(), declaration.clone());
            }
        }
        self.operator("set_declarations", Value::Array(declarations.to_vec()));
    }

    /// Takes down what the device exchanged.
    pub fn device(&mut self, messages: Vec<DeviceMessage>) {
        for message in messages {
            self.message(message);
        }
    }

    /// What came of the command handed in as `uuid`.
    #[must_use]
    pub fn fate(&self, uuid: &str) -> Option<&Fate> {
        self.handed.get(uuid).map(|(_, fate)| fate)
    }

    /// Identifiers of declarations that reached the device with another content.
    #[must_use]
    pub fn altered_declarations(&self) -> &[String] {
        &self.declarations_altered
    }

    /// Number of declarative status reports the device has sent in this attempt.
    #[must_use]
    pub fn status_reports(&self) -> u64 {
        self.status_reports
    }

    /// Number of requests that the device has made of the server: exchanges on the wire.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Number of messages so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.messages.len() as u64 + self.left_out
    }

    /// Whether nothing was exchanged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Position of the last message, when there is one.
    #[must_use]
    pub fn last(&self) -> Option<u32> {
        self.messages.last().map(|message| message.seq)
    }

    /// The transcript.
    #[must_use]
    pub fn finish(mut self) -> Transcript {
        if self.left_out > 0 {
            let seq = self.next_seq();
            self.messages.push(Message {
                seq,
                direction: Direction::ToOperatorApi,
                author: Author::Harness,
                what: "left_out".to_owned(),
                http_status: None,
                phase: self.phase.to_owned(),
                body: json!({ "messages": self.left_out }),
                handed_in: None,
                bytes: 0,
            });
        }
        Transcript {
            messages: self.messages,
        }
    }

    fn operator(&mut self, what: &str, body: Value) {
        let bytes = canonical(&body).len() as u64;
        self.push(
            Direction::ToOperatorApi,
            Author::Harness,
            what,
            None,
            body,
            None,
            bytes,
        );
    }

    fn message(&mut self, message: DeviceMessage) {
        let body = match message.body {
            MessageBody::Empty => Value::Null,
            MessageBody::Plist(dictionary) => codec::dictionary_to_json(&dictionary),
            MessageBody::Json(value) => value,
            MessageBody::Undecodable(text) => {
                json!({ "$undecodable": redact::text(&text) })
            }
        };
        match message.direction {
            Direction::ToDevice => {
                let (author, handed_in) = self.authorship(&body);
                if author == Author::Product && handed_in.is_none() {
                    self.receive(&body);
                }
                self.push(
                    Direction::ToDevice,
                    author,
                    &message.what,
                    message.http_status,
                    body,
                    handed_in,
                    message.bytes,
                );
            }
            direction @ (Direction::ToServer | Direction::ToOperatorApi) => {
                self.requests += 1;
                if is_status_report(&message.what, &body) {
                    self.status_reports += 1;
                }
                self.answer(&body);
                self.push(
                    direction,
                    Author::Device,
                    &message.what,
                    message.http_status,
                    body,
                    None,
                    message.bytes,
                );
            }
        }
    }

    /// Remembers an answer to a command of ours.
    fn answer(&mut self, body: &Value) {
        let seq = self.next_seq();
        let Some(uuid) = body.get("CommandUUID").and_then(Value::as_str) else {
            return;
        };
        if let Some((_, fate)) = self.handed.get_mut(uuid) {
            fate.answer = Some(seq);
            fate.body = Some(body.clone());
        } else if let Some(received) = self.received.iter_mut().rfind(|known| known.uuid == uuid) {
            received.answer = Some(seq);
            received.body = Some(body.clone());
        }
    }

    /// Remembers a command that the server made up itself.
    fn receive(&mut self, body: &Value) {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
        let (Some(uuid), Some(request_type)) = (text("/CommandUUID"), text("/Command/RequestType"))
        else {
            return;
        };
        if self.received.len() < MAX_MESSAGES && !self.received.iter().any(|r| r.uuid == uuid) {
            self.received.push(Received {
                uuid: uuid.to_owned(),
                request_type: request_type.to_owned(),
                answer: None,
                body: None,
            });
        }
    }

    /// The harness authored what arrived as it was handed in; everything else comes from the server.
    fn authorship(&mut self, body: &Value) -> (Author, Option<Value>) {
        if let Some(uuid) = body.get("CommandUUID").and_then(Value::as_str)
            && let Some((handed, fate)) = self.handed.get_mut(uuid)
        {
            fate.arrived = true;
            let command = body.get("Command").unwrap_or(&Value::Null);
            if equal(handed, command) {
                return (Author::Harness, None);
            }
            fate.altered = true;
            let whole = json!({ "CommandUUID": uuid, "Command": handed });
            return (Author::Product, Some(whole));
        }
        if let Some(identifier) = body.get("Identifier").and_then(Value::as_str)
            && body.get("Type").is_some()
            && let Some(handed) = self.declared.get(identifier)
        {
            if equal(&without_token(handed), &without_token(body)) {
                return (Author::Harness, None);
            }
            if !self
                .declarations_altered
                .iter()
                .any(|known| known == identifier)
            {
                self.declarations_altered.push(identifier.to_owned());
            }
            return (Author::Product, Some(handed.clone()));
        }
        (Author::Product, None)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one argument per field of a message"
    )]
    fn push(
        &mut self,
        direction: Direction,
        author: Author,
        what: &str,
        http_status: Option<u16>,
        body: Value,
        handed_in: Option<Value>,
        bytes: u64,
    ) {
        if self.messages.len() >= MAX_MESSAGES {
            self.left_out += 1;
            return;
        }
        let seq = self.next_seq();
        self.messages.push(Message {
            seq,
            direction,
            author,
            what: bound::bounded_text(what, 200),
            http_status,
            phase: self.phase.to_owned(),
            body: kept(body),
            handed_in: handed_in.map(kept),
            bytes,
        });
    }

    fn next_seq(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX)
    }
}

/// A body as it may be kept.
fn kept(mut body: Value) -> Value {
    redact::redact(&mut body);
    bound::bounded(body, bound::MESSAGE)
}

/// Servers add their own `ServerToken`; it is theirs and not part of what was handed in.
fn without_token(declaration: &Value) -> Value {
    let mut object: Map<String, Value> = declaration.as_object().cloned().unwrap_or_default();
    object.remove("ServerToken");
    Value::Object(object)
}

fn is_status_report(what: &str, body: &Value) -> bool {
    what == "status"
        || what.ends_with("/status")
        || body.get("Endpoint").and_then(Value::as_str) == Some("status")
}
