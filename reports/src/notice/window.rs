//! Maintenance windows as spans of real time. A site's zone may have daylight saving.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::policy::Window;

/// One occurrence of a window: it holds its beginning and not its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// The site's zone.
    pub zone: TimeZone,
}

impl Occurrence {
    /// Whether an instant lies in it.
    #[must_use]
    pub fn holds(&self, instant: Timestamp) -> bool {
        (self.start..self.end).contains(&instant)
    }

    /// The beginning in the site's local time.
    #[must_use]
    pub fn start_local(&self) -> ZonedDateTime {
        self.start.to_zoned_datetime(self.zone.clone())
    }

    /// The end in the site's local time.
    #[must_use]
    pub fn end_local(&self) -> ZonedDateTime {
        self.end.to_zoned_datetime(self.zone.clone())
    }
}

/// The occurrence that begins on a local date of the right weekday. `None` on another day, beyond the calendar, and when
/// the clocks skip the whole window.
fn on_local_day(
    window: &Window,
    zone: &TimeZone,
    day: Date,
    remote_control: bool,
) -> Option<Occurrence> {
    if day.weekday() != window.weekday {
        return None;
    }
    let from = window.begins(remote_control);
    let last = if window.until > window.from {
        day
    } else {
        day.tomorrow().ok()?
    };
    let start = instant(zone, day, from, Edge::Start)?;
    let end = instant(zone, last, window.until, Edge::End)?;
    (start < end).then(|| Occurrence {
        start,
        end,
        zone: zone.clone(),
    })
}

#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

/// The instant of a local time. A time that the clocks skip is the moment of the jump; of a time that comes twice a
/// window begins with the first and ends with the second.
fn instant(zone: &TimeZone, day: Date, time: Time, edge: Edge) -> Option<Timestamp> {
    let local = DateTime::from_parts(day, time);
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match (ambiguous.offset(), edge) {
        (AmbiguousOffset::Unambiguous { offset }, _)
        | (AmbiguousOffset::Fold { before: offset, .. }, Edge::Start)
        | (AmbiguousOffset::Fold { after: offset, .. }, Edge::End) => {
            offset.to_timestamp(local).ok()
        }
        (AmbiguousOffset::Gap { after, .. }, _) => {
            let before_jump = after.to_timestamp(local).ok()?;
            let jump = zone.following(before_jump).next()?;
            Some(jump.timestamp())
        }
    }
}

/// The occurrence an instant lies in.
#[must_use]
pub fn containing(
    window: &Window,
    zone: &TimeZone,
    instant: Timestamp,
    remote_control: bool,
) -> Option<Occurrence> {
    let day = zone.to_datetime(instant).date();
    [day.yesterday().ok(), Some(day)]
        .into_iter()
        .flatten()
        .filter_map(|day| on_local_day(window, zone, day, remote_control))
        .find(|occurrence| occurrence.holds(instant))
}

/// The first occurrence that begins at `from` or later.
#[must_use]
pub fn first_from(
    window: &Window,
    zone: &TimeZone,
    from: Timestamp,
    remote_control: bool,
) -> Option<Occurrence> {
    occurrences(window, zone, from, remote_control).find(|occurrence| occurrence.start >= from)
}

/// The first occurrence of which some part lies between `from` and `until`.
#[must_use]
pub fn first_touching(
    window: &Window,
    zone: &TimeZone,
    from: Timestamp,
    until: Timestamp,
    remote_control: bool,
) -> Option<Occurrence> {
    occurrences(window, zone, from, remote_control)
        .find(|occurrence| occurrence.end > from)
        .filter(|occurrence| occurrence.start < until)
}

/// Occurrences from the days before `from` on. A few weeks are enough even where the clocks skip one.
fn occurrences<'a>(
    window: &'a Window,
    zone: &'a TimeZone,
    from: Timestamp,
    remote_control: bool,
) -> impl Iterator<Item = Occurrence> + 'a {
    let day = zone.to_datetime(from).date();
    (-2..=28_i64)
        .filter_map(move |days| super::moment::plus_days(day, days))
        .filter_map(move |day| on_local_day(window, zone, day, remote_control))
}

#[cfg(test)]
mod tests {
    use device_matrix::known::Text;
    use jiff::civil::{Weekday, time};

    use super::*;
    use crate::notice::policy::Purpose;

    fn window(weekday: Weekday, from: Time, until: Time) -> Window {
        Window {
            name: Text {
                ja: String::new(),
                en: String::new(),
            },
            purpose: Purpose::Application,
            weekday,
            from,
            remote_control_from: None,
            until,
        }
    }

    fn first(window: &Window, zone: &str, from: &str) -> (String, String) {
        let zone = TimeZone::get(zone).expect("zone");
        let found = first_from(window, &zone, from.parse().expect("instant"), false).expect("one");
        (found.start.to_string(), found.end.to_string())
    }

    #[test]
    fn skipped_and_repeated_hours() {
        // New York, Sunday 2027-03-14: 02:00 EST jumps to 03:00 EDT. Sunday 2027-11-07: 01:00 to 02:00 comes twice.
        let night = window(Weekday::Sunday, time(2, 30, 0, 0), time(5, 0, 0, 0));
        assert_eq!(
            first(&night, "America/New_York", "2027-03-14T00:00:00Z"),
            ("2027-03-14T07:00:00Z".into(), "2027-03-14T09:00:00Z".into())
        );
        let twice = window(Weekday::Sunday, time(1, 0, 0, 0), time(1, 30, 0, 0));
        assert_eq!(
            first(&twice, "America/New_York", "2027-11-07T00:00:00Z"),
            ("2027-11-07T05:00:00Z".into(), "2027-11-07T06:30:00Z".into())
        );
        // A window that lies wholly in the skipped hour does not take place; the next one does.
        let skipped = window(Weekday::Sunday, time(2, 10, 0, 0), time(2, 50, 0, 0));
        assert_eq!(
            first(&skipped, "America/New_York", "2027-03-13T00:00:00Z"),
            ("2027-03-21T06:10:00Z".into(), "2027-03-21T06:50:00Z".into())
        );
    }

    #[test]
    fn a_window_past_midnight_holds_its_last_hour_and_not_its_end() {
        let window = window(Weekday::Saturday, time(22, 0, 0, 0), time(1, 0, 0, 0));
        let zone = TimeZone::get("Asia/Tokyo").expect("zone");
        for (instant, held) in [
            ("2027-01-30T21:59:59+09:00", false),
            ("2027-01-30T22:00:00+09:00", true),
            ("2027-01-31T00:59:59+09:00", true),
            ("2027-01-31T01:00:00+09:00", false),
        ] {
            let found = containing(&window, &zone, instant.parse().expect("instant"), false);
            assert_eq!(found.is_some(), held, "{instant}");
        }
    }

    #[test]
    fn the_edge_of_the_calendar_is_no_window() {
        let window = window(Weekday::Wednesday, time(19, 0, 0, 0), Time::midnight());
        let zone = TimeZone::get("Asia/Tokyo").expect("zone");
        assert!(first_from(&window, &zone, Timestamp::MAX, false).is_none());
        assert!(containing(&window, &zone, Timestamp::MAX, false).is_none());
        assert!(first_from(&window, &zone, Timestamp::MIN, false).is_some());
    }
}
