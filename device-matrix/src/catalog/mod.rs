//! The catalogue: releases, models and enrollment types as loaded from data, and the questions that need only
//! them.

mod correct;
mod enrollment;
mod lint;
mod load;
mod models;
mod overlay;
mod releases;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

pub use lint::lint;

use crate::diag::{Diagnostic, SourceFile};
use crate::enrollment::{EnrollmentRow, EnrollmentType};
use crate::known::{Known, Text};
use crate::model::{DeviceModel, ModelId};
use crate::platform::Platform;
use crate::release::Release;
use crate::version::{Channel, OsVersion, VersionNumber};

/// A major version of a platform and its place in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Position among the majors of the platform, counted from 1. Never subtract the numbers themselves.
    pub ordinal: u32,
    /// Key of the generation (see [`crate::release::major_of`]).
    pub major: VersionNumber,
    /// The vendor's date (US Pacific) on which it came out.
    pub released: Known<Date>,
}

/// A release that can not be selected, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withheld {
    /// Why.
    pub reason: Text,
    /// Who says so.
    pub source: String,
}

/// Two sources that disagree; both statements are kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FactConflict {
    /// The platform concerned.
    pub platform: Platform,
    /// What is in question: a release id, a model id or a build.
    pub subject: String,
    /// The statement that the catalogue follows.
    pub kept: String,
    /// The statement of the other source.
    pub other: String,
    /// The other source.
    pub source: String,
    /// Whether a person put it on record in the overlay; otherwise the importer saw it.
    pub recorded: bool,
}

/// Everything known of one platform.
#[derive(Clone, Debug, Default)]
struct PlatformData {
    generations: Vec<Generation>,
    releases: Vec<Arc<Release>>,
    models: Vec<Arc<DeviceModel>>,
    withheld: HashMap<OsVersion, Withheld>,
    reach: Option<Date>,
}

/// The loaded catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    platforms: BTreeMap<Platform, PlatformData>,
    enrollments: Vec<EnrollmentRow>,
    conflicts: Vec<FactConflict>,
    places: load::Places,
}

impl Catalog {
    /// Builds the catalogue from the texts of the data files; files of other kinds are left alone.
    ///
    /// # Errors
    /// Every problem in every file at once: syntax, unknown keys and words, values, references of the overlay.
    pub fn load(sources: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        load::load(sources)
    }

    /// Platforms of which releases are known, in the order of the published pages.
    pub fn platforms(&self) -> impl Iterator<Item = Platform> + '_ {
        self.platforms.keys().copied()
    }

    /// The generations of a platform, oldest first.
    #[must_use]
    pub fn generations(&self, platform: Platform) -> &[Generation] {
        self.data(platform).map_or(&[], |data| &data.generations)
    }

    /// The generation with this key.
    #[must_use]
    pub fn generation(&self, platform: Platform, major: &VersionNumber) -> Option<&Generation> {
        self.generations(platform)
            .iter()
            .find(|generation| generation.major == *major)
    }

    /// Every release of a platform in version order: betas and release candidates before the release.
    #[must_use]
    pub fn releases(&self, platform: Platform) -> &[Arc<Release>] {
        self.data(platform).map_or(&[], |data| &data.releases)
    }

    /// The release with exactly this version.
    #[must_use]
    pub fn release(&self, platform: Platform, version: &OsVersion) -> Option<&Arc<Release>> {
        let releases = self.releases(platform);
        releases
            .binary_search_by_key(version, |release| release.version)
            .ok()
            .map(|index| &releases[index])
    }

    /// Why a release can not be selected, when that is so.
    #[must_use]
    pub fn withheld(&self, release: &Release) -> Option<&Withheld> {
        self.data(release.platform)?.withheld.get(&release.version)
    }

    /// The models of a platform in the order of the data.
    #[must_use]
    pub fn models(&self, platform: Platform) -> &[Arc<DeviceModel>] {
        self.data(platform).map_or(&[], |data| &data.models)
    }

    /// The models with this identifier, in upper or lower case: an iPad is one model on iOS 12 and another on
    /// iPadOS; the newest platform comes last.
    #[must_use]
    pub fn find_models(&self, id: &ModelId) -> Vec<&Arc<DeviceModel>> {
        self.platforms
            .values()
            .flat_map(|data| &data.models)
            .filter(|model| model.id.0.eq_ignore_ascii_case(&id.0))
            .collect()
    }

    /// Every enrollment row.
    #[must_use]
    pub fn enrollments(&self) -> &[EnrollmentRow] {
        &self.enrollments
    }

    /// The row for an enrollment type on a release with this number.
    #[must_use]
    pub fn enrollment(
        &self,
        platform: Platform,
        kind: EnrollmentType,
        number: &VersionNumber,
    ) -> Option<&EnrollmentRow> {
        self.enrollments
            .iter()
            .find(|row| row.platform == platform && row.kind == kind && row.covers(number))
    }

    /// Statements of sources that disagree, sorted.
    #[must_use]
    pub fn conflicts(&self) -> &[FactConflict] {
        &self.conflicts
    }

    /// The date (vendor's) up to which the facts of a platform reach.
    #[must_use]
    pub fn reach(&self, platform: Platform) -> Option<Date> {
        self.data(platform)?.reach
    }

    /// Whether a release was out in Japan on `as_of` (a JST date).
    ///
    /// A release without a date counts as out when a release with a higher version is.
    #[must_use]
    pub fn is_out(&self, release: &Release, as_of: Date) -> bool {
        match release.date_jst() {
            Known::Known(date) => date <= as_of,
            Known::Unknown => self.releases(release.platform).iter().any(|other| {
                other.version > release.version
                    && matches!(other.date_jst(), Known::Known(date) if date <= as_of)
            }),
        }
    }

    /// The releases that a target can name on `as_of`: out and not withheld, in version order.
    #[must_use = "iterators are lazy"]
    pub fn selectable(
        &self,
        platform: Platform,
        as_of: Date,
    ) -> impl DoubleEndedIterator<Item = &Arc<Release>> {
        self.releases(platform)
            .iter()
            .filter(move |release| self.is_out(release, as_of) && self.withheld(release).is_none())
    }

    /// The newest released version before `number` in version order that everybody could install on `as_of`.
    #[must_use]
    pub fn previous(
        &self,
        platform: Platform,
        number: &VersionNumber,
        as_of: Date,
    ) -> Option<&Arc<Release>> {
        self.selectable(platform, as_of).rev().find(|release| {
            release.channel() == Channel::Released
                && release.version.number < *number
                && !release.preinstalled_only()
        })
    }

    fn data(&self, platform: Platform) -> Option<&PlatformData> {
        self.platforms.get(&platform)
    }
}
