//! The few keys of check-ins and reports that a server needs.

use plist::{Dictionary, Value};

/// `UserID` of every user channel of a Shared iPad.
const SHARED_IPAD_USER: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
/// Longest enrollment id accepted, in bytes.
const LONGEST_ID: usize = 255;

/// How a server classifies an enrollment, with the words of webhook events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelKind {
    Device,
    User,
    UserEnrollmentDevice,
    UserEnrollment,
    SharedIpad,
}

impl ChannelKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "Device",
            Self::User => "User",
            Self::UserEnrollmentDevice => "User Enrollment (Device)",
            Self::UserEnrollment => "User Enrollment",
            Self::SharedIpad => "Shared iPad",
        }
    }
}

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sender {
    /// UDID or `EnrollmentID`, with `:UserID` (or `:UserShortName`) on a user channel.
    pub(crate) id: String,
    /// Id of the device channel, on a user channel.
    pub(crate) parent: Option<String>,
    pub(crate) kind: ChannelKind,
}

impl Sender {
    /// The id of the device channel.
    pub(crate) fn device(&self) -> &str {
        self.parent.as_deref().unwrap_or(&self.id)
    }
}

/// Reads who sent a message; `None` when it does not say, or says something no device would.
pub(crate) fn sender(message: &Dictionary) -> Option<Sender> {
    let present = |key| text(message, key).filter(|text| !text.is_empty());
    let (device, user, kinds) = if let Some(enrollment) = present("EnrollmentID") {
        (
            enrollment,
            present("EnrollmentUserID").map(str::to_owned),
            (
                ChannelKind::UserEnrollmentDevice,
                ChannelKind::UserEnrollment,
            ),
        )
    } else {
        let device = present("UDID")?;
        match present("UserID") {
            Some(SHARED_IPAD_USER) => (
                device,
                Some(present("UserShortName")?.to_owned()),
                (ChannelKind::Device, ChannelKind::SharedIpad),
            ),
            user => (
                device,
                user.map(str::to_owned),
                (ChannelKind::Device, ChannelKind::User),
            ),
        }
    };
    let sender = match user {
        None => Sender {
            id: device.to_owned(),
            parent: None,
            kind: kinds.0,
        },
        Some(user) => Sender {
            id: format!("{device}:{user}"),
            parent: Some(device.to_owned()),
            kind: kinds.1,
        },
    };
    let sane = sender.id.len() <= LONGEST_ID && !sender.id.chars().any(char::is_control);
    sane.then_some(sender)
}

/// A string of a message.
pub(crate) fn text<'a>(message: &'a Dictionary, key: &str) -> Option<&'a str> {
    message.get(key).and_then(Value::as_string)
}

/// Data of a message.
pub(crate) fn data<'a>(message: &'a Dictionary, key: &str) -> Option<&'a [u8]> {
    message.get(key).and_then(Value::as_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(keys: &[(&str, &str)]) -> Dictionary {
        keys.iter()
            .map(|(key, value)| ((*key).to_owned(), Value::String((*value).to_owned())))
            .collect()
    }

    #[test]
    fn senders_are_told_apart() {
        type Keys = &'static [(&'static str, &'static str)];
        let table: &[(Keys, Option<(&str, ChannelKind)>)] = &[
            (&[("UDID", "U")], Some(("U", ChannelKind::Device))),
            (
                &[("UDID", "U"), ("UserID", "A")],
                Some(("U:A", ChannelKind::User)),
            ),
            (
                &[
                    ("UDID", "U"),
                    ("UserID", SHARED_IPAD_USER),
                    ("UserShortName", "taro@example.com"),
                ],
                Some(("U:taro@example.com", ChannelKind::SharedIpad)),
            ),
            (&[("UDID", "U"), ("UserID", SHARED_IPAD_USER)], None),
            (
                &[("EnrollmentID", "E")],
                Some(("E", ChannelKind::UserEnrollmentDevice)),
            ),
            (
                &[("EnrollmentID", "E"), ("EnrollmentUserID", "V")],
                Some(("E:V", ChannelKind::UserEnrollment)),
            ),
            (&[("UDID", "")], None),
            (&[("UDID", "a\nb")], None),
            (&[], None),
        ];
        for (keys, expected) in table {
            let found = sender(&message(keys));
            assert_eq!(
                found
                    .as_ref()
                    .map(|sender| (sender.id.as_str(), sender.kind)),
                *expected
            );
        }
        assert_eq!(sender(&message(&[("UDID", &"x".repeat(300))])), None);
    }
}
