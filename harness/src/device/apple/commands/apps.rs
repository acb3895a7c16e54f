//! Apps: installing, removing, listing, configuring. One file, because all of them look at the one table of apps.

use plist::{Dictionary, Value};

use super::super::state::App;
use super::super::values::{boolean, dict, int, integer, string, strings, text};
use super::super::{effects, gate};
use super::{Reply, Turn};

/// The identifier this model gives an app that is only known by its manifest: real devices read it from the manifest,
/// which lies on a server the virtual device does not ask.
pub(in super::super) fn manifest_name(url: &str) -> String {
    let last = url.rsplit('/').find(|part| !part.is_empty()).unwrap_or(url);
    let stem = last.split(['?', '#']).next().unwrap_or(last);
    format!("manifest.{}", stem.strip_suffix(".plist").unwrap_or(stem))
}

/// The bundle identifier of what a command names; an app known by its store number is `store.NUMBER`, because the
/// virtual device does not ask the store.
fn identifier(command: &Dictionary) -> Option<String> {
    if let Some(identifier) = string(command, "Identifier") {
        return Some(identifier.to_owned());
    }
    if let Some(id) = integer(command, "iTunesStoreID") {
        return Some(format!("store.{id}"));
    }
    if let Some(url) = string(command, "ManifestURL") {
        return Some(manifest_name(url));
    }
    command
        .get("Manifest")?
        .as_dictionary()?
        .get("items")?
        .as_array()?
        .first()?
        .as_dictionary()?
        .get("metadata")?
        .as_dictionary()
        .and_then(|metadata| string(metadata, "bundle-identifier"))
        .map(str::to_owned)
}

/// `InstallApplication`.
pub(super) fn install(turn: &mut Turn<'_>) -> Reply {
    let Some(name) = identifier(turn.command) else {
        return turn.refuse(12008, "The command names no app.".to_owned());
    };
    if restricted(turn, "allowAppInstallation") {
        return turn.refuse(
            12031,
            "App installation is not allowed on this device.".to_owned(),
        );
    }
    let managing = string(turn.command, "ChangeManagementState") == Some("Managed");
    if let Some(known) = turn.core.state.apps.get_mut(&name) {
        if known.managed || !managing {
            return turn.refuse(12025, format!("The app “{name}” is already installed."));
        }
        known.managed = true;
        return Reply::done(dict([
            ("Identifier", text(name)),
            ("State", text("Managed")),
        ]));
    }
    put(turn, &name);
    Reply::done(dict([
        ("Identifier", text(name)),
        ("State", text("Installing")),
    ]))
}

/// `InstallEnterpriseApplication` (macOS): answers without telling a state.
pub(super) fn install_enterprise(turn: &mut Turn<'_>) -> Reply {
    match identifier(turn.command) {
        Some(name) => {
            put(turn, &name);
            Reply::ok()
        }
        None => turn.refuse(12024, "The app manifest is not valid.".to_owned()),
    }
}

fn put(turn: &mut Turn<'_>, name: &str) {
    let attributes = turn
        .command
        .get("Attributes")
        .and_then(Value::as_dictionary);
    let asked = boolean(turn.command, "InstallAsManaged") == Some(true)
        && string(turn.command, "RequestType")
            .is_some_and(|name| gate::key_taken(turn.core, name, "InstallAsManaged", turn.scope));
    let managed = !turn.core.is_mac()
        || asked
        || string(turn.command, "ChangeManagementState") == Some("Managed");
    let app = App {
        managed,
        removable: attributes
            .and_then(|keys| boolean(keys, "Removable"))
            .unwrap_or(true),
        management_flags: integer(turn.command, "ManagementFlags").unwrap_or(0),
        store_id: integer(turn.command, "iTunesStoreID"),
        configuration: turn
            .command
            .get("Configuration")
            .and_then(Value::as_dictionary)
            .cloned(),
        attributes: attributes.cloned(),
        source: if turn.command.contains_key("iTunesStoreID") {
            "store"
        } else {
            "manifest"
        },
        declaration: None,
    };
    turn.core.state.apps.insert(name.to_owned(), app);
}

fn restricted(turn: &Turn<'_>, key: &str) -> bool {
    let ignored = turn.core.spec.quirks.ignores_restriction(key);
    !ignored
        && effects::of_type(turn.core, effects::RESTRICTIONS)
            .any(|keys| boolean(keys, key) == Some(false))
}

/// `RemoveApplication`: managed apps only.
pub(super) fn remove(turn: &mut Turn<'_>) -> Reply {
    let name = string(turn.command, "Identifier")
        .unwrap_or_default()
        .to_owned();
    match turn.core.state.apps.get(&name) {
        Some(app) if app.managed && app.declaration.is_none() => {
            turn.core.state.apps.remove(&name);
            Reply::ok()
        }
        _ => turn.refuse(12038, format!("The app “{name}” is not managed.")),
    }
}

/// `ApplyRedemptionCode`.
pub(super) fn redeem(turn: &mut Turn<'_>) -> Reply {
    let name = string(turn.command, "Identifier")
        .unwrap_or_default()
        .to_owned();
    let code = string(turn.command, "RedemptionCode")
        .unwrap_or_default()
        .to_owned();
    if !turn
        .core
        .state
        .apps
        .get(&name)
        .is_some_and(|app| app.managed)
    {
        return turn.refuse(12038, format!("The app “{name}” is not managed."));
    }
    turn.core
        .state
        .rare_mut()
        .redemption_codes
        .insert(name, code);
    Reply::ok()
}

/// `InviteToProgram`.
pub(super) fn invite(turn: &mut Turn<'_>) -> Reply {
    let program = string(turn.command, "ProgramID").unwrap_or_default();
    let url = string(turn.command, "InvitationURL").unwrap_or_default();
    let result = if program != "com.apple.cloudvpp" {
        "InvalidProgramID"
    } else if !url.starts_with("https://") {
        "InvalidInvitationURL"
    } else {
        "Acknowledged"
    };
    if result == "Acknowledged" {
        turn.core.state.rare_mut().invitations.push(url.to_owned());
    }
    Reply::done(dict([("InvitationResult", text(result))]))
}

/// `ValidateApplications`: nothing to validate against, as devices without a network do.
pub(super) fn validate(_turn: &mut Turn<'_>) -> Reply {
    Reply::ok()
}

/// `InstalledApplicationList`: only managed apps under user enrollment.
pub(super) fn installed(turn: &mut Turn<'_>) -> Reply {
    let wanted = strings(turn.command, "Identifiers").filter(|names| !names.is_empty());
    let managed_only = boolean(turn.command, "ManagedAppsOnly") == Some(true)
        || turn.core.spec.enrollment.is_user_enrollment();
    let rows = turn
        .core
        .state
        .apps
        .iter()
        .filter(|(name, app)| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&name.as_str()))
                && (app.managed || !managed_only)
        })
        .map(|(name, app)| {
            let mut row = dict([
                ("Identifier", text(name.as_str())),
                ("Name", text(name.rsplit('.').next().unwrap_or(name))),
                ("Version", text("1.0")),
                ("ShortVersion", text("1.0")),
                ("BundleSize", int(1_048_576)),
                ("DynamicSize", int(4_096)),
                ("Installing", Value::Boolean(false)),
                ("IsValidated", Value::Boolean(true)),
                ("AppStoreVendable", Value::Boolean(app.source == "store")),
                ("BetaApp", Value::Boolean(false)),
                ("AdHocCodeSigned", Value::Boolean(false)),
                ("HasUpdateAvailable", Value::Boolean(false)),
            ]);
            if let Some(id) = app.store_id {
                row.insert("ExternalVersionIdentifier".to_owned(), int(id));
            }
            Value::Dictionary(row)
        });
    let rows = Value::Array(rows.collect());
    Reply::done(dict([("InstalledApplicationList", rows)]))
}

/// `ManagedApplicationList`.
pub(super) fn managed(turn: &mut Turn<'_>) -> Reply {
    let wanted = strings(turn.command, "Identifiers").filter(|names| !names.is_empty());
    let mut rows = Dictionary::new();
    for (name, app) in &turn.core.state.apps {
        if !app.managed
            || wanted
                .as_ref()
                .is_some_and(|wanted| !wanted.contains(&name.as_str()))
        {
            continue;
        }
        let row = dict([
            ("Status", text("Managed")),
            ("ManagementFlags", int(app.management_flags)),
            (
                "HasConfiguration",
                Value::Boolean(app.configuration.is_some()),
            ),
            ("HasFeedback", Value::Boolean(false)),
            ("IsValidated", Value::Boolean(true)),
            ("ExternalVersionIdentifier", int(app.store_id.unwrap_or(0))),
        ]);
        rows.insert(name.clone(), Value::Dictionary(row));
    }
    Reply::done(dict([("ManagedApplicationList", Value::Dictionary(rows))]))
}

/// Rows of managed apps with one dictionary each.
fn rows(turn: &Turn<'_>, key: &str, of: fn(&App) -> Option<&Dictionary>) -> Value {
    let wanted = strings(turn.command, "Identifiers").unwrap_or_default();
    let rows = wanted
        .into_iter()
        .filter_map(|name| {
            Some((
                name,
                turn.core.state.apps.get(name).filter(|app| app.managed)?,
            ))
        })
        .map(|(name, app)| {
            let mut row = dict([("Identifier", text(name))]);
            if let Some(content) = of(app) {
                row.insert(key.to_owned(), Value::Dictionary(content.clone()));
            }
            Value::Dictionary(row)
        });
    Value::Array(rows.collect())
}

/// `ManagedApplicationAttributes`.
pub(super) fn attributes(turn: &mut Turn<'_>) -> Reply {
    let rows = rows(turn, "Attributes", |app| app.attributes.as_ref());
    Reply::done(dict([("ApplicationAttributes", rows)]))
}

/// `ManagedApplicationConfiguration`.
pub(super) fn configuration(turn: &mut Turn<'_>) -> Reply {
    let rows = rows(turn, "Configuration", |app| app.configuration.as_ref());
    Reply::done(dict([("ApplicationConfigurations", rows)]))
}

/// `ManagedApplicationFeedback`: no app of a virtual device has run, so none has left feedback.
pub(super) fn feedback(turn: &mut Turn<'_>) -> Reply {
    let rows = rows(turn, "Feedback", |_| None);
    Reply::done(dict([("ManagedApplicationFeedback", rows)]))
}
