//! `EraseDevice`.

use device_matrix::model::Hardware;
use plist::Value;

use super::super::state::Erased;
use super::super::values::{boolean, string};
use super::{After, Reply, Turn};

/// Erases the device once the answer is delivered.
pub(super) fn erase(turn: &mut Turn<'_>) -> Reply {
    let intel = turn.core.is_mac() && !turn.core.has(Hardware::AppleSilicon);
    if intel && string(turn.command, "PIN").is_none_or(|pin| pin.len() != 6) {
        return turn.refuse(12008, "A PIN of six digits is needed.".to_owned());
    }
    let return_to_service = turn
        .command
        .get("ReturnToService")
        .and_then(Value::as_dictionary)
        .is_some_and(|keys| boolean(keys, "Enabled") == Some(true));
    turn.core.state.erased = Some(Erased {
        preserve_data_plan: boolean(turn.command, "PreserveDataPlan") == Some(true),
        return_to_service,
    });
    Reply::then(After::Erase)
}
