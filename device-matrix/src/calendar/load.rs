//! `data/calendar/jp.toml` and `data/calendar/policy.toml`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::{Date, Time};

use super::{BusinessCalendar, CalendarPolicy, SupersededDay};
use crate::diag::{Diagnostic, SourceFile};
use crate::table::{Fields, Reader, read_file};

const CALENDAR: [&str; 8] = [
    "source",
    "obtained",
    "official_from",
    "official_through",
    "provisional_note",
    "official",
    "provisional",
    "superseded",
];

pub(super) fn calendar(sources: &[SourceFile]) -> Result<BusinessCalendar, Vec<Diagnostic>> {
    load(sources, "jp.toml", &CALENDAR, read_calendar)
}

pub(super) fn policy(sources: &[SourceFile]) -> Result<CalendarPolicy, Vec<Diagnostic>> {
    load(
        sources,
        "policy.toml",
        &["report", "alternatives"],
        read_policy,
    )
}

fn load<T>(
    sources: &[SourceFile],
    name: &str,
    known: &[&str],
    read: impl FnOnce(&mut Reader<'_>, &Fields<'_>) -> Option<T>,
) -> Result<T, Vec<Diagnostic>> {
    let file = sources.iter().find(|source| {
        source
            .path
            .ends_with(std::path::Path::new("calendar").join(name))
    });
    let missing = |path: String| {
        vec![
            Diagnostic::error("DM0011", path.clone(), 0..0, format!("{path} is missing"))
                .with_help("restore it from version control, or run `cargo xtask import calendar`"),
        ]
    };
    let Some(file) = file else {
        return Err(missing(format!("device-matrix/data/calendar/{name}")));
    };
    let (value, problems) = read_file(file, known, read);
    match value {
        Some(value) if problems.is_empty() => Ok(value),
        _ => Err(problems),
    }
}

fn read_calendar(reader: &mut Reader<'_>, root: &Fields<'_>) -> Option<BusinessCalendar> {
    let source = reader.required(root, "source");
    // Both are for the importer and for people; wrong types are told all the same.
    reader.date(root, "obtained");
    reader.string(root, "provisional_note");
    let official_from = reader.required_parsed::<Date>(root, "official_from");
    let official_through = reader.required_parsed::<Date>(root, "official_through");
    let mut holidays = BTreeMap::new();
    for key in ["official", "provisional"] {
        for entry in reader.tables(root, key, &["date", "name"]) {
            let date = reader.required_parsed::<Date>(&entry, "date");
            let name = reader.required(&entry, "name");
            let (Some(date), Some(name)) = (date, name) else {
                continue;
            };
            match holidays.entry(date.value) {
                Entry::Vacant(slot) => {
                    slot.insert(name.value);
                }
                Entry::Occupied(slot) => reader.report(
                    "DM0020",
                    date.span,
                    format!("{} is listed twice", slot.key()),
                    "keep one of the two entries".to_owned(),
                ),
            }
        }
    }
    let mut superseded = Vec::new();
    for entry in reader.tables(root, "superseded", &["date", "name", "until"]) {
        let date = reader.required_parsed::<Date>(&entry, "date");
        let name = reader.required(&entry, "name");
        let until = reader.required_parsed::<Date>(&entry, "until");
        if let (Some(date), Some(name), Some(until)) = (date, name, until) {
            superseded.push(SupersededDay {
                date: date.value,
                name: name.value,
                until: until.value,
            });
        }
    }
    let (from, through) = (official_from?, official_through?);
    if through.value < from.value {
        reader.report(
            "DM0021",
            through.span,
            "the published days end before they begin".to_owned(),
            "correct `official_from` or `official_through`".to_owned(),
        );
    }
    Some(BusinessCalendar {
        holidays,
        closed: BTreeMap::new(),
        superseded,
        official_through: through.value,
        source: source?.value,
    })
}

fn read_policy(reader: &mut Reader<'_>, root: &Fields<'_>) -> Option<CalendarPolicy> {
    let Some(report) = reader.table(root, "report", &["business_days", "due_soon"]) else {
        reader.report(
            "DM0003",
            0..0,
            "`[report]` is missing".to_owned(),
            "add `[report]` with `business_days` and `due_soon`".to_owned(),
        );
        return None;
    };
    let report_business_days = reader.required_integer(&report, "business_days");
    let due_soon_days = reader.required_integer(&report, "due_soon");
    let closing = reader
        .table(root, "alternatives", &["closing"])
        .and_then(|table| reader.required_parsed::<Time>(&table, "closing"));
    let (report_business_days, due_soon_days) = (report_business_days?, due_soon_days?);
    if report_business_days.value == 0 || report_business_days.value > 260 {
        reader.report(
            "DM0021",
            report_business_days.span,
            "`business_days` is not between 1 and 260".to_owned(),
            "write the number of business days of the guideline".to_owned(),
        );
    }
    Some(CalendarPolicy {
        report_business_days: report_business_days.value,
        due_soon_days: due_soon_days.value,
        closing: closing.map(|at| at.value),
    })
}
