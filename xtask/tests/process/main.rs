//! Whole processes: the door as a person or a script meets it, with real exit codes, files, signals and sockets.

mod approved;
mod data;
mod gone;
mod interrupted;
mod new_device;
mod same_bytes;
mod same_verdicts;
mod support;
mod unavailable;
mod usage;
