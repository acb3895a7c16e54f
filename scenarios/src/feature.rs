//! Features: what the product offers, by the names customers know.

use std::collections::BTreeMap;

use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::{Ternary, Text};
use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;

/// Stable id of a feature, such as `remote-lock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeatureId(pub String);

/// A column of the product's manual: a platform, with Shared iPad as an enrollment type of iPadOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// A platform; iPadOS inherits from iOS unless it has a row of its own.
    Platform(Platform),
    /// Shared iPad.
    SharedIpad,
}

/// What the product says of a feature in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whether the product offers it; `Unknown` reads 要確認.
    pub offered: Ternary,
    /// The product's own minimum version.
    pub min_os: Option<VersionNumber>,
    /// Why, in the words of the importer.
    pub note: Option<String>,
    /// The column this row was taken from when it is inherited (iPadOS from iOS).
    pub inherited_from: Option<Platform>,
}

/// How a mapping from feature to protocol is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Marking {
    /// A product page names the mechanism.
    Documented,
    /// It is our inference.
    Inferred,
}

/// One protocol element that a feature uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Columns for which it holds.
    pub columns: Vec<Column>,
    /// Kind in the vendor's terms: `command`, `profile`, `profile key`, `checkin`, `query`, `push`, `console`, `app`, …
    pub kind: String,
    /// The vendor's name: `DeviceLock`, `com.apple.applicationaccess/allowCamera`, `DeviceInformation/IMEI`.
    pub element: String,
    /// Documented or inferred.
    pub marking: Marking,
}

/// A feature of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Stable id.
    pub id: FeatureId,
    /// Name customers know.
    pub name: Text,
    /// Category slug such as `remote-operation`.
    pub category: String,
    /// `true` for an operation or function, `false` for one row of a settings form.
    pub is_function: bool,
    /// Offer per column; a column that is missing is outside the feature's scope.
    pub offers: BTreeMap<Column, Offer>,
    /// What it uses on the wire.
    pub mappings: Vec<Mapping>,
    /// Pages it was read from.
    pub sources: Vec<String>,
    /// No page was found for it; somebody should confirm it.
    pub candidate: bool,
}

impl Feature {
    /// What the product says for a device of `platform` enrolled as `enrollment`.
    ///
    /// `None` means that the feature is not about such a device.
    #[must_use]
    pub fn offer(&self, platform: Platform, enrollment: EnrollmentType) -> Option<&Offer> {
        let column = if enrollment == EnrollmentType::SharedIpad {
            Column::SharedIpad
        } else {
            Column::Platform(platform)
        };
        self.offers.get(&column)
    }
}
