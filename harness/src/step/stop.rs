//! Why a step could not be taken, and how that ends a case.

use std::future::Future;
use std::time::Duration;

use scenarios::event::Ended;
use tokio_util::sync::CancellationToken;

use crate::device::DeviceError;
use crate::record::{bound, redact};
use crate::server::ServerError;

/// Characters of a sentence that are kept.
const SENTENCE: usize = 600;

/// Why a step could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The server did not play its part, as its operator side shows.
    Server(ServerError),
    /// The server did not play its part, as the device shows; or the device is in no state for it.
    Device(DeviceError),
    /// No push arrived.
    Push(String),
    /// The server took the command, the device came, and the command was not handed to it.
    NotDelivered(String),
    /// The device took the command and never answered.
    Silent(String),
    /// The device sent what nobody can read.
    Garbage(String),
    /// The list of a lab device does not allow it.
    Unsafe(String),
    /// Somebody has to be at the device.
    NeedsPerson(String),
    /// A real device did not answer in its time; where the command is can not be seen.
    NoAnswer(String),
    /// A step took longer than it may.
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
    /// The server is known to be gone.
    Gone {
        /// Stable word.
        reason: String,
        /// What a QA engineer can act on.
        sentence: String,
    },
    /// A person interrupted the run.
    Interrupted,
    /// The harness itself is wrong, such as a body that can not be encoded.
    Bug(String),
}

impl Stop {
    /// Whether the server may be gone, so that its health should be looked at.
    #[must_use]
    pub fn suspects_server(&self) -> bool {
        match self {
            Self::Server(error) => !matches!(error, ServerError::Unsupported { .. }),
            Self::Device(error) => !matches!(error, DeviceError::State(_)),
            Self::Push(_) | Self::Late { .. } => true,
            Self::NotDelivered(_)
            | Self::Silent(_)
            | Self::Garbage(_)
            | Self::Unsafe(_)
            | Self::NeedsPerson(_)
            | Self::NoAnswer(_)
            | Self::Gone { .. }
            | Self::Interrupted
            | Self::Bug(_) => false,
        }
    }

    /// The stable word of [`Ended::Blocked`].
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Server(error) => error.reason(),
            Self::Device(error) => match error {
                DeviceError::Unreachable(_) => "server_unreachable",
                DeviceError::Timeout { .. } => "server_timeout",
                DeviceError::Status {
                    status: 401 | 403, ..
                } => "server_unauthorized",
                DeviceError::Status { .. } => "server_error",
                DeviceError::Garbage { .. } => "server_garbage",
                DeviceError::Enrollment { reason, .. } => reason,
                DeviceError::State(_) => "previous_step",
            },
            Self::Push(_) => "push_unavailable",
            Self::NotDelivered(_) => "command_not_delivered",
            Self::Silent(_) => "device_silent",
            Self::Garbage(_) => "device_garbage",
            Self::Unsafe(_) => "lab_safety",
            Self::NeedsPerson(_) => "needs_person",
            Self::NoAnswer(_) => "no_answer_in_time",
            Self::Late { .. } => "server_timeout",
            Self::Gone { reason, .. } => reason,
            Self::Interrupted => "interrupted",
            Self::Bug(_) => "bug",
        }
    }

    /// What a QA engineer can act on.
    #[must_use]
    pub fn sentence(&self) -> String {
        let text = match self {
            Self::Server(error) => error.to_string(),
            Self::Device(error) => error.to_string(),
            Self::Push(text)
            | Self::NotDelivered(text)
            | Self::Silent(text)
            | Self::Garbage(text)
            | Self::Unsafe(text)
            | Self::NeedsPerson(text)
            | Self::NoAnswer(text)
            | Self::Bug(text) => text.clone(),
            Self::Late { what, after } => format!(
                "{what} was not done within {} s. Check the server's load and its log",
                after.as_secs_f64()
            ),
            Self::Gone { sentence, .. } => sentence.clone(),
            Self::Interrupted => "the run was interrupted".to_owned(),
        };
        bound::bounded_text(&redact::text(&text), SENTENCE)
    }

    /// How this ends an attempt.
    #[must_use]
    pub fn ended(&self) -> Ended {
        match self {
            Self::Interrupted => Ended::Interrupted,
            Self::Bug(_) => Ended::Bug {
                message: self.sentence(),
            },
            _ => Ended::Blocked {
                reason: self.reason().to_owned(),
                sentence: self.sentence(),
            },
        }
    }
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        Self::Server(error)
    }
}

impl From<DeviceError> for Stop {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

/// Waits for `work` no longer than `limit`, and not at all once the run is interrupted.
pub async fn limited<T>(
    cancel: &CancellationToken,
    limit: Duration,
    what: &str,
    work: impl Future<Output = T>,
) -> Result<T, Stop> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Stop::Interrupted),
        done = tokio::time::timeout(limit, work) => done.map_err(|_| Stop::Late {
            what: what.to_owned(),
            after: limit,
        }),
    }
}
