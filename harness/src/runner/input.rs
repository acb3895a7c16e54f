//! What a run is given, and what it gives back.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use device_matrix::capability::Facts;
use device_matrix::cell::Cell;
use device_matrix::release::Release;
use scenarios::event::{DeviceOrigin, Event};
use scenarios::plan::Plan;
use scenarios::scenario::Scenario;
use tokio_util::sync::CancellationToken;

use crate::device::{DeviceError, DeviceUnderTest};
use crate::record::evidence::Evidence;
use crate::record::reader::RecordError;
use crate::server::ServerUnderTest;
use crate::step::probe::ProbeSource;
use crate::step::rig::Limits;

/// Executors in flight per core: enough to hide waiting, few enough to keep memory and latency flat.
const CELLS_PER_CORE: usize = 64;

/// A device to be made.
#[derive(Clone, Debug)]
pub struct DeviceOrder {
    /// The cell it is for.
    pub cell: Arc<Cell>,
    /// The release it starts on: the cell's, or the one before for an upgraded arrival.
    pub release: Arc<Release>,
    /// Where its identifiers and randomness come from.
    pub seed: [u8; 32],
    /// The facts it behaves by.
    pub facts: Arc<Facts>,
}

/// Makes devices.
pub trait DeviceFactory: Send + Sync {
    /// Makes a device that is not enrolled yet.
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError>;

    /// Origin of the device it makes for a cell.
    fn origin(&self, _cell: &Cell) -> DeviceOrigin {
        DeviceOrigin::Virtual
    }
}

/// Hears what happens, in the order in which it is recorded. Called by the dispatcher alone.
pub trait Sink: Send {
    /// An event was recorded.
    fn event(&mut self, event: &Event);

    /// Evidence was recorded; comes before the event that names it.
    fn evidence(&mut self, _evidence: &Evidence) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {
    fn event(&mut self, _event: &Event) {}
}

/// Where the record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// A new record in this folder.
    New(PathBuf),
    /// The record in this folder goes on; cases that ended are not run again.
    Resume(PathBuf),
    /// Nothing is kept.
    Nothing,
}

/// What the head of the record says beyond plan and server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHead {
    /// `smoke`, `pairwise`, `full`.
    pub tier: String,
    /// Filters in force, by name.
    pub filters: BTreeMap<String, String>,
    /// The date as of which the run looks at the world (ISO 8601).
    pub as_of: String,
    /// Revisions of data files by name.
    pub data: BTreeMap<String, String>,
}

/// How the run goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Seed of ids and randomness.
    pub seed: u64,
    /// Goes into the ids of commands when the server keeps what earlier runs have sent and refuses an id it knows.
    /// Without it the same seed gives the same ids.
    pub nonce: Option<u64>,
    /// Cells in flight.
    pub jobs: usize,
    /// Attempts after the first, to tell flaky from failing.
    pub retries: u32,
    /// How long to wait for what.
    pub limits: Limits,
}

impl RunOptions {
    /// The usual options for a machine with `cores`.
    #[must_use]
    pub fn usual(seed: u64, cores: usize) -> Self {
        Self {
            seed,
            nonce: None,
            jobs: cores.max(1) * CELLS_PER_CORE,
            retries: 2,
            limits: Limits::USUAL,
        }
    }
}

/// Everything a run needs.
#[derive(Clone)]
pub struct RunInputs {
    /// What runs.
    pub plan: Arc<Plan>,
    /// Scenarios by the index the plan uses.
    pub scenarios: Arc<[Scenario]>,
    /// Probes by the index the plan uses.
    pub probes: Arc<[Arc<dyn ProbeSource>]>,
    /// The facts devices behave by.
    pub facts: Arc<Facts>,
    /// The server under test.
    pub server: Arc<dyn ServerUnderTest>,
    /// Makes devices.
    pub devices: Arc<dyn DeviceFactory>,
    /// Head of the record.
    pub head: RunHead,
    /// How.
    pub options: RunOptions,
    /// Where the record goes.
    pub keep: Keep,
    /// Ends the run early, with a record that can be resumed.
    pub cancel: CancellationToken,
}

/// What a run came to. Outcomes are not here: they are derived from the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Id of the run.
    pub run_id: String,
    /// Cells planned.
    pub cells: u64,
    /// Cells whose device was enrolled in this process.
    pub cells_enrolled: u64,
    /// Cases planned.
    pub cases: u64,
    /// Cases that ended, those of an earlier process included.
    pub cases_done: u64,
    /// Cases of this process whose last attempt ended blocked.
    pub blocked: u64,
    /// Cases of this process that ended in a bug of the harness.
    pub bugs: u64,
    /// Messages exchanged, those of an earlier process included.
    pub messages: u64,
    /// Requests that devices made of the server in this process: exchanges on the wire.
    pub requests: u64,
    /// A person interrupted the run.
    pub interrupted: bool,
    /// The server went away, or never was there: stable word and sentence.
    pub server_gone: Option<(String, String)>,
}

/// The run could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The record could not be written or read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The writer stopped without saying why; a bug.
    #[error("the record's writer stopped by itself; this is a bug of the harness: {0}")]
    Writer(String),
}
