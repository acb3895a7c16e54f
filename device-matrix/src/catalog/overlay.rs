//! `data/overlay/*.toml`: facts corrected by hand, each with its source. The generated files stay as imported.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;

use super::models::hardware;
use crate::diag::{Diagnostic, SourceFile};
use crate::known::Text;
use crate::model::Hardware;
use crate::platform::Platform;
use crate::table::{At, Fields, Reader, read_file};
use crate::version::{OsVersion, VersionNumber};

const ROOT: [&str; 5] = ["model", "range", "withhold", "release", "conflict"];
const MODEL: [&str; 8] = [
    "platform",
    "id",
    "name",
    "released",
    "add",
    "remove",
    "add_majors",
    "source",
];
const RANGE: [&str; 7] = [
    "platform",
    "major",
    "models",
    "also_runs",
    "from",
    "until",
    "source",
];
const WITHHOLD: [&str; 4] = ["platform", "releases", "reason", "source"];
const RELEASE: [&str; 4] = ["platform", "version", "date", "source"];
const CONFLICT: [&str; 5] = ["platform", "subject", "kept", "other", "source"];

/// A file as read.
#[derive(Default)]
pub(super) struct OverlayFile {
    pub(super) entries: Vec<Entry>,
}

/// One correction.
pub(super) struct Entry {
    pub(super) platform: Platform,
    pub(super) source: String,
    pub(super) span: Range<usize>,
    pub(super) fix: Fix,
}

/// What is corrected.
pub(super) enum Fix {
    Model {
        id: At<String>,
        name: Option<String>,
        released: Option<Date>,
        add: BTreeSet<Hardware>,
        remove: BTreeSet<Hardware>,
        majors: Vec<VersionNumber>,
    },
    Range {
        major: VersionNumber,
        who: Who,
        from: Option<VersionNumber>,
        until: Option<VersionNumber>,
    },
    Withhold {
        releases: Vec<At<OsVersion>>,
        reason: Text,
    },
    Release {
        version: At<OsVersion>,
        date: Date,
    },
    Conflict {
        subject: String,
        kept: String,
        other: String,
    },
}

/// Whom a range is about.
pub(super) enum Who {
    Models(Vec<At<String>>),
    /// Every model of the major that also runs another major.
    AlsoRuns(VersionNumber),
}

type ReadFix = fn(&mut Reader<'_>, &Fields<'_>) -> Option<Fix>;

pub(super) fn read(source: &SourceFile) -> (OverlayFile, Vec<Diagnostic>) {
    read_file(source, &ROOT, |reader, root| {
        let mut file = OverlayFile::default();
        let kinds: [(&str, &[&str], ReadFix); 5] = [
            ("model", &MODEL, model),
            ("range", &RANGE, range),
            ("withhold", &WITHHOLD, withhold),
            ("release", &RELEASE, release),
            ("conflict", &CONFLICT, conflict),
        ];
        for (key, known, read) in kinds {
            for entry in reader.tables(root, key, known) {
                let platform = reader.required_parsed::<Platform>(&entry, "platform");
                let source = reader.required(&entry, "source");
                let fix = read(reader, &entry);
                if let (Some(platform), Some(source), Some(fix)) = (platform, source, fix) {
                    file.entries.push(Entry {
                        platform: platform.value,
                        source: source.value,
                        span: platform.span,
                        fix,
                    });
                }
            }
        }
        file
    })
}

fn model(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<Fix> {
    let add = reader.strings(entry, "add");
    let remove = reader.strings(entry, "remove");
    let majors = reader.strings(entry, "add_majors");
    Some(Fix::Model {
        name: reader.string(entry, "name").map(|at| at.value),
        released: reader.date(entry, "released"),
        add: hardware(reader, &add),
        remove: hardware(reader, &remove),
        majors: majors
            .into_iter()
            .filter_map(|text| reader.convert::<VersionNumber>(text, "add_majors"))
            .map(|at| at.value)
            .collect(),
        id: reader.required(entry, "id")?,
    })
}

fn range(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<Fix> {
    let models = reader.strings(entry, "models");
    let who = match reader.parsed::<VersionNumber>(entry, "also_runs") {
        Some(major) => Who::AlsoRuns(major.value),
        None if !models.is_empty() => Who::Models(models),
        None => {
            reader.report(
                "DM0003",
                entry.span.clone(),
                "the range names no models".to_owned(),
                "add `models = […]`, or `also_runs = \"MAJOR\"`".to_owned(),
            );
            return None;
        }
    };
    let from = reader
        .parsed::<VersionNumber>(entry, "from")
        .map(|at| at.value);
    let until = reader
        .parsed::<VersionNumber>(entry, "until")
        .map(|at| at.value);
    Some(Fix::Range {
        major: reader
            .required_parsed::<VersionNumber>(entry, "major")?
            .value,
        who,
        from,
        until,
    })
}

fn withhold(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<Fix> {
    let releases = reader
        .strings(entry, "releases")
        .into_iter()
        .filter_map(|text| reader.convert::<OsVersion>(text, "releases"))
        .collect();
    let reason = reader.text(entry, "reason");
    if reason.is_none() {
        reader.report(
            "DM0003",
            entry.span.clone(),
            "`reason` is missing".to_owned(),
            "add `reason = { ja = …, en = … }`".to_owned(),
        );
    }
    Some(Fix::Withhold {
        releases,
        reason: reason?,
    })
}

fn release(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<Fix> {
    let version = reader.required_parsed::<OsVersion>(entry, "version");
    let date = reader.required_parsed::<Date>(entry, "date");
    Some(Fix::Release {
        version: version?,
        date: date?.value,
    })
}

fn conflict(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<Fix> {
    let subject = reader.required(entry, "subject");
    let kept = reader.required(entry, "kept");
    let other = reader.required(entry, "other");
    Some(Fix::Conflict {
        subject: subject?.value,
        kept: kept?.value,
        other: other?.value,
    })
}
