//! Does it: protocol, virtual devices, servers under test, runner, record writer. The only crate with sockets.

pub mod apns;
pub mod bench;
pub mod crowd;
pub mod device;
pub mod enroll;
pub mod mutation;
pub mod protocol;
pub mod push;
pub mod push_listener;
pub mod record;
pub mod runner;
pub mod scep;
pub mod server;
pub mod step;
pub mod transport;
