//! Runs of one scenario on one cell, to see whether it still shows a finding.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use device_matrix::cell::{Arrival, Cell};
use device_matrix::diag::SourceFile;
use jiff::civil::Date;
use reports::assess::{Assessment, CaseResult, Observed};
use reports::report::PLANTED;
use reports::triage::replay::Wanted;
use scenarios::action::ActionTable;
use scenarios::event::Transcript;
use scenarios::fault::Fault;
use scenarios::load::load_scenario;
use scenarios::plan::{Case, Check, Plan};
use scenarios::scenario::Scenario;
use tokio::runtime::Runtime;

use crate::cli::TierWord;
use crate::data::Data;
use crate::exit::{Exit, Stop};
use crate::verbs::faults::lab::Trial;
use crate::verbs::target::Asked;

/// What runs are made of.
pub(super) struct Bench<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) data: &'a Data,
    pub(super) faults: Vec<&'a Fault>,
    pub(super) as_of: Date,
    pub(super) seed: u64,
}

/// What a run of a scenario on a cell shows.
pub(super) struct Shown {
    pub(super) assessment: Assessment,
    pub(super) evidence: BTreeMap<String, Transcript>,
}

pub(super) fn runtime() -> Result<Runtime, Stop> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))
}

/// The faults planted into a run.
pub(super) fn faults<'a>(assessment: &Assessment, data: &'a Data) -> Result<Vec<&'a Fault>, Stop> {
    let ids = assessment.head.filters.get(PLANTED);
    let ids: Vec<String> = ids
        .map(|ids| ids.split(", ").map(str::to_owned).collect())
        .unwrap_or_default();
    named_faults(&ids, data)
}

/// The faults with these ids.
pub(super) fn named_faults<'a>(ids: &[String], data: &'a Data) -> Result<Vec<&'a Fault>, Stop> {
    ids.iter()
        .map(|id| {
            data.suite.faults.fault(id).ok_or_else(|| {
                Stop::new(
                    Exit::BadData,
                    format!("the fault `{id}` is not in scenarios/data/faults any more"),
                )
            })
        })
        .collect()
}

/// The scenario in a text, under the name of its id.
pub(super) fn scenario(
    id: &str,
    text: String,
    actions: &ActionTable,
) -> Result<Scenario, Vec<device_matrix::diag::Diagnostic>> {
    let path = PathBuf::from(format!("{id}.toml"));
    load_scenario(&SourceFile { path, text }, actions).map(|loaded| loaded.scenario)
}

impl Bench<'_> {
    /// The cell with this id, on `release` when it is another one.
    pub(super) fn cell(&self, id: &str, release: Option<&str>) -> Result<Arc<Cell>, Stop> {
        let bad = |id: &str| {
            Stop::new(
                Exit::BadData,
                format!("there is no cell `{id}` with these data; `cargo xtask matrix` shows them"),
            )
        };
        let words: Vec<&str> = id.split('/').collect();
        let [own, model, enrollment, arrival] = words[..] else {
            return Err(bad(id));
        };
        let release = release.unwrap_or(own);
        let models = [model.to_owned()];
        let enrollments = [enrollment.to_owned()];
        let (_, matrix) = Asked {
            target: Some(release),
            tier: TierWord::Full,
            models: &models,
            enrollments: &enrollments,
            as_of: self.as_of,
        }
        .expand(&self.data.catalog)?;
        let wanted = format!("{release}/{model}/{enrollment}/{arrival}");
        let fresh = format!("{release}/{model}/{enrollment}/fresh");
        let find = |id: &str| matrix.cells.iter().find(|cell| cell.id() == id).cloned();
        find(&wanted)
            .or_else(|| find(&fresh))
            .map(subject)
            .ok_or_else(|| bad(&wanted))
    }

    /// Runs a scenario on a cell, with these faults.
    pub(super) fn run(
        &self,
        scenario: &Scenario,
        cell: &Arc<Cell>,
        faults: &[&Fault],
    ) -> Result<Shown, Stop> {
        let scenarios = std::slice::from_ref(scenario);
        let plan = Plan {
            target: cell.release.id(),
            cells: vec![Arc::clone(cell)],
            cases: vec![Case {
                cell: 0,
                check: Check::Scenario(0),
            }],
            probes: Vec::new(),
            coverage: Vec::new(),
            skips: Vec::new(),
        };
        let trial = Trial {
            plan: Arc::new(plan),
            scenarios,
            faults,
            as_of: self.as_of,
            seed: self.seed,
        };
        let (assessment, evidence) = trial.run(self.runtime, self.data)?;
        Ok(Shown {
            assessment,
            evidence,
        })
    }
}

fn subject(cell: Arc<Cell>) -> Arc<Cell> {
    if cell.role == device_matrix::cell::Role::Subject {
        return cell;
    }
    Arc::new(Cell {
        role: device_matrix::cell::Role::Subject,
        ..(*cell).clone()
    })
}

/// The cell enrolled fresh.
pub(super) fn fresh(cell: &Arc<Cell>) -> Option<Arc<Cell>> {
    (cell.arrival != Arrival::Fresh).then(|| {
        Arc::new(Cell {
            arrival: Arrival::Fresh,
            ..(**cell).clone()
        })
    })
}

impl Shown {
    /// Whether it shows the finding.
    pub(super) fn shows(&self, wanted: &Wanted) -> bool {
        self.assessment
            .findings
            .iter()
            .filter(|finding| {
                finding.fault.party.as_str() == wanted.party
                    && finding.fault.because == wanted.because
            })
            .any(|finding| match &wanted.part {
                None => finding.part.is_none(),
                Some(part) => {
                    let case = self.case();
                    let name = case
                        .and_then(|case| case.parts.iter().find(|known| known.id == *part))
                        .map(|part| &part.name);
                    finding.part.is_some() && finding.part.as_ref() == name
                }
            })
    }

    /// Whether the same steps are taken to their end and the part is not lost; the effect must be seen where `seen`.
    pub(super) fn works(&self, wanted: &Wanted, seen: bool) -> bool {
        let Some(case) = self.case() else {
            return false;
        };
        match &wanted.part {
            None => case.reason.is_none() || !case.outcome.is_undecided(),
            Some(part) => case.parts.iter().any(|known| {
                known.id == *part
                    && (known.observed == Observed::Works
                        || (!seen && known.observed == Observed::Unseen))
            }),
        }
    }

    /// The only case.
    pub(super) fn case(&self) -> Option<&CaseResult> {
        self.assessment.cases.first()
    }

    /// The messages of the case, or of the enrollment that failed.
    pub(super) fn transcript(&self) -> Option<&Transcript> {
        self.case()
            .and_then(|case| self.evidence.get(case.evidence.as_ref()?))
    }
}

/// A file of a package, bounded.
pub(super) fn read(path: &Path) -> Result<String, Stop> {
    crate::verbs::publish::read_bounded(path, reports::triage::replay::MAX_BYTES).map_err(|error| {
        Stop::usage(format!(
            "{}: {error}; name the folder of a package that `cargo xtask triage RUN` wrote",
            path.display()
        ))
    })
}
