//! What a selector that means nothing may have meant.

use std::sync::Arc;

use super::Problem;
use super::resolve::{Failure, Lookup};
use crate::platform::Platform;
use crate::release::{Release, major_of};
use crate::version::{OsVersion, VersionNumber};

/// Most names offered in place of one that is not known.
const NEAREST: usize = 3;

impl Lookup<'_> {
    /// The platform has no such generation: its neighbors, or what begins with the number.
    pub(super) fn no_generation(&self, platform: Platform, major: &VersionNumber) -> Failure {
        let generations = self.catalog.generations(platform);
        let between = generations
            .windows(2)
            .find(|pair| pair[0].major < *major && *major < pair[1].major)
            .map(|pair| (pair[0].major, pair[1].major));
        let mut nearest: Vec<String> = between
            .into_iter()
            .flat_map(|(older, newer)| [older, newer])
            .map(|major| format!("{}{major}", platform.slug()))
            .collect();
        if nearest.is_empty() {
            // `macos10` means one of 10.14 and 10.15.
            let mut within: Vec<VersionNumber> = self
                .catalog
                .releases(platform)
                .iter()
                .map(|release| release.major())
                .filter(|known| known.starts_with(major))
                .collect();
            within.dedup();
            nearest = within
                .into_iter()
                .rev()
                .map(|known| format!("{}{known}", platform.slug()))
                .take(NEAREST)
                .collect();
        }
        if nearest.is_empty() {
            nearest.extend(self.newest_generation(platform));
        }
        let problem = Problem::Generation {
            platform,
            major: *major,
            between,
        };
        (problem, nearest)
    }

    /// The generation is listed and nothing of it was out on the day.
    pub(super) fn generation_not_out(&self, platform: Platform, major: &VersionNumber) -> Failure {
        let releases = self.catalog.releases(platform);
        if releases.iter().any(|release| release.major() == *major) {
            let date = self
                .catalog
                .generation(platform, major)
                .and_then(|generation| generation.released.known())
                .and_then(|date| date.tomorrow().ok());
            let problem = Problem::NotOut {
                what: format!("{}{major}", platform.slug()),
                date,
                as_of: self.as_of,
            };
            return (
                problem,
                self.newest_generation(platform).into_iter().collect(),
            );
        }
        let oldest = releases.first().map_or(*major, |release| release.major());
        let problem = Problem::BeforeData {
            platform,
            major: *major,
            oldest,
        };
        (problem, vec![format!("{}{oldest}", platform.slug())])
    }

    /// The newest generation of which something was out on the day.
    fn newest_generation(&self, platform: Platform) -> Option<String> {
        let newest = self.catalog.selectable(platform, self.as_of).next_back()?;
        Some(format!("{}{}", platform.slug(), newest.major()))
    }

    /// The newest one of the same number, then the neighbors in version order.
    pub(super) fn near_releases(&self, platform: Platform, wanted: &OsVersion) -> Vec<String> {
        let releases: Vec<&Arc<Release>> = self.catalog.selectable(platform, self.as_of).collect();
        let same = releases
            .iter()
            .rev()
            .find(|release| release.version.number == wanted.number);
        let next = releases.partition_point(|release| release.version < *wanted);
        let below = next.checked_sub(1).and_then(|index| releases.get(index));
        let mut names: Vec<String> = Vec::new();
        let neighbors = below.into_iter().chain(releases.get(next));
        let major = major_of(platform, &wanted.number);
        let in_generation = |release: &&&Arc<Release>| release.major() == major;
        for release in same.into_iter().chain(neighbors.filter(in_generation)) {
            let id = release.id();
            if !names.contains(&id) {
                names.push(id);
            }
        }
        if names.is_empty() {
            names.extend(self.newest_generation(platform));
        }
        names
    }
}

/// The names most like `wanted`, best first.
pub(super) fn near(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let wanted = wanted.to_ascii_lowercase();
    let mut scored: Vec<(f64, String)> = names
        .map(|name| {
            let score = strsim::normalized_damerau_levenshtein(&wanted, &name.to_ascii_lowercase());
            (score, name)
        })
        .filter(|(score, _)| *score > 0.5)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(NEAREST)
        .map(|(_, name)| name)
        .collect()
}
