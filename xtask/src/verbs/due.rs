//! `due`: when a report is due, with the working day by day.

use std::collections::BTreeMap;

use device_matrix::calendar::{
    self, Acquired, Alternatives, BusinessCalendar, ClosedDay, Due, DueState,
};
use device_matrix::known::{Known, Text};
use device_matrix::release::Release;
use device_matrix::selector::{Selector, SelectorKind, TargetKind};
use jiff::civil::{Date, Weekday};
use serde::Serialize;

use crate::cli::DueArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct DueJson {
    schema_version: u32,
    as_of: String,
    release: Option<String>,
    acquired_jst: String,
    /// `option`, `register` or `default_jst_release_day`.
    acquired_source: &'static str,
    business_days: u32,
    due: String,
    /// Business days from `as_of` to `due`; negative when it has passed.
    days_left: i64,
    state: &'static str,
    published: Option<String>,
    /// Whether it was published in time; null when it was not published by `as_of`.
    on_time: Option<bool>,
    provisional_calendar: bool,
    official_through: String,
    calendar_source: String,
    counted: Vec<String>,
    skipped: Vec<SkippedJson>,
    /// Other readings of the guideline, for information only.
    alternatives: Option<AlternativesJson>,
}

#[derive(Debug, Serialize)]
struct SkippedJson {
    date: String,
    why: String,
    why_ja: String,
}

#[derive(Debug, Serialize)]
struct AlternativesJson {
    same_day_counts: Option<String>,
    received_next_business_day: Option<String>,
    same_day_counts_before_closing: Option<String>,
}

/// What the count begins with.
struct Begin {
    acquired: Acquired,
    source: &'static str,
    release: Option<String>,
    published: Option<Date>,
}

/// Counts.
pub(crate) fn run(arguments: &DueArgs, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let begin = begin(arguments, data, as_of)?;
    let calendar = company(arguments, data);
    let days = arguments
        .business_days
        .unwrap_or(data.policy.report_business_days);
    let due = calendar::due(begin.acquired.date, days, &calendar);
    if due.counted.len() < days as usize {
        return Err(Stop::usage(format!(
            "{days} business days after {} pass the last day that can be written, {}",
            begin.acquired.date, due.due
        )));
    }
    let state = calendar::state(
        as_of,
        due.due,
        begin.published,
        data.policy.due_soon_days,
        &calendar,
    );
    let alternatives = data
        .policy
        .closing
        .map(|closing| calendar::alternatives(&begin.acquired, days, closing, &calendar));
    let report = json(&begin, &due, days, state, as_of, &calendar, alternatives);
    if arguments.json {
        super::print_json(&report)?;
    } else {
        print(&report, &due, state, lang);
    }
    Ok(match state {
        DueState::Late => Exit::PastDue,
        DueState::Due | DueState::DueSoon | DueState::Done => Exit::Yes,
    })
}

fn begin(arguments: &DueArgs, data: &Data, as_of: Date) -> Result<Begin, Stop> {
    let time = |option: &str, text: &str| {
        calendar::acquired_from_text(text)
            .map_err(|error| Stop::usage(format!("{option}: {error}")))
    };
    let given = match &arguments.acquired {
        Some(text) => Some(time("--acquired", text)?),
        None => None,
    };
    let published = match &arguments.published {
        Some(text) => Some(time("--published", text)?.date),
        None => None,
    };
    let release = arguments
        .target
        .as_deref()
        .map(|target| release(target, data, as_of))
        .transpose()?;
    let entry = release
        .as_ref()
        .and_then(|release| data.register.entry(&release.id()));
    let (acquired, source) = match (given, &release) {
        (Some(acquired), _) => (acquired, "option"),
        (None, Some(release)) => {
            let obtained = data.register.obtained(release);
            let Known::Known(obtained_on) = obtained.date else {
                return Err(Stop::usage(format!(
                    "nobody has stated when {} was obtained; write --acquired, or `obtained` in \
                     reports/data/register.toml",
                    release.id()
                )));
            };
            (
                Acquired {
                    date: obtained_on,
                    time: None,
                },
                obtained.source.as_str(),
            )
        }
        (None, None) => {
            return Err(Stop::usage(
                "nothing to count from; write a release such as `ios27`, or --acquired 2026-09-14T10:00:00-07:00",
            ));
        }
    };
    let published = published.or(entry.and_then(|entry| entry.published));
    if let Some(published) = published
        && published < acquired.date
    {
        return Err(Stop::usage(format!(
            "published on {published}, before it was acquired on {} (both dates in Japan); check both",
            acquired.date
        )));
    }
    Ok(Begin {
        acquired,
        source,
        release: release.map(|release| release.id()),
        published,
    })
}

/// The release that a target names; of a generation the first one, because that is what has to be reported on.
fn release(target: &str, data: &Data, as_of: Date) -> Result<std::sync::Arc<Release>, Stop> {
    let selector = target
        .parse::<Selector>()
        .map_err(|error| Stop::usage(error.to_string()))?;
    if matches!(selector.kind, SelectorKind::Model(_)) {
        return Err(Stop::usage(format!(
            "`{target}` is a device; its report is due from the day it was delivered: write --acquired DATE"
        )));
    }
    let found = selector
        .resolve(&data.catalog, as_of)
        .map_err(|error| Stop::usage(error.to_string()))?;
    let first = found.releases.iter().min_by_key(|release| release.version);
    match (first, found.kind) {
        (Some(first), TargetKind::Generation) => Ok(first.clone()),
        (Some(first), _) if found.releases.len() == 1 => Ok(first.clone()),
        _ => Err(Stop::usage(format!(
            "`{target}` names several releases: {}; write one of them",
            found
                .releases
                .iter()
                .map(|release| release.id())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// The calendar with the company days that were asked for.
fn company(arguments: &DueArgs, data: &Data) -> BusinessCalendar {
    let calendar = data.calendar.clone();
    let calendar = if arguments.no_company_calendar {
        calendar.without_closed()
    } else {
        calendar
    };
    calendar.with_closed(arguments.company_holiday.iter().map(|date| ClosedDay {
        date: *date,
        why: Text {
            ja: "会社休業日（指定）".to_owned(),
            en: "company holiday (given)".to_owned(),
        },
    }))
}

fn json(
    begin: &Begin,
    due: &Due,
    business_days: u32,
    state: DueState,
    as_of: Date,
    calendar: &BusinessCalendar,
    alternatives: Option<Alternatives>,
) -> DueJson {
    let text = |date: Date| date.to_string();
    DueJson {
        schema_version: 1,
        as_of: text(as_of),
        release: begin.release.clone(),
        acquired_jst: text(begin.acquired.date),
        acquired_source: begin.source,
        business_days,
        due: text(due.due),
        days_left: calendar::business_days_left(as_of, due.due, calendar),
        state: state.as_str(),
        published: begin.published.map(text),
        on_time: begin
            .published
            .filter(|published| *published <= as_of)
            .map(|published| calendar::on_time(published, due.due)),
        provisional_calendar: due.provisional,
        official_through: text(calendar.official_through()),
        calendar_source: calendar.source().to_owned(),
        counted: due.counted.iter().copied().map(text).collect(),
        skipped: due
            .skipped
            .iter()
            .map(|(date, why)| SkippedJson {
                date: text(*date),
                why: why.en.clone(),
                why_ja: why.ja.clone(),
            })
            .collect(),
        alternatives: alternatives.map(|other| AlternativesJson {
            same_day_counts: other.same_day.map(text),
            received_next_business_day: other.received_next_day.map(text),
            same_day_counts_before_closing: other.same_day_before_closing.map(text),
        }),
    }
}

/// Days of the working that are shown to people; a longer count is shown in part.
const SHOWN: usize = 60;

fn print(report: &DueJson, due: &Due, state: DueState, lang: Lang) {
    let mut days: BTreeMap<Date, String> = due
        .skipped
        .iter()
        .map(|(date, why)| (*date, format!("– {}", lang.pick(&why.ja, &why.en))))
        .collect();
    days.extend(
        due.counted
            .iter()
            .enumerate()
            .map(|(position, date)| (*date, (position + 1).to_string())),
    );
    let head = match lang {
        Lang::Ja => ["日付", "曜日", "営業日数"],
        Lang::En => ["date", "day", "business day"],
    };
    let mut table = super::table(&head);
    table.add_row([
        due.acquired.to_string(),
        weekday(due.acquired, lang).to_owned(),
        lang.pick("0（入手日）", "0 (acquired)").to_owned(),
    ]);
    for (date, what) in days.iter().take(SHOWN) {
        table.add_row([
            date.to_string(),
            weekday(*date, lang).to_owned(),
            what.clone(),
        ]);
    }
    println!("{table}");
    if days.len() > SHOWN {
        println!("… ({})", days.len() - SHOWN);
    }
    let words = match (lang, state) {
        (Lang::Ja, DueState::Due) => "期限まで余裕あり",
        (Lang::Ja, DueState::DueSoon) => "期限間近",
        (Lang::Ja, DueState::Late) => "期限超過",
        (Lang::Ja, DueState::Done) => "公開済み",
        (Lang::En, DueState::Due) => "there is time",
        (Lang::En, DueState::DueSoon) => "due soon",
        (Lang::En, DueState::Late) => "late",
        (Lang::En, DueState::Done) => "published",
    };
    let name = report.release.as_deref().unwrap_or_default();
    let left = match (lang, report.days_left) {
        // Late on a weekend: no business day has passed since.
        (Lang::Ja, 0) if state == DueState::Late => "期限日を過ぎています".to_owned(),
        (Lang::En, 0) if state == DueState::Late => "the due date has passed".to_owned(),
        (Lang::Ja, past @ ..0) => format!("{} 営業日超過", -past),
        (Lang::Ja, left) => format!("残り {left} 営業日"),
        (Lang::En, past @ ..0) => format!("{} business days past", -past),
        (Lang::En, left) => format!("{left} business days left"),
    };
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "{name} 入手日 {} → 報告期限 {}（{}営業日）。{} 現在: {words}、{left}",
                report.acquired_jst, report.due, report.business_days, report.as_of
            ),
            Lang::En => format!(
                "{name} acquired {} → due {} ({} business days, dates in Japan); as of {}: {words}, {left}",
                report.acquired_jst, report.due, report.business_days, report.as_of
            ),
        }
        .trim_start()
    );
    if let (Some(published), Some(on_time)) = (&report.published, report.on_time) {
        println!(
            "{} {published}: {}",
            lang.pick("公開日", "published"),
            match (lang, on_time) {
                (Lang::Ja, true) => "期限内",
                (Lang::Ja, false) => "期限後",
                (Lang::En, true) => "on time",
                (Lang::En, false) => "after the due date",
            }
        );
    }
    if report.acquired_source == "default_jst_release_day" {
        println!(
            "{}",
            lang.pick(
                "入手日は台帳になく、日本での公開日（米国の日付の翌日）としました。",
                "the register does not state the day of obtaining; the release day in Japan (the day after the vendor's US date) stands for it",
            )
        );
    }
    if report.provisional_calendar {
        println!(
            "{} {}",
            lang.pick(
                "暫定: 祝日はまだ公表されていません。公表済みの最終日",
                "provisional: the holidays are not published yet; published up to",
            ),
            report.official_through
        );
    }
    if let Some(other) = &report.alternatives {
        let show = |date: &Option<String>| {
            date.clone()
                .unwrap_or_else(|| lang.pick("時刻が必要", "needs the time of day").to_owned())
        };
        println!(
            "{}",
            match lang {
                Lang::Ja => format!(
                    "参考（他の数え方）: 入手日を1日目とする {}、終業後・休業日の入手を翌営業日の受付とする {}、終業前なら入手日を1日目とする {}",
                    show(&other.same_day_counts),
                    show(&other.received_next_business_day),
                    show(&other.same_day_counts_before_closing)
                ),
                Lang::En => format!(
                    "for information, by other readings: the day of acquisition counts {}; received on the next business day after closing time or on closed days {}; the day of acquisition counts before closing time {}",
                    show(&other.same_day_counts),
                    show(&other.received_next_business_day),
                    show(&other.same_day_counts_before_closing)
                ),
            }
        );
    }
}

fn weekday(date: Date, lang: Lang) -> &'static str {
    let (ja, en) = match date.weekday() {
        Weekday::Monday => ("月", "Mon"),
        Weekday::Tuesday => ("火", "Tue"),
        Weekday::Wednesday => ("水", "Wed"),
        Weekday::Thursday => ("木", "Thu"),
        Weekday::Friday => ("金", "Fri"),
        Weekday::Saturday => ("土", "Sat"),
        Weekday::Sunday => ("日", "Sun"),
    };
    lang.pick(ja, en)
}
