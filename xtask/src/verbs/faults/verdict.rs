//! What the assessment says of a planted fault, against what it must say.

use std::collections::{BTreeMap, BTreeSet};

use device_matrix::cell::Arrival;
use reports::assess::{Assessment, CaseResult, Finding};
use scenarios::fault::{Approved, Detection, Fault, Kind};
use scenarios::plan::Plan;
use serde::Serialize;

/// What became of a fault.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Verdict {
    /// The outcome asked for came about in every case of the scope.
    pub(super) detected: bool,
    /// Nothing came out otherwise outside of the scope.
    pub(super) scope: bool,
    /// The party asked for is named, and no other one.
    pub(super) party: bool,
    /// Cases in which it had to show.
    pub(super) cases: usize,
    /// What is not as it must be.
    pub(super) wrong: Vec<String>,
    /// Findings that neither the fault explains nor the approved list knows.
    pub(super) false_alarms: Vec<String>,
}

impl Verdict {
    /// Nothing is left to wish for.
    pub(super) fn good(&self) -> bool {
        self.detected && self.scope && self.party && self.false_alarms.is_empty()
    }
}

/// Outcome word and parties of a case.
type Said = (&'static str, BTreeSet<&'static str>);

fn said(case: &CaseResult, findings: &[Finding]) -> Said {
    let parties = findings
        .iter()
        .filter(|finding| finding.feature.is_empty() || finding.feature == case.feature)
        .filter(|finding| finding.scenario.is_empty() || finding.scenario == case.scenario)
        .filter(|finding| finding.cells.iter().any(|(cell, _)| *cell == case.cell))
        // A finding about the run explains blocked cases only.
        .filter(|finding| !finding.feature.is_empty() || case.outcome.is_undecided())
        .map(|finding| finding.fault.party.as_str());
    (case.outcome.as_str(), parties.collect())
}

/// Cells of the plan in which the fault must show by this detection.
fn scope(fault: &Fault, detection: &Detection, plan: &Plan) -> BTreeSet<String> {
    let cells = plan.cells.iter();
    cells
        .filter(|cell| fault.reach.holds(cell) && detection.on.holds(cell))
        .filter(|cell| {
            let upgraded = matches!(cell.arrival, Arrival::Upgraded { .. });
            detection.upgraded.is_none_or(|wanted| wanted == upgraded)
        })
        .map(|cell| cell.id())
        .collect()
}

/// Compares. `faulty` is the clean run itself for a documented change.
pub(super) fn verdict(
    fault: &Fault,
    plan: &Plan,
    clean: &Assessment,
    faulty: &Assessment,
    approved: &[Approved],
    target: &str,
) -> Verdict {
    let mut verdict = Verdict {
        detected: true,
        scope: true,
        party: true,
        ..Verdict::default()
    };
    let scopes: Vec<(&Detection, BTreeSet<String>)> = fault
        .detect
        .iter()
        .map(|detection| (detection, scope(fault, detection, plan)))
        .collect();
    let before: BTreeMap<&str, Said> = clean
        .cases
        .iter()
        .map(|case| (case.id.as_str(), said(case, &clean.findings)))
        .collect();
    let mut hit = vec![0_usize; scopes.len()];
    for case in &faulty.cases {
        let (outcome, parties) = said(case, &faulty.findings);
        let known = before.get(case.id.as_str());
        let wanted = scopes.iter().position(|(detection, cells)| {
            detection.feature == case.feature && cells.contains(&case.cell)
        });
        // What never was there on such a device can not be lost.
        let never = known.is_some_and(|(outcome, _)| *outcome == "not_supported_by_os");
        let same = known.is_some_and(|known| *known == (outcome, parties.clone()));
        match wanted {
            Some(index) if !never => {
                let detection = scopes[index].0;
                hit[index] += 1;
                verdict.cases += 1;
                if outcome != detection.outcome {
                    verdict.detected = false;
                    verdict
                        .wrong
                        .push(format!("{}: {outcome}, not {}", case.id, detection.outcome));
                }
                let others: BTreeSet<_> = known.map(|(_, all)| all.clone()).unwrap_or_default();
                let named = parties.contains(detection.party);
                let strange = parties
                    .iter()
                    .any(|party| *party != detection.party && !others.contains(party));
                if outcome == detection.outcome && (!named || strange) {
                    verdict.party = false;
                    verdict.wrong.push(format!(
                        "{}: party {parties:?}, not {}",
                        case.id, detection.party
                    ));
                }
                if same && fault.kind == Kind::Injected {
                    verdict.detected = false;
                    verdict.wrong.push(format!(
                        "{}: the clean run says the same, so that it proves nothing",
                        case.id
                    ));
                }
            }
            _ if !same => {
                verdict.scope = false;
                verdict.wrong.push(format!(
                    "{}: {outcome} {parties:?} outside of the scope, {known:?} in the clean run",
                    case.id
                ));
            }
            _ => {}
        }
    }
    for ((detection, _), hit) in scopes.iter().zip(hit) {
        if hit == 0 {
            verdict.detected = false;
            verdict.wrong.push(format!(
                "no case of `{}` in the scope: the run does not show it",
                detection.feature
            ));
        }
    }
    let explained = |finding: &Finding, cell: &str| {
        scopes.iter().any(|(detection, cells)| {
            (finding.feature.is_empty() || detection.feature == finding.feature)
                && detection.party == finding.fault.party.as_str()
                && cells.contains(cell)
        })
    };
    verdict.false_alarms = alarms(faulty, approved, target, explained);
    verdict
}

/// Findings in cells that neither are explained nor approved for the target.
pub(super) fn alarms(
    assessment: &Assessment,
    approved: &[Approved],
    target: &str,
    explained: impl Fn(&Finding, &str) -> bool,
) -> Vec<String> {
    let mut alarms = Vec::new();
    for finding in &assessment.findings {
        let mut cells = Vec::new();
        for (cell, _) in &finding.cells {
            let known = approved.iter().any(|row| {
                row.target == target
                    && row.feature == finding.feature
                    && row.part == part(finding)
                    && row.party == finding.fault.party.as_str()
                    && row.groups.iter().any(|id| {
                        let groups = assessment.groups.iter();
                        groups
                            .clone()
                            .any(|group| group.id == *id && group.cells.contains(cell))
                    })
            });
            if !known && !explained(finding, cell) {
                cells.push(cell.as_str());
            }
        }
        if !cells.is_empty() {
            alarms.push(format!(
                "{} {} ({}) {}",
                finding.feature,
                part(finding),
                finding.fault.party.as_str(),
                cells.join(", ")
            ));
        }
    }
    alarms
}

/// Name of the part in English; empty for findings about the whole.
pub(super) fn part(finding: &Finding) -> &str {
    finding.part.as_ref().map_or("", |text| text.en.as_str())
}
