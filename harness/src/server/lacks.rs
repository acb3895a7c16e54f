//! What a server lacks for a step of a scenario, so that the plan can leave it out with its reason.

use device_matrix::cell::Cell;
use scenarios::commands;
use scenarios::plan::Missing;
use scenarios::scenario::{Action, Step};

use super::{Carried, ServerUnderTest};

/// What the server lacks for the step on a cell; `None` when it can be taken.
#[must_use]
pub fn lacks(server: &dyn ServerUnderTest, step: &Step, cell: &Cell) -> Option<Missing> {
    if let Some(named) = &step.named {
        match server.carries(&named.action, cell.release.platform) {
            Carried::No => return Some(Missing::Action),
            Carried::Button => return None,
            Carried::Raw => {}
        }
    }
    match &step.action {
        // What only asks is looked at where it can be, and is unseen elsewhere.
        Action::Command { request_type, .. } => (!server.raw_commands()
            && !commands::reads(request_type))
        .then_some(Missing::RawCommand),
        Action::InstallProfile { .. } | Action::RemoveProfile { .. } => {
            (!server.raw_commands()).then_some(Missing::RawCommand)
        }
        Action::ServerView => (!server.shows_check_ins()).then_some(Missing::View),
        Action::Declare { .. } | Action::Undeclare { .. } | Action::Device(_) | Action::Effect => {
            None
        }
    }
}
