//! `DeclarativeManagement`: turns the engine of the channel on and lets it synchronize.

use super::{After, Reply, Turn};

/// The first one turns the engine on.
pub(super) fn enable(turn: &mut Turn<'_>) -> Reply {
    let _ = turn.core.state.engine_mut(turn.scope);
    Reply::then(After::Synchronize)
}
