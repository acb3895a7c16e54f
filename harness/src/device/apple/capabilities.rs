//! `management.client-capabilities`, derived from the facts.
//!
//! The rule was proven on two real devices (an iPhone on an iOS 16 beta under user enrollment and a supervised Mac on
//! 13.3.1): everything that applies to release, enrollment and scope, and of the assets only those that a listed
//! configuration refers to.

use std::collections::BTreeSet;

use device_matrix::capability::{Context, Facts, Kind};
use device_matrix::platform::SchemaOs;
use serde_json::{Value, json};

use crate::protocol::apple::ddm::DeclarationKind;

/// The capabilities a device in `context` reports.
#[must_use]
pub fn client_capabilities(facts: &Facts, os: SchemaOs, context: &Context) -> Value {
    let applicable: Vec<_> = facts
        .items()
        .iter()
        .filter(|item| {
            item.os
                .get(&os)
                .is_some_and(|support| support.applies(os, context).is_yes())
        })
        .collect();
    let declarations = |kind: DeclarationKind| -> BTreeSet<&str> {
        applicable
            .iter()
            .filter(|item| item.kind == Kind::Declaration)
            .filter(|item| DeclarationKind::of_type(&item.id) == Some(kind))
            .map(|item| item.id.as_str())
            .collect()
    };
    let referred: BTreeSet<&str> = applicable
        .iter()
        .filter(|item| DeclarationKind::of_type(&item.id) == Some(DeclarationKind::Configuration))
        .flat_map(|item| &item.keys)
        .flat_map(|key| &key.assettypes)
        .map(String::as_str)
        .collect();
    let assets: BTreeSet<&str> = declarations(DeclarationKind::Asset)
        .into_iter()
        .filter(|asset| referred.contains(asset))
        .collect();
    let status: BTreeSet<&str> = applicable
        .iter()
        .filter(|item| item.kind == Kind::Status && item.id.contains('.'))
        .map(|item| item.id.as_str())
        .collect();
    json!({
        "supported-versions": ["1.0.0"],
        "supported-payloads": {
            "declarations": {
                "activations": declarations(DeclarationKind::Activation),
                "assets": assets,
                "configurations": declarations(DeclarationKind::Configuration),
                "management": declarations(DeclarationKind::Management),
            },
            "status-items": status,
        },
        "supported-features": {},
    })
}
