//! Which old versions may be dropped: generations, the floor of supported generations, and the trend of their use.
//!
//! The rule permits and never obliges: a version may be dropped when enough newer generations stay supported and its
//! use decreases. What comes out is a proposal with its working; a person decides.

mod decide;
mod floor;
mod generation;
mod load;
mod month;
mod policy;
mod stuck;
mod trend;
mod usage;
mod usage_csv;
mod usage_json;

pub use decide::{Decision, Judged, Question, Reason, judge};
pub use floor::newer_remaining;
pub use generation::{GenerationKey, Generations, OsGeneration, UnknownGeneration};
pub use load::SupportData;
pub use month::{InvalidMonth, Month};
pub use policy::{SupportPolicy, TrendPolicy, WindowsGeneration};
pub use stuck::{StuckModel, families, stuck_models};
pub use trend::{
    MannKendall, Trend, TrendVerdict, Window, mann_kendall, relative_decline, theil_sen, trend,
};
pub use usage::{Series, Usage};
