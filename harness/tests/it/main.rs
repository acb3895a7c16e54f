//! Tests of the harness at its boundaries, on real bytes.

mod api;
mod bench;
mod conformance;
mod device_catalogue;
mod device_commands;
mod device_declarations;
mod device_effects;
mod device_enrollment;
mod device_hostile;
mod device_support;
mod hostile;
mod lab;
mod mutation;
mod nanomdm;
mod record;
mod reference;
mod runner;
mod scripted;
mod support;
mod whole;
