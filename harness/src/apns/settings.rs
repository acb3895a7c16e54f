//! What the stand-in is told to do, and what it saw.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::ApnsCa;

/// A planted fault of the push service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApnsFault {
    /// 429 `TooManyRequests`.
    TooManyRequests,
    /// The request is taken and never answered.
    NeverAnswers,
    /// 200, and the device never hears of it.
    NeverDelivers,
    /// This status with this reason, such as 403 `Forbidden` or 503 `ServiceUnavailable`.
    Refuses(u16, String),
}

/// Settings that may be changed while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApnsSettings {
    /// Topics that are accepted; empty: all. Another one is answered with 403 `BadTopic` (Apple documents 400 for an
    /// invalid one and 403 for a certificate that may not use it; the reason is what servers act on).
    pub topics: BTreeSet<String>,
    /// A planted fault.
    pub fault: Option<ApnsFault>,
}

/// How to start it.
#[derive(Clone, Debug)]
pub struct ApnsOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The CA of its certificate; without one a new one is made.
    pub ca: Option<ApnsCa>,
    /// What it does.
    pub settings: ApnsSettings,
}

impl ApnsOptions {
    /// A push service that behaves.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            ca: None,
            settings: ApnsSettings::default(),
        }
    }
}

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPush {
    /// The token as it was written in the path.
    pub token: String,
    /// `apns-topic`.
    pub topic: Option<String>,
    /// `apns-push-type`.
    pub push_type: Option<String>,
    /// `UID` of the client certificate's subject: the topic of an MDM push certificate.
    pub certificate_topic: Option<String>,
    /// Whether it came by HTTP/2.
    pub http2: bool,
    /// The answer; 0 for none.
    pub status: u16,
}
