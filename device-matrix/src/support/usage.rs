//! Monthly numbers of devices per platform and version.
//!
//! One number a calendar month (JST): distinct managed devices seen in the month whose last reported version it is.
//! Empty is not measured and never zero.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use super::generation::{GenerationKey, Generations};
use super::month::Month;
use super::{usage_csv, usage_json};
use crate::diag::{Diagnostic, SourceFile};
use crate::platform::Platform;
use crate::table::nearest;

/// Devices by month; `None` was not measured.
pub type Series = BTreeMap<Month, Option<u64>>;

/// The columns of a row, in their usual order.
pub(super) const COLUMNS: [&str; 4] = ["month", "platform", "major", "devices"];

/// More devices than any fleet has; figures up to here are exact in every step.
const MAX_DEVICES: u64 = 1_000_000_000_000;

/// Errors told of one file; a file of another kind would have one for every line.
const MAX_PROBLEMS: usize = 100;

/// A field with its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// A row as written, in the order of [`COLUMNS`].
pub(super) type Row = [Field; 4];

/// What a file says of the use of versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    series: BTreeMap<(Platform, GenerationKey), Series>,
}

impl Usage {
    /// Reads CSV with the header `month,platform,major,devices`, or JSON: a list of objects with these keys. A text
    /// that begins with `[` or `{` is JSON.
    ///
    /// # Errors
    /// Every problem at once, each with its place: duplicates, months, numbers, unknown platforms and versions.
    pub fn read(source: &SourceFile, generations: &Generations) -> Result<Self, Vec<Diagnostic>> {
        let mut problems = Problems {
            path: &source.path,
            found: Vec::new(),
        };
        let body = source.text.trim_start_matches('\u{feff}').trim_start();
        let rows = if body.starts_with(['[', '{']) {
            usage_json::rows(&source.text, &mut problems)
        } else {
            usage_csv::rows(&source.text, &mut problems)
        };
        if rows.is_empty() && problems.found.is_empty() {
            problems.add(
                "DM0034",
                0..0,
                "the file has no rows".to_owned(),
                "give at least one month of one version, or leave --usage out".to_owned(),
            );
        }
        let mut usage = Self::default();
        let mut seen = BTreeSet::new();
        for row in &rows {
            usage.take(row, generations, &mut seen, &mut problems);
        }
        let mut found = problems.found;
        found.sort_by_key(|problem| problem.span.start);
        if found.is_empty() {
            return Ok(usage);
        }
        let more = found.len().saturating_sub(MAX_PROBLEMS);
        found.truncate(MAX_PROBLEMS);
        if more > 0
            && let Some(last) = found.last_mut()
        {
            last.message = format!("{}; {more} more error(s) after this one", last.message);
        }
        Err(found)
    }

    /// The series of a generation; missing when the file does not speak of it.
    #[must_use]
    pub fn series(&self, platform: Platform, key: &GenerationKey) -> Option<&Series> {
        self.series.get(&(platform, key.clone()))
    }

    fn take(
        &mut self,
        row: &Row,
        generations: &Generations,
        seen: &mut BTreeSet<(Month, Platform, String)>,
        problems: &mut Problems<'_>,
    ) {
        let [month_field, platform_field, major_field, devices_field] = row;
        let month = month_field.text.parse::<Month>();
        if let Err(error) = &month {
            problems.add(
                "DM0032",
                month_field.span.clone(),
                error.to_string(),
                "write the year and the month with a hyphen: 2026-10".to_owned(),
            );
        }
        let platform = platform(platform_field, problems);
        let generation = platform.and_then(|platform| {
            generations
                .find(platform, &major_field.text)
                .map_err(|unknown| {
                    problems.add(
                        "DM0033",
                        major_field.span.clone(),
                        format!("{platform} has no generation `{}`", unknown.text),
                        unknown.hint,
                    );
                })
                .ok()
        });
        let devices = devices(devices_field, problems);
        let (Ok(month), Some(platform), Some(generation), Some(devices)) =
            (month, platform, generation, devices)
        else {
            return;
        };
        // Two spellings of the key are one row too many; two releases of a generation are not.
        let lower = major_field.text.trim().to_ascii_lowercase();
        let written = if generation.aliases.contains(&lower) {
            lower
        } else {
            generation.key.0.clone()
        };
        if !seen.insert((month, platform, written.clone())) {
            problems.add(
                "DM0035",
                month_field.span.clone(),
                format!("{month} of {platform} {written} is there twice"),
                "keep one of the two rows".to_owned(),
            );
            return;
        }
        // Two releases of one generation, such as 12 and 12L: a device reports one of them, so their devices add up.
        // When one of them was not measured, the sum is not known.
        self.series
            .entry((platform, generation.key.clone()))
            .or_default()
            .entry(month)
            .and_modify(|sum| {
                *sum = match (*sum, devices) {
                    (Some(sum), Some(devices)) => Some(sum.saturating_add(devices)),
                    _ => None,
                };
            })
            .or_insert(devices);
    }
}

fn platform(field: &Field, problems: &mut Problems<'_>) -> Option<Platform> {
    let found = field.text.trim().parse::<Platform>().ok();
    if found.is_none() {
        let names = || Platform::ALL.iter().map(|platform| platform.name());
        let lower = field.text.trim().to_ascii_lowercase();
        let near = nearest(&lower, Platform::ALL.iter().map(|platform| platform.slug()));
        let help = near
            .and_then(|slug| slug.parse::<Platform>().ok())
            .map_or_else(
                || format!("known ones: {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
        problems.add(
            "DM0033",
            field.span.clone(),
            format!("`{}` is no platform", short(&field.text)),
            help,
        );
    }
    found
}

/// The number; `Some(None)` was not measured, `None` can not be read.
#[expect(
    clippy::option_option,
    reason = "not measured and not readable are two answers"
)]
fn devices(field: &Field, problems: &mut Problems<'_>) -> Option<Option<u64>> {
    let text = field.text.trim();
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse::<u64>()
        .ok()
        .filter(|number| digits && *number <= MAX_DEVICES);
    if number.is_none() {
        let what = if text.starts_with('-') && text[1..].bytes().all(|b| b.is_ascii_digit()) {
            "is negative"
        } else if digits {
            "is more than any fleet has"
        } else {
            "is no whole number"
        };
        problems.add(
            "DM0034",
            field.span.clone(),
            format!("`{}` {what}", short(text)),
            "write the number of devices without signs and separators; leave it empty when it was not measured"
                .to_owned(),
        );
    }
    number.map(Some)
}

/// A text short enough for a message.
pub(super) fn short(text: &str) -> String {
    text.trim().chars().take(40).collect()
}

/// Collects what is wrong.
pub(super) struct Problems<'a> {
    path: &'a Path,
    found: Vec<Diagnostic>,
}

impl Problems<'_> {
    pub(super) fn add(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        help: String,
    ) {
        self.found
            .push(Diagnostic::error(code, self.path, span, message).with_help(help));
    }

    /// Says that a key or column is not known.
    pub(super) fn unknown_column(&mut self, name: &str, span: Range<usize>) {
        let help = nearest(name, COLUMNS).map_or_else(
            || format!("the columns are {}", COLUMNS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        self.add(
            "DM0036",
            span,
            format!("unknown column `{}`", short(name)),
            help,
        );
    }
}
