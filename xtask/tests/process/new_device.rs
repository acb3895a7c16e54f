//! A new device: obtained on the day it was delivered, in every document of its run.

use crate::support::{json, run};

#[test]
fn the_day_of_delivery_counts() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().display().to_string();
    let verified = run(&[
        "verify",
        "--json",
        "--model",
        "iPhone17,2",
        "--delivered",
        "2026-11-18",
        "--as-of",
        "2026-11-20",
        "--tier",
        "smoke",
        "--feature",
        "remote-lock",
        "--out",
        &out,
    ]);
    assert!(matches!(verified.code, Some(0 | 10 | 11)), "{verified:?}");
    let folder = verified.folder();
    let name = folder.display().to_string();
    let obtained = || {
        let report = json(&folder.join("report.json"));
        let release = report["head"]["releases"][0].clone();
        (
            release["obtained"].clone(),
            release["obtained_source"].clone(),
        )
    };
    assert_eq!(obtained(), ("2026-11-18".into(), "delivered".into()));
    let before = std::fs::read(folder.join("report.html")).expect("a report");
    assert_eq!(run(&["report", "--json", &name]).code, verified.code);
    assert!(before == std::fs::read(folder.join("report.html")).expect("a report"));
    // Nothing but virtual devices: refused, with the reason and not for want of the target.
    let signed = run(&["sign", &name, "--by", "QA", "--state", "final"]);
    assert_eq!(signed.code, Some(1), "{signed:?}");
}
