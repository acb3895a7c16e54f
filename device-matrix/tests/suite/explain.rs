//! Every code has an explanation, and every explanation a code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use device_matrix::explain::{EXPLANATIONS, explain};

fn codes(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.is_dir() {
            codes(&path, found);
        } else if name != "explain.rs" && name != "diag.rs" {
            let text = fs::read_to_string(&path).expect("a source file");
            found.extend(
                text.match_indices("\"DM0")
                    .filter_map(|(at, _)| Some(text.get(at + 1..at + 7)?.to_owned())),
            );
        }
    }
}

#[test]
fn every_code_is_explained() {
    let mut used = BTreeSet::new();
    codes(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut used,
    );
    let explained: BTreeSet<String> = EXPLANATIONS
        .iter()
        .map(|(code, _)| (*code).to_owned())
        .collect();
    assert_eq!(used, explained);
    assert_eq!(explained.len(), EXPLANATIONS.len(), "no code twice");
    assert!(explain("dm0012").is_some_and(|text| text.contains("overlay")));
    assert_eq!(explain("DM9999"), None);
}
