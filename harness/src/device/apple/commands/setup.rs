//! `DeviceConfigured` and `UserConfigured`: both let Setup Assistant go on.

use super::{Reply, Turn};

/// The device leaves Setup Assistant.
pub(super) fn device_configured(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.awaiting_configuration = false;
    Reply::ok()
}

/// The user's session goes on (Shared iPad). Virtual sessions do not wait, so nothing changes.
pub(super) fn user_configured(_turn: &mut Turn<'_>) -> Reply {
    Reply::ok()
}
