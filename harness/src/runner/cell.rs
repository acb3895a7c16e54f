//! The executor: runs the cases of one cell in order and owns everything they touch.

use std::sync::Arc;

use device_matrix::cell::{Arrival, Cell};
use device_matrix::release::Release;
use scenarios::event::Ended;
use scenarios::plan::Check;
use scenarios::scenario::Scenario;
use tokio::sync::mpsc;

use super::attempt::{Attempt, Done};
use super::work::{CaseWork, CellWork, Report, Shared};
use crate::device::lab::Refused;
use crate::server::ServerError;
use crate::step::probe::ProbeSource;
use crate::step::rig::Rig;
use crate::step::stop::Stop;
use crate::step::take::unsupported;
use crate::step::transcript::Scribe;

/// The executor of one cell.
pub(super) struct Executor {
    pub(super) shared: Arc<Shared>,
    pub(super) cell: Arc<Cell>,
    pub(super) cell_id: String,
    pub(super) cell_index: usize,
    pub(super) reports: mpsc::Sender<Report>,
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
            let completed = done.ended == Ended::Completed;
            finished.push(done);
            // Once an attempt fails all of them are taken: how many of how many is what tells flaky from failing.
            let doubtful = finished.iter().any(|done| done.doubtful);
            if !(doubtful && completed) || self.cancelled() {
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
        if let Some(stop) = self.refused(case, device) {
            return self.end(attempt, case, Some(stop), false, true);
        }
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
        if let Some(stop) = self.refused(case, &rig) {
            return self.end(attempt, case, Some(stop), false, true);
        }
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

    fn unsupported(&self, case: &CaseWork) -> Option<Stop> {
        let Check::Scenario(index) = case.check else {
            return None;
        };
        let what = unsupported(self.scenario(index)?, &self.shared.capabilities)?;
        Some(Stop::Server(ServerError::Unsupported {
            what: what.to_owned(),
        }))
    }

    /// Why the device does not take the case; a real one takes no probes, which look at everything there is.
    fn refused(&self, case: &CaseWork, rig: &Rig) -> Option<Stop> {
        let Check::Scenario(index) = case.check else {
            return rig.device.enrolled().then(|| {
                Stop::Unsafe(
                    "probes send whatever there is, and are not sent to real devices".to_owned(),
                )
            });
        };
        rig.device
            .refuses(self.scenario(index)?)
            .map(|refused| match refused {
                Refused::Unsafe(why) => Stop::Unsafe(why),
                Refused::NeedsPerson(why) => Stop::NeedsPerson(why),
            })
    }

    pub(super) fn upgraded(&self) -> Option<&Arc<Release>> {
        match &self.cell.arrival {
            Arrival::Fresh => None,
            Arrival::Upgraded { from } => Some(from),
        }
    }

    pub(super) fn scenario(&self, index: u32) -> Option<&Scenario> {
        self.shared.inputs.scenarios.get(index as usize)
    }

    pub(super) fn probe(&self, index: u32) -> Option<&Arc<dyn ProbeSource>> {
        self.shared.inputs.probes.get(index as usize)
    }

    pub(super) fn attempt(&self, case: &CaseWork, number: u32) -> Attempt {
        let options = &self.shared.inputs.options;
        Attempt::new(options.seed, options.nonce, &self.cell_id, &case.id, number)
    }

    pub(super) fn cancelled(&self) -> bool {
        self.shared.inputs.cancel.is_cancelled()
    }

    /// A number that no other device of the run has, whatever the order of work.
    pub(super) fn identity(&self, extra: Option<(usize, u32, u64)>) -> u64 {
        let plan = &self.shared.inputs.plan;
        match extra {
            None => self.cell_index as u64,
            Some((case, attempt, which)) => {
                plan.cells.len() as u64 + case as u64 * 128 + u64::from(attempt % 64) * 2 + which
            }
        }
    }

    pub(super) fn nothing(&self, case: &CaseWork, attempt: Attempt) -> Done {
        let stop = Stop::Bug(format!(
            "the plan names a check that the suite does not have: {}",
            case.id
        ));
        self.end(attempt, case, Some(stop), false, true)
    }

    pub(super) fn end(
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
}
