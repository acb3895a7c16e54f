//! Tests of the harness on real bytes.

mod device_commands;
mod device_declarations;
mod device_effects;
mod device_enrollment;
mod device_hostile;
mod device_support;
