//! Integration tests of the harness.

mod conformance;
mod hostile;
mod nanomdm;
mod reference;
mod scripted;
