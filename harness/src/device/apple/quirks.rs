//! Deviations of a device, as data: faults are planted here, and nowhere is a hook for a single scenario.

use serde::Deserialize;
use serde_json::Value;

use crate::protocol::apple::command::{ErrorItem, Status};

/// After what an effect is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostAfter {
    /// A restart.
    Reboot,
    /// An update in place.
    Update,
}

/// A status a command is answered with in place of the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum ForcedStatus {
    /// `Acknowledged`, without doing anything.
    Acknowledged,
    /// `Error`.
    Error,
    /// `CommandFormatError`.
    CommandFormatError,
    /// `NotNow`.
    NotNow,
}

impl From<ForcedStatus> for Status {
    fn from(status: ForcedStatus) -> Self {
        match status {
            ForcedStatus::Acknowledged => Self::Acknowledged,
            ForcedStatus::Error => Self::Error,
            ForcedStatus::CommandFormatError => Self::CommandFormatError,
            ForcedStatus::NotNow => Self::NotNow,
        }
    }
}

/// The error of a [`Quirk::StatusOverride`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedError {
    /// `ErrorDomain`.
    pub domain: String,
    /// `ErrorCode`.
    pub code: i64,
    /// `LocalizedDescription`.
    pub description: String,
}

impl ForcedError {
    /// As an entry of an error chain.
    #[must_use]
    pub fn item(&self) -> ErrorItem {
        ErrorItem {
            domain: self.domain.clone(),
            code: self.code,
            description: self.description.clone(),
            us_english: Some(self.description.clone()),
        }
    }
}

/// One deviation. `request_type` may be `*` for every command.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "quirk", rename_all = "snake_case", deny_unknown_fields)]
pub enum Quirk {
    /// The command is not carried out and answered with this status.
    StatusOverride {
        /// The command.
        request_type: String,
        /// The status.
        status: ForcedStatus,
        /// The error, with `Error`.
        error: Option<ForcedError>,
    },
    /// The command is carried out, and the answer lacks a key.
    DropResponseKey {
        /// The command.
        request_type: String,
        /// JSON pointer into the answer.
        pointer: String,
    },
    /// The command is carried out, and the answer has another value at a place that exists.
    WrongValue {
        /// The command.
        request_type: String,
        /// JSON pointer into the answer.
        pointer: String,
        /// The value, as the JSON twin of a property-list value.
        value: Value,
    },
    /// The answer has a key more.
    ExtraResponseKey {
        /// The command.
        request_type: String,
        /// Name of the key at the root of the answer.
        key: String,
        /// The value.
        value: Value,
    },
    /// What lies at or below a pointer of the effect tree never comes into force, although it is installed, is
    /// acknowledged and reads back.
    EffectMissing {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// What comes into force has another value.
    EffectWrong {
        /// JSON pointer into the effect tree.
        pointer: String,
        /// The value in its place.
        value: Value,
    },
    /// What is in force is lost after a restart or an update, until it is set anew.
    NotPersistent {
        /// JSON pointer into the effect tree.
        pointer: String,
        /// After what.
        after: LostAfter,
    },
    /// What was taken back stays in force.
    EffectStays {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// A restriction is installed and reads back and restricts nothing.
    IgnoreRestriction {
        /// Its key.
        key: String,
    },
    /// The answer to the command is not a property list.
    SendsGarbage {
        /// The command.
        request_type: String,
    },
    /// The command is never answered.
    NeverAnswers {
        /// The command.
        request_type: String,
    },
    /// The row of declarations of a type says something else than what is in force.
    DeclarationStatus {
        /// Declaration type, or `*`.
        declaration_type: String,
        /// `active`.
        active: bool,
        /// `valid`: `valid`, `invalid` or `unknown`.
        valid: String,
    },
    /// A status item is not reported.
    StatusItemMissing {
        /// Name of the item.
        name: String,
    },
}

/// All deviations of a device; none by default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quirks {
    /// In the order in which they are applied.
    #[serde(default)]
    pub quirks: Vec<Quirk>,
}

fn names(pattern: &str, name: &str) -> bool {
    pattern == "*" || pattern == name
}

impl Quirks {
    /// These deviations.
    #[must_use]
    pub const fn new(quirks: Vec<Quirk>) -> Self {
        Self { quirks }
    }

    /// The status forced on a command.
    pub(super) fn forced_status(&self, command: &str) -> Option<(Status, Vec<ErrorItem>)> {
        self.quirks.iter().find_map(|quirk| match quirk {
            Quirk::StatusOverride {
                request_type,
                status,
                error,
            } if names(request_type, command) => Some((
                (*status).into(),
                error.iter().map(ForcedError::item).collect(),
            )),
            _ => None,
        })
    }

    /// Whether the command is never answered.
    pub(super) fn never_answers(&self, command: &str) -> bool {
        self.quirks.iter().any(
            |quirk| matches!(quirk, Quirk::NeverAnswers { request_type } if names(request_type, command)),
        )
    }

    /// Whether the answer is not a property list.
    pub(super) fn sends_garbage(&self, command: &str) -> bool {
        self.quirks.iter().any(
            |quirk| matches!(quirk, Quirk::SendsGarbage { request_type } if names(request_type, command)),
        )
    }

    /// Whether a restriction restricts nothing.
    pub(super) fn ignores_restriction(&self, name: &str) -> bool {
        self.quirks
            .iter()
            .any(|quirk| matches!(quirk, Quirk::IgnoreRestriction { key } if key == name))
    }

    /// Whether a status item is left out.
    pub(super) fn hides_status_item(&self, item: &str) -> bool {
        self.quirks
            .iter()
            .any(|quirk| matches!(quirk, Quirk::StatusItemMissing { name } if name == item))
    }

    /// What the row of a declaration says in place of the truth.
    pub(super) fn declaration_status(&self, kind: &str) -> Option<(bool, &str)> {
        self.quirks.iter().find_map(|quirk| match quirk {
            Quirk::DeclarationStatus {
                declaration_type,
                active,
                valid,
            } if names(declaration_type, kind) => Some((*active, valid.as_str())),
            _ => None,
        })
    }

    /// Whether a quirk of this answer's command changes its keys.
    pub(super) fn touching<'a>(&'a self, command: &'a str) -> impl Iterator<Item = &'a Quirk> {
        self.quirks.iter().filter(move |quirk| match quirk {
            Quirk::DropResponseKey { request_type, .. }
            | Quirk::WrongValue { request_type, .. }
            | Quirk::ExtraResponseKey { request_type, .. } => names(request_type, command),
            _ => false,
        })
    }

    /// The pointers whose effects are lost after `what`.
    pub(super) fn lost_after(&self, what: LostAfter) -> impl Iterator<Item = &str> {
        self.quirks.iter().filter_map(move |quirk| match quirk {
            Quirk::NotPersistent { pointer, after } if *after == what => Some(pointer.as_str()),
            _ => None,
        })
    }

    /// The pointers whose effects outlive their removal.
    pub(super) fn staying(&self) -> impl Iterator<Item = &str> {
        self.quirks.iter().filter_map(|quirk| match quirk {
            Quirk::EffectStays { pointer } => Some(pointer.as_str()),
            _ => None,
        })
    }
}
