//! The run record as assessment reads it: events folded into cells, cases and attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use scenarios::event::{
    CellRecord, Ended, Event, Judged, LookKind, ProbeResult, SCHEMA_VERSION, ServerOrigin,
    SkipRecord,
};
use serde_json::Value;

/// Longest line of `events.jsonl` that is read, in bytes; a plan of a million cases fits its first line.
const MAX_LINE: usize = 512 * 1024 * 1024;

/// Why a record can not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No first line of a record.
    #[error(
        "the record does not begin with `run_started`. Check that the file is an events.jsonl of this harness"
    )]
    NoStart,
    /// Written by another format.
    #[error(
        "the record has format {found}; this reader knows {known}. Use the version of the harness that wrote it"
    )]
    Version {
        /// Version in the record.
        found: String,
        /// Version of this reader.
        known: &'static str,
    },
    /// A line in the middle of the record is not an event.
    #[error(
        "line {line} of the record is not an event: {cause}. Restore the file from a copy, or run again"
    )]
    Line {
        /// Line, counted from one.
        line: usize,
        /// What the parser said.
        cause: String,
    },
}

/// One judged look.
#[derive(Clone, Debug, PartialEq)]
pub struct LookRecord {
    /// Phase word.
    pub phase: String,
    /// Position of the step in its phase.
    pub step: u32,
    /// The part of the purpose.
    pub part: String,
    /// Kind of check.
    pub kind: LookKind,
    /// JSON pointer looked at.
    pub pointer: String,
    /// The matcher as JSON.
    pub expected: Value,
    /// The value seen.
    pub seen: Value,
    /// The judgment.
    pub judged: Judged,
    /// Message in the transcript.
    pub message: Option<u32>,
}

/// One attempt of a case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attempt {
    /// Judged looks, in order.
    pub looks: Vec<LookRecord>,
    /// What probes found.
    pub probes: Vec<ProbeResult>,
    /// How it ended; `None` when the record breaks off before.
    pub ended: Option<Ended>,
    /// SHA-256 of the transcript.
    pub evidence: Option<String>,
}

/// A case as recorded: the last set of attempts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseRecord {
    /// Scenario id, or `probe:class`.
    pub check: String,
    /// Cell id.
    pub cell: String,
    /// Attempts by number, from 1.
    pub attempts: BTreeMap<u32, Attempt>,
    /// Which continuation of the run wrote it.
    epoch: u32,
}

impl CaseRecord {
    /// Whether the case is a probe.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.check.starts_with("probe:")
    }
}

/// What the first line of a record says.
#[derive(Clone, Debug, PartialEq)]
pub struct RunHead {
    /// Run id.
    pub run_id: String,
    /// Selector as typed.
    pub target: String,
    /// Tier.
    pub tier: String,
    /// Filters in force.
    pub filters: BTreeMap<String, String>,
    /// Seed.
    pub seed: u64,
    /// The date as of which the run looked at the world (ISO 8601).
    pub as_of: String,
    /// Name of the server adapter.
    pub server: String,
    /// What the server calls itself.
    pub server_build: Option<String>,
    /// Origin of the server.
    pub server_origin: ServerOrigin,
    /// Capabilities the adapter declares.
    pub server_capabilities: Vec<String>,
    /// Whether devices are woken by push.
    pub push: bool,
    /// Revisions of data files.
    pub data: BTreeMap<String, String>,
    /// Cases planned.
    pub cases: u64,
}

/// What became of a cell's enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CellState {
    /// The record says nothing: the run did not come so far.
    #[default]
    NotReached,
    /// Enrolled, with the evidence of its check-ins.
    Enrolled(String),
    /// Could not be enrolled.
    Blocked {
        /// Stable word.
        reason: String,
        /// What a QA engineer can act on.
        sentence: String,
    },
}

/// A cell and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedCell {
    /// The cell.
    pub cell: CellRecord,
    /// Its enrollment.
    pub state: CellState,
}

/// A run record, folded.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// First line.
    pub head: RunHead,
    /// Cells by id.
    pub cells: BTreeMap<String, RecordedCell>,
    /// Cases by id (`scenario@cell`, `probe:class@cell`).
    pub cases: BTreeMap<String, CaseRecord>,
    /// What does not run.
    pub skips: Vec<SkipRecord>,
    /// Messages exchanged, as the last line says.
    pub messages: Option<u64>,
    /// Times the run was continued.
    pub resumed: u32,
    /// The record ends as a complete one does.
    pub finished: bool,
    /// The last line was cut off.
    pub truncated: bool,
}

/// Reads `events.jsonl` line by line.
pub fn read_events(reader: impl BufRead) -> impl Iterator<Item = Result<Event, RecordError>> {
    reader
        .split(b'\n')
        .enumerate()
        .filter(|(_, line)| !matches!(line, Ok(line) if line.iter().all(u8::is_ascii_whitespace)))
        .map(|(index, line)| {
            let error = |cause: String| RecordError::Line {
                line: index + 1,
                cause,
            };
            let line = line.map_err(|cause| error(cause.to_string()))?;
            if line.len() > MAX_LINE {
                return Err(error(format!("longer than {MAX_LINE} bytes")));
            }
            serde_json::from_slice(&line).map_err(|cause| error(cause.to_string()))
        })
}

impl RunRecord {
    /// Folds events.
    ///
    /// A last line that can not be read is a record that broke off, not an error; neither is such a line directly
    /// before the run was continued. When a continued run takes a case again, the last set of attempts counts.
    pub fn from_events(
        events: impl Iterator<Item = Result<Event, RecordError>>,
    ) -> Result<Self, RecordError> {
        let mut events = events.peekable();
        let mut record = match events.next() {
            Some(Ok(Event::RunStarted {
                schema_version,
                run_id,
                target,
                tier,
                filters,
                seed,
                as_of,
                server,
                server_build,
                server_origin,
                server_capabilities,
                push,
                data,
                cells,
                cases,
                skips,
            })) => {
                check_version(&schema_version)?;
                Self {
                    head: RunHead {
                        run_id,
                        target,
                        tier,
                        filters,
                        seed,
                        as_of,
                        server,
                        server_build,
                        server_origin,
                        server_capabilities,
                        push,
                        data,
                        cases,
                    },
                    cells: cells
                        .into_iter()
                        .map(|cell| {
                            let state = CellState::NotReached;
                            (cell.id.clone(), RecordedCell { cell, state })
                        })
                        .collect(),
                    cases: BTreeMap::new(),
                    skips,
                    messages: None,
                    resumed: 0,
                    finished: false,
                    truncated: false,
                }
            }
            Some(Err(error)) => return Err(error),
            _ => return Err(RecordError::NoStart),
        };
        while let Some(event) = events.next() {
            match event {
                Ok(event) => record.take(event),
                Err(error) => match events.peek() {
                    None => record.truncated = true,
                    Some(Ok(Event::Resumed { .. })) => {}
                    Some(_) => return Err(error),
                },
            }
        }
        Ok(record)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::RunStarted { .. } => {}
            Event::CellEnrolled { cell, evidence } => {
                self.set_cell(&cell, CellState::Enrolled(evidence));
            }
            Event::CellBlocked {
                cell,
                reason,
                sentence,
            } => self.set_cell(&cell, CellState::Blocked { reason, sentence }),
            Event::Looked {
                case,
                attempt,
                phase,
                step,
                part,
                kind,
                pointer,
                expected,
                seen,
                judged,
                message,
            } => self.attempt(&case, attempt).looks.push(LookRecord {
                phase,
                step,
                part,
                kind,
                pointer,
                expected,
                seen,
                judged,
                message,
            }),
            Event::Probed {
                case,
                attempt,
                results,
            } => self.attempt(&case, attempt).probes.extend(results),
            Event::CaseEnded {
                case,
                attempt,
                ended,
                evidence,
                ..
            } => {
                let attempt = self.attempt(&case, attempt);
                attempt.ended = Some(ended);
                attempt.evidence = Some(evidence).filter(|sha| !sha.is_empty());
            }
            Event::Interrupted { .. } => self.finished = false,
            Event::Resumed { .. } => {
                self.resumed += 1;
                self.finished = false;
            }
            Event::RunFinished { messages, .. } => {
                self.messages = Some(messages);
                self.finished = true;
            }
        }
    }

    fn set_cell(&mut self, id: &str, state: CellState) {
        if let Some(cell) = self.cells.get_mut(id) {
            cell.state = state;
        }
    }

    /// The attempt that an event speaks of; what an earlier part of the run, or an ended attempt of the same number,
    /// said is forgotten.
    fn attempt(&mut self, id: &str, number: u32) -> &mut Attempt {
        let epoch = self.resumed;
        let case = self.cases.entry(id.to_owned()).or_insert_with(|| {
            let (check, cell) = id.split_once('@').unwrap_or((id, ""));
            CaseRecord {
                check: check.to_owned(),
                cell: cell.to_owned(),
                attempts: BTreeMap::new(),
                epoch,
            }
        });
        if case.epoch != epoch {
            case.attempts.clear();
            case.epoch = epoch;
        }
        let again = case
            .attempts
            .get(&number)
            .is_some_and(|attempt| attempt.ended.is_some());
        if again {
            case.attempts.retain(|known, _| *known < number);
        }
        case.attempts.entry(number).or_default()
    }

    /// Cells under verification.
    pub fn subject_cells(&self) -> impl Iterator<Item = &RecordedCell> {
        self.cells
            .values()
            .filter(|cell| cell.cell.role == "subject")
    }

    /// Evidence named by the record: digests of transcripts.
    #[must_use]
    pub fn evidence(&self) -> BTreeSet<&str> {
        let cells = self.cells.values().filter_map(|cell| match &cell.state {
            CellState::Enrolled(sha) => Some(sha.as_str()),
            _ => None,
        });
        let cases = self
            .cases
            .values()
            .flat_map(|case| case.attempts.values())
            .filter_map(|attempt| attempt.evidence.as_deref());
        cells.chain(cases).filter(|sha| !sha.is_empty()).collect()
    }
}

fn check_version(found: &str) -> Result<(), RecordError> {
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(found) == major(SCHEMA_VERSION) {
        Ok(())
    } else {
        Err(RecordError::Version {
            found: found.to_owned(),
            known: SCHEMA_VERSION,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn start() -> Value {
        json!({"event": "run_started", "schema_version": "1.0", "run_id": "r", "target": "ios18", "tier": "smoke",
            "filters": {}, "seed": 1, "as_of": "2024-09-20", "server": "reference", "server_build": null,
            "server_origin": "reference", "server_capabilities": [], "push": true, "data": {}, "cells": [],
            "cases": 2, "skips": []})
    }

    fn look(attempt: u32, judged: &str) -> Value {
        json!({"event": "looked", "case": "s@c", "attempt": attempt, "phase": "verify", "step": 0, "part": "p",
            "kind": "effect", "pointer": "/lock", "expected": {}, "seen": null, "judged": judged, "message": null})
    }

    fn ended(attempt: u32, ended: &Value) -> Value {
        json!({"event": "case_ended", "case": "s@c", "subject": "f", "cell": "c", "attempt": attempt,
            "ended": ended, "evidence": "e"})
    }

    fn resumed() -> Value {
        json!({"event": "resumed", "cases_open": 1})
    }

    fn read(lines: &[Value], tail: &str) -> Result<RunRecord, RecordError> {
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        text.push_str(tail);
        RunRecord::from_events(read_events(text.as_bytes()))
    }

    #[test]
    fn a_cut_last_line_is_a_record_that_broke_off() {
        let record = read(&[start(), look(1, "pass")], "{\"event\":\"case_en").expect("read");
        assert!(record.truncated && !record.finished);
        assert_eq!(record.cases["s@c"].attempts[&1].looks.len(), 1);
    }

    #[test]
    fn a_broken_line_in_the_middle_is_an_error_with_its_line() {
        let error = read(
            &[start(), json!({"event": "nonsense"}), look(1, "pass")],
            "",
        )
        .unwrap_err();
        assert!(matches!(error, RecordError::Line { line: 2, .. }));
    }

    #[test]
    fn a_continued_run_counts_each_case_once() {
        let completed = json!({"how": "completed"});
        let record = read(
            &[
                start(),
                look(1, "fail"),
                look(1, "fail"),
                resumed(),
                look(1, "pass"),
                ended(1, &completed),
            ],
            "",
        )
        .expect("read");
        let case = &record.cases["s@c"];
        assert_eq!(case.attempts.len(), 1);
        assert_eq!(case.attempts[&1].looks.len(), 1);
        assert_eq!(case.attempts[&1].looks[0].judged, Judged::Pass);
    }

    #[test]
    fn a_finished_case_stays_when_the_run_is_continued() {
        let record = read(
            &[
                start(),
                look(1, "pass"),
                ended(1, &json!({"how": "completed"})),
                resumed(),
            ],
            "",
        )
        .expect("read");
        assert_eq!(
            record.cases["s@c"].attempts[&1].ended,
            Some(Ended::Completed)
        );
    }

    #[test]
    fn another_major_format_is_refused() {
        let mut line = start();
        line["schema_version"] = json!("2.0");
        assert!(matches!(
            read(&[line], ""),
            Err(RecordError::Version { .. })
        ));
        assert_eq!(read(&[resumed()], ""), Err(RecordError::NoStart));
        assert_eq!(read(&[], ""), Err(RecordError::NoStart));
    }
}
