//! Calendar months (JST).

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(Date);

/// The text is not a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month such as 2026-10")]
pub struct InvalidMonth(pub String);

impl Month {
    /// The month that holds a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }

    /// So many months earlier; the first month of the calendar when there is none.
    #[must_use]
    pub fn back(self, months: u32) -> Self {
        self.0
            .checked_sub(i64::from(months).months())
            .map_or(Self(Date::MIN), Self::of)
    }

    /// The next month; itself at the end of the calendar.
    #[must_use]
    pub fn next(self) -> Self {
        self.0.checked_add(1.month()).map_or(self, Self::of)
    }

    /// Months from `earlier` to this month.
    #[must_use]
    pub fn since(self, earlier: Self) -> i32 {
        let years = i32::from(self.0.year()) - i32::from(earlier.0.year());
        years * 12 + i32::from(self.0.month()) - i32::from(earlier.0.month())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits =
            |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        text.split_once('-')
            .filter(|(year, month)| digits(year, 4) && digits(month, 2))
            .and_then(|(year, month)| Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok())
            .map(Self)
            .ok_or_else(|| InvalidMonth(text.chars().take(40).collect()))
    }
}
