//! What was observed in one case, as text that a person can review and a program can read back.
//!
//! ```text
//! # verify
//! > ProfileList harness 200
//!   {"Command":{"RequestType":"ProfileList"},"CommandUUID":"[volatile]"}
//! < ProfileList device
//!   {"Status":"Acknowledged"}
//! = /restrictions/allowCamera
//!   false
//! ```
//!
//! `#` begins a phase, `>` is a message to the device, `<` one to the server, `=` a look at the device's effects. The
//! line names message, author and HTTP status; what is indented below is the JSON body. Volatile values, identities
//! and secrets are taken out by [`crate::redact`] before. What the harness asks of the server's operator side is no
//! behavior and is left out.

use std::fmt::Write as _;

use scenarios::event::{Author, Direction, Message, Transcript};
use serde_json::Value;

use crate::redact;

/// Longest JSON, in bytes, that is written on one line.
const ONE_LINE: usize = 110;

/// A look at the device's effects.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectLook {
    /// Phase word.
    pub phase: String,
    /// JSON pointer into the effect tree.
    pub pointer: String,
    /// The value seen; `null` when absent.
    pub seen: Value,
}

/// One case as observed, without what differs from run to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observation {
    /// Messages between device and server, in order.
    pub messages: Transcript,
    /// Looks at effects, in order.
    pub effects: Vec<EffectLook>,
}

/// Why a text is no observation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
pub struct Unreadable {
    /// Line of the text, from 1.
    pub line: usize,
    /// What does not fit.
    pub cause: String,
}

impl Observation {
    /// Takes volatile values out of a transcript and looks.
    #[must_use]
    pub fn new(transcript: &Transcript, effects: impl IntoIterator<Item = EffectLook>) -> Self {
        let messages = transcript
            .messages
            .iter()
            .filter(|message| message.direction != Direction::ToOperatorApi)
            .map(|message| Message {
                seq: 0,
                body: redact::redacted(&message.body),
                handed_in: None,
                bytes: 0,
                ..message.clone()
            })
            .collect();
        let effects = effects
            .into_iter()
            .map(|look| EffectLook {
                seen: redact::at(&look.pointer, &look.seen),
                ..look
            })
            .collect();
        Self {
            messages: Transcript { messages },
            effects,
        }
    }

    /// The text of the observation. The same observation gives the same text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let mut phase: Option<&str> = None;
        let mut effects = self.effects.iter().peekable();
        let begin = |out: &mut String, word: &str| {
            let _ = writeln!(out, "# {word}");
        };
        for (index, message) in self.messages.messages.iter().enumerate() {
            if phase != Some(&message.phase) {
                begin(&mut out, &message.phase);
                phase = Some(&message.phase);
            }
            let arrow = if message.direction == Direction::ToDevice {
                '>'
            } else {
                '<'
            };
            let _ = write!(out, "{arrow} {} {}", message.what, word(message.author));
            if let Some(status) = message.http_status {
                let _ = write!(out, " {status}");
            }
            out.push('\n');
            body(&mut out, &message.body);
            let last_of_phase = self
                .messages
                .messages
                .get(index + 1)
                .is_none_or(|next| next.phase != message.phase);
            while last_of_phase
                && let Some(look) = effects.next_if(|look| look.phase == message.phase)
            {
                effect(&mut out, look);
            }
        }
        for look in effects {
            if phase != Some(&look.phase) {
                begin(&mut out, &look.phase);
                phase = Some(&look.phase);
            }
            effect(&mut out, look);
        }
        out
    }

    /// Reads a text back.
    ///
    /// # Errors
    /// The first line that does not fit.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let mut out = Self::default();
        let mut phase = String::new();
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            let wrong = |cause: &str| Unreadable {
                line: number + 1,
                cause: cause.to_owned(),
            };
            if line.trim().is_empty() {
                continue;
            }
            let (mark, rest) = line
                .split_at_checked(2)
                .ok_or_else(|| wrong("a line begins with `# `, `> `, `< ` or `= `"))?;
            if mark == "# " {
                rest.clone_into(&mut phase);
                continue;
            }
            let mut json = String::new();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("  ")) {
                json.push_str(more);
                json.push('\n');
            }
            let value = if json.is_empty() {
                Value::Null
            } else {
                serde_json::from_str(&json)
                    .map_err(|error| wrong(&format!("the body below is no JSON: {error}")))?
            };
            match mark {
                "= " => out.effects.push(EffectLook {
                    phase: phase.clone(),
                    pointer: rest.to_owned(),
                    seen: value,
                }),
                "> " | "< " => {
                    let message = message(mark, rest, value, &phase)
                        .ok_or_else(|| wrong("a message reads `> NAME AUTHOR STATUS`"))?;
                    out.messages.messages.push(message);
                }
                _ => return Err(wrong("a line begins with `# `, `> `, `< ` or `= `")),
            }
        }
        Ok(out)
    }
}

fn message(mark: &str, head: &str, body: Value, phase: &str) -> Option<Message> {
    // The name may hold spaces; author and status do not.
    let (rest, last) = head.rsplit_once(' ')?;
    let (what, author, http_status) = match last.parse::<u16>() {
        Ok(status) => {
            let (what, author) = rest.rsplit_once(' ')?;
            (what, author, Some(status))
        }
        Err(_) => (rest, last, None),
    };
    let author = AUTHORS.iter().find(|(_, known)| *known == author)?.0;
    Some(Message {
        seq: 0,
        direction: if mark == "> " {
            Direction::ToDevice
        } else {
            Direction::ToServer
        },
        author,
        what: what.to_owned(),
        http_status,
        phase: phase.to_owned(),
        body,
        handed_in: None,
        bytes: 0,
    })
}

const AUTHORS: [(Author, &str); 4] = [
    (Author::Product, "product"),
    (Author::Operator, "operator"),
    (Author::Device, "device"),
    (Author::Harness, "harness"),
];

fn word(author: Author) -> &'static str {
    AUTHORS
        .iter()
        .find(|(known, _)| *known == author)
        .map_or("", |(_, word)| word)
}

fn effect(out: &mut String, look: &EffectLook) {
    let _ = writeln!(out, "= {}", look.pointer);
    body(out, &look.seen);
}

fn body(out: &mut String, value: &Value) {
    if value.is_null() {
        return;
    }
    let line = value.to_string();
    if line.len() <= ONE_LINE {
        let _ = writeln!(out, "  {line}");
        return;
    }
    // Values of JSON types can always be written.
    for line in serde_json::to_string_pretty(value).unwrap_or(line).lines() {
        let _ = writeln!(out, "  {line}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(direction: Direction, author: Author, what: &str, body: Value) -> Message {
        Message {
            seq: 3,
            direction,
            author,
            what: what.to_owned(),
            http_status: (direction == Direction::ToDevice).then_some(200),
            phase: "verify".to_owned(),
            body,
            handed_in: None,
            bytes: 12,
        }
    }

    #[test]
    fn a_text_that_a_person_can_review_and_a_program_can_read_back() {
        let transcript = Transcript {
            messages: vec![
                message(
                    Direction::ToOperatorApi,
                    Author::Harness,
                    "enqueue",
                    json!({}),
                ),
                message(
                    Direction::ToServer,
                    Author::Device,
                    "Idle",
                    json!({"Status": "Idle", "UDID": "0001"}),
                ),
                message(
                    Direction::ToDevice,
                    Author::Harness,
                    "DeviceInformation",
                    json!({"CommandUUID": "x", "Command": {"RequestType": "DeviceInformation", "Queries": ["IMEI"]}}),
                ),
                message(
                    Direction::ToServer,
                    Author::Device,
                    "DeviceInformation",
                    json!({"Status": "Acknowledged", "CommandUUID": "x", "UDID": "0001",
                        "QueryResponses": {"IMEI": "35 0000", "OSVersion": "18.0", "Note": "two\nlines"}}),
                ),
                message(Direction::ToDevice, Author::Product, "empty", Value::Null),
            ],
        };
        let effects = [EffectLook {
            phase: "verify".to_owned(),
            pointer: "/restrictions/allowCamera".to_owned(),
            seen: json!(false),
        }];
        let observed = Observation::new(&transcript, effects);
        let text = observed.to_text();
        insta::assert_snapshot!(text);
        assert_eq!(Observation::parse(&text), Ok(observed));
    }

    #[test]
    fn what_is_no_observation_is_told_with_its_line() {
        for (text, line) in [
            ("hello", 1),
            ("# a\n> Idle\n", 2),
            ("# a\n< Idle device\n  {", 2),
            ("日", 1),
        ] {
            assert_eq!(
                Observation::parse(text).map_err(|error| error.line),
                Err(line),
                "{text}"
            );
        }
    }
}
