//! A small world for tests of the runner: a server and devices that talk without a wire.

pub(crate) mod device;
pub(crate) mod server;
pub(crate) mod suite;
