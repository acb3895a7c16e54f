//! Tests of the harness at its boundaries.

mod record;
mod runner;
mod support;
