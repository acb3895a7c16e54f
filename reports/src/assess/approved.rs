//! The cases of a run against approved baselines: what behaves otherwise, and what people have decided about it.

use std::collections::BTreeMap;

use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use rayon::prelude::*;
use scenarios::event::{CellRecord, LookKind};
use snapshots::baseline::{Baselines, Change, EnrollmentClass, Key, Line, Standing, nearest};
use snapshots::file::SnapshotFile;
use snapshots::observation::{EffectLook, Observation, Unreadable};

use super::compare::{describe, describe_value, direction};
use super::types::{Assessment, BaselineTally, BehaviorDecision, BehaviorRow, CaseResult, Outcome};
use crate::evidence::Evidence;
use crate::record::RunRecord;

/// Rows that are kept.
const MAX_ROWS: usize = 2000;

/// What a baseline must speak for to speak for a case; `None` for devices that were updated in place, which the
/// comparison of arrivals is about, and for words that nobody knows.
#[must_use]
pub fn key(scenario: &str, cell: &CellRecord) -> Option<Key> {
    if cell.arrival != "fresh" {
        return None;
    }
    let platform: Platform = cell.platform.parse().ok()?;
    Some(Key {
        line: Line {
            scenario: scenario.to_owned(),
            platform,
            class: EnrollmentClass::of(EnrollmentType::from_word(&cell.enrollment)?),
        },
        release: cell.release.strip_prefix(platform.slug())?.parse().ok()?,
    })
}

/// What was observed in a case, with what a baseline must speak for. Undecided cases show nothing.
#[must_use]
pub fn observed(
    case: &CaseResult,
    record: &RunRecord,
    evidence: &dyn Evidence,
) -> Option<(Key, Observation)> {
    if matches!(case.outcome, Outcome::Blocked | Outcome::Flaky) {
        return None;
    }
    let key = key(&case.scenario, &record.cells.get(&case.cell)?.cell)?;
    let sha = case.evidence.as_deref()?;
    let attempt = record
        .cases
        .get(&case.id)?
        .attempts
        .values()
        .rev()
        .find(|attempt| attempt.evidence.as_deref() == Some(sha))?;
    let effects = attempt
        .looks
        .iter()
        .filter(|look| look.kind == LookKind::Effect)
        .map(|look| EffectLook {
            phase: look.phase.clone(),
            pointer: look.pointer.clone(),
            seen: look.seen.clone(),
        });
    Some((key, Observation::new(&evidence.transcript(sha)?, effects)))
}

/// One change and where it shows.
struct Found<'a> {
    case: &'a CaseResult,
    releases: (String, String),
    changes: Vec<Change>,
    decision: BehaviorDecision,
}

impl Assessment {
    /// Adds the changes of behavior against `baselines`, in front of the others.
    ///
    /// # Errors
    /// A baseline whose text can not be read.
    pub fn with_baselines(
        mut self,
        record: &RunRecord,
        evidence: &dyn Evidence,
        baselines: &Baselines,
    ) -> Result<Self, Unreadable> {
        if baselines.is_empty() {
            return Ok(self);
        }
        let found: Vec<(BaselineTally, Option<Found<'_>>)> = self
            .cases
            .par_iter()
            .filter_map(|case| Some((case, observed(case, record, evidence)?)))
            .map(|(case, (key, observation))| one(case, &key, &observation, baselines))
            .collect::<Result<_, _>>()?;
        let mut tally = BaselineTally::default();
        let mut rows: BTreeMap<_, BehaviorRow> = BTreeMap::new();
        for (counted, found) in found {
            tally.approved += counted.approved;
            tally.different += counted.different;
            tally.new += counted.new;
            if let Some(found) = found {
                add(&mut rows, &found);
            }
        }
        let mut rows: Vec<BehaviorRow> = rows.into_values().take(MAX_ROWS).collect();
        rows.append(&mut self.behavior);
        self.behavior = rows;
        self.baselines = tally;
        Ok(self)
    }
}

fn one<'a>(
    case: &'a CaseResult,
    key: &Key,
    observation: &Observation,
    baselines: &Baselines,
) -> Result<(BaselineTally, Option<Found<'a>>), Unreadable> {
    let mut tally = BaselineTally::default();
    let platform = key.line.platform.slug();
    let id = |release: device_matrix::version::OsVersion| format!("{platform}{}", release.slug());
    Ok(match baselines.compare(key, observation)? {
        Standing::New => {
            tally.new = 1;
            (tally, None)
        }
        Standing::Approved(in_force) => {
            tally.approved = 1;
            // The release whose file it is shows what it changed, and who approved that.
            let older = (in_force.release == key.release)
                .then(|| baselines.before(&key.line, key.release))
                .flatten();
            let Some(older) = older else {
                return Ok((tally, None));
            };
            let changes = nearest(older.files, observation)?;
            (
                tally,
                Some(Found {
                    case,
                    releases: (id(older.release), id(key.release)),
                    changes,
                    decision: decision(in_force.files.first(), "approved", "unsigned"),
                }),
            )
        }
        Standing::Different {
            in_force,
            changes,
            rejected,
        } => {
            tally.different = 1;
            (
                tally,
                Some(Found {
                    case,
                    releases: (id(in_force.release), id(key.release)),
                    changes,
                    decision: decision(rejected, "rejected", "pending"),
                }),
            )
        }
    })
}

fn decision(
    file: Option<&SnapshotFile>,
    decided: &'static str,
    open: &'static str,
) -> BehaviorDecision {
    let by = file
        .and_then(|file| file.header.decision())
        .map(|decision| (decision.who, decision.why, decision.date));
    BehaviorDecision {
        state: if by.is_some() { decided } else { open },
        by,
    }
}

type RowKey = (
    String,
    &'static str,
    (String, String),
    String,
    String,
    &'static str,
    Option<String>,
    Option<String>,
    BehaviorDecision,
);

fn add(rows: &mut BTreeMap<RowKey, BehaviorRow>, found: &Found<'_>) {
    for change in &found.changes {
        let (direction, what, phase, path, (word, before, after)) = match change {
            Change::Message(change) => (
                direction(change.message.direction),
                change.message.what.clone(),
                change.message.phase.clone(),
                change.path().to_owned(),
                describe(&change.behavior),
            ),
            Change::Effect { phase, difference } => (
                "effect",
                "effects".to_owned(),
                phase.clone(),
                difference.path.clone(),
                describe_value(&difference.change),
            ),
        };
        let key = (
            what.clone(),
            direction,
            found.releases.clone(),
            phase.clone(),
            path.clone(),
            word,
            before.clone(),
            after.clone(),
            found.decision.clone(),
        );
        let row = rows.entry(key).or_insert_with(|| BehaviorRow {
            against: "baseline",
            decision: Some(found.decision.clone()),
            direction,
            what,
            phase,
            path,
            change: word,
            before,
            after,
            features: Vec::new(),
            cases: 0,
            releases: found.releases.clone(),
            evidence: (None, found.case.evidence.clone()),
        });
        row.cases += 1;
        if !row.features.contains(&found.case.feature) {
            row.features.push(found.case.feature.clone());
        }
    }
}
