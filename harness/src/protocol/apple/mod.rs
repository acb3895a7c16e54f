//! Apple's MDM protocol: check-in, commands, declarative management, profiles, signatures.

pub mod checkin;
pub mod codec;
pub mod command;
pub mod ddm;
pub mod guard;
pub mod identity;
pub mod profile;
