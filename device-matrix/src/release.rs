//! Releases of a platform, and the builds they were published as.

use std::fmt;

use jiff::civil::Date;

use crate::known::Known;
use crate::platform::Platform;
use crate::version::{Channel, OsVersion, VersionNumber};

/// A vendor's build identifier such as `22A3354`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BuildId(pub String);

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One published build of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The build identifier.
    pub id: BuildId,
    /// The vendor's local (US Pacific) publication date.
    pub date: Known<Date>,
    /// Whether the build only came preinstalled on new devices.
    pub preinstalled_only: bool,
}

/// One release of one platform: a version in one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The platform.
    pub platform: Platform,
    /// Version number and stage.
    pub version: OsVersion,
    /// Builds, in the order of the source; empty means that no source states a build.
    pub builds: Vec<Build>,
    /// The vendor's listed date (US Pacific). The release day in Japan is the day after.
    pub date: Known<Date>,
    /// Letters of the sources, explained in the head of the data file.
    pub sources: Vec<String>,
}

impl Release {
    /// The selector that names exactly this release: `ios18.0`, `ios27.2-beta3`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}{}", self.platform.slug(), self.version.slug())
    }

    /// Beta, RC or released.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        self.version.stage.channel()
    }

    /// The key of the generation: the first number, for macOS 10.x the first two.
    #[must_use]
    pub fn major(&self) -> VersionNumber {
        major_of(self.platform, &self.version.number)
    }

    /// The build a device with this release reports: the newest one that is not preinstalled only.
    #[must_use]
    pub fn build(&self) -> Known<&BuildId> {
        self.builds
            .iter()
            .rev()
            .find(|build| !build.preinstalled_only)
            .or(self.builds.last())
            .map(|build| &build.id)
            .into()
    }

    /// The release day in Japan: Apple publishes at about 10:00 US Pacific, which is the next day in JST.
    #[must_use]
    pub fn date_jst(&self) -> Known<Date> {
        self.date
            .known()
            .and_then(|date| date.tomorrow().ok())
            .into()
    }
}

/// The key of the generation a version belongs to.
#[must_use]
pub fn major_of(platform: Platform, number: &VersionNumber) -> VersionNumber {
    let parts = number.parts();
    if platform == Platform::Macos && number.first() == 10 && parts.len() > 1 {
        VersionNumber::new(&parts[..2])
    } else {
        VersionNumber::new(&parts[..1])
    }
}
