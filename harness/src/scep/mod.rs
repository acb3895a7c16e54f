//! SCEP (RFC 8894): how a device gets its certificate, and the authority that gives it.

mod client;
mod error;
mod http_transport;
mod in_process;
mod keys;
mod request;
pub mod server;

pub use client::obtain;
pub use error::ScepError;
pub use http_transport::HttpTransport;
pub use in_process::InProcess;
pub use keys::{MOST_KEYS, RsaKey, RsaKeyPool};
pub use request::{
    DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, ScepHttp, ScepMethod, ScepReply, ScepRequest,
    ScepTransport, SubjectName,
};
