//! Many devices: kept enrolled and answering, as load for a server or as a lab beside a run.

mod figures;
mod keep;

pub use figures::{CrowdFigures, Latency};
pub use keep::{CrowdOptions, keep};
