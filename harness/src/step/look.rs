//! Looks: what a step saw becomes judged events.

use scenarios::commands;
use scenarios::event::{Event, Judged, LookKind};
use scenarios::scenario::{Action, Look, Matcher, Phase};
use serde_json::Value;

use super::matcher;
use super::take::Seen;
use crate::record::{bound, redact};

/// Where looks belong.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Case id.
    pub case: &'a str,
    /// Attempt, from 1.
    pub attempt: u32,
    /// Phase.
    pub phase: Phase,
    /// Position of the step in its phase, from 0.
    pub step: u32,
}

/// The kind of check that a look is.
#[must_use]
pub fn kind(action: &Action, pointer: &str) -> LookKind {
    match action {
        Action::Command { request_type, .. } => {
            let status = pointer == "/Status" || pointer.starts_with("/ErrorChain");
            if !status && commands::reads(request_type) {
                LookKind::ReadBack
            } else {
                LookKind::Status
            }
        }
        Action::InstallProfile { .. } | Action::RemoveProfile { .. } => LookKind::Status,
        Action::Declare { .. } | Action::Undeclare { .. } => LookKind::DeclarationStatus,
        Action::Device(_) | Action::Effect => LookKind::Effect,
        Action::ServerView => LookKind::ServerView,
    }
}

/// Whether the matcher itself holds text, which is a secret where it is compared with one.
fn names_text(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::Equals(value)
        | Matcher::NotEquals(value)
        | Matcher::Contains(value)
        | Matcher::Lacks(value) => !(value.is_boolean() || value.is_number()),
        Matcher::OneOf(values) => values
            .iter()
            .any(|value| !(value.is_boolean() || value.is_number())),
        Matcher::Present
        | Matcher::Absent
        | Matcher::NotEmpty
        | Matcher::AtLeast(_)
        | Matcher::AtMost(_) => false,
    }
}

/// Judges one look.
#[must_use]
pub fn judge(place: Place<'_>, action: &Action, look: &Look, seen: &Seen) -> Event {
    let (judged, value) = match &seen.value {
        None => (Judged::Unseen, Value::Null),
        Some(document) => {
            let pass = matcher::matches(&look.matcher, document.pointer(&look.pointer));
            let judged = if pass { Judged::Pass } else { Judged::Fail };
            (judged, redact::look(document, &look.pointer))
        }
    };
    let mut expected = matcher::describe(&look.matcher);
    if let Some(word) = look
        .pointer
        .split('/')
        .find_map(|token| redact::secret(token, &Value::String(String::new())))
        && names_text(&look.matcher)
    {
        expected = redact::marker(word);
    }
    redact::redact(&mut expected);
    Event::Looked {
        case: place.case.to_owned(),
        attempt: place.attempt,
        phase: place.phase.as_str().to_owned(),
        step: place.step,
        part: look.part.clone(),
        kind: kind(action, &look.pointer),
        pointer: look.pointer.clone(),
        expected: bound::bounded(expected, bound::LOOK),
        seen: bound::bounded(value, bound::LOOK),
        judged,
        message: seen.message,
    }
}
