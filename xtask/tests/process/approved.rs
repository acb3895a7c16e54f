//! Approved behavior: proposed from a run, accepted with a name, and caught when it is otherwise.

use crate::support::{AS_OF, run};

#[test]
fn what_is_accepted_is_approved_and_a_difference_is_proposed_with_its_path() {
    let place = tempfile::tempdir().expect("a folder");
    let out = place.path().join("runs").display().to_string();
    let folder = place.path().join("baselines").display().to_string();
    let recorded = run(&[
        "verify",
        "ios18.1",
        "--json",
        "--tier",
        "smoke",
        "--feature",
        "remote-lock",
        "--as-of",
        AS_OF,
        "--out",
        &out,
    ])
    .folder();
    let recorded = recorded.display().to_string();
    let check = || {
        run(&[
            "snapshot", "check", &recorded, "--folder", &folder, "--json",
        ])
    };
    let first = check();
    assert_eq!(first.code, Some(1), "{first:?}");
    let proposals = first.summary()["proposals"]
        .as_array()
        .expect("proposals")
        .len();
    assert!(proposals > 0);
    run(&[
        "snapshot", "accept", "--run", &recorded, "--folder", &folder, "--why", "x",
    ])
    .check(64, &["--who"]);
    let decide = ["--who", "QA", "--why", "first recording", "--as-of", AS_OF];
    let accepted = run(&[
        &[
            "snapshot", "accept", "--run", &recorded, "--folder", &folder,
        ][..],
        &decide,
    ]
    .concat());
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    assert_eq!(check().code, Some(0), "approved now");
    let listed = run(&["snapshot", "list", "--folder", &folder, "--json"]).summary();
    let path = listed["files"][0]["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert_eq!(listed["files"][0]["who"], "QA");
    assert_eq!(listed["files"][0]["state"], "approved");

    // The approved answer had a key that the device no longer sends.
    let text = std::fs::read_to_string(&path).expect("a baseline");
    let older = text.replacen(
        "\"Status\":\"Acknowledged\"",
        "\"Status\":\"Acknowledged\",\"Gone\":1",
        1,
    );
    assert_ne!(text, older);
    std::fs::write(&path, older).expect("written");
    let differs = check();
    assert_eq!(differs.code, Some(1), "{differs:?}");
    assert!(differs.out.contains("/Gone"), "{}", differs.out);
    let proposal = format!("{path}.new");
    let rejected = run(&[
        &["snapshot", "reject", &proposal, "--folder", &folder][..],
        &decide,
    ]
    .concat());
    assert_eq!(rejected.code, Some(0), "{rejected:?}");
    let known = check();
    assert_eq!(
        known.code,
        Some(0),
        "what was rejected is not proposed again: {known:?}"
    );
    assert!(known.summary()["rejected"].as_u64().is_some_and(|n| n > 0));
}
