//! Wrong data: all errors of all files at once, each with place, code and help.

use std::collections::BTreeSet;
use std::path::PathBuf;

use device_matrix::calendar::{BusinessCalendar, CalendarPolicy};
use device_matrix::catalog::{Catalog, lint};
use device_matrix::diag::{Diagnostic, Severity, SourceFile, render};
use proptest::prelude::*;

use crate::common::sources;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: PathBuf::from(path),
        text: text.to_owned(),
    }
}

const RELEASES: &str = r#"platform = "ios"
reach = "2026-01-01"
generations = [{ major = "17" }, { major = "18", released = "2024-09-16" }]
release = [
  { version = "17.0", date = "2023-09-18", sources = ["A"] },
  { version = "18.0", date = "2024-09-16", builds = [{ id = "22A3354" }], sources = ["A"] },
]
"#;
const MODELS: &str = r#"platform = "ios"
model = [
  { id = "iPhone17,2", name = "iPhone 16 Pro Max", derived = ["cellular"], majors = [{ major = "18" }], sources = ["A"] },
  { id = "iPhone12,1", name = "iPhone 11", derived = [], majors = [{ major = "17" }], sources = ["A"] },
]
"#;
const ENROLLMENT: &str = r#"[[enrollment]]
kind = "ade"
platform = "ios"
from = "7"
supervised = "13"
mark = "memory"
"#;

fn good() -> Vec<SourceFile> {
    vec![
        file("data/releases/ios.toml", RELEASES),
        file("data/models/ios.toml", MODELS),
        file("data/enrollment.toml", ENROLLMENT),
    ]
}

fn load_errors(files: &[SourceFile]) -> Vec<Diagnostic> {
    Catalog::load(files).expect_err("the data is wrong")
}

#[test]
fn right_data_has_no_findings() {
    let catalog = Catalog::load(&good()).expect("the data is right");
    assert_eq!(lint(&catalog), []);
}

#[test]
fn all_errors_come_at_once() {
    let files = [
        file(
            "data/releases/ios.toml",
            r#"platform = "ios"
raech = "2026-01-01"
generations = [{ major = "17" }]
release = [
  { version = "17.x", sources = ["A"] },
  { version = "17.1", date = "2023-02-30", sources = ["A"] },
  { version = "17.2", date = 2023, builds = [{ date = "2023-09-18" }], sources = "A" },
  { date = "2023-09-18" },
]
"#,
        ),
        file(
            "data/models/ios.toml",
            r#"platform = "iso"
model = []
"#,
        ),
        file(
            "data/models/tvos.toml",
            r#"platform = "tvos"
model = [{ id = "AppleTV14,1", name = "Apple TV", derived = ["celular"], majors = [{ major = "17" }] }]
"#,
        ),
        file(
            "data/enrollment.toml",
            r#"[[enrollment]]
kind = "aed"
platform = "ios"
from = "13"
until = "12"
supervised = "perhaps"
mark = "memory"

[[enrollment]]
kind = "ade"
platform = "ios"
from = "13"
until = "12"
supervised = "never"
mark = "memory"
"#,
        ),
        file("data/overlay/broken.toml", "[[model]\nid = 1\n"),
    ];
    insta::assert_snapshot!(render(&load_errors(&files), &files, false));
}

#[test]
fn the_overlay_can_only_correct_what_is_there() {
    let mut files = good();
    files.push(file(
        "data/overlay/x.toml",
        r#"[[model]]
platform = "ios"
id = "iPhone17,3"
source = "T"

[[model]]
platform = "tvos"
id = "AppleTV14,1"
source = "T"

[[range]]
platform = "ios"
major = "17"
models = ["iPhone17,2"]
until = "17.0"
source = "T"

[[range]]
platform = "ios"
major = "17"
also_runs = "18"
until = "17.0"
source = "T"

[[range]]
platform = "ios"
major = "17"
source = "T"

[[withhold]]
platform = "ios"
releases = ["18.0-beta1"]
reason = { ja = "x", en = "x" }
source = "T"

[[release]]
platform = "ios"
version = "18.1"
date = "2024-10-28"
source = "T"
"#,
    ));
    // The range without models is found when the file is read; the references after it is repaired.
    insta::assert_snapshot!(
        "overlay_reading",
        render(&load_errors(&files), &files, false)
    );
    let text = &mut files[3].text;
    *text = text.replace(
        "[[range]]\nplatform = \"ios\"\nmajor = \"17\"\nsource = \"T\"\n",
        "",
    );
    insta::assert_snapshot!(
        "overlay_references",
        render(&load_errors(&files), &files, false)
    );
}

#[test]
fn the_overlay_corrects_with_its_source() {
    let mut files = good();
    files.push(file(
        "data/overlay/x.toml",
        r#"[[model]]
platform = "ios"
id = "iPhone17,2"
name = "Renamed"
released = "2024-09-20"
add = ["face_id"]
remove = ["cellular"]
source = "a person"

[[release]]
platform = "ios"
version = "18.0"
date = "2024-09-17"
source = "a person"
"#,
    ));
    let catalog = Catalog::load(&files).expect("the data is right");
    let platform = device_matrix::platform::Platform::Ios;
    let model = &catalog.models(platform)[0];
    assert_eq!(model.name, "Renamed");
    assert_eq!(model.sources, ["A", "a person"]);
    let words: Vec<&str> = model
        .hardware
        .iter()
        .map(|hardware| hardware.as_str())
        .collect();
    assert_eq!(words, ["face_id"]);
    let conflict = &catalog.conflicts()[0];
    assert_eq!(
        (
            conflict.subject.as_str(),
            conflict.kept.as_str(),
            conflict.other.as_str()
        ),
        ("ios18.0", "2024-09-17", "2024-09-16")
    );
}

/// Replaces in the right data and expects exactly one finding of the lint.
#[test]
fn each_planted_fault_is_found() {
    let table = [
        (
            "DM0009",
            "{ version = \"17.0\", date = \"2023-09-18\",",
            "{ version = \"17.0\", date = \"2023-09-18\", builds = [{ id = \"22A3354\" }],",
        ),
        (
            "DM0012",
            "majors = [{ major = \"17\" }]",
            "majors = [{ major = \"18\" }]",
        ),
        (
            "DM0012",
            "majors = [{ major = \"18\" }]",
            "majors = [{ major = \"17\" }]",
        ),
        (
            "DM0014",
            "{ version = \"18.0\", date = \"2024-09-16\",",
            "{ version = \"18.1\", date = \"2024-01-01\", sources = [] },\n  { version = \"18.0\", date = \"2024-09-16\",",
        ),
        (
            "DM0014",
            "{ version = \"18.0\", date = \"2024-09-16\",",
            "{ version = \"18.0-beta1\", date = \"2025-01-01\", sources = [] },\n  { version = \"18.0\", date = \"2024-09-16\",",
        ),
        (
            "DM0015",
            "generations = [{ major = \"17\" }, ",
            "generations = [{ major = \"19\" }, { major = \"17\" }, ",
        ),
        (
            "DM0018",
            "platform = \"ios\"\nfrom = \"7\"",
            "platform = \"tvos\"\nfrom = \"7\"",
        ),
    ];
    for (code, from, to) in table {
        let mut files = good();
        let mut replaced = 0;
        for file in &mut files {
            replaced += file.text.matches(from).count();
            file.text = file.text.replacen(from, to, 1);
        }
        assert_eq!(replaced, 1, "{code}: the fault is planted once");
        let catalog = Catalog::load(&files)
            .unwrap_or_else(|found| panic!("{}", render(&found, &files, false)));
        let found: Vec<&str> = lint(&catalog).iter().map(|finding| finding.code).collect();
        assert_eq!(found, [code], "{to}");
    }
    for (code, from, to) in [
        (
            "DM0008",
            "{ version = \"17.0\"",
            "{ version = \"17\", sources = [] },\n  { version = \"17.0\"",
        ),
        ("DM0010", "{ id = \"iPhone12,1\"", "{ id = \"iPhone17,2\""),
    ] {
        let mut files = good();
        for file in &mut files {
            file.text = file.text.replacen(from, to, 1);
        }
        let codes: Vec<&str> = load_errors(&files)
            .iter()
            .map(|finding| finding.code)
            .collect();
        assert_eq!(codes, [code]);
    }
    let empty = lint(&Catalog::default());
    assert_eq!(
        empty.iter().map(|finding| finding.code).collect::<Vec<_>>(),
        ["DM0011"]
    );
}

#[test]
fn a_model_without_majors_and_a_release_without_generation_are_found() {
    let mut files = good();
    files[1].text = files[1].text.replace(
        "model = [\n",
        "model = [\n  { id = \"iPhone1,1\", name = \"x\", derived = [], majors = [], sources = [] },\n",
    );
    files[0].text = files[0].text.replace("{ major = \"17\" }, ", "");
    let catalog = Catalog::load(&files).expect("it can be loaded");
    let codes: BTreeSet<&str> = lint(&catalog).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, BTreeSet::from(["DM0013", "DM0015"]));
}

#[test]
fn the_calendar_says_what_is_wrong() {
    let missing = BusinessCalendar::load(&[]).expect_err("there is no file");
    assert_eq!(missing[0].code, "DM0011");
    let files = [
        file(
            "data/calendar/jp.toml",
            "source = \"x\"\nofficial_from = \"2027-01-01\"\nofficial_through = \"2026-01-01\"\nofficial = [\n  \
             { date = \"2026-01-01\", name = \"a\" },\n  { date = \"2026-01-01\", name = \"b\" },\n  \
             { date = \"2026-13-01\", name = \"c\" },\n]\n",
        ),
        file(
            "data/calendar/policy.toml",
            "[report]\nbusiness_days = 0\ndue_soon = -1\n",
        ),
    ];
    let mut found = BusinessCalendar::load(&files).expect_err("the file is wrong");
    found.extend(CalendarPolicy::load(&files).expect_err("the file is wrong"));
    insta::assert_snapshot!(render(&found, &files, false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damaged_files_are_refused_without_a_panic(which in 0_usize..64, at in 0.0_f64..1.0, with in "[\\[\\]{}\"=,#a-z0-9\\n]{0,6}") {
        let mut files = sources();
        let index = which % files.len();
        let text = &mut files[index].text;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the text")]
        let mut place = (text.len() as f64 * at) as usize;
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        text.insert_str(place, &with);
        if let Err(found) = Catalog::load(&files) {
            prop_assert!(found.iter().any(|finding| finding.severity == Severity::Error));
            let _ = render(&found[..found.len().min(3)], &files, false);
        }
        let _ = BusinessCalendar::load(&files);
        let _ = CalendarPolicy::load(&files);
    }
}
