//! What an earlier process has already done.

use std::collections::HashMap;
use std::path::Path;

use scenarios::event::{Ended, Event};

use crate::record::reader::{RecordError, RecordReader};

/// The state of a record that goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Earlier {
    /// Last attempt of each case, and whether the case needs no other.
    pub(super) cases: HashMap<String, (u32, bool)>,
    /// Messages exchanged.
    pub(super) messages: u64,
}

impl Earlier {
    /// Reads the record in `dir`, which must be of run `wanted`.
    pub(super) fn read(dir: &Path, wanted: &str) -> Result<Self, RecordError> {
        let mut earlier = Self::default();
        let mut reader = RecordReader::open(dir)?;
        let mut evidence = Vec::new();
        for event in &mut reader {
            match event? {
                Event::RunStarted { run_id, .. } if run_id != wanted => {
                    return Err(RecordError::AnotherRun {
                        path: dir.to_owned(),
                        found: run_id,
                        wanted: wanted.to_owned(),
                    });
                }
                Event::CellEnrolled { evidence: sha, .. } => evidence.push(sha),
                Event::CaseEnded {
                    case,
                    attempt,
                    ended,
                    evidence: sha,
                    ..
                } => {
                    let completed = ended == Ended::Completed;
                    let entry = earlier.cases.entry(case).or_default();
                    entry.0 = entry.0.max(attempt);
                    entry.1 = completed;
                    evidence.push(sha);
                }
                _ => {}
            }
        }
        for sha in evidence {
            earlier.messages += reader.evidence(&sha)?.messages.len() as u64;
        }
        Ok(earlier)
    }
}
