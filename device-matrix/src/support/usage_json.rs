//! Usage figures as JSON.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::{COLUMNS, Field, Problems, Row, short};

/// The other shape: an object around the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped<'t> {
    #[serde(default)]
    schema_version: Option<u32>,
    #[serde(borrow)]
    usage: Vec<&'t RawValue>,
}

/// The rows of a list of objects, or of `{ "schema_version": 1, "usage": [ … ] }`.
pub(super) fn rows(text: &str, problems: &mut Problems<'_>) -> Vec<Row> {
    let skipped = text.len() - text.trim_start_matches('\u{feff}').len();
    let body = &text[skipped..];
    let read = if body.trim_start().starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(body)
    } else {
        serde_json::from_str::<Wrapped<'_>>(body).map(|file| {
            if let Some(version) = file.schema_version.filter(|version| *version != 1) {
                problems.add(
                    "DM0036",
                    0..0,
                    format!("schema_version {version} is not known"),
                    "this reader knows schema_version 1".to_owned(),
                );
            }
            file.usage
        })
    };
    let items = match read {
        Ok(items) => items,
        Err(error) => {
            problems.add(
                "DM0036",
                position(text, error.line(), error.column()),
                format!("not JSON of the expected shape: {error}"),
                "write a list of objects with the keys month, platform, major, devices".to_owned(),
            );
            return Vec::new();
        }
    };
    items
        .into_iter()
        .filter_map(|item| row(text, item, problems))
        .collect()
}

fn row(text: &str, item: &RawValue, problems: &mut Problems<'_>) -> Option<Row> {
    let place = place(text, item.get());
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &RawValue>>(item.get()) else {
        problems.add(
            "DM0036",
            place,
            "this is no object".to_owned(),
            "write { \"month\": \"2026-10\", \"platform\": \"iOS\", \"major\": \"17\", \"devices\": 10 }"
                .to_owned(),
        );
        return None;
    };
    for (name, value) in &object {
        if !COLUMNS.contains(&name.as_str()) {
            problems.unknown_column(name, self::place(text, value.get()));
        }
    }
    let fields = COLUMNS.map(|column| {
        let Some(value) = object.get(column) else {
            problems.add(
                "DM0036",
                place.clone(),
                format!("`{column}` is missing"),
                "a number that was not measured is null".to_owned(),
            );
            return None;
        };
        Some(Field {
            text: plain(value.get()),
            span: self::place(text, value.get()),
        })
    });
    let [Some(month), Some(platform), Some(major), Some(devices)] = fields else {
        return None;
    };
    Some([month, platform, major, devices])
}

/// The content of a string, the digits of a number, nothing for null.
fn plain(raw: &str) -> String {
    match serde_json::from_str::<String>(raw) {
        Ok(text) => text,
        Err(_) if raw == "null" => String::new(),
        Err(_) => short(raw),
    }
}

/// Where a part of the text stands in it.
fn place(text: &str, part: &str) -> Range<usize> {
    // Parts are borrowed from the text, so the distance of their beginnings is the place.
    let start = part
        .as_ptr()
        .addr()
        .saturating_sub(text.as_ptr().addr())
        .min(text.len());
    start..start.saturating_add(part.len()).min(text.len())
}

/// The byte at a line and column, both counted from one; the reader counts bytes.
fn position(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = text.floor_char_boundary((start + column.saturating_sub(1)).min(text.len()));
    at..at
}
