//! `InstallProfile`, `RemoveProfile`, `ProfileList`.

use plist::Value;

use super::super::profiles;
use super::super::state::{InstalledProfile, Source};
use super::super::values::{boolean, dict, int, string, text};
use super::{Reply, Turn};

/// `InstallProfile`.
pub(super) fn install(turn: &mut Turn<'_>) -> Reply {
    let bytes = turn
        .command
        .get("Payload")
        .and_then(Value::as_data)
        .unwrap_or_default();
    match profiles::install(turn.core, bytes, turn.scope, Source::Command) {
        Ok(()) => Reply::ok(),
        Err(errors) => Reply::refused(errors),
    }
}

/// `RemoveProfile`.
pub(super) fn remove(turn: &mut Turn<'_>) -> Reply {
    let identifier = string(turn.command, "Identifier").unwrap_or_default();
    match profiles::remove(turn.core, identifier, turn.scope) {
        Ok(()) => Reply::ok(),
        Err(errors) => Reply::refused(errors),
    }
}

/// `ProfileList`: installed is not in force; keys that the release ignores are told all the same.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let _managed_only = boolean(turn.command, "ManagedOnly");
    let rows = turn
        .core
        .state
        .profiles
        .iter()
        .filter(|profile| profile.scope == turn.scope)
        .map(row);
    Reply::done(dict([("ProfileList", Value::Array(rows.collect()))]))
}

fn row(profile: &InstalledProfile) -> Value {
    let payloads = profile.payloads.iter().map(|payload| {
        Value::Dictionary(dict([
            ("PayloadType", text(payload.payload_type.as_str())),
            ("PayloadIdentifier", text(payload.identifier.as_str())),
            ("PayloadUUID", text(payload.uuid.as_str())),
            ("PayloadVersion", int(1)),
        ]))
    });
    let mut row = dict([
        ("PayloadIdentifier", text(profile.identifier.as_str())),
        ("PayloadUUID", text(profile.uuid.as_str())),
        ("PayloadVersion", int(1)),
        (
            "PayloadRemovalDisallowed",
            Value::Boolean(profile.removal_disallowed),
        ),
        ("HasRemovalPasscode", Value::Boolean(false)),
        ("IsEncrypted", Value::Boolean(profile.encrypted)),
        ("IsManaged", Value::Boolean(true)),
        ("PayloadContent", Value::Array(payloads.collect())),
    ]);
    for (key, value) in [
        ("PayloadDisplayName", &profile.display_name),
        ("PayloadOrganization", &profile.organization),
        ("PayloadDescription", &profile.description),
    ] {
        if let Some(value) = value {
            row.insert(key.to_owned(), text(value.as_str()));
        }
    }
    if let Source::Declaration(_) = profile.source {
        row.insert("Source".to_owned(), text("Declarative Device Management"));
    }
    Value::Dictionary(row)
}
