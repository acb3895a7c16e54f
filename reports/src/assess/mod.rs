//! Assessment: what a run record means, by expectations, facts and comparison. Pure.

pub mod against;
pub mod approved;
mod cases;
mod compare;
mod context;
mod findings;
mod manual;
mod matrix;
mod parts;
pub mod party;
pub mod published;
pub mod rollup;
mod types;
pub mod wilson;

use std::collections::HashMap;

use device_matrix::capability::Facts;
use rayon::prelude::*;
use scenarios::event::{CellRecord, DeviceOrigin};
use scenarios::feature::Feature;
use scenarios::scenario::Scenario;

pub use cases::outcome;
pub(crate) use compare::cut;
pub use context::{AssessError, CellView, ModelView};
pub use parts::{informs, judge, observe, only_asks};
pub use party::{MessageCheck, Subject};
pub use types::{
    Against, ArrivalDifference, Assessment, BaselineTally, BehaviorDecision, BehaviorRow,
    CaseResult, CellResult, Fault, FeatureRow, Finding, FindingKind, Group, GroupMark, KnownMatch,
    KnownState, Mark, Observed, Offered, Outcome, PartResult, PartState, Party, Previous, ProbeRow,
    Repeats, Seen, Since, Tally, Verdict,
};

use crate::evidence::Evidence;
use crate::manual::Statement;
use crate::record::{CaseRecord, RecordedCell, RunRecord};
use cases::{Bench, Skips};

/// What is checked, by slices.
#[derive(Clone, Copy, Debug)]
pub struct SuiteView<'a> {
    /// Features of the product.
    pub features: &'a [Feature],
    /// Scenarios.
    pub scenarios: &'a [Scenario],
}

/// Everything an assessment depends on.
#[derive(Clone, Copy)]
pub struct AssessInputs<'a> {
    /// The run.
    pub record: &'a RunRecord,
    /// Its transcripts.
    pub evidence: &'a dyn Evidence,
    /// Features and scenarios.
    pub suite: SuiteView<'a>,
    /// Vendor facts.
    pub facts: &'a Facts,
    /// Device models.
    pub models: &'a ModelView,
    /// Checks messages against the facts.
    pub check: &'a dyn MessageCheck,
    /// Origin of the devices' answers, where a cell does not say otherwise.
    pub device_origin: DeviceOrigin,
    /// What people saw.
    pub manual: &'a [Statement],
}

/// Assesses a run.
pub fn assess(inputs: &AssessInputs<'_>) -> Result<Assessment, AssessError> {
    let record = inputs.record;
    let views: Vec<(&RecordedCell, CellView<'_>)> = record
        .cells
        .values()
        .map(|cell| CellView::new(&cell.cell, inputs.models).map(|view| (cell, view)))
        .collect::<Result<_, _>>()?;
    let (groups, group_of) = matrix::groups(&views);
    let skips = Skips::new(&record.skips);
    let bench = Bench {
        facts: inputs.facts,
        check: inputs.check,
        evidence: inputs.evidence,
        skips: &skips,
    };
    let features: HashMap<&str, &Feature> = inputs
        .suite
        .features
        .iter()
        .map(|feature| (feature.id.0.as_str(), feature))
        .collect();
    let of_role = |role: &str| -> Vec<CaseResult> {
        let work: Vec<(&RecordedCell, &CellView<'_>, &Scenario, &Feature)> = views
            .iter()
            .filter(|(cell, _)| cell.cell.role == role)
            .flat_map(|(cell, view)| {
                let features = &features;
                inputs
                    .suite
                    .scenarios
                    .iter()
                    .filter(move |scenario| view.holds_any(&scenario.applies))
                    .filter_map(move |scenario| {
                        let feature = features.get(scenario.feature.0.as_str())?;
                        Some((*cell, view, scenario, *feature))
                    })
            })
            .collect();
        let mut results: Vec<CaseResult> = work
            .par_iter()
            .filter_map(|(cell, view, scenario, feature)| {
                let id = format!("{}@{}", scenario.id.0, cell.cell.id);
                let group = group_of.get(cell.cell.id.as_str()).copied().unwrap_or(0);
                bench.case(
                    feature,
                    scenario,
                    view,
                    &cell.state,
                    record.cases.get(&id),
                    group,
                )
            })
            .collect();
        results.sort_by(|a, b| a.id.cmp(&b.id));
        results
    };
    let mut cases = of_role("subject");
    manual::apply(&mut cases, inputs.manual, &features, &views, &group_of)?;
    let comparisons = of_role("comparison");
    let cells: HashMap<&str, (&CellRecord, &str)> = views
        .iter()
        .map(|(cell, view)| (cell.cell.id.as_str(), (&cell.cell, view.family)))
        .collect();
    let paired = compare::pair(&cases, &comparisons, &cells);
    for (case, previous) in cases.iter_mut().zip(&paired) {
        if let Some(previous) = previous
            && let Some((cell, _)) = cells.get(previous.cell.as_str())
        {
            compare::since(case, previous, &cell.release);
        }
    }
    let pairs: Vec<(&CaseResult, &CaseResult)> = cases
        .iter()
        .zip(&paired)
        .filter_map(|(case, previous)| Some((case, (*previous)?)))
        .collect();
    let (behavior, behavior_pairs) = compare::behavior(&pairs, &cells, inputs.evidence);
    let (arrivals, arrival_pairs) = compare::arrivals(&cases, &cells, |id| {
        features.get(id).map(|feature| feature.name.clone())
    });
    let names = features
        .iter()
        .map(|(id, feature)| (*id, &feature.name))
        .collect();
    let findings = findings::collect(&cases, &names);
    let rows = matrix::features(inputs.suite, &groups, &views, &cases, &findings, &skips);
    let probes = matrix::probes(record);
    let cell_results = matrix::cells(&views, record, &cases, inputs.models);
    let verdict = verdict(record, &cases);
    Ok(Assessment {
        head: record.head.clone(),
        device_origin: inputs.device_origin,
        complete: record.finished && !record.truncated,
        resumed: record.resumed,
        messages: record.messages,
        evidence: record.evidence().into_iter().map(str::to_owned).collect(),
        cells: cell_results,
        groups,
        cases,
        features: rows,
        findings,
        arrivals,
        arrival_pairs,
        behavior,
        behavior_pairs,
        baselines: BaselineTally::default(),
        against: None,
        unmatched_issues: Vec::new(),
        probes,
        skips: record.skips.clone(),
        facts_revision: inputs.facts.revision().to_owned(),
        facts_reach: inputs.facts.reach().to_owned(),
        verdict,
    })
}

/// What the run as a whole says; the gravest word wins.
#[must_use]
pub fn verdict(record: &RunRecord, cases: &[CaseResult]) -> Verdict {
    use scenarios::event::Ended;
    let attempts = || {
        record
            .cases
            .values()
            .flat_map(|case: &CaseRecord| case.attempts.values())
    };
    let bug = attempts().any(|attempt| matches!(attempt.ended, Some(Ended::Bug { .. })));
    let ran = attempts().any(|attempt| matches!(attempt.ended, Some(Ended::Completed)));
    let server = cases.iter().any(|case| {
        case.outcome == Outcome::Blocked
            && case
                .reason
                .as_deref()
                .is_some_and(|reason| reason.starts_with("server_"))
    });
    let offered = || cases.iter().filter(|case| case.offered == Offered::Yes);
    let undecided = |case: &CaseResult| {
        matches!(case.outcome, Outcome::Blocked | Outcome::Flaky)
            || matches!(case.reason.as_deref(), Some("not_reached" | "interrupted"))
    };
    if bug {
        Verdict::Bug
    } else if server && !ran {
        Verdict::ServerUnavailable
    } else if offered().any(CaseResult::loses_something) {
        Verdict::Restrictions
    } else if offered().any(undecided) {
        Verdict::Undecided
    } else {
        Verdict::Yes
    }
}

/// Required cases of offered features that are undecided, and offered features in groups without any case.
#[must_use]
pub fn undecided(assessment: &Assessment) -> u64 {
    matrix::undecided(&assessment.cases, &assessment.features)
}
