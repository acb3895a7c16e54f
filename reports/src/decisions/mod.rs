//! Decisions of people to take an old OS version out, one file each, and what became of them.

mod lint;
mod read;
mod types;

pub use lint::{Context, refuses};
pub use read::{announced, check, load, read_sources};
pub use types::{Change, Decision, DecisionSite, Event, Figures, State, Trend, name};
