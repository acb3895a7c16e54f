//! A server that is killed in the middle of a run.

use crate::support::{AS_OF, Place, Running, assessment, figures, run, start, words};

#[test]
fn the_rest_is_blocked_and_the_run_goes_on_later() {
    let place = Place::new(false);
    let server = place.serve();
    let plan = [
        "ios18.1",
        "--tier",
        "full",
        "--enrollment",
        "profile",
        "--feature",
        "selective-wipe",
        "--feature",
        "remote-lock",
        "--as-of",
        AS_OF,
        "--seed",
        "7",
        "--jobs",
        "1",
    ];
    let whole = run(&words(&place.verify(&plan)));
    assert!(matches!(whole.code, Some(0 | 10)), "{whole:?}");

    let (running, mut lines) = start(&words(&place.verify(&plan)));
    Running::wait_for(&mut lines, "cases, ");
    drop(server);
    let broken = running.finish(lines);
    broken.check(
        11,
        &[
            "the server went away",
            "Check that the server is running",
            "--resume",
        ],
    );
    let folder = broken.folder();
    let blocked = assessment(&folder)["outcomes"]
        .as_array()
        .expect("outcomes")
        .iter()
        .filter(|case| case["outcome"] == "blocked")
        .count();
    assert!(blocked > 0);

    let name = folder.display().to_string();
    let down = run(&words(&place.verify(&["--resume", &name])));
    down.check(69, &["no connection to"]);
    let _server = place.serve();
    let resumed = run(&words(&place.verify(&["--resume", &name])));
    assert_eq!(resumed.code, whole.code, "{resumed:?}");
    assert_eq!(figures(&folder), figures(&whole.folder()));
    let summary = |said: &crate::support::Said| {
        let summary = said.summary();
        (summary["cases"].clone(), summary["outcomes"].clone())
    };
    assert_eq!(summary(&resumed), summary(&whole));
}
