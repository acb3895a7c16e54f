//! The importers, on a small hand-made input.

use std::fmt::Write as _;

use device_matrix::import::{ImportError, calendar, releases};

/// Two platforms' worth of the cases that need a decision; the other platforms are empty.
fn input() -> String {
    let empty = r#"{ "generation_order": [], "majors": [], "betas": [] }"#;
    let ios = r#"{
      "generation_order": [
        { "generation": 1, "major": "17", "ga_date": "2023-09-18" },
        { "generation": 2, "major": "18", "ga_date": "2024-09-16" } ],
      "majors": [
        { "major": "17", "point_releases": [
            { "version": "17.0", "date": "2023-09-18", "sources": ["A"], "builds": [
              { "build": "21A329", "date": "2023-09-18", "note": "preinstalled only" },
              { "build": "21A326", "date": "2023-09-22", "note": "preinstalled only" } ] } ],
          "supported_devices": [ { "id": "iPhone12,1", "first": "17.0", "last": "17.0" },
                                 { "id": "iPhone15,4", "first": "17.0", "last": "17.0" } ] },
        { "major": "18", "point_releases": [
            { "version": "18.1", "date": "2024-10-28", "sources": ["A", "E"], "other_dates": { "2024-11-01": ["S"] },
              "builds": [ { "build": "22B83", "date": "2024-10-28" }, { "build": "22B2083", "date": "2024-10-30" } ] },
            { "version": "18.0", "date": "2024-09-16", "sources": ["A"], "builds": [] } ],
          "supported_devices": [ { "id": "iPhone12,1", "first": "18.1", "last": "18.1" },
                                 { "id": "iPhone15,4", "first": "18.1", "last": "18.1" },
                                 { "id": "iPhone17,5", "first": "18.1", "last": "18.1" } ] } ],
      "betas": [
        { "version": "18.0", "kind": "rc", "number": 1, "build": "22A3351", "seeded": "2024-09-09", "sources": ["A"] },
        { "version": "18.0", "kind": "beta", "number": 10, "build": "22A5307f", "seeded": "2024-08-20", "sources": ["A"] },
        { "version": "18.0", "kind": "beta", "number": 2, "build": "22A5307i", "seeded": "2024-07-15", "sources": ["B"] },
        { "version": "18.0", "kind": "beta", "number": 2, "build": "22A5307e", "seeded": "2024-07-08", "sources": ["A"] },
        { "version": "18.0", "kind": "beta", "number": 1, "build": "22A5282m", "seeded": "", "sources": ["A"] } ]
    }"#;
    let macos = r#"{
      "generation_order": [ { "generation": 1, "major": "10.14", "ga_date": null } ],
      "majors": [ { "major": "10.14",
        "point_releases": [ { "version": "10.14", "date": null, "sources": ["A"] } ],
        "supported_devices": [ { "id": "MacBookPro15,1-2018", "first": "10.14", "last": "10.14" },
                               { "id": "MacBookPro15,1-2019", "first": "10.14", "last": "10.14" } ] } ],
      "betas": [] }"#;
    format!(
        r#"{{ "schema": "os-compat-facts/1", "generated": "2026-01-02",
          "sources": {{ "A": "a snapshot", "B": "a feed" }},
          "cutoffs": {{ "not_known": "anything after 2026-01-01", "eol": "not imported" }},
          "platforms": {{ "iOS": {ios}, "iPadOS": {empty}, "macOS": {macos}, "tvOS": {empty}, "watchOS": {empty},
            "visionOS": {empty} }},
          "devices": {{
            "iPhone12,1": {{ "names": ["iPhone 11"], "released": "2019-09-20", "soc": "A13", "sources": ["A"] }},
            "iPhone15,4": {{ "names": ["iPhone 15"], "released": "2023-09-22", "soc": "A16", "sources": ["A"] }},
            "iPhone17,5": {{ "names": ["iPhone 16e"], "released": "2025", "soc": ["A18", "C1"], "sources": ["S"] }} }},
          "android": {{ "not": "read" }} }}"#
    )
}

#[test]
fn releases_and_models_become_readable_files() {
    let files = releases::import(&input()).expect("the input is right");
    assert_eq!(files.len(), 12);
    let mut shown = String::new();
    for file in &files {
        let path = file.path.to_string_lossy();
        if path.ends_with("/ios.toml") || path.ends_with("/macos.toml") {
            let _ = writeln!(shown, "=== {path}\n{}", file.text);
        }
    }
    insta::assert_snapshot!(shown);
    assert_eq!(
        files,
        releases::import(&input()).expect("the input is right")
    );
}

#[test]
fn a_wrong_input_is_refused_with_its_place() {
    let wrong = |from: &str, to: &str| {
        releases::import(&input().replacen(from, to, 1))
            .expect_err("the input is wrong")
            .to_string()
    };
    let messages = [
        wrong("os-compat-facts/1", "os-compat-facts/2"),
        wrong(r#""version": "18.1""#, r#""version": "18.x""#),
        wrong(r#""kind": "rc""#, r#""kind": "gold""#),
        wrong("anything after 2026-01-01", "anything later"),
        wrong(r#""iPadOS""#, r#""PadOS""#),
        releases::import("{").expect_err("no JSON").to_string(),
        releases::import("[]").expect_err("no object").to_string(),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn holidays_become_a_readable_file() {
    let input = r#"{ "schema": "jp-holidays/1", "source": "Cabinet Office", "official_from": "2027-01-01",
        "official_through": "2027-12-31", "official": { "2027-01-01": "元日" }, "provisional_note": "computed",
        "provisional": { "2028-01-01": "元日" }, "superseded": { "2020-11-18": { "2021-07-19": "海の日" } } }"#;
    let files = calendar::import(input).expect("the input is right");
    insta::assert_snapshot!(files[0].text);
    let error = calendar::import(&input.replace("2028-01-01", "2028-13-01"));
    assert!(matches!(error, Err(ImportError::Value { .. })));
}
