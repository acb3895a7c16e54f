//! The reference server: embedded in a run, or a process of its own with the API of `NanoMDM`.

mod adapter;
mod api;
mod checkin;
mod config;
mod core;
mod enrollment;
pub mod fleet;
mod push;
mod queue;
mod quirks;
mod report;
mod serve;
mod webhook;

pub use adapter::ReferenceServer;
pub(crate) use api::push_topic_of;
pub use config::{
    IdentityProof, ReferenceConfig, ReturnToServiceAnswer, ServeOptions, TOKEN_CAPABILITY,
    UserAuthenticate,
};
pub use enrollment::{EnrollmentOptions, IdentityBy};
pub use quirks::ServerQuirks;
pub use serve::serve;
