//! Tests of the harness at its boundaries.

mod bench;
mod mutation;
mod record;
mod runner;
mod support;
