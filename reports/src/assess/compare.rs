//! Comparison: with the same case on the previous release, and of upgraded devices with fresh ones.

use std::collections::{BTreeMap, HashMap};

use device_matrix::known::Text;
use rayon::prelude::*;
use scenarios::event::{CellRecord, Direction};
use serde_json::Value;
use snapshots::behavior::{Behavior, BehaviorChange, diff_transcripts};
use snapshots::diff::Change;

use super::cases::was_lost;
use super::types::{
    ArrivalDifference, BehaviorRow, CaseResult, Observed, Outcome, PartResult, PartState, Previous,
    Since,
};
use crate::evidence::Evidence;

/// Characters of a JSON value that are shown.
const MAX_VALUE: usize = 120;
/// Rows of behavior changes that are kept.
const MAX_ROWS: usize = 2000;

/// Finds for each case the same case on the previous release: same scenario, family and enrollment type; the same
/// model and arrival are preferred.
pub(crate) fn pair<'a>(
    subjects: &[CaseResult],
    comparisons: &'a [CaseResult],
    cells: &HashMap<&str, (&CellRecord, &str)>,
) -> Vec<Option<&'a CaseResult>> {
    let mut index: HashMap<(&str, &str, &str), Vec<&CaseResult>> = HashMap::new();
    for case in comparisons {
        if let Some((cell, family)) = cells.get(case.cell.as_str()) {
            index
                .entry((&case.scenario, family, &cell.enrollment))
                .or_default()
                .push(case);
        }
    }
    subjects
        .iter()
        .map(|case| {
            let (cell, family) = cells.get(case.cell.as_str())?;
            let candidates =
                index.get(&(case.scenario.as_str(), *family, cell.enrollment.as_str()))?;
            candidates.iter().copied().min_by_key(|other| {
                let known = cells.get(other.cell.as_str());
                let same = |test: fn(&CellRecord, &CellRecord) -> bool| {
                    !known.is_some_and(|(other, _)| test(cell, other))
                };
                (
                    same(|a, b| a.model == b.model),
                    same(|a, b| a.arrival == b.arrival),
                    other.id.clone(),
                )
            })
        })
        .collect()
}

/// Writes into `case` what the previous release did.
pub(crate) fn since(case: &mut CaseResult, previous: &CaseResult, release: &str) {
    case.previous = Some(Previous {
        case: previous.id.clone(),
        release: release.to_owned(),
        outcome: previous.outcome,
    });
    if case.outcome == Outcome::Flaky || previous.outcome == Outcome::Flaky {
        return;
    }
    for part in &mut case.parts {
        if !matches!(part.state, PartState::Lost | PartState::LostAsSpecified) {
            continue;
        }
        let before = previous.parts.iter().find(|other| other.id == part.id);
        part.since = match before.and_then(|before| was_lost(before.observed)) {
            Some(true) => Since::Earlier(release.to_owned()),
            Some(false) => Since::ThisRelease(release.to_owned()),
            None => Since::Unknown,
        };
    }
}

/// Differences of upgraded devices to fresh ones, and the number of parts compared.
pub(crate) fn arrivals(
    cases: &[CaseResult],
    cells: &HashMap<&str, (&CellRecord, &str)>,
    feature_name: impl Fn(&str) -> Option<Text>,
) -> (Vec<ArrivalDifference>, u64) {
    let key = |case: &CaseResult| {
        let (cell, family) = cells.get(case.cell.as_str())?;
        Some((
            case.scenario.clone(),
            cell.release.clone(),
            (*family).to_owned(),
            cell.enrollment.clone(),
            cell.arrival.clone(),
        ))
    };
    let model = |case: &CaseResult| cells.get(case.cell.as_str()).map(|(cell, _)| &cell.model);
    let mut fresh: HashMap<_, Vec<&CaseResult>> = HashMap::new();
    let steady = || cases.iter().filter(|case| case.outcome != Outcome::Flaky);
    for case in steady() {
        if let Some((scenario, release, family, enrollment, arrival)) = key(case)
            && arrival == "fresh"
        {
            fresh
                .entry((scenario, release, family, enrollment))
                .or_default()
                .push(case);
        }
    }
    let mut pairs = 0;
    let mut rows: BTreeMap<_, ArrivalDifference> = BTreeMap::new();
    for case in steady() {
        let Some((scenario, release, family, enrollment, arrival)) = key(case) else {
            continue;
        };
        if arrival != "upgraded" {
            continue;
        }
        let others = fresh
            .get(&(scenario, release, family, enrollment))
            .map_or(&[][..], Vec::as_slice);
        let Some(other) = others
            .iter()
            .min_by_key(|other| (model(other) != model(case), &other.id))
        else {
            continue;
        };
        for part in &case.parts {
            // Another model may have to do something else: that is no matter of arrival.
            let Some(before) = other
                .parts
                .iter()
                .find(|known| known.id == part.id && known.specified == part.specified)
            else {
                continue;
            };
            pairs += 1;
            let upgraded = arrived(part);
            if before.state == upgraded {
                continue;
            }
            let Some(name) = feature_name(&case.feature) else {
                continue;
            };
            rows.entry((
                case.feature.clone(),
                part.id.clone(),
                before.state,
                upgraded,
            ))
            .or_insert_with(|| ArrivalDifference {
                feature: case.feature.clone(),
                feature_name: name,
                part: part.name.clone(),
                fresh: before.state,
                upgraded,
                cells: Vec::new(),
            })
            .cells
            .push((case.cell.clone(), case.evidence.clone()));
        }
    }
    (rows.into_values().collect(), pairs)
}

/// What an upgraded device has of a part: what outlived the update counts even where it can not be set anew.
const fn arrived(part: &PartResult) -> PartState {
    match (part.carried, part.state) {
        (
            Some(Observed::Works),
            PartState::Lost | PartState::LostAsSpecified | PartState::NotSupported,
        ) => PartState::Works,
        (_, state) => state,
    }
}

/// Message by message, what the cases do otherwise than on the previous release; and the number of cases compared.
///
/// Cases of the same arrival are compared, so that an update in place is not taken for a change of the release.
pub(crate) fn behavior(
    pairs: &[(&CaseResult, &CaseResult)],
    cells: &HashMap<&str, (&CellRecord, &str)>,
    evidence: &dyn Evidence,
) -> (Vec<BehaviorRow>, u64) {
    let cells: BTreeMap<&str, &CellRecord> =
        cells.iter().map(|(id, (cell, _))| (*id, *cell)).collect();
    rows(
        "previous_release",
        pairs,
        (&cells, &cells),
        (evidence, evidence),
    )
}

/// Message by message, what the cases do otherwise than in another run.
pub(crate) fn across(
    pairs: &[(&CaseResult, &CaseResult)],
    cells: &BTreeMap<&str, &CellRecord>,
    other_cells: &BTreeMap<&str, &CellRecord>,
    evidence: &dyn Evidence,
    other_evidence: &dyn Evidence,
) -> Vec<BehaviorRow> {
    rows(
        "other_run",
        pairs,
        (cells, other_cells),
        (evidence, other_evidence),
    )
    .0
}

/// Rows of changes; of each pair of arguments the first is of the subject, the second of what it is compared with.
fn rows(
    against: &'static str,
    pairs: &[(&CaseResult, &CaseResult)],
    cells: (&BTreeMap<&str, &CellRecord>, &BTreeMap<&str, &CellRecord>),
    evidence: (&dyn Evidence, &dyn Evidence),
) -> (Vec<BehaviorRow>, u64) {
    let now = |case: &CaseResult| cells.0.get(case.cell.as_str()).copied();
    let then = |case: &CaseResult| cells.1.get(case.cell.as_str()).copied();
    let found: Vec<Option<Vec<BehaviorChange>>> = pairs
        .par_iter()
        .map(|(subject, previous)| {
            let same = now(subject)?.arrival == then(previous)?.arrival;
            let before = evidence.1.transcript(previous.evidence.as_deref()?)?;
            let after = evidence.0.transcript(subject.evidence.as_deref()?)?;
            same.then(|| diff_transcripts(&before, &after))
        })
        .collect();
    let compared = found.iter().flatten().count() as u64;
    let mut rows: BTreeMap<_, BehaviorRow> = BTreeMap::new();
    for ((subject, previous), changes) in pairs.iter().zip(&found) {
        let releases = (
            then(previous).map_or_else(String::new, |cell| cell.release.clone()),
            now(subject).map_or_else(String::new, |cell| cell.release.clone()),
        );
        for change in changes.iter().flatten() {
            let (word, before, after) = describe(&change.behavior);
            let direction = direction(change.message.direction);
            let key = (
                releases.clone(),
                change.message.what.clone(),
                direction,
                change.message.phase.clone(),
                change.path().to_owned(),
                word,
                before.clone(),
                after.clone(),
            );
            let row = rows.entry(key).or_insert_with(|| BehaviorRow {
                against,
                decision: None,
                direction,
                what: change.message.what.clone(),
                phase: change.message.phase.clone(),
                path: change.path().to_owned(),
                change: word,
                before,
                after,
                features: Vec::new(),
                cases: 0,
                releases: releases.clone(),
                evidence: (previous.evidence.clone(), subject.evidence.clone()),
            });
            row.cases += 1;
            if !row.features.contains(&subject.feature) {
                row.features.push(subject.feature.clone());
            }
        }
    }
    (rows.into_values().take(MAX_ROWS).collect(), compared)
}

pub(crate) fn describe(behavior: &Behavior) -> (&'static str, Option<String>, Option<String>) {
    let status = |status: &Option<u16>| status.map(|status| status.to_string());
    match behavior {
        Behavior::MessageAdded => ("message_added", None, None),
        Behavior::MessageRemoved => ("message_removed", None, None),
        Behavior::HttpStatus { before, after } => ("http_status", status(before), status(after)),
        Behavior::Body(difference) => describe_value(&difference.change),
    }
}

/// Word, before and after of a changed value.
pub(crate) fn describe_value(change: &Change) -> (&'static str, Option<String>, Option<String>) {
    match change {
        Change::Added(value) => ("added", None, Some(cut(value))),
        Change::Removed(value) => ("removed", Some(cut(value)), None),
        Change::Changed { before, after } => ("changed", Some(cut(before)), Some(cut(after))),
    }
}

pub(crate) const fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::ToServer => "to_server",
        Direction::ToDevice => "to_device",
        Direction::ToOperatorApi => "to_operator_api",
    }
}

/// A JSON value as text, cut to what a table cell can show.
pub(crate) fn cut(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
