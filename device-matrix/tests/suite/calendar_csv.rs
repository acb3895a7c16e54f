//! The Cabinet Office's CSV: encodings, spellings, merging, and files that are wrong.

use std::fmt::Write as _;

use device_matrix::calendar::BusinessCalendar;
use device_matrix::diag::SourceFile;
use device_matrix::import::calendar::{Publication, import_csv};
use encoding_rs::SHIFT_JIS;

use crate::common::date;

const DAYS: [(u8, u8, &str); 10] = [
    (1, 1, "元日"),
    (2, 11, "建国記念の日"),
    (2, 23, "天皇誕生日"),
    (4, 29, "昭和の日"),
    (5, 3, "憲法記念日"),
    (5, 4, "みどりの日"),
    (5, 5, "こどもの日"),
    (8, 11, "山の日"),
    (11, 3, "文化の日"),
    (11, 23, "勤労感謝の日"),
];

const CURRENT: &str = r#"source = "Cabinet Office, 2026"
obtained = "2026-02-02"
official_from = "2026-01-01"
official_through = "2027-12-31"
provisional_note = "computed"
official = [
  { date = "2026-01-01", name = "元日" },
  { date = "2026-11-23", name = "勤労感謝の日" },
  { date = "2027-01-01", name = "元日" },
  { date = "2027-07-19", name = "海の日" },
]
provisional = [
  { date = "2028-01-01", name = "元日" },
  { date = "2028-03-20", name = "春分の日" },
  { date = "2029-01-01", name = "元日" },
]
superseded = [
  { date = "2021-07-19", name = "海の日", until = "2020-11-18" },
]
"#;

fn csv(years: std::ops::RangeInclusive<i16>, mark: char, end: &str) -> String {
    let mut text = format!("国民の祝日・休日月日,国民の祝日・休日名称{end}");
    for year in years {
        for (month, day, name) in DAYS {
            let _ = write!(text, "{year}{mark}{month}{mark}{day},{name}{end}");
        }
    }
    text
}

fn publication(obtained: &str) -> Publication {
    Publication {
        source: format!("Cabinet Office, obtained {obtained}"),
        obtained: date(obtained),
    }
}

fn merged(bytes: &[u8], current: &str, obtained: &str) -> String {
    let files = import_csv(bytes, &publication(obtained), current)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(files.len(), 1);
    files[0].text.clone()
}

#[test]
fn every_encoding_and_spelling_gives_the_same_file() {
    let plain = csv(2027..=2028, '/', "\r\n");
    let expected = merged(plain.as_bytes(), CURRENT, "2027-02-01");
    insta::assert_snapshot!(expected);
    let (cp932, _, wrong) = SHIFT_JIS.encode(&plain);
    assert!(!wrong && std::str::from_utf8(&cp932).is_err());
    let with_bom = format!("\u{feff}{plain}");
    let hyphens = csv(2027..=2028, '-', "\n");
    let zeros = hyphens.replace("-1-1,", "-01-01,");
    let headless = plain.split_once('\n').expect("a header").1.to_owned();
    for bytes in [
        cp932.as_ref(),
        with_bom.as_bytes(),
        hyphens.as_bytes(),
        zeros.as_bytes(),
        headless.as_bytes(),
    ] {
        assert_eq!(merged(bytes, CURRENT, "2027-02-01"), expected);
    }
}

#[test]
fn importing_again_changes_nothing() {
    let text = csv(2027..=2028, '/', "\r\n");
    let once = merged(text.as_bytes(), CURRENT, "2027-02-01");
    assert_eq!(merged(text.as_bytes(), &once, "2027-02-01"), once);
    // Nothing new was published; the day of the first sight stays.
    assert_eq!(merged(text.as_bytes(), &once, "2027-06-30"), once);
    // An older publication takes no official year back.
    let older = merged(csv(2027..=2027, '/', "\n").as_bytes(), &once, "2027-07-01");
    assert_eq!(older, once);
}

#[test]
fn a_day_that_is_gone_is_superseded_and_counts() {
    let text = csv(2027..=2028, '/', "\r\n");
    let next = merged(text.as_bytes(), CURRENT, "2027-02-01");
    let source = SourceFile {
        path: "device-matrix/data/calendar/jp.toml".into(),
        text: next.clone(),
    };
    let calendar = BusinessCalendar::load(&[source]).expect("what is written can be read");
    assert_eq!(calendar.official_through(), date("2028-12-31"));
    let gone = calendar
        .superseded()
        .iter()
        .find(|day| day.date == date("2027-07-19"))
        .expect("it was a holiday");
    assert_eq!(
        gone.until,
        date("2026-02-02"),
        "the last publication that had it"
    );
    assert!(calendar.is_business_day(date("2027-07-19")));
    assert!(
        !calendar.is_business_day(date("2029-01-01")),
        "computed days stay"
    );
    assert!(
        calendar.is_business_day(date("2028-03-20")),
        "a computed day that was not published is none"
    );
    assert!(
        !calendar.is_business_day(date("2026-01-01")),
        "years before stay"
    );
    // It comes back.
    let back = text.replace("2027/8/11", "2027/7/19,海の日\r\n2027/8/11");
    let again = merged(back.as_bytes(), &next, "2027-03-01");
    assert!(!again.contains("date = \"2027-07-19\", name = \"海の日\", until"));
}

#[test]
fn wrong_files_are_refused_line_by_line() {
    let good = csv(2027..=2028, '/', "\r\n");
    let files: [(&str, Vec<u8>); 9] = [
        ("empty", Vec::new()),
        ("a page instead of the file", b"<html>\n<body>\n".to_vec()),
        (
            "several lines",
            good.replacen("2027/2/11", "2027/2/30", 1)
                .replacen("2027/5/3,憲法記念日", "2027/5/3,", 1)
                .replacen("2027/5/5", "2027/5/4", 1)
                .replacen("2028/1/1,元日", "2028/1/1", 1)
                .into_bytes(),
        ),
        (
            "cut off",
            good.as_bytes()[..good.find("2028/8/11").expect("a day")].to_vec(),
        ),
        (
            "a hole",
            csv(2027..=2027, '/', "\n")
                .into_bytes()
                .into_iter()
                .chain(
                    csv(2029..=2029, '/', "\n")
                        .into_bytes()
                        .into_iter()
                        .skip(61),
                )
                .collect(),
        ),
        ("years left out", csv(2030..=2031, '/', "\n").into_bytes()),
        ("no text", vec![b'a', b'\n', 0xff, 0xff, 0xff]),
        (
            "another century",
            good.replace("2028/", "2980/").into_bytes(),
        ),
        (
            "two digits of the year",
            good.replace("2028/", "28/").into_bytes(),
        ),
    ];
    let mut shown = String::new();
    for (name, bytes) in files {
        let error = import_csv(&bytes, &publication("2027-02-01"), CURRENT).expect_err(name);
        let text = error.to_string();
        let head: Vec<&str> = text.lines().take(5).collect();
        let _ = writeln!(shown, "{name}:\n  {}", head.join("\n  "));
    }
    insta::assert_snapshot!(shown);
    let error = import_csv(good.as_bytes(), &publication("2027-02-01"), "source = 1")
        .expect_err("the calendar at hand is broken");
    assert!(error.to_string().contains("jp.toml"), "{error}");
}
