//! Business days: the guideline's cases, law changes, and what always holds.

use device_matrix::calendar::{
    BusinessCalendar, CalendarPolicy, ClosedDay, DueState, acquired_from_text, alternatives,
    business_days_left, due, jst_date_from_text, on_time, state,
};
use device_matrix::known::Text;
use jiff::ToSpan as _;
use jiff::civil::Date;
use proptest::prelude::*;

use crate::common::{date, sources};

fn calendar() -> BusinessCalendar {
    BusinessCalendar::load(&sources()).expect("the committed calendar is right")
}

fn closed(days: &[&str]) -> Vec<ClosedDay> {
    days.iter()
        .map(|day| ClosedDay {
            date: date(day),
            why: Text {
                ja: "年末年始".to_owned(),
                en: "year-end closure".to_owned(),
            },
        })
        .collect()
}

#[test]
fn a_report_is_due_ten_business_days_later() {
    let year_end = [
        "2026-12-29",
        "2026-12-30",
        "2026-12-31",
        "2027-01-02",
        "2027-01-03",
    ];
    let table: &[(&str, u32, &[&str], &str)] = &[
        // Silver Week of five days, 9/22 between two holidays.
        ("2026-09-15", 10, &[], "2026-10-02"),
        ("2026-09-18", 1, &[], "2026-09-24"),
        ("2026-08-17", 10, &[], "2026-08-31"),
        // Acquired on a closed day: the count begins on the next day all the same.
        ("2026-09-19", 1, &[], "2026-09-24"),
        // Golden Week with substitute holidays.
        ("2026-04-28", 5, &[], "2026-05-11"),
        // 2019: ten days around the enthronement, and the ceremony.
        ("2019-04-26", 1, &[], "2019-05-07"),
        ("2019-10-21", 1, &[], "2019-10-23"),
        // 2020 and 2021: Olympic moves; the usual days are business days.
        ("2020-07-17", 1, &[], "2020-07-20"),
        ("2020-07-22", 1, &[], "2020-07-27"),
        ("2020-10-09", 1, &[], "2020-10-12"),
        ("2021-07-16", 1, &[], "2021-07-19"),
        ("2021-07-21", 1, &[], "2021-07-26"),
        ("2021-08-06", 1, &[], "2021-08-10"),
        ("2021-10-08", 1, &[], "2021-10-11"),
        // Leap days.
        ("2024-02-28", 1, &[], "2024-02-29"),
        ("2028-02-28", 2, &[], "2028-03-01"),
        // Year end without and with the company's days.
        ("2026-12-28", 3, &[], "2026-12-31"),
        ("2026-12-28", 3, &year_end, "2027-01-06"),
        ("2026-12-21", 10, &year_end, "2027-01-08"),
        ("2026-09-15", 0, &[], "2026-09-15"),
    ];
    for (acquired, days, company, expected) in table {
        let calendar = calendar().with_closed(closed(company));
        let result = due(date(acquired), *days, &calendar);
        assert_eq!(result.due, date(expected), "{acquired} + {days}");
        assert_eq!(result.counted.len(), *days as usize);
        let passed = date(acquired)
            .until(result.due)
            .expect("both are dates")
            .get_days();
        assert_eq!(
            usize::try_from(passed).expect("forward"),
            result.counted.len() + result.skipped.len(),
            "every day is counted or skipped with a reason"
        );
    }
}

#[test]
fn the_working_names_each_day_that_does_not_count() {
    let result = due(date("2026-09-15"), 10, &calendar());
    let lines: Vec<String> = result
        .skipped
        .iter()
        .map(|(day, why)| format!("{day} {} / {}", why.ja, why.en))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(!result.provisional);
}

#[test]
fn days_after_the_published_ones_are_provisional() {
    let calendar = calendar();
    assert_eq!(calendar.official_through(), date("2027-12-31"));
    assert!(!due(date("2027-12-01"), 10, &calendar).provisional);
    assert!(due(date("2027-12-24"), 10, &calendar).provisional);
    assert!(due(date("2032-09-17"), 1, &calendar).provisional);
    assert_eq!(
        due(date("2032-09-17"), 1, &calendar).due,
        date("2032-09-23")
    );
}

#[test]
fn moved_holidays_are_kept_with_the_day_of_the_older_publication() {
    let calendar = calendar();
    let moved: Vec<String> = calendar
        .superseded()
        .iter()
        .map(|day| format!("{} {} until {}", day.date, day.name, day.until))
        .collect();
    insta::assert_snapshot!(moved.join("\n"));
    for day in calendar.superseded() {
        assert!(
            calendar.is_business_day(day.date),
            "{} counts today",
            day.date
        );
    }
}

#[test]
fn an_acquisition_is_dated_in_japan() {
    for (text, expected) in [
        // Apple publishes at 10:00 US Pacific.
        ("2026-09-14T10:00:00-07:00", "2026-09-15"),
        ("2026-12-14T10:00:00-08:00", "2026-12-15"),
        ("2026-09-14T17:00:00Z", "2026-09-15"),
        ("2026-09-14T14:59:59Z", "2026-09-14"),
        ("2026-09-14T15:00:00Z", "2026-09-15"),
        ("2026-09-15T23:59:59+09:00", "2026-09-15"),
        ("2026-09-16T01:00:00+12:45", "2026-09-15"),
        ("2026-09-15", "2026-09-15"),
        (" 2026-09-15 ", "2026-09-15"),
    ] {
        assert_eq!(jst_date_from_text(text), Ok(date(expected)), "{text}");
    }
    for text in [
        "",
        "yesterday",
        "2026-09-15T10:00:00",
        "2026-02-30",
        "15/09/2026",
        "2026-09-15T25:00:00Z",
    ] {
        let error = jst_date_from_text(text).expect_err(text);
        assert!(error.to_string().contains("offset"), "{text}");
    }
}

#[test]
fn a_report_is_due_soon_late_or_done() {
    let calendar = calendar();
    let policy = CalendarPolicy::load(&sources()).expect("the committed policy is right");
    assert_eq!((policy.report_business_days, policy.due_soon_days), (10, 3));
    let due_on = due(date("2026-09-15"), policy.report_business_days, &calendar).due;
    for (today, published, left, expected) in [
        ("2026-09-15", None, 10, DueState::Due),
        ("2026-09-28", None, 4, DueState::Due),
        ("2026-09-29", None, 3, DueState::DueSoon),
        ("2026-10-02", None, 0, DueState::DueSoon),
        ("2026-10-03", None, 0, DueState::Late),
        ("2026-10-05", None, -1, DueState::Late),
        ("2026-10-05", Some("2026-10-02"), -1, DueState::Done),
        ("2026-10-05", Some("2026-10-05"), -1, DueState::Done),
        // Announced for later: not published yet.
        ("2026-10-05", Some("2026-10-06"), -1, DueState::Late),
    ] {
        let found = business_days_left(date(today), due_on, &calendar);
        assert_eq!(found, left, "{today}");
        let published = published.map(date);
        let found = state(
            date(today),
            due_on,
            published,
            policy.due_soon_days,
            &calendar,
        );
        assert_eq!(found, expected, "{today}");
    }
    assert!(on_time(due_on, due_on));
    assert!(!on_time(date("2026-10-03"), due_on));
}

#[test]
fn other_readings_are_shown_beside_the_count() {
    let calendar = calendar();
    let closing = CalendarPolicy::load(&sources())
        .expect("the committed policy is right")
        .closing
        .expect("a closing time");
    for (text, same_day, next_day, before_closing) in [
        (
            "2026-09-15T02:00:00+09:00",
            "2026-10-01",
            Some("2026-10-02"),
            Some("2026-10-01"),
        ),
        (
            "2026-09-15T19:00:00+09:00",
            "2026-10-01",
            Some("2026-10-05"),
            Some("2026-10-02"),
        ),
        ("2026-09-15", "2026-10-01", None, None),
        // A Saturday: no reading counts it.
        (
            "2026-09-12",
            "2026-09-30",
            Some("2026-10-01"),
            Some("2026-09-30"),
        ),
    ] {
        let acquired = acquired_from_text(text).expect(text);
        let found = alternatives(&acquired, 10, closing, &calendar);
        assert_eq!(found.same_day, Some(date(same_day)), "{text}");
        assert_eq!(found.received_next_day, next_day.map(date), "{text}");
        assert_eq!(
            found.same_day_before_closing,
            before_closing.map(date),
            "{text}"
        );
    }
    let company = calendar.clone().with_closed(closed(&["2026-09-16"]));
    assert!(!company.is_business_day(date("2026-09-16")));
    assert_eq!(company.without_closed(), calendar);
}

#[test]
fn the_end_of_the_calendar_is_no_panic() {
    assert_eq!(due(Date::MAX, 10, &calendar()).due, Date::MAX);
    assert_eq!(business_days_left(Date::MAX, Date::MAX, &calendar()), 0);
}

proptest! {
    #[test]
    fn a_due_date_is_a_business_day_and_rises_with_its_arguments(
        offset in 0_i32..29_000,
        days in 1_u32..60,
        company in prop::collection::vec(0_i32..29_000, 0..40),
    ) {
        let begin = date("1955-01-01");
        let day = |offset: i32| begin.checked_add(offset.days()).expect("within the calendar");
        let extra = company.into_iter().map(|offset| ClosedDay {
            date: day(offset),
            why: Text { ja: "休業日".to_owned(), en: "company day".to_owned() },
        });
        let calendar = calendar().with_closed(extra);
        let one = due(day(offset), days, &calendar);
        prop_assert!(calendar.is_business_day(one.due));
        prop_assert!(one.due > one.acquired);
        prop_assert!(due(day(offset), days + 1, &calendar).due > one.due);
        prop_assert!(due(day(offset + 1), days, &calendar).due >= one.due);
        prop_assert_eq!(business_days_left(one.acquired, one.due, &calendar), i64::from(days));
    }
}
