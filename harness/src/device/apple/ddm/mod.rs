//! Declarative management: what the device holds, how it judges it, what it reports.

mod judge;
mod predicate;
mod report;
mod status;

use serde_json::{Map, Value};

use crate::protocol::apple::ddm::{Declaration, DeclarationKind, DeclarationReason, Validity};

pub(super) use judge::evaluate;
pub(super) use report::{Trigger, report};

/// The declarations of one channel.
#[derive(Debug, Default)]
pub(super) struct Engine {
    /// Token of the state that was last synchronized.
    pub token: Option<String>,
    /// Declarations in the order of the manifest.
    pub declarations: Vec<Held>,
    /// A first report was sent.
    pub reported: bool,
    /// The capabilities must be reported (again).
    pub capabilities_due: bool,
    /// Values of subscribed status items when they were last reported.
    pub last_values: Map<String, Value>,
}

/// A declaration on the device.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub kind: DeclarationKind,
    pub declaration: Declaration,
    pub active: bool,
    pub valid: Validity,
    pub reasons: Vec<DeclarationReason>,
    /// Why the profile it refers to could not be installed, for `legacy` configurations.
    pub profile_failed: bool,
}

impl Held {
    /// Active and valid.
    pub(super) fn in_force(&self) -> bool {
        self.active && self.valid == Validity::Valid
    }
}

impl Engine {
    /// Payloads of a type in force.
    pub(super) fn in_force<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a Map<String, Value>> {
        self.rows_in_force(kind).map(|(_, payload)| payload)
    }

    /// Identifier and payload of a type in force.
    pub(super) fn rows_in_force<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Map<String, Value>)> {
        self.declarations
            .iter()
            .filter(move |held| held.declaration.declaration_type == kind && held.in_force())
            .map(|held| {
                (
                    held.declaration.identifier.as_str(),
                    &held.declaration.payload,
                )
            })
    }
}
