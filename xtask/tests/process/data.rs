//! Broken data: all errors at once, each underlined at its place.

use std::path::Path;

use crate::support::{Said, root, xtask};

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// All data files of the checkout in a folder of their own.
pub(crate) fn copy_data(here: &Path) {
    for folder in ["device-matrix/data", "scenarios/data", "reports/data"] {
        copy(&root().join(folder), &here.join(folder));
    }
    std::fs::copy(root().join("verify.toml"), here.join("verify.toml")).expect("copied");
}

#[test]
fn two_broken_files_are_two_underlined_errors() {
    let here = tempfile::tempdir().expect("a folder");
    copy_data(here.path());
    let run = |arguments: &[&str]| -> Said {
        let mut command = xtask(arguments);
        command
            .current_dir(here.path())
            .output()
            .expect("it runs")
            .into()
    };
    assert_eq!(run(&["lint", "--json"]).code, Some(0));
    let append = |path: &str, text: &str| {
        let path = here.path().join(path);
        let old = std::fs::read_to_string(&path).expect("a file");
        let line = old.lines().count() + 1;
        std::fs::write(path, format!("{}\n{text}\n", old.trim_end_matches('\n'))).expect("written");
        line
    };
    let register = append(
        "reports/data/register.toml",
        "[\"ios18.0\"]\nobtaind = 2024-09-18",
    ) + 1;
    let scenario = append(
        "scenarios/data/apple/remote-lock.toml",
        "[[verfy]]\neffect = true",
    );
    let said = run(&["verify", "ios18"]);
    said.check(
        65,
        &[
            &format!("reports/data/register.toml:{register}:1"),
            &format!("scenarios/data/apple/remote-lock.toml:{scenario}:"),
            "did you mean `obtained`",
            "^",
            "error(s) in the data",
        ],
    );
    let linted = run(&["lint", "--json"]);
    assert_eq!(linted.code, Some(1));
    let found = linted.summary();
    assert_eq!(found["errors"], 2, "{found}");
    let places: Vec<(&str, u64)> = found["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .filter(|row| row["severity"] == "error")
        .filter_map(|row| Some((row["file"].as_str()?, row["line"].as_u64()?)))
        .collect();
    assert!(
        places.contains(&("reports/data/register.toml", register as u64)),
        "{places:?}"
    );
    assert!(
        places.contains(&("scenarios/data/apple/remote-lock.toml", scenario as u64)),
        "{places:?}"
    );
}
