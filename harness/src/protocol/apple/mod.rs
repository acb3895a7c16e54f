//! Apple's MDM protocol: check-in, commands, declarative management, profiles, signatures.

pub mod codec;
pub mod identity;
