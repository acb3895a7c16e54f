//! Messages of SCEP (RFC 8894): bytes ↔ values, no IO, no clock.

pub(crate) mod caps;
pub(crate) mod certificate;
pub(crate) mod envelope;
pub(crate) mod message;
pub(crate) mod oids;
pub(crate) mod request;
