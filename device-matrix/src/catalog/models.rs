//! `data/models/<platform>.toml`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Catalog;
use super::load::Place;
use super::releases::{platform, strings};
use crate::diag::{Diagnostic, SourceFile};
use crate::model::{DeviceModel, Hardware, MajorSupport, ModelId};
use crate::platform::Platform;
use crate::table::{At, Fields, Reader, read_file};
use crate::version::VersionNumber;

const ROOT: [&str; 2] = ["platform", "model"];
const MODEL: [&str; 7] = [
    "id", "name", "released", "chip", "derived", "majors", "sources",
];

/// A file as read.
#[derive(Default)]
pub(super) struct ModelFile {
    models: Vec<(DeviceModel, Range<usize>)>,
}

pub(super) fn read(source: &SourceFile) -> (ModelFile, Vec<Diagnostic>) {
    read_file(source, &ROOT, |reader, root| {
        let mut file = ModelFile::default();
        if let Some(platform) = platform(reader, root) {
            for entry in reader.tables(root, "model", &MODEL) {
                file.models.extend(model(reader, platform, &entry));
            }
        }
        file
    })
}

fn model(
    reader: &mut Reader<'_>,
    platform: Platform,
    entry: &Fields<'_>,
) -> Option<(DeviceModel, Range<usize>)> {
    let mut majors = Vec::new();
    for support in reader.tables(entry, "majors", &["major", "from", "until"]) {
        let from = reader.parsed::<VersionNumber>(&support, "from");
        let until = reader.parsed::<VersionNumber>(&support, "until");
        if let Some(major) = reader.required_parsed::<VersionNumber>(&support, "major") {
            majors.push(MajorSupport {
                major: major.value,
                until: until.map(|at| at.value),
                from: from.map(|at| at.value),
            });
        }
    }
    majors.sort_by_key(|support| support.major);
    let words = reader.strings(entry, "derived");
    let hardware = hardware(reader, &words);
    let released = reader.date(entry, "released").into();
    let chip = reader.string(entry, "chip").map(|at| at.value).into();
    let sources = strings(reader, entry, "sources");
    let name = reader.required(entry, "name");
    let id = reader.required(entry, "id")?;
    let model = DeviceModel {
        id: ModelId(id.value),
        platform,
        name: name?.value,
        released,
        chip,
        hardware,
        majors,
        sources,
    };
    Some((model, id.span))
}

/// Hardware words; unknown ones are `DM0006`.
pub(super) fn hardware(reader: &mut Reader<'_>, words: &[At<String>]) -> BTreeSet<Hardware> {
    words
        .iter()
        .filter_map(|word| reader.word(word, "hardware", &Hardware::WORDS))
        .collect()
}

impl ModelFile {
    /// Puts the file's models into the catalogue; what is there twice is reported.
    pub(super) fn merge(self, catalog: &mut Catalog, path: &Path, problems: &mut Vec<Diagnostic>) {
        let path = Arc::new(path.to_path_buf());
        for (model, span) in self.models {
            let key = (model.platform, model.id.clone());
            let place = Place {
                path: Arc::clone(&path),
                span: span.clone(),
            };
            if catalog.places.models.insert(key, place).is_some() {
                problems.push(
                    Diagnostic::error(
                        "DM0010",
                        path.as_path(),
                        span,
                        format!("{} is listed twice for {}", model.id, model.platform),
                    )
                    .with_help("merge the two entries"),
                );
            }
            let data = catalog.platforms.entry(model.platform).or_default();
            data.models.push(Arc::new(model));
        }
    }
}
