//! What is wrong with a catalogue that could be loaded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;

use super::Catalog;
use super::load::Place;
use crate::diag::Diagnostic;
use crate::known::Known;
use crate::model::DeviceModel;
use crate::platform::Platform;
use crate::release::Release;
use crate::runs::Runs;
use crate::version::Channel;

/// Checks a loaded catalogue; an error means that an answer would be wrong, a warning that somebody should look.
#[must_use]
pub fn lint(catalog: &Catalog) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for platform in catalog.platforms() {
        builds(catalog, platform, &mut found);
        dates(catalog, platform, &mut found);
        generations(catalog, platform, &mut found);
        devices(catalog, platform, &mut found);
        models(catalog, platform, &mut found);
    }
    if catalog.platforms.is_empty() {
        found.push(
            Diagnostic::error(
                "DM0011",
                "device-matrix/data/releases",
                0..0,
                "no releases are loaded",
            )
            .with_help("run the harness from a checkout that has device-matrix/data"),
        );
    }
    for platform in catalog.platforms() {
        if !catalog
            .enrollments
            .iter()
            .any(|row| row.platform == platform)
        {
            found.push(
                Diagnostic::error(
                    "DM0018",
                    "device-matrix/data/enrollment.toml",
                    0..0,
                    format!("no enrollment type is known for {platform}"),
                )
                .with_help("add its rows to enrollment.toml"),
            );
        }
    }
    found.sort_by(|a, b| (&a.path, a.span.start, a.code).cmp(&(&b.path, b.span.start, b.code)));
    found
}

fn at(place: Option<&Place>, code: &'static str, message: String, help: &str) -> Diagnostic {
    let (path, span) = place.map_or_else(
        || (PathBuf::from("device-matrix/data"), 0..0),
        |place| (place.path.as_ref().clone(), place.span.clone()),
    );
    Diagnostic::error(code, path, span, message).with_help(help)
}

fn at_release(
    catalog: &Catalog,
    release: &Release,
    code: &'static str,
    message: String,
    help: &str,
) -> Diagnostic {
    let key = (release.platform, release.version);
    at(catalog.places.releases.get(&key), code, message, help)
}

fn at_model(
    catalog: &Catalog,
    model: &DeviceModel,
    code: &'static str,
    message: String,
    help: &str,
) -> Diagnostic {
    let key = (model.platform, model.id.clone());
    at(catalog.places.models.get(&key), code, message, help)
}

/// A build belongs to one version; its release candidate may carry the same one.
fn builds(catalog: &Catalog, platform: Platform, found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, &Release> = BTreeMap::new();
    for release in catalog.releases(platform) {
        for build in &release.builds {
            let Some(other) = seen.insert(&build.id.0, release) else {
                continue;
            };
            let same = other.version.number == release.version.number
                && other.version.stage != release.version.stage;
            if !same {
                found.push(at_release(
                    catalog,
                    release,
                    "DM0009",
                    format!(
                        "build {} is listed for {} and {}",
                        build.id,
                        other.id(),
                        release.id()
                    ),
                    "a build is one version; find out which one by the source",
                ));
            }
        }
    }
}

/// Within a major, a higher version is not older than a lower one; a beta is not newer than its release.
fn dates(catalog: &Catalog, platform: Platform, found: &mut Vec<Diagnostic>) {
    let mut newest: BTreeMap<String, (Date, &Release)> = BTreeMap::new();
    for release in catalog.releases(platform) {
        let Known::Known(date) = release.date else {
            continue;
        };
        if recorded(catalog, release) {
            continue;
        }
        if release.channel() != Channel::Released {
            let out = catalog.releases(platform).iter().find(|other| {
                other.channel() == Channel::Released
                    && other.version.number == release.version.number
            });
            if let Some(Known::Known(out)) = out.map(|out| out.date)
                && out < date
            {
                found.push(
                    at_release(
                        catalog,
                        release,
                        "DM0014",
                        format!("{} is dated {date}, after its release on {out}", release.id()),
                        "check both dates by their sources; correct one in the overlay, or record the conflict there",
                    )
                    .warning(),
                );
            }
            continue;
        }
        let key = release.major().to_string();
        match newest.get(&key) {
            Some((before, lower)) if date < *before => found.push(
                at_release(
                    catalog,
                    release,
                    "DM0014",
                    format!("{} is dated {date}, before {} on {before}", release.id(), lower.id()),
                    "check both dates by their sources; correct one in the overlay, or record the conflict there",
                )
                .warning(),
            ),
            _ => {
                newest.insert(key, (date, release));
            }
        }
    }
}

/// A disagreement that is on record in the overlay is not reported again.
fn recorded(catalog: &Catalog, release: &Release) -> bool {
    let id = release.id();
    catalog
        .conflicts
        .iter()
        .any(|conflict| conflict.recorded && conflict.subject == id)
}

/// Every major of a release or model is a known generation, and the generations are in order.
fn generations(catalog: &Catalog, platform: Platform, found: &mut Vec<Diagnostic>) {
    let mut missing = BTreeMap::new();
    for release in catalog.releases(platform) {
        let major = release.major();
        if catalog.generation(platform, &major).is_none() {
            missing.entry(major).or_insert(release);
        }
    }
    for (major, release) in missing {
        found.push(at_release(
            catalog,
            release,
            "DM0015",
            format!("{platform} {major} is no known generation"),
            "add it to `generations` in the order of release",
        ));
    }
    for pair in catalog.generations(platform).windows(2) {
        if pair[0].major >= pair[1].major {
            found.push(
                Diagnostic::error(
                    "DM0015",
                    format!("device-matrix/data/releases/{}.toml", platform.slug()),
                    0..0,
                    format!(
                        "{platform} {} stands before {}",
                        pair[0].major, pair[1].major
                    ),
                )
                .with_help("order `generations` from the oldest to the newest"),
            );
        }
    }
}

/// A release that can be selected runs on some model.
fn devices(catalog: &Catalog, platform: Platform, found: &mut Vec<Diagnostic>) {
    for release in catalog.releases(platform) {
        let nobody = !catalog
            .models(platform)
            .iter()
            .any(|model| model.runs(release) == Runs::Yes);
        if nobody && catalog.withheld(release).is_none() {
            found.push(at_release(
                catalog,
                release,
                "DM0012",
                format!("no model is known to run {}", release.id()),
                "correct a model in the overlay, or withhold the release there with its reason and source",
            ));
        }
    }
}

fn models(catalog: &Catalog, platform: Platform, found: &mut Vec<Diagnostic>) {
    for model in catalog.models(platform) {
        if model.majors.is_empty() {
            found.push(at_model(
                catalog,
                model,
                "DM0013",
                format!("{} runs no major version", model.id),
                "add its `majors`, or take the model out",
            ));
        }
        for support in &model.majors {
            if catalog.generation(platform, &support.major).is_none() {
                found.push(at_model(
                    catalog,
                    model,
                    "DM0015",
                    format!(
                        "{} runs {platform} {}, which is no known generation",
                        model.id, support.major
                    ),
                    "add it to `generations` in the order of release",
                ));
            }
        }
    }
}
