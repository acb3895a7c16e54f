//! The same data, seed and clock give the same bytes.

use std::collections::BTreeSet;
use std::path::Path;

use crate::support::{AS_OF, run};

#[test]
fn two_runs_publish_the_same_files() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().display().to_string();
    // With declarations, whose synchronization carries an instant.
    let plan = [
        "verify",
        "ios18.1",
        "--json",
        "--tier",
        "smoke",
        "--feature",
        "os-update",
        "--feature",
        "remote-lock",
        "--as-of",
        AS_OF,
        "--seed",
        "7",
        "--out",
        &out,
    ];
    let (one, other) = (run(&plan).folder(), run(&plan).folder());
    assert_ne!(one, other);
    let names = |folder: &Path| -> BTreeSet<String> {
        std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    assert_eq!(names(&one), names(&other));
    assert_eq!(names(&one.join("evidence")), names(&other.join("evidence")));
    let documents: BTreeSet<String> = names(&one)
        .into_iter()
        .filter(|name| name != "events.jsonl" && name != "evidence")
        .collect();
    assert!(documents.contains("report.html") && documents.contains("junit.xml"));
    for name in documents {
        let read = |folder: &Path| std::fs::read(folder.join(&name)).expect("a file");
        assert!(read(&one) == read(&other), "{name} differs");
    }
}
