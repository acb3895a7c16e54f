//! Tests of the committed data, the loader, the worksheet and the plan.

mod common;
mod data;
mod faults;
mod loader;
mod plan;
mod probe;
mod ranges;
mod worksheet;
