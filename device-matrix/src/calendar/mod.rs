//! Business days in Japan, and the clock of the verification report.
//!
//! An instant is converted to JST (UTC+09:00, no daylight saving) first; its date is day 0 at any hour, and the
//! next calendar day begins the count. A day counts when it is Monday to Friday, no national holiday, no
//! substitute or in-between holiday, and no day on which the company is closed. Company days are an argument.

mod alternatives;
mod due;
mod load;
mod names;

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::{Timestamp, tz::Offset};

pub use alternatives::{Alternatives, alternatives};
pub use due::{Due, DueState, business_days_left, due, on_time, state};

use crate::diag::{Diagnostic, SourceFile};
use crate::known::Text;

/// A day on which the company is closed, beyond the national holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// The day.
    pub date: Date,
    /// Why, such as year-end closure.
    pub why: Text,
}

/// A day that was a holiday until the law was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupersededDay {
    /// The day.
    pub date: Date,
    /// Its name.
    pub name: String,
    /// Day of the last publication that still had it.
    pub until: Date,
}

/// Weekends, national holidays and company days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessCalendar {
    holidays: BTreeMap<Date, String>,
    closed: BTreeMap<Date, Text>,
    superseded: Vec<SupersededDay>,
    official_through: Date,
    source: String,
}

/// The vendor's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarPolicy {
    /// Business days in which a report is due.
    pub report_business_days: u32,
    /// Business days before the due date from which on a report is due soon.
    pub due_soon_days: u32,
    /// End of business hours in Japan, for the other readings of the count; none are shown without it.
    pub closing: Option<Time>,
}

impl BusinessCalendar {
    /// Reads `data/calendar/jp.toml`.
    ///
    /// # Errors
    /// Every problem of the file, or `DM0011` when it is missing.
    pub fn load(sources: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        load::calendar(sources)
    }

    /// Adds company days.
    #[must_use]
    pub fn with_closed(mut self, days: impl IntoIterator<Item = ClosedDay>) -> Self {
        self.closed
            .extend(days.into_iter().map(|day| (day.date, day.why)));
        self
    }

    /// Leaves out every company day.
    #[must_use]
    pub fn without_closed(mut self) -> Self {
        self.closed.clear();
        self
    }

    /// The last day whose holidays are published; later ones are computed.
    #[must_use]
    pub const fn official_through(&self) -> Date {
        self.official_through
    }

    /// Where the holidays are from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Days that were holidays until the law was changed.
    #[must_use]
    pub fn superseded(&self) -> &[SupersededDay] {
        &self.superseded
    }

    /// Why a day does not count; `None` is a business day.
    #[must_use]
    pub fn why_closed(&self, date: Date) -> Option<Text> {
        let text = |ja: &str, en: &str| Text {
            ja: ja.to_owned(),
            en: en.to_owned(),
        };
        if let Some(name) = self.holidays.get(&date) {
            return Some(Text {
                ja: name.clone(),
                en: names::english(name),
            });
        }
        match date.weekday() {
            Weekday::Saturday => Some(text("土曜日", "Saturday")),
            Weekday::Sunday => Some(text("日曜日", "Sunday")),
            _ => self.closed.get(&date).cloned(),
        }
    }

    /// Whether the day counts.
    #[must_use]
    pub fn is_business_day(&self, date: Date) -> bool {
        self.why_closed(date).is_none()
    }
}

impl CalendarPolicy {
    /// Reads `data/calendar/policy.toml`.
    ///
    /// # Errors
    /// Every problem of the file, or `DM0011` when it is missing.
    pub fn load(sources: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        load::policy(sources)
    }
}

/// The text is neither a date nor an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a date such as 2026-09-15 (JST) nor an instant with its offset such as \
     2026-09-14T10:00:00-07:00"
)]
pub struct NotAnInstant(pub String);

/// The date in Japan at an instant.
#[must_use]
pub fn jst_date(instant: Timestamp) -> Date {
    Offset::constant(9).to_datetime(instant).date()
}

/// When something was acquired, in Japan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquired {
    /// The date: day 0.
    pub date: Date,
    /// The time of day, when an instant was given.
    pub time: Option<Time>,
}

/// Reads an acquisition: a date alone is a JST date, an instant with any offset is converted to JST.
///
/// # Errors
/// When the text is neither; an instant without an offset is refused, because its date in Japan is not known.
pub fn acquired_from_text(text: &str) -> Result<Acquired, NotAnInstant> {
    let text = text.trim();
    if let Ok(instant) = Timestamp::from_str(text) {
        let there = Offset::constant(9).to_datetime(instant);
        return Ok(Acquired {
            date: there.date(),
            time: Some(there.time()),
        });
    }
    // jiff reads a date out of a longer text; only a date alone is one here.
    if text.len() <= "-009999-01-01".len()
        && let Ok(date) = Date::from_str(text)
    {
        return Ok(Acquired { date, time: None });
    }
    Err(NotAnInstant(text.chars().take(64).collect()))
}

/// The date of [`acquired_from_text`].
///
/// # Errors
/// As there.
pub fn jst_date_from_text(text: &str) -> Result<Date, NotAnInstant> {
    acquired_from_text(text).map(|acquired| acquired.date)
}
