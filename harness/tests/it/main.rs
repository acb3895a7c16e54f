//! Tests of the harness at its boundaries, on real bytes.

mod api;
mod apns;
mod bench;
mod conformance;
mod console;
mod device_catalogue;
mod device_commands;
mod device_connection;
mod device_declarations;
mod device_effects;
mod device_enrollment;
mod device_hostile;
mod device_support;
mod enroll;
mod hostile;
mod lab;
mod mutation;
mod nanomdm;
mod record;
mod reference;
mod runner;
mod scep;
mod scep_interop;
mod scripted;
mod support;
mod whole;
