//! The reference server: embedded in a run, or a process of its own with the API of `NanoMDM`.

mod adapter;
mod api;
mod checkin;
mod config;
mod core;
pub mod fleet;
mod push;
mod queue;
mod quirks;
mod report;
mod serve;
mod webhook;

pub use adapter::ReferenceServer;
pub use config::{
    IdentityProof, ReferenceConfig, ReturnToServiceAnswer, ServeOptions, TOKEN_CAPABILITY,
    UserAuthenticate,
};
pub use quirks::{Alteration, Quirk, ServerQuirks, Target};
pub use serve::serve;
