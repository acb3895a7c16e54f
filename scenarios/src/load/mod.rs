//! From the texts of data files to checked types. Nothing here reads a file; texts are arguments.

mod actions;
mod approved;
mod behavior;
mod condition;
mod excuses;
mod faults;
mod features;
pub mod reader;
mod scenario;
mod step;

pub use actions::load_actions;
pub use approved::{approved_text, load_approved};
pub use condition::parse_range;
pub use excuses::{Excuse, load_excuses};
pub use faults::{FaultFile, load_faults};
pub use features::{Overlay, load_features, parse_overlay};
pub(crate) use features::{SHARED_IPAD, column_name, column_named};
pub use scenario::{LoadedScenario, Place, load_scenario};
