//! Applying the overlay: what it names must exist, and each correction leaves its source behind.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::overlay::{Entry, Fix, OverlayFile, Who};
use super::{Catalog, FactConflict, PlatformData, Withheld};
use crate::diag::Diagnostic;
use crate::known::Known;
use crate::model::{DeviceModel, MajorSupport};
use crate::platform::Platform;
use crate::release::Release;
use crate::table::{At, nearest};
use crate::version::{Channel, OsVersion, VersionNumber};

/// Applies the corrections of all files; what they name must exist.
///
/// Dates of releases come first, then models, then the rest: a launch date decides where a model's range begins,
/// and a range that is stated has the last word.
pub(super) fn apply(
    overlays: Vec<(&Path, OverlayFile)>,
    catalog: &mut Catalog,
    problems: &mut Vec<Diagnostic>,
) {
    let mut entries: Vec<(&Path, Entry)> = overlays
        .into_iter()
        .flat_map(|(path, file)| file.entries.into_iter().map(move |entry| (path, entry)))
        .collect();
    entries.sort_by_key(|(_, entry)| match entry.fix {
        Fix::Release { .. } => 0,
        Fix::Model { .. } => 1,
        Fix::Range { .. } | Fix::Withhold { .. } | Fix::Conflict { .. } => 2,
    });
    for (path, entry) in entries {
        apply_one(entry, catalog, path, problems);
    }
}

fn apply_one(entry: Entry, catalog: &mut Catalog, path: &Path, problems: &mut Vec<Diagnostic>) {
    let Some(data) = catalog.platforms.get_mut(&entry.platform) else {
        problems.push(missing(path, entry.span, entry.platform.name(), None));
        return;
    };
    match entry.fix {
        Fix::Model { .. } | Fix::Range { .. } => {
            apply_to_models(data, entry, path, problems);
        }
        Fix::Withhold { releases, reason } => {
            for version in releases {
                if known_release(data, &version, path, problems) {
                    let withheld = Withheld {
                        reason: reason.clone(),
                        source: entry.source.clone(),
                    };
                    data.withheld.insert(version.value, withheld);
                }
            }
        }
        Fix::Release { version, date } => {
            if known_release(data, &version, path, problems) {
                let conflict = correct_date(data, entry.platform, &version.value, date);
                catalog.conflicts.extend(conflict);
            }
        }
        Fix::Conflict {
            subject,
            kept,
            other,
        } => catalog.conflicts.push(FactConflict {
            platform: entry.platform,
            subject,
            kept,
            other,
            source: entry.source,
            recorded: true,
        }),
    }
}

fn apply_to_models(
    data: &mut PlatformData,
    entry: Entry,
    path: &Path,
    problems: &mut Vec<Diagnostic>,
) {
    let releases = data.releases.clone();
    match entry.fix {
        Fix::Model {
            id,
            name,
            released,
            add,
            remove,
            majors,
        } => {
            let Some(model) = find_model(data, &id, path, problems) else {
                return;
            };
            if let Some(name) = name {
                model.name = name;
            }
            for major in majors {
                if !support(model, &major) {
                    model.majors.push(MajorSupport {
                        major,
                        until: None,
                        from: None,
                    });
                }
            }
            model.majors.sort_by_key(|support| support.major);
            if let Some(launch) = released {
                model.released = Known::Known(launch);
            }
            if let Known::Known(launch) = model.released {
                for support in &mut model.majors {
                    launched_on(support, launch, &releases);
                }
            }
            model.hardware.extend(add);
            model.hardware.retain(|hardware| !remove.contains(hardware));
            note_source(model, &entry.source);
        }
        Fix::Range {
            major,
            who,
            from,
            until,
        } => {
            let ids: Vec<At<String>> = match who {
                Who::Models(ids) => ids,
                Who::AlsoRuns(other) => data
                    .models
                    .iter()
                    .filter(|model| support(model, &major) && support(model, &other))
                    .map(|model| At {
                        value: model.id.0.clone(),
                        span: entry.span.clone(),
                    })
                    .collect(),
            };
            if ids.is_empty() {
                problems.push(missing(path, entry.span, "a model of both majors", None));
                return;
            }
            for id in ids {
                let Some(model) = find_model(data, &id, path, problems) else {
                    continue;
                };
                let Some(support) = model.majors.iter_mut().find(|item| item.major == major) else {
                    problems.push(missing(
                        path,
                        id.span,
                        &format!("major {major} of {}", id.value),
                        None,
                    ));
                    continue;
                };
                support.from = from.or(support.from);
                support.until = until.or(support.until);
                note_source(model, &entry.source);
            }
        }
        Fix::Withhold { .. } | Fix::Release { .. } | Fix::Conflict { .. } => {}
    }
}

fn support(model: &DeviceModel, major: &VersionNumber) -> bool {
    model.majors.iter().any(|support| support.major == *major)
}

/// With the launch known, a model that was only observed late runs every release from its launch on.
fn launched_on(support: &mut MajorSupport, launch: Date, releases: &[Arc<Release>]) {
    let mut of_major = releases.iter().filter(|release| {
        release.channel() == Channel::Released && release.major() == support.major
    });
    let opening = of_major.clone().find_map(|release| release.date.known());
    if opening.is_none_or(|opening| launch < opening) {
        support.from = None;
        return;
    }
    let after = of_major
        .find(|release| matches!(release.date, Known::Known(date) if date >= launch))
        .map(|release| release.version.number);
    support.from = match (support.from, after) {
        (Some(from), Some(after)) => Some(from.min(after)),
        (from, after) => from.or(after),
    };
}

fn note_source(model: &mut DeviceModel, source: &str) {
    if !model.sources.iter().any(|known| known == source) {
        model.sources.push(source.to_owned());
    }
}

fn find_model<'d>(
    data: &'d mut PlatformData,
    id: &At<String>,
    path: &Path,
    problems: &mut Vec<Diagnostic>,
) -> Option<&'d mut DeviceModel> {
    let Some(index) = data.models.iter().position(|model| model.id.0 == id.value) else {
        let near = nearest(
            &id.value,
            data.models.iter().map(|model| model.id.0.as_str()),
        );
        problems.push(missing(path, id.span.clone(), &id.value, near));
        return None;
    };
    data.models.get_mut(index).map(Arc::make_mut)
}

fn known_release(
    data: &PlatformData,
    version: &At<OsVersion>,
    path: &Path,
    problems: &mut Vec<Diagnostic>,
) -> bool {
    let known = data
        .releases
        .binary_search_by_key(&version.value, |release| release.version)
        .is_ok();
    if !known {
        let slugs: Vec<String> = data
            .releases
            .iter()
            .map(|release| release.version.slug())
            .collect();
        let slug = version.value.slug();
        let near = nearest(&slug, slugs.iter().map(String::as_str));
        problems.push(missing(path, version.span.clone(), &slug, near));
    }
    known
}

fn correct_date(
    platform_data: &mut PlatformData,
    platform: Platform,
    version: &OsVersion,
    date: Date,
) -> Option<FactConflict> {
    let index = platform_data
        .releases
        .binary_search_by_key(version, |release| release.version)
        .ok()?;
    let release = Arc::make_mut(platform_data.releases.get_mut(index)?);
    let before = release.date;
    release.date = Known::Known(date);
    let Known::Known(before) = before else {
        return None;
    };
    Some(FactConflict {
        platform,
        subject: release.id(),
        kept: date.to_string(),
        other: before.to_string(),
        source: release.sources.join(", "),
        recorded: true,
    })
}

fn missing(path: &Path, span: Range<usize>, what: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("DM0007", path, span, format!("`{what}` is not in the data")).with_help(
        near.map_or_else(
            || "the overlay can only correct what the generated files list".to_owned(),
            |near| format!("did you mean `{near}`?"),
        ),
    )
}
