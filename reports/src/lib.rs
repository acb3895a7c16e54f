//! Says it: assessment, roll-up, decisions, register, verification report, notices, site, feeds.
//!
//! Everything here is pure or reads files that were handed in: the same files and dates give the same bytes.

pub mod agenda;
pub mod assess;
pub mod codes;
pub mod decisions;
pub mod evidence;
pub mod guidance;
pub mod known_issues;
pub mod lab;
pub mod manual;
pub mod notice;
pub mod record;
pub mod register;
pub mod render;
pub mod report;
pub mod sign;
mod toml_reader;
pub mod triage;
pub mod vendor;
