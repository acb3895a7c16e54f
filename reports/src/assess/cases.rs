//! One case: attempts, parts, outcome.

use std::collections::HashMap;

use device_matrix::capability::Facts;
use device_matrix::known::Ternary;
use scenarios::event::{CellRecord, DeviceOrigin, Ended, SkipRecord};
use scenarios::feature::Feature;
use scenarios::scenario::Scenario;

use super::context::CellView;
use super::parts::{carried, in_force, informs, judge, observe};
use super::party::{MessageCheck, Scene, fault};
use super::types::{
    CaseResult, Fault, Observed, Offered, Outcome, PartResult, PartState, Party, Repeats, Since,
};
use crate::evidence::Evidence;
use crate::record::{Attempt, CaseRecord, CellState};
use scenarios::event::Judged;

/// Reasons for leaving a case out that say nothing about the feature: another case of the plan speaks for it.
const NOT_REQUIRED: [&str; 5] = [
    "not_in_tier",
    "filtered_out",
    "not_offered",
    "below_product_minimum",
    "out_of_scope",
];

/// What the record says about skipping.
///
/// What is left out reads `feature`, `feature@cell`, `scenario@cell`, `feature@release` or
/// `feature@release/enrollment+enrollment`.
pub(crate) struct Skips<'a> {
    of_feature: HashMap<&'a str, Vec<&'a SkipRecord>>,
}

impl<'a> Skips<'a> {
    pub(crate) fn new(skips: &'a [SkipRecord]) -> Self {
        let mut of_feature: HashMap<&str, Vec<&SkipRecord>> = HashMap::new();
        for skip in skips {
            if let Some(feature) = &skip.feature {
                of_feature.entry(feature).or_default().push(skip);
            }
        }
        Self { of_feature }
    }

    /// Why a feature was left out on a cell, the most exact reason first.
    pub(crate) fn of_place(&self, feature: &str, cell: &CellRecord) -> Option<&'a SkipRecord> {
        let skips = self.of_feature.get(feature)?;
        skips
            .iter()
            .filter_map(|skip| {
                let exact = match skip.what.split_once('@') {
                    None => 0,
                    Some((_, place)) if place == cell.id => 3,
                    Some((_, place)) if place == cell.release => 1,
                    Some((_, place)) => {
                        let words = place.strip_prefix(&cell.release)?.strip_prefix('/')?;
                        words
                            .split('+')
                            .any(|word| word == cell.enrollment)
                            .then_some(2)?
                    }
                };
                Some((exact, *skip))
            })
            .max_by_key(|(exact, _)| *exact)
            .map(|(_, skip)| skip)
    }
}

/// What is needed to assess cases.
pub(crate) struct Bench<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) check: &'a dyn MessageCheck,
    pub(crate) evidence: &'a dyn Evidence,
    pub(crate) skips: &'a Skips<'a>,
}

/// What the product says of a feature on a cell.
pub(crate) fn offered(feature: &Feature, cell: &CellView<'_>) -> Offered {
    match feature.offer(cell.platform, cell.enrollment) {
        None => Offered::OutOfScope,
        Some(offer) => match offer.offered {
            Ternary::Yes
                if offer
                    .min_os
                    .is_some_and(|least| cell.version.number < least) =>
            {
                Offered::No
            }
            Ternary::Yes => Offered::Yes,
            Ternary::No => Offered::No,
            Ternary::Unknown => Offered::Unknown,
        },
    }
}

impl Bench<'_> {
    /// Assesses a case that the record holds, or says why it holds none. `None` when the case was not required.
    pub(crate) fn case(
        &self,
        feature: &Feature,
        scenario: &Scenario,
        cell: &CellView<'_>,
        state: &CellState,
        record: Option<&CaseRecord>,
        group: usize,
    ) -> Option<CaseResult> {
        let mut result = CaseResult {
            id: format!("{}@{}", scenario.id.0, cell.cell.id),
            scenario: scenario.id.0.clone(),
            feature: feature.id.0.clone(),
            cell: cell.cell.id.clone(),
            group,
            offered: offered(feature, cell),
            outcome: Outcome::NotTested,
            reason: None,
            sentence: None,
            parts: Vec::new(),
            attempts: 0,
            evidence: None,
            previous: None,
            seen: None,
        };
        if let Some(record) = record {
            self.recorded(&mut result, scenario, cell, record);
            return Some(result);
        }
        let skip = self.skips.of_place(&feature.id.0, cell.cell);
        if skip.is_some_and(|skip| NOT_REQUIRED.contains(&skip.reason.as_str())) {
            return None;
        }
        if let CellState::Blocked { reason, sentence } = state {
            result.outcome = blocked_outcome(reason);
            result.reason = Some(reason.clone());
            result.sentence = Some(sentence.clone());
        } else if let Some(skip) = skip {
            result.reason = Some(skip.reason.clone());
            result.sentence = Some(skip.en.clone());
        } else {
            result.reason = Some("not_reached".to_owned());
        }
        Some(result)
    }

    fn recorded(
        &self,
        result: &mut CaseResult,
        scenario: &Scenario,
        cell: &CellView<'_>,
        record: &CaseRecord,
    ) {
        result.attempts = u32::try_from(record.attempts.len()).unwrap_or(u32::MAX);
        let judged: Vec<&Attempt> = record
            .attempts
            .values()
            .filter(|attempt| is_judgment(attempt))
            .collect();
        let Some(last) = judged.last() else {
            let attempt = record.attempts.values().next_back();
            result.evidence = attempt.and_then(|attempt| attempt.evidence.clone());
            let (outcome, reason, sentence) =
                unjudged(attempt.and_then(|attempt| attempt.ended.as_ref()));
            result.outcome = outcome;
            result.reason = Some(reason);
            result.sentence = sentence;
            return;
        };
        result.evidence.clone_from(&last.evidence);
        let transcript = std::cell::OnceCell::new();
        let mut differs = false;
        for part in &scenario.parts {
            let informs = informs(scenario, &part.id);
            let observed = observe(&last.looks, &part.id, informs);
            differs |= judged
                .iter()
                .any(|attempt| observe(&attempt.looks, &part.id, informs) != observed);
            let losing = judged
                .iter()
                .filter(|attempt| observe(&attempt.looks, &part.id, informs) == Observed::Lost)
                .count();
            let repeats = Repeats {
                lost: u32::try_from(losing).unwrap_or(u32::MAX),
                of: u32::try_from(judged.len()).unwrap_or(u32::MAX),
            };
            let row = in_force(part, cell);
            let specified = row.map(|row| row.specified);
            let state = judge(observed, specified);
            let fault = (state == PartState::Lost).then(|| {
                let transcript = transcript.get_or_init(|| {
                    last.evidence
                        .as_deref()
                        .and_then(|sha| self.evidence.transcript(sha))
                });
                let scene = Scene {
                    scenario,
                    cell,
                    facts: self.facts,
                    check: self.check,
                    transcript: transcript.as_ref(),
                };
                if cell.cell.device == DeviceOrigin::Device {
                    return Fault {
                        party: Party::Undetermined,
                        because: "device_side_not_visible",
                        details: Vec::new(),
                    };
                }
                fault(&scene, last, &part.id)
            });
            result.parts.push(PartResult {
                id: part.id.clone(),
                name: part.name.clone(),
                essential: part.essential,
                observed,
                carried: carried(&last.looks, &part.id, informs),
                specified,
                state,
                reason: row.and_then(|row| row.reason.clone()),
                replacement: row.and_then(|row| row.replacement.clone()),
                source: row.map(|row| row.source.clone()),
                failed: last
                    .looks
                    .iter()
                    .find(|look| look.part == part.id && look.judged == Judged::Fail)
                    .cloned(),
                fault,
                repeats,
                since: Since::Unknown,
            });
        }
        let (outcome, reason) = if differs {
            (Outcome::Flaky, Some("attempts_differ"))
        } else {
            outcome(&result.parts)
        };
        result.outcome = outcome;
        result.reason = reason.map(str::to_owned);
    }
}

/// Whether an attempt says something about the feature: all steps were taken, or a look failed before one could not
/// be taken because of it.
fn is_judgment(attempt: &Attempt) -> bool {
    match &attempt.ended {
        Some(Ended::Completed) => true,
        Some(Ended::Blocked { reason, .. }) if reason == "previous_step" => {
            attempt.looks.iter().any(|look| look.judged == Judged::Fail)
        }
        _ => false,
    }
}

fn blocked_outcome(reason: &str) -> Outcome {
    if matches!(
        reason,
        "unsupported_by_server" | "lab_safety" | "needs_person"
    ) {
        Outcome::NotTested
    } else {
        Outcome::Blocked
    }
}

fn unjudged(ended: Option<&Ended>) -> (Outcome, String, Option<String>) {
    match ended {
        Some(Ended::Blocked { reason, sentence }) => (
            blocked_outcome(reason),
            reason.clone(),
            Some(sentence.clone()),
        ),
        Some(Ended::Bug { message }) => (
            Outcome::NotTested,
            "harness_bug".to_owned(),
            Some(message.clone()),
        ),
        Some(Ended::Interrupted) => (Outcome::NotTested, "interrupted".to_owned(), None),
        Some(Ended::Completed) | None => (Outcome::NotTested, "not_reached".to_owned(), None),
    }
}

/// The outcome of a case from its parts, and the reason word when nothing could be said.
#[must_use]
pub fn outcome(parts: &[PartResult]) -> (Outcome, Option<&'static str>) {
    let counted: Vec<&PartResult> = parts
        .iter()
        .filter(|part| part.state != PartState::NotSupported)
        .collect();
    if counted.is_empty() {
        return if parts.is_empty() {
            (Outcome::NotTested, Some("no_parts"))
        } else {
            (Outcome::NotSupportedByOs, None)
        };
    }
    // What only serves the purpose is no purpose: where nothing essential is available, the feature is not either.
    let mut essential = parts.iter().filter(|part| part.essential).peekable();
    if essential.peek().is_some()
        && essential.all(|part| part.state == PartState::NotSupported)
        && counted
            .iter()
            .all(|part| matches!(part.state, PartState::Works | PartState::Unseen))
    {
        return (Outcome::NotSupportedByOs, None);
    }
    let lost =
        |part: &PartResult| matches!(part.state, PartState::Lost | PartState::LostAsSpecified);
    let losses = counted.iter().filter(|part| lost(part)).count();
    if losses == counted.len() || counted.iter().any(|part| part.essential && lost(part)) {
        return (Outcome::Fails, None);
    }
    if counted
        .iter()
        .any(|part| part.state == PartState::NoExpectation)
    {
        return (Outcome::NotTested, Some("no_expectation"));
    }
    if counted.iter().any(|part| part.state == PartState::Unseen) {
        return (Outcome::NotTested, Some("effect_unseen"));
    }
    if losses > 0 {
        (Outcome::WorksWithRestrictions, None)
    } else {
        (Outcome::Works, None)
    }
}

/// Whether observed differs between two results of the same part.
pub(crate) const fn was_lost(observed: Observed) -> Option<bool> {
    match observed {
        Observed::Works => Some(false),
        Observed::Lost => Some(true),
        Observed::Unseen => None,
    }
}

#[cfg(test)]
mod tests {
    use device_matrix::known::Text;

    use super::*;

    fn part(essential: bool, state: PartState) -> PartResult {
        PartResult {
            id: "p".to_owned(),
            name: Text {
                ja: String::new(),
                en: String::new(),
            },
            essential,
            observed: Observed::Unseen,
            carried: None,
            specified: None,
            state,
            reason: None,
            replacement: None,
            source: None,
            failed: None,
            fault: None,
            repeats: Repeats::default(),
            since: Since::Unknown,
        }
    }

    #[test]
    fn skips_are_found_by_feature_release_enrollment_and_cell() {
        let skip = |what: &str, reason: &str| SkipRecord {
            what: what.to_owned(),
            feature: Some("lock".to_owned()),
            reason: reason.to_owned(),
            ja: String::new(),
            en: String::new(),
        };
        let records = [
            skip("lock", "filtered_out"),
            skip("lock@ios26.0", "no_scenario"),
            skip("lock@ios26.0/ade+account-user", "needs_person"),
            skip("lock@ios26.0/iPhone17,2/ade/fresh", "not_in_tier"),
        ];
        let cell = |release: &str, enrollment: &str| CellRecord {
            id: format!("{release}/iPhone17,2/{enrollment}/fresh"),
            role: "subject".to_owned(),
            platform: "ios".to_owned(),
            release: release.to_owned(),
            build: None,
            model: "iPhone17,2".to_owned(),
            enrollment: enrollment.to_owned(),
            supervised: false,
            arrival: "fresh".to_owned(),
            upgraded_from: None,
            device: scenarios::event::DeviceOrigin::Virtual,
        };
        let rows = [
            ("ios18.0", "ade", "filtered_out"),
            ("ios26.0", "profile", "no_scenario"),
            ("ios26.0", "account-user", "needs_person"),
            ("ios26.0", "ade", "not_in_tier"),
        ];
        let skips = Skips::new(&records);
        for (release, enrollment, reason) in rows {
            let found = skips.of_place("lock", &cell(release, enrollment));
            assert_eq!(
                found.map(|skip| skip.reason.as_str()),
                Some(reason),
                "{release} {enrollment}"
            );
        }
        assert!(skips.of_place("wipe", &cell("ios26.0", "ade")).is_none());
    }

    #[test]
    fn parts_make_the_outcome() {
        use PartState::{
            Lost, LostAsSpecified, NoExpectation, NotSupported, Unseen, Works, WorksUnexpectedly,
        };
        type Row = (&'static [(bool, PartState)], Outcome, Option<&'static str>);
        let rows: [Row; 17] = [
            (&[], Outcome::NotTested, Some("no_parts")),
            (&[(true, Works)], Outcome::Works, None),
            (
                &[(true, Works), (false, WorksUnexpectedly)],
                Outcome::Works,
                None,
            ),
            (&[(true, NotSupported)], Outcome::NotSupportedByOs, None),
            (
                &[(true, NotSupported), (false, Works)],
                Outcome::NotSupportedByOs,
                None,
            ),
            (
                &[(true, Works), (false, Lost)],
                Outcome::WorksWithRestrictions,
                None,
            ),
            (
                &[(true, Works), (false, LostAsSpecified)],
                Outcome::WorksWithRestrictions,
                None,
            ),
            (
                &[(true, LostAsSpecified), (false, Works)],
                Outcome::Fails,
                None,
            ),
            (
                &[(false, Lost), (false, LostAsSpecified)],
                Outcome::Fails,
                None,
            ),
            (&[(true, NotSupported), (false, Lost)], Outcome::Fails, None),
            (
                &[(true, NotSupported), (true, Works), (false, Works)],
                Outcome::Works,
                None,
            ),
            (&[(true, Unseen)], Outcome::NotTested, Some("effect_unseen")),
            (
                &[(true, NoExpectation)],
                Outcome::NotTested,
                Some("no_expectation"),
            ),
            (
                &[(true, Works), (false, Unseen)],
                Outcome::NotTested,
                Some("effect_unseen"),
            ),
            (
                &[(false, Lost), (false, Unseen)],
                Outcome::NotTested,
                Some("effect_unseen"),
            ),
            (&[(true, Lost), (false, Unseen)], Outcome::Fails, None),
            (
                &[(true, Works), (false, NoExpectation), (false, Lost)],
                Outcome::NotTested,
                Some("no_expectation"),
            ),
        ];
        for (parts, expected, reason) in rows {
            let results: Vec<_> = parts.iter().map(|(e, s)| part(*e, *s)).collect();
            assert_eq!(outcome(&results), (expected, reason), "{parts:?}");
        }
    }
}
