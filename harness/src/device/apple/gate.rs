//! Whether a device takes a command at all: by the facts of its exact release, before any handler runs.

use device_matrix::capability::{
    Applicability, Item, Key, KeyIndex, Kind, NotApplicable, Presence, Role, Scope, ValueType,
};
use device_matrix::platform::{Platform, SchemaOs};
use plist::{Dictionary, Value};

use super::core::Core;
use super::errors;
use super::settings::MissingKey;
use crate::protocol::apple::command::ErrorItem;

/// What becomes of a command.
#[derive(Debug)]
pub(super) enum Gate {
    /// The handler runs.
    Run,
    /// The command is accepted under this enrollment and has no effect.
    Ignored,
    /// It is refused.
    Refused(Vec<ErrorItem>),
    /// It can not be understood.
    Malformed,
    /// Not now.
    NotNow,
}

/// Commands that iOS answers even while it is locked (Apple's MDM Protocol Reference).
const NEVER_NOT_NOW: [&str; 9] = [
    "DeviceInformation",
    "ProfileList",
    "DeviceLock",
    "EraseDevice",
    "ClearPasscode",
    "CertificateList",
    "ProvisioningProfileList",
    "InstalledApplicationList",
    "Restrictions",
];

/// Decides on a command.
pub(super) fn decide(core: &Core, name: &str, command: &Dictionary, scope: Scope) -> Gate {
    let settings = &core.spec.settings;
    let platform = core.platform();
    let one = |error: ErrorItem| Gate::Refused(vec![error]);
    let Some(applicability) = core.item_applies(Kind::Command, name, scope) else {
        return one(errors::invalid_request_type(platform, 12021, name));
    };
    if core.state.lost.is_some()
        && !settings
            .allowed_in_lost_mode
            .iter()
            .any(|known| known == name)
    {
        let text = format!("“{name}” is not valid while the device is in Managed Lost Mode.");
        return one(errors::item(platform, errors::MDM, 12078, text));
    }
    if !core.takes(applicability) {
        return match applicability {
            Applicability::No(NotApplicable::IgnoredForEnrollment) => Gate::Ignored,
            Applicability::No(NotApplicable::NoAccessRight(_)) => one(errors::item(
                platform,
                errors::MDM,
                settings.access_right_code,
                format!("The server is not authorized to send “{name}”."),
            )),
            Applicability::No(reason) => {
                let number = match reason {
                    NotApplicable::NeedsSupervision => settings.supervised_only_code,
                    NotApplicable::Removed(_) => settings.removed_command_code,
                    NotApplicable::NotOnThisOs | NotApplicable::NotYet(_) => 12021,
                    _ => settings.forbidden_code,
                };
                one(errors::invalid_request_type(platform, number, name))
            }
            _ => one(errors::invalid_request_type(platform, 12021, name)),
        };
    }
    if not_now(core, name, scope) {
        return Gate::NotNow;
    }
    match problem(core, name, command, scope) {
        None => Gate::Run,
        Some(_) if settings.missing_key == MissingKey::CommandFormatError => Gate::Malformed,
        Some(text) => one(errors::item(platform, errors::MDM, 12008, text)),
    }
}

/// Whether the device would rather be asked later.
fn not_now(core: &Core, name: &str, scope: Scope) -> bool {
    match core.platform() {
        Platform::Ios | Platform::Ipados => {
            let protected =
                core.state.passcode.is_some() || !core.spec.settings.not_now_needs_passcode;
            core.state.lock.locked && protected && !NEVER_NOT_NOW.contains(&name)
        }
        Platform::Macos => {
            scope == Scope::User && (core.state.lock.locked || core.state.awaiting_configuration)
        }
        _ => false,
    }
}

/// What is wrong with the keys of a command.
fn problem(core: &Core, name: &str, command: &Dictionary, scope: Scope) -> Option<String> {
    let (_, item) = core.facts().find(Kind::Command, name).next()?;
    keys_problem(core, item, None, command, scope).map(|text| format!("{name}: {text}"))
}

/// What is wrong with a dictionary by the keys of an item: a required key that is missing, or a wrong type.
pub(super) fn keys_problem(
    core: &Core,
    item: &Item,
    parent: Option<KeyIndex>,
    given: &Dictionary,
    scope: Scope,
) -> Option<String> {
    for (index, key) in item.children(parent, Role::Payload) {
        if key.placeholder || key.enum_value {
            continue;
        }
        let here = key.support(core.platform());
        match given.get(key.name()) {
            None => {
                let required = key.presence == Presence::Required;
                if required && here.is_some() && core.takes(core.applies(here, scope)) {
                    return Some(format!("the key `{}` is missing", key.dotted()));
                }
            }
            Some(value) => {
                if !fits(key.value_type, value) {
                    return Some(format!("the key `{}` has the wrong type", key.dotted()));
                }
                if let Value::Dictionary(inner) = value
                    && let Some(problem) = keys_problem(core, item, Some(index), inner, scope)
                {
                    return Some(problem);
                }
            }
        }
    }
    None
}

/// Whether a key at the root of a command has a meaning on this device; one that has none is ignored.
pub(super) fn key_taken(core: &Core, name: &str, key: &str, scope: Scope) -> bool {
    core.facts()
        .find(Kind::Command, name)
        .filter_map(|(_, item)| child(item, None, key))
        .filter_map(|(_, key)| key.support(core.platform()))
        .any(|support| core.takes(core.applies(Some(support), scope)))
}

/// Whether a value has a type that a device takes for it; whole numbers stand for real ones.
pub(super) fn fits(wanted: ValueType, value: &Value) -> bool {
    match wanted {
        ValueType::Any => true,
        ValueType::String => matches!(value, Value::String(_)),
        ValueType::Integer => matches!(value, Value::Integer(_)),
        ValueType::Real => matches!(value, Value::Integer(_) | Value::Real(_)),
        ValueType::Boolean => matches!(value, Value::Boolean(_)),
        ValueType::Date => matches!(value, Value::Date(_)),
        ValueType::Data => matches!(value, Value::Data(_)),
        ValueType::Array => matches!(value, Value::Array(_)),
        ValueType::Dictionary => matches!(value, Value::Dictionary(_)),
    }
}

/// The key for `name` below `parent`: the one of that name, else a free name.
pub(super) fn child<'a>(
    item: &'a Item,
    parent: Option<KeyIndex>,
    name: &str,
) -> Option<(KeyIndex, &'a Key)> {
    let mut free = None;
    for (index, key) in item.children(parent, Role::Payload) {
        if key.enum_value {
            continue;
        }
        if key.placeholder {
            free.get_or_insert((index, key));
        } else if key.name() == name {
            return Some((index, key));
        }
    }
    free
}

/// Whether the device's release has `os` at this version or later; for rules that are not in the facts.
pub(super) fn modern_unenroll(core: &Core) -> bool {
    core.runs(SchemaOs::Ios, &[17])
        || core.runs(SchemaOs::Macos, &[14])
        || matches!(
            core.os(),
            SchemaOs::Visionos | SchemaOs::Watchos | SchemaOs::Tvos
        )
}
