//! Enrollment types: how a device came under management, and what follows from it.

use std::fmt;

use crate::known::{Known, Text};
use crate::platform::Platform;
use crate::version::VersionNumber;

/// How a device came under management.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EnrollmentType {
    /// Device enrollment by a profile.
    Profile,
    /// Account-driven device enrollment.
    AccountDevice,
    /// User enrollment by a profile (until iOS 17).
    UserProfile,
    /// Account-driven user enrollment.
    AccountUser,
    /// Automated device enrollment, supervised.
    Ade,
    /// Shared iPad: an automated enrollment with user channels.
    SharedIpad,
    /// An Apple Watch through its supervised iPhone.
    WatchPaired,
}

impl EnrollmentType {
    /// Every value with its word in data, selectors and cell ids.
    pub const WORDS: [(Self, &'static str); 7] = [
        (Self::Profile, "profile"),
        (Self::AccountDevice, "account-device"),
        (Self::UserProfile, "user-profile"),
        (Self::AccountUser, "account-user"),
        (Self::Ade, "ade"),
        (Self::SharedIpad, "shared-ipad"),
        (Self::WatchPaired, "watch-paired"),
    ];

    /// The word in data, selectors and cell ids.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(value, _)| *value)
    }

    /// User enrollment: `EnrollmentID` in place of UDID, no serial number, many items forbidden.
    #[must_use]
    pub const fn is_user_enrollment(self) -> bool {
        matches!(self, Self::UserProfile | Self::AccountUser)
    }
}

impl fmt::Display for EnrollmentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How far a statement may be trusted; shown in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Supported by schema data.
    Schema,
    /// The vendor's documentation.
    Documented,
    /// General knowledge, to be confirmed.
    Memory,
    /// Sources disagree; both are kept in the row's note.
    Conflict,
}

impl Mark {
    /// Every value with its word in data files.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Schema, "schema"),
        (Self::Documented, "documented"),
        (Self::Memory, "memory"),
        (Self::Conflict, "conflict"),
    ];
}

/// On which releases of a platform an enrollment type exists, and whether it supervises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollmentRow {
    /// The enrollment type.
    pub kind: EnrollmentType,
    /// The platform.
    pub platform: Platform,
    /// First version that has it.
    pub from: VersionNumber,
    /// First version that no longer has it.
    pub until: Option<VersionNumber>,
    /// From which version the enrollment counts as supervised; `Unknown` when nobody states it, `None` inside
    /// `Known` when it never does.
    pub supervised_from: Known<Option<VersionNumber>>,
    /// How far the row may be trusted.
    pub mark: Mark,
    /// Why, or what the sources say against each other.
    pub note: Option<Text>,
}

impl EnrollmentRow {
    /// Whether a release with this number has the enrollment type.
    #[must_use]
    pub fn covers(&self, number: &VersionNumber) -> bool {
        self.from <= *number && self.until.is_none_or(|until| *number < until)
    }

    /// Whether a device enrolled this way at this version is supervised.
    #[must_use]
    pub fn supervised(&self, number: &VersionNumber) -> bool {
        matches!(self.supervised_from, Known::Known(Some(from)) if from <= *number)
    }
}
