//! `data/releases/<platform>.toml`.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::load::Place;
use super::{Catalog, FactConflict, Generation};
use crate::diag::{Diagnostic, SourceFile};
use crate::platform::Platform;
use crate::release::{Build, BuildId, Release};
use crate::table::{Fields, Reader, read_file};
use crate::version::{OsVersion, VersionNumber};

const ROOT: [&str; 4] = ["platform", "reach", "generations", "release"];
const RELEASE: [&str; 5] = ["version", "date", "builds", "other_dates", "sources"];

/// A file as read.
#[derive(Default)]
pub(super) struct ReleaseFile {
    platform: Option<Platform>,
    reach: Option<Date>,
    generations: Vec<Generation>,
    releases: Vec<(Release, Range<usize>)>,
    conflicts: Vec<FactConflict>,
}

pub(super) fn read(source: &SourceFile) -> (ReleaseFile, Vec<Diagnostic>) {
    read_file(source, &ROOT, |reader, root| {
        let Some(platform) = platform(reader, root) else {
            return ReleaseFile::default();
        };
        let reach = reader.date(root, "reach");
        let mut file = ReleaseFile {
            platform: Some(platform),
            reach,
            ..ReleaseFile::default()
        };
        for (position, entry) in reader
            .tables(root, "generations", &["major", "released"])
            .iter()
            .enumerate()
        {
            if let Some(major) = reader.required_parsed::<VersionNumber>(entry, "major") {
                file.generations.push(Generation {
                    ordinal: u32::try_from(position + 1).unwrap_or(u32::MAX),
                    major: major.value,
                    released: reader.date(entry, "released").into(),
                });
            }
        }
        for entry in reader.tables(root, "release", &RELEASE) {
            release(reader, platform, &entry, &mut file);
        }
        file
    })
}

/// The file's platform; an unknown one is `DM0005`.
pub(super) fn platform(reader: &mut Reader<'_>, root: &Fields<'_>) -> Option<Platform> {
    reader
        .required_parsed::<Platform>(root, "platform")
        .map(|at| at.value)
}

fn release(
    reader: &mut Reader<'_>,
    platform: Platform,
    entry: &Fields<'_>,
    file: &mut ReleaseFile,
) {
    let date = reader.date(entry, "date");
    let builds = reader
        .tables(entry, "builds", &["id", "date", "preinstalled_only"])
        .iter()
        .filter_map(|build| {
            Some(Build {
                id: BuildId(reader.required(build, "id")?.value),
                date: reader.date(build, "date").into(),
                preinstalled_only: reader
                    .boolean(build, "preinstalled_only")
                    .unwrap_or_default(),
            })
        })
        .collect();
    let sources = strings(reader, entry, "sources");
    let Some(version) = reader.required_parsed::<OsVersion>(entry, "version") else {
        return;
    };
    let release = Release {
        platform,
        version: version.value,
        builds,
        date: date.into(),
        sources,
    };
    for other in reader.tables(entry, "other_dates", &["date", "sources"]) {
        let Some(other_date) = reader.date(&other, "date") else {
            continue;
        };
        file.conflicts.push(FactConflict {
            platform,
            subject: release.id(),
            kept: date.map_or_else(|| "unknown".to_owned(), |date| date.to_string()),
            other: other_date.to_string(),
            source: strings(reader, &other, "sources").join(", "),
            recorded: false,
        });
    }
    file.releases.push((release, version.span));
}

pub(super) fn strings(reader: &mut Reader<'_>, entry: &Fields<'_>, key: &str) -> Vec<String> {
    reader
        .strings(entry, key)
        .into_iter()
        .map(|at| at.value)
        .collect()
}

impl ReleaseFile {
    /// Puts the file's releases into the catalogue; what is there twice is reported.
    pub(super) fn merge(self, catalog: &mut Catalog, path: &Path, problems: &mut Vec<Diagnostic>) {
        let Some(platform) = self.platform else {
            return;
        };
        let path = Arc::new(path.to_path_buf());
        let data = catalog.platforms.entry(platform).or_default();
        data.reach = self.reach.or(data.reach);
        data.generations.extend(self.generations);
        for (release, span) in self.releases {
            let key = (platform, release.version);
            let place = Place {
                path: Arc::clone(&path),
                span: span.clone(),
            };
            if catalog.places.releases.insert(key, place).is_some() {
                problems.push(
                    Diagnostic::error(
                        "DM0008",
                        path.as_path(),
                        span,
                        format!("{platform} {} is listed twice", release.version),
                    )
                    .with_help("merge the two entries"),
                );
            }
            data.releases.push(Arc::new(release));
        }
        data.releases.sort_by_key(|release| release.version);
        catalog.conflicts.extend(self.conflicts);
    }
}
