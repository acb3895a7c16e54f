//! `TriggerEnhancedLogCollection` and `CancelEnhancedLogCollection` (27.0): start and stop of one collection.

use super::{Reply, Turn};

/// Starts a collection.
pub(super) fn trigger(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().log_collection = true;
    Reply::ok()
}

/// Stops it.
pub(super) fn cancel(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().log_collection = false;
    Reply::ok()
}
