//! `replay.json`: what is needed to see a finding again, as data. The steps stand beside it in the scenario language.

use serde::{Deserialize, Serialize};

/// Version of the format.
pub const SCHEMA_VERSION: &str = "1.0";
/// Name of the file in a package.
pub const FILE: &str = "replay.json";
/// Name of the file with the steps.
pub const SCENARIO: &str = "scenario.toml";
/// Largest replay file and scenario that are read, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The finding that a replay must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Scenario id.
    pub scenario: String,
    /// Part id; `None` for a case that could not come to its end.
    pub part: Option<String>,
    /// Party word.
    pub party: String,
    /// Row of the decision table.
    pub because: String,
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// [`SCHEMA_VERSION`].
    pub schema_version: String,
    /// Run that the finding is of.
    pub run_id: String,
    /// Cell id.
    pub cell: String,
    /// The date as of which the world is looked at (ISO 8601).
    pub as_of: String,
    /// Seed of ids and randomness.
    pub seed: u64,
    /// Faults that were planted into the run.
    pub faults: Vec<String>,
    /// What must show.
    pub finding: Wanted,
}

impl Replay {
    /// Reads `replay.json`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let replay: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if replay.schema_version.split('.').next() == SCHEMA_VERSION.split('.').next() {
            Ok(replay)
        } else {
            Err(format!(
                "it has format {}; this version knows {SCHEMA_VERSION}",
                replay.schema_version
            ))
        }
    }

    /// The text of `replay.json`, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every key of these types is a string, so that serializing can not fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
