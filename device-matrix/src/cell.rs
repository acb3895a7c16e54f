//! A cell of the matrix: model × release × enrollment type × arrival.

use std::fmt;
use std::sync::Arc;

use crate::enrollment::EnrollmentType;
use crate::model::DeviceModel;
use crate::release::Release;

/// How the device came to the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Enrolled with the release already installed.
    Fresh,
    /// Enrolled on an earlier release, with profiles, restrictions and declarations in force, then updated in
    /// place.
    Upgraded {
        /// The release it came from.
        from: Arc<Release>,
    },
}

impl Arrival {
    /// The word in data, filters and cell ids.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Upgraded { .. } => "upgraded",
        }
    }
}

/// Why a cell is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The release under verification.
    Subject,
    /// The previous release, against which behavior is compared.
    Comparison,
}

/// One combination that is run, on one virtual or real device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The release the checks run on.
    pub release: Arc<Release>,
    /// The device model.
    pub model: Arc<DeviceModel>,
    /// How it is enrolled.
    pub enrollment: EnrollmentType,
    /// Whether an enrollment of this kind at this release is supervised.
    pub supervised: bool,
    /// How it came to the release.
    pub arrival: Arrival,
    /// Why it is run.
    pub role: Role,
}

impl Cell {
    /// Stable id, also the sort key: `ios18.0/iPhone17,2/ade/fresh`.
    #[must_use]
    pub fn id(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}/{}",
            self.release.id(),
            self.model.id,
            self.enrollment,
            self.arrival.as_str()
        )
    }
}
