//! Reading the data files: bounded, and every failure names the file.

use std::fs;
use std::path::{Path, PathBuf};

use device_matrix::sources::{MAX_FILE_BYTES, read_sources};

/// An empty workspace of its own for one test.
fn workspace(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sources-{name}"));
    if root.exists() {
        fs::remove_dir_all(&root).expect("an old folder of this test");
    }
    fs::create_dir_all(root.join("device-matrix/data/releases")).expect("a writable folder");
    root
}

#[test]
fn paths_are_relative_and_sorted() {
    let root = workspace("sorted");
    for name in ["b.toml", "a.toml", "notes.md"] {
        fs::write(root.join("device-matrix/data/releases").join(name), "x = 1")
            .expect("a writable folder");
    }
    let found = read_sources(&root).expect("the files can be read");
    let paths: Vec<String> = found
        .iter()
        .map(|source| source.path.to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "device-matrix/data/releases/a.toml",
            "device-matrix/data/releases/b.toml"
        ]
    );
    assert_eq!(
        read_sources(Path::new("/nonexistent")).expect("nothing is there"),
        []
    );
}

#[test]
fn what_is_too_large_or_no_text_is_refused() {
    for (name, bytes) in [
        (
            "large",
            vec![b' '; usize::try_from(MAX_FILE_BYTES + 1).expect("a small number")],
        ),
        ("binary", vec![0xff, 0xfe]),
    ] {
        let root = workspace(name);
        fs::write(root.join("device-matrix/data/releases/x.toml"), bytes)
            .expect("a writable folder");
        let error = read_sources(&root).expect_err(name).to_string();
        assert!(error.contains("releases/x.toml"), "{error}");
        fs::remove_dir_all(&root).expect("the folder of this test");
    }
}
