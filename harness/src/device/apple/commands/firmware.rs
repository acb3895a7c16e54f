//! Firmware password (Intel) and recovery lock (Apple silicon): the same exchange on two kinds of Mac.

use device_matrix::model::Hardware;
use plist::Value;

use super::super::values::{dict, string};
use super::{Reply, Turn};

/// `SetFirmwarePassword`; an empty new password takes it away.
pub(super) fn set(turn: &mut Turn<'_>) -> Reply {
    if turn.core.has(Hardware::AppleSilicon) {
        return turn.refuse(12008, "This Mac has no firmware password.".to_owned());
    }
    let current = string(turn.command, "CurrentPassword").map(str::to_owned);
    let new = string(turn.command, "NewPassword")
        .unwrap_or_default()
        .to_owned();
    let held = &mut turn.core.state.rare_mut().firmware_password;
    let changed = held.is_none() || *held == current;
    if changed {
        *held = (!new.is_empty()).then_some(new);
    }
    let inner = dict([("PasswordChanged", Value::Boolean(changed))]);
    Reply::done(dict([("SetFirmwarePassword", Value::Dictionary(inner))]))
}

/// `VerifyFirmwarePassword`.
pub(super) fn verify(turn: &mut Turn<'_>) -> Reply {
    let given = string(turn.command, "Password");
    let held = turn
        .core
        .state
        .rare()
        .and_then(|rare| rare.firmware_password.as_deref());
    let inner = dict([(
        "PasswordVerified",
        Value::Boolean(held.is_some() && held == given),
    )]);
    Reply::done(dict([("VerifyFirmwarePassword", Value::Dictionary(inner))]))
}

/// `SetRecoveryLock`; an empty new password takes it away.
pub(super) fn set_recovery_lock(turn: &mut Turn<'_>) -> Reply {
    if !turn.core.has(Hardware::AppleSilicon) {
        return turn.refuse(12008, "Recovery lock needs Apple silicon.".to_owned());
    }
    let current = string(turn.command, "CurrentPassword").map(str::to_owned);
    let new = string(turn.command, "NewPassword")
        .unwrap_or_default()
        .to_owned();
    let held = &mut turn.core.state.rare_mut().recovery_lock;
    if held.is_some() && *held != current {
        return turn.refuse(12008, "The current password is not right.".to_owned());
    }
    *held = (!new.is_empty()).then_some(new);
    Reply::ok()
}

/// `VerifyRecoveryLock`.
pub(super) fn verify_recovery_lock(turn: &mut Turn<'_>) -> Reply {
    let given = string(turn.command, "Password");
    let held = turn
        .core
        .state
        .rare()
        .and_then(|rare| rare.recovery_lock.as_deref());
    Reply::done(dict([(
        "PasswordVerified",
        Value::Boolean(held.is_some() && held == given),
    )]))
}
