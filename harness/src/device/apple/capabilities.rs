//! `management.client-capabilities` as the device reports it.

use device_matrix::capability::client_capabilities::client_capabilities as derive;
use device_matrix::capability::{Context, Facts};
use serde_json::{Value, json};

/// The capabilities a device in `context` reports, derived from the facts.
#[must_use]
pub fn client_capabilities(facts: &Facts, context: &Context) -> Value {
    let told = derive(facts, context);
    json!({
        "supported-versions": ["1.0.0"],
        "supported-payloads": {
            "declarations": {
                "activations": told.activations,
                "assets": told.assets,
                "configurations": told.configurations,
                "management": told.management,
            },
            "status-items": told.status_items,
        },
        "supported-features": {},
    })
}
