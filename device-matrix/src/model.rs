//! Device models and what they can do.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;

use crate::known::Known;
use crate::platform::Platform;
use crate::version::VersionNumber;

/// A vendor's model identifier such as `iPhone17,2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the hardware offers, as far as it changes an answer over MDM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hardware {
    /// Has a cellular modem (IMEI, carrier, roaming).
    Cellular,
    /// Has a second, embedded SIM.
    DualSim,
    /// Fingerprint sensor.
    TouchId,
    /// Face recognition.
    FaceId,
    /// Apple silicon Mac.
    AppleSilicon,
    /// Intel Mac.
    Intel,
    /// Has a battery that is reported.
    Battery,
    /// At least 32 GB and on Apple's list of models for Shared iPad.
    SharedIpad,
}

impl Hardware {
    /// Every value with its word in data files.
    pub const WORDS: [(Self, &'static str); 8] = [
        (Self::Cellular, "cellular"),
        (Self::DualSim, "dual_sim"),
        (Self::TouchId, "touch_id"),
        (Self::FaceId, "face_id"),
        (Self::AppleSilicon, "apple_silicon"),
        (Self::Intel, "intel"),
        (Self::Battery, "battery"),
        (Self::SharedIpad, "shared_ipad"),
    ];

    /// The word in data files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// The majors of a platform that a model runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MajorSupport {
    /// Key of the generation (see [`crate::release::major_of`]).
    pub major: VersionNumber,
    /// Last release of the major for this model when a source cuts it off; `None` is the whole major.
    pub until: Option<VersionNumber>,
    /// Earliest release known to run on the model when it was launched within the major.
    pub from: Option<VersionNumber>,
}

/// One device model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceModel {
    /// Identifier as the device reports it in `ProductName`.
    pub id: ModelId,
    /// The platform it runs.
    pub platform: Platform,
    /// The vendor's marketing name.
    pub name: String,
    /// Launch date.
    pub released: Known<Date>,
    /// System on chip or processor, as the source spells it.
    pub chip: Known<String>,
    /// What the hardware offers.
    pub hardware: BTreeSet<Hardware>,
    /// The majors it runs, oldest first.
    pub majors: Vec<MajorSupport>,
    /// Letters of the sources, explained in the head of the data file.
    pub sources: Vec<String>,
}

impl DeviceModel {
    /// Device family as a person says it: `iPhone`, `iPad`, `Mac`, `AppleTV`, `Watch`, `RealityDevice`, `iPod`.
    #[must_use]
    pub fn family(&self) -> &str {
        let id = self.id.0.as_str();
        let end = id
            .find(|c: char| c.is_ascii_digit() || c == ',')
            .unwrap_or(id.len());
        &id[..end]
    }

    /// Whether the hardware offers `what`.
    #[must_use]
    pub fn has(&self, what: Hardware) -> bool {
        self.hardware.contains(&what)
    }
}
