//! Every clock in one list: reports due, notices, days of effect, windows, checks. And as an iCalendar file.

mod ics;
mod list;

pub use ics::ics;
pub use list::{Agenda, Clock, Entry, Inputs, ReportClock, When, agenda};
