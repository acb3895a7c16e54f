//! Dates as people read them: absolute and complete.

use jiff::civil::{Date, Weekday};

use crate::vendor::Lang;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `2024年10月2日(水)`, `Wednesday, 2 October 2024`; what is no ISO date stays as it is.
pub(crate) fn full(lang: Lang, iso: &str) -> String {
    let Ok(date) = iso.parse::<Date>() else {
        return iso.to_owned();
    };
    match lang {
        Lang::Ja => format!(
            "{}年{}月{}日({})",
            date.year(),
            date.month(),
            date.day(),
            japanese(date.weekday())
        ),
        Lang::En => format!(
            "{}, {} {} {}",
            english(date.weekday()),
            date.day(),
            usize::try_from(date.month() - 1)
                .ok()
                .and_then(|month| MONTHS.get(month))
                .unwrap_or(&""),
            date.year()
        ),
    }
}

const fn japanese(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "月",
        Weekday::Tuesday => "火",
        Weekday::Wednesday => "水",
        Weekday::Thursday => "木",
        Weekday::Friday => "金",
        Weekday::Saturday => "土",
        Weekday::Sunday => "日",
    }
}

const fn english(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_complete() {
        assert_eq!(full(Lang::Ja, "2024-10-02"), "2024年10月2日(水)");
        assert_eq!(full(Lang::En, "2024-10-02"), "Wednesday, 2 October 2024");
        assert_eq!(full(Lang::En, "n/a"), "n/a");
    }
}
