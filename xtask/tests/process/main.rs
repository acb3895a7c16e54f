//! Whole processes: the door as a person or a script meets it, with real exit codes, files, signals and sockets.

mod data;
mod due;
mod faults;
mod gone;
mod interrupted;
mod new_device;
mod notices;
mod record;
mod same_bytes;
mod same_verdicts;
mod support;
mod support_verb;
mod triage;
mod unavailable;
mod usage;
