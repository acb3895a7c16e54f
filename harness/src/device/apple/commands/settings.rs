//! `Settings`: each item is answered by itself, the command is acknowledged.

use device_matrix::capability::{Item, KeyIndex, Kind, Role};
use plist::{Dictionary, Value};

use super::super::values::{dict, string, text};
use super::super::{errors, gate};
use super::{Reply, Turn};
use crate::protocol::apple::command::ErrorItem;

/// Sets the items one after the other.
pub(super) fn set(turn: &mut Turn<'_>) -> Reply {
    let command = turn.command;
    let items = command.get("Settings").and_then(Value::as_array);
    let mut answers = Vec::new();
    for item in items.into_iter().flatten() {
        let Value::Dictionary(item) = item else {
            answers.push(refused(&refusal(turn, "", "is not a dictionary")));
            continue;
        };
        let name = string(item, "Item").unwrap_or_default();
        let mut answer = match accepted(turn, name, item) {
            Err(error) => refused(&error),
            Ok(()) => match apply(turn, name, item) {
                Ok(()) => dict([("Status", text("Acknowledged"))]),
                Err(error) => refused(&error),
            },
        };
        if let Some(identifier) = item.get("Identifier") {
            answer.insert("Identifier".to_owned(), identifier.clone());
        }
        answer.insert("Item".to_owned(), text(name));
        answers.push(answer);
    }
    let answers = answers.into_iter().map(Value::Dictionary).collect();
    Reply::done(dict([("Settings", Value::Array(answers))]))
}

fn refused(error: &ErrorItem) -> Dictionary {
    let chain = vec![Value::Dictionary(error.to_plist())];
    dict([
        ("Status", text("Error")),
        ("ErrorChain", Value::Array(chain)),
    ])
}

fn refusal(turn: &Turn<'_>, name: &str, why: &str) -> ErrorItem {
    let number = turn.core.spec.settings.settings_item_code;
    errors::item(
        turn.core.platform(),
        errors::SETTINGS,
        number,
        format!("The setting “{name}” {why}."),
    )
}

/// The schema's entry for an item: below `Settings`, the sub-key of that name.
fn entry<'a>(item: &'a Item, name: &str) -> Option<(KeyIndex, &'a device_matrix::capability::Key)> {
    item.keys
        .iter()
        .enumerate()
        .find(|(_, key)| {
            key.role == Role::Payload
                && key.name() == name
                && key.path.first().is_some_and(|first| first == "Settings")
                && key.path.len() <= 3
        })
        .map(|(position, key)| (KeyIndex(u32::try_from(position).unwrap_or(u32::MAX)), key))
}

fn accepted(turn: &Turn<'_>, name: &str, given: &Dictionary) -> Result<(), ErrorItem> {
    let core = &*turn.core;
    let Some((_, item)) = core.facts().find(Kind::Command, "Settings").next() else {
        return Err(refusal(turn, name, "is not known"));
    };
    let Some((index, key)) = entry(item, name) else {
        return Err(refusal(turn, name, "is not known"));
    };
    if !core.takes(core.applies(key.support(core.platform()), turn.scope)) {
        return Err(refusal(turn, name, "is not supported on this device"));
    }
    match gate::keys_problem(core, item, Some(index), given, turn.scope) {
        Some(problem) => Err(refusal(turn, name, &format!("is not valid: {problem}"))),
        None => Ok(()),
    }
}

/// Items that need a cellular modem.
const CELLULAR: [&str; 3] = ["DataRoaming", "VoiceRoaming", "PersonalHotspot"];

fn apply(turn: &mut Turn<'_>, name: &str, item: &Dictionary) -> Result<(), ErrorItem> {
    if CELLULAR.contains(&name) && !turn.core.has(device_matrix::model::Hardware::Cellular) {
        return Err(refusal(turn, name, "needs a cellular modem"));
    }
    let mut put = |key: &str, value: &Value| {
        turn.core
            .state
            .settings
            .insert(key.to_owned(), value.clone());
    };
    match name {
        "DataRoaming"
        | "VoiceRoaming"
        | "PersonalHotspot"
        | "Bluetooth"
        | "DiagnosticSubmission"
        | "AppAnalytics" => {
            if let Some(value) = item.get("Enabled") {
                put(name, value);
            }
        }
        "ApplicationConfiguration" | "ApplicationAttributes" => return app(turn, name, item),
        "MDMOptions" | "SharedDeviceConfiguration" => {
            let inner = item
                .get("MDMOptions")
                .and_then(Value::as_dictionary)
                .unwrap_or(item);
            for (key, value) in inner {
                if key != "Item" {
                    put(key, value);
                }
            }
            if name == "MDMOptions" {
                put(name, &Value::Dictionary(inner.clone()));
            }
        }
        "Wallpaper" => {
            // The picture itself is of no interest; what counts is that one is set, and where.
            if let Some(place) = item.get("Where") {
                put("Wallpaper", place);
            }
        }
        "SoftwareUpdateSettings" => {
            if let Some(value) = item.get("RecommendationCadence") {
                put(name, value);
            }
        }
        "AccessibilitySettings" | "DefaultApplications" => {
            let mut all = item.clone();
            all.remove("Item");
            put(name, &Value::Dictionary(all));
        }
        _ => {
            if let Some(value) = item.get(name) {
                put(name, value);
            } else {
                let mut all = item.clone();
                all.remove("Item");
                put(name, &Value::Dictionary(all));
            }
        }
    }
    Ok(())
}

/// Configuration and attributes of a managed app; a missing dictionary takes them away.
fn app(turn: &mut Turn<'_>, name: &str, item: &Dictionary) -> Result<(), ErrorItem> {
    let identifier = string(item, "Identifier").unwrap_or_default().to_owned();
    let platform = turn.core.platform();
    let Some(app) = turn
        .core
        .state
        .apps
        .get_mut(&identifier)
        .filter(|app| app.managed)
    else {
        let text = format!("The app “{identifier}” is not managed.");
        return Err(errors::item(platform, errors::MDM, 12038, text));
    };
    if name == "ApplicationConfiguration" {
        app.configuration = item
            .get("Configuration")
            .and_then(Value::as_dictionary)
            .cloned();
    } else {
        app.attributes = item
            .get("Attributes")
            .and_then(Value::as_dictionary)
            .cloned();
        if let Some(removable) = app
            .attributes
            .as_ref()
            .and_then(|keys| keys.get("Removable")?.as_boolean())
        {
            app.removable = removable;
        }
    }
    Ok(())
}
