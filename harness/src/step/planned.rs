//! The probes of a plan, as the runner needs them.

use std::sync::Arc;

use device_matrix::capability::{Context, Facts, Scope};
use scenarios::plan::Plan;
use scenarios::probe::Probe;

use super::probe::{ProbeRequest, ProbeSource};
use crate::server::ALL_RIGHTS;

/// A probe of a plan with the facts and the device it is asked about.
#[derive(Clone, Debug)]
pub struct PlannedProbe {
    probe: Probe,
    facts: Arc<Facts>,
    context: Context,
}

/// The probes of a plan by their index in it; empty when a probe names a cell that is not there.
#[must_use]
pub fn probes(plan: &Plan, facts: &Arc<Facts>) -> Vec<Arc<dyn ProbeSource>> {
    let planned = plan.probes.iter().map(|probe| {
        let cell = plan.cells.get(probe.cell as usize)?;
        Some(Arc::new(PlannedProbe {
            probe: probe.clone(),
            facts: Arc::clone(facts),
            context: Context {
                platform: cell.release.platform,
                version: cell.release.version.number,
                enrollment: cell.enrollment,
                supervised: cell.supervised,
                scope: Scope::Device,
                access_rights: ALL_RIGHTS,
            },
        }) as Arc<dyn ProbeSource>)
    });
    planned.collect::<Option<_>>().unwrap_or_default()
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
        let part: Vec<_> = chosen
            .iter()
            .filter_map(|position| self.probe.batch.get(*position).cloned())
            .collect();
        let request = self.probe.request(&self.facts, &self.context, &part)?;
        Some(ProbeRequest {
            action: request.action,
            traces: request.answers,
            undo: request.undo,
        })
    }
}
