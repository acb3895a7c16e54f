//! Triage packages: the smallest steps, what the guideline wants to know, and a replay that tells the truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{AS_OF, Said, json, run as say};

/// A run with a planted fault.
pub(crate) fn planted(feature: &str, fault: Option<&str>) -> (TempDir, PathBuf) {
    let out = tempfile::tempdir().expect("folder");
    let folder = out.path().display().to_string();
    let mut words = vec![
        "verify",
        "ios18.1",
        "--tier",
        "full",
        "--model",
        "iPhone17,2",
        "--enrollment",
        "ade",
        "--feature",
        feature,
        "--as-of",
        AS_OF,
        "--json",
        "--out",
        &folder,
    ];
    if let Some(fault) = fault {
        words.extend(["--fault", fault]);
    }
    let said = say(&words);
    assert!(matches!(said.code, Some(0 | 10 | 11)), "{said:?}");
    let run = said.folder();
    (out, run)
}

fn triage(run: &Path, more: &[&str]) -> Said {
    let run = run.display().to_string();
    let mut words = vec!["triage", &run, "--json"];
    words.extend(more);
    say(&words)
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in std::fs::read_dir(here).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("a file");
                found.insert(path.strip_prefix(folder).expect("below").to_owned(), bytes);
            }
        }
    }
    found
}

/// The folder of the first package of a party.
fn package(said: &Said, party: &str) -> (PathBuf, serde_json::Value) {
    assert_eq!(said.code, Some(0), "{said:?}");
    let answer = said.summary();
    let rows = answer["packages"].as_array().expect("packages");
    let row = rows.iter().find(|row| row["party"] == party);
    let row = row.unwrap_or_else(|| panic!("no package of {party}: {answer}"));
    (
        PathBuf::from(row["folder"].as_str().expect("a folder")),
        row.clone(),
    )
}

#[test]
fn a_defect_of_the_os_is_reduced_and_shows_again_only_with_the_fault() {
    let (_out, run) = planted("sharedipad-user-camera", Some("apple-kind-effect-missing"));
    let said = triage(&run, &[]);
    let (folder, row) = package(&said, "os");
    assert_eq!(row["reproduced"], true, "{row}");
    assert_eq!(row["minimal"], true, "{row}");
    assert_eq!(
        row["class"],
        serde_json::Value::Null,
        "an OS finding has no class"
    );
    let scenario = std::fs::read_to_string(folder.join("scenario.toml")).expect("steps");
    assert_eq!(scenario.matches("[[apply]]").count(), 1, "{scenario}");
    assert!(scenario.contains("allowCamera"), "{scenario}");
    for gone in ["undo", "survives", "ProfileList"] {
        assert!(!scenario.contains(gone), "{gone} is left: {scenario}");
    }
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("readme");
    for words in [
        "Steps to reproduce",
        "iPhone17,2",
        "22B83",
        "再現した試行",
        "2.3.2",
    ] {
        assert!(readme.contains(words), "{words}: {readme}");
    }
    assert!(!readme.contains("Class 1") && !readme.contains("Class 2"));
    let payload = files(&folder.join("messages"))
        .into_iter()
        .any(|(_, bytes)| String::from_utf8_lossy(&bytes).contains("<key>allowCamera</key>"));
    assert!(payload, "the profile can be read");

    let path = folder.display().to_string();
    let replay = |more: &[&str]| {
        let mut words = vec!["triage", "replay", &path];
        words.extend(more);
        say(&words)
    };
    let said = replay(&[]);
    assert_eq!(said.code, Some(10), "{said:?}");
    assert!(said.out.starts_with("reproduced on"), "{said:?}");
    let said = replay(&["--without-fault"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("not reproduced on"), "{said:?}");
    // A model that never ran the release.
    replay(&["--release", "ios17.7"]).check(65, &["ios17.7/iPhone17,2/ade"]);

    let before = files(&folder);
    triage(&run, &[]);
    assert!(
        before == files(&folder),
        "the same run gives the same bytes"
    );
}

#[test]
fn a_defect_of_the_product_has_conditions_a_class_and_a_deadline() {
    let (_out, run) = planted(
        "sharedipad-user-camera",
        Some("apple-kind-server-drops-key"),
    );
    let (folder, row) = package(&triage(&run, &[]), "product");
    assert_eq!(row["class"], 2, "{row}");
    let read = || std::fs::read_to_string(folder.join("README.md")).expect("readme");
    let readme = read();
    for words in [
        "2.3.1",
        "Class 2",
        "2026-11-24",
        "The cause of 1) is in the product",
        "open",
    ] {
        assert!(readme.contains(words), "{words}: {readme}");
    }
    // A person knows another way; the file is theirs and is not written over.
    let path = folder.join("person.toml");
    let text = std::fs::read_to_string(&path).expect("person.toml");
    let text = text.replace(
        "# exists = true\nby = \"\"\non = \"\"",
        "exists = true\nby = \"QA\"\non = \"2026-11-24\"",
    );
    std::fs::write(&path, &text).expect("written");
    let (_, row) = package(&triage(&run, &[]), "product");
    assert_eq!(row["class"], serde_json::Value::Null, "{row}");
    assert_eq!(std::fs::read_to_string(&path).expect("person.toml"), text);
    assert!(read().contains("there is an alternative"));
}

#[test]
fn no_command_at_all_is_class_one_within_the_hour() {
    let (_out, run) = planted("remote-lock", Some("apple-kind-server-loses-command"));
    let said = triage(&run, &["--detected", "2026-11-23T10:00:00+09:00"]);
    let (folder, row) = package(&said, "product");
    assert_eq!(row["class"], 1, "{row}");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("readme");
    assert!(readme.contains("2026-11-23 11:00 JST"), "{readme}");
}

#[test]
fn an_external_service_is_investigated_and_not_counted() {
    let (_out, run) = planted("remote-lock", Some("apple-kind-push-lost"));
    let (folder, row) = package(&triage(&run, &[]), "external_service");
    assert_eq!(row["class"], serde_json::Value::Null, "{row}");
    let readme = std::fs::read_to_string(folder.join("README.md")).expect("readme");
    assert!(readme.contains("not counted as an incident"), "{readme}");
}

#[test]
fn wrong_names_are_told_with_what_there_is() {
    let (_out, run) = planted("remote-lock", Some("apple-kind-acknowledged-only"));
    let said = triage(&run, &["--finding", "F002"]);
    said.check(64, &["no finding `F002`", "F001"]);
    say(&["triage"]).check(64, &["name the folder"]);
    say(&["triage", "replay", "/nowhere"]).check(64, &["replay.json", "cargo xtask triage RUN"]);
    let (folder, _) = package(&triage(&run, &[]), "os");
    let path = folder.join("replay.json");
    let mut replay = json(&path);
    replay["schema_version"] = "2.0".into();
    std::fs::write(&path, replay.to_string()).expect("written");
    let folder = folder.display().to_string();
    say(&["triage", "replay", &folder]).check(65, &["format 2.0"]);
}
