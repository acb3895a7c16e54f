//! Generations, floor and decision: the worked examples, and what always holds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use device_matrix::diag::{SourceFile, render};
use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::support::{
    Decision, GenerationKey, Judged, Question, SupportData, Usage, WindowsGeneration, judge,
    stuck_models,
};
use proptest::prelude::*;

use crate::common::{catalog, date, sources};

static DATA: LazyLock<SupportData> = LazyLock::new(|| {
    SupportData::load(&sources(), catalog()).expect("the committed data are right")
});

fn key(text: &str) -> GenerationKey {
    GenerationKey(text.to_owned())
}

fn keys(list: &str) -> BTreeSet<GenerationKey> {
    list.split(' ')
        .filter(|word| !word.is_empty())
        .map(key)
        .collect()
}

/// Figures by which nobody has used any version lately, so that the floor alone decides.
fn unused(data: &SupportData) -> Usage {
    let mut text = "month,platform,major,devices\n".to_owned();
    for platform in data.generations.platforms() {
        for row in data.generations.of(platform) {
            for month in [
                "2026-03", "2026-04", "2026-05", "2026-06", "2026-07", "2026-08",
            ] {
                let _ = writeln!(text, "{month},{platform},{},0", row.key);
            }
        }
    }
    usage(&text, data)
}

fn usage(text: &str, data: &SupportData) -> Usage {
    let source = SourceFile {
        path: "usage.csv".into(),
        text: text.to_owned(),
    };
    Usage::read(&source, &data.generations)
        .unwrap_or_else(|found| panic!("{}", render(&found, &[source], false)))
}

static UNUSED: LazyLock<Usage> = LazyLock::new(|| unused(&DATA));

fn asked(
    platform: Platform,
    supported: &str,
    candidates: &str,
    pending: &str,
    as_of: &str,
) -> Vec<Judged> {
    let candidates: Vec<GenerationKey> = candidates.split(' ').map(key).collect();
    let question = Question {
        catalog: catalog(),
        generations: &DATA.generations,
        policy: &DATA.policy,
        platform,
        as_of: date(as_of),
        supported: &Known::Known(keys(supported)),
        leaving: &keys(pending),
        usage: Some(&UNUSED),
    };
    judge(&question, &candidates)
}

/// Platform, supported, candidates, leaving, day, answers.
type Example = (
    Platform,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

#[test]
fn worked_examples() {
    use Platform::{Android, Ios, Macos, Tvos, Visionos, Watchos, Windows};
    const FLOOR: &str = "keep generation_floor";
    const YES: &str = "eligible unused";
    let table: &[Example] = &[
        // 27 is out and not adopted.
        (Ios, "16 17 18 26", "16", "", "2026-10-01", &[YES]),
        (Ios, "16 17 18 26", "17", "", "2026-10-01", &[FLOOR]),
        (Ios, "17 18 26 27", "17", "", "2026-10-01", &[YES]),
        (Ios, "18 26 27", "18", "", "2026-10-01", &[FLOOR]),
        (Ios, "18 26 27", "26", "", "2026-10-01", &[FLOOR]),
        (Ios, "18 26 27", "27", "", "2026-10-01", &[FLOOR]),
        // The candidate of 27 is out; then it is out in California and not yet in Japan.
        (Ios, "16 17 18 26 27", "16", "", "2026-09-10", &[YES]),
        (Ios, "16 17 18 26 27", "17", "", "2026-09-10", &[FLOOR]),
        (Ios, "16 17 18 26 27", "17", "", "2026-09-14", &[FLOOR]),
        (Ios, "16 17 18 26 27", "17", "", "2026-09-15", &[YES]),
        (
            Ios,
            "16 17 18 26 27",
            "27",
            "",
            "2026-09-14",
            &["beta candidate_not_ga"],
        ),
        (Ios, "16 17 18 26 27", "27", "", "2026-09-15", &[FLOOR]),
        (
            Ios,
            "16 17 18 26 27",
            "28",
            "",
            "2026-10-01",
            &["beta candidate_not_ga"],
        ),
        (
            Ios,
            "17 18 26 27",
            "15",
            "",
            "2026-10-01",
            &["keep not_in_supported_set"],
        ),
        // Leaving versions do not count.
        (Ios, "16 17 18 26 27", "16", "17 18", "2026-10-01", &[FLOOR]),
        (Ios, "15 16 17 18 26 27", "16", "15", "2026-10-01", &[YES]),
        // Several in one step.
        (
            Ios,
            "16 17 18 26 27",
            "16 17",
            "",
            "2026-10-01",
            &[YES, YES],
        ),
        (
            Ios,
            "16 17 18 26",
            "16 17",
            "",
            "2026-10-01",
            &[FLOOR, FLOOR],
        ),
        // A young version is not dropped while old ones stay.
        (Ios, "14 15 16 17", "17", "", "2026-10-01", &[FLOOR]),
        (Macos, "10.15 11 12 13", "10.15", "", "2026-10-01", &[YES]),
        (Macos, "13 14 15 26 27", "14", "", "2026-10-01", &[YES]),
        (Macos, "13 14 15 26 27", "15", "", "2026-10-01", &[FLOOR]),
        (Tvos, "17 18 26 27", "17", "", "2026-10-01", &[YES]),
        (Watchos, "10 11 26 27", "10", "", "2026-10-01", &[YES]),
        (Watchos, "10 11 26 27", "11", "", "2026-10-01", &[FLOOR]),
        // Fewer than four generations: never.
        (Visionos, "1 2 26 27", "1", "", "2026-09-14", &[FLOOR]),
        (Visionos, "1 2 26 27", "1", "", "2026-09-15", &[YES]),
        (Android, "13 14 15 16 17", "14", "", "2026-10-01", &[YES]),
        (Android, "13 14 15 16 17", "15", "", "2026-10-01", &[FLOOR]),
        (Android, "12 13 14 15", "12", "", "2026-10-01", &[YES]),
        (Android, "13 14 15 16 17", "14", "", "2026-06-16", &[FLOOR]),
        (Android, "13 14 15 16 17", "14", "", "2026-06-17", &[YES]),
        (
            Windows,
            "11-23h2 11-24h2 11-25h2 11-26h1",
            "11-23h2",
            "",
            "2026-10-01",
            &[YES],
        ),
        (
            Windows,
            "11-23h2 11-24h2 11-25h2 11-26h1",
            "11-24h2",
            "",
            "2026-10-01",
            &[FLOOR],
        ),
        (
            Windows,
            "10-22h2 11-23h2 11-24h2 11-25h2",
            "10-22h2",
            "",
            "2026-10-01",
            &[YES],
        ),
    ];
    for (platform, supported, candidates, pending, as_of, expected) in table {
        let found: Vec<String> = asked(*platform, supported, candidates, pending, as_of)
            .iter()
            .map(|one| format!("{} {}", one.decision.as_str(), one.reason.as_str()))
            .collect();
        assert_eq!(
            found, *expected,
            "{platform} {supported} -{candidates} ~{pending} {as_of}"
        );
    }
}

#[test]
fn the_order_of_generations_is_the_vendors() {
    let shown: Vec<String> = DATA
        .generations
        .platforms()
        .map(|platform| {
            let out: Vec<&str> = DATA
                .generations
                .of(platform)
                .iter()
                .filter(|row| {
                    DATA.generations
                        .is_out(platform, &row.key, date("2026-11-23"))
                })
                .map(|row| row.key.0.as_str())
                .collect();
            format!(
                "{platform}: {}",
                out[out.len().saturating_sub(8)..].join(" ")
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn spellings_of_one_generation() {
    let find = |platform, text: &str| {
        DATA.generations
            .find(platform, text)
            .map(|row| row.key.0.clone())
            .map_err(|error| error.to_string())
    };
    for (platform, text, expected) in [
        (Platform::Android, "12L", "12"),
        (Platform::Android, "12.1", "12"),
        (Platform::Android, "8.1", "8"),
        (Platform::Ios, "18.0", "18"),
        (Platform::Macos, "10.15", "10.15"),
        (Platform::Windows, "11-24H2", "11-24h2"),
    ] {
        assert_eq!(find(platform, text).as_deref(), Ok(expected), "{text}");
    }
    for (platform, text, word) in [
        (Platform::Ios, "19", "known ones"),
        (Platform::Ios, "118", "18"),
        (Platform::Ios, "18.1", "did you mean `18`"),
        (Platform::Macos, "10", "did you mean `10."),
        (Platform::Windows, "11-24h3", "11-24h2"),
    ] {
        let error = find(platform, text).expect_err(text);
        assert!(error.contains(word), "{error}");
    }
    assert!(DATA.generations.find_or_future(Platform::Ios, "28").is_ok());
    assert!(
        DATA.generations
            .find_or_future(Platform::Ios, "29")
            .is_err()
    );
}

#[test]
fn by_the_literal_reading_no_windows_may_ever_go() {
    let mut files = sources();
    let policy = files
        .iter_mut()
        .find(|file| file.path.ends_with("policy/support.toml"))
        .expect("the policy");
    policy.text = policy.text.replace("\"feature_update\"\n", "\"major\"\n");
    let data = SupportData::load(&files, catalog()).expect("the setting is permitted");
    assert_eq!(data.policy.windows, WindowsGeneration::Major);
    let names: Vec<&str> = data
        .generations
        .of(Platform::Windows)
        .iter()
        .map(|row| row.key.0.as_str())
        .collect();
    assert_eq!(names, ["10", "11"]);
    let usage = usage(
        "month,platform,major,devices\n2026-08,Windows,11-23h2,0\n2026-08,Windows,11-24H2,5\n\
         2026-07,Windows,11-23h2,\n2026-07,Windows,11-24h2,7\n2026-08,Windows,10-22h2,0\n\
         2026-07,Windows,10-22h2,0\n2026-06,Windows,10-22h2,0\n",
        &data,
    );
    let series = usage
        .series(Platform::Windows, &key("11"))
        .expect("figures");
    let devices: Vec<Option<u64>> = series.values().copied().collect();
    assert_eq!(devices, [None, Some(5)], "added up; unknown when a part is");
    let found = judge(
        &Question {
            catalog: catalog(),
            generations: &data.generations,
            policy: &data.policy,
            platform: Platform::Windows,
            as_of: date("2026-10-01"),
            supported: &Known::Known(keys("10 11")),
            leaving: &BTreeSet::new(),
            usage: Some(&usage),
        },
        &[key("10")],
    );
    assert_eq!(found[0].reason.as_str(), "generation_floor");
    assert_eq!(
        found[0].stuck_models,
        Known::Unknown,
        "no models are not none"
    );
}

#[test]
fn what_is_supported_may_be_unknown() {
    let found = judge(
        &Question {
            catalog: catalog(),
            generations: &DATA.generations,
            policy: &DATA.policy,
            platform: Platform::Ios,
            as_of: date("2026-10-01"),
            supported: &Known::Unknown,
            leaving: &BTreeSet::new(),
            usage: Some(&UNUSED),
        },
        &[key("17"), key("28")],
    );
    let reasons: Vec<&str> = found.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["supported_set_unknown", "candidate_not_ga"]);
    assert_eq!(found[0].decision, Decision::Keep);
    assert_eq!(found[0].newer_supported, Known::Unknown);
}

#[test]
fn models_that_can_not_go_further() {
    let stuck = |major: &str, as_of: &str| -> Vec<String> {
        stuck_models(
            catalog(),
            &DATA.generations,
            Platform::Ios,
            &key(major),
            date(as_of),
        )
        .known()
        .expect("models of iOS are known")
        .into_iter()
        .map(|model| model.id)
        .collect()
    };
    let on = |major| stuck(major, "2026-11-23");
    assert_eq!(
        on("18"),
        ["iPhone11,2", "iPhone11,4", "iPhone11,6", "iPhone11,8"]
    );
    assert!(on("16").contains(&"iPhone10,3".to_owned()), "iPhone X");
    assert_eq!(on("17"), Vec::<String>::new());
    assert_eq!(on("27"), Vec::<String>::new(), "nothing is newer");
    assert_eq!(
        stuck("18", "2025-09-15"),
        Vec::<String>::new(),
        "26 is not out in Japan"
    );
    assert!(!stuck("18", "2025-09-16").is_empty());
}

#[test]
fn wrong_figures_are_all_told_at_once() {
    let csv = "\u{feff}month,platform,major,devices\r\n2026-10,iOS,17,120\r\n2026-10,ios,17.0,7\r\n2026-10,iOS,17,121\r\n\
               2026/10,iOS,17,1\r\n2026-09,iSO,17,1\r\n2026-09,iOS,71,1\r\n2026-09,iOS,18,-1\r\n\
               2026-09,iOS,16,1.5\r\n2026-09,iOS,15,\"1,000\"\r\n2026-09,iOS,14,\r\n2026-09,iOS,13\r\n2026-13,PadOS,x,y\r\n";
    let json = "[\n  { \"month\": \"2026-10\", \"platform\": \"iOS\", \"major\": 17, \"devices\": 120 },\n  \
                { \"month\": \"2026-10\", \"platform\": \"iOS\", \"major\": \"17\", \"devices\": null },\n  \
                { \"month\": \"2026-1\", \"platform\": \"iOS\", \"major\": \"19\", \"devices\": -4 },\n  \
                { \"month\": \"2026-09\", \"platform\": \"iOS\", \"mayor\": \"18\", \"devices\": 4 },\n  7\n]\n";
    let mut shown = String::new();
    for (path, text) in [
        ("usage.csv", csv),
        ("usage.json", json),
        ("head.csv", "month,plattform,devices\n"),
        ("empty.csv", "month,platform,major,devices\n"),
        ("cut.json", "[\n  { \"month\": "),
        ("nothing.csv", ""),
    ] {
        let source = SourceFile {
            path: path.into(),
            text: text.to_owned(),
        };
        let found = Usage::read(&source, &DATA.generations).expect_err(path);
        for problem in found {
            let (line, column) = problem.line_column(&source.text);
            let _ = writeln!(
                shown,
                "{path}:{line}:{column} {} {} | {}",
                problem.code,
                problem.message,
                problem.help.unwrap_or_default()
            );
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn csv_and_json_say_the_same() {
    let csv = usage(
        "devices,major,platform,month\n10,17,iOS,2026-10\n,17,iOS,2026-09\n0,12L,Android,2026-10\n",
        &DATA,
    );
    let rows = r#"[{"month":"2026-10","platform":"iOS","major":17,"devices":10},
        {"month":"2026-09","platform":"ios","major":"17","devices":null},
        {"month":"2026-10","platform":"Android","major":"12L","devices":0}]"#;
    assert_eq!(usage(rows, &DATA), csv);
    let wrapped = format!("{{ \"schema_version\": 1, \"usage\": {rows} }}");
    assert_eq!(usage(&wrapped, &DATA), csv);
    let series = csv.series(Platform::Ios, &key("17")).expect("figures");
    assert_eq!(
        series.values().copied().collect::<Vec<_>>(),
        [None, Some(10)]
    );
    assert_eq!(
        csv.series(Platform::Ios, &key("18")),
        None,
        "no row is no zero"
    );
}

#[test]
fn wrong_policy_and_generations_are_told_with_their_place() {
    let mut files = sources();
    for file in &mut files {
        if file.path.ends_with("policy/support.toml") {
            file.text = "[floor]\ngenerations = 0\n[trend]\nwindow_month = 12\nstale_after_months = 2\n\
                         min_observations = 6\nunused_observations = 3\nz = \"1.6449\"\nmin_decline = 5\n\
                         [windows]\ngeneration = \"feature-update\"\n"
                .to_owned();
        }
        if file.path.ends_with("generations/android.toml") {
            file.text = "platform = \"android\"\ngeneration = [\n  { key = \"12\", name = \"12\", released = \"2021-10-04\", aliases = [\"12L\"], source = \"s\" },\n  \
                         { key = \"12\", name = \"12\", released = \"2020-10-04\", source = \"s\" },\n]\n"
                .to_owned();
        }
        if file.path.ends_with("generations/windows.toml") {
            file.text = "platform = \"ios\"\ngeneration = []\n".to_owned();
        }
    }
    let found = SupportData::load(&files, catalog()).expect_err("much is wrong");
    insta::assert_snapshot!(render(&found, &files, false));
    let none: Vec<SourceFile> = Vec::new();
    let found = SupportData::load(&none, catalog()).expect_err("the policy is missing");
    assert_eq!(found[0].code, "DM0011");
}

proptest! {
    #[test]
    fn the_floor_never_leaves_fewer_than_three(
        supported in prop::collection::btree_set(0_usize..16, 0..16),
        together in prop::collection::vec(0_usize..16, 1..8),
        leaving in prop::collection::btree_set(0_usize..16, 0..4),
        more in 0_usize..16,
    ) {
        let rows = DATA.generations.of(Platform::Ios);
        let name = |position: usize| rows[position].key.clone();
        let as_of = date("2026-10-01");
        let ask = |supported: &BTreeSet<usize>, leaving: &BTreeSet<usize>| {
            let question = Question {
                catalog: catalog(),
                generations: &DATA.generations,
                policy: &DATA.policy,
                platform: Platform::Ios,
                as_of,
                supported: &Known::Known(supported.iter().copied().map(name).collect()),
                leaving: &leaving.iter().copied().map(name).collect(),
                usage: Some(&UNUSED),
            };
            let candidates: Vec<GenerationKey> = together.iter().copied().map(name).collect();
            judge(&question, &candidates)
        };
        let found = ask(&supported, &leaving);
        let dropped: BTreeSet<GenerationKey> = found
            .iter()
            .filter(|one| one.decision == Decision::Eligible)
            .map(|one| one.candidate.clone())
            .collect();
        for one in &dropped {
            let position = rows.iter().position(|row| row.key == *one).expect("known");
            let left = supported
                .iter()
                .filter(|other| **other > position && !leaving.contains(other))
                .filter(|other| !dropped.contains(&name(**other)))
                .count();
            prop_assert!(left >= 3, "{one}: {left}");
        }
        // One more supported generation never takes a yes away; one more that leaves never gives one.
        let mut wider = supported.clone();
        wider.insert(more);
        let mut fewer = leaving.clone();
        fewer.insert(more);
        let eligible = |judged: &[Judged]| -> Vec<bool> {
            judged.iter().map(|one| one.decision == Decision::Eligible).collect()
        };
        let (now, wider, fewer) = (
            eligible(&found),
            eligible(&ask(&wider, &leaving)),
            eligible(&ask(&supported, &fewer)),
        );
        for position in 0..now.len() {
            prop_assert!(!now[position] || wider[position]);
            prop_assert!(now[position] || !fewer[position]);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[\\[{\"a-z0-9,:\\n\\r\u{feff}年}\\]-]{0,80}") {
        let source = SourceFile { path: "usage".into(), text };
        if let Err(found) = Usage::read(&source, &DATA.generations) {
            prop_assert!(!found.is_empty());
            for problem in found {
                let _ = problem.line_column(&source.text);
                prop_assert!(source.text.get(problem.span.clone()).is_some() || problem.span.start == problem.span.end);
            }
        }
    }
}
