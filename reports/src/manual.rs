//! What people saw: `manual.jsonl` beside a run record, one statement a line, only ever appended to.

use serde::{Deserialize, Serialize};

use crate::assess::Outcome;

/// Version of the format.
pub const SCHEMA_VERSION: &str = "1.0";
/// Name of the file beside the events.
pub const FILE: &str = "manual.jsonl";
/// Largest file of statements that is read, in bytes.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Largest file that is kept as evidence, in bytes.
pub const MAX_EVIDENCE: u64 = 64 * 1024 * 1024;
/// Longest note, in characters.
pub const MAX_NOTE: usize = 4_000;

/// Outcomes a person can state.
pub const OUTCOMES: [Outcome; 5] = [
    Outcome::Works,
    Outcome::WorksWithRestrictions,
    Outcome::Fails,
    Outcome::NotSupportedByOs,
    Outcome::Flaky,
];

/// The device somebody looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenDevice {
    /// Model id.
    pub model: String,
    /// Build.
    pub build: String,
    /// Last characters of the serial number, to find the device again.
    pub serial_suffix: Option<String>,
}

/// A file that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenFile {
    /// Name it had.
    pub name: String,
    /// SHA-256, its name in the evidence folder.
    pub sha256: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// What a person says of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// `scenario@cell`, or `feature@cell` for a feature without a scenario.
    pub case: String,
    /// Outcome word.
    pub outcome: String,
    /// The part of the purpose it is about; `None` is the whole.
    pub part: Option<String>,
    /// Who.
    pub by: String,
    /// When (ISO 8601).
    pub on: String,
    /// What was seen.
    pub note: String,
    /// On which device.
    pub device: Option<SeenDevice>,
    /// Files that show it.
    pub files: Vec<SeenFile>,
}

impl Statement {
    /// The outcome, when it is one that a person can state.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        OUTCOMES
            .into_iter()
            .find(|outcome| outcome.as_str() == self.outcome)
    }

    /// The statement as a line of the file, with a newline at its end.
    #[must_use]
    pub fn to_line(&self) -> String {
        // Every key of these types is a string, so that serializing can not fail.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// A line that is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} is no statement: {cause}. Restore the file from a copy; it is only ever appended to"
)]
pub struct ManualError {
    /// Line, counted from one.
    pub line: usize,
    /// What the parser said.
    pub cause: String,
}

/// Reads all statements, in the order in which they were made.
///
/// # Errors
/// The first line that is no statement.
pub fn read(text: &str) -> Result<Vec<Statement>, ManualError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let error = |cause: String| ManualError {
                line: index + 1,
                cause,
            };
            let statement: Statement =
                serde_json::from_str(line).map_err(|cause| error(cause.to_string()))?;
            if statement.schema_version.split('.').next() != SCHEMA_VERSION.split('.').next() {
                return Err(error(format!(
                    "it has format {}, and this version knows {SCHEMA_VERSION}",
                    statement.schema_version
                )));
            }
            if statement.outcome().is_none() {
                return Err(error(format!("`{}` is no outcome", statement.outcome)));
            }
            Ok(statement)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            schema_version: SCHEMA_VERSION.to_owned(),
            case: "s@c".to_owned(),
            outcome: "works".to_owned(),
            part: None,
            by: "QA".to_owned(),
            on: "2026-11-24".to_owned(),
            note: "seen".to_owned(),
            device: None,
            files: Vec::new(),
        }
    }

    #[test]
    fn statements_are_read_as_they_were_written() {
        let one = statement();
        let text = one.to_line() + "\n" + &one.to_line();
        assert_eq!(read(&text), Ok(vec![one.clone(), one]));
    }

    #[test]
    fn a_line_that_is_no_statement_is_told_with_its_number() {
        let good = statement().to_line();
        let wrong = Statement {
            outcome: "great".to_owned(),
            ..statement()
        };
        for (text, line) in [
            (format!("{good}nonsense\n"), 2),
            (wrong.to_line(), 1),
            (good.replace("\"1.0\"", "\"2.0\""), 1),
        ] {
            assert_eq!(read(&text).unwrap_err().line, line, "{text}");
        }
    }
}
