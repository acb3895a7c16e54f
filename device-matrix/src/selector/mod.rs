//! Selectors: the words by which a person names what to verify, and what they mean on a day.

mod error;
mod nearest;
mod parse;
mod resolve;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

pub use error::{Problem, SelectorError};

use crate::catalog::Catalog;
use crate::model::{DeviceModel, ModelId};
use crate::platform::Platform;
use crate::release::Release;
use crate::version::{Channel, OsVersion, VersionNumber};

/// What a person asked for, read but not yet looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The text as written.
    pub text: String,
    /// What it asks for.
    pub kind: SelectorKind,
}

/// The forms of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorKind {
    /// `ios18`, `macos10.15`: a generation.
    Generation {
        /// The platform.
        platform: Platform,
        /// Key of the generation.
        major: VersionNumber,
    },
    /// `ios18.1`, `ios27.2-beta3`: exactly one release.
    Exact {
        /// The platform.
        platform: Platform,
        /// Number and stage.
        version: OsVersion,
    },
    /// `ios27.2-beta`, `ios27-rc`: the newest one of a channel; the first one is `-beta1`, `-rc1`.
    Newest {
        /// The platform.
        platform: Platform,
        /// A version, or the key of a generation.
        number: VersionNumber,
        /// Beta or release candidate.
        channel: Channel,
    },
    /// `22B83`, `ipados:22B83`: every platform that has the build, or one.
    Build {
        /// Only this platform.
        platform: Option<Platform>,
        /// The build identifier in upper case where the vendor writes it so.
        build: String,
    },
    /// `iPhone17,2`: a new device.
    Model(ModelId),
}

/// How the subjects of a target were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// Named releases: each is run by every model that can.
    Release,
    /// A generation: its first release is run by every model that can, a later one by the models whose newest
    /// release it is.
    Generation,
    /// A new device: the newest release that it runs.
    Model,
}

/// What a selector means on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The selector as written.
    pub selector: String,
    /// How the subjects were chosen.
    pub kind: TargetKind,
    /// The releases under verification, by platform and version order; at least one.
    pub releases: Vec<Arc<Release>>,
    /// Per platform, the release to compare with: the newest released version, in version order, before the
    /// first subject (for a generation: before the generation), that was out on the day and was not only
    /// preinstalled. Version order, not date order: before iOS 26 comes the last 18.7.x, even when that came
    /// out later. Missing when the data knows none.
    pub previous: BTreeMap<Platform, Arc<Release>>,
    /// The model, when the target is a new device.
    pub model: Option<Arc<DeviceModel>>,
    /// The day (JST).
    pub as_of: Date,
}

impl Target {
    /// The platforms of the subjects, in the order of the published pages.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let mut platforms: Vec<Platform> = self
            .releases
            .iter()
            .map(|release| release.platform)
            .collect();
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    }

    /// Everything introduced after this version, up to the subject, is new: the number of the comparison release.
    #[must_use]
    pub fn news_after(&self, platform: Platform) -> Option<VersionNumber> {
        self.previous
            .get(&platform)
            .map(|release| release.version.number)
    }
}

impl Selector {
    /// A new device; acquired means delivered.
    #[must_use]
    pub fn model(id: &str) -> Self {
        Self {
            text: id.trim().to_owned(),
            kind: SelectorKind::Model(ModelId(id.trim().to_owned())),
        }
    }

    /// Looks the selector up in the catalogue as it was on `as_of` (a JST date).
    ///
    /// # Errors
    /// When it names nothing, or nothing that was out on the day; the error carries the nearest names.
    pub fn resolve(&self, catalog: &Catalog, as_of: Date) -> Result<Target, SelectorError> {
        resolve::resolve(self, catalog, as_of)
    }
}
