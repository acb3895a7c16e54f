//! What people saw: appended, attributed, never twice, and what a final report needs.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{AS_OF, Said, assessment, json, run as say};
use crate::triage::planted;

const CASE: &str = "remote-lock@ios18.1/iPhone17,2/ade/fresh";

fn record(run: &Path, more: &[&str]) -> Said {
    let run = run.display().to_string();
    let mut words = vec!["record", &run, "--on", AS_OF];
    words.extend(more);
    say(&words)
}

fn lines(run: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(run.join("manual.jsonl")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_persons_look_is_kept_with_its_picture_and_contradicts_by_name() {
    let (out, run) = planted("remote-lock", None);
    let picture = out.path().join("lock.jpg");
    std::fs::write(&picture, b"picture").expect("written");
    let picture = picture.display().to_string();
    let all = [
        CASE,
        "--outcome",
        "fails",
        "--by",
        "Sato",
        "--note",
        "stayed unlocked",
        "--device",
        "iPhone17,2",
        "--build",
        "22B83",
        "--serial-suffix",
        "4F2K",
        "--file",
        &picture,
    ];
    let said = record(&run, &all);
    assert_eq!(said.code, Some(0), "{said:?}");
    record(&run, &all).check(64, &["exactly this", "nothing was recorded"]);
    assert_eq!(lines(&run).len(), 1);
    let sha = json(&run.join("manual.jsonl"))["files"][0]["sha256"].clone();
    let kept = run.join("evidence").join(sha.as_str().expect("a digest"));
    assert_eq!(std::fs::read(kept).expect("kept"), b"picture");
    let told = assessment(&run);
    let case = |told: &serde_json::Value| -> serde_json::Value {
        let rows = told["outcomes"].as_array().expect("rows");
        rows.iter()
            .find(|row| row["id"] == CASE)
            .expect("the case")
            .clone()
    };
    assert_eq!(case(&told)["outcome"], "fails");
    assert_eq!(case(&told)["manual"]["run"], "works");
    let findings = told["findings"].as_array().expect("findings");
    let conflict = findings.iter().find(|row| row["kind"] == "contradiction");
    let conflict = conflict.expect("a contradiction").to_string();
    assert!(
        conflict.contains("Sato") && conflict.contains("22B83"),
        "{conflict}"
    );
    let report = std::fs::read_to_string(run.join("report.en.md")).expect("report");
    assert!(report.contains("Sato"), "{report}");

    // Somebody looks again: both stay, the later one counts.
    let said = record(
        &run,
        &[
            CASE,
            "--outcome",
            "works",
            "--by",
            "Ito",
            "--note",
            "locked",
        ],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(lines(&run).len(), 2);
    let told = case(&assessment(&run));
    assert_eq!(told["outcome"], "works");
    assert_eq!(
        told["manual"]["statements"].as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn wrong_words_are_told_with_the_nearest_and_nothing_is_recorded() {
    let (_out, run) = planted("remote-lock", None);
    let rows: [(&str, &[&str], &str); 6] = [
        (
            "remote-lok@ios18.1/iPhone17,2/ade/fresh",
            &["--outcome", "works"],
            "did you mean `remote-lock`",
        ),
        (
            "remote-lock@ios18.1/iPhone17,3/ade/fresh",
            &["--outcome", "works"],
            "did you mean `ios18.1/iPhone17,2/ade/fresh`",
        ),
        (CASE, &["--outcome", "work"], "did you mean `works`"),
        (
            CASE,
            &["--outcome", "works_with_restrictions"],
            "known ones: lock",
        ),
        (
            CASE,
            &["--outcome", "fails", "--part", "locl"],
            "did you mean `lock`",
        ),
        (
            CASE,
            &["--outcome", "fails", "--file", "/nowhere.jpg"],
            "/nowhere.jpg",
        ),
    ];
    for (case, more, words) in rows {
        let mut all = vec![case, "--by", "Sato", "--note", "seen"];
        all.extend(more);
        record(&run, &all).check(64, &[words, "nothing was recorded"]);
    }
    assert!(lines(&run).is_empty());
}

#[test]
fn a_csv_is_taken_as_a_whole_or_not_at_all() {
    let (out, run) = planted("remote-lock", None);
    let path = out.path().join("looks.csv");
    let csv = path.display().to_string();
    let head = "case,outcome,by,note,on,model,build";
    let good = format!("\"{CASE}\",works,Sato,locked,2026-11-22,\"iPhone17,2\",22B83");
    let console = "login@ios18.1/iPhone17,2/ade/fresh";
    std::fs::write(
        &path,
        format!("{head}\n{good}\n\"{CASE}\",great,Sato,x,,,\n\"{console}\",works,,x,,,\n{good}\n"),
    )
    .expect("written");
    record(&run, &["--csv", &csv]).check(
        64,
        &["looks.csv:3", "looks.csv:4", "looks.csv:5", "exactly this"],
    );
    assert!(lines(&run).is_empty());
    std::fs::write(&path, format!("case,outcom,by,note\n{good}\n")).expect("written");
    record(&run, &["--csv", &csv]).check(
        64,
        &[
            "looks.csv:1",
            "did you mean `outcome`",
            "`outcome` is missing",
        ],
    );
    std::fs::write(&path, format!("{head}\n{good}\n")).expect("written");
    let said = record(&run, &["--csv", &csv]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(lines(&run).len(), 1);
}

#[test]
fn a_final_report_needs_a_look_at_a_real_device() {
    let (_out, run) = planted("remote-lock", None);
    // The product's own server, as far as the record tells.
    let path = run.join("events.jsonl");
    let text = std::fs::read_to_string(&path).expect("events");
    let text = text.replacen(
        r#""server_origin":"reference""#,
        r#""server_origin":"product""#,
        1,
    );
    std::fs::write(&path, text).expect("written");
    let folder = run.display().to_string();
    let sign = || {
        say(&[
            "sign", &folder, "--by", "QA", "--state", "final", "--as-of", AS_OF, "--json",
        ])
    };
    let refused = sign();
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("only virtual devices"), "{refused:?}");
    // Everything that no protocol decides is looked at by a person.
    let open = assessment(&run);
    for row in open["outcomes"].as_array().expect("rows") {
        if row["offered"] == "yes" {
            let case = row["id"].as_str().expect("an id");
            let said = record(
                &run,
                &[
                    case,
                    "--outcome",
                    "works",
                    "--by",
                    "Sato",
                    "--note",
                    "locked",
                ],
            );
            assert_eq!(said.code, Some(0), "{said:?}");
        }
    }
    // So is every feature that no scenario exercises: on the level of the feature, all at once.
    let cell = "ios18.1/iPhone17,2/ade/fresh";
    let mut csv = String::from("case,outcome,by,note\n");
    for group in assessment(&run)["groups"].as_array().expect("groups") {
        for (feature, mark) in group["marks"].as_object().expect("marks") {
            if mark == "not_tested" {
                writeln!(csv, "\"{feature}@{cell}\",works,Sato,seen").expect("text");
            }
        }
    }
    let path = run.join("looks.csv");
    std::fs::write(&path, csv).expect("written");
    let said = record(&run, &["--csv", &path.display().to_string()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let report = json(&run.join("report.json"));
    let origins = report["head"]["origins"].as_array().expect("origins");
    let manual = origins
        .iter()
        .find(|row| row["origin"] == "manual")
        .expect("manual");
    assert!(manual["cells"].as_u64() > Some(0), "{origins:?}");
    let signed = sign();
    let refused: Vec<&str> = ["only virtual devices", "took no part"]
        .into_iter()
        .filter(|word| signed.err.contains(word))
        .collect();
    assert!(refused.is_empty(), "{signed:?}");
    assert_eq!(signed.code, Some(0), "{signed:?}");
    assert_eq!(signed.summary()["state"], "final");
}
