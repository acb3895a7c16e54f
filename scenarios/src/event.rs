//! The run record: a closed set of events as JSON lines, and transcripts as content-addressed evidence.
//!
//! `events.jsonl` holds one [`Event`] a line. The pack ([`crate::pack`]) holds the
//! [`Transcript`] of each attempt of a case under its SHA-256.
//! The types are a published format of their own; a change of meaning raises [`SCHEMA_VERSION`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the record format. Readers accept equal major numbers.
pub const SCHEMA_VERSION: &str = "1.1";

/// [`Message::what`] of an action that the harness asked the server for: its body has `action`, `args` and `sends`, the
/// `RequestType`s of which one is expected to reach the device.
pub const PERFORM: &str = "perform";

/// Origin of the device's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceOrigin {
    /// A virtual device of the harness.
    Virtual,
    /// A real device.
    Device,
    /// A person wrote down what they saw.
    Manual,
}

/// Origin of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerOrigin {
    /// The harness's own reference server.
    Reference,
    /// Somebody else's server that is not the product.
    ThirdParty,
    /// The product.
    Product,
}

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// The product or the server in its place.
    Product,
    /// A person at a console.
    Operator,
    /// The device.
    Device,
    /// The harness.
    Harness,
}

/// A yes, a no, or a look that could not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// As the matcher asks.
    Pass,
    /// Not as the matcher asks.
    Fail,
    /// Could not be seen, such as the effect on a real device.
    Unseen,
}

/// What a look was at: the kinds of check of DESIGN §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookKind {
    /// Status of the command that asked for the change.
    Status,
    /// What the device says when asked.
    ReadBack,
    /// What the device-side port shows.
    Effect,
    /// A declaration's row or status item in a status report.
    DeclarationStatus,
    /// What the server saw.
    ServerView,
}

/// A cell as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellRecord {
    /// Cell id.
    pub id: String,
    /// `subject` or `comparison`.
    pub role: String,
    /// Platform slug.
    pub platform: String,
    /// Release id.
    pub release: String,
    /// Build, when known.
    pub build: Option<String>,
    /// Model id.
    pub model: String,
    /// Enrollment type.
    pub enrollment: String,
    /// Whether it is supervised.
    pub supervised: bool,
    /// `fresh` or `upgraded`.
    pub arrival: String,
    /// Release it came from, when upgraded.
    pub upgraded_from: Option<String>,
    /// Origin of the device; records before format 1.1 do not say it and are of virtual devices.
    #[serde(default = "virtual_device")]
    pub device: DeviceOrigin,
}

const fn virtual_device() -> DeviceOrigin {
    DeviceOrigin::Virtual
}

/// A capability that a probe looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeResult {
    /// Capability id: `file#dotted.path`.
    pub capability: String,
    /// `carried` (reached the device unaltered and was taken), `refused`, `dropped`, `no_effect`, `not_reached`.
    pub result: String,
    /// Error code or reason, when there is one.
    pub detail: Option<String>,
}

/// How an attempt of a case ended. This is not the outcome; outcomes are derived by assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how", deny_unknown_fields)]
pub enum Ended {
    /// All steps were taken.
    Completed,
    /// A step could not be taken because the server or an external service did not play its part.
    Blocked {
        /// Stable word: `server_unreachable`, `server_timeout`, `server_unauthorized`, `server_error`,
        /// `server_garbage`, `server_tls`, `enrollment_profile`, `enrollment_identity`, `enrollment_refused`,
        /// `push_unavailable`, `unsupported_by_server`, `previous_step`.
        reason: String,
        /// What a QA engineer can act on, in English.
        sentence: String,
    },
    /// The run was interrupted.
    Interrupted,
    /// The harness itself failed; a bug.
    Bug {
        /// What went wrong.
        message: String,
    },
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event", deny_unknown_fields)]
pub enum Event {
    /// First line of a record.
    RunStarted {
        /// [`SCHEMA_VERSION`].
        schema_version: String,
        /// Id derived from plan, seed, clock, data revisions and server.
        run_id: String,
        /// Selector as typed.
        target: String,
        /// `smoke`, `pairwise`, `full`.
        tier: String,
        /// Filters in force, by name.
        filters: BTreeMap<String, String>,
        /// Seed of ids and randomness.
        seed: u64,
        /// The date as of which the run looks at the world (ISO 8601).
        as_of: String,
        /// Name of the server adapter.
        server: String,
        /// What the server calls itself, when it says so.
        server_build: Option<String>,
        /// Origin of the server.
        server_origin: ServerOrigin,
        /// Capabilities the adapter declares, as words.
        server_capabilities: Vec<String>,
        /// Whether devices are woken by push or poll by themselves.
        push: bool,
        /// Revisions of data files by name.
        data: BTreeMap<String, String>,
        /// Cells planned.
        cells: Vec<CellRecord>,
        /// Number of cases planned.
        cases: u64,
        /// What does not run: what, feature, reason word, Japanese, English.
        skips: Vec<SkipRecord>,
    },
    /// A cell's device is enrolled.
    CellEnrolled {
        /// Cell id.
        cell: String,
        /// Evidence of the check-in messages.
        evidence: String,
    },
    /// A cell could not be enrolled; its cases are blocked.
    CellBlocked {
        /// Cell id.
        cell: String,
        /// Stable word, as in [`Ended::Blocked`].
        reason: String,
        /// What a QA engineer can act on.
        sentence: String,
    },
    /// One judged look of a scenario.
    Looked {
        /// Case id: `scenario@cell`.
        case: String,
        /// Attempt, from 1.
        attempt: u32,
        /// Phase word ([`crate::scenario::Phase`]).
        phase: String,
        /// Position of the step in its phase.
        step: u32,
        /// The part of the purpose.
        part: String,
        /// Kind of check.
        kind: LookKind,
        /// JSON pointer looked at.
        pointer: String,
        /// The matcher as JSON, such as `{"equals": true}`.
        expected: Value,
        /// The value seen; `null` when absent. Long values are cut.
        seen: Value,
        /// The judgment.
        judged: Judged,
        /// Message in the transcript, when the look was at one.
        message: Option<u32>,
    },
    /// What a probe found.
    Probed {
        /// Case id: `probe:class@cell`.
        case: String,
        /// Attempt, from 1.
        attempt: u32,
        /// Results per capability.
        results: Vec<ProbeResult>,
    },
    /// An attempt of a case ended.
    CaseEnded {
        /// Case id.
        case: String,
        /// Feature id for scenarios, class for probes.
        subject: String,
        /// Cell id.
        cell: String,
        /// Attempt, from 1.
        attempt: u32,
        /// How it ended.
        ended: Ended,
        /// SHA-256 of the transcript.
        evidence: String,
    },
    /// The run was interrupted by a person.
    Interrupted {
        /// Cases that ended before.
        cases_done: u64,
    },
    /// The run was continued in another process.
    Resumed {
        /// Cases that were still open.
        cases_open: u64,
    },
    /// Last line of a complete record.
    RunFinished {
        /// Cases that ended.
        cases_done: u64,
        /// Messages exchanged.
        messages: u64,
    },
}

/// What does not run, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkipRecord {
    /// What is left out.
    pub what: String,
    /// The feature concerned.
    pub feature: Option<String>,
    /// Stable word.
    pub reason: String,
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

/// Direction of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The device to the server.
    ToServer,
    /// The server to the device.
    ToDevice,
    /// The harness to the server's operator side.
    ToOperatorApi,
}

/// One message of a transcript, decoded, with secrets taken out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Position in the transcript, from 0.
    pub seq: u32,
    /// Direction.
    pub direction: Direction,
    /// Author.
    pub author: Author,
    /// Message type, command or endpoint: `Authenticate`, `DeviceLock`, `tokens`, `enqueue`.
    pub what: String,
    /// HTTP status, for answers.
    pub http_status: Option<u16>,
    /// Phase word in which it was exchanged.
    pub phase: String,
    /// Decoded body; `{"$data": base64}` is data, `{"$date": …}` a date, `{"$redacted": why}` a secret.
    pub body: Value,
    /// For a command that reached the device: the body as it was handed to the server, when it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<Value>,
    /// Length of the raw body in bytes.
    pub bytes: u64,
}

/// Everything exchanged in one attempt of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// Messages in order.
    pub messages: Vec<Message>,
}
