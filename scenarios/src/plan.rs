//! The plan: which cases run on which cells, and why each other one does not.

mod build;
mod within;

use std::sync::Arc;

use device_matrix::cell::Cell;
use device_matrix::known::Text;

pub use build::{Filters, build};
pub use within::Missing;

use crate::probe::{Coverage, Probe};
use crate::suite::Suite;

/// What a case runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// A scenario written by hand: an index into the suite the plan was made from.
    Scenario(u32),
    /// A probe generated from capabilities: an index into [`Plan::probes`].
    Probe(u32),
}

/// One case: a check on a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Case {
    /// Index into [`Plan::cells`].
    pub cell: u32,
    /// What runs.
    pub check: Check,
}

/// Something that does not run, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// What is left out: a cell id, a `feature@cell` id, or a capability id.
    pub what: String,
    /// The feature concerned, if any.
    pub feature: Option<String>,
    /// Stable word: `model_does_not_run_release`, `enrollment_not_on_release`, `not_in_tier`, `filtered_out`,
    /// `needs_console`, `not_offered`, `no_scenario`, …
    pub reason: String,
    /// For people.
    pub text: Text,
}

/// What will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The selector it was made for.
    pub target: String,
    /// Cells, in the order of their ids; subject cells before comparison cells.
    pub cells: Vec<Arc<Cell>>,
    /// Cases, grouped by cell, in running order (destructive ones last).
    pub cases: Vec<Case>,
    /// The probes of the cases.
    pub probes: Vec<Probe>,
    /// How much of each capability class is probed, and what becomes of the rest.
    pub coverage: Vec<Coverage>,
    /// What does not run.
    pub skips: Vec<Skip>,
}

impl Plan {
    /// Stable id of a case: `remote-lock@ios18.0/iPhone17,2/ade/fresh`, `probe:query@…`.
    #[must_use]
    pub fn case_id(&self, case: Case, suite: &Suite) -> String {
        let cell = self.cells.get(case.cell as usize);
        let cell = cell.map_or_else(String::new, |cell| cell.id());
        format!("{}@{cell}", self.subject(case, suite))
    }

    /// What stands before the `@` of a case id: the scenario, or the probe's class.
    #[must_use]
    pub fn subject(&self, case: Case, suite: &Suite) -> String {
        match case.check {
            Check::Scenario(index) => suite
                .scenarios
                .get(index as usize)
                .map_or_else(String::new, |scenario| scenario.id.0.clone()),
            Check::Probe(index) => self
                .probes
                .get(index as usize)
                .map_or_else(String::new, |probe| format!("probe:{}", probe.class)),
        }
    }
}
