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
    assert_eq!(found["candidates"][0]["trend"], Value::Null);
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
