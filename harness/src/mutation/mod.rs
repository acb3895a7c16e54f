//! The harness can fail: corrupts single facts, device behaviors and server messages, and tells which were caught.

pub mod compare;
pub mod fact;
pub mod fault;
pub mod generate;
pub mod lab;
pub mod run;
pub mod touch;

pub use run::{Fate, Lab, MutationReport, MutationResult, run};
