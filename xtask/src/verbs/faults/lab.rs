//! Runs of the lab: kept in memory, assessed as every run is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use harness::record::evidence::Evidence;
use harness::runner::{self, Keep, PlantedDevices, RunHead, RunInputs, RunOptions, Sink};
use harness::server::reference::{ReferenceServer, ServerQuirks};
use harness::step::rig::Limits;
use jiff::civil::Date;
use reports::assess::Assessment;
use reports::record::RunRecord;
use scenarios::event::{Event, Transcript};
use scenarios::fault::{Fault, Shown};
use scenarios::plan::{Filters, Plan};
use scenarios::scenario::Scenario;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::cli::TierWord;
use crate::data::Data;
use crate::exit::{Exit, Stop};
use crate::verbs::publish;
use crate::verbs::target::Asked;
use crate::verbs::under_test;
use crate::verbs::verify;

/// How long devices of the lab wait for an answer: the server is in the same process.
const PATIENCE: Duration = Duration::from_secs(3);

/// A record in memory.
#[derive(Debug, Default)]
struct Memory {
    events: Vec<Event>,
    evidence: BTreeMap<String, Transcript>,
}

impl Sink for Memory {
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn evidence(&mut self, evidence: &Evidence) {
        if let Ok(transcript) = serde_json::from_slice(&evidence.bytes) {
            self.evidence.insert(evidence.sha256.clone(), transcript);
        }
    }
}

/// What is run to show a fault: the detected features and those beside it, on the cells it names.
pub(super) fn plan_of(
    fault: &Fault,
    shown: &Shown,
    data: &Data,
    as_of: Date,
) -> Result<Plan, Stop> {
    let whole = !shown.models.is_empty();
    let (target, matrix) = Asked {
        target: Some(&shown.target),
        tier: if whole {
            TierWord::Full
        } else {
            TierWord::Smoke
        },
        models: &shown.models,
        enrollments: &shown.enrollments,
        as_of,
    }
    .expand(&data.catalog)?;
    let detected = fault.detect.iter().map(|row| row.feature.clone());
    let filters = Filters {
        features: Some(detected.chain(shown.beside.iter().cloned()).collect()),
        ..Filters::default()
    };
    Ok(verify::plan(&target.selector, &matrix, data, &filters))
}

/// Runs a plan, with a fault when one is given, and assesses it.
///
/// The assessment is done outside of the runtime: it shares the pool of threads that may take up another run.
pub(super) fn run(
    runtime: &Runtime,
    plan: Arc<Plan>,
    fault: Option<&Fault>,
    data: &Data,
    as_of: Date,
    seed: u64,
) -> Result<Assessment, Stop> {
    let trial = Trial {
        plan,
        scenarios: &data.suite.scenarios,
        faults: fault.as_slice(),
        as_of,
        seed,
    };
    trial.run(runtime, data).map(|(assessment, _)| assessment)
}

/// A run of virtual devices against the embedded server that leaves nothing behind.
pub(crate) struct Trial<'a> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) scenarios: &'a [Scenario],
    pub(crate) faults: &'a [&'a Fault],
    pub(crate) as_of: Date,
    pub(crate) seed: u64,
}

impl Trial<'_> {
    /// Runs it; the transcripts come with the assessment.
    pub(crate) fn run(
        &self,
        runtime: &Runtime,
        data: &Data,
    ) -> Result<(Assessment, BTreeMap<String, Transcript>), Stop> {
        let bug = |text: String| Stop::new(Exit::Bug, text);
        let mut config = under_test::reference_config(self.as_of)?;
        let behaviors = self
            .faults
            .iter()
            .flat_map(|fault| fault.behaviors.iter().cloned());
        config.quirks = ServerQuirks::new(behaviors);
        let server = {
            let _inside = runtime.enter();
            ReferenceServer::embedded(config)
                .map_err(|error| Stop::new(Exit::Unavailable, error.to_string()))?
        };
        let mut devices = under_test::devices();
        devices.timeout = PATIENCE;
        let mut memory = Memory::default();
        let inputs = RunInputs {
            probes: Arc::from([]),
            plan: self.plan.clone(),
            scenarios: self.scenarios.to_vec().into(),
            facts: data.facts.clone(),
            server,
            devices: Arc::new(PlantedDevices::new(devices, self.faults.iter().copied())),
            head: RunHead {
                tier: "smoke".to_owned(),
                filters: BTreeMap::new(),
                as_of: self.as_of.to_string(),
                data: data.revisions(),
            },
            options: RunOptions {
                limits: Limits::BRISK,
                retries: 0,
                ..RunOptions::usual(self.seed, verify::cores())
            },
            keep: Keep::Nothing,
            cancel: CancellationToken::new(),
        };
        runtime
            .block_on(runner::run(inputs, &mut memory))
            .map_err(|error| bug(error.to_string()))?;
        let record = RunRecord::from_events(memory.events.into_iter().map(Ok))
            .map_err(|error| bug(error.to_string()))?;
        let assessment =
            publish::assess_record(&record, &memory.evidence, data, self.scenarios, &[])
                .map_err(|error| bug(error.to_string()))?;
        Ok((assessment, memory.evidence))
    }
}
