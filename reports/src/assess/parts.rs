//! Parts of a purpose: what the looks show, and what that means under the expectation in force.

use scenarios::commands;
use scenarios::event::{Judged, LookKind};
use scenarios::scenario::{Action, DeviceAction, Expectation, Part, Phase, Scenario, Specified};

use super::context::CellView;
use super::types::{Observed, PartState};
use crate::record::LookRecord;

/// Commands whose answer is what the device tells of itself, never an echo of what the server had put there.
const TELLING: [&str; 2] = ["DeviceLocation", "UserList"];

/// Whether the information that arrives is the whole of a part: the scenario only asks, or all looks of the part are at
/// what the server saw, or at what the device tells of itself.
#[must_use]
pub fn informs(scenario: &Scenario, part: &str) -> bool {
    let mut steps = scenario
        .apply
        .iter()
        .chain(&scenario.verify)
        .chain(&scenario.undo)
        .chain(&scenario.verify_undone)
        .filter(|step| step.looks.iter().any(|look| look.part == part))
        .peekable();
    only_asks(scenario)
        || steps.peek().is_some()
            && steps.all(|step| match &step.action {
                Action::Command { request_type, .. } => TELLING.contains(&request_type.as_str()),
                Action::ServerView => true,
                _ => false,
            })
}

/// Whether the scenario only asks: information that arrives is its whole purpose.
#[must_use]
pub fn only_asks(scenario: &Scenario) -> bool {
    scenario
        .apply
        .iter()
        .chain(&scenario.verify)
        .chain(&scenario.undo)
        .all(|step| match &step.action {
            // For a feature that only asks, the answer itself is the effect.
            Action::Command { request_type, .. } => commands::reads(request_type),
            Action::Effect | Action::ServerView => true,
            Action::Device(action) => matches!(
                action,
                DeviceAction::Poll
                    | DeviceAction::Unlock
                    | DeviceAction::Lock
                    | DeviceAction::Reboot
            ),
            Action::InstallProfile { .. }
            | Action::RemoveProfile { .. }
            | Action::Declare { .. }
            | Action::Undeclare { .. } => false,
        })
}

/// What the looks of one attempt show of a part.
///
/// A look that fails in any phase loses the part. Without a failure the effect must have been seen: a status or a
/// read-back alone never makes a part work. Where information is the whole of a part ([`informs`]), its arrival is the
/// effect.
#[must_use]
pub fn observe(looks: &[LookRecord], part: &str, informs: bool) -> Observed {
    let mine = || looks.iter().filter(|look| look.part == part);
    if mine().any(|look| look.judged == Judged::Fail) {
        return Observed::Lost;
    }
    let looks_at_effect = mine().any(|look| look.kind == LookKind::Effect);
    let counts = |kind: LookKind| match kind {
        LookKind::Effect => true,
        LookKind::ReadBack | LookKind::ServerView | LookKind::DeclarationStatus => {
            informs && !looks_at_effect
        }
        LookKind::Status => false,
    };
    let mut seen = false;
    for look in mine().filter(|look| counts(look.kind)) {
        match look.judged {
            Judged::Pass => seen = true,
            Judged::Fail | Judged::Unseen => return Observed::Unseen,
        }
    }
    if seen {
        Observed::Works
    } else {
        Observed::Unseen
    }
}

/// What became of a part that had been in force before an update in place; `None` when nothing was carried over, or
/// when it can be set anew just as well, so that the arrival makes no difference.
#[must_use]
pub(super) fn carried(looks: &[LookRecord], part: &str, informs: bool) -> Option<Observed> {
    let of = |phases: &[Phase]| -> Vec<LookRecord> {
        looks
            .iter()
            .filter(|look| look.part == part)
            .filter(|look| phases.iter().any(|phase| look.phase == phase.as_str()))
            .cloned()
            .collect()
    };
    let after = of(&[Phase::VerifyAfterUpdate]);
    let anew = of(&[Phase::Apply, Phase::Verify]);
    let set_anew = observe(&anew, part, informs) == Observed::Works;
    (!after.is_empty() && !set_anew).then(|| observe(&after, part, informs))
}

/// The expectation in force on a cell: the first whose condition holds.
#[must_use]
pub(super) fn in_force<'a>(part: &'a Part, cell: &CellView<'_>) -> Option<&'a Expectation> {
    part.expectations.iter().find(|row| cell.holds(&row.when))
}

/// Observation and expectation together.
#[must_use]
pub const fn judge(observed: Observed, specified: Option<Specified>) -> PartState {
    match (specified, observed) {
        (None, _) => PartState::NoExpectation,
        (Some(Specified::Works), Observed::Works) => PartState::Works,
        (Some(Specified::Works), Observed::Lost) => PartState::Lost,
        (Some(Specified::Lost | Specified::NotSupported), Observed::Works) => {
            PartState::WorksUnexpectedly
        }
        (Some(Specified::Lost), Observed::Lost) => PartState::LostAsSpecified,
        (Some(Specified::Works | Specified::Lost), Observed::Unseen) => PartState::Unseen,
        (Some(Specified::NotSupported), Observed::Lost | Observed::Unseen) => {
            PartState::NotSupported
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn look(kind: LookKind, judged: Judged) -> LookRecord {
        LookRecord {
            phase: "verify".to_owned(),
            step: 0,
            part: "p".to_owned(),
            kind,
            pointer: String::new(),
            expected: Value::Null,
            seen: Value::Null,
            judged,
            message: None,
        }
    }

    #[test]
    fn a_part_works_only_when_its_effect_was_seen() {
        use Judged::{Fail, Pass, Unseen};
        use LookKind::{DeclarationStatus, Effect, ReadBack, ServerView, Status};
        type Row = (&'static [(LookKind, Judged)], bool, Observed);
        let rows: [Row; 14] = [
            (&[], false, Observed::Unseen),
            (&[(Status, Pass)], false, Observed::Unseen),
            (&[(Status, Pass), (ReadBack, Pass)], false, Observed::Unseen),
            (
                &[(Status, Pass), (DeclarationStatus, Pass)],
                false,
                Observed::Unseen,
            ),
            (
                &[(Status, Pass), (ReadBack, Pass), (Effect, Pass)],
                false,
                Observed::Works,
            ),
            (&[(Effect, Pass)], false, Observed::Works),
            (
                &[(ReadBack, Pass), (Effect, Unseen)],
                false,
                Observed::Unseen,
            ),
            (&[(Effect, Pass), (Effect, Unseen)], false, Observed::Unseen),
            (&[(Effect, Pass), (Status, Fail)], false, Observed::Lost),
            (&[(Effect, Pass), (ReadBack, Fail)], false, Observed::Lost),
            (&[(ReadBack, Pass), (Effect, Fail)], false, Observed::Lost),
            (&[(ReadBack, Pass)], true, Observed::Works),
            (&[(ServerView, Pass)], true, Observed::Works),
            (&[(Status, Pass)], true, Observed::Unseen),
        ];
        for (looks, asks, expected) in rows {
            let records: Vec<_> = looks
                .iter()
                .map(|(kind, judged)| look(*kind, *judged))
                .collect();
            assert_eq!(
                observe(&records, "p", asks),
                expected,
                "{looks:?} asks={asks}"
            );
            assert_eq!(observe(&records, "other", asks), Observed::Unseen);
        }
    }

    #[test]
    fn an_echo_of_what_was_installed_is_never_the_effect() {
        use device_matrix::known::Text;
        use scenarios::feature::FeatureId;
        use scenarios::scenario::{
            ChannelWord, Condition, Look, Matcher, ScenarioId, Step, Survives,
        };

        let command = |request_type: &str| Action::Command {
            request_type: request_type.to_owned(),
            args: Value::Null,
            channel: ChannelWord::Device,
        };
        let step = |action, looked: bool| Step {
            when: Condition::default(),
            action,
            named: None,
            looks: looked
                .then(|| Look {
                    part: "p".to_owned(),
                    pointer: String::new(),
                    matcher: Matcher::Present,
                })
                .into_iter()
                .collect(),
        };
        let rows = [
            ("DeviceInformation", command("SecurityInfo"), true),
            ("InstallProfile", command("ProfileList"), false),
            ("InstallProfile", command("DeviceInformation"), false),
            ("EnableLostMode", command("DeviceLocation"), true),
            ("EnableLostMode", command("DisableLostMode"), false),
            ("InstallProfile", Action::ServerView, true),
            ("InstallProfile", Action::Effect, false),
        ];
        for (apply, looked_at, expected) in rows {
            let scenario = Scenario {
                id: ScenarioId(String::new()),
                feature: FeatureId(String::new()),
                title: Text {
                    ja: String::new(),
                    en: String::new(),
                },
                applies: Vec::new(),
                destructive: false,
                smoke: false,
                survives: Survives::default(),
                parts: Vec::new(),
                apply: vec![step(command(apply), false)],
                verify: vec![step(looked_at.clone(), true)],
                undo: Vec::new(),
                verify_undone: Vec::new(),
            };
            assert_eq!(informs(&scenario, "p"), expected, "{apply} {looked_at:?}");
            assert!(expected == only_asks(&scenario) || !informs(&scenario, "other"));
        }
    }

    #[test]
    fn observation_and_expectation() {
        use Observed::{Lost, Unseen, Works};
        let rows = [
            (Works, None, PartState::NoExpectation),
            (Lost, None, PartState::NoExpectation),
            (Unseen, None, PartState::NoExpectation),
            (Works, Some(Specified::Works), PartState::Works),
            (Lost, Some(Specified::Works), PartState::Lost),
            (Unseen, Some(Specified::Works), PartState::Unseen),
            (Works, Some(Specified::Lost), PartState::WorksUnexpectedly),
            (Lost, Some(Specified::Lost), PartState::LostAsSpecified),
            (Unseen, Some(Specified::Lost), PartState::Unseen),
            (
                Works,
                Some(Specified::NotSupported),
                PartState::WorksUnexpectedly,
            ),
            (Lost, Some(Specified::NotSupported), PartState::NotSupported),
            (
                Unseen,
                Some(Specified::NotSupported),
                PartState::NotSupported,
            ),
        ];
        for (observed, specified, expected) in rows {
            assert_eq!(
                judge(observed, specified),
                expected,
                "{observed:?} {specified:?}"
            );
        }
    }
}
