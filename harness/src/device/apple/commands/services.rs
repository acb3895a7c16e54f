//! Switches without answers of their own: remote desktop, `FileVault` recovery key, carrier plans; and the state of
//! content caching. Each touches one field that nothing else writes.

use plist::{Dictionary, Value};

use super::super::effects;
use super::super::values::{boolean, dict, int, string, text};
use super::{Reply, Turn};

/// `EnableRemoteDesktop`.
pub(super) fn remote_desktop_on(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().remote_desktop = true;
    Reply::ok()
}

/// `DisableRemoteDesktop`.
pub(super) fn remote_desktop_off(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().remote_desktop = false;
    Reply::ok()
}

/// `RotateFileVaultKey`: only where `FileVault` is on.
pub(super) fn rotate_recovery_key(turn: &mut Turn<'_>) -> Reply {
    if !effects::filevault_on(turn.core) {
        return turn.refuse(12008, "FileVault is not enabled.".to_owned());
    }
    turn.core.state.rare_mut().recovery_key_rotations += 1;
    let mut answer = Dictionary::new();
    if turn.command.contains_key("ReplyEncryptionCertificate") {
        let key = turn.core.derive().secret("recovery-key").to_vec();
        let inner = dict([("EncryptedNewRecoveryKey", Value::Data(key))]);
        answer.insert("RotateResult".to_owned(), Value::Dictionary(inner));
    }
    Reply::done(answer)
}

/// `RefreshCellularPlans`.
pub(super) fn cellular_plans(turn: &mut Turn<'_>) -> Reply {
    if !turn.core.has(device_matrix::model::Hardware::Cellular) {
        return turn.refuse(12008, "This device has no cellular modem.".to_owned());
    }
    let url = string(turn.command, "eSIMServerURL")
        .unwrap_or_default()
        .to_owned();
    turn.core.state.rare_mut().cellular_plan_servers.push(url);
    Reply::ok()
}

/// `ContentCachingInformation`: the service as the payload in force configures it.
pub(super) fn content_caching(turn: &mut Turn<'_>) -> Reply {
    let mut status = dict([
        ("Activated", Value::Boolean(false)),
        ("Active", Value::Boolean(false)),
        ("CacheStatus", text("OK")),
        ("CacheUsed", int(0)),
        ("CacheFree", int(64_000_000_000)),
        ("CacheLimit", int(0)),
        ("ActualCacheUsed", int(0)),
        ("PersonalCacheUsed", int(0)),
        ("Port", int(0)),
        ("Parents", Value::Array(Vec::new())),
        ("Peers", Value::Array(Vec::new())),
        ("RegistrationStatus", int(0)),
        ("StartupStatus", text("PENDING")),
        ("TetheratorStatus", int(0)),
    ]);
    for keys in effects::of_type(turn.core, "com.apple.AssetCache.managed") {
        let on = boolean(keys, "AutoActivation") == Some(true);
        for (key, value) in [
            ("Activated", Value::Boolean(on)),
            ("Active", Value::Boolean(on)),
            ("RegistrationStatus", int(i64::from(on))),
            ("StartupStatus", text(if on { "OK" } else { "PENDING" })),
        ] {
            status.insert(key.to_owned(), value);
        }
        for key in ["CacheLimit", "Port"] {
            if let Some(value) = keys.get(key) {
                status.insert(key.to_owned(), value.clone());
            }
        }
    }
    Reply::done(dict([("StatusResponse", Value::Dictionary(status))]))
}
