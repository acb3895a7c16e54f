//! Adapter for servers that speak `NanoMDM`'s API: commands in by HTTP, results back by webhook.

mod api;
mod declarations;
mod options;
mod server;
mod webhook;

pub use options::NanoMdmOptions;
pub use server::NanoMdmServer;
