//! The valid combinations of a target, and a reason for each one that is not valid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::MatrixOptions;
use super::excluded::{ExclusionReason, Tally};
use crate::catalog::Catalog;
use crate::enrollment::EnrollmentType;
use crate::known::Known;
use crate::model::{DeviceModel, Hardware};
use crate::platform::Platform;
use crate::release::Release;
use crate::runs::Runs;
use crate::selector::{Target, TargetKind};
use crate::version::{Channel, VersionNumber};

/// Arrivals of a combination: fresh and upgraded.
const ARRIVALS: u64 = 2;

/// One valid combination; the numbers are indexes into [`Universe`] and numbers of classes.
#[derive(Clone, Debug)]
pub(super) struct Combo {
    pub(super) release: u32,
    pub(super) model: u32,
    pub(super) class: u32,
    pub(super) enrollment: EnrollmentType,
    pub(super) supervised: bool,
    /// The release it is upgraded from; `None` is fresh.
    pub(super) from: Option<Arc<Release>>,
}

/// What a matrix chooses from.
#[derive(Debug, Default)]
pub(super) struct Universe {
    pub(super) releases: Vec<Arc<Release>>,
    pub(super) models: Vec<Arc<DeviceModel>>,
    pub(super) combos: Vec<Combo>,
}

/// Models of one class answer alike: same platform and hardware.
type ClassKey = (Platform, BTreeSet<Hardware>);

/// The released versions of a platform, looked up once.
struct Released<'a> {
    all: Vec<&'a Arc<Release>>,
    boundary: Option<VersionNumber>,
}

struct Builder<'a> {
    catalog: &'a Catalog,
    target: &'a Target,
    options: &'a MatrixOptions,
    tally: &'a mut Tally,
    universe: Universe,
    classes: BTreeMap<ClassKey, u32>,
}

impl Universe {
    /// Lists the valid combinations of `target`; every other one is counted in `tally` with its reason.
    pub(super) fn build(
        catalog: &Catalog,
        target: &Target,
        options: &MatrixOptions,
        tally: &mut Tally,
    ) -> Self {
        let mut builder = Builder {
            catalog,
            target,
            options,
            tally,
            universe: Self::default(),
            classes: BTreeMap::new(),
        };
        for platform in target.platforms() {
            builder.platform(platform);
        }
        builder.universe
    }
}

impl Builder<'_> {
    fn platform(&mut self, platform: Platform) {
        let catalog = self.catalog;
        let known = Released {
            all: catalog
                .selectable(platform, self.options.as_of)
                .filter(|release| release.channel() == Channel::Released)
                .collect(),
            boundary: self.target.news_after(platform),
        };
        let models = catalog.models(platform);
        let first_model = self.universe.models.len();
        self.universe.models.extend(models.iter().cloned());
        let subjects: Vec<Arc<Release>> = self
            .target
            .releases
            .iter()
            .filter(|release| release.platform == platform)
            .cloned()
            .collect();
        for (position, release) in subjects.iter().enumerate() {
            let index = number(self.universe.releases.len());
            self.universe.releases.push(Arc::clone(release));
            let enrollments = self.enrollments(release, models.len());
            for (offset, model) in models.iter().enumerate() {
                let each = enrollments.len() as u64 * ARRIVALS;
                if self.wanted(release, model, each)
                    && self.runs(release, position == 0, model, &known, each)
                {
                    let place = (index, number(first_model + offset));
                    self.model(place, release, model, &enrollments, &known);
                }
            }
        }
    }

    /// The enrollment types of a release, with whether they supervise; the other types are counted.
    fn enrollments(&mut self, release: &Release, models: usize) -> Vec<(EnrollmentType, bool)> {
        let number = &release.version.number;
        let platform = release.platform;
        let mut found = Vec::new();
        for (kind, word) in EnrollmentType::WORDS {
            let reason = match self.catalog.enrollment(platform, kind, number) {
                Some(row) if row.supervised_from == Known::Unknown => {
                    ExclusionReason::SupervisionUnknown
                }
                Some(_) if self.filtered(kind) => ExclusionReason::FilteredOut,
                Some(row) => {
                    found.push((kind, row.supervised(number)));
                    continue;
                }
                None if self.on_platform(platform, kind) => ExclusionReason::EnrollmentNotOnRelease,
                None => ExclusionReason::EnrollmentNotOnPlatform,
            };
            let what = format!("{}/*/{word}", release.id());
            self.tally.add(what, reason, None, models as u64 * ARRIVALS);
        }
        found
    }

    fn filtered(&self, kind: EnrollmentType) -> bool {
        !self.options.enrollments.is_empty() && !self.options.enrollments.contains(&kind)
    }

    fn on_platform(&self, platform: Platform, kind: EnrollmentType) -> bool {
        self.catalog
            .enrollments()
            .iter()
            .any(|row| row.platform == platform && row.kind == kind)
    }

    /// Whether the filter, or a target that is one model, lets the model through.
    fn wanted(&mut self, release: &Release, model: &DeviceModel, each: u64) -> bool {
        let filter = &self.options.models;
        let by_filter = filter.is_empty()
            || filter
                .iter()
                .any(|id| id.0.eq_ignore_ascii_case(&model.id.0));
        let by_target = self
            .target
            .model
            .as_ref()
            .is_none_or(|only| only.id == model.id);
        if by_filter && by_target {
            return true;
        }
        let what = format!("{}/(other models)", release.id());
        self.tally
            .add(what, ExclusionReason::FilteredOut, None, each);
        false
    }

    /// Whether the model runs the release, and for a generation, whether it is the one to run on the model.
    fn runs(
        &mut self,
        release: &Release,
        first: bool,
        model: &DeviceModel,
        known: &Released<'_>,
        each: u64,
    ) -> bool {
        let what = || format!("{}/{}", release.id(), model.id);
        match model.runs(release) {
            Runs::Yes => {}
            Runs::No(why) => {
                let reason = ExclusionReason::ModelDoesNotRunRelease;
                self.tally.add(what(), reason, Some(why.text()), each);
                return false;
            }
            Runs::Unknown => {
                let reason = ExclusionReason::ModelNotKnownToRunRelease;
                self.tally.add(what(), reason, None, each);
                return false;
            }
        }
        if self.target.kind != TargetKind::Generation || first {
            return true;
        }
        let major = release.major();
        let of_major = known
            .all
            .iter()
            .rev()
            .find(|other| other.major() == major && model.runs(other) == Runs::Yes);
        if of_major.is_none_or(|newest| newest.version == release.version) {
            return true;
        }
        let reason = ExclusionReason::NotNewestForModel;
        self.tally.add(what(), reason, None, each);
        false
    }

    /// The combinations of a model that runs the release.
    fn model(
        &mut self,
        (release_index, model_index): (u32, u32),
        release: &Release,
        model: &Arc<DeviceModel>,
        enrollments: &[(EnrollmentType, bool)],
        known: &Released<'_>,
    ) {
        let from = upgrade_from(release, model, known);
        let key = (model.platform, model.hardware.clone());
        let next = number(self.classes.len());
        let class = *self.classes.entry(key).or_insert(next);
        for (enrollment, supervised) in enrollments {
            let (enrollment, supervised) = (*enrollment, *supervised);
            if enrollment == EnrollmentType::SharedIpad && !model.has(Hardware::SharedIpad) {
                let what = format!("{}/{}/{enrollment}", release.id(), model.id);
                let reason = ExclusionReason::EnrollmentNotOnModel;
                self.tally.add(what, reason, None, ARRIVALS);
                continue;
            }
            let fresh = Combo {
                release: release_index,
                model: model_index,
                class,
                enrollment,
                supervised,
                from: None,
            };
            let mut upgraded = fresh.clone();
            self.universe.combos.push(fresh);
            let reason = match from {
                Some(from) if self.enrolls(from, enrollment) => {
                    upgraded.from = Some(Arc::clone(from));
                    self.universe.combos.push(upgraded);
                    continue;
                }
                Some(_) => ExclusionReason::EnrollmentNotOnPreviousRelease,
                None => ExclusionReason::NoPreviousRelease,
            };
            let what = match reason {
                ExclusionReason::NoPreviousRelease => {
                    format!("{}/{}/*/upgraded", release.id(), model.id)
                }
                _ => format!("{}/*/{enrollment}/upgraded", release.id()),
            };
            self.tally.add(what, reason, None, 1);
        }
    }

    fn enrolls(&self, release: &Release, kind: EnrollmentType) -> bool {
        self.catalog
            .enrollment(release.platform, kind, &release.version.number)
            .is_some_and(|row| row.supervised_from != Known::Unknown)
    }
}

/// The release a device was on before: the newest one up to the comparison release that the model runs, else the
/// newest one before the subject.
fn upgrade_from<'r>(
    release: &Release,
    model: &DeviceModel,
    known: &Released<'r>,
) -> Option<&'r Arc<Release>> {
    let before = |limit: &dyn Fn(&VersionNumber) -> bool| {
        known
            .all
            .iter()
            .rev()
            .find(|other| limit(&other.version.number) && model.runs(other) == Runs::Yes)
            .copied()
    };
    known
        .boundary
        .and_then(|boundary| before(&|number| *number <= boundary))
        .or_else(|| before(&|number| *number < release.version.number))
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
