//! How devices arrive: enrolled fresh, or enrolled on an earlier release and updated with everything in force.

use std::collections::HashMap;
use std::sync::Arc;

use scenarios::plan::Check;
use scenarios::scenario::{ChannelWord, Phase, Scenario};

use super::attempt::{Attempt, Looks, take_phase};
use super::cell::Executor;
use super::input::DeviceOrder;
use super::work::CaseWork;
use crate::server::EnrollmentRequest;
use crate::step::ids;
use crate::step::rig::Rig;
use crate::step::stop::{Stop, limited};
use crate::step::take::unsupported;
use crate::step::transcript::Scribe;

/// A device that could not be brought under management.
pub(super) struct NoDevice {
    pub(super) stop: Stop,
    pub(super) scribe: Scribe,
}

impl Executor {
    /// Enrolls the cell's device; for an upgraded arrival also applies, updates, looks again and takes back.
    pub(super) async fn begin(
        &self,
        cases: &[CaseWork],
    ) -> Result<(Option<Rig>, Scribe, HashMap<usize, Attempt>), NoDevice> {
        let mut scribe = Scribe::default();
        let identity = self.identity(None);
        let mut rig = match self.enroll(&["main"], identity, &mut scribe).await {
            Ok(rig) => rig,
            Err(stop) => {
                self.suspect(&stop).await;
                return Err(NoDevice { stop, scribe });
            }
        };
        let mut carried: Vec<(usize, &Scenario, Attempt)> = Vec::new();
        if self.upgraded().is_none() {
            return Ok((Some(rig), scribe, HashMap::new()));
        }
        for case in cases {
            let Check::Scenario(index) = case.check else {
                continue;
            };
            let Some(scenario) = self.scenario(index) else {
                continue;
            };
            if scenario.destructive
                || !self.carries(scenario, &rig.release)
                || unsupported(scenario, &self.shared.capabilities).is_some()
            {
                continue;
            }
            let mut attempt = self.attempt(case, case.first_attempt);
            self.before_update(scenario, &mut attempt, &mut rig).await;
            if let Some(stop) = &attempt.stopped {
                self.suspect(stop).await;
            }
            carried.push((case.index, scenario, attempt));
        }
        if let Err(stop) = self.update(&mut rig, &mut scribe).await {
            self.suspect(&stop).await;
            return Err(NoDevice { stop, scribe });
        }
        for (_, scenario, attempt) in &mut carried {
            if attempt.stopped.is_none() {
                self.after_update(scenario, attempt, &mut rig).await;
            }
        }
        let mut clean = true;
        for (_, scenario, attempt) in carried.iter_mut().rev() {
            // Also after a failure: what was brought about before the update must not disturb the cases after it.
            clean &= self.undo_carried(scenario, attempt, &mut rig).await;
            if let Some(stop) = &attempt.stopped {
                self.suspect(stop).await;
            }
        }
        let carried = carried
            .into_iter()
            .map(|(index, _, attempt)| (index, attempt))
            .collect();
        Ok((clean.then_some(rig), scribe, carried))
    }

    pub(super) async fn before_update(
        &self,
        scenario: &Scenario,
        attempt: &mut Attempt,
        rig: &mut Rig,
    ) {
        let mut failing = std::mem::take(&mut attempt.not_in_force);
        let log = &mut attempt.log;
        let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
        let tell = Looks::Tell(&mut failing);
        let mut taken = take_phase(&mut pass, log, Phase::Apply, &scenario.apply, tell).await;
        if taken.is_ok() {
            let tell = Looks::Tell(&mut failing);
            taken = take_phase(&mut pass, log, Phase::Verify, &scenario.verify, tell).await;
        }
        attempt.not_in_force = failing;
        attempt.stopped = taken.err();
    }

    pub(super) async fn after_update(
        &self,
        scenario: &Scenario,
        attempt: &mut Attempt,
        rig: &mut Rig,
    ) {
        let not_in_force = std::mem::take(&mut attempt.not_in_force);
        let log = &mut attempt.log;
        let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
        let phase = Phase::VerifyAfterUpdate;
        let looks = Looks::Except(&not_in_force);
        let taken = take_phase(&mut pass, log, phase, &scenario.verify, looks).await;
        attempt.not_in_force = not_in_force;
        attempt.stopped = taken.err();
    }

    /// Takes back what was brought about before the update.
    pub(super) async fn undo_carried(
        &self,
        scenario: &Scenario,
        attempt: &mut Attempt,
        rig: &mut Rig,
    ) -> bool {
        let not_in_force = std::mem::take(&mut attempt.not_in_force);
        let failed_before = attempt.log.failed.len();
        let log = &mut attempt.log;
        let mut pass = self.pass(rig, &mut attempt.scribe, &mut attempt.ids);
        let looks = Looks::Except(&not_in_force);
        let taken = take_phase(&mut pass, log, Phase::Undo, &scenario.undo, looks).await;
        let clean = taken.is_ok() && not_in_force.is_empty() && log.failed.len() == failed_before;
        attempt.not_in_force = not_in_force;
        if attempt.stopped.is_none() {
            attempt.stopped = taken.err();
        }
        clean
    }

    /// Brings a device under management on the release that the cell is about.
    pub(super) async fn provision(
        &self,
        label: &[&str],
        identity: u64,
        scribe: &mut Scribe,
    ) -> Result<Rig, Stop> {
        let mut rig = self.enroll(label, identity, scribe).await?;
        if self.upgraded().is_some() {
            self.update(&mut rig, scribe).await?;
        }
        Ok(rig)
    }

    /// Makes a device and enrolls it on the release it starts on.
    pub(super) async fn enroll(
        &self,
        label: &[&str],
        identity: u64,
        scribe: &mut Scribe,
    ) -> Result<Rig, Stop> {
        let inputs = &self.shared.inputs;
        let release = self.upgraded().unwrap_or(&self.cell.release);
        let mut names = vec!["device", self.cell_id.as_str()];
        names.extend_from_slice(label);
        let order = DeviceOrder {
            cell: Arc::clone(&self.cell),
            release: Arc::clone(release),
            seed: ids::derive(inputs.options.seed, &names),
            facts: Arc::clone(&inputs.facts),
        };
        let mut device = inputs.devices.make(&order)?;
        if device.enrolled() {
            return Ok(Rig::new(device, Arc::clone(release)));
        }
        let request = EnrollmentRequest {
            id: device.enrollment_id(ChannelWord::Device),
            kind: self.cell.enrollment,
            identity,
        };
        let limits = inputs.options.limits;
        let invitation = limited(
            &inputs.cancel,
            limits.server,
            "preparing an enrollment",
            inputs.server.prepare_enrollment(&request),
        )
        .await??;
        scribe.phase("enrollment");
        let enrolled = limited(
            &inputs.cancel,
            limits.session,
            "enrolling the device",
            device.enroll_by(&invitation),
        )
        .await;
        let mut rig = Rig::new(device, Arc::clone(release));
        scribe.device(rig.take_messages());
        enrolled??;
        inputs.server.introduce(&request.id, rig.introduction());
        Ok(rig)
    }

    /// Updates the device in place to the release that the cell is about.
    pub(super) async fn update(&self, rig: &mut Rig, scribe: &mut Scribe) -> Result<(), Stop> {
        let inputs = &self.shared.inputs;
        scribe.phase("update");
        let updated = limited(
            &inputs.cancel,
            inputs.options.limits.session,
            "updating the device",
            rig.device.update_to(Arc::clone(&self.cell.release)),
        )
        .await;
        scribe.device(rig.take_messages());
        updated??;
        rig.release = Arc::clone(&self.cell.release);
        Ok(())
    }
}
