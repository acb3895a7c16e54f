//! The command queue of one enrollment.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

/// Most commands that wait for one enrollment.
const LONGEST: usize = 10_000;
/// Most answered ids remembered, against duplicates.
const REMEMBERED: usize = 4096;

/// A command that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    /// `CommandUUID`.
    pub(super) uuid: String,
    /// `RequestType`.
    pub(super) request_type: String,
    /// The property list as it was handed in.
    pub(super) raw: Bytes,
    /// How often it is delivered again after a final answer; a planted fault.
    pub(super) repeats: u8,
}

/// A status word of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Idle,
    NotNow,
    /// `Acknowledged`, `Error`, `CommandFormatError`, and what a later release may add.
    Final,
}

impl Status {
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "Idle" => Self::Idle,
            "NotNow" => Self::NotNow,
            _ => Self::Final,
        }
    }
}

/// Commands in order. One that was answered with `NotNow` is passed over until the device is idle again.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<(Queued, bool)>,
    answered: HashSet<String>,
}

impl Queue {
    /// Puts a command at the end.
    pub(super) fn push(&mut self, command: Queued) -> Result<(), String> {
        let known = self.answered.contains(&command.uuid)
            || self
                .waiting
                .iter()
                .any(|(waiting, _)| waiting.uuid == command.uuid);
        if known {
            return Err(format!("command already exists: {}", command.uuid));
        }
        if self.waiting.len() >= LONGEST {
            return Err(format!("the queue holds {LONGEST} commands already"));
        }
        self.waiting.push_back((command, false));
        Ok(())
    }

    /// Takes in a report and gives the next command to deliver. A command stays until its final answer, so that
    /// one lost on the way is delivered again.
    pub(super) fn report(&mut self, status: Status, uuid: Option<&str>) -> Option<Queued> {
        match status {
            Status::Idle => {
                for (_, passed_over) in &mut self.waiting {
                    *passed_over = false;
                }
            }
            Status::NotNow => {
                if let Some((_, passed_over)) = self.find(uuid) {
                    *passed_over = true;
                }
            }
            Status::Final => self.finish(uuid),
        }
        self.waiting
            .iter()
            .find(|(_, passed_over)| !passed_over)
            .map(|(command, _)| command.clone())
    }

    /// Forgets everything, as a new enrollment does.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.answered.clear();
    }

    fn find(&mut self, uuid: Option<&str>) -> Option<&mut (Queued, bool)> {
        self.waiting
            .iter_mut()
            .find(|(command, _)| Some(command.uuid.as_str()) == uuid)
    }

    fn finish(&mut self, uuid: Option<&str>) {
        let Some((command, _)) = self.find(uuid) else {
            return;
        };
        if let Some(fewer) = command.repeats.checked_sub(1) {
            command.repeats = fewer;
            return;
        }
        let uuid = command.uuid.clone();
        self.waiting.retain(|(command, _)| command.uuid != uuid);
        if self.answered.len() >= REMEMBERED {
            self.answered.clear();
        }
        self.answered.insert(uuid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(uuid: &str) -> Queued {
        Queued {
            uuid: uuid.to_owned(),
            request_type: "DeviceInformation".to_owned(),
            raw: Bytes::new(),
            repeats: 0,
        }
    }

    fn queue(uuids: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for uuid in uuids {
            queue.push(command(uuid)).expect("queued");
        }
        queue
    }

    /// Reports one after the other, with the command expected next.
    fn check(queue: &mut Queue, dialog: &[(Status, Option<&str>, Option<&str>)]) {
        for (status, uuid, next) in dialog {
            let found = queue.report(*status, *uuid).map(|command| command.uuid);
            assert_eq!(found.as_deref(), *next, "after {status:?} {uuid:?}");
        }
    }

    #[test]
    fn commands_come_in_order_and_stay_until_answered() {
        check(
            &mut queue(&["a", "b"]),
            &[
                (Status::Idle, None, Some("a")),
                (Status::Idle, None, Some("a")),
                (Status::Final, Some("unknown"), Some("a")),
                (Status::Final, Some("a"), Some("b")),
                (Status::Final, Some("b"), None),
                (Status::Idle, None, None),
            ],
        );
    }

    #[test]
    fn not_now_is_passed_over_until_idle() {
        check(
            &mut queue(&["a", "b", "c"]),
            &[
                (Status::Idle, None, Some("a")),
                (Status::NotNow, Some("a"), Some("b")),
                (Status::NotNow, Some("b"), Some("c")),
                (Status::Final, Some("c"), None),
                (Status::Idle, None, Some("a")),
                (Status::Final, Some("a"), Some("b")),
                (Status::Final, Some("b"), None),
            ],
        );
    }

    #[test]
    fn an_id_is_used_once_and_a_repeat_is_delivered_twice() {
        let mut queue = queue(&["a"]);
        assert!(queue.push(command("a")).is_err());
        queue.report(Status::Final, Some("a"));
        assert!(queue.push(command("a")).is_err());
        queue.clear();
        let twice = Queued {
            repeats: 1,
            ..command("a")
        };
        queue.push(twice).expect("queued");
        check(
            &mut queue,
            &[
                (Status::Idle, None, Some("a")),
                (Status::Final, Some("a"), Some("a")),
                (Status::Final, Some("a"), None),
            ],
        );
    }
}
