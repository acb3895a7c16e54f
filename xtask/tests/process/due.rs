//! `due`: one clock for a script and for a person, with its exit code.

use crate::support::{run, xtask};

fn counted(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut all = vec!["due", "--json"];
    all.extend(arguments);
    let said = run(&all);
    (said.code, said.summary())
}

#[test]
fn silver_week_in_every_offset() {
    for acquired in [
        "2026-09-15T02:00:00+09:00",
        "2026-09-14T10:00:00-07:00",
        "2026-09-14T17:00:00Z",
        "2026-09-15T23:59:59+09:00",
        "2026-09-15",
    ] {
        let (code, found) = counted(&[
            "--acquired",
            acquired,
            "--as-of",
            "2026-09-15",
            "--no-company-calendar",
        ]);
        assert_eq!(code, Some(0));
        assert_eq!(found["acquired_jst"], "2026-09-15", "{acquired}");
        assert_eq!(found["due"], "2026-10-02", "{acquired}");
        assert_eq!(found["business_days"], 10);
        assert_eq!(found["days_left"], 10);
        assert_eq!(found["state"], "due");
        assert_eq!(found["provisional_calendar"], false);
        assert_eq!(found["schema_version"], 1);
        let skipped = found["skipped"].as_array().expect("days");
        assert_eq!(skipped.len(), 7);
        assert_eq!(skipped[3]["date"], "2026-09-22", "between two holidays");
        assert_eq!(skipped[4]["why"], "Autumnal Equinox Day");
    }
}

#[test]
fn the_state_and_the_exit_code() {
    let begin = ["--acquired", "2026-09-15"];
    for (more, code, state, left, on_time) in [
        (&["--as-of", "2026-09-28"][..], 0, "due", 4, None),
        (&["--as-of", "2026-09-29"], 0, "due_soon", 3, None),
        (&["--as-of", "2026-10-02"], 0, "due_soon", 0, None),
        (&["--as-of", "2026-10-03"], 12, "late", 0, None),
        (&["--as-of", "2026-10-05"], 12, "late", -1, None),
        (
            &[
                "--as-of",
                "2026-10-05",
                "--published",
                "2026-10-02T23:00:00+09:00",
            ],
            0,
            "done",
            -1,
            Some(true),
        ),
        // Already the third in Japan.
        (
            &[
                "--as-of",
                "2026-10-05",
                "--published",
                "2026-10-02T16:00:00Z",
            ],
            0,
            "done",
            -1,
            Some(false),
        ),
        (
            &["--as-of", "2026-10-05", "--published", "2026-10-06"],
            12,
            "late",
            -1,
            None,
        ),
    ] {
        let (found_code, found) = counted(&[&begin, more].concat());
        assert_eq!(found_code, Some(code), "{more:?}");
        assert_eq!(found["state"], state, "{more:?}");
        assert_eq!(found["days_left"], left, "{more:?}");
        assert_eq!(found["on_time"].as_bool(), on_time, "{more:?}");
    }
}

#[test]
fn company_days_and_other_numbers() {
    let begin = ["--acquired", "2026-12-28", "--as-of", "2026-12-28"];
    for (more, due) in [
        (&["--business-days", "3"][..], "2026-12-31"),
        (&["--business-days", "0"], "2026-12-28"),
        (
            &[
                "--business-days",
                "3",
                "--company-holiday",
                "2026-12-29",
                "--company-holiday",
                "2026-12-30",
                "--company-holiday",
                "2026-12-31",
            ],
            "2027-01-06",
        ),
        // A Saturday and a holiday are closed anyway.
        (
            &[
                "--company-holiday",
                "2027-01-02",
                "--company-holiday",
                "2027-01-01",
            ],
            "2027-01-13",
        ),
    ] {
        let (code, found) = counted(&[&begin, more].concat());
        assert_eq!(code, Some(0));
        assert_eq!(found["due"], due, "{more:?}");
    }
    let (_, found) = counted(&["--acquired", "2027-12-24", "--as-of", "2027-12-24"]);
    assert_eq!(found["provisional_calendar"], true);
    let (_, found) = counted(&["--acquired", "2024-02-28", "--business-days", "1"]);
    assert_eq!(found["due"], "2024-02-29");
}

#[test]
fn closures_of_the_vendor_can_be_left_out() {
    let here = tempfile::tempdir().expect("a folder");
    super::data::copy_data(here.path());
    let path = here.path().join("verify.toml");
    let text = std::fs::read_to_string(&path).expect("a file");
    let closure = "\n[[closure]]\nfrom = 2026-12-29\nuntil = 2027-01-03\n\
                   name = { ja = \"年末年始休業\", en = \"Year-end closure\" }\nsource = \"an announcement\"\n";
    std::fs::write(&path, format!("{text}{closure}")).expect("written");
    let due = |more: &[&str]| {
        let mut arguments = vec![
            "due",
            "--json",
            "--acquired",
            "2026-12-28",
            "--business-days",
            "3",
            "--as-of",
            "2026-12-28",
        ];
        arguments.extend(more);
        let said: crate::support::Said = xtask(&arguments)
            .current_dir(here.path())
            .output()
            .expect("it runs")
            .into();
        said.summary()["due"].clone()
    };
    assert_eq!(due(&[]), "2027-01-06");
    assert_eq!(due(&["--no-company-calendar"]), "2026-12-31");
    assert_eq!(
        due(&["--no-company-calendar", "--company-holiday", "2026-12-30"]),
        "2027-01-04"
    );
}

#[test]
fn a_release_counts_from_its_day_in_japan() {
    let (code, found) = counted(&["ios27", "--as-of", "2026-10-05"]);
    assert_eq!(code, Some(12));
    assert_eq!(found["release"], "ios27.0");
    assert_eq!(found["acquired_jst"], "2026-09-15");
    assert_eq!(found["acquired_source"], "default_jst_release_day");
    assert_eq!(found["due"], "2026-10-02");
    // Out in California, not yet in Japan.
    run(&["due", "ios27.0", "--as-of", "2026-09-14"]).check(64, &["ios27.0"]);
    run(&["due", "iso27"]).check(64, &["ios27"]);
    run(&["due", "iPhone17,2"]).check(64, &["--acquired"]);
}

#[test]
fn instants_that_can_not_be_read() {
    for acquired in [
        "2026-09-15T02:00:00",
        "yesterday",
        "2026-02-29",
        "15/09/2026",
        "",
    ] {
        run(&["due", "--acquired", acquired]).check(64, &["--acquired", "offset"]);
    }
    run(&["due"]).check(64, &["--acquired"]);
    run(&["due", "--acquired", "9999-12-30"]).check(64, &["9999-12-31"]);
    run(&["due", "--acquired", "9999-12-31T23:59:59Z"]).check(64, &[]);
    run(&[
        "due",
        "--acquired",
        "2026-09-15",
        "--business-days",
        "4000000000",
    ])
    .check(64, &["10000"]);
    run(&[
        "due",
        "--acquired",
        "2026-09-15",
        "--published",
        "2026-09-14",
    ])
    .check(64, &["before"]);
    run(&[
        "due",
        "--acquired",
        "2026-09-15",
        "--company-holiday",
        "2026-09-31",
    ])
    .check(64, &["--company-holiday"]);
    let far = run(&["due", "--acquired", "2026-09-15", "--as-of", "9999-12-31"]);
    assert_eq!(far.code, Some(12), "{far:?}");
}

#[test]
fn people_read_the_working() {
    let said = run(&["due", "--acquired", "2026-09-15", "--as-of", "2026-09-15"]);
    for words in [
        "2026-09-22",
        "substitute or citizens' holiday",
        "due 2026-10-02",
        "there is time",
    ] {
        assert!(said.out.contains(words), "{words} is not in {}", said.out);
    }
    let late = run(&["due", "--acquired", "2026-09-15", "--as-of", "2026-10-05"]);
    assert!(late.out.contains("1 business days past"), "{late:?}");
}
