//! What a run observed, and what differs between a clean and a mutated one.

use std::collections::{BTreeMap, BTreeSet};

use scenarios::event::{Direction, Ended, Event, Judged, Transcript};
use serde::Serialize;

use crate::record::evidence::Evidence;
use crate::runner::Sink;

/// The party that a difference points at, by what the record shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The server altered, lost or spoilt a message, or did not answer.
    Product,
    /// The device behaved otherwise although it got what was handed in.
    Os,
    /// The harness itself fell over.
    HarnessData,
}

impl Party {
    /// The word in JSON and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Os => "os",
            Self::HarnessData => "harness_data",
        }
    }
}

/// Where a look was taken, as text that a person can read: `verify[1] /restrictions/allowCamera (camera)`.
type Spot = String;

/// Everything that assessment would look at, by case.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    cases: BTreeMap<String, ObservedCase>,
    /// Evidence in which a message arrived altered.
    altering: BTreeSet<String>,
    /// Evidence in which the server answered a device with an error.
    refusing: BTreeSet<String>,
}

/// The last attempt of one case.
#[derive(Clone, Debug, Default, PartialEq)]
struct ObservedCase {
    subject: String,
    attempt: u32,
    looks: BTreeMap<Spot, Judged>,
    probes: BTreeMap<String, String>,
    ended: Option<Ended>,
    evidence: String,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Case id.
    pub case: String,
    /// Feature id or probe class.
    pub subject: String,
    /// What differs: a look, a probe result, or how the case ended.
    pub what: String,
    /// In the clean run.
    pub clean: String,
    /// In the mutated run.
    pub mutated: String,
    /// Whom it points at.
    pub party: Party,
}

impl Sink for Observed {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Looked {
                case,
                attempt,
                phase,
                step,
                part,
                pointer,
                judged,
                ..
            } => {
                let seen = self.case(case, *attempt);
                let spot = format!("{phase}[{step}] {pointer} ({part})");
                // The same look after an update and in the fresh phases: the worse one counts.
                let known = seen.looks.entry(spot).or_insert(*judged);
                if *judged == Judged::Fail {
                    *known = Judged::Fail;
                }
            }
            Event::Probed {
                case,
                attempt,
                results,
            } => {
                let seen = self.case(case, *attempt);
                for result in results {
                    seen.probes
                        .insert(result.capability.clone(), result.result.clone());
                }
            }
            Event::CaseEnded {
                case,
                subject,
                attempt,
                ended,
                evidence,
                ..
            } => {
                let seen = self.case(case, *attempt);
                seen.subject.clone_from(subject);
                seen.ended = Some(ended.clone());
                seen.evidence.clone_from(evidence);
            }
            _ => {}
        }
    }

    fn evidence(&mut self, evidence: &Evidence) {
        let Ok(transcript) = serde_json::from_slice::<Transcript>(&evidence.bytes) else {
            return;
        };
        let mut messages = transcript.messages.iter();
        if messages.any(|message| message.handed_in.is_some()) {
            self.altering.insert(evidence.sha256.clone());
        }
        let mut answers = transcript.messages.iter();
        if answers.any(|message| {
            message.direction == Direction::ToDevice
                && message.http_status.is_some_and(|status| status >= 400)
        }) {
            self.refusing.insert(evidence.sha256.clone());
        }
    }
}

impl Observed {
    /// The entry of a case; a later attempt replaces an earlier one.
    fn case(&mut self, case: &str, attempt: u32) -> &mut ObservedCase {
        let seen = self.cases.entry(case.to_owned()).or_default();
        if attempt > seen.attempt {
            *seen = ObservedCase {
                attempt,
                ..ObservedCase::default()
            };
        }
        seen
    }

    /// Number of cases observed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether nothing was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Number of cases whose last attempt was completed.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.cases
            .values()
            .filter(|case| case.ended == Some(Ended::Completed))
            .count()
    }

    /// Everything in which `mutated` differs from this clean run, in a stable order; only cases that `mutated` ran.
    #[must_use]
    pub fn differences(&self, mutated: &Self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for (id, seen) in &mutated.cases {
            let Some(clean) = self.cases.get(id) else {
                continue;
            };
            let spoilt = mutated.altering.contains(&seen.evidence)
                || mutated.refusing.contains(&seen.evidence)
                    && !self.refusing.contains(&clean.evidence);
            let party = party(seen, spoilt);
            let mut push = |what: String, clean: String, mutated: String| {
                differences.push(Difference {
                    case: id.clone(),
                    subject: seen.subject.clone(),
                    what,
                    clean,
                    mutated,
                    party,
                });
            };
            if clean.ended != seen.ended {
                push("ended".to_owned(), ended(clean), ended(seen));
            }
            for (spot, judged) in &seen.looks {
                // A look that one of the runs did not reach is explained by how the case ended.
                if let Some(before) = clean.looks.get(spot)
                    && before != judged
                {
                    push(format!("look {spot}"), word(*before), word(*judged));
                }
            }
            if mutated.altering.contains(&seen.evidence) && !self.altering.contains(&clean.evidence)
            {
                push(
                    "a message arrived with another body than it was handed in with".to_owned(),
                    "unaltered".to_owned(),
                    "altered".to_owned(),
                );
            }
            for (capability, result) in &seen.probes {
                if let Some(before) = clean.probes.get(capability)
                    && before != result
                {
                    push(
                        format!("probe {capability}"),
                        before.clone(),
                        result.clone(),
                    );
                }
            }
        }
        differences
    }

    /// The first case whose transcript differs although nothing judged does.
    #[must_use]
    pub fn unjudged_difference(&self, mutated: &Self) -> Option<String> {
        mutated
            .cases
            .iter()
            .find(|(id, seen)| {
                self.cases
                    .get(*id)
                    .is_some_and(|clean| clean.evidence != seen.evidence)
            })
            .map(|(id, _)| id.clone())
    }
}

fn party(case: &ObservedCase, spoilt: bool) -> Party {
    match &case.ended {
        Some(Ended::Bug { .. }) => Party::HarnessData,
        Some(Ended::Blocked { reason, .. })
            if !matches!(
                reason.as_str(),
                "previous_step" | "device_silent" | "device_garbage"
            ) =>
        {
            Party::Product
        }
        _ if spoilt => Party::Product,
        _ => Party::Os,
    }
}

fn ended(case: &ObservedCase) -> String {
    match &case.ended {
        None => "not ended".to_owned(),
        Some(Ended::Completed) => "completed".to_owned(),
        Some(Ended::Blocked { reason, .. }) => format!("blocked ({reason})"),
        Some(Ended::Interrupted) => "interrupted".to_owned(),
        Some(Ended::Bug { .. }) => "bug".to_owned(),
    }
}

fn word(judged: Judged) -> String {
    match judged {
        Judged::Pass => "pass",
        Judged::Fail => "fail",
        Judged::Unseen => "unseen",
    }
    .to_owned()
}
