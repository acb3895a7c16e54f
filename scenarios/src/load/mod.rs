//! From the texts of data files to checked types. Nothing here reads a file; texts are arguments.

mod actions;
mod condition;
mod excuses;
mod features;
pub mod reader;
mod scenario;
mod step;

pub use actions::load_actions;
pub use condition::parse_range;
pub use excuses::{Excuse, load_excuses};
pub use features::{Overlay, load_features, parse_overlay};
pub(crate) use features::{SHARED_IPAD, column_name, column_named};
pub use scenario::{LoadedScenario, Place, load_scenario};
