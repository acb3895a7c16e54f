//! Usage figures as CSV.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord};

use super::usage::{COLUMNS, Field, Problems, Row};

/// The rows of a text with a header; what can not be read is reported.
pub(super) fn rows(text: &str, problems: &mut Problems<'_>) -> Vec<Row> {
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = &text[skipped..];
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(body.as_bytes());
    let mut columns: Option<[usize; 4]> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let at = error
                    .position()
                    .and_then(|position| usize::try_from(position.byte()).ok())
                    .unwrap_or_default();
                problems.add(
                    "DM0036",
                    line(text, at + skipped),
                    format!("not CSV: {error}"),
                    "save the table as CSV in UTF-8".to_owned(),
                );
                return rows;
            }
        };
        let start = record
            .position()
            .and_then(|position| usize::try_from(position.byte()).ok())
            .unwrap_or_default()
            + skipped;
        let Some(columns) = columns else {
            let Some(found) = header(text, start, &record, problems) else {
                return rows;
            };
            columns = Some(found);
            continue;
        };
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if record.len() != COLUMNS.len() {
            problems.add(
                "DM0036",
                line(text, start),
                format!("{} fields instead of {}", record.len(), COLUMNS.len()),
                "an empty number of devices still needs its comma: 2026-10,iOS,17,".to_owned(),
            );
            continue;
        }
        rows.push(columns.map(|column| Field {
            text: record.get(column).unwrap_or_default().trim().to_owned(),
            span: field(text, start, column),
        }));
    }
    rows
}

/// Which column is where; `None` when the header can not be used.
fn header(
    text: &str,
    start: usize,
    record: &StringRecord,
    problems: &mut Problems<'_>,
) -> Option<[usize; 4]> {
    let names: Vec<String> = record
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut good = true;
    for (position, name) in names.iter().enumerate() {
        if !COLUMNS.contains(&name.as_str()) {
            problems.unknown_column(name, field(text, start, position));
            good = false;
        }
    }
    let mut found = [0; 4];
    for (slot, column) in found.iter_mut().zip(COLUMNS) {
        if let Some(position) = names.iter().position(|name| name == column) {
            *slot = position;
        } else {
            problems.add(
                "DM0036",
                line(text, start),
                format!("the header has no column `{column}`"),
                format!("begin the file with {}", COLUMNS.join(",")),
            );
            good = false;
        }
    }
    good.then_some(found)
}

/// The line that holds a byte, without its end. A record may begin with the end of the line before it.
fn line(text: &str, at: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at.min(text.len()));
    let rest = &text[at..];
    let start = at + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
    let end = text[start..]
        .find(['\r', '\n'])
        .map_or(text.len(), |end| start + end);
    start..end
}

/// A field of the record that begins at `at`; the whole line when the record has quotes.
fn field(text: &str, at: usize, column: usize) -> Range<usize> {
    let line = line(text, at);
    let row = &text[line.clone()];
    if row.contains('"') {
        return line;
    }
    let mut start = line.start;
    for (position, field) in row.split(',').enumerate() {
        if position == column {
            return start..start + field.len();
        }
        start += field.len() + 1;
    }
    line.end..line.end
}
