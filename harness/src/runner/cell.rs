//! The executor: runs the cases of one cell in order and owns everything they touch.

use std::collections::HashMap;
use std::sync::Arc;

use device_matrix::cell::{Arrival, Cell};
use device_matrix::release::Release;
use scenarios::event::{Ended, Event, Judged};
use scenarios::plan::Check;
use scenarios::scenario::{Action, ChannelWord, DeviceAction, Phase, Scenario, Specified};
use tokio::sync::mpsc;

use super::attempt::{Attempt, Done, Looks, take_phase};
use super::health::Health;
use super::input::{DeviceOrder, RunInputs};
use crate::record::evidence::Evidence;
use crate::server::{EnrollmentRequest, ServerCapabilities, ServerError};
use crate::step::probe::{self, ProbeSource};
use crate::step::rig::Rig;
use crate::step::stop::{Stop, limited};
use crate::step::take::{Pass, unsupported};
use crate::step::transcript::Scribe;
use crate::step::{condition, ids};

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

/// The executor of one cell.
pub(super) struct Executor {
    shared: Arc<Shared>,
    cell: Arc<Cell>,
    cell_id: String,
    cell_index: usize,
    reports: mpsc::Sender<Report>,
}

/// A device that could not be brought under management.
struct NoDevice {
    stop: Stop,
    scribe: Scribe,
}

impl Executor {
    pub(super) fn new(
        shared: Arc<Shared>,
        cell_index: usize,
        reports: mpsc::Sender<Report>,
    ) -> Option<Self> {
        let cell = Arc::clone(shared.inputs.plan.cells.get(cell_index)?);
        Some(Self {
            cell_id: cell.id(),
            shared,
            cell,
            cell_index,
            reports,
        })
    }

    /// Runs every case of the cell. Ends early, and silently, when the run is interrupted.
    pub(super) async fn run(self, work: CellWork) {
        if let Some(stop) = self.shared.health.gone() {
            return self.block_cell(&work.cases, &stop, Scribe::default()).await;
        }
        let (mut rig, mut carried) = match self.begin(&work.cases).await {
            Ok((rig, scribe, carried)) => {
                self.enrolled(scribe, true).await;
                (rig, carried)
            }
            Err(none) if none.stop == Stop::Interrupted => return,
            Err(none) => return self.block_cell(&work.cases, &none.stop, none.scribe).await,
        };
        for case in &work.cases {
            if self.cancelled() {
                // What was begun before the update must not be lost without a word.
                for case in &work.cases {
                    if let Some(attempt) = carried.remove(&case.index) {
                        let done = self.end(attempt, case, Some(Stop::Interrupted), false, false);
                        self.ended(case, vec![done]).await;
                    }
                }
                return;
            }
            let attempts = self
                .attempts(case, &mut rig, carried.remove(&case.index))
                .await;
            self.ended(case, attempts).await;
        }
    }

    /// All attempts of a case: more than one only to tell flaky from failing.
    async fn attempts(
        &self,
        case: &CaseWork,
        rig: &mut Option<Rig>,
        mut carried: Option<Attempt>,
    ) -> Vec<Done> {
        let mut finished: Vec<Done> = Vec::new();
        let last = case.first_attempt + self.shared.inputs.options.retries;
        for number in case.first_attempt..=last {
            let mut attempt = carried.take().unwrap_or_else(|| self.attempt(case, number));
            let alone = match case.check {
                Check::Scenario(index) => {
                    self.scenario(index)
                        .is_some_and(|scenario| scenario.destructive)
                        || (self.upgraded().is_some() && number > case.first_attempt)
                }
                Check::Probe(_) => false,
            };
            let done = if let Some(stop) = self.shared.health.gone() {
                let stop = attempt.stopped.take().unwrap_or(stop);
                self.end(attempt, case, Some(stop), false, false)
            } else if let Some(stop) = attempt.stopped.take() {
                self.end(attempt, case, Some(stop), false, false)
            } else if alone {
                self.alone(case, attempt).await
            } else {
                self.together(case, attempt, rig).await
            };
            let again = done.doubtful && done.ended == Ended::Completed && !self.cancelled();
            finished.push(done);
            if !again {
                break;
            }
        }
        finished
    }

    /// An attempt on the cell's device.
    async fn together(&self, case: &CaseWork, mut attempt: Attempt, rig: &mut Option<Rig>) -> Done {
        if let Some(stop) = self.unsupported(case) {
            return self.end(attempt, case, Some(stop), false, true);
        }
        if rig.is_none() {
            let label = format!("{}#{}", case.id, attempt.log.attempt);
            let mut scribe = Scribe::default();
            let identity = self.identity(Some((case.index, attempt.log.attempt, 0)));
            match self
                .provision(&["again", &label], identity, &mut scribe)
                .await
            {
                Ok(device) => {
                    self.enrolled(scribe, false).await;
                    *rig = Some(device);
                }
                Err(stop) => {
                    self.suspect(&stop).await;
                    attempt.scribe = scribe;
                    return self.end(attempt, case, Some(stop), false, true);
                }
            }
        }
        let Some(device) = rig.as_mut() else {
            let stop = Stop::Bug("a device is missing after its enrollment".to_owned());
            return self.end(attempt, case, Some(stop), false, true);
        };
        let done = match case.check {
            Check::Scenario(index) => match self.scenario(index) {
                Some(scenario) => self.fresh(case, scenario, attempt, device).await,
                None => self.nothing(case, attempt),
            },
            Check::Probe(index) => match self.probe(index) {
                Some(probe) => self.probed(case, probe.as_ref(), attempt, device).await,
                None => self.nothing(case, attempt),
            },
        };
        if !done.clean {
            *rig = None;
        }
        done
    }

    /// An attempt on a device of its own.
    async fn alone(&self, case: &CaseWork, mut attempt: Attempt) -> Done {
        if let Some(stop) = self.unsupported(case) {
            return self.end(attempt, case, Some(stop), false, true);
        }
        let scenario = match case.check {
            Check::Scenario(index) => self.scenario(index),
            Check::Probe(_) => None,
        };
        let Some(scenario) = scenario else {
            return self.nothing(case, attempt);
        };
        let label = format!("{}#{}", case.id, attempt.log.attempt);
        let identity = self.identity(Some((case.index, attempt.log.attempt, 1)));
        let enrolled = self
            .enroll(&["own", &label], identity, &mut attempt.scribe)
            .await;
        let mut rig = match enrolled {
            Ok(rig) => rig,
            Err(stop) => {
                self.suspect(&stop).await;
                return self.end(attempt, case, Some(stop), false, true);
            }
        };
        if self.upgraded().is_some() {
            let carries = self.carries(scenario, &rig.release);
            if carries {
                self.before_update(scenario, &mut attempt, &mut rig).await;
            }
            if attempt.stopped.is_none()
                && let Err(stop) = self.update(&mut rig, &mut attempt.scribe).await
            {
                attempt.stopped = Some(stop);
            }
            if carries && attempt.stopped.is_none() {
                self.after_update(scenario, &mut attempt, &mut rig).await;
            }
            if carries && attempt.stopped.is_none() {
                self.undo_carried(scenario, &mut attempt, &mut rig).await;
            }
            if let Some(stop) = attempt.stopped.take() {
                self.suspect(&stop).await;
                return self.end(attempt, case, Some(stop), false, true);
            }
        }
        let mut done = self.fresh(case, scenario, attempt, &mut rig).await;
        done.clean = true;
        done
    }

    /// Apply, verify, verify after a reboot, undo, verify undone.
    async fn fresh(
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

    async fn main_phases(
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
        if scenario.survives.reboot {
            let after = Phase::VerifyAfterReboot;
            pass.scribe.phase(after.as_str());
            pass.take(&Action::Device(DeviceAction::Reboot)).await?;
            take_phase(&mut pass, log, after, &scenario.verify, Looks::Record).await?;
        }
        Ok(())
    }

    /// Takes the scenario back. The device is clean when every undoing step was taken and every look passed.
    async fn undo(
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

    async fn probed(
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

    /// Enrolls the cell's device; for an upgraded arrival also applies, updates, looks again and takes back.
    async fn begin(
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

    async fn before_update(&self, scenario: &Scenario, attempt: &mut Attempt, rig: &mut Rig) {
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

    async fn after_update(&self, scenario: &Scenario, attempt: &mut Attempt, rig: &mut Rig) {
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
    async fn undo_carried(
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
    async fn provision(
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
    async fn enroll(
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
        let request = EnrollmentRequest {
            id: device.enrollment_id(ChannelWord::Device),
            kind: self.cell.enrollment,
            identity,
        };
        let limits = inputs.options.limits;
        let grant = limited(
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
            device.enroll(&grant),
        )
        .await;
        scribe.device(device.take_messages());
        enrolled??;
        Ok(Rig::new(device, Arc::clone(release)))
    }

    /// Updates the device in place to the release that the cell is about.
    async fn update(&self, rig: &mut Rig, scribe: &mut Scribe) -> Result<(), Stop> {
        let inputs = &self.shared.inputs;
        scribe.phase("update");
        let updated = limited(
            &inputs.cancel,
            inputs.options.limits.session,
            "updating the device",
            rig.device.update_to(Arc::clone(&self.cell.release)),
        )
        .await;
        scribe.device(rig.device.take_messages());
        updated??;
        rig.release = Arc::clone(&self.cell.release);
        Ok(())
    }

    fn pass<'a>(
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
    async fn suspect(&self, stop: &Stop) {
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

    fn unsupported(&self, case: &CaseWork) -> Option<Stop> {
        let Check::Scenario(index) = case.check else {
            return None;
        };
        let what = unsupported(self.scenario(index)?, &self.shared.capabilities)?;
        Some(Stop::Server(ServerError::Unsupported {
            what: what.to_owned(),
        }))
    }

    /// Whether a look failed in a part of which nobody has stated that it must fail.
    fn doubtful(&self, scenario: &Scenario, attempt: &Attempt) -> bool {
        attempt.log.failed.iter().any(|failed| {
            let part = scenario.parts.iter().find(|part| part.id == *failed);
            let specified =
                part.and_then(|part| condition::specified(part, &self.cell, &self.cell.release));
            !matches!(specified, Some(Specified::Lost | Specified::NotSupported))
        })
    }

    /// Whether the scenario is brought about before the update.
    fn carries(&self, scenario: &Scenario, from: &Release) -> bool {
        scenario.survives.update && condition::applies(scenario, &self.cell, from)
    }

    fn upgraded(&self) -> Option<&Arc<Release>> {
        match &self.cell.arrival {
            Arrival::Fresh => None,
            Arrival::Upgraded { from } => Some(from),
        }
    }

    fn scenario(&self, index: u32) -> Option<&Scenario> {
        self.shared.inputs.scenarios.get(index as usize)
    }

    fn probe(&self, index: u32) -> Option<&Arc<dyn ProbeSource>> {
        self.shared.inputs.probes.get(index as usize)
    }

    fn attempt(&self, case: &CaseWork, number: u32) -> Attempt {
        let seed = self.shared.inputs.options.seed;
        Attempt::new(seed, &self.cell_id, &case.id, number)
    }

    fn cancelled(&self) -> bool {
        self.shared.inputs.cancel.is_cancelled()
    }

    /// A number that no other device of the run has, whatever the order of work.
    fn identity(&self, extra: Option<(usize, u32, u64)>) -> u64 {
        let plan = &self.shared.inputs.plan;
        match extra {
            None => self.cell_index as u64,
            Some((case, attempt, which)) => {
                plan.cells.len() as u64 + case as u64 * 8 + u64::from(attempt % 4) * 2 + which
            }
        }
    }

    fn nothing(&self, case: &CaseWork, attempt: Attempt) -> Done {
        let stop = Stop::Bug(format!(
            "the plan names a check that the suite does not have: {}",
            case.id
        ));
        self.end(attempt, case, Some(stop), false, true)
    }

    fn end(
        &self,
        attempt: Attempt,
        case: &CaseWork,
        stop: Option<Stop>,
        doubtful: bool,
        clean: bool,
    ) -> Done {
        let ended = stop.map_or(Ended::Completed, |stop| stop.ended());
        attempt.done(&case.subject, &self.cell_id, ended, doubtful, clean)
    }

    async fn enrolled(&self, scribe: Scribe, first: bool) {
        let (messages, requests) = (scribe.len(), scribe.requests());
        let evidence = Evidence::of(&scribe.finish());
        let event = Event::CellEnrolled {
            cell: self.cell_id.clone(),
            evidence: evidence.sha256.clone(),
        };
        self.report(Report {
            evidence: vec![evidence],
            events: vec![event],
            messages,
            requests,
            case: None,
            enrolled: first,
        })
        .await;
    }

    async fn ended(&self, case: &CaseWork, attempts: Vec<Done>) {
        let mut report = Report::default();
        for done in attempts {
            report.messages += done.messages;
            report.requests += done.requests;
            report.evidence.push(done.evidence);
            report.events.extend(done.events);
            report.case = Some((case.index, done.ended));
        }
        self.report(report).await;
    }

    /// Every case of the cell ends blocked with the reason why there is no device.
    async fn block_cell(&self, cases: &[CaseWork], stop: &Stop, scribe: Scribe) {
        let messages = scribe.len();
        let evidence = Evidence::of(&scribe.finish());
        self.report(Report {
            events: vec![Event::CellBlocked {
                cell: self.cell_id.clone(),
                reason: stop.reason().to_owned(),
                sentence: stop.sentence(),
            }],
            messages,
            ..Report::default()
        })
        .await;
        for case in cases {
            let ended = stop.ended();
            self.report(Report {
                evidence: vec![evidence.clone()],
                events: vec![Event::CaseEnded {
                    case: case.id.clone(),
                    subject: case.subject.clone(),
                    cell: self.cell_id.clone(),
                    attempt: case.first_attempt,
                    ended: ended.clone(),
                    evidence: evidence.sha256.clone(),
                }],
                case: Some((case.index, ended)),
                ..Report::default()
            })
            .await;
        }
    }

    async fn report(&self, report: Report) {
        // The dispatcher goes away only when the record can not be written; it says so itself.
        let _ = self.reports.send(report).await;
    }
}
