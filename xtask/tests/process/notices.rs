//! Notices and the agenda: lawful, refused with the working, past due.

use std::path::Path;

use crate::support::{AS_OF, Said, root, run, xtask};

const DECISION: &str = include_str!("../../../reports/tests/decisions/2027-ios-17.toml");

fn check(effective: &str, more: &[&str]) -> Said {
    let mut arguments = vec![
        "notice",
        "check",
        "--decided",
        "2026-11-20",
        "--published",
        AS_OF,
        "--effective",
        effective,
        "--json",
    ];
    arguments.extend(more);
    run(&arguments)
}

#[test]
fn a_notice_is_accepted_or_refused_with_its_reasons() {
    let tokyo = &["--site", "Asia/Tokyo"][..];
    let said = check("2027-01-27T19:00:00+09:00", tokyo);
    assert_eq!(said.code, Some(0), "{said:?}");
    let answer = said.summary();
    assert_eq!(answer["accepted"], true);
    assert_eq!(answer["days_of_notice"], 65);
    assert_eq!(answer["earliest_allowed"], "2027-01-22");
    assert_eq!(
        answer["first_window"]["start_jst"],
        "2027-01-27T19:00:00+09:00"
    );
    let singapore = check("2027-01-27T20:00:00+09:00", &["--site", "Asia/Singapore"]).summary();
    assert_eq!(
        singapore["first_window"]["start_local"],
        "2027-01-27T19:00:00+08:00"
    );
    assert_eq!(
        singapore["first_window"]["end_jst"],
        "2027-01-28T01:00:00+09:00"
    );
    for (effective, more, reasons) in [
        ("2027-01-20T19:00:00+09:00", tokyo, vec!["too_early"]),
        ("2027-01-30T22:00:00+09:00", tokyo, vec!["wrong_window"]),
        ("2027-01-27T18:00:00+09:00", tokyo, vec!["outside_window"]),
        (
            "2027-01-27T20:00:00+09:00",
            &["--maintenance-notice", "2027-01-14"],
            vec!["maintenance_notice_too_late"],
        ),
    ] {
        let said = check(effective, more);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert_eq!(said.summary()["reasons"], serde_json::json!(reasons));
    }
}

#[test]
fn what_is_no_date_and_no_zone_is_usage() {
    check("2027-01-27T19:00:00", &[]).check(64, &["--effective", "offset"]);
    check("2027-01-27", &["--site", "Asia/Edo"]).check(64, &["Asia/Edo", "Asia/Tokyo"]);
    run(&["notice", "render", "2027-none"]).check(64, &["2027-none"]);
    run(&[
        "notice",
        "plan",
        "--platform",
        "ios",
        "--version",
        "19",
        "--as-of",
        AS_OF,
    ])
    .check(64, &["19", "18"]);
}

fn render(text: &str, folder: &Path) -> Said {
    let file = folder.join("2027-ios-17.toml");
    std::fs::write(&file, text).expect("written");
    run(&[
        "notice",
        "render",
        &file.display().to_string(),
        "--out",
        &folder.join("out").display().to_string(),
        "--as-of",
        AS_OF,
        "--json",
    ])
}

#[test]
fn an_unlawful_notice_is_not_rendered() {
    let folder = tempfile::tempdir().expect("a folder");
    let unlawful = DECISION.replace("effective = 2027-01-27", "effective = 2027-01-21");
    render(&unlawful, folder.path()).check(1, &["RP0404", "59 days", "2027-01-22", "unlawful"]);
    assert!(!folder.path().join("out").exists(), "nothing is written");
    let broken = DECISION.replace("platform = \"ios\"", "platform = \"iso\"");
    render(&broken, folder.path()).check(65, &["RP0401", "did you mean `ios`"]);
    let said = render(DECISION, folder.path());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.summary()["files"].as_array().map(Vec::len), Some(21));
    let html = std::fs::read_to_string(folder.path().join("out/notice.html")).expect("a page");
    assert!(html.contains("iOS 17 の動作管理対象終了のお知らせ"));
}

#[test]
fn the_agenda_is_past_due_when_something_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("agenda.ics");
    let said = run(&[
        "agenda",
        "--as-of",
        AS_OF,
        "--json",
        "--ics",
        &file.display().to_string(),
    ]);
    assert_eq!(said.code, Some(12), "{said:?}");
    let list = said.summary();
    assert_eq!(list["past_due"], true);
    let entries = list["entries"].as_array().expect("entries");
    assert!(
        entries
            .iter()
            .any(|entry| entry["subject"] == "ios27.0" && entry["date"] == "2026-10-02")
    );
    let text = std::fs::read_to_string(&file).expect("a calendar");
    assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.contains("report_due.ios27.0@"));
    // Before anything came out there is nothing to do, and at the end of time nothing breaks.
    assert_eq!(run(&["agenda", "--as-of", "2000-01-01"]).code, Some(0));
    assert_eq!(
        run(&["agenda", "--as-of", "9999-12-31", "--days", "36600"]).code,
        Some(0)
    );
}

#[test]
fn the_agenda_names_known_issues_by_their_last_day() {
    let here = tempfile::tempdir().expect("a folder");
    crate::data::copy_data(here.path());
    std::fs::write(
        here.path().join("reports/data/known_issues.toml"),
        "[[issue]]\nid = \"KI-1\"\nfeature = \"remote-lock\"\non = [{ platform = \"ios\" }]\nparty = \"os\"\nowner = \"QA\"\nopened = 2026-11-01\nexpires = 2026-12-01\n",
    )
    .expect("written");
    for (day, when) in [
        ("2026-11-24", "later"),
        ("2026-12-01", "today"),
        ("2026-12-02", "overdue"),
    ] {
        let said: Said = xtask(&["agenda", "--json", "--as-of", day])
            .current_dir(here.path())
            .output()
            .expect("it runs")
            .into();
        let list = said.summary();
        let entry = list["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .find(|entry| entry["clock"] == "known_issue")
            .unwrap_or_else(|| panic!("{day}: {list}"));
        assert_eq!(
            (
                entry["subject"].as_str(),
                entry["date"].as_str(),
                entry["when"].as_str()
            ),
            (Some("KI-1"), Some("2026-12-01"), Some(when))
        );
    }
}

#[test]
fn lint_refuses_an_impossible_decision_and_other_verbs_go_on() {
    let here = tempfile::tempdir().expect("a folder");
    for folder in ["device-matrix/data", "scenarios/data", "reports/data"] {
        crate::data::copy(&root().join(folder), &here.path().join(folder));
    }
    std::fs::copy(root().join("verify.toml"), here.path().join("verify.toml")).expect("copied");
    let unlawful = DECISION.replace("effective = 2027-01-27", "effective = 2027-01-21");
    std::fs::write(
        here.path().join("reports/data/decisions/2027-ios-17.toml"),
        unlawful,
    )
    .expect("written");
    let run = |arguments: &[&str]| -> Said {
        let mut command = xtask(arguments);
        command
            .current_dir(here.path())
            .output()
            .expect("it runs")
            .into()
    };
    let linted = run(&["lint", "--json"]);
    assert_eq!(linted.code, Some(1), "{linted:?}");
    let row = linted.summary()["diagnostics"][0].clone();
    assert_eq!(
        (row["code"].as_str(), row["line"].as_u64()),
        (Some("RP0404"), Some(8))
    );
    run(&["agenda", "--as-of", AS_OF]).check(65, &["RP0404"]);
    run(&["notice", "render", "2027-ios-17"]).check(1, &["RP0404"]);
    assert_eq!(run(&["matrix", "ios18", "--tier", "smoke"]).code, Some(0));
}
