//! Runs a plan: a dispatcher that counts, records and reports, and one executor per cell that owns its device.
//!
//! The two share no state but the server's health; executors hand finished cases over one bounded channel.

mod arrival;
mod attempt;
mod cell;
mod desk;
mod dispatch;
mod head;
mod health;
mod input;
mod lab_devices;
mod news;
mod phases;
mod planted;
mod queue;
mod resume;
mod virtual_devices;
mod work;

pub use dispatch::run;
pub use input::{
    DeviceFactory, DeviceOrder, Keep, NoSink, RunError, RunHead, RunInputs, RunOptions, RunSummary,
    Sink,
};
pub use lab_devices::LabDevices;
pub use planted::PlantedDevices;
pub use virtual_devices::VirtualDevices;
