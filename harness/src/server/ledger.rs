//! What a server saw of one enrollment: final results and check-ins, and somebody who waits for them.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use plist::Dictionary;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{CommandResult, ServerView};
use crate::protocol::apple::codec;

/// Results kept that nobody has asked for yet; the oldest go first.
const UNREAD: usize = 256;
/// Bytes on the wire that those results may have had together.
const UNREAD_BYTES: usize = 16 * 1024 * 1024;
/// Check-ins kept; the oldest go first.
const CHECKINS: usize = 1024;

/// Check-ins that enroll or withdraw: the ones that every server tells of.
pub(crate) const COUNTED: [&str; 3] = ["Authenticate", "TokenUpdate", "CheckOut"];

/// What was seen of one enrollment. Memory is bounded whatever devices send.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    results: VecDeque<Entry>,
    checkins: VecDeque<(Option<Timestamp>, String)>,
    bootstrap_token: bool,
}

#[derive(Debug)]
struct Entry {
    uuid: String,
    body: Dictionary,
    bytes: usize,
}

impl Ledger {
    /// Notes a final result that had so many bytes on the wire. A repetition of a known one replaces it.
    pub(crate) fn result(&self, uuid: &str, body: Dictionary, bytes: usize) {
        let mut inner = self.lock();
        inner.results.retain(|entry| entry.uuid != uuid);
        inner.results.push_back(Entry {
            uuid: uuid.to_owned(),
            body,
            bytes,
        });
        let mut held: usize = inner.results.iter().map(|entry| entry.bytes).sum();
        while inner.results.len() > UNREAD || held > UNREAD_BYTES {
            let Some(oldest) = inner.results.pop_front() else {
                break;
            };
            held -= oldest.bytes;
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Notes a check-in. With instants, messages that arrive out of order are put in order.
    pub(crate) fn checkin(&self, kind: &str, at: Option<Timestamp>) {
        let mut inner = self.lock();
        let mut position = inner.checkins.len();
        while position > 0 && at.is_some() && inner.checkins[position - 1].0 > at {
            position -= 1;
        }
        inner.checkins.insert(position, (at, kind.to_owned()));
        while inner.checkins.len() > CHECKINS {
            inner.checkins.pop_front();
        }
        drop(inner);
        self.changed.notify_waiters();
    }

    /// Notes whether a bootstrap token is escrowed.
    pub(crate) fn bootstrap_token(&self, escrowed: bool) {
        self.lock().bootstrap_token = escrowed;
    }

    /// What was seen of check-ins.
    pub(crate) fn view(&self) -> ServerView {
        let inner = self.lock();
        let since = inner
            .checkins
            .iter()
            .rposition(|(_, kind)| kind == "Authenticate")
            .unwrap_or(0);
        let updates = inner
            .checkins
            .iter()
            .skip(since)
            .filter(|(_, kind)| kind == "TokenUpdate")
            .count();
        ServerView {
            checkins: inner
                .checkins
                .iter()
                .map(|(_, kind)| kind.clone())
                .collect(),
            token_updates: u32::try_from(updates).unwrap_or(u32::MAX),
            bootstrap_token: inner.bootstrap_token,
        }
    }

    /// Waits until so many check-ins have been seen that enroll or withdraw, at most so long.
    pub(crate) async fn wait_checkins(&self, checkins: usize, within: Duration) {
        let seen = || {
            let inner = self.lock();
            let kinds = inner.checkins.iter().map(|(_, kind)| kind.as_str());
            kinds.filter(|kind| COUNTED.contains(kind)).count()
        };
        let wanted = checkins.min(CHECKINS);
        let _ = self.wait(within, || (seen() >= wanted).then_some(())).await;
    }

    /// Waits for the final result of a command and hands it out, once: a long run must not keep what it has seen.
    pub(crate) async fn wait_result(&self, uuid: &str, within: Duration) -> Option<CommandResult> {
        let body = self.wait(within, || self.take(uuid)).await?;
        Some(CommandResult { body })
    }

    /// Forgets results.
    pub(crate) fn clear_results(&self) {
        self.lock().results.clear();
    }

    fn take(&self, uuid: &str) -> Option<Value> {
        let mut inner = self.lock();
        let at = inner.results.iter().position(|entry| entry.uuid == uuid)?;
        let entry = inner.results.remove(at)?;
        drop(inner);
        Some(codec::dictionary_to_json(&entry.body))
    }

    async fn wait<T>(&self, within: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut changed = pin!(self.changed.notified());
        loop {
            // Listening begins before the look, so that nothing between look and wait is missed.
            changed.as_mut().enable();
            if let Some(found) = look() {
                return Some(found);
            }
            tokio::time::timeout_at(deadline, changed.as_mut())
                .await
                .ok()?;
            changed.set(self.changed.notified());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_waiter_gets_the_result_that_comes_later() {
        let ledger = Ledger::default();
        let (found, ()) = tokio::join!(ledger.wait_result("a", Duration::from_secs(1)), async {
            ledger.result("b", Dictionary::new(), 9);
            ledger.result("a", Dictionary::new(), 9);
        });
        assert!(found.is_some());
        assert!(
            ledger
                .wait_result("c", Duration::from_mins(1))
                .await
                .is_none()
        );
    }

    #[test]
    fn memory_is_bounded() {
        let ledger = Ledger::default();
        for n in 0..5000 {
            ledger.result(&n.to_string(), Dictionary::new(), 9);
            ledger.checkin("TokenUpdate", None);
        }
        assert_eq!(ledger.lock().results.len(), UNREAD);
        assert_eq!(ledger.lock().checkins.len(), CHECKINS);
        assert!(ledger.take("0").is_none());
        ledger.result("large", Dictionary::new(), UNREAD_BYTES - 9);
        assert_eq!(ledger.lock().results.len(), 2);
        assert!(ledger.take("4999").is_some());
        assert!(ledger.take("4999").is_none());
    }

    #[test]
    fn late_check_ins_are_put_in_order() {
        let ledger = Ledger::default();
        let at = |second| Timestamp::from_second(second).ok();
        ledger.checkin("TokenUpdate", at(2));
        ledger.checkin("Authenticate", at(1));
        assert_eq!(ledger.view().checkins, ["Authenticate", "TokenUpdate"]);
        assert_eq!(ledger.view().token_updates, 1);
        ledger.checkin("Authenticate", at(3));
        assert_eq!(ledger.view().token_updates, 0);
    }
}
