//! Points in time as they are typed: a Japanese date, or an instant.

use device_matrix::calendar::{NotAnInstant, jst_date, jst_date_from_text};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Japan time; there is no daylight saving.
const JST: Offset = Offset::constant(9);

/// A day in Japan, or an instant that lies in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A Japanese date; the time of day is not stated.
    Date(Date),
    /// An instant.
    Instant(Timestamp),
}

impl Moment {
    /// Reads `2027-01-27` or an instant with its offset.
    ///
    /// # Errors
    /// When the text is neither. A time without an offset is refused: it could mean Japan or the site.
    pub fn read(text: &str) -> Result<Self, NotAnInstant> {
        text.trim()
            .parse::<Timestamp>()
            .map(Self::Instant)
            .or_else(|_| jst_date_from_text(text).map(Self::Date))
    }

    /// The date in Japan.
    #[must_use]
    pub fn jst_date(self) -> Date {
        match self {
            Self::Date(date) => date,
            Self::Instant(instant) => jst_date(instant),
        }
    }
}

/// The beginning of a Japanese day; `None` at the edge of the calendar.
#[must_use]
pub fn jst_midnight(date: Date) -> Option<Timestamp> {
    JST.to_timestamp(DateTime::from_parts(date, jiff::civil::Time::midnight()))
        .ok()
}

/// An instant as Japan writes it: `2027-01-27T19:00:00+09:00`.
#[must_use]
pub fn jst_text(instant: Timestamp) -> String {
    instant.display_with_offset(JST).to_string()
}

/// Date and time of day in Japan.
#[must_use]
pub fn jst_datetime(instant: Timestamp) -> DateTime {
    JST.to_datetime(instant)
}

/// `date` and `days` more (fewer when negative); `None` beyond the calendar.
#[must_use]
pub fn plus_days(date: Date, days: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(days).ok()?;
    date.checked_add(span).ok()
}

/// Calendar days from `from` to `to`; negative when `to` is earlier.
#[must_use]
pub fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_moment_is_a_japanese_date_or_an_instant() {
        let read = |text| Moment::read(text).map(Moment::jst_date);
        assert_eq!(read("2027-01-27"), Ok(date(2027, 1, 27)));
        assert_eq!(read("2027-01-27T15:30:00Z"), Ok(date(2027, 1, 28)));
        assert_eq!(read("2027-01-28T00:30:00+08:00"), Ok(date(2027, 1, 28)));
        for text in ["2027-01-27T19:00:00", "tomorrow", "2027-02-29", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_calendar_days_to_the_edges_of_the_calendar() {
        assert_eq!(days_between(date(2026, 11, 23), date(2027, 1, 22)), 60);
        assert_eq!(days_between(date(2028, 2, 28), date(2028, 3, 1)), 2);
        assert_eq!(days_between(date(2027, 1, 22), date(2026, 11, 23)), -60);
        assert_eq!(plus_days(date(2026, 11, 23), 60), Some(date(2027, 1, 22)));
        assert_eq!(plus_days(date(9999, 12, 1), 60), None);
        assert_eq!(
            days_between(date(-9999, 1, 1), date(9999, 12, 31)),
            7_304_483
        );
    }
}
