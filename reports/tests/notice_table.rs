//! The table of notices: dates in, verdicts out, against values that a second implementation computed.

use std::path::Path;

use device_matrix::calendar::BusinessCalendar;
use device_matrix::diag::SourceFile;
use device_matrix::known::Text;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use reports::notice::check::{ChangeKind, Request, Rules, SiteChange, check};
use reports::notice::moment::{Moment, jst_text};
use reports::vendor::{Site, Vendor};

const TABLE: &str = include_str!("tables/notice_check.txt");
const VENDOR: &str = include_str!("../../verify.toml");
const CALENDAR: &str = include_str!("../../device-matrix/data/calendar/jp.toml");

#[test]
fn every_row_of_the_table_holds() {
    let vendor = Vendor::load(Path::new("verify.toml"), VENDOR).expect("verify.toml");
    let calendar = BusinessCalendar::load(&[SourceFile {
        path: "device-matrix/data/calendar/jp.toml".into(),
        text: CALENDAR.to_owned(),
    }])
    .expect("calendar");
    let rules = Rules {
        policy: &vendor.notice,
        windows: &vendor.windows,
        calendar: &calendar,
    };
    let rows: Vec<&str> = TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(rows.len(), 50);
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let [
            decided,
            published,
            effective,
            zone,
            maintenance,
            kind,
            expected @ ..,
        ] = &cells[..]
        else {
            panic!("too few cells: {row}");
        };
        let day = |text: &str| -> Date { Moment::read(text).expect("a moment").jst_date() };
        let site = Site {
            name: Text {
                ja: (*zone).to_owned(),
                en: (*zone).to_owned(),
            },
            zone: (*zone).to_owned(),
        };
        let verdict = check(
            &Request {
                decided: day(decided),
                published: day(published),
                changes: vec![SiteChange {
                    site: &site,
                    zone: TimeZone::get(zone).expect("a zone"),
                    effective: Moment::read(effective).expect("a moment"),
                }],
                maintenance_notice: (*maintenance != "-").then(|| day(maintenance)),
                kind: ChangeKind {
                    remote_control: kind.contains("remote"),
                    behavior_change: !kind.contains("outage") || kind.contains("behavior"),
                    outage: kind.contains("outage"),
                },
            },
            &rules,
        );
        let reasons: Vec<&str> = verdict
            .reasons
            .iter()
            .map(|reason| reason.as_str())
            .collect();
        let window = verdict.sites[0].first_window.as_ref().expect("a window");
        let found = [
            if reasons.is_empty() {
                "-".to_owned()
            } else {
                reasons.join(" ")
            },
            verdict.days_of_notice.to_string(),
            verdict.earliest.expect("a day").to_string(),
            jst_text(window.start),
            jst_text(window.end),
        ];
        assert_eq!(found, expected, "{row}");
        assert_eq!(verdict.accepted(), expected[0] == "-", "{row}");
    }
}
