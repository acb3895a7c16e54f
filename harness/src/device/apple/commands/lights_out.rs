//! `LOMSetupRequest` and `LOMDeviceRequest`: lights-out management of Mac models that have it. Virtual Macs have not,
//! so they tell no addresses and every request to another Mac fails with a reason.

use plist::Value;

use super::super::values::{dict, int, string, text};
use super::{Reply, Turn};

/// `LOMSetupRequest`.
pub(super) fn setup(_turn: &mut Turn<'_>) -> Reply {
    Reply::done(dict([
        ("PrimaryIPv6AddressList", Value::Array(Vec::new())),
        ("SecondaryIPv6AddressList", Value::Array(Vec::new())),
        ("LOMProtocolVersion", int(1)),
    ]))
}

/// `LOMDeviceRequest`.
pub(super) fn request(turn: &mut Turn<'_>) -> Reply {
    let rows = turn
        .command
        .get("RequestList")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_dictionary)
        .map(|request| {
            Value::Dictionary(dict([
                ("DeviceRequestSuccess", Value::Boolean(false)),
                (
                    "DeviceRequestUUID",
                    text(string(request, "DeviceRequestUUID").unwrap_or_default()),
                ),
                (
                    "DeviceRequestReturnError",
                    text("The device could not be reached."),
                ),
            ]))
        });
    Reply::done(dict([("ResponseList", Value::Array(rows.collect()))]))
}
