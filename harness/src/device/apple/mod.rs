//! A virtual Apple device: identity, state, effect model, one file per command.

mod applicant;
mod capabilities;
pub mod commands;
mod core;
mod ddm;
mod effects;
mod errors;
mod force;
mod gate;
mod ids;
mod information;
mod link;
mod management;
mod passcode;
mod profiles;
pub mod quirks;
mod session;
pub mod settings;
mod state;
mod synchronize;
pub mod testing;
mod tree;
mod values;
mod virtual_device;
mod wire;

pub use capabilities::client_capabilities;
pub use commands::{unmodeled, unmodeled_queries};
pub use virtual_device::{DeviceSpec, VirtualDevice};
