//! Whole processes: the door as a person or a script meets it, with real exit codes, files, signals and sockets.

mod approved;
mod by_profile;
mod closed_pipe;
mod console;
mod data;
mod due;
mod faults;
mod gone;
mod interrupted;
mod new_device;
mod notices;
mod one_due_date;
mod push;
mod record;
mod same_bytes;
mod same_verdicts;
mod support;
mod support_verb;
mod triage;
mod unavailable;
mod usage;
