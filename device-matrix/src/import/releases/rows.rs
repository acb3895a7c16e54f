//! Releases, betas and release candidates of one platform as rows.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::input::{InputBuild, InputPlatform, InputRelease, InputSeed};
use super::models::{ModelRow, base_id};
use super::{full_date, value};
use crate::import::ImportError;
use crate::platform::Platform;
use crate::release::major_of;
use crate::version::{OsVersion, Stage, VersionNumber};

/// A release before it is written.
#[derive(Debug)]
pub(super) struct ReleaseRow {
    pub(super) version: OsVersion,
    pub(super) date: Option<Date>,
    pub(super) builds: Vec<BuildRow>,
    pub(super) sources: Vec<String>,
    pub(super) other_dates: BTreeMap<String, Vec<String>>,
}

/// A build before it is written.
#[derive(Debug)]
pub(super) struct BuildRow {
    pub(super) id: String,
    pub(super) date: Option<Date>,
    pub(super) preinstalled_only: bool,
}

impl ReleaseRow {
    pub(super) fn preinstalled_only(&self) -> bool {
        !self.builds.is_empty() && self.builds.iter().all(|build| build.preinstalled_only)
    }
}

/// All rows of a platform in version order.
pub(super) fn releases(
    platform: Platform,
    facts: &InputPlatform,
) -> Result<Vec<ReleaseRow>, ImportError> {
    let mut rows = Vec::new();
    for release in facts.majors.iter().flat_map(|major| &major.point_releases) {
        rows.push(released(platform, release)?);
    }
    let mut seeds: BTreeMap<OsVersion, Vec<&InputSeed>> = BTreeMap::new();
    for seed in &facts.betas {
        let place = format!("{platform} {} {}", seed.version, seed.kind);
        let stage = match seed.kind.as_str() {
            "beta" => Stage::Beta(seed.number),
            "rc" => Stage::Rc(seed.number),
            other => return Err(value(place, format!("unknown kind `{other}`"))),
        };
        let number = number(&place, &seed.version)?;
        seeds
            .entry(OsVersion { number, stage })
            .or_default()
            .push(seed);
    }
    rows.extend(
        seeds
            .into_iter()
            .map(|(version, seeds)| seeded(version, &seeds)),
    );
    rows.sort_by_key(|row| row.version);
    Ok(rows)
}

fn released(platform: Platform, release: &InputRelease) -> Result<ReleaseRow, ImportError> {
    let place = format!("{platform} {}", release.version);
    let version = OsVersion::released(number(&place, &release.version)?);
    let smallest = release
        .builds
        .iter()
        .filter_map(|build| train_and_number(&build.build))
        .map(|(_, number)| number)
        .min();
    let mut builds: Vec<(bool, BuildRow)> = release
        .builds
        .iter()
        .map(|build| (is_fork(build, smallest), build_row(build)))
        .collect();
    // The main build comes last, because it is the one that a device reports.
    builds.sort_by_key(|(fork, build)| (!fork, build.date));
    Ok(ReleaseRow {
        version,
        date: full_date(release.date.as_deref()),
        builds: builds.into_iter().map(|(_, build)| build).collect(),
        sources: release.sources.clone(),
        other_dates: release.other_dates.clone(),
    })
}

fn seeded(version: OsVersion, seeds: &[&InputSeed]) -> ReleaseRow {
    let mut builds: Vec<BuildRow> = seeds
        .iter()
        .filter(|seed| !seed.build.is_empty())
        .map(|seed| BuildRow {
            id: seed.build.clone(),
            date: full_date(Some(&seed.seeded)),
            preinstalled_only: false,
        })
        .collect();
    builds.sort_by(|a, b| (a.date, &a.id).cmp(&(b.date, &b.id)));
    let mut sources: Vec<String> = seeds.iter().flat_map(|seed| seed.sources.clone()).collect();
    sources.sort();
    sources.dedup();
    ReleaseRow {
        version,
        date: builds.iter().filter_map(|build| build.date).min(),
        builds,
        sources,
        other_dates: BTreeMap::new(),
    }
}

fn build_row(build: &InputBuild) -> BuildRow {
    BuildRow {
        id: build.build.clone(),
        date: full_date(build.date.as_deref()),
        preinstalled_only: build.note.as_deref() == Some("preinstalled only"),
    }
}

/// Builds for single models: the source says so, or the number is a thousand or more above the release's
/// smallest one (26.5 is 23F77 and, for other models, 23F6077).
fn is_fork(build: &InputBuild, smallest: Option<u32>) -> bool {
    if build.note.as_deref() == Some("device-specific") {
        return true;
    }
    match (train_and_number(&build.build), smallest) {
        (Some((_, number)), Some(smallest)) => number >= smallest.saturating_add(1000),
        _ => false,
    }
}

/// `23F6077` is number 6077 of train `23F`.
fn train_and_number(build: &str) -> Option<(&str, u32)> {
    let letter = build.find(|c: char| c.is_ascii_uppercase())?;
    let (train, rest) = build.split_at(letter + 1);
    let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    Some((train, digits.parse().ok()?))
}

pub(super) fn number(place: &str, text: &str) -> Result<VersionNumber, ImportError> {
    text.parse()
        .map_err(|error| value(place, format!("{error}")))
}

/// Drops "preinstalled only" from the builds published on the release's own day, when every build carries the
/// mark although a model launched before that day was observed on the release.
pub(super) fn drop_contradicted_marks(
    platform: Platform,
    facts: &InputPlatform,
    models: &[ModelRow],
    releases: &mut [ReleaseRow],
) -> Result<(), ImportError> {
    for row in releases.iter_mut().filter(|row| row.preinstalled_only()) {
        let Some(date) = row.date else { continue };
        let major = major_of(platform, &row.version.number);
        let mut contradicted = false;
        for entry in facts
            .majors
            .iter()
            .filter(|entry| entry.major == major.to_string())
        {
            for support in &entry.supported_devices {
                let first = number(&support.id, &support.first)?;
                let older = models
                    .iter()
                    .find(|model| model.id == base_id(&support.id))
                    .and_then(|model| model.released)
                    .is_some_and(|launch| launch < date);
                contradicted |= older && first <= row.version.number;
            }
        }
        if contradicted {
            for build in &mut row.builds {
                build.preinstalled_only &= build.date.is_some_and(|built| built > date);
            }
        }
    }
    Ok(())
}
