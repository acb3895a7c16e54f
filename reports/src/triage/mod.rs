//! Triage packages: what a vendor or the product's team needs to see a finding for themselves.

pub mod incident;
pub mod package;
pub mod person;
pub mod replay;
