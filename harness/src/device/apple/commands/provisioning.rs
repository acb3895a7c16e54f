//! Provisioning profiles: install, remove, list.

use plist::Value;

use super::super::values::{dict, string, text};
use super::{Reply, Turn};

/// `InstallProvisioningProfile`. Its UUID is read from the property list inside; without one it follows from the length.
pub(super) fn install(turn: &mut Turn<'_>) -> Reply {
    let bytes = turn
        .command
        .get("ProvisioningProfile")
        .and_then(Value::as_data)
        .unwrap_or_default();
    if bytes.is_empty() {
        return turn.refuse(12008, "The provisioning profile is empty.".to_owned());
    }
    let uuid = uuid_inside(bytes).unwrap_or_else(|| format!("provisioning-{}", bytes.len()));
    turn.core.state.provisioning.insert(uuid, bytes.len());
    Reply::ok()
}

fn uuid_inside(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("<key>UUID</key>")?;
    let (_, rest) = rest.split_once("<string>")?;
    let (uuid, _) = rest.split_once("</string>")?;
    (uuid.len() <= 64).then(|| uuid.to_owned())
}

/// `RemoveProvisioningProfile`.
pub(super) fn remove(turn: &mut Turn<'_>) -> Reply {
    let uuid = string(turn.command, "UUID").unwrap_or_default();
    match turn.core.state.provisioning.remove(uuid) {
        Some(_) => Reply::ok(),
        None => turn.refuse(
            12013,
            format!("The provisioning profile “{uuid}” is not managed."),
        ),
    }
}

/// `ProvisioningProfileList`.
pub(super) fn list(turn: &mut Turn<'_>) -> Reply {
    let rows = turn.core.state.provisioning.keys().map(|uuid| {
        Value::Dictionary(dict([
            ("Name", text(uuid.as_str())),
            ("UUID", text(uuid.as_str())),
        ]))
    });
    Reply::done(dict([(
        "ProvisioningProfileList",
        Value::Array(rows.collect()),
    )]))
}
