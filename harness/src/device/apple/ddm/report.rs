//! Status reports.

use std::collections::BTreeSet;

use base64::Engine as _;
use device_matrix::capability::Scope;
use serde_json::{Map, Value};

use super::super::capabilities::client_capabilities;
use super::super::core::Core;
use super::status;
use crate::protocol::apple::ddm::{
    DeclarationKind, DeclarationStatus, StatusItemError, StatusItemReason, StatusReport, Validity,
    insert_dotted,
};

/// The declaration that subscribes to status items.
const SUBSCRIPTIONS: &str = "com.apple.configuration.management.status-subscriptions";

/// Why a report is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Trigger {
    /// Declarations were synchronized.
    Synchronized,
    /// Something on the device may have changed.
    Changed,
}

/// The report that is due; `None` when nothing has changed.
pub(in super::super) fn report(
    core: &mut Core,
    scope: Scope,
    trigger: Trigger,
) -> Option<StatusReport> {
    let engine = core.state.engine(scope)?;
    let first = !engine.reported;
    let capabilities_due = first || engine.capabilities_due;
    let mut items = Map::new();
    let mut errors = Vec::new();
    let mut changed = first || capabilities_due || trigger == Trigger::Synchronized;
    let mut values = Map::new();
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    if first {
        wanted.extend(
            status::basics(core.platform())
                .iter()
                .map(|&name| name.to_owned()),
        );
    }
    let subscribed: BTreeSet<String> = engine
        .in_force(SUBSCRIPTIONS)
        .filter_map(|payload| payload.get("StatusItems")?.as_array())
        .flatten()
        .filter_map(|row| row.get("Name")?.as_str())
        .map(str::to_owned)
        .collect();
    for name in &subscribed {
        if matches!(
            name.as_str(),
            "management.declarations" | "management.client-capabilities"
        ) {
            continue;
        }
        match status::value(core, scope, name) {
            Some(value) => {
                if engine.last_values.get(name) != Some(&value) {
                    changed = true;
                    insert_dotted(&mut items, name, value.clone());
                }
                values.insert(name.clone(), value);
            }
            None if trigger == Trigger::Synchronized
                && !core.spec.quirks.hides_status_item(name) =>
            {
                errors.push(not_reported(core, name));
            }
            None => {}
        }
    }
    if !changed {
        return None;
    }
    for name in wanted.difference(&subscribed) {
        if let Some(value) = status::value(core, scope, name) {
            insert_dotted(&mut items, name, value);
        }
    }
    insert_dotted(&mut items, "management.declarations", rows(core, scope));
    if capabilities_due {
        let capabilities = client_capabilities(core.facts(), &core.context(scope));
        insert_dotted(&mut items, "management.client-capabilities", capabilities);
    }
    if core.spec.settings.reports_undocumented_push_token && first {
        let token = core
            .derive()
            .push_token("device", core.state.token_generation);
        let token = base64::engine::general_purpose::STANDARD.encode(token);
        insert_dotted(&mut items, "management.push-token", Value::String(token));
    }
    let engine = core.state.engine_mut(scope);
    engine.reported = true;
    engine.capabilities_due = false;
    engine.last_values = values;
    Some(StatusReport {
        status_items: items,
        errors,
        full_report: None,
    })
}

/// Apple documents the shape of these errors and not their codes; `Error.Unknown` is one of its common reasons.
fn not_reported(core: &Core, name: &str) -> StatusItemError {
    let why = if name == "test.error-value" {
        "The value of this test item is an error"
    } else if status::modeled(core, name) {
        "Status item is not available on this device"
    } else {
        "Status item is not known"
    };
    StatusItemError {
        status_item: name.to_owned(),
        reasons: vec![StatusItemReason {
            code: "Error.Unknown".to_owned(),
            description: Some(why.to_owned()),
            details: Map::new(),
        }],
    }
}

fn rows(core: &Core, scope: Scope) -> Value {
    let held = core
        .state
        .engine(scope)
        .map(|engine| engine.declarations.as_slice());
    let all = DeclarationKind::ALL.into_iter().map(|kind| {
        let rows = held
            .unwrap_or_default()
            .iter()
            .filter(|held| held.kind == kind)
            .map(|held| {
                let mut row = DeclarationStatus {
                    reasons: held.reasons.clone(),
                    active: held.active,
                    identifier: held.declaration.identifier.clone(),
                    valid: held.valid,
                    server_token: held.declaration.server_token.clone(),
                };
                let kind = &held.declaration.declaration_type;
                if let Some((active, valid)) = core.spec.quirks.declaration_status(kind) {
                    row.active = active;
                    row.valid = match valid {
                        "valid" => Validity::Valid,
                        "invalid" => Validity::Invalid,
                        _ => Validity::Unknown,
                    };
                    row.reasons.clear();
                }
                serde_json::to_value(row).unwrap_or_default()
            });
        (kind.report_key().to_owned(), Value::Array(rows.collect()))
    });
    Value::Object(all.collect())
}
