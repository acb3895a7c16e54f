//! What is approved: baselines of observed behavior, structural diff, approval.
//!
//! The structural diff compares two JSON values with paths, after volatile values (ids, tokens, times) were taken
//! out by a table. Records keep volatile values; they go only here, at the comparison.

pub mod baseline;
pub mod behavior;
pub mod diff;
pub mod file;
pub mod observation;
pub mod redact;
pub mod store;
