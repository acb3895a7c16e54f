//! What a profile's SCEP payload asks for, and how its HTTP messages are carried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::RsaKey;
use crate::protocol::apple::identity::ClientIdentity;

/// Bit of [`ScepRequest::key_usage`]: signing (Apple's `Key Usage`).
pub const DIGITAL_SIGNATURE: u8 = 1;
/// Bit of [`ScepRequest::key_usage`]: encryption (Apple's `Key Usage`).
pub const KEY_ENCIPHERMENT: u8 = 4;

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScepMethod {
    /// `GET`: everything is in the URL.
    Get,
    /// `POST`: the message is the body, of type `application/x-pki-message`.
    Post,
}

/// One HTTP request of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScepHttp {
    /// `GET` or `POST`.
    pub method: ScepMethod,
    /// The whole URL, query included.
    pub url: String,
    /// The body of a `POST`.
    pub body: Option<Bytes>,
}

/// The answer to [`ScepHttp`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScepReply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, when there is one.
    pub content_type: Option<String>,
    /// The body; carriers cut it off where they no longer read, the client judges its size again.
    pub body: Bytes,
}

/// Carries HTTP to the authority: a socket, TLS, or a pipe inside the process.
#[async_trait]
pub trait ScepTransport: Send + Sync {
    /// Sends one request; the error says why there is no answer.
    async fn send(&self, request: ScepHttp) -> Result<ScepReply, String>;
}

/// A subject alternative name to ask for (Apple's `SubjectAltName`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// `dNSName`.
    Dns(String),
    /// `rfc822Name`.
    Email(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// `ntPrincipalName`: a user principal name in `otherName`.
    NtPrincipal(String),
}

/// What to ask an authority for.
#[derive(Clone, Debug)]
pub struct ScepRequest {
    /// The authority's URL as the profile has it.
    pub url: String,
    /// `Name`: which authority behind the URL (CA-IDENT), sent with `GetCACaps` and `GetCACert`.
    pub name: Option<String>,
    /// `Challenge`: the password in the certificate request.
    pub challenge: Option<String>,
    /// `Subject` as the profile has it: relative names, each of pairs of attribute (`CN`, `O`, or a dotted object
    /// identifier) and value.
    pub subject: Vec<Vec<(String, String)>>,
    /// The device's key, from an [`RsaKeyPool`](super::RsaKeyPool).
    pub key: Arc<RsaKey>,
    /// `Key Usage`: [`DIGITAL_SIGNATURE`], [`KEY_ENCIPHERMENT`], or both; 0 asks for none.
    pub key_usage: u8,
    /// `CAFingerprint`: digest of the authority's certificate, MD5, SHA-1, SHA-256 or SHA-512 by its length.
    pub ca_fingerprint: Option<Vec<u8>>,
    /// `SubjectAltName`.
    pub sans: Vec<SubjectName>,
    /// `Retries`: how often to ask again while the authority says "pending". Apple's default is 3.
    pub retries: u32,
    /// `RetryDelay` between these. Apple's default is 10 seconds.
    pub retry_delay: Duration,
    /// How long the authority may take for one answer.
    pub answer_within: Duration,
    /// The identity to renew: the request is then signed with it (`RenewalReq`, where the authority says that it
    /// can), instead of with a certificate made for the occasion.
    pub renews: Option<Arc<ClientIdentity>>,
}

impl ScepRequest {
    /// A request with Apple's defaults.
    #[must_use]
    pub fn new(url: impl Into<String>, key: Arc<RsaKey>) -> Self {
        Self {
            url: url.into(),
            name: None,
            challenge: None,
            subject: Vec::new(),
            key,
            key_usage: 0,
            ca_fingerprint: None,
            sans: Vec::new(),
            retries: 3,
            retry_delay: Duration::from_secs(10),
            answer_within: Duration::from_secs(30),
            renews: None,
        }
    }
}
