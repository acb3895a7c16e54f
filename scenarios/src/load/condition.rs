//! Conditions on cells: version ranges, enrollment types, supervision, hardware.

use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;

use super::reader::{Reader, Report};
use crate::codes;
use crate::scenario::{Condition, VersionRange};

/// Reads `iOS`, `iOS 18.0..`, `iOS ..26.0`, `macOS 10.7..15.0`; the error says what is wrong.
pub fn parse_range(text: &str) -> Result<VersionRange, String> {
    let (name, versions) = text.split_once(' ').unwrap_or((text, ""));
    let platform: Platform = Platform::ALL
        .into_iter()
        .find(|platform| platform.name() == name)
        .ok_or_else(|| format!("unknown platform `{name}`"))?;
    let number = |part: &str| -> Result<Option<VersionNumber>, String> {
        if part.is_empty() {
            return Ok(None);
        }
        part.parse()
            .map(Some)
            .map_err(|error: device_matrix::version::InvalidVersion| error.to_string())
    };
    let versions = versions.trim();
    if versions.is_empty() {
        return Ok(VersionRange {
            platform,
            from: None,
            until: None,
        });
    }
    let (from, until) = versions
        .split_once("..")
        .ok_or_else(|| format!("`{versions}` is not a range"))?;
    let (from, until) = (number(from)?, number(until)?);
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        return Err(format!("`{versions}` contains no version"));
    }
    Ok(VersionRange {
        platform,
        from,
        until,
    })
}

/// Reads the keys of a condition from a table that may have others.
pub(crate) fn condition(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Condition {
    let mut on = Vec::new();
    for (text, span) in reader.strings("on", report) {
        match parse_range(text) {
            Ok(range) => on.push(range),
            Err(message) => report.error_help(
                codes::BAD_RANGE,
                span,
                message,
                "write it like `iOS 18.0..26.0`; the last version is outside".to_owned(),
            ),
        }
    }
    let mut enrollments = Vec::new();
    for (word, span) in reader.strings("enrollments", report) {
        match EnrollmentType::from_word(word) {
            Some(kind) => enrollments.push(kind),
            None => report.error_help(
                codes::UNKNOWN_WORD,
                span,
                format!("unknown enrollment type `{word}`"),
                codes::help(word, EnrollmentType::WORDS.iter().map(|(_, word)| *word)),
            ),
        }
    }
    let supervised = reader.boolean("supervised", report);
    let mut hardware = Vec::new();
    for (word, span) in reader.strings("hardware", report) {
        let bare = word.strip_prefix('!').unwrap_or(word);
        if Hardware::WORDS.iter().any(|(_, known)| *known == bare) {
            hardware.push(word.to_owned());
        } else {
            report.error_help(
                codes::UNKNOWN_WORD,
                span,
                format!("unknown hardware word `{word}`"),
                codes::help(bare, Hardware::WORDS.iter().map(|(_, word)| *word)),
            );
        }
    }
    Condition {
        on,
        enrollments,
        supervised,
        hardware,
    }
}
