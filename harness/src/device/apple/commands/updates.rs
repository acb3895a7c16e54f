//! Software update by commands: four commands about one pending update. Removed in 27.0.

use device_matrix::platform::SchemaOs;
use plist::{Dictionary, Value};

use super::super::state::ScheduledUpdate;
use super::super::values::{dict, string, text};
use super::super::{effects, errors};
use super::{Reply, Turn};

/// `AvailableOSUpdates`. A virtual device is on the newest release it knows of, so there is nothing to offer: an empty
/// list, and from iOS 11.3 an error (seen on devices, openradar 39170807).
pub(super) fn available(turn: &mut Turn<'_>) -> Reply {
    let core = &*turn.core;
    if core.spec.settings.no_update_is_an_error && core.runs(SchemaOs::Ios, &[11, 3]) {
        let platform = core.platform();
        return Reply::refused(vec![
            errors::item(
                platform,
                "DeviceManagement.error",
                2213,
                "No update available.".to_owned(),
            ),
            errors::item(
                platform,
                "com.apple.softwareupdateservices.errors",
                3,
                "No update available.".to_owned(),
            ),
        ]);
    }
    Reply::done(dict([("AvailableOSUpdates", Value::Array(Vec::new()))]))
}

/// `ScheduleOSUpdateScan`.
pub(super) fn scan(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().update_scans += 1;
    Reply::done(dict([("ScanInitiated", Value::Boolean(true))]))
}

/// `ScheduleOSUpdate`.
pub(super) fn schedule(turn: &mut Turn<'_>) -> Reply {
    let command = turn.command;
    let wanted: Vec<&Dictionary> = command
        .get("Updates")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_dictionary)
        .collect();
    let mut results = Vec::new();
    for update in wanted {
        let version = string(update, "ProductVersion").and_then(|version| version.parse().ok());
        let key = string(update, "ProductKey")
            .or_else(|| string(update, "ProductVersion"))
            .unwrap_or("next")
            .to_owned();
        let action = string(update, "InstallAction").unwrap_or("Default");
        let newer = version.is_none_or(|version| version > turn.core.version());
        let (told, status) = if newer {
            (action, "Installing")
        } else {
            ("Error", "Idle")
        };
        let mut result = dict([
            ("ProductKey", text(key.as_str())),
            (
                "InstallAction",
                text(if told == "Default" {
                    "InstallASAP"
                } else {
                    told
                }),
            ),
            ("Status", text(status)),
        ]);
        if newer {
            turn.core.state.scheduled_update = Some(Box::new(ScheduledUpdate {
                product_key: key,
                version,
                action: action.to_owned(),
            }));
        } else {
            let error = errors::item(
                turn.core.platform(),
                errors::MDM,
                12079,
                "The version is not newer than the one installed.".to_owned(),
            );
            let chain = Value::Array(vec![Value::Dictionary(error.to_plist())]);
            result.insert("ErrorChain".to_owned(), chain);
        }
        results.push(Value::Dictionary(result));
    }
    Reply::done(dict([("UpdateResults", Value::Array(results))]))
}

/// `OSUpdateStatus`.
pub(super) fn status(turn: &mut Turn<'_>) -> Reply {
    let rows = effects::pending_version(turn.core).map(|pending| {
        let scheduled = turn.core.state.scheduled_update.as_ref();
        let later = scheduled
            .is_some_and(|update| matches!(update.action.as_str(), "NotifyOnly" | "InstallLater"));
        let key = scheduled.map_or(pending, |update| update.product_key.clone());
        Value::Dictionary(dict([
            ("ProductKey", text(key)),
            ("IsDownloaded", Value::Boolean(!later)),
            (
                "DownloadPercentComplete",
                Value::Real(if later { 0.0 } else { 1.0 }),
            ),
            ("Status", text(if later { "Idle" } else { "Installing" })),
        ]))
    });
    Reply::done(dict([(
        "OSUpdateStatus",
        Value::Array(rows.into_iter().collect()),
    )]))
}
