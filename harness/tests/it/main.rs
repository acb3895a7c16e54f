//! Tests of the harness at its boundaries.

mod bench;
mod conformance;
mod hostile;
mod mutation;
mod nanomdm;
mod record;
mod reference;
mod runner;
mod scripted;
mod support;
