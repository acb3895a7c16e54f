//! The suite's probes as the executor asks them.

use std::sync::Arc;

use device_matrix::capability::{Context, Facts};
use scenarios::plan::Plan;
use scenarios::probe::{self, Capability, Probe};

use super::probe::{ProbeRequest, ProbeSource, Trace};

/// A probe of a plan together with the facts that shape its requests.
#[derive(Debug)]
struct PlannedProbe {
    probe: Probe,
    context: Context,
    facts: Arc<Facts>,
}

/// The probes of a plan, by the index its cases use.
#[must_use]
pub fn probes(plan: &Plan, facts: &Arc<Facts>) -> Arc<[Arc<dyn ProbeSource>]> {
    plan.probes
        .iter()
        .map(|probe| {
            Arc::new(PlannedProbe {
                context: probe::context(&plan.cells[probe.cell as usize]),
                probe: probe.clone(),
                facts: facts.clone(),
            }) as Arc<dyn ProbeSource>
        })
        .collect()
}

impl ProbeSource for PlannedProbe {
    fn class(&self) -> &str {
        &self.probe.class
    }

    fn capabilities(&self) -> Vec<String> {
        self.probe
            .batch
            .iter()
            .map(|capability| capability.id.clone())
            .collect()
    }

    fn request(&self, chosen: &[usize]) -> Option<ProbeRequest> {
        let part: Vec<Capability> = chosen
            .iter()
            .filter_map(|&position| self.probe.batch.get(position).cloned())
            .collect();
        let request = self.probe.request(&self.facts, &self.context, &part)?;
        Some(ProbeRequest {
            action: request.action,
            traces: request.answers.into_iter().map(trace).collect(),
            undo: request.undo,
        })
    }
}

fn trace(trace: probe::Trace) -> Trace {
    match trace {
        probe::Trace::InAnswer(pointer) => Trace::InAnswer(pointer),
        probe::Trace::Acknowledged => Trace::Acknowledged,
        probe::Trace::InEffect(pointer) => Trace::InEffect(pointer),
        probe::Trace::ValidIn(pointer) => Trace::ValidIn(pointer),
    }
}
