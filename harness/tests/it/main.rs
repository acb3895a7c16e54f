//! Integration tests of the harness.

mod api;
mod conformance;
mod hostile;
mod nanomdm;
mod reference;
mod scripted;
