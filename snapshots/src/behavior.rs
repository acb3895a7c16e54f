//! Behavior changes: two transcripts of the same case, message by message.

use std::collections::BTreeMap;

use scenarios::event::{Direction, Message, Transcript};

use crate::diff::{Change, Difference, diff};
use crate::redact::redacted;

/// Differences kept per message; more say only that the message is another one.
const MAX_PER_MESSAGE: usize = 40;

/// What identifies a message across two runs of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// Direction.
    pub direction: Direction,
    /// Message type, command or endpoint.
    pub what: String,
    /// Phase word.
    pub phase: String,
    /// How many of the same kind came before it.
    pub occurrence: u32,
}

/// How a message behaves differently.
#[derive(Clone, Debug, PartialEq)]
pub enum Behavior {
    /// The message is new.
    MessageAdded,
    /// The message no longer comes.
    MessageRemoved,
    /// The HTTP status is another one.
    HttpStatus {
        /// Before.
        before: Option<u16>,
        /// After.
        after: Option<u16>,
    },
    /// A value of the body is another one.
    Body(Difference),
}

/// One change of behavior.
#[derive(Clone, Debug, PartialEq)]
pub struct BehaviorChange {
    /// The message.
    pub message: MessageKey,
    /// What changed.
    pub behavior: Behavior,
}

/// What changed from `previous` to `current`, in the order in which a reader meets it.
///
/// Messages are aligned by direction, name, phase and occurrence; volatile values are taken out before.
#[must_use]
pub fn diff_transcripts(previous: &Transcript, current: &Transcript) -> Vec<BehaviorChange> {
    let before = keyed(previous);
    let after = keyed(current);
    let mut keys: Vec<&MessageKey> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut out = Vec::new();
    for key in keys {
        let mut push = |behavior| {
            out.push(BehaviorChange {
                message: key.clone(),
                behavior,
            });
        };
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) => {
                if old.http_status != new.http_status {
                    push(Behavior::HttpStatus {
                        before: old.http_status,
                        after: new.http_status,
                    });
                }
                diff(&redacted(&old.body), &redacted(&new.body))
                    .into_iter()
                    .take(MAX_PER_MESSAGE)
                    .for_each(|difference| push(Behavior::Body(difference)));
            }
            (Some(_), None) => push(Behavior::MessageRemoved),
            (None, Some(_)) => push(Behavior::MessageAdded),
            (None, None) => {}
        }
    }
    out
}

impl BehaviorChange {
    /// The same change seen from the other side.
    #[must_use]
    pub fn inverse(self) -> Self {
        let behavior = match self.behavior {
            Behavior::MessageAdded => Behavior::MessageRemoved,
            Behavior::MessageRemoved => Behavior::MessageAdded,
            Behavior::HttpStatus { before, after } => Behavior::HttpStatus {
                before: after,
                after: before,
            },
            Behavior::Body(difference) => Behavior::Body(difference.inverse()),
        };
        Self {
            message: self.message,
            behavior,
        }
    }

    /// JSON pointer of the body value concerned; empty for the message as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.behavior {
            Behavior::Body(difference) => &difference.path,
            _ => "",
        }
    }

    /// Whether something that was there is gone.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(
            self.behavior,
            Behavior::MessageRemoved
                | Behavior::Body(Difference {
                    change: Change::Removed(_),
                    ..
                })
        )
    }
}

fn keyed(transcript: &Transcript) -> BTreeMap<MessageKey, &Message> {
    let mut seen: BTreeMap<(Direction, &str, &str), u32> = BTreeMap::new();
    let mut out = BTreeMap::new();
    for message in &transcript.messages {
        let count = seen
            .entry((message.direction, &message.what, &message.phase))
            .or_default();
        out.insert(
            MessageKey {
                direction: message.direction,
                what: message.what.clone(),
                phase: message.phase.clone(),
                occurrence: *count,
            },
            message,
        );
        *count += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use scenarios::event::Author;
    use serde_json::{Value, json};

    use super::*;

    fn message(seq: u32, what: &str, body: Value) -> Message {
        Message {
            seq,
            direction: Direction::ToServer,
            author: Author::Device,
            what: what.to_owned(),
            http_status: None,
            phase: "verify".to_owned(),
            body,
            handed_in: None,
            bytes: 0,
        }
    }

    fn transcript(messages: Vec<Message>) -> Transcript {
        Transcript { messages }
    }

    #[test]
    fn a_removed_query_answer_is_a_change_and_a_new_uuid_is_none() {
        let before = transcript(vec![message(
            0,
            "DeviceInformation",
            json!({"CommandUUID": "1", "QueryResponses": {"IMEI": "1", "DeviceName": "a"}}),
        )]);
        let after = transcript(vec![message(
            4,
            "DeviceInformation",
            json!({"CommandUUID": "2", "QueryResponses": {"DeviceName": "a"}}),
        )]);
        let found = diff_transcripts(&before, &after);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path(), "/QueryResponses/IMEI");
        assert!(found[0].is_loss());
    }

    #[test]
    fn messages_are_aligned_by_occurrence() {
        let status = |text: &str| json!({"Status": text});
        let before = transcript(vec![
            message(0, "InstallProfile", status("NotNow")),
            message(1, "InstallProfile", status("Acknowledged")),
        ]);
        let after = transcript(vec![message(0, "InstallProfile", status("Error"))]);
        let found = diff_transcripts(&before, &after);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path(), "/Status");
        assert_eq!(found[1].behavior, Behavior::MessageRemoved);
        assert_eq!(found[1].message.occurrence, 1);
    }

    #[test]
    fn nothing_changes_against_itself_and_the_way_back_is_the_inverse() {
        let before = transcript(vec![
            message(0, "Authenticate", json!({"a": 1})),
            message(1, "Idle", json!({})),
        ]);
        let after = transcript(vec![message(0, "Authenticate", json!({"a": 2, "b": []}))]);
        assert!(diff_transcripts(&before, &before).is_empty());
        let forth: Vec<_> = diff_transcripts(&before, &after)
            .into_iter()
            .map(BehaviorChange::inverse)
            .collect();
        assert_eq!(forth, diff_transcripts(&after, &before));
    }
}
