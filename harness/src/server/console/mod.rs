//! Any console with an HTTP API as a server under test, described by a file instead of code.

pub mod adapter;
pub mod check;
mod client;
pub mod codes;
pub mod description;
mod extract;
mod login;
mod read;
mod secrets;
mod templates;
mod xpath;

pub use adapter::{ConsoleOptions, ConsoleServer};
pub use description::Console;
