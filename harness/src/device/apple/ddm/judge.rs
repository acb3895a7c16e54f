//! How a device judges the declarations it holds: active, valid, and why not.
//!
//! Rows were seen on real devices (test data of kmfddm) for: in force, not referenced, and an application that failed.
//! The other codes are Apple's; texts of codes that were not seen are ours.

use std::collections::{BTreeMap, BTreeSet};

use device_matrix::capability::{
    Applicability, Item, KeyIndex, Kind, NotApplicable, Presence, Role, Scope,
};
use device_matrix::version::VersionNumber;
use serde_json::{Map, Value, json};

use super::super::core::Core;
use super::super::gate;
use super::super::state::{App, Source};
use super::{Held, predicate, status};
use crate::protocol::apple::codec;
use crate::protocol::apple::ddm::{DeclarationKind, DeclarationReason, Validity};

/// What came out for one declaration.
struct Verdict {
    active: bool,
    valid: Validity,
    reasons: Vec<DeclarationReason>,
}

impl Verdict {
    const fn good(active: bool) -> Self {
        Self {
            active,
            valid: Validity::Valid,
            reasons: Vec::new(),
        }
    }

    fn bad(active: bool, code: &str, description: &str, details: Value) -> Self {
        Self {
            active,
            valid: Validity::Invalid,
            reasons: vec![reason(code, description, details)],
        }
    }
}

fn reason(code: &str, description: &str, details: Value) -> DeclarationReason {
    DeclarationReason {
        code: code.to_owned(),
        description: Some(description.to_owned()),
        details: match details {
            Value::Object(details) => details,
            _ => Map::new(),
        },
    }
}

/// Judges every declaration of a channel anew, and lets what follows from it happen.
pub(in super::super) fn evaluate(core: &mut Core, scope: Scope) {
    let Some(engine) = core.state.engine(scope) else {
        return;
    };
    let held = &engine.declarations;
    let own: Vec<Option<Verdict>> = held
        .iter()
        .map(|held| own_fault(core, held, scope))
        .collect();
    let known: BTreeMap<&str, (&Held, bool)> = held
        .iter()
        .zip(&own)
        .map(|(held, own)| (held.declaration.identifier.as_str(), (held, own.is_some())))
        .collect();
    let mut activations: BTreeMap<&str, Verdict> = BTreeMap::new();
    let mut activated: BTreeSet<String> = BTreeSet::new();
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    for (held, own) in held.iter().zip(&own) {
        if held.kind == DeclarationKind::Activation && own.is_none() {
            let names = configurations(held);
            let verdict = activation(core, held, &names, &known, scope);
            for name in names {
                if verdict.active {
                    activated.insert(name.to_owned());
                } else {
                    failed.insert(name.to_owned(), held.declaration.identifier.clone());
                }
            }
            activations.insert(&held.declaration.identifier, verdict);
        }
    }
    let mut used_assets: BTreeSet<String> = BTreeSet::new();
    let mut verdicts: Vec<Verdict> = Vec::with_capacity(held.len());
    for (held, own) in held.iter().zip(own) {
        let identifier = held.declaration.identifier.as_str();
        verdicts.push(match (own, held.kind) {
            (Some(fault), _) => fault,
            (None, DeclarationKind::Activation) => activations
                .remove(identifier)
                .unwrap_or_else(|| Verdict::good(true)),
            (None, DeclarationKind::Management) => Verdict::good(false),
            (None, DeclarationKind::Asset) => Verdict::good(true),
            (None, DeclarationKind::Configuration) if activated.contains(identifier) => {
                let assets = references(core, held);
                let verdict = applied(core, held, &assets, &known);
                used_assets.extend(assets);
                verdict
            }
            (None, DeclarationKind::Configuration) => match failed.get(identifier) {
                Some(by) => Verdict {
                    active: false,
                    valid: Validity::Unknown,
                    reasons: vec![reason(
                        "Error.ActivationFailed",
                        &format!("Activation “{by}” of the configuration failed."),
                        json!({"Identifier": by}),
                    )],
                },
                None => not_referenced(
                    held,
                    "Info.NotReferencedByActivation",
                    "Configuration",
                    "an activation",
                ),
            },
        });
    }
    for (held, verdict) in held.iter().zip(&mut verdicts) {
        let unused = held.kind == DeclarationKind::Asset
            && verdict.valid == Validity::Valid
            && !used_assets.contains(&held.declaration.identifier);
        if unused {
            *verdict = not_referenced(
                held,
                "Info.NotReferencedByConfiguration",
                "Asset",
                "a configuration",
            );
        }
    }
    for (held, verdict) in core
        .state
        .engine_mut(scope)
        .declarations
        .iter_mut()
        .zip(verdicts)
    {
        held.active = verdict.active;
        held.valid = verdict.valid;
        held.reasons = verdict.reasons;
    }
    follow(core);
}

fn not_referenced(held: &Held, code: &str, what: &str, by: &str) -> Verdict {
    let declaration = &held.declaration;
    let description = format!(
        "{what} “{}:{}” is not referenced by {by}.",
        declaration.identifier, declaration.server_token
    );
    let details =
        json!({"Identifier": declaration.identifier, "ServerToken": declaration.server_token});
    Verdict {
        active: false,
        valid: Validity::Unknown,
        reasons: vec![reason(code, &description, details)],
    }
}

/// What is wrong with a declaration whatever the others say.
fn own_fault(core: &Core, held: &Held, scope: Scope) -> Option<Verdict> {
    let kind = held.declaration.declaration_type.as_str();
    let unknown = || {
        Verdict::bad(
            false,
            "Error.UnknownDeclarationType",
            "Unknown Declaration Type",
            json!({"UnknownDeclarationType": kind}),
        )
    };
    if DeclarationKind::of_type(kind) != Some(held.kind) {
        return Some(unknown());
    }
    let Some(applicability) = core.item_applies(Kind::Declaration, kind, scope) else {
        return Some(unknown());
    };
    if !core.takes(applicability) {
        return Some(match applicability {
            Applicability::No(
                NotApplicable::NotOnThisOs | NotApplicable::NotYet(_) | NotApplicable::Removed(_),
            )
            | Applicability::Unknown(_) => unknown(),
            Applicability::No(_) | Applicability::Yes { .. } => Verdict::bad(
                false,
                "Error.ConfigurationNotSupported",
                "Configuration is not supported",
                json!({"Identifier": held.declaration.identifier}),
            ),
        });
    }
    let (_, item) = core.facts().find(Kind::Declaration, kind).next()?;
    let mut faults = Faults::default();
    look(
        core,
        item,
        None,
        &held.declaration.payload,
        scope,
        &mut faults,
    );
    if !faults.unknown.is_empty() && core.spec.settings.unknown_declaration_keys_invalid {
        return Some(Verdict::bad(
            false,
            "Error.UnknownPayloadKeys",
            "Unknown Payload Keys",
            json!({"UnknownPayloadKeys": faults.unknown}),
        ));
    }
    faults.broken.map(|problem| {
        let name = match held.kind {
            DeclarationKind::Configuration => "Error.ConfigurationIsInvalid",
            _ => "Error.InvalidPayload",
        };
        Verdict::bad(false, name, "Payload is invalid", json!({"Error": problem}))
    })
}

#[derive(Default)]
struct Faults {
    unknown: Vec<String>,
    broken: Option<String>,
}

fn look(
    core: &Core,
    item: &Item,
    parent: Option<KeyIndex>,
    given: &Map<String, Value>,
    scope: Scope,
    faults: &mut Faults,
) {
    if item.children(parent, Role::Payload).next().is_none()
        || parent.is_some_and(|index| item.key(index).recursive)
    {
        return;
    }
    for (_, key) in item.children(parent, Role::Payload) {
        let here = key.support(core.platform());
        if key.presence == Presence::Required
            && !key.placeholder
            && !given.contains_key(key.name())
            && here.is_some()
            && core.takes(core.applies(here, scope))
        {
            faults
                .broken
                .get_or_insert(format!("{} is missing", key.dotted()));
        }
    }
    for (name, value) in given {
        let known = gate::child(item, parent, name).filter(|(_, key)| {
            let here = key.support(core.platform());
            (key.placeholder && here.is_none()) || core.takes(core.applies(here, scope))
        });
        let Some((index, key)) = known else {
            faults.unknown.push(name.clone());
            continue;
        };
        let twin = codec::from_json(value);
        if !twin.is_ok_and(|twin| gate::fits(key.value_type, &twin)) {
            faults
                .broken
                .get_or_insert(format!("{} has the wrong type", key.dotted()));
            continue;
        }
        match value {
            Value::Object(inner) => look(core, item, Some(index), inner, scope, faults),
            Value::Array(entries) => {
                let element = item.children(Some(index), Role::Payload).next();
                for entry in entries {
                    if let (Value::Object(inner), Some((element, _))) = (entry, element) {
                        look(core, item, Some(element), inner, scope, faults);
                    }
                }
            }
            _ => {}
        }
    }
}

fn configurations(held: &Held) -> Vec<&str> {
    held.declaration
        .payload
        .get("StandardConfigurations")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn activation(
    core: &Core,
    held: &Held,
    names: &[&str],
    known: &BTreeMap<&str, (&Held, bool)>,
    scope: Scope,
) -> Verdict {
    let missing: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| {
            known
                .get(name)
                .is_none_or(|(held, _)| held.kind != DeclarationKind::Configuration)
        })
        .collect();
    if !missing.is_empty() {
        return Verdict::bad(
            false,
            "Error.MissingConfigurations",
            "Configurations are missing",
            json!({"Identifiers": missing}),
        );
    }
    let Some(text) = held
        .declaration
        .payload
        .get("Predicate")
        .and_then(Value::as_str)
    else {
        return Verdict::good(true);
    };
    match predicate::holds(text, &|name| status::value(core, scope, name)) {
        Ok(true) => Verdict::good(true),
        Ok(false) => Verdict {
            active: false,
            valid: Validity::Valid,
            reasons: vec![reason(
                "Info.Predicate",
                "Predicate is false",
                json!({"Predicate": text}),
            )],
        },
        Err(predicate::Unreadable) => Verdict::bad(
            false,
            "Error.UnableToParsePredicate",
            "Predicate can not be parsed",
            json!({"Predicate": text}),
        ),
    }
}

/// The assets a configuration refers to, by the keys that may.
fn references(core: &Core, held: &Held) -> Vec<String> {
    let kind = held.declaration.declaration_type.as_str();
    let names: BTreeSet<&str> = core
        .facts()
        .find(Kind::Declaration, kind)
        .flat_map(|(_, item)| &item.keys)
        .filter(|key| !key.assettypes.is_empty())
        .map(device_matrix::capability::Key::name)
        .collect();
    let mut found = Vec::new();
    collect(
        &Value::Object(held.declaration.payload.clone()),
        &names,
        &mut found,
    );
    found
}

fn collect(value: &Value, names: &BTreeSet<&str>, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if names.contains(key.as_str()) {
                    let entries = match value {
                        Value::Array(entries) => entries.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    found.extend(entries.iter().filter_map(Value::as_str).map(str::to_owned));
                } else {
                    collect(value, names, found);
                }
            }
        }
        Value::Array(entries) => entries
            .iter()
            .for_each(|entry| collect(entry, names, found)),
        _ => {}
    }
}

/// An activated configuration is applied.
fn applied(
    core: &Core,
    held: &Held,
    assets: &[String],
    known: &BTreeMap<&str, (&Held, bool)>,
) -> Verdict {
    let missing: Vec<&String> = assets
        .iter()
        .filter(|asset| {
            !known
                .get(asset.as_str())
                .is_some_and(|(held, faulty)| held.kind == DeclarationKind::Asset && !faulty)
        })
        .collect();
    if !missing.is_empty() {
        let details = json!({"Identifiers": missing});
        return Verdict::bad(true, "Error.MissingAssets", "Assets are missing", details);
    }
    let cannot = |why: &str| {
        Verdict::bad(
            true,
            "Error.ConfigurationCannotBeApplied",
            "Configuration cannot be applied",
            json!({"Error": why}),
        )
    };
    if held.profile_failed {
        return cannot("Profile Installation Failed");
    }
    let payload = &held.declaration.payload;
    let text = |key: &str| payload.get(key).and_then(Value::as_str);
    match held.declaration.declaration_type.as_str() {
        "com.apple.configuration.softwareupdate.enforcement.specific" => {
            match text("TargetOSVersion").map(str::parse::<VersionNumber>) {
                Some(Ok(target)) if target < core.version() => {
                    cannot("The target version is older than the current version.")
                }
                Some(Ok(_)) => Verdict::good(true),
                _ => cannot("The target version can not be read."),
            }
        }
        "com.apple.configuration.management.test" if text("ReturnStatus") == Some("Failed") => {
            Verdict::bad(
                true,
                "Error.ConfigurationFailed",
                "Configuration failed",
                json!({"Echo": text("Echo")}),
            )
        }
        _ => Verdict::good(true),
    }
}

/// What follows from declarations in force outside of them: apps come and go, profiles of legacy configurations go.
fn follow(core: &mut Core) {
    let mut wanted: BTreeMap<String, (String, App)> = BTreeMap::new();
    let mut legacy: BTreeSet<String> = BTreeSet::new();
    for scope in [Scope::Device, Scope::User] {
        let Some(engine) = core.state.engine(scope) else {
            continue;
        };
        for (identifier, payload) in engine.rows_in_force("com.apple.configuration.app.managed") {
            let text = |key: &str| payload.get(key).and_then(Value::as_str);
            let name = text("BundleID").map(str::to_owned).or_else(|| {
                text("AppStoreID")
                    .map(|id| format!("store.{id}"))
                    .or_else(|| text("ManifestURL").map(super::super::commands::manifest_name))
            });
            let required = payload
                .get("InstallBehavior")
                .and_then(|behavior| behavior.get("Install"))
                .and_then(Value::as_str)
                == Some("Required");
            if let (Some(name), true) = (name, required) {
                let app = App {
                    managed: true,
                    removable: true,
                    management_flags: 1,
                    store_id: text("AppStoreID").and_then(|id| id.parse().ok()),
                    source: "declaration",
                    declaration: Some(identifier.to_owned()),
                    ..App::default()
                };
                wanted.insert(name, (identifier.to_owned(), app));
            }
        }
        for held in &engine.declarations {
            if held.active
                && held
                    .declaration
                    .declaration_type
                    .starts_with("com.apple.configuration.legacy")
            {
                legacy.insert(held.declaration.identifier.clone());
            }
        }
    }
    core.state
        .apps
        .retain(|name, app| app.declaration.is_none() || wanted.contains_key(name));
    for (name, (_, app)) in wanted {
        core.state.apps.entry(name).or_insert(app);
    }
    core.state.profiles.retain(|profile| match &profile.source {
        Source::Command => true,
        Source::Declaration(identifier) => legacy.contains(identifier),
    });
}
