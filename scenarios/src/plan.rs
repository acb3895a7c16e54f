//! The plan: which cases run on which cells, and why each other one does not.

use std::sync::Arc;

use device_matrix::cell::Cell;
use device_matrix::known::Text;

/// What a case runs: an index into the suite the plan was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// A scenario written by hand.
    Scenario(u32),
    /// A probe generated from capabilities.
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
    /// What does not run.
    pub skips: Vec<Skip>,
}
