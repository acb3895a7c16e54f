//! What a selector means on a day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::nearest::near;
use super::parse::is_generation;
use super::{Problem, Selector, SelectorError, SelectorKind, Target, TargetKind};
use crate::catalog::Catalog;
use crate::model::{DeviceModel, ModelId};
use crate::platform::Platform;
use crate::release::Release;
use crate::runs::Runs;
use crate::version::{Channel, OsVersion, Stage, VersionNumber};

/// A catalogue as it was on a day.
pub(super) struct Lookup<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) as_of: Date,
}

/// What is wrong, and the nearest names.
pub(super) type Failure = (Problem, Vec<String>);

pub(super) fn resolve(
    selector: &Selector,
    catalog: &Catalog,
    as_of: Date,
) -> Result<Target, SelectorError> {
    let lookup = Lookup { catalog, as_of };
    let found = match &selector.kind {
        SelectorKind::Generation { platform, major } => lookup.generation(*platform, major),
        SelectorKind::Exact { platform, version } => lookup.exact(*platform, version),
        SelectorKind::Newest {
            platform,
            number,
            channel,
        } => lookup.newest(*platform, number, *channel),
        SelectorKind::Build { platform, build } => lookup.build(*platform, build),
        SelectorKind::Model(id) => lookup.model(id),
    };
    let mut target = found.map_err(|(problem, nearest)| SelectorError {
        selector: selector.text.clone(),
        problem,
        nearest,
    })?;
    target.selector.clone_from(&selector.text);
    Ok(target)
}

impl Lookup<'_> {
    fn target(&self, kind: TargetKind, releases: Vec<Arc<Release>>) -> Target {
        let mut previous = BTreeMap::new();
        for release in &releases {
            let boundary = match kind {
                TargetKind::Generation => release.major(),
                TargetKind::Release | TargetKind::Model => release.version.number,
            };
            if !previous.contains_key(&release.platform)
                && let Some(before) = self
                    .catalog
                    .previous(release.platform, &boundary, self.as_of)
            {
                previous.insert(release.platform, Arc::clone(before));
            }
        }
        Target {
            selector: String::new(),
            kind,
            releases,
            previous,
            model: None,
            as_of: self.as_of,
        }
    }

    fn generation(&self, platform: Platform, major: &VersionNumber) -> Result<Target, Failure> {
        self.known(platform)?;
        let listed = self
            .catalog
            .generation(platform, major)
            .is_some_and(|known| known.major.parts().len() == major.parts().len());
        if !listed {
            return Err(self.no_generation(platform, major));
        }
        let of_major = |release: &&Arc<Release>| release.major() == *major;
        let out: Vec<&Arc<Release>> = self
            .catalog
            .selectable(platform, self.as_of)
            .filter(of_major)
            .collect();
        let released: Vec<&Arc<Release>> = out
            .iter()
            .filter(|release| release.channel() == Channel::Released)
            .copied()
            .collect();
        let Some(first) = self.first_release(platform, major, &released) else {
            // Nothing is released yet: the newest beta or candidate stands for the generation.
            return match out.last() {
                Some(newest) => Ok(self.target(TargetKind::Generation, vec![Arc::clone(newest)])),
                None => Err(self.generation_not_out(platform, major)),
            };
        };
        let mut subjects = BTreeSet::from([first.version]);
        for model in self.catalog.models(platform) {
            subjects.extend(newest_for(model, &released).map(|release| release.version));
        }
        let chosen = released
            .into_iter()
            .filter(|release| subjects.contains(&release.version))
            .map(Arc::clone)
            .collect();
        Ok(self.target(TargetKind::Generation, chosen))
    }

    /// The first release of a generation. One that only came preinstalled is passed over when models that were
    /// not launched with it wait for the next one.
    fn first_release<'r>(
        &self,
        platform: Platform,
        major: &VersionNumber,
        released: &[&'r Arc<Release>],
    ) -> Option<&'r Arc<Release>> {
        let others_wait = self.catalog.models(platform).iter().any(|model| {
            model
                .majors
                .iter()
                .any(|support| support.major == *major && support.from.is_none())
        });
        released
            .iter()
            .find(|release| !(release.preinstalled_only() && others_wait))
            .or(released.first())
            .copied()
    }

    fn exact(&self, platform: Platform, version: &OsVersion) -> Result<Target, Failure> {
        self.known(platform)?;
        let Some(release) = self.catalog.release(platform, version) else {
            let problem = Problem::Release {
                platform,
                version: *version,
            };
            return Err((problem, self.near_releases(platform, version)));
        };
        self.may_select(release)?;
        Ok(self.target(TargetKind::Release, vec![Arc::clone(release)]))
    }

    fn may_select(&self, release: &Arc<Release>) -> Result<(), Failure> {
        if let Some(withheld) = self.catalog.withheld(release) {
            let problem = Problem::Withheld {
                what: release.id(),
                reason: withheld.reason.en.clone(),
            };
            return Err((problem, Vec::new()));
        }
        if self.catalog.is_out(release, self.as_of) {
            return Ok(());
        }
        let problem = Problem::NotOut {
            what: release.id(),
            date: release.date_jst().known(),
            as_of: self.as_of,
        };
        // A beta of the same number may have been out.
        let near = self
            .catalog
            .selectable(release.platform, self.as_of)
            .rev()
            .find(|other| other.version.number == release.version.number)
            .or_else(|| {
                self.catalog
                    .selectable(release.platform, self.as_of)
                    .next_back()
            })
            .map(|other| other.id());
        Err((problem, near.into_iter().collect()))
    }

    fn newest(
        &self,
        platform: Platform,
        number: &VersionNumber,
        channel: Channel,
    ) -> Result<Target, Failure> {
        self.known(platform)?;
        let whole = is_generation(platform, number);
        let found = self
            .catalog
            .selectable(platform, self.as_of)
            .rev()
            .filter(|release| release.channel() == channel)
            .find(|release| {
                if whole {
                    release.major() == *number
                } else {
                    release.version.number == *number
                }
            });
        if let Some(release) = found {
            return Ok(self.target(TargetKind::Release, vec![Arc::clone(release)]));
        }
        let problem = Problem::NoSeed {
            platform,
            number: *number,
            channel,
            as_of: self.as_of,
        };
        let wanted = OsVersion {
            number: *number,
            stage: match channel {
                Channel::Beta => Stage::Beta(1),
                Channel::Rc => Stage::Rc(1),
                Channel::Released => Stage::Released,
            },
        };
        Err((problem, self.near_releases(platform, &wanted)))
    }

    fn build(&self, only: Option<Platform>, build: &str) -> Result<Target, Failure> {
        let mut found: Vec<&Arc<Release>> = Vec::new();
        let mut not_selectable = None;
        for platform in self.catalog.platforms() {
            // The released version comes last; its candidate may have carried the same build.
            let carriers: Vec<&Arc<Release>> = self
                .catalog
                .releases(platform)
                .iter()
                .rev()
                .filter(|release| has_build(release, build))
                .collect();
            let selectable = carriers
                .iter()
                .find_map(|release| match self.may_select(release) {
                    Ok(()) => Some(*release),
                    Err(failure) => {
                        if only.is_none_or(|only| only == platform) {
                            not_selectable.get_or_insert(failure);
                        }
                        None
                    }
                });
            found.extend(selectable);
        }
        let elsewhere: Vec<Platform> = found.iter().map(|release| release.platform).collect();
        found.retain(|release| only.is_none_or(|only| only == release.platform));
        if !found.is_empty() {
            let releases = found.into_iter().map(Arc::clone).collect();
            return Ok(self.target(TargetKind::Release, releases));
        }
        if let Some(failure) = not_selectable {
            return Err(failure);
        }
        if !elsewhere.is_empty() {
            let near = elsewhere
                .iter()
                .map(|platform| format!("{}:{}", platform.slug(), build.to_ascii_uppercase()))
                .collect();
            let problem = Problem::BuildElsewhere {
                build: build.to_ascii_uppercase(),
                platforms: elsewhere,
            };
            return Err((problem, near));
        }
        let mut ids: Vec<&str> = self
            .catalog
            .platforms()
            .filter(|platform| only.is_none_or(|only| only == *platform))
            .flat_map(|platform| self.catalog.releases(platform))
            .flat_map(|release| &release.builds)
            .map(|build| build.id.0.as_str())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        let near = near(build, ids.into_iter().map(str::to_owned));
        Err((Problem::Build(build.to_ascii_uppercase()), near))
    }

    fn model(&self, id: &ModelId) -> Result<Target, Failure> {
        let Some(model) = self.catalog.find_models(id).pop() else {
            let ids = self
                .catalog
                .platforms()
                .flat_map(|platform| self.catalog.models(platform))
                .map(|model| model.id.0.clone());
            return Err((Problem::Model(id.clone()), near(&id.0, ids)));
        };
        let out: Vec<&Arc<Release>> = self
            .catalog
            .selectable(model.platform, self.as_of)
            .collect();
        let released: Vec<&Arc<Release>> = out
            .iter()
            .filter(|release| release.channel() == Channel::Released)
            .copied()
            .collect();
        let Some(release) = newest_for(model, &released).or_else(|| newest_for(model, &out)) else {
            let problem = Problem::NothingRuns {
                model: model.id.clone(),
                as_of: self.as_of,
            };
            return Err((problem, Vec::new()));
        };
        let mut target = self.target(TargetKind::Model, vec![Arc::clone(release)]);
        target.model = Some(Arc::clone(model));
        Ok(target)
    }

    fn known(&self, platform: Platform) -> Result<(), Failure> {
        if self.catalog.releases(platform).is_empty() {
            return Err((Problem::NoData(platform), Vec::new()));
        }
        Ok(())
    }
}

/// The newest of `releases` (in version order) that the model runs.
fn newest_for<'r>(model: &DeviceModel, releases: &[&'r Arc<Release>]) -> Option<&'r Arc<Release>> {
    releases
        .iter()
        .rev()
        .find(|release| model.runs(release) == Runs::Yes)
        .copied()
}

fn has_build(release: &Release, build: &str) -> bool {
    release
        .builds
        .iter()
        .any(|known| known.id.0.eq_ignore_ascii_case(build))
}
