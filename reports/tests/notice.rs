//! Notices, decisions and the agenda: dates in, verdicts and texts out.

use std::path::Path;

use device_matrix::calendar::{BusinessCalendar, ClosedDay};
use device_matrix::diag::{self, SourceFile};
use device_matrix::known::{Known, Text};
use device_matrix::platform::Platform;
use device_matrix::support::{
    GenerationKey, Generations, OsGeneration, SupportData, SupportPolicy, TrendPolicy,
    WindowsGeneration,
};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use reports::agenda::{Agenda, Inputs, ReportClock, agenda, ics};
use reports::decisions::{self, Context, Decision};
use reports::notice::check::{ChangeKind, Request, Rules, SiteChange, Verdict, check};
use reports::notice::document::{Document, Kind, NoticeInputs, write};
use reports::notice::moment::{Moment, jst_text, plus_days};
use reports::notice::plan::plan;
use reports::notice::subject;
use reports::notice::window::first_from;
use reports::render;
use reports::vendor::{Lang, Site, Vendor};

const VENDOR: &str = include_str!("../../verify.toml");
const CALENDAR: &str = include_str!("../../device-matrix/data/calendar/jp.toml");

struct World {
    vendor: Vendor,
    calendar: BusinessCalendar,
}

impl World {
    fn new() -> Self {
        let source = SourceFile {
            path: "device-matrix/data/calendar/jp.toml".into(),
            text: CALENDAR.to_owned(),
        };
        let closed = (29..=31).map(|day| ClosedDay {
            date: date(2026, 12, day),
            why: Text {
                ja: "年末年始休業".to_owned(),
                en: "year-end closure".to_owned(),
            },
        });
        Self {
            vendor: Vendor::load(Path::new("verify.toml"), VENDOR).expect("verify.toml"),
            calendar: BusinessCalendar::load(&[source])
                .expect("calendar")
                .with_closed(closed),
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            policy: &self.vendor.notice,
            windows: &self.vendor.windows,
            calendar: &self.calendar,
        }
    }

    fn check(&self, published: Date, effective: &str, zones: &[&str], kind: ChangeKind) -> Verdict {
        self.request(published, published, effective, zones, kind, None)
    }

    fn request(
        &self,
        decided: Date,
        published: Date,
        effective: &str,
        zones: &[&str],
        kind: ChangeKind,
        maintenance_notice: Option<Date>,
    ) -> Verdict {
        let sites: Vec<Site> = zones.iter().map(|zone| site(zone)).collect();
        let effective = Moment::read(effective).expect("a moment");
        let request = Request {
            decided,
            published,
            changes: sites
                .iter()
                .map(|site| SiteChange {
                    site,
                    zone: TimeZone::get(&site.zone).expect("zone"),
                    effective,
                })
                .collect(),
            maintenance_notice,
            kind,
        };
        check(&request, &self.rules())
    }

    fn decisions(&self, files: &[(&str, &str)]) -> Result<Vec<Decision>, String> {
        let sources: Vec<SourceFile> = files
            .iter()
            .map(|(name, text)| SourceFile {
                path: format!("reports/data/decisions/{name}.toml").into(),
                text: (*text).to_owned(),
            })
            .collect();
        decisions::check(
            &sources,
            &Context {
                rules: self.rules(),
                sites: &self.vendor.sites,
                support: &support(),
            },
        )
        .map_err(|found| diag::render(&found, &sources, false))
    }
}

/// Generations of iOS, and the numbers of the rule as the data state them.
fn support() -> SupportData {
    let rows = [
        ("15", date(2021, 9, 20)),
        ("16", date(2022, 9, 12)),
        ("17", date(2023, 9, 18)),
        ("18", date(2024, 9, 16)),
        ("26", date(2025, 9, 15)),
        ("27", date(2026, 9, 14)),
    ]
    .map(|(key, released)| OsGeneration {
        ordinal: 0,
        key: GenerationKey(key.to_owned()),
        name: format!("iOS {key}"),
        aliases: Vec::new(),
        released: Known::Known(released),
        source: String::new(),
        confirmed: true,
    });
    let mut generations = Generations::default();
    generations.insert(Platform::Ios, rows.to_vec());
    SupportData {
        policy: SupportPolicy {
            floor: 3,
            trend: TrendPolicy {
                window_months: 12,
                stale_after_months: 2,
                min_observations: 6,
                unused_observations: 3,
                z: 1.6449,
                min_decline: 0.05,
            },
            windows: WindowsGeneration::FeatureUpdate,
        },
        generations,
    }
}

fn site(zone: &str) -> Site {
    Site {
        name: Text {
            ja: zone.to_owned(),
            en: zone.to_owned(),
        },
        zone: zone.to_owned(),
    }
}

fn words(verdict: &Verdict) -> Vec<&'static str> {
    verdict
        .reasons
        .iter()
        .map(|reason| reason.as_str())
        .collect()
}

const NOTICE: Date = date(2026, 11, 23);
const TOKYO: &[&str] = &["Asia/Tokyo"];
const SINGAPORE: &[&str] = &["Asia/Singapore"];
const BOTH: &[&str] = &["Asia/Tokyo", "Asia/Singapore"];

#[test]
fn the_worked_example() {
    let world = World::new();
    for (zones, start) in [
        (TOKYO, "2027-01-27T19:00:00+09:00"),
        (SINGAPORE, "2027-01-27T20:00:00+09:00"),
    ] {
        let verdict = world.check(NOTICE, start, zones, ChangeKind::default());
        assert!(verdict.accepted(), "{verdict:?}");
        assert_eq!(verdict.earliest, Some(date(2027, 1, 22)));
        assert_eq!(verdict.days_of_notice, 65);
        let first = verdict.sites[0].first_window.as_ref().expect("a window");
        assert_eq!(jst_text(first.start), start);
    }
}

/// Notice, change, sites, kind, reasons.
type Row = (
    Date,
    &'static str,
    &'static [&'static str],
    ChangeKind,
    &'static [&'static str],
);

#[test]
fn dates_and_hours_in_verdicts_out() {
    let world = World::new();
    let remote = ChangeKind {
        remote_control: true,
        ..ChangeKind::default()
    };
    let plain = ChangeKind::default();
    // 2026-11-28 + 60 = 2027-01-27, a Wednesday.
    let rows: [Row; 19] = [
        (
            date(2026, 11, 28),
            "2027-01-27T19:00:00+09:00",
            TOKYO,
            plain,
            &[],
        ),
        (
            date(2026, 11, 29),
            "2027-01-27T19:00:00+09:00",
            TOKYO,
            plain,
            &["too_early"],
        ),
        (
            NOTICE,
            "2027-01-27T18:59:59+09:00",
            TOKYO,
            plain,
            &["outside_window"],
        ),
        (
            NOTICE,
            "2027-01-28T00:00:00+09:00",
            TOKYO,
            plain,
            &["outside_window"],
        ),
        (NOTICE, "2027-01-27T23:59:59+09:00", TOKYO, plain, &[]),
        (
            NOTICE,
            "2027-01-27T19:30:00+09:00",
            TOKYO,
            remote,
            &["outside_window"],
        ),
        (NOTICE, "2027-01-27T20:00:00+09:00", TOKYO, remote, &[]),
        (
            NOTICE,
            "2027-01-27T20:30:00+09:00",
            SINGAPORE,
            remote,
            &["outside_window"],
        ),
        (
            NOTICE,
            "2027-01-30T22:30:00+09:00",
            TOKYO,
            plain,
            &["wrong_window"],
        ),
        (
            NOTICE,
            "2027-01-31T00:30:00+09:00",
            TOKYO,
            plain,
            &["wrong_window"],
        ),
        (
            NOTICE,
            "2027-01-27T19:30:00+09:00",
            BOTH,
            plain,
            &["outside_window"],
        ),
        (NOTICE, "2027-01-27T20:30:00+09:00", BOTH, plain, &[]),
        // The hour after midnight in Japan belongs to Singapore's Wednesday, and is Thursday here.
        (
            date(2026, 11, 29),
            "2027-01-28T00:30:00+09:00",
            SINGAPORE,
            plain,
            &[],
        ),
        (
            date(2026, 11, 29),
            "2027-01-27T23:30:00+09:00",
            SINGAPORE,
            plain,
            &["too_early"],
        ),
        // A date alone wants some part of a window on that day.
        (NOTICE, "2027-01-27", BOTH, plain, &[]),
        (NOTICE, "2027-01-28", SINGAPORE, plain, &[]),
        (NOTICE, "2027-01-28", TOKYO, plain, &["outside_window"]),
        (NOTICE, "2027-01-30", TOKYO, plain, &["wrong_window"]),
        (NOTICE, "2027-01-22", TOKYO, plain, &["outside_window"]),
    ];
    for (notice, effective, zones, kind, reasons) in rows {
        let verdict = world.check(notice, effective, zones, kind);
        assert_eq!(words(&verdict), reasons, "{notice} {effective} {zones:?}");
    }
}

#[test]
fn the_longer_lead_of_a_maintenance_notice_counts() {
    let world = World::new();
    let effective = "2027-01-27T20:00:00+09:00";
    let kinds = |behavior_change, outage| ChangeKind {
        remote_control: false,
        behavior_change,
        outage,
    };
    for (kind, notice, accepted) in [
        (kinds(true, false), date(2027, 1, 13), true),
        (kinds(true, false), date(2027, 1, 14), false),
        (kinds(false, true), date(2027, 1, 20), true),
        (kinds(false, true), date(2027, 1, 21), false),
        (kinds(true, true), date(2027, 1, 20), false),
        (kinds(true, true), date(2027, 1, 13), true),
    ] {
        let verdict = world.request(NOTICE, NOTICE, effective, BOTH, kind, Some(notice));
        assert_eq!(verdict.accepted(), accepted, "{kind:?} {notice}");
        if !accepted {
            assert_eq!(words(&verdict), ["maintenance_notice_too_late"]);
        }
    }
    let before = world.request(
        date(2026, 11, 24),
        NOTICE,
        effective,
        TOKYO,
        ChangeKind::default(),
        None,
    );
    assert_eq!(words(&before), ["notice_before_decision"]);
}

#[test]
fn holidays_closures_leap_days_and_the_end_of_time() {
    let world = World::new();
    let closed = world.check(
        date(2026, 10, 1),
        "2026-12-30T19:00:00+09:00",
        TOKYO,
        ChangeKind::default(),
    );
    assert!(closed.accepted());
    let (day, why) = closed.sites[0].closed.as_ref().expect("a warning");
    assert_eq!(
        (*day, why.en.as_str()),
        (date(2026, 12, 30), "year-end closure")
    );
    let holiday = world.check(
        NOTICE,
        "2027-05-05T19:00:00+09:00",
        TOKYO,
        ChangeKind::default(),
    );
    assert!(holiday.accepted() && holiday.sites[0].closed.is_some());
    // 2028 has a 29 February: 60 days from 1 January are 1 March, in 2027 2 March.
    for (notice, earliest) in [
        (date(2028, 1, 1), date(2028, 3, 1)),
        (date(2027, 1, 1), date(2027, 3, 2)),
    ] {
        let verdict = world.check(notice, "2030-01-02", TOKYO, ChangeKind::default());
        assert_eq!(verdict.earliest, Some(earliest));
    }
    let last = world.check(date(9999, 12, 1), "9999-12-29", BOTH, ChangeKind::default());
    assert_eq!(last.earliest, None);
    assert_eq!(words(&last), ["too_early"]);
    let first = world.check(
        date(-9999, 1, 1),
        "-009999-01-01",
        BOTH,
        ChangeKind::default(),
    );
    assert!(!first.accepted());
}

#[test]
fn the_plan_is_lawful_and_names_what_comes_before() {
    let world = World::new();
    let rules = world.rules();
    let places: Vec<_> = world
        .vendor
        .sites
        .iter()
        .map(|site| (site, TimeZone::get(&site.zone).expect("zone")))
        .collect();
    let planned = plan(
        date(2026, 11, 20),
        NOTICE,
        &places,
        ChangeKind::default(),
        &rules,
    )
    .expect("a plan");
    let steps: Vec<String> = planned
        .steps
        .iter()
        .map(|step| {
            let business = step
                .business_day
                .map_or(String::new(), |day| format!(" (business day {day})"));
            format!("{} {}{business}", step.date, step.step.as_str())
        })
        .collect();
    insta::assert_snapshot!(steps.join("\n"));
    let verdict = world.check(
        NOTICE,
        &planned.effective.to_string(),
        BOTH,
        ChangeKind::default(),
    );
    assert!(verdict.accepted());
}

proptest! {
    #[test]
    fn a_notice_accepted_once_is_accepted_at_any_later_window(
        day in 0_i64..20_000,
        weeks in 0_i64..300,
        zone in prop::sample::select(vec!["Asia/Tokyo", "Asia/Singapore", "America/New_York", "Europe/London", "Australia/Lord_Howe"]),
        remote_control in any::<bool>(),
    ) {
        let world = World::new();
        let kind = ChangeKind { remote_control, ..ChangeKind::default() };
        let notice = plus_days(date(2000, 1, 1), day).expect("a date");
        let earliest = plus_days(notice, 60).expect("a date");
        let first = world.check(notice, &earliest.to_string(), &[zone], kind);
        let window = first.sites[0].first_window.clone().expect("a window");
        let start = window.start.to_string();
        prop_assert!(world.check(notice, &start, &[zone], kind).accepted());
        let later = plus_days(window.start_local().date(), weeks * 7).expect("a date");
        let zone_of = TimeZone::get(zone).expect("zone");
        let from = zone_of.to_timestamp(later.at(0, 0, 0, 0)).expect("an instant");
        let next = first_from(&world.vendor.windows[0], &zone_of, from, remote_control).expect("a window");
        prop_assert!(world.check(notice, &next.start.to_string(), &[zone], kind).accepted());
        // One day fewer is refused, whatever the window.
        let late = plus_days(notice, 1 + weeks * 7).expect("a date");
        let verdict = world.check(late, &start, &[zone], kind);
        prop_assert_eq!(verdict.accepted(), verdict.days_of_notice >= 60);
    }
}

const DECISION: &str = include_str!("decisions/2027-ios-17.toml");

#[test]
fn a_decision_is_read_and_stands_as_its_history_says() {
    let world = World::new();
    let found = world
        .decisions(&[("2027-ios-17", DECISION)])
        .expect("lawful");
    let announced = |found: &[Decision], day| -> Vec<String> {
        let announced = decisions::announced(found, day);
        announced.iter().map(|decision| decision.name()).collect()
    };
    assert!(announced(&found, date(2026, 11, 22)).is_empty());
    assert_eq!(announced(&found, NOTICE), ["iOS 17"]);
    // The planned change moves with the day of effect; without one the first window is taken.
    let postponed = DECISION
        .replace("state = \"announced\"", "state = \"postponed\"")
        .replace("change = 2027-01-27T19:00:00+09:00\n", "")
        + "\n[[history]]\non = 2027-01-10\nevent = \"postponed\"\neffective = 2027-02-10\n";
    let found = world
        .decisions(&[("2027-ios-17", &postponed)])
        .expect("lawful");
    assert_eq!(found[0].current(), (NOTICE, date(2027, 2, 10)));
    let withdrawn = DECISION.replace("state = \"announced\"", "state = \"withdrawn\"")
        + "\n[[history]]\non = 2027-01-10\nevent = \"withdrawn\"\n";
    let found = world
        .decisions(&[("2027-ios-17", &withdrawn)])
        .expect("lawful");
    assert_eq!(announced(&found, date(2027, 1, 9)), ["iOS 17"]);
    assert!(announced(&found, date(2027, 1, 10)).is_empty());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.toml"), DECISION).expect("written");
    assert_eq!(decisions::load(folder.path()).expect("read").len(), 1);
    assert!(
        decisions::load(&folder.path().join("none"))
            .expect("empty")
            .is_empty()
    );
    for (platform, version) in [("android", "13"), ("windows", "11-23h2")] {
        let other = DECISION
            .replace("platform = \"ios\"", &format!("platform = \"{platform}\""))
            .replace("version = \"17\"", &format!("version = \"{version}\""));
        assert!(world.decisions(&[("other", &other)]).is_ok(), "{platform}");
    }
}

#[test]
fn the_floor_counts_what_is_out_and_stays() {
    let world = World::new();
    let of = |files: &[(&str, &str)]| match world.decisions(files) {
        Ok(_) => String::new(),
        Err(shown) => shown,
    };
    assert_eq!(of(&[("2027-ios-17", DECISION)]), "");
    // 27 comes out on 15 September 2026 in Japan: a notice of the day before leaves only two generations.
    for (notice, refused) in [("2026-09-14", true), ("2026-09-15", false)] {
        let early = DECISION
            .replace("decided = 2026-11-20", "decided = 2026-09-10")
            .replace("as_of = 2026-11-20", "as_of = 2026-09-10")
            .replace("notice = 2026-11-23", &format!("notice = {notice}"));
        let shown = of(&[("2027-ios-17", &early)]);
        assert_eq!(shown.contains("RP0413"), refused, "{notice}: {shown}");
    }
    // 18 leaves by another decision, published or to be published by then: it does not remain for 17.
    let other = DECISION
        .replace("version = \"17\"", "version = \"18\"")
        .replace("remaining = [\"18\", ", "remaining = [");
    let draft = other.replace("state = \"announced\"", "state = \"decided\"");
    let later = draft.replace("notice = 2026-11-23", "notice = 2026-11-24");
    let withdrawn = other.replace("state = \"announced\"", "state = \"withdrawn\"")
        + "\n[[history]]\non = 2026-11-23\nevent = \"withdrawn\"\n";
    for (second, refused) in [
        (&other, true),
        (&draft, true),
        (&later, false),
        (&withdrawn, false),
    ] {
        let shown = of(&[("2027-ios-17", DECISION), ("2027-ios-18", second)]);
        let both = shown.contains("2027-ios-17.toml");
        assert_eq!(both, refused, "{second}\n{shown}");
    }
}

#[test]
fn impossible_decisions_are_refused_with_their_code() {
    let world = World::new();
    let history = |event: &str| format!("{DECISION}\n[[history]]\n{event}\n");
    let change = |from: &str, to: &str| DECISION.replace(from, to);
    let rows: Vec<(&str, String)> = vec![
        ("RP0401", change("\"ios\"", "\"iso\"")),
        ("RP0402", change("version = \"17\"", "version = \"19\"")),
        (
            "RP0402",
            change("remaining = [\"18\"", "remaining = [\"17\""),
        ),
        (
            "RP0403",
            change("decided = 2026-11-20", "decided = 2026-11-24"),
        ),
        (
            "RP0404",
            change("effective = 2027-01-27", "effective = 2027-01-21"),
        ),
        ("RP0405", change("Asia/Singapore", "Asia/Singapur")),
        ("RP0405", change("Asia/Singapore", "Asia/Tokyo")),
        ("RP0406", change("T19:00:00+09:00", "T18:00:00+09:00")),
        (
            "RP0406",
            change("2027-01-27T19:00:00+09:00", "2027-01-30T22:30:00+09:00"),
        ),
        (
            "RP0408",
            change("2027-01-27T19:00:00+09:00", "2027-01-20T19:00:00+09:00"),
        ),
        (
            "RP0408",
            history("on = 2027-01-10\nevent = \"postponed\"\neffective = 2027-01-20"),
        ),
        (
            "RP0408",
            history("on = 2027-01-10\nevent = \"announced\"\neffective = 2027-02-10"),
        ),
        ("RP0408", history("on = 2027-01-20\nevent = \"effective\"")),
        (
            "RP0409",
            history("on = 2027-01-10\nevent = \"postponed\"\neffective = 2027-02-10"),
        ),
        (
            "RP0409",
            change("state = \"announced\"", "state = \"effective\""),
        ),
        (
            "RP0410",
            change(
                "maintenance_notice = 2027-01-13",
                "maintenance_notice = 2027-01-14",
            ),
        ),
        ("RP0411", change("by = \"QA\"", "by = \"\"")),
        ("RP0413", change("remaining = [\"18\", ", "remaining = [")),
        (
            "RP0413",
            change("remaining = [\"18\"", "remaining = [\"15\", \"16\""),
        ),
        ("RP0414", change("months = 12", "months = 5")),
        ("RP0414", change("months = 12", "months = 13")),
        (
            "RP0414",
            change("decline_percent = 75", "decline_percent = 4.9"),
        ),
        (
            "RP0414",
            change("trend = \"decreasing\"", "trend = \"unused\""),
        ),
        ("RP0411", change("as_of = 2026-11-20", "as_of = 2026-11-21")),
        ("RP0002", change("outage =", "outrage =")),
        ("RP0003", change("state = \"announced\"\n", "")),
        (
            "RP0005",
            change("2027-01-27T19:00:00+09:00", "2027-01-27T19:00:00"),
        ),
    ];
    for (code, text) in rows {
        assert_ne!(text, DECISION, "{code}: nothing was changed");
        let said = world.decisions(&[("d", &text)]).expect_err(code);
        assert!(said.contains(code), "{code} is not in {said}");
    }
    let twice = world
        .decisions(&[("a", DECISION), ("b", DECISION)])
        .expect_err("twice");
    assert!(twice.contains("RP0407"), "{twice}");
    let many = DECISION
        .replace("decided = 2026-11-20", "decided = 2026-11-24")
        .replace("effective = 2027-01-27", "effective = 2027-01-13")
        .replace(
            "Asia/Singapore\"",
            "Asia/Singapore\"\nchange = 2027-01-30T22:30:00+08:00",
        );
    insta::assert_snapshot!(world.decisions(&[("2027-ios-17", &many)]).unwrap_err());
}

fn documents(
    world: &World,
    decision: &Decision,
    stuck: &Known<Vec<String>>,
    kind: Kind,
) -> Vec<Document> {
    let rules = world.rules();
    let verdict = subject::verdict(decision, &world.vendor.sites, &rules).expect("a verdict");
    [Lang::Ja, Lang::En]
        .into_iter()
        .map(|lang| {
            let inputs = NoticeInputs {
                decision,
                vendor: &world.vendor,
                rules: &rules,
                verdict: &verdict,
                stuck,
                as_of: NOTICE,
            };
            write(kind, lang, &inputs).expect("texts")
        })
        .collect()
}

fn decision(world: &World) -> Decision {
    world
        .decisions(&[("2027-ios-17", DECISION)])
        .expect("lawful")
        .remove(0)
}

#[test]
fn the_notice_in_both_languages() {
    let world = World::new();
    let decision = decision(&world);
    let stuck = Known::Known(vec!["iPhone 0".to_owned()]);
    for (kind, word) in Kind::WORDS {
        for document in documents(&world, &decision, &stuck, kind) {
            let lang = document.lang;
            insta::assert_snapshot!(
                format!("{word}_{lang}_markdown"),
                render::notice_markdown(&document).expect("markdown")
            );
            if kind == Kind::Deprecation {
                insta::assert_snapshot!(
                    format!("{word}_{lang}_text"),
                    render::notice_text(&document).expect("text")
                );
            }
        }
    }
}

#[test]
fn formats_agree_and_hostile_words_stay_words() {
    let world = World::new();
    let mut decision = decision(&world);
    decision.reason = Text {
        ja: "<script>alert(1)</script>".to_owned(),
        en: "| [x](javascript:1)\r\nSubject: y".to_owned(),
    };
    let all = documents(&world, &decision, &Known::Unknown, Kind::Deprecation);
    let html = render::notice_html(&all).expect("html");
    assert!(!html.contains("<script>alert"), "escaped");
    for document in &all {
        assert!(html.contains(&document.title), "{}", document.title);
        let text = render::notice_text(document).expect("text");
        assert!(text.starts_with(&document.title));
        let mail = render::notice_mail(document, "x", 0).expect("mail");
        assert_eq!(
            mail,
            render::notice_mail(document, "x", 0).expect("mail"),
            "the same bytes"
        );
        let head = mail.split("\r\n\r\n").next().expect("a head");
        assert_eq!(head.matches("Subject:").count(), 1);
    }
    assert!(
        !html.contains("http-equiv") && !html.contains("src="),
        "nothing is fetched"
    );
}

#[test]
fn a_withdrawn_and_an_unstated_decision_say_so() {
    let world = World::new();
    let text = DECISION
        .replace("state = \"announced\"", "state = \"withdrawn\"")
        .replace("works = [", "prepare = [")
        + "\n[[history]]\non = 2027-01-10\nevent = \"withdrawn\"\nnote = { ja = \"利用が増えたため\", en = \"use has grown\" }\n";
    let found = world.decisions(&[("2027-ios-17", &text)]).expect("lawful");
    let all = documents(&world, &found[0], &Known::Unknown, Kind::Deprecation);
    let ja = render::notice_text(&all[0]).expect("text");
    assert!(ja.starts_with("【取消】iOS 17"), "{ja}");
    assert!(ja.contains("利用が増えたため"));
    let text = DECISION.replace("works = [", "prepare = [");
    let found = world.decisions(&[("2027-ios-17", &text)]).expect("lawful");
    let all = documents(&world, &found[0], &Known::Unknown, Kind::Deprecation);
    let en = render::notice_text(&all[1]).expect("text");
    assert!(
        en.contains("Not confirmed at the time of this notice"),
        "{en}"
    );
}

fn listed(world: &World, today: Date, decisions: &[Decision]) -> Agenda {
    let rules = world.rules();
    let reports = [
        ReportClock {
            release: "ios27.0.1".to_owned(),
            name: "iOS 27.0.1".to_owned(),
            obtained: date(2026, 9, 29),
            registered: false,
            due: date(2026, 10, 14),
        },
        ReportClock {
            release: "ios27.2".to_owned(),
            name: "iOS 27.2".to_owned(),
            obtained: date(2026, 11, 20),
            registered: true,
            due: date(2026, 12, 7),
        },
    ];
    agenda(&Inputs {
        reports: &reports,
        decisions,
        known_issues: &[],
        sites: &world.vendor.sites,
        rules: &rules,
        soon_days: 3,
        today,
        ahead_days: 120,
    })
}

#[test]
fn the_agenda_lists_every_clock_and_its_file_is_stable() {
    let world = World::new();
    let decision = decision(&world);
    let list = listed(&world, date(2026, 12, 3), std::slice::from_ref(&decision));
    let lines: Vec<String> = list
        .entries
        .iter()
        .map(|entry| {
            format!(
                "{} {} {} {}",
                entry.date,
                entry.when.as_str(),
                entry.clock.as_str(),
                entry.subject
            )
        })
        .collect();
    assert!(list.past_due());
    insta::assert_snapshot!("agenda_list", lines.join("\n"));
    let file = ics(&list, "Product", Lang::En).expect("a file");
    assert_eq!(file, ics(&list, "Product", Lang::En).expect("a file"));
    insta::assert_snapshot!("agenda_ics", file.replace("\r\n", "\n"));
    // What nobody has recorded as done stays, overdue; what merely happened leaves.
    let after = listed(&world, date(2027, 2, 1), std::slice::from_ref(&decision));
    let count = |word: &str| {
        after
            .entries
            .iter()
            .filter(|entry| entry.clock.as_str() == word)
            .count()
    };
    assert_eq!((count("effective"), count("window")), (1, 0));
    let mut withdrawn = decision.clone();
    withdrawn.state = decisions::State::Withdrawn;
    withdrawn.history.push(decisions::Change {
        on: date(2026, 12, 1),
        event: decisions::Event::Withdrawn,
        effective: None,
        note: None,
    });
    assert_eq!(
        listed(&world, date(2026, 12, 3), &[withdrawn])
            .entries
            .len(),
        2
    );
    // A notice that is decided and not published is a thing to do.
    let mut draft = decision;
    draft.state = decisions::State::Decided;
    let list = listed(&world, date(2026, 11, 24), &[draft]);
    assert!(
        list.entries
            .iter()
            .any(|entry| entry.clock.as_str() == "publish_notice"
                && entry.when.as_str() == "overdue")
    );
    assert!(listed(&world, Date::MAX, &[]).past_due());
}
