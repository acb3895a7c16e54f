//! What is checked: product features, the scenario language, probes, the plan, and the types of the run record.

pub mod effects;
pub mod event;
pub mod feature;
pub mod plan;
pub mod scenario;
