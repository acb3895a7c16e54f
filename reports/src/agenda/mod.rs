//! Every clock in one list: reports due, notices, days of effect, windows, checks. And as an iCalendar file.

mod entry;
mod ics;
mod list;

pub use entry::{Clock, Entry, When};
pub use ics::ics;
pub use list::{Agenda, Inputs, ReportClock, agenda};
