//! The list as iCalendar (RFC 5545). Names and time stamps come from data and date, so that the same agenda gives the
//! same bytes and a calendar that reads it again updates its entries.

use icalendar::{Calendar, Component as _, Event, Property};
use jiff::Timestamp;
use jiff::civil::Date;

use super::entry::Entry;
use super::list::Agenda;
use crate::notice::moment::jst_midnight;
use crate::vendor::Lang;

/// Why there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the agenda can not be written as iCalendar: a date lies beyond the year 9999 or before the year 0"
)]
pub struct NotRepresentable;

/// Writes the list; `name` is the product.
///
/// # Errors
/// When a date has no four-digit year.
pub fn ics(agenda: &Agenda, name: &str, lang: Lang) -> Result<String, NotRepresentable> {
    let stamp = jst_midnight(agenda.today).ok_or(NotRepresentable)?;
    let mut calendar = Calendar::empty();
    calendar
        .append_property(Property::new("VERSION", "2.0"))
        .append_property(Property::new(
            "PRODID",
            "-//os-version-verification//agenda 1//EN",
        ))
        .append_property(Property::new("CALSCALE", "GREGORIAN"))
        .name(name);
    for entry in &agenda.entries {
        calendar.push(event(entry, stamp, lang)?);
    }
    Ok(calendar.done().to_string())
}

fn event(entry: &Entry, stamp: Timestamp, lang: Lang) -> Result<Event, NotRepresentable> {
    let pick = |text: &device_matrix::known::Text| match lang {
        Lang::Ja => text.ja.clone(),
        Lang::En => text.en.clone(),
    };
    let mut event = Event::new();
    event
        .uid(&format!(
            "{}.{}@agenda.invalid",
            entry.clock.as_str(),
            entry.subject.replace('@', ".")
        ))
        .append_property(Property::new("DTSTAMP", utc(stamp)?))
        .summary(&format!(
            "{}: {}",
            pick(&entry.clock.name()),
            pick(&entry.title)
        ))
        .description(&pick(&entry.detail));
    match entry.hours {
        Some((start, end)) => {
            event
                .append_property(Property::new("DTSTART", utc(start)?))
                .append_property(Property::new("DTEND", utc(end)?));
        }
        None => {
            event
                .append_property(day("DTSTART", entry.date)?)
                .append_property(day(
                    "DTEND",
                    entry.date.tomorrow().map_err(|_| NotRepresentable)?,
                )?);
        }
    }
    Ok(event.done())
}

fn utc(instant: Timestamp) -> Result<String, NotRepresentable> {
    let text = instant.strftime("%Y%m%dT%H%M%SZ").to_string();
    (text.len() == "20270127T100000Z".len())
        .then_some(text)
        .ok_or(NotRepresentable)
}

fn day(key: &str, date: Date) -> Result<Property, NotRepresentable> {
    let text = date.strftime("%Y%m%d").to_string();
    if text.len() != 8 {
        return Err(NotRepresentable);
    }
    let mut property = Property::new(key, text);
    property.add_parameter("VALUE", "DATE");
    Ok(property.done())
}
