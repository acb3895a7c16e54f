//! The phases of a case on a device.

use device_matrix::release::Release;
use scenarios::event::{Event, Judged};
use scenarios::scenario::{Action, DeviceAction, Phase, Scenario, Specified};

use super::attempt::{Attempt, Done, Looks, take_phase};
use super::cell::Executor;
use super::work::CaseWork;
use crate::step::probe::{self, ProbeSource};
use crate::step::rig::Rig;
use crate::step::stop::Stop;
use crate::step::take::Pass;
use crate::step::transcript::Scribe;
use crate::step::{condition, ids};

impl Executor {
    /// Apply, verify, verify after a reboot, undo, verify undone.
    pub(super) async fn fresh(
        &self,
        case: &CaseWork,
        scenario: &Scenario,
        mut attempt: Attempt,
        rig: &mut Rig,
    ) -> Done {
        let main = self.main_phases(scenario, &mut attempt, rig).await;
        if let Err(stop) = &main {
            self.suspect(stop).await;
            if *stop == Stop::Interrupted || self.shared.health.gone().is_some() {
                return self.end(attempt, case, main.err(), false, false);
            }
        }
        let (undone, clean) = self.undo(scenario, &mut attempt, rig, main.is_ok()).await;
        if let Err(stop) = &undone {
            self.suspect(stop).await;
        }
        let doubtful = self.doubtful(scenario, &attempt);
        let stop = main.err().or(undone.err());
        self.end(attempt, case, stop, doubtful, clean)
    }

    pub(super) async fn main_phases(
        &self,
        scenario: &Scenario,
        attempt: &mut Attempt,
        rig: &mut Rig,
    ) -> Result<(), Stop> {
        let log = &mut attempt.log;
        let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
        take_phase(&mut pass, log, Phase::Apply, &scenario.apply, Looks::Record).await?;
        take_phase(
            &mut pass,
            log,
            Phase::Verify,
            &scenario.verify,
            Looks::Record,
        )
        .await?;
        // Nobody restarts a real device from here.
        if scenario.survives.reboot && !pass.rig.device.enrolled() {
            let after = Phase::VerifyAfterReboot;
            pass.scribe.phase(after.as_str());
            pass.take(&Action::Device(DeviceAction::Reboot)).await?;
            take_phase(&mut pass, log, after, &scenario.verify, Looks::Record).await?;
        }
        Ok(())
    }

    /// Takes the scenario back. The device is clean when every undoing step was taken and every look passed.
    pub(super) async fn undo(
        &self,
        scenario: &Scenario,
        attempt: &mut Attempt,
        rig: &mut Rig,
        verify: bool,
    ) -> (Result<(), Stop>, bool) {
        let looks_before = attempt.log.events.len();
        let log = &mut attempt.log;
        let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
        let mut undone =
            take_phase(&mut pass, log, Phase::Undo, &scenario.undo, Looks::Record).await;
        if undone.is_ok() && verify {
            let steps = &scenario.verify_undone;
            undone = take_phase(&mut pass, log, Phase::VerifyUndone, steps, Looks::Record).await;
        }
        let failed = log.events[looks_before..].iter().any(|event| {
            matches!(
                event,
                Event::Looked {
                    judged: Judged::Fail,
                    ..
                }
            )
        });
        let clean = undone.is_ok() && verify && !failed;
        (undone, clean)
    }

    pub(super) async fn probed(
        &self,
        case: &CaseWork,
        probe: &dyn ProbeSource,
        mut attempt: Attempt,
        rig: &mut Rig,
    ) -> Done {
        attempt.scribe.phase("probe");
        let (results, stop) = {
            let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
            probe::run(&mut pass, probe).await
        };
        attempt.log.events.push(Event::Probed {
            case: case.id.clone(),
            attempt: attempt.log.attempt,
            results,
        });
        if let Some(stop) = &stop {
            self.suspect(stop).await;
        }
        let clean = stop.is_none();
        self.end(attempt, case, stop, false, clean)
    }

    pub(super) fn pass<'a>(
        &'a self,
        rig: &'a mut Rig,
        scribe: &'a mut Scribe,
        ids: &'a mut ids::Ids,
    ) -> Pass<'a> {
        let inputs = &self.shared.inputs;
        Pass {
            rig,
            server: inputs.server.as_ref(),
            capabilities: &self.shared.capabilities,
            cell: &self.cell,
            ids,
            scribe,
            limits: inputs.options.limits,
            cancel: &inputs.cancel,
        }
    }

    /// After an error that may be the server's, asks once whether it is still there.
    pub(super) async fn suspect(&self, stop: &Stop) {
        if stop.suspects_server() && self.shared.health.gone().is_none() {
            let inputs = &self.shared.inputs;
            self.shared
                .health
                .look(
                    inputs.server.as_ref(),
                    inputs.options.limits.server,
                    &inputs.cancel,
                )
                .await;
        }
    }

    /// Whether a look failed in a part of which nobody has stated that it must fail.
    pub(super) fn doubtful(&self, scenario: &Scenario, attempt: &Attempt) -> bool {
        attempt.log.failed.iter().any(|failed| {
            let part = scenario.parts.iter().find(|part| part.id == *failed);
            let specified =
                part.and_then(|part| condition::specified(part, &self.cell, &self.cell.release));
            !matches!(specified, Some(Specified::Lost | Specified::NotSupported))
        })
    }

    /// Whether the scenario is brought about before the update.
    pub(super) fn carries(&self, scenario: &Scenario, from: &Release) -> bool {
        scenario.survives.update && condition::applies(scenario, &self.cell, from)
    }
}
