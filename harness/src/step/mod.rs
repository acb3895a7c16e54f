//! Takes the steps of a scenario: scenario words become calls to the device and the server, looks become judgments.

pub mod condition;
pub mod ids;
pub mod look;
pub mod matcher;
pub mod planned;
pub mod probe;
pub mod rig;
pub mod stop;
pub mod take;
pub mod transcript;
