//! `DeviceLock`.

use device_matrix::model::Hardware;

use super::super::state::Lock;
use super::super::values::{dict, string, text};
use super::{Reply, Turn};

/// Locks the screen; a Mac with Intel needs a PIN of six digits and is locked as a whole.
pub(super) fn lock(turn: &mut Turn<'_>) -> Reply {
    let pin = string(turn.command, "PIN");
    let intel = turn.core.is_mac() && !turn.core.has(Hardware::AppleSilicon);
    if intel && pin.is_none_or(|pin| pin.len() != 6) {
        return turn.refuse(12008, "A PIN of six digits is needed.".to_owned());
    }
    let shown = |key: &str| string(turn.command, key).map(Box::from);
    let lock = Lock {
        locked: true,
        message: shown("Message"),
        phone_number: shown("PhoneNumber"),
        pin_set: pin.is_some(),
    };
    let asked = lock.message.is_some() || lock.phone_number.is_some();
    turn.core.state.lock = lock;
    if turn.core.is_mac() || !asked {
        return Reply::ok();
    }
    // A message is only shown where there is a passcode, or where the device is supervised.
    let result = if turn.core.state.passcode.is_some() {
        "Success"
    } else {
        "NoPasscodeSet"
    };
    Reply::done(dict([("MessageResult", text(result))]))
}
