//! Tests of the crate's public interface, in one binary.

mod bad_data;
mod calendar;
mod calendar_csv;
mod catalog;
mod common;
mod explain;
mod import;
mod matrix;
mod selectors;
mod sources;
mod support;
mod trend;
