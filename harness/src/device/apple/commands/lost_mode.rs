//! Managed Lost Mode: the four commands about it, all looking at one state.

use plist::Value;

use super::super::state::Lost;
use super::super::values::{dict, string, text};
use super::{Reply, Turn};

/// `EnableLostMode`: needs something to show.
pub(super) fn enable(turn: &mut Turn<'_>) -> Reply {
    let shown = |key: &str| string(turn.command, key).map(str::to_owned);
    let lost = Lost {
        message: shown("Message"),
        phone_number: shown("PhoneNumber"),
        footnote: shown("Footnote"),
        sound_played: false,
    };
    if lost.message.is_none() && lost.phone_number.is_none() {
        return turn.refuse(12008, "A message or a phone number is needed.".to_owned());
    }
    turn.core.state.lost = Some(Box::new(lost));
    Reply::ok()
}

/// `DisableLostMode`.
pub(super) fn disable(turn: &mut Turn<'_>) -> Reply {
    match turn.core.state.lost.take() {
        Some(_) => Reply::ok(),
        None => turn.refuse(12069, "The device is not in Managed Lost Mode.".to_owned()),
    }
}

/// `PlayLostModeSound`.
pub(super) fn sound(turn: &mut Turn<'_>) -> Reply {
    match &mut turn.core.state.lost {
        Some(lost) => {
            lost.sound_played = true;
            Reply::ok()
        }
        None => turn.refuse(12067, "The device is not in Managed Lost Mode.".to_owned()),
    }
}

/// `DeviceLocation`: only while lost. The place is the same for every virtual device.
pub(super) fn location(turn: &mut Turn<'_>) -> Reply {
    if turn.core.state.lost.is_none() {
        return turn.refuse(12067, "The device is not in Managed Lost Mode.".to_owned());
    }
    Reply::done(dict([
        ("Latitude", Value::Real(35.681_236)),
        ("Longitude", Value::Real(139.767_125)),
        ("HorizontalAccuracy", Value::Real(65.0)),
        ("VerticalAccuracy", Value::Real(10.0)),
        ("Altitude", Value::Real(3.0)),
        ("Speed", Value::Real(-1.0)),
        ("Course", Value::Real(-1.0)),
        ("Timestamp", text(turn.core.now())),
    ]))
}
