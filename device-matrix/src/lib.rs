//! What exists: platforms, releases, builds, device models, vendor capabilities, calendar, support policy.
//!
//! The crate is pure: it turns texts of data files into checked types and answers questions about them. Clock,
//! seed and directory are arguments.

pub mod calendar;
pub mod capability;
pub mod catalog;
pub mod cell;
pub mod diag;
pub mod enrollment;
pub mod explain;
pub mod import;
pub mod known;
pub mod matrix;
pub mod model;
pub mod platform;
pub mod release;
pub mod runs;
pub mod selector;
pub mod sources;
pub mod support;
mod table;
pub mod version;
