//! `RestartDevice` and `ShutDownDevice`.

use super::{After, Reply, Turn};

/// Restarts once the answer is delivered.
pub(super) fn restart(_turn: &mut Turn<'_>) -> Reply {
    Reply::then(After::Restart)
}

/// Shuts down once the answer is delivered.
pub(super) fn shut_down(_turn: &mut Turn<'_>) -> Reply {
    Reply::then(After::ShutDown)
}
