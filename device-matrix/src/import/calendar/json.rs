//! The holidays from facts as JSON.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::file::{CalendarFile, date};
use crate::import::{GeneratedFile, ImportError};

const SCHEMA: &str = "jp-holidays/1";

#[derive(Debug, Deserialize)]
struct Input {
    schema: String,
    source: String,
    official_from: String,
    official_through: String,
    official: BTreeMap<String, String>,
    provisional_note: String,
    provisional: BTreeMap<String, String>,
    superseded: BTreeMap<String, BTreeMap<String, String>>,
}

/// Turns the text of the holiday facts into `device-matrix/data/calendar/jp.toml`.
///
/// # Errors
/// When the text is not JSON of the schema `jp-holidays/1` or holds something that is not a date.
pub fn import(json: &str) -> Result<Vec<GeneratedFile>, ImportError> {
    let input: Input = serde_json::from_str(json)?;
    if input.schema != SCHEMA {
        return Err(ImportError::Schema {
            expected: SCHEMA,
            found: input.schema,
        });
    }
    let mut superseded = BTreeMap::new();
    for (until, moved) in &input.superseded {
        for (day, name) in moved {
            let key = (date("superseded", until)?, date("superseded", day)?);
            superseded.insert(key, name.clone());
        }
    }
    let file = CalendarFile {
        obtained: None,
        official_from: date("official_from", &input.official_from)?,
        official_through: date("official_through", &input.official_through)?,
        official: days("official", &input.official)?,
        provisional: days("provisional", &input.provisional)?,
        superseded,
        source: input.source,
        provisional_note: input.provisional_note,
    };
    Ok(vec![file.generate()])
}

fn days(
    place: &str,
    days: &BTreeMap<String, String>,
) -> Result<BTreeMap<Date, String>, ImportError> {
    days.iter()
        .map(|(day, name)| Ok((date(place, day)?, name.clone())))
        .collect()
}
