//! A stand-in for Apple's push service on loopback: TLS with a CA of its own, HTTP/2 and HTTP/1.1, reached directly or
//! as the HTTPS proxy of a server that knows Apple's host names only; and the client that pushes to it.

pub(crate) mod answer;
mod authority;
mod client;
mod listener;
mod settings;

pub use authority::ApnsCa;
pub(crate) use client::client;
pub use client::{ApnsClientOptions, ApnsRoute};
pub use listener::{Apns, Started};
pub use settings::{ApnsFault, ApnsOptions, ApnsSettings, SeenPush};
