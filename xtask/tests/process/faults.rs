//! Planted faults: caught, named, and never mistaken for a report.

use crate::support::{AS_OF, run as say};

#[test]
fn faults_of_every_party_are_caught_and_named() {
    let said = say(&[
        "faults",
        "--as-of",
        AS_OF,
        "--json",
        "--id",
        "apple-r1-cellular-queries-removed",
        "--id",
        "apple-r6-stale-verdict",
        "--id",
        "apple-kind-effect-missing",
        "--id",
        "apple-kind-lost-by-update",
        "--id",
        "apple-kind-server-drops-key",
        "--id",
        "apple-kind-server-exact-versions",
        "--id",
        "apple-kind-push-lost",
    ]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let answer = said.summary();
    assert_eq!(answer["clean_false_alarms"], serde_json::json!([]));
    let rows = answer["faults"].as_array().expect("rows");
    assert_eq!(rows.len(), 7);
    for row in rows {
        assert_eq!(row["verdict"]["detected"], true, "{row}");
        assert_eq!(row["verdict"]["scope"], true, "{row}");
        assert_eq!(row["verdict"]["party"], true, "{row}");
    }
    let later = answer["later"].as_array().expect("rows");
    assert!(
        later.iter().any(|row| row["story"] == "W-01"),
        "other vendors wait: {later:?}"
    );
}

#[test]
fn a_report_with_a_planted_fault_says_so_and_is_not_signed() {
    let out = tempfile::tempdir().expect("folder");
    let said = say(&[
        "verify",
        "ios18.1",
        "--tier",
        "full",
        "--model",
        "iPhone17,2",
        "--enrollment",
        "ade",
        "--feature",
        "remote-lock",
        "--fault",
        "apple-kind-acknowledged-only",
        "--as-of",
        AS_OF,
        "--json",
        "--out",
        &out.path().display().to_string(),
    ]);
    assert_eq!(said.code, Some(10), "{said:?}");
    let run = said.folder();
    let read = |name: &str| std::fs::read_to_string(run.join(name)).expect("a file of the run");
    let texts = ["report.ja.md", "report.json"].map(&read);
    assert!(texts[0].contains("故障が仕込まれています"), "{}", texts[0]);
    assert!(texts[1].contains("planted_fault"));
    let head = read("events.jsonl");
    let head = head.lines().next().unwrap_or_default();
    assert!(
        head.contains(r#""fault":"apple-kind-acknowledged-only""#),
        "{head}"
    );
    let run = run.display().to_string();
    let signed = say(&[
        "sign", &run, "--by", "QA", "--state", "final", "--as-of", AS_OF,
    ]);
    assert_eq!(signed.code, Some(1), "{signed:?}");
    assert!(signed.err.contains("a fault was planted"), "{signed:?}");
}

#[test]
fn a_fault_that_does_not_apply_is_refused_with_the_reason() {
    let rows = [
        (
            vec!["macos15.4", "--fault", "apple-kind-effect-missing"],
            "ios18.1",
        ),
        (
            vec!["ios18.1", "--fault", "apple-kind-efect-missing"],
            "did you mean `apple-kind-effect-missing`",
        ),
        (
            vec!["ios26.0", "--fault", "apple-r1-cellular-queries-removed"],
            "nothing to plant",
        ),
        (
            vec!["ios18.1", "--fault", "windows-w01-exact-request-version"],
            "no virtual device yet",
        ),
        (
            vec![
                "ios18.1",
                "--fault",
                "apple-kind-server-drops-key",
                "--server",
                "nanomdm",
            ],
            "embedded server",
        ),
    ];
    for (arguments, words) in rows {
        let mut all = vec!["verify", "--as-of", AS_OF, "--tier", "smoke"];
        all.extend(arguments);
        let said = say(&all);
        assert_eq!(said.code, Some(64), "{said:?}");
        assert!(said.err.contains(words), "{words}: {said:?}");
    }
}
