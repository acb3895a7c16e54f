//! The committed data loads, lints clean, and says what it is known to say.

use std::path::Path;

use device_matrix::diag;
use scenarios::suite::{Suite, read_sources};

fn suite() -> Suite {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = read_sources(&root).expect("the data is there");
    Suite::load(&sources).unwrap_or_else(|found| panic!("{}", diag::render(&found, &sources, false)))
}

#[test]
fn the_committed_data_is_clean() {
    let suite = suite();
    assert!(suite.scenarios.len() > 70, "{}", suite.scenarios.len());
}
