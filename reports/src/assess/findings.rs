//! Findings: what the cases show, each once, with the cells in which it shows.

use std::collections::{BTreeMap, HashMap};

use device_matrix::known::Text;

use super::manual;
use super::party::blocked_party;
use super::types::{
    CaseResult, Fault, Finding, FindingKind, Offered, Outcome, PartResult, PartState, Party, Since,
};

type Key = (
    FindingKind,
    String,
    String,
    String,
    Party,
    &'static str,
    Since,
    String,
);

/// Findings of all cases, the gravest first, numbered.
pub(crate) fn collect(cases: &[CaseResult], names: &HashMap<&str, &Text>) -> Vec<Finding> {
    let mut found: BTreeMap<Key, Finding> = BTreeMap::new();
    for case in cases {
        for finding in of_case(case, names) {
            let part = finding.part.as_ref().map_or("", |text| text.en.as_str());
            let reason = finding.reason.as_ref().map_or("", |text| text.en.as_str());
            let key = (
                finding.kind,
                finding.feature.clone(),
                finding.scenario.clone(),
                part.to_owned(),
                finding.fault.party,
                finding.fault.because,
                finding.since.clone(),
                reason.to_owned(),
            );
            match found.get_mut(&key) {
                Some(known) => {
                    known.offered = known.offered.min(finding.offered);
                    known.cells.extend(finding.cells);
                    known.groups.extend(finding.groups);
                }
                None => {
                    found.insert(key, finding);
                }
            }
        }
    }
    let mut findings = joined(found.into_values().collect());
    findings.sort_by_key(|finding| (finding.offered != Offered::Yes, finding.kind));
    for (index, finding) in findings.iter_mut().enumerate() {
        finding.id = format!("F{:03}", index + 1);
        finding.groups.sort_unstable();
        finding.groups.dedup();
    }
    findings
}

/// Cells without comparison say nothing about since when: they join the one finding of the same kind that does.
fn joined(found: Vec<Finding>) -> Vec<Finding> {
    let same = |a: &Finding, b: &Finding| {
        (a.kind, &a.feature, &a.scenario, &a.part, &a.reason)
            == (b.kind, &b.feature, &b.scenario, &b.part, &b.reason)
            && (a.fault.party, a.fault.because) == (b.fault.party, b.fault.because)
    };
    let (unknown, mut known): (Vec<Finding>, Vec<Finding>) = found
        .into_iter()
        .partition(|finding| finding.since == Since::Unknown);
    for finding in unknown {
        let mut partners = known
            .iter()
            .enumerate()
            .filter(|(_, other)| same(&finding, other));
        match (partners.next().map(|(index, _)| index), partners.next()) {
            (Some(index), None) => {
                let other = &mut known[index];
                other.offered = other.offered.min(finding.offered);
                other.cells.extend(finding.cells);
                other.groups.extend(finding.groups);
            }
            _ => known.push(finding),
        }
    }
    known.sort_by(|a, b| {
        (&a.feature, &a.scenario, &a.since).cmp(&(&b.feature, &b.scenario, &b.since))
    });
    known
}

fn of_case(case: &CaseResult, names: &HashMap<&str, &Text>) -> Vec<Finding> {
    let blank = |kind, fault| Finding {
        id: String::new(),
        kind,
        feature: case.feature.clone(),
        feature_name: names.get(case.feature.as_str()).map(|name| (*name).clone()),
        offered: case.offered,
        scenario: case.scenario.clone(),
        part_id: None,
        part: None,
        fault,
        repeats: super::types::Repeats::default(),
        known: None,
        since: Since::Unknown,
        reason: None,
        replacement: None,
        source: None,
        failed: None,
        attempts: case.attempts,
        cells: vec![(case.cell.clone(), case.evidence.clone())],
        groups: vec![case.group],
    };
    match case.outcome {
        Outcome::Flaky => {
            let mut finding = blank(
                FindingKind::Flaky,
                simple(Party::Undetermined, "attempts_differ"),
            );
            // The part that differs most says how often.
            if let Some(part) = case
                .parts
                .iter()
                .filter(|part| part.repeats.lost > 0 && part.repeats.lost < part.repeats.of)
                .max_by_key(|part| part.repeats.lost)
            {
                finding.repeats = part.repeats;
            }
            return vec![finding];
        }
        Outcome::Blocked => {
            let reason = case.reason.clone().unwrap_or_default();
            let mut finding = blank(
                FindingKind::Blocked,
                simple(blocked_party(&reason), blocked_because(&reason)),
            );
            // One finding per reason, whatever the features: the cause is outside of them.
            finding.feature.clear();
            finding.feature_name = None;
            finding.scenario.clear();
            finding.reason = case.sentence.clone().map(|sentence| Text {
                ja: sentence.clone(),
                en: sentence,
            });
            return vec![finding];
        }
        _ => {}
    }
    let with = |kind, fault, part: &PartResult| Finding {
        part_id: Some(part.id.clone()),
        part: Some(part.name.clone()),
        repeats: part.repeats,
        since: part.since.clone(),
        reason: part.reason.clone(),
        replacement: part.replacement.clone(),
        source: part.source.clone(),
        failed: part.failed.clone(),
        ..blank(kind, fault)
    };
    let mut found = manual::findings(case, blank);
    let of_parts = case.parts.iter().filter_map(|part| {
        let kind = if part.essential || case.outcome == Outcome::Fails {
            FindingKind::Failure
        } else {
            FindingKind::Restriction
        };
        match part.state {
            PartState::Lost => {
                let fault = part.fault.clone();
                let fault = fault.unwrap_or_else(|| simple(Party::Undetermined, "no_transcript"));
                Some(with(kind, fault, part))
            }
            PartState::LostAsSpecified => Some(with(
                kind,
                simple(Party::AsSpecified, "stated_by_source"),
                part,
            )),
            PartState::WorksUnexpectedly => Some(with(
                FindingKind::StaleExpectation,
                simple(Party::HarnessData, "works_although_stated_lost"),
                part,
            )),
            PartState::Works
            | PartState::NotSupported
            | PartState::Unseen
            | PartState::NoExpectation => None,
        }
    });
    found.extend(of_parts);
    found
}

fn simple(party: Party, because: &'static str) -> Fault {
    Fault {
        party,
        because,
        details: Vec::new(),
    }
}

fn blocked_because(reason: &str) -> &'static str {
    [
        "server_unreachable",
        "server_timeout",
        "server_unauthorized",
        "server_error",
        "server_garbage",
        "enrollment_profile",
        "enrollment_identity",
        "enrollment_refused",
        "server_tls",
        "push_unavailable",
        "command_not_delivered",
        "device_silent",
        "device_garbage",
        "previous_step",
        "no_answer_in_time",
    ]
    .into_iter()
    .find(|known| *known == reason)
    .unwrap_or("blocked_otherwise")
}
