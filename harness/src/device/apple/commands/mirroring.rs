//! `RequestMirroring` and `StopMirroring`: start and stop of one stream.

use super::super::values::{dict, string, text};
use super::{Reply, Turn};

/// Starts mirroring to the destination named.
pub(super) fn start(turn: &mut Turn<'_>) -> Reply {
    let destination = string(turn.command, "DestinationName")
        .or_else(|| string(turn.command, "DestinationDeviceID"));
    let result = match destination {
        Some(destination) => {
            let destination = destination.to_owned();
            turn.core.state.rare_mut().mirroring_to = Some(destination);
            "Acknowledged"
        }
        None => "Unknown",
    };
    Reply::done(dict([("MirroringResult", text(result))]))
}

/// Stops mirroring.
pub(super) fn stop(turn: &mut Turn<'_>) -> Reply {
    turn.core.state.rare_mut().mirroring_to = None;
    Reply::ok()
}
