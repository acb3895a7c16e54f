//! Loading: each file on its own, in parallel, then the overlay over all of them.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Catalog, correct, enrollment, models, overlay, releases};
use crate::diag::{Diagnostic, SourceFile};
use crate::enrollment::EnrollmentRow;
use crate::model::ModelId;
use crate::platform::Platform;
use crate::version::OsVersion;

/// Where releases and models stand in the files, for the lint's messages.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    pub(super) releases: HashMap<(Platform, OsVersion), Place>,
    pub(super) models: HashMap<(Platform, ModelId), Place>,
}

/// A place in a data file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: Arc<PathBuf>,
    pub(super) span: Range<usize>,
}

/// What one file holds.
enum Part {
    Releases(releases::ReleaseFile),
    Models(models::ModelFile),
    Overlay(overlay::OverlayFile),
    Enrollments(Vec<EnrollmentRow>),
}

pub(super) fn load(sources: &[SourceFile]) -> Result<Catalog, Vec<Diagnostic>> {
    let read: Vec<(&SourceFile, Part, Vec<Diagnostic>)> = sources
        .par_iter()
        .filter_map(|source| {
            let (part, problems) = read(source)?;
            Some((source, part, problems))
        })
        .collect();
    let mut catalog = Catalog::default();
    let mut problems = Vec::new();
    let mut overlays = Vec::new();
    for (source, part, found) in read {
        problems.extend(found);
        match part {
            Part::Releases(file) => file.merge(&mut catalog, &source.path, &mut problems),
            Part::Models(file) => file.merge(&mut catalog, &source.path, &mut problems),
            Part::Overlay(file) => overlays.push((source.path.as_path(), file)),
            Part::Enrollments(rows) => catalog.enrollments.extend(rows),
        }
    }
    if problems.is_empty() {
        // References are only checked against data that was read without errors.
        correct::apply(overlays, &mut catalog, &mut problems);
    }
    catalog.conflicts.sort();
    catalog.conflicts.dedup();
    if problems.is_empty() {
        Ok(catalog)
    } else {
        Err(problems)
    }
}

fn read(source: &SourceFile) -> Option<(Part, Vec<Diagnostic>)> {
    let folder = source.path.parent().and_then(Path::file_name)?;
    if source.path.file_name()? == "enrollment.toml" {
        let (rows, problems) = enrollment::read(source);
        return Some((Part::Enrollments(rows), problems));
    }
    match folder.to_str()? {
        "releases" => {
            let (file, problems) = releases::read(source);
            Some((Part::Releases(file), problems))
        }
        "models" => {
            let (file, problems) = models::read(source);
            Some((Part::Models(file), problems))
        }
        "overlay" => {
            let (file, problems) = overlay::read(source);
            Some((Part::Overlay(file), problems))
        }
        _ => None,
    }
}
