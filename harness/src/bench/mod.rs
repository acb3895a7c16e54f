//! Measures the machine's ceilings and the whole runner in the same run, and compares the two.
//!
//! Every figure is a ratio to a ceiling of the same minute on the same machine, so that it holds elsewhere too.

pub mod crypto;
pub mod echo;
pub mod exchange;
pub mod machine;
pub mod mute;
pub mod plant;
pub mod report;
pub mod subject;

pub use report::{Bar, BenchReport, Ceilings};
pub use subject::{BenchOptions, Planned, Plant, Shape, run};
