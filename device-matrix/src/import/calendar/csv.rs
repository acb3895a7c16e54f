//! The holidays from the Cabinet Office's CSV (`syukujitsu.csv`), merged into what is known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use ::csv::ReaderBuilder;
use encoding_rs::{SHIFT_JIS, UTF_8};
use jiff::civil::{Date, date};

use super::file::CalendarFile;
use crate::import::{GeneratedFile, ImportError, LineProblem};

/// Every year since the law of 1948 has had more holidays than this, and one on November 23 (勤労感謝の日): fewer mean a
/// file that was cut off.
const DAYS_OF_A_YEAR: usize = 9;

/// The law on national holidays is of 1948; nobody publishes a century ahead.
const YEARS: std::ops::RangeInclusive<i16> = 1948..=2148;

/// Most problems that are told of one file.
const MAX_PROBLEMS: usize = 50;

/// Where a CSV is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// What it is, as it will stand in the data file.
    pub source: String,
    /// Day (JST) on which it was obtained.
    pub obtained: Date,
}

/// Merges a CSV into the text of `device-matrix/data/calendar/jp.toml`.
///
/// The CSV decides on the years that it has: its days are official. Official days of those years that it no longer
/// has are kept as superseded, with the day on which the last publication that had them was obtained (when that was
/// not written down, with the day of this one). Provisional days after the official years stay. A CSV that says
/// nothing new changes nothing.
///
/// # Errors
/// When `current` can not be read; every line of the CSV that can not be read; a file that was cut off or leaves years
/// out.
pub fn import_csv(
    bytes: &[u8],
    publication: &Publication,
    current: &str,
) -> Result<Vec<GeneratedFile>, ImportError> {
    let current = CalendarFile::read(current)?;
    let read = read(bytes).map_err(ImportError::Lines)?;
    let years = read.keys().map(|day| day.year());
    let (Some(first), Some(last)) = (years.clone().min(), years.max()) else {
        return Err(lines(1, "the file has no holidays".to_owned()));
    };
    let (from, through) = (date(first, 1, 1), date(last, 12, 31));
    if first > current.official_through.year() + 1 || last < current.official_from.year() - 1 {
        return Err(lines(
            1,
            format!(
                "the file is of {first} to {last}, the official days known so far of {} to {}; take a file that \
                 leaves no years out",
                current.official_from.year(),
                current.official_through.year()
            ),
        ));
    }
    let covered = |day: &Date| (from..=through).contains(day);
    let mut next = CalendarFile {
        official_from: from.min(current.official_from),
        official_through: through.max(current.official_through),
        ..current.clone()
    };
    for (day, name) in current.official.iter().filter(|(day, _)| covered(day)) {
        if !read.contains_key(day) {
            let until = current.obtained.unwrap_or(publication.obtained);
            next.superseded.insert((until, *day), name.clone());
        }
    }
    next.official.retain(|day, _| !covered(day));
    next.official.extend(read);
    // A day that came back is a holiday again.
    next.superseded
        .retain(|(_, day), _| !next.official.contains_key(day));
    let after = next.official_through;
    next.provisional.retain(|day, _| *day > after);
    if next != current {
        next.source.clone_from(&publication.source);
        next.obtained = Some(publication.obtained);
    }
    Ok(vec![next.generate()])
}

fn lines(line: usize, what: String) -> ImportError {
    ImportError::Lines(vec![LineProblem { line, what }])
}

/// Every holiday of the CSV.
fn read(bytes: &[u8]) -> Result<BTreeMap<Date, String>, Vec<LineProblem>> {
    let text = decode(bytes)?;
    let mut problems = Vec::new();
    let mut found: BTreeMap<Date, (usize, String)> = BTreeMap::new();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    for (position, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error
                    .position()
                    .map_or(1, |position| line_of(&text, position.byte()));
                problems.push(LineProblem {
                    line,
                    what: format!("not CSV: {error}"),
                });
                break;
            }
        };
        let line = record
            .position()
            .map_or(1, |position| line_of(&text, position.byte()));
        let first = record.get(0).unwrap_or_default().trim();
        let name = record.get(1).unwrap_or_default().trim();
        let header = position == 0 && !first.starts_with(|c: char| c.is_ascii_digit());
        if header || record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let what = match day(first) {
            _ if record.len() != 2 => {
                format!("{} fields instead of 2 (day, name)", record.len())
            }
            None => format!(
                "`{}` is no day such as 2027/1/1",
                first.chars().take(40).collect::<String>()
            ),
            Some(day) if name.is_empty() => format!("{day} has no name"),
            Some(day) => {
                if let Some((before, _)) = found.get(&day) {
                    format!("{day} is in line {before} too")
                } else {
                    found.insert(day, (line, name.to_owned()));
                    continue;
                }
            }
        };
        problems.push(LineProblem { line, what });
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() {
        problems.extend(holes(&found));
    }
    if problems.is_empty() {
        Ok(found
            .into_iter()
            .map(|(day, (_, name))| (day, name))
            .collect())
    } else {
        Err(problems)
    }
}

/// Years that are not there or not complete.
fn holes(found: &BTreeMap<Date, (usize, String)>) -> Vec<LineProblem> {
    let (Some(first), Some(last)) = (found.keys().next(), found.keys().next_back()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    for year in first.year()..=last.year() {
        let of_year: Vec<&Date> = found.keys().filter(|day| day.year() == year).collect();
        let complete = of_year.len() >= DAYS_OF_A_YEAR
            && of_year
                .last()
                .is_some_and(|day| **day >= date(year, 11, 23));
        if !complete {
            let line = of_year
                .last()
                .and_then(|day| found.get(*day))
                .map_or(1, |(line, _)| *line);
            problems.push(LineProblem {
                line,
                what: format!(
                    "{year} has {} holidays and is not complete; fetch the file again, it seems cut off",
                    of_year.len()
                ),
            });
        }
    }
    problems
}

/// `Y/M/D` or `Y-M-D`, with or without zeros in front.
fn day(text: &str) -> Option<Date> {
    let mark = if text.contains('/') { '/' } else { '-' };
    let mut parts = text.split(mark);
    let mut number = |most: usize| {
        let part = parts.next()?;
        let digits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    (parts.next().is_none() && YEARS.contains(&year)).then_some(date)
}

/// UTF-8 with or without byte order mark, else the Windows code page 932 in which the Cabinet Office publishes.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Vec<LineProblem>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if let Some(text) = UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text);
    }
    if let Some(text) = SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text);
    }
    let (text, _) = SHIFT_JIS.decode_without_bom_handling(bytes);
    let line = text
        .lines()
        .position(|line| line.contains('\u{fffd}'))
        .unwrap_or_default()
        + 1;
    Err(vec![LineProblem {
        line,
        what: "neither UTF-8 nor CP932 (Shift_JIS); fetch the file again".to_owned(),
    }])
}

/// The line of the record at a byte, counted from one. A record may begin with the end of the line before it.
fn line_of(text: &str, byte: u64) -> usize {
    let at = text.floor_char_boundary(usize::try_from(byte).unwrap_or(usize::MAX).min(text.len()));
    let rest = &text[at..];
    let start = at + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
    text[..start].matches('\n').count() + 1
}
