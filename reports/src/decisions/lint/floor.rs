//! The two conditions a decision rests on: enough newer generations stay, and the figures say that use decreases.

use std::collections::BTreeSet;

use device_matrix::support::{GenerationKey, TrendPolicy, newer_remaining};
use jiff::civil::Date;

use super::{Context, Places, Teller, own};
use crate::decisions::types::{Decision, State, Trend};

/// Tells when too few generations stay. Of `figures.remaining` those count that are newer than the version, out in Japan
/// on the day of the notice, and not leaving themselves by then.
pub(super) fn floor(
    decision: &Decision,
    places: &Places,
    decisions: &[(Decision, Places)],
    context: &Context<'_>,
    teller: &mut Teller<'_>,
) {
    let generations = &context.support.generations;
    let rows = generations.of(decision.platform);
    let needed = context.support.policy.floor;
    let version = GenerationKey(decision.version.clone());
    // What is withdrawn binds nobody; a version nobody knows is told about by its name.
    if decision.state == State::Withdrawn || !rows.iter().any(|row| row.key == version) {
        return;
    }
    let day = decision.current().0;
    let remaining: BTreeSet<GenerationKey> = decision
        .figures
        .remaining
        .iter()
        .map(|key| GenerationKey(key.clone()))
        .filter(|key| generations.is_out(decision.platform, key, day))
        .filter(|key| !leaves(key, decision, decisions, day))
        .collect();
    let newer = newer_remaining(rows, &version, &remaining);
    if newer.len() >= needed as usize {
        return;
    }
    let names: Vec<&str> = newer.iter().map(|key| key.0.as_str()).collect();
    teller.tell(
        own::FLOOR,
        places.remaining.clone(),
        format!(
            "{} newer generation(s) of {} would stay when the notice is published on {day}: {}; the rule asks for {needed}",
            newer.len(),
            decision.platform,
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        ),
        "generations count that are newer, out in Japan on that day, confirmed, and not leaving by another decision; \
         keep the version until there are enough",
    );
}

/// Whether another decision has announced by `day` that the generation leaves, or means to announce it by then.
fn leaves(
    key: &GenerationKey,
    decision: &Decision,
    decisions: &[(Decision, Places)],
    day: Date,
) -> bool {
    decisions.iter().map(|(other, _)| other).any(|other| {
        other.platform == decision.platform
            && other.version == key.0
            && match other.state_on(day) {
                Some(State::Announced | State::Postponed | State::Effective) => true,
                Some(State::Decided) => other.notice <= day,
                Some(State::Withdrawn) | None => false,
            }
    })
}

/// Tells when the figures can not have the trend that they claim.
pub(super) fn figures(
    decision: &Decision,
    places: &Places,
    policy: &TrendPolicy,
    teller: &mut Teller<'_>,
) {
    let figures = &decision.figures;
    let percent = policy.min_decline * 100.0;
    let wrong = match figures.trend {
        _ if figures.months > policy.window_months => Some(format!(
            "{} months are more than the {} that are looked at",
            figures.months, policy.window_months
        )),
        Trend::Decreasing if figures.months < policy.min_observations => Some(format!(
            "{} measured months are too few to call use decreasing; {} are needed",
            figures.months, policy.min_observations
        )),
        Trend::Decreasing => figures
            .decline_percent
            .filter(|decline| *decline < percent)
            .map(|decline| {
                format!("a decline of {decline} % is too small; {percent} % are needed")
            }),
        Trend::Unused if figures.months < policy.unused_observations => Some(format!(
            "{} measured months are too few to call the version unused; {} are needed",
            figures.months, policy.unused_observations
        )),
        Trend::Unused if figures.last > 0 => Some(format!(
            "the version is called unused and {} devices are on it",
            figures.last
        )),
        Trend::Unused => None,
    };
    if let Some(message) = wrong {
        teller.tell(
            own::FIGURES,
            places.figures.clone(),
            message,
            "copy the figures of `cargo xtask support --usage FILE`; by figures like these the version stays",
        );
    }
}
