//! Bytes ↔ messages; no IO, no clock; one file per message family.

pub mod apple;
pub(crate) mod scep;
