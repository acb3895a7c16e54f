//! What the files can not say one by one: parts nobody looks at, changes nobody takes back, features nobody checks.

use std::collections::HashSet;

use device_matrix::capability::{Facts, Kind, Role};
use device_matrix::diag::Diagnostic;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use serde_json::Value;

use crate::codes;
use crate::feature::{Column, Feature, FeatureId};
use crate::load::{LoadedScenario, column_name};
use crate::scenario::{Action, Condition, DeviceAction, Scenario, Step};
use crate::suite::Suite;

/// Commands after which nothing has to be taken back: they read, or what they do is over when they are answered.
pub const LEAVES_NOTHING: [&str; 28] = [
    "ActivationLockBypassCode",
    "ActiveNSExtensions",
    "AvailableOSUpdates",
    "CertificateList",
    "ContentCachingInformation",
    "DeviceInformation",
    "DeviceLocation",
    "InstalledApplicationList",
    "InviteToProgram",
    "ManagedApplicationAttributes",
    "ManagedApplicationConfiguration",
    "ManagedApplicationFeedback",
    "ManagedApplicationList",
    "ManagedMediaList",
    "NSExtensionMappings",
    "OSUpdateStatus",
    "PlayLostModeSound",
    "ProfileList",
    "ProvisioningProfileList",
    "RequestUnlockToken",
    "RestartDevice",
    "Restrictions",
    "ScheduleOSUpdateScan",
    "SecurityInfo",
    "UserList",
    "ValidateApplications",
    "VerifyFirmwarePassword",
    "VerifyRecoveryLock",
];

/// Columns of the product's manual that are about Apple devices.
pub const APPLE_COLUMNS: [Column; 5] = [
    Column::Platform(Platform::Ios),
    Column::Platform(Platform::Ipados),
    Column::Platform(Platform::Macos),
    Column::Platform(Platform::Tvos),
    Column::SharedIpad,
];

/// Looks at a suite as a whole.
#[must_use]
pub fn lint(suite: &Suite) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut ids = HashSet::new();
    for loaded in &suite.loaded {
        let scenario = &loaded.scenario;
        if !ids.insert(&scenario.id) {
            found.push(Diagnostic::error(
                codes::DUPLICATE,
                &loaded.path,
                loaded.places.id.clone(),
                format!("scenario `{}` occurs twice", scenario.id.0),
            ));
        }
        if suite.feature(&scenario.feature).is_none() {
            found.push(unknown_feature(
                &scenario.feature.0,
                &loaded.path,
                loaded.places.feature.clone(),
                suite,
            ));
        }
        parts(loaded, &mut found);
        undone(loaded, &mut found);
    }
    for excuse in &suite.not_by_protocol {
        if suite.feature(&excuse.feature).is_none() {
            let (path, span) = (&excuse.path, excuse.span.clone());
            found.push(unknown_feature(&excuse.feature.0, path, span, suite));
        }
    }
    for feature in &suite.features {
        covered(feature, suite, &mut found);
    }
    faults(suite, &mut found);
    found
}

/// Ids once, features that exist, and features that the run beside asks for.
fn faults(suite: &Suite, found: &mut Vec<Diagnostic>) {
    let mut ids = HashSet::new();
    for fault in &suite.faults.faults {
        if !ids.insert(fault.id.as_str()) {
            found.push(Diagnostic::error(
                codes::DUPLICATE,
                &fault.path,
                fault.span.clone(),
                format!("fault `{}` occurs twice", fault.id),
            ));
        }
        let beside = fault.shown.iter().flat_map(|shown| &shown.beside);
        for feature in fault.detect.iter().map(|row| &row.feature).chain(beside) {
            if suite.feature(&FeatureId(feature.clone())).is_none() {
                let (path, span) = (&fault.path, fault.span.clone());
                found.push(unknown_feature(feature, path, span, suite));
            }
        }
    }
}

fn unknown_feature(
    id: &str,
    path: &std::path::Path,
    span: std::ops::Range<usize>,
    suite: &Suite,
) -> Diagnostic {
    let known = suite.features.iter().map(|feature| feature.id.0.as_str());
    Diagnostic::error(
        codes::UNKNOWN_FEATURE,
        path,
        span,
        format!("unknown feature `{id}`"),
    )
    .with_help(codes::help(id, known))
}

fn steps(scenario: &Scenario) -> impl Iterator<Item = &Step> {
    scenario
        .apply
        .iter()
        .chain(&scenario.verify)
        .chain(&scenario.undo)
        .chain(&scenario.verify_undone)
}

fn parts(loaded: &LoadedScenario, found: &mut Vec<Diagnostic>) {
    let scenario = &loaded.scenario;
    let mut seen = HashSet::new();
    for (part, place) in scenario.parts.iter().zip(&loaded.places.parts) {
        let mut complain = |code, message: String, help: &str| {
            found.push(
                Diagnostic::error(code, &loaded.path, place.span.clone(), message).with_help(help),
            );
        };
        if !seen.insert(part.id.as_str()) {
            complain(
                codes::DUPLICATE,
                format!("part `{}` occurs twice", part.id),
                "rename one",
            );
        }
        if part.expectations.is_empty() {
            complain(
                codes::IDLE_PART,
                format!("nothing is stated of part `{}`", part.id),
                "add [[parts.expect]] with its source",
            );
        }
        let looks_at = |step: &&Step| step.looks.iter().any(|look| look.part == part.id);
        let forward = || {
            scenario
                .apply
                .iter()
                .chain(&scenario.verify)
                .filter(looks_at)
        };
        if forward().next().is_none() {
            complain(
                codes::IDLE_PART,
                format!("no look in apply or verify speaks for part `{}`", part.id),
                "add a look",
            );
            continue;
        }
        let excused = loaded
            .no_effect_because
            .iter()
            .any(|(id, _)| *id == part.id);
        if !excused && !forward().any(|step| step.action == Action::Effect) {
            complain(
                codes::NO_EFFECT_LOOK,
                format!("nobody looks at the effect of part `{}`", part.id),
                "add a look in an `effect = true` step, or say `no_effect_because = \"…\"`",
            );
        }
    }
    for place in &loaded.places.looks {
        if !scenario.parts.iter().any(|part| part.id == place.name) {
            let known = scenario.parts.iter().map(|part| part.id.as_str());
            let help = codes::help(&place.name, known);
            let message = format!("unknown part `{}`", place.name);
            found.push(
                Diagnostic::error(
                    codes::UNKNOWN_PART,
                    &loaded.path,
                    place.span.clone(),
                    message,
                )
                .with_help(help),
            );
        }
    }
}

fn undone(loaded: &LoadedScenario, found: &mut Vec<Diagnostic>) {
    let scenario = &loaded.scenario;
    if scenario.destructive {
        return;
    }
    let removed: Vec<_> = steps(scenario)
        .filter_map(|step| match &step.action {
            Action::RemoveProfile {
                identifier,
                channel,
            } => Some((identifier, *channel)),
            _ => None,
        })
        .collect();
    let undeclared: Vec<_> = steps(scenario)
        .filter_map(|step| match &step.action {
            Action::Undeclare { identifiers, .. } => Some(identifiers),
            _ => None,
        })
        .flatten()
        .collect();
    for (step, span) in scenario.apply.iter().zip(&loaded.places.steps) {
        let open = match &step.action {
            Action::InstallProfile {
                identifier,
                channel,
                ..
            } => !removed.contains(&(identifier, *channel)),
            Action::Declare { declarations, .. } => !declarations.iter().all(|declaration| {
                declaration
                    .get("Identifier")
                    .and_then(Value::as_str)
                    .is_some_and(|id| undeclared.iter().any(|known| *known == id))
            }),
            Action::Command { request_type, .. } => {
                !LEAVES_NOTHING.contains(&request_type.as_str()) && scenario.undo.is_empty()
            }
            Action::Device(DeviceAction::SetPasscode(_)) => scenario.undo.is_empty(),
            Action::Device(DeviceAction::RemoveManagement) => true,
            _ => false,
        };
        if open {
            found.push(
                Diagnostic::error(
                    codes::NO_UNDO,
                    &loaded.path,
                    span.clone(),
                    "what this step brings about is not taken back".to_owned(),
                )
                .with_help("add a step to [[undo]], or say `destructive = true`"),
            );
        }
    }
}

fn covered(feature: &Feature, suite: &Suite, found: &mut Vec<Diagnostic>) {
    let missing: Vec<_> = APPLE_COLUMNS
        .into_iter()
        .filter(|column| feature.offers.contains_key(column))
        .filter(|column| {
            let exercised = suite.scenarios.iter().any(|scenario| {
                scenario.feature == feature.id
                    && scenario.applies.iter().any(|when| reaches(when, *column))
            });
            let excused = suite.not_by_protocol.iter().any(|excuse| {
                excuse.feature == feature.id
                    && (excuse.columns.is_empty() || excuse.columns.contains(column))
            });
            !exercised && !excused
        })
        .map(column_name)
        .collect();
    if !missing.is_empty() {
        let path = format!("{}/not_by_protocol.toml", crate::suite::DATA);
        found.push(
            Diagnostic::error(
                codes::UNCOVERED_FEATURE,
                path,
                0..0,
                format!(
                    "feature `{}` has neither a scenario nor an entry here for {}",
                    feature.id.0,
                    missing.join(", ")
                ),
            )
            .with_help("write a scenario, or say here what it takes to check the feature"),
        );
    }
}

/// Whether a condition can hold for a device of the column.
fn reaches(when: &Condition, column: Column) -> bool {
    let (platform, shared) = match column {
        Column::SharedIpad => (Platform::Ipados, true),
        Column::Platform(platform) => (platform, false),
    };
    let on = when.on.is_empty() || when.on.iter().any(|range| range.platform == platform);
    let enrolled = when.enrollments.is_empty()
        || when
            .enrollments
            .iter()
            .any(|kind| (*kind == EnrollmentType::SharedIpad) == shared);
    on && enrolled
}

/// Payload types that take all keys of another one, which the vendor says in prose only.
const EXTENDS: [(&str, &str); 1] = [("com.apple.vpn.managed.applayer", "com.apple.vpn.managed")];

/// Holds the protocol elements of scenarios and mappings against the vendor's facts of any release.
#[must_use]
pub fn check_elements(suite: &Suite, facts: &Facts) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for row in &suite.actions.rows {
        let args: Value = row
            .args
            .values()
            .map(|key| (key.clone(), Value::Null))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut wrong = Vec::new();
        object_keys(
            facts,
            Kind::Command,
            &row.request_type,
            &args,
            &["RequestType"],
            &mut wrong,
        );
        let path = format!("{}/actions.toml", crate::suite::DATA);
        for (message, help) in wrong {
            let message = format!("action `{}`: {message}", row.id);
            found.push(
                Diagnostic::error(codes::UNKNOWN_ELEMENT, &path, 0..0, message).with_help(help),
            );
        }
    }
    for loaded in &suite.loaded {
        for (step, span) in steps(&loaded.scenario).zip(&loaded.places.steps) {
            let mut wrong = Vec::new();
            elements(&step.action, facts, &mut wrong);
            for (message, help) in wrong {
                found.push(
                    Diagnostic::error(codes::UNKNOWN_ELEMENT, &loaded.path, span.clone(), message)
                        .with_help(help),
                );
            }
        }
    }
    found
}

fn elements(action: &Action, facts: &Facts, wrong: &mut Vec<(String, String)>) {
    match action {
        Action::Command {
            request_type, args, ..
        } => {
            object_keys(
                facts,
                Kind::Command,
                request_type,
                args,
                &["RequestType"],
                wrong,
            );
            if request_type == "DeviceInformation" {
                queries(facts, args, wrong);
            }
        }
        Action::InstallProfile { payloads, .. } => {
            for payload in payloads {
                let id = payload["PayloadType"].as_str().unwrap_or("");
                let common = [
                    "PayloadType",
                    "PayloadIdentifier",
                    "PayloadUUID",
                    "PayloadVersion",
                ];
                object_keys(facts, Kind::Profile, id, payload, &common, wrong);
            }
        }
        Action::Declare { declarations, .. } => {
            for declaration in declarations {
                let id = declaration["Type"].as_str().unwrap_or("");
                object_keys(
                    facts,
                    Kind::Declaration,
                    id,
                    &declaration["Payload"],
                    &[],
                    wrong,
                );
            }
        }
        _ => {}
    }
}

fn object_keys(
    facts: &Facts,
    kind: Kind,
    id: &str,
    value: &Value,
    common: &[&str],
    wrong: &mut Vec<(String, String)>,
) {
    let mut items: Vec<_> = facts.find(kind, id).map(|(_, item)| item).collect();
    if !items.is_empty()
        && let Some((_, base)) = EXTENDS.iter().find(|(extended, _)| *extended == id)
    {
        items.extend(facts.find(kind, base).map(|(_, item)| item));
    }
    if items.is_empty() {
        let known = facts
            .items()
            .iter()
            .filter(|item| item.kind == kind)
            .map(|item| item.id.as_str());
        wrong.push((
            format!("unknown {} `{id}`", kind.as_str()),
            codes::help(id, known),
        ));
        return;
    }
    let known: Vec<_> = items
        .iter()
        .flat_map(|item| item.children(None, Role::Payload))
        .map(|(_, key)| key)
        .collect();
    // A free key name takes anything.
    if known.iter().any(|key| key.placeholder) {
        return;
    }
    for name in value
        .as_object()
        .into_iter()
        .flat_map(|object| object.keys())
    {
        let names = known.iter().map(|key| key.name());
        if !common.contains(&name.as_str()) && !names.clone().any(|known| known == name) {
            wrong.push((
                format!("`{id}` has no key `{name}`"),
                codes::help(name, names),
            ));
        }
    }
}

fn queries(facts: &Facts, args: &Value, wrong: &mut Vec<(String, String)>) {
    let known: HashSet<&str> = facts
        .find(Kind::Command, "DeviceInformation")
        .flat_map(|(_, item)| &item.keys)
        .filter(|key| key.enum_value)
        .map(device_matrix::capability::Key::name)
        .collect();
    for query in args["Queries"].as_array().into_iter().flatten() {
        let name = query.as_str().unwrap_or("");
        if !known.contains(name) {
            let help = codes::help(name, known.iter().copied());
            wrong.push((format!("unknown query `{name}`"), help));
        }
    }
}
