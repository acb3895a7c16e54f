//! Ctrl-C, `--resume`, and what a resumed run refuses.

use std::process::Command;

use crate::support::{AS_OF, Running, figures, run, start};

#[test]
fn an_interrupted_run_is_continued_by_its_record_alone() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().display().to_string();
    let plan = [
        "verify",
        "ios18.1",
        "--json",
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
        "--out",
        &out,
    ];
    let whole = run(&plan);
    let (running, mut lines) = start(&plan);
    Running::wait_for(&mut lines, "cases, ");
    let pid = running.0.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill runs").success());
    let broken = running.finish(lines);
    broken.check(130, &["interrupted after", "--resume"]);
    let folder = broken.folder();
    assert_ne!(figures(&folder), figures(&whole.folder()));

    let name = folder.display().to_string();
    run(&[
        "verify", "ios18.1", "--resume", &name, "--seed", "8", "--tier", "smoke",
    ])
    .check(
        64,
        &[
            "the record of another run",
            "--seed: the record has 7, the command line 8",
            "--tier: the record has full, the command line smoke",
        ],
    );
    let resumed = run(&["verify", "--json", "--resume", &name]);
    assert_eq!(resumed.code, whole.code, "{resumed:?}");
    assert_eq!(figures(&folder), figures(&whole.folder()));
    assert_eq!(resumed.summary()["outcomes"], whole.summary()["outcomes"]);

    let events = folder.join("events.jsonl");
    let text = std::fs::read_to_string(&events).expect("a record");
    let other = text.replacen("\"facts\":\"", "\"facts\":\"older ", 1);
    std::fs::write(&events, other).expect("written");
    run(&["verify", "--resume", &name])
        .check(65, &["the data has changed", "facts: the record has"]);
}
