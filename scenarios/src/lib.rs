//! What is checked: product features, the scenario language, probes, the plan, and the types of the run record.

pub mod action;
pub mod codes;
pub mod commands;
pub mod effects;
pub mod event;
pub mod fault;
pub mod feature;
pub mod import;
pub mod lint;
pub mod load;
pub mod pack;
pub mod plan;
pub mod probe;
pub mod reduce;
pub mod scenario;
pub mod suite;
pub mod worksheet;
