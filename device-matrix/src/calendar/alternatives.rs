//! Other ways to count ten business days, for information: the guideline does not say which one it means.

use jiff::civil::{Date, Time};

use super::{Acquired, BusinessCalendar, due};

/// Due dates by other readings; unknown where the hour decides and is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternatives {
    /// The day of acquisition is the first day when it is a business day.
    pub same_day: Option<Date>,
    /// What comes at or after closing time or on a closed day is received on the next business day, which is day 0.
    pub received_next_day: Option<Date>,
    /// The day of acquisition is the first day when it is a business day and closing time has not come.
    pub same_day_before_closing: Option<Date>,
}

/// The other readings; `closing` is the end of business hours in Japan.
#[must_use]
pub fn alternatives(
    acquired: &Acquired,
    business_days: u32,
    closing: Time,
    calendar: &BusinessCalendar,
) -> Alternatives {
    let open = calendar.is_business_day(acquired.date);
    let plain = due(acquired.date, business_days, calendar).due;
    let same_day = if open {
        due(acquired.date, business_days.saturating_sub(1), calendar).due
    } else {
        plain
    };
    let received_later = || {
        let received = due(acquired.date, 1, calendar).due;
        due(received, business_days, calendar).due
    };
    let after_closing = acquired.time.map(|time| time >= closing);
    let (received_next_day, same_day_before_closing) = match (open, after_closing) {
        (false, _) | (true, Some(true)) => (Some(received_later()), Some(plain)),
        (true, Some(false)) => (Some(plain), Some(same_day)),
        (true, None) => (None, None),
    };
    Alternatives {
        same_day: Some(same_day),
        received_next_day,
        same_day_before_closing,
    }
}
