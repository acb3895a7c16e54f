//! Runs the plan once clean and once per mutation, and says what became of each mutation.

use std::sync::Arc;

use device_matrix::known::Text;
use scenarios::fault::Behavior;
use scenarios::plan::{Check, Plan};
use serde::Serialize;

use super::compare::{Difference, Observed, Party};
use super::fact::corrupt;
use super::generate::{Mutation, MutationKind, Target};
use crate::runner::{self, DeviceFactory, Keep, RunError, RunInputs};
use crate::server::ServerUnderTest;

/// Version of the report's format.
const SCHEMA_VERSION: &str = "1.0";

/// Makes the corrupted parts.
pub trait Lab: Send + Sync {
    /// A server that nobody has used yet, with this fault when one is given; `None` when it can not be made.
    fn server(&self, fault: Option<&Behavior>) -> Option<Arc<dyn ServerUnderTest>>;

    /// Devices, with this fault when one is given; `None` when it can not be made. Asked for after the server that
    /// they will meet.
    fn devices(&self, fault: Option<&Behavior>) -> Option<Arc<dyn DeviceFactory>>;
}

/// What became of a mutation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// The run came out otherwise.
    Caught {
        /// The first difference that points at the right feature and party, else the first.
        by: Difference,
        /// Whether feature and party were named rightly.
        named_rightly: bool,
        /// Number of differences.
        differences: usize,
    },
    /// Nothing that is judged came out otherwise.
    Survived {
        /// Why.
        reason: Text,
    },
}

/// One mutation and its fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MutationResult {
    /// Stable name.
    pub id: String,
    /// Kind.
    pub kind: MutationKind,
    /// What was done.
    pub description: Text,
    /// Subjects that can notice it; empty is any.
    pub subjects: Vec<String>,
    /// Cases that were run with it.
    pub cases: usize,
    /// What became of it.
    pub outcome: Fate,
}

/// What became of all mutations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MutationReport {
    /// Version of this format.
    pub schema_version: String,
    /// Seed the mutations were drawn by.
    pub seed: u64,
    /// Cases of the clean run.
    pub clean_cases: usize,
    /// Cases of the clean run that were completed.
    pub clean_completed: usize,
    /// Mutations in the order in which they were drawn.
    pub results: Vec<MutationResult>,
}

/// Runs `base` clean, then once for each mutation, on the cases that can notice it. Nothing is recorded on disk.
pub async fn run(
    lab: &dyn Lab,
    base: &RunInputs,
    mutations: &[Mutation],
) -> Result<MutationReport, RunError> {
    let mut clean = Observed::default();
    let mut inputs = base.clone();
    inputs.keep = Keep::Nothing;
    if let (Some(server), Some(devices)) = (lab.server(None), lab.devices(None)) {
        inputs.server = server;
        inputs.devices = devices;
    }
    runner::run(inputs.clone(), &mut clean).await?;
    let mut results = Vec::with_capacity(mutations.len());
    for mutation in mutations {
        if base.cancel.is_cancelled() {
            break;
        }
        let plan = narrow(base, mutation);
        let cases = plan.cases.len();
        let outcome = match mutated(lab, &inputs, plan, mutation) {
            Err(reason) => Fate::Survived { reason },
            Ok(_) if cases == 0 => Fate::Survived {
                reason: text(
                    "この変異に触れるケースが計画にない",
                    "no case of the plan touches it",
                ),
            },
            Ok(inputs) => {
                let mut seen = Observed::default();
                runner::run(inputs, &mut seen).await?;
                fate(&clean, &seen, mutation)
            }
        };
        results.push(MutationResult {
            id: mutation.id.clone(),
            kind: mutation.kind,
            description: mutation.description.clone(),
            subjects: mutation.subjects.iter().cloned().collect(),
            cases,
            outcome,
        });
    }
    Ok(MutationReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        seed: base.options.seed,
        clean_cases: clean.len(),
        clean_completed: clean.completed(),
        results,
    })
}

/// The inputs with the mutation in them.
fn mutated(
    lab: &dyn Lab,
    clean: &RunInputs,
    plan: Plan,
    mutation: &Mutation,
) -> Result<RunInputs, Text> {
    let (device, server) = match &mutation.target {
        Target::Fact { .. } => (None, None),
        Target::Device(fault) => (Some(fault), None),
        Target::Server(fault) => (None, Some(fault)),
    };
    let unknown = || {
        text(
            "この誤動作を作る手段がない",
            "nobody knows how to make this misbehavior",
        )
    };
    let mut inputs = clean.clone();
    inputs.plan = Arc::new(plan);
    inputs.server = lab.server(server).ok_or_else(unknown)?;
    inputs.devices = lab.devices(device).ok_or_else(unknown)?;
    if let Target::Fact {
        spot,
        os,
        corruption,
    } = &mutation.target
    {
        inputs.facts = Arc::new(corrupt(&clean.facts, *spot, *os, *corruption));
    }
    Ok(inputs)
}

/// The plan with only those cases whose subject can notice the mutation.
fn narrow(base: &RunInputs, mutation: &Mutation) -> Plan {
    let mut plan = Plan::clone(&base.plan);
    if mutation.subjects.is_empty() {
        return plan;
    }
    plan.cases.retain(|case| {
        let subject = match case.check {
            Check::Scenario(index) => base
                .scenarios
                .get(index as usize)
                .map(|scenario| scenario.feature.0.as_str()),
            Check::Probe(index) => base.probes.get(index as usize).map(|probe| probe.class()),
        };
        subject.is_some_and(|subject| mutation.subjects.contains(subject))
    });
    plan
}

fn fate(clean: &Observed, seen: &Observed, mutation: &Mutation) -> Fate {
    let differences = clean.differences(seen);
    let right = |difference: &&Difference| {
        let subject =
            mutation.subjects.is_empty() || mutation.subjects.contains(&difference.subject);
        let party = match mutation.kind {
            // A device that behaves by a wrong fact is, from outside, an OS that behaves otherwise.
            MutationKind::Fact | MutationKind::Device => Party::Os,
            MutationKind::Server => Party::Product,
        };
        subject && difference.party == party
    };
    let named_rightly = differences.iter().any(|difference| right(&difference));
    let by = differences
        .iter()
        .find(right)
        .or(differences.first())
        .cloned();
    if let Some(by) = by {
        return Fate::Caught {
            by,
            named_rightly,
            differences: differences.len(),
        };
    }
    let reason = if seen.completed() == 0 {
        text(
            "触れるケースがどれも完了していない",
            "none of the cases that touch it was completed",
        )
    } else if let Some(case) = clean.unjudged_difference(seen) {
        text(
            &format!("{case} のメッセージは変わったが、それを判定する確認がない"),
            &format!("the messages of {case} changed, but no look judges what changed"),
        )
    } else {
        text(
            &format!(
                "{} ケースすべてで端末とサーバの動作が同じだった",
                seen.len()
            ),
            &format!(
                "device and server behaved the same in all {} cases: nothing in them depends on it",
                seen.len()
            ),
        )
    };
    Fate::Survived { reason }
}

fn text(ja: &str, en: &str) -> Text {
    Text {
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}
