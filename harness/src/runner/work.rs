//! What dispatcher and executors hand each other.

use scenarios::event::{Ended, Event};
use scenarios::plan::Check;

use super::health::Health;
use super::input::RunInputs;
use crate::record::evidence::Evidence;
use crate::server::ServerCapabilities;

/// What all executors share; nothing in it changes but the health.
pub(super) struct Shared {
    pub(super) inputs: RunInputs,
    pub(super) capabilities: ServerCapabilities,
    pub(super) health: Health,
}

/// One case to run.
#[derive(Clone, Debug)]
pub(super) struct CaseWork {
    /// Position in the plan.
    pub(super) index: usize,
    /// Case id.
    pub(super) id: String,
    /// Feature id or class.
    pub(super) subject: String,
    /// What runs.
    pub(super) check: Check,
    /// Number of the first attempt; above 1 when an earlier process tried.
    pub(super) first_attempt: u32,
}

/// The cases of one cell.
#[derive(Clone, Debug)]
pub(super) struct CellWork {
    pub(super) index: usize,
    pub(super) cases: Vec<CaseWork>,
}

/// What an executor hands to the dispatcher.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) evidence: Vec<Evidence>,
    pub(super) events: Vec<Event>,
    pub(super) messages: u64,
    pub(super) requests: u64,
    /// The case that ended and how; `None` for news of the cell.
    pub(super) case: Option<(usize, Ended)>,
    /// The cell's device was enrolled for the first time.
    pub(super) enrolled: bool,
}
