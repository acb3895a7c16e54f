//! Virtual devices.

pub mod apple;
