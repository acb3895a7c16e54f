//! A server in another process is judged as the embedded one is.

use crate::support::{AS_OF, Place, figures, run, words};

/// Smoke, and the features that look at what arrives late at the harness: events about check-ins.
const RUNS: [&[&str]; 2] = [
    &[
        "ios18.1", "--tier", "smoke", "--as-of", AS_OF, "--seed", "7",
    ],
    &[
        "ios18.1",
        "--enrollment",
        "profile",
        "--as-of",
        AS_OF,
        "--seed",
        "7",
        "--feature",
        "selective-wipe",
        "--feature",
        "withdraw-registration",
        "--feature",
        "os-update",
    ],
];

fn same(push: bool) {
    let place = Place::new(push);
    let _server = place.serve();
    let out = place.folder.path().join("embedded").display().to_string();
    for arguments in RUNS {
        let embedded = run(&[&["verify", "--json", "--out", &out], arguments].concat());
        // Twice: the server keeps what the first run has sent.
        for _ in 0..2 {
            let other = run(&words(&place.verify(arguments)));
            assert_eq!(other.code, embedded.code, "{other:?}");
            assert_eq!(figures(&other.folder()), figures(&embedded.folder()));
        }
    }
}

#[test]
fn devices_that_poll() {
    same(false);
}

#[test]
fn devices_that_are_woken() {
    same(true);
}
