//! `support`: what may be dropped, from real data and figures of a file.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{AS_OF, run};

/// Figures by which 17 falls, 16 is constant, 15 is unused.
fn figures() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "month,platform,major,devices\n".to_owned();
    let months = ["2025-11", "2025-12"]
        .into_iter()
        .map(str::to_owned)
        .chain((1..=10).map(|month| format!("2026-{month:02}")));
    for (position, month) in months.enumerate() {
        let _ = writeln!(text, "{month},iOS,17,{}", 1000 - 40 * position);
        let _ = writeln!(text, "{month},iOS,16,200\n{month},iOS,15,0");
        let _ = writeln!(text, "{month},iOS,18,{}", 5000 - 100 * position);
    }
    let path = folder.path().join("usage.csv");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

fn judged(arguments: &[&str]) -> Value {
    let mut all = vec!["support", "--json", "--as-of", AS_OF];
    all.extend(arguments);
    let said = run(&all);
    assert_eq!(said.code, Some(0), "{said:?}");
    said.summary()
}

fn rows(found: &Value) -> Vec<String> {
    found["candidates"]
        .as_array()
        .expect("candidates")
        .iter()
        .map(|row| {
            let word = |key: &str| row[key].as_str().expect("a word").to_owned();
            format!(
                "{} {} {} {}",
                word("platform"),
                word("candidate"),
                word("decision"),
                word("reason")
            )
        })
        .collect()
}

#[test]
fn the_three_newest_are_protected_and_17_may_go() {
    let (_folder, usage) = figures();
    let usage = usage.display().to_string();
    let found = judged(&[
        "--platform",
        "iOS",
        "--supported",
        "17,18,26,27",
        "--usage",
        &usage,
    ]);
    assert_eq!(
        rows(&found),
        [
            "iOS 17 eligible decreasing",
            "iOS 18 keep generation_floor",
            "iOS 26 keep generation_floor",
            "iOS 27 keep generation_floor"
        ]
    );
    assert_eq!(
        found["platforms"][0]["protected_if_all_supported"],
        serde_json::json!(["18", "26", "27"])
    );
    let first = &found["candidates"][0];
    assert_eq!(
        first["newer_supported"],
        serde_json::json!(["18", "26", "27"])
    );
    let trend = &first["trend"];
    assert_eq!(
        (trend["n"].as_i64(), trend["S"].as_i64()),
        (Some(12), Some(-66))
    );
    assert!((trend["Z"].as_f64().expect("Z") + 4.457).abs() < 0.001);
    assert_eq!(trend["slope_per_month"], -40.0);
    assert!((trend["relative_decline"].as_f64().expect("a part") - 0.44).abs() < 1e-9);
    assert_eq!(trend["verdict"], "decreasing");
    assert_eq!(trend["window"]["from"], "2025-11");
    // Without figures nothing may go.
    let found = judged(&[
        "--platform",
        "iOS",
        "--supported",
        "17,18,26,27",
        "--candidate",
        "17",
    ]);
    assert_eq!(rows(&found), ["iOS 17 keep insufficient_data"]);
    let trend = &found["candidates"][0]["trend"];
    assert_eq!(trend["n"], 0);
    assert_eq!(trend["verdict"], "insufficient_data");
    assert_eq!(trend["S"], Value::Null);
}

#[test]
fn candidates_go_together_and_leaving_ones_do_not_count() {
    let (_folder, usage) = figures();
    let usage = usage.display().to_string();
    let ask = |more: &[&str]| {
        let mut arguments = vec!["--platform", "ios", "--usage", &usage, "--supported"];
        arguments.extend(more);
        rows(&judged(&arguments))
    };
    assert_eq!(
        ask(&[
            "15,16,17,18,26,27",
            "--candidate",
            "15",
            "--candidate",
            "16",
            "--candidate",
            "17"
        ]),
        [
            "iOS 15 eligible unused",
            "iOS 16 keep not_decreasing",
            "iOS 17 eligible decreasing"
        ]
    );
    assert_eq!(
        ask(&["16,17,18,26", "--candidate", "16,17"]),
        [
            "iOS 16 keep generation_floor",
            "iOS 17 keep generation_floor"
        ]
    );
    assert_eq!(
        ask(&["15,17,18,26", "--candidate", "15", "--pending", "18"]),
        ["iOS 15 keep generation_floor"]
    );
    assert_eq!(
        ask(&["17,18,26,27", "--candidate", "16", "--candidate", "28"]),
        [
            "iOS 16 keep not_in_supported_set",
            "iOS 28 beta candidate_not_ga"
        ]
    );
    let named = judged(&[
        "--supported",
        "ios17,ios18,ios26,ios27",
        "--candidate",
        "ios17",
        "--usage",
        &usage,
    ]);
    assert_eq!(rows(&named), ["iOS 17 eligible decreasing"]);
}

#[test]
fn the_release_day_is_that_of_japan() {
    let arguments = [
        "support",
        "--json",
        "--platform",
        "iOS",
        "--supported",
        "17,18,26,27",
        "--candidate",
        "27",
    ];
    for (day, expected) in [
        ("2026-09-14", "iOS 27 beta candidate_not_ga"),
        ("2026-09-15", "iOS 27 keep generation_floor"),
    ] {
        let said = run(&[&arguments[..], &["--as-of", day]].concat());
        let found = said.summary();
        assert_eq!(rows(&found), [expected]);
        let early = if day == "2026-09-14" {
            vec!["27"]
        } else {
            vec![]
        };
        assert_eq!(
            found["platforms"][0]["not_released"],
            serde_json::json!(early)
        );
    }
}

#[test]
fn what_nobody_stated_is_unknown() {
    let found = judged(&[]);
    let platforms = found["platforms"].as_array().expect("platforms");
    assert_eq!(platforms.len(), 8);
    for row in platforms {
        assert_eq!(row["supported"], Value::Null, "{row}");
        assert_eq!(row["supported_source"], "unknown");
    }
    assert_eq!(rows(&found), Vec::<String>::new());
    let found = judged(&["--platform", "Android", "--candidate", "12L"]);
    assert_eq!(rows(&found), ["Android 12 keep supported_set_unknown"]);
    assert_eq!(found["candidates"][0]["newer_supported"], Value::Null);
    assert_eq!(found["candidates"][0]["stuck_models"], Value::Null);
}

#[test]
fn the_register_says_what_was_adopted() {
    let here = tempfile::tempdir().expect("a folder");
    super::data::copy_data(here.path());
    let mut text = String::new();
    for (id, adopted) in [
        ("ios17.0", "2023-10-02"),
        ("ios18.0", "2024-10-02"),
        ("ios26.0", "2025-10-01"),
        ("ios27.0", "2026-10-02"),
        // A beta is never adopted into the supported set.
        ("ios27.2-beta1", "2026-11-01"),
    ] {
        let _ = writeln!(text, "[\"{id}\"]\nadopted = {adopted}\n");
    }
    std::fs::write(here.path().join("reports/data/register.toml"), text).expect("written");
    let ask = |as_of: &str| {
        let said: crate::support::Said =
            crate::support::xtask(&["support", "--json", "--platform", "iOS", "--as-of", as_of])
                .current_dir(here.path())
                .output()
                .expect("it runs")
                .into();
        said.summary()
    };
    let found = ask("2026-10-01");
    assert_eq!(found["platforms"][0]["supported_source"], "register");
    assert_eq!(
        rows(&found),
        [
            "iOS 17 keep generation_floor",
            "iOS 18 keep generation_floor",
            "iOS 26 keep generation_floor"
        ]
    );
    let found = ask("2026-10-02");
    assert_eq!(
        rows(&found)[0],
        "iOS 17 keep insufficient_data",
        "27 is adopted"
    );
}

/// A copy of the data with a decision on iOS 17, which the made-up register has adopted beside 15, 16, 18, 26 and 27.
fn with_decision(decision: &str) -> TempDir {
    let here = tempfile::tempdir().expect("a folder");
    super::data::copy_data(here.path());
    let mut register = String::new();
    for major in ["15", "16", "17", "18", "26", "27"] {
        let _ = writeln!(register, "[\"ios{major}.0\"]\nadopted = 2026-10-02\n");
    }
    let data = here.path().join("reports/data");
    std::fs::write(data.join("register.toml"), register).expect("written");
    std::fs::create_dir_all(data.join("decisions")).expect("a folder");
    std::fs::write(data.join("decisions/2027-ios-17.toml"), decision).expect("written");
    here
}

#[test]
fn announced_removals_do_not_count_until_they_are_withdrawn() {
    const DECISION: &str = include_str!("../../../reports/tests/decisions/2027-ios-17.toml");
    let state = |state: &str, on: &str, more: &str| {
        DECISION.replace("state = \"announced\"", &format!("state = \"{state}\""))
            + &format!("\n[[history]]\non = {on}\nevent = \"{state}\"\n{more}")
    };
    let decided = DECISION.replace("state = \"announced\"", "state = \"decided\"");
    let postponed = state("postponed", "2026-12-01", "effective = 2027-02-03\n")
        .replace("change = 2027-01-27T19:00:00+09:00\n", "");
    let withdrawn = state("withdrawn", "2026-12-01", "");
    let effective = state("effective", "2027-01-27", "");
    // Newer than 16 are 17, 18, 26, 27; newer than 18 too few in any case.
    let all = serde_json::json!(["17", "18", "26", "27"]);
    let less = serde_json::json!(["18", "26", "27"]);
    for (name, decision, day, newer, leaving) in [
        ("before the notice", DECISION, "2026-11-22", &all, false),
        ("announced", DECISION, "2026-11-23", &less, true),
        ("only decided", &decided, "2026-12-02", &all, false),
        ("postponed", &postponed, "2026-12-02", &less, true),
        ("withdrawn", &withdrawn, "2026-12-02", &all, false),
        ("not yet withdrawn", &withdrawn, "2026-11-30", &less, true),
        ("in effect", &effective, "2027-01-27", &less, true),
    ] {
        let here = with_decision(decision);
        let said: crate::support::Said = crate::support::xtask(&[
            "support",
            "--json",
            "--platform",
            "iOS",
            "--as-of",
            day,
            "--candidate",
            "16",
            "--candidate",
            "17",
        ])
        .current_dir(here.path())
        .output()
        .expect("it runs")
        .into();
        assert_eq!(said.code, Some(0), "{name}: {said:?}");
        let found = said.summary();
        let leaves = found["platforms"][0]["leaving"] == serde_json::json!(["17"]);
        assert_eq!(leaves, leaving, "{name}");
        // Both together: 17 does not remain for 16, whatever the decision says.
        assert_eq!(found["candidates"][0]["newer_supported"], less, "{name}");
        let reason = found["candidates"][1]["reason"].as_str();
        let expected = if name == "in effect" {
            "not_in_supported_set"
        } else {
            "insufficient_data"
        };
        assert_eq!(reason, Some(expected), "{name}");
        let alone: crate::support::Said = crate::support::xtask(&[
            "support",
            "--json",
            "--platform",
            "iOS",
            "--as-of",
            day,
            "--candidate",
            "16",
        ])
        .current_dir(here.path())
        .output()
        .expect("it runs")
        .into();
        assert_eq!(
            alone.summary()["candidates"][0]["newer_supported"],
            *newer,
            "{name}"
        );
    }
}

#[test]
fn a_version_adopted_again_counts_again() {
    let decision = include_str!("../../../reports/tests/decisions/2027-ios-17.toml")
        .replace("state = \"announced\"", "state = \"effective\"")
        + "\n[[history]]\non = 2027-01-27\nevent = \"effective\"\n";
    let here = with_decision(&decision);
    let register = here.path().join("reports/data/register.toml");
    let text = std::fs::read_to_string(&register).expect("a file");
    std::fs::write(register, text + "[\"ios17.7\"]\nadopted = 2027-03-01\n").expect("written");
    for (day, newer) in [
        ("2027-02-28", &["18", "26", "27"][..]),
        ("2027-03-01", &["17", "18", "26", "27"]),
    ] {
        let said: crate::support::Said = crate::support::xtask(&[
            "support",
            "--json",
            "--platform",
            "iOS",
            "--as-of",
            day,
            "--candidate",
            "16",
        ])
        .current_dir(here.path())
        .output()
        .expect("it runs")
        .into();
        let found = said.summary();
        assert_eq!(
            found["candidates"][0]["newer_supported"],
            serde_json::json!(newer),
            "{day}"
        );
    }
}

#[test]
fn what_only_others_tell_does_not_count() {
    let found = judged(&[
        "--platform",
        "Windows",
        "--supported",
        "11-23h2,11-24h2,11-25h2,11-26h1,11-26h2",
    ]);
    let platform = &found["platforms"][0];
    assert_eq!(
        platform["protected_if_all_supported"],
        serde_json::json!(["11-24h2", "11-25h2", "11-26h1"])
    );
    assert_eq!(platform["unconfirmed"], serde_json::json!(["11-26h2"]));
    assert_eq!(
        rows(&found),
        [
            "Windows 11-23h2 keep insufficient_data",
            "Windows 11-24h2 keep generation_floor",
            "Windows 11-25h2 keep generation_floor",
            "Windows 11-26h1 keep generation_floor",
            "Windows 11-26h2 beta candidate_not_ga",
        ]
    );
}

#[test]
fn people_read_the_working() {
    let (_folder, usage) = figures();
    let usage = usage.display().to_string();
    let said = run(&[
        "support",
        "--as-of",
        AS_OF,
        "--platform",
        "iOS",
        "--supported",
        "16,17,18,26,27",
        "--usage",
        &usage,
    ]);
    for words in [
        "eligible",
        "-4.46",
        "44.0 %",
        "a person decides",
        "iPhone XR",
        "18, 26, 27",
        "█",
        "usage.csv",
    ] {
        assert!(said.out.contains(words), "{words} is not in {}", said.out);
    }
    let said = run(&["support", "--platform", "Windows", "--as-of", AS_OF]);
    assert!(said.out.contains("feature update"), "{said:?}");
}

#[test]
fn wrong_names_and_figures() {
    for (arguments, words) in [
        (&["--platform", "iPadO"][..], &["did you mean `iPadOS`"][..]),
        (
            &["--platform", "iOS", "--supported", "17,19"],
            &["--supported", "`19`"],
        ),
        (
            &["--platform", "iOS", "--candidate", "17.4"],
            &["did you mean `17`"],
        ),
        (&["--candidate", "17"], &["--platform"]),
        (
            &["--platform", "iOS", "--candidate", "macos15"],
            &["not of iOS"],
        ),
        (&["--platform", "Windows", "--candidate", "11"], &["11-2"]),
        (&["--usage", "/nonexistent.csv"], &["/nonexistent.csv"]),
    ] {
        let mut all = vec!["support"];
        all.extend(arguments);
        run(&all).check(64, words);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("usage.csv");
    std::fs::write(
        &path,
        "month,platform,major,devices\n2026-10,iOS,17,-1\n2026-13,iOS,17,1\n",
    )
    .expect("written");
    let path = path.display().to_string();
    run(&["support", "--usage", &path]).check(
        65,
        &["usage.csv:2:16", "usage.csv:3:1", "negative", "2 error(s)"],
    );
}
