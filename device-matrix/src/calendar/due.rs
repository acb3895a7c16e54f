//! Counting business days.

use jiff::civil::Date;

use super::BusinessCalendar;
use crate::known::Text;

/// A due date with its working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Day 0 (JST).
    pub acquired: Date,
    /// The day on which the count is complete; published on it or before is on time.
    pub due: Date,
    /// Days in between that do not count, with the reason.
    pub skipped: Vec<(Date, Text)>,
    /// Days that count, the due date last.
    pub counted: Vec<Date>,
    /// Whether the count passes the last day whose holidays are published.
    pub provisional: bool,
}

/// How a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DueState {
    /// There is time.
    Due,
    /// The due date is near, or today.
    DueSoon,
    /// The due date has passed.
    Late,
    /// The report is published; see [`on_time`].
    Done,
}

impl DueState {
    /// Every value with its word in JSON.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Due, "due"),
        (Self::DueSoon, "due_soon"),
        (Self::Late, "late"),
        (Self::Done, "done"),
    ];

    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// The day on which `business_days` have passed after `acquired` (a JST date, day 0).
///
/// Zero days are due on the day itself. At the end of the calendar's range (year 9999) the last day is due.
#[must_use]
pub fn due(acquired: Date, business_days: u32, calendar: &BusinessCalendar) -> Due {
    let mut result = Due {
        acquired,
        due: acquired,
        skipped: Vec::new(),
        counted: Vec::new(),
        provisional: acquired > calendar.official_through(),
    };
    let mut remaining = business_days;
    while remaining > 0 {
        let Ok(day) = result.due.tomorrow() else {
            break;
        };
        result.due = day;
        if let Some(why) = calendar.why_closed(day) {
            result.skipped.push((day, why));
        } else {
            result.counted.push(day);
            remaining -= 1;
        }
    }
    result.provisional = result.due > calendar.official_through();
    result
}

/// Business days after `today` up to and including `due`; negative when `due` has passed, counting the business
/// days after it up to and including today.
#[must_use]
pub fn business_days_left(today: Date, due: Date, calendar: &BusinessCalendar) -> i64 {
    let between = |from: Date, to: Date| {
        let mut count = 0_i64;
        let mut day = from;
        while day < to {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            count += i64::from(calendar.is_business_day(day));
        }
        count
    };
    if today <= due {
        between(today, due)
    } else {
        -between(due, today)
    }
}

/// How a report stands on `today`; `soon_days` are business days.
#[must_use]
pub fn state(
    today: Date,
    due: Date,
    published: Option<Date>,
    soon_days: u32,
    calendar: &BusinessCalendar,
) -> DueState {
    if published.is_some_and(|published| published <= today) {
        return DueState::Done;
    }
    if today > due {
        return DueState::Late;
    }
    if business_days_left(today, due, calendar) <= i64::from(soon_days) {
        DueState::DueSoon
    } else {
        DueState::Due
    }
}

/// Whether a report that was published on `published` (a JST date) is on time.
#[must_use]
pub fn on_time(published: Date, due: Date) -> bool {
    published <= due
}
