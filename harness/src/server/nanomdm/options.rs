//! Settings of the adapter.

use std::net::SocketAddr;
use std::time::Duration;

use scenarios::event::ServerOrigin;

use crate::apns::ApnsOptions;
use crate::enroll::ProfileInvitation;
use crate::protocol::apple::identity::KeyKind;
use crate::server::clock::Clock;

/// How to reach a server, and where it reaches the harness.
#[derive(Clone, Debug)]
pub struct NanoMdmOptions {
    /// Base URL of the API, such as `http://127.0.0.1:9000`.
    pub url: String,
    /// Base URL that devices connect to (plain HTTP), when it is another one.
    pub device_url: Option<String>,
    /// Path of the endpoint for commands and check-ins.
    pub mdm_path: String,
    /// Password of the API user `nanomdm`.
    pub api_key: String,
    /// PEM certificates that an HTTPS API is checked against.
    pub trusted: Vec<String>,
    /// PEM of the CA the server accepts device identities from.
    pub identity_ca: String,
    /// PEM (PKCS#8) of that CA's key.
    pub identity_key: String,
    /// What device identities sign with.
    pub keys: KeyKind,
    /// The header in which the server expects certificates, instead of `Mdm-Signature`.
    pub certificate_header: Option<String>,
    /// Where the server's `-webhook-url` points to.
    pub webhook_listen: SocketAddr,
    /// The server's `-webhook-hmac-key`.
    pub webhook_hmac_key: Option<String>,
    /// Where the server's `-dm` points to; without it declarations are not exercised.
    pub dm_listen: Option<SocketAddr>,
    /// Where the server posts notifications instead of Apple's push service; without it devices poll.
    pub push_listen: Option<SocketAddr>,
    /// The stand-in for Apple's push service, for servers that push as to Apple's; without it and without
    /// `push_listen` devices poll.
    pub apns: Option<ApnsOptions>,
    /// Push topic.
    pub topic: String,
    /// Whose server it is: [`ServerOrigin::Product`] only for the product itself.
    pub origin: ServerOrigin,
    /// How long the API may take for an answer.
    pub timeout: Duration,
    /// Goes into the ids of the commands that the adapter itself makes, so that a server that keeps what earlier
    /// runs have sent does not refuse them.
    pub nonce: u64,
    /// Devices enroll by the server's own profile, not by a grant of the adapter; the identity CA is then not used.
    pub enroll: Option<ProfileInvitation>,
    /// Tells the time.
    pub clock: Clock,
}

impl NanoMdmOptions {
    /// Options with the least that is needed; everything else as a default server has it.
    #[must_use]
    pub fn new(
        url: impl Into<String>,
        api_key: impl Into<String>,
        identity_ca: impl Into<String>,
        identity_key: impl Into<String>,
        webhook_listen: SocketAddr,
    ) -> Self {
        Self {
            url: url.into(),
            device_url: None,
            mdm_path: "/mdm".to_owned(),
            api_key: api_key.into(),
            trusted: Vec::new(),
            identity_ca: identity_ca.into(),
            identity_key: identity_key.into(),
            keys: KeyKind::P256,
            certificate_header: None,
            webhook_listen,
            webhook_hmac_key: None,
            dm_listen: None,
            push_listen: None,
            apns: None,
            topic: "com.apple.mgmt.External.harness".to_owned(),
            origin: ServerOrigin::ThirdParty,
            timeout: Duration::from_secs(10),
            nonce: 0,
            enroll: None,
            clock: Clock::system(),
        }
    }
}
