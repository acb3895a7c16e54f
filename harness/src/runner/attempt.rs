//! One attempt of a case in the making: its events, its transcript, its ids.

use std::collections::BTreeSet;

use scenarios::event::{Ended, Event, Judged};
use scenarios::scenario::{Phase, Step};

use crate::record::evidence::Evidence;
use crate::step::condition;
use crate::step::ids::Ids;
use crate::step::look::{self, Place};
use crate::step::stop::Stop;
use crate::step::take::Pass;
use crate::step::transcript::Scribe;

/// One attempt.
pub(super) struct Attempt {
    pub(super) log: Log,
    pub(super) scribe: Scribe,
    pub(super) ids: Ids,
    /// Parts that were not in force before the update, so that nothing could outlive it.
    pub(super) not_in_force: BTreeSet<String>,
    /// Why it can not go on.
    pub(super) stopped: Option<Stop>,
}

/// Events of an attempt and what follows from them.
pub(super) struct Log {
    pub(super) case: String,
    pub(super) attempt: u32,
    pub(super) events: Vec<Event>,
    /// Parts with a look that failed.
    pub(super) failed: BTreeSet<String>,
}

/// What becomes of the looks of a phase.
pub(super) enum Looks<'a> {
    /// They are judged and recorded.
    Record,
    /// They are recorded except for these parts.
    Except(&'a BTreeSet<String>),
    /// They only tell which parts fail.
    Tell(&'a mut BTreeSet<String>),
}

/// A finished attempt.
pub(super) struct Done {
    pub(super) events: Vec<Event>,
    pub(super) evidence: Evidence,
    pub(super) messages: u64,
    pub(super) requests: u64,
    pub(super) ended: Ended,
    /// A look failed that nobody expects to fail.
    pub(super) doubtful: bool,
    /// The device is as it was before.
    pub(super) clean: bool,
}

impl Attempt {
    /// `seed` and `nonce` are those of the run.
    pub(super) fn new(seed: u64, nonce: Option<u64>, cell: &str, case: &str, attempt: u32) -> Self {
        let number = attempt.to_string();
        let nonce = nonce.map(|nonce| nonce.to_string());
        let mut names = vec!["ids", cell, case, &number];
        names.extend(nonce.as_deref());
        Self {
            log: Log {
                case: case.to_owned(),
                attempt,
                events: Vec::new(),
                failed: BTreeSet::new(),
            },
            scribe: Scribe::default(),
            ids: Ids::new(seed, &names),
            not_in_force: BTreeSet::new(),
            stopped: None,
        }
    }

    /// Ends the attempt.
    pub(super) fn done(
        self,
        subject: &str,
        cell: &str,
        ended: Ended,
        doubtful: bool,
        clean: bool,
    ) -> Done {
        let messages = self.scribe.len();
        let requests = self.scribe.requests();
        let evidence = Evidence::of(&self.scribe.finish());
        let mut events = self.log.events;
        events.push(Event::CaseEnded {
            case: self.log.case,
            subject: subject.to_owned(),
            cell: cell.to_owned(),
            attempt: self.log.attempt,
            ended: ended.clone(),
            evidence: evidence.sha256.clone(),
        });
        Done {
            events,
            evidence,
            messages,
            requests,
            ended,
            doubtful,
            clean,
        }
    }
}

/// Takes the steps of a phase. Goes on after a look that fails; ends at a step that can not be taken.
pub(super) async fn take_phase(
    pass: &mut Pass<'_>,
    log: &mut Log,
    phase: Phase,
    steps: &[Step],
    mut looks: Looks<'_>,
) -> Result<(), Stop> {
    if matches!(looks, Looks::Tell(_)) {
        pass.scribe.phase("before_update");
    } else {
        pass.scribe.phase(phase.as_str());
    }
    for (position, step) in steps.iter().enumerate() {
        if !condition::holds(&step.when, pass.cell, &pass.rig.release) {
            continue;
        }
        let seen = pass.step(step).await?;
        for look in &step.looks {
            let place = Place {
                case: &log.case,
                attempt: log.attempt,
                phase,
                step: u32::try_from(position).unwrap_or(u32::MAX),
            };
            let event = look::judge(place, &step.action, look, &seen);
            let failed = matches!(
                event,
                Event::Looked {
                    judged: Judged::Fail,
                    ..
                }
            );
            match &mut looks {
                Looks::Tell(parts) => {
                    if failed {
                        parts.insert(look.part.clone());
                    }
                    continue;
                }
                Looks::Except(parts) if parts.contains(&look.part) => continue,
                Looks::Except(_) | Looks::Record => {}
            }
            if failed {
                log.failed.insert(look.part.clone());
            }
            log.events.push(event);
        }
    }
    Ok(())
}
