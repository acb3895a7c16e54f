//! `ClearPasscode`, `RequestUnlockToken`, `ClearRestrictionsPassword`: what a server may do about passcodes.

use plist::Value;

use super::super::errors;
use super::super::values::dict;
use super::{Reply, Turn};

/// Clears the passcode for whoever has the escrow of the last `TokenUpdate`.
pub(super) fn clear(turn: &mut Turn<'_>) -> Reply {
    let given = turn.command.get("UnlockToken").and_then(Value::as_data);
    let held = turn
        .core
        .derive()
        .unlock_token(turn.core.state.token_generation);
    if given != Some(held.as_slice()) {
        return turn.refuse_in(
            errors::PASSCODE,
            5013,
            "The passcode could not be cleared.".to_owned(),
        );
    }
    turn.core.state.passcode = None;
    turn.core.state.lock.locked = false;
    Reply::ok()
}

/// Tells the escrow.
pub(super) fn unlock_token(turn: &mut Turn<'_>) -> Reply {
    let token = turn
        .core
        .derive()
        .unlock_token(turn.core.state.token_generation);
    Reply::done(dict([("UnlockToken", Value::Data(token))]))
}

/// Clears the password of restrictions set on the device.
pub(super) fn clear_restrictions(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().restrictions_password_cleared = true;
    Reply::ok()
}
