//! Settings of the reference server. What vendors leave open is a setting, never a guess in the code.

use std::sync::Arc;

use super::enrollment::EnrollmentOptions;
use super::quirks::ServerQuirks;
use crate::apns::ApnsClientOptions;
use crate::protocol::apple::identity::{IdentityIssuer, KeyKind};
use crate::push::PushHub;
use crate::scep::server::ScepAuthority;
use crate::server::clock::Clock;
use crate::server::tls::TlsSettings;

/// The word of `ServerCapabilities` that announces `GetToken`.
pub const TOKEN_CAPABILITY: &str = "com.apple.mdm.token";

/// How devices prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityProof {
    /// `Mdm-Signature` over the body.
    MdmSignature,
    /// The certificate in this header, as a TLS proxy passes it on.
    CertificateHeader(String),
    /// Nobody proves anything; for measuring what signatures cost.
    None,
}

/// How `UserAuthenticate` is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserAuthenticate {
    /// 410: the user is not managed.
    Gone,
    /// A challenge of length zero: no second round is needed.
    ZeroLengthChallenge,
    /// A digest challenge, then an `AuthToken` for any response.
    Digest,
}

/// What a device that returns to service is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnToServiceAnswer {
    /// `Enabled`.
    pub enabled: bool,
    /// `WiFiProfileData`, a configuration profile.
    pub wifi_profile: Option<Vec<u8>>,
    /// `MDMProfileData`, an enrollment profile.
    pub mdm_profile: Option<Vec<u8>>,
}

/// Settings of an embedded server.
#[derive(Clone, Debug)]
pub struct ReferenceConfig {
    /// Issues and vouches for device identities.
    pub issuer: Arc<IdentityIssuer>,
    /// How devices prove who they are.
    pub proof: IdentityProof,
    /// What device identities sign with.
    pub keys: KeyKind,
    /// Where pushes go.
    pub push: PushHub,
    /// Push topic.
    pub topic: String,
    /// Tells the time.
    pub clock: Clock,
    /// How `UserAuthenticate` is answered.
    pub user_authenticate: UserAuthenticate,
    /// `ServerCapabilities` of the enrollment profile; with [`TOKEN_CAPABILITY`] `GetToken` is answered.
    pub server_capabilities: Vec<String>,
    /// What `ReturnToService` is answered; without it the message is not known.
    pub return_to_service: Option<ReturnToServiceAnswer>,
    /// Planted faults.
    pub quirks: ServerQuirks,
}

impl ReferenceConfig {
    /// A server that plays every part, with these devices, pushes and this clock.
    #[must_use]
    pub fn new(issuer: Arc<IdentityIssuer>, push: PushHub, clock: Clock) -> Self {
        Self {
            issuer,
            proof: IdentityProof::MdmSignature,
            keys: KeyKind::P256,
            push,
            topic: "com.apple.mgmt.External.harness".to_owned(),
            clock,
            user_authenticate: UserAuthenticate::Digest,
            server_capabilities: vec![
                "com.apple.mdm.per-user-connections".to_owned(),
                "com.apple.mdm.bootstraptoken".to_owned(),
                TOKEN_CAPABILITY.to_owned(),
            ],
            return_to_service: Some(ReturnToServiceAnswer {
                enabled: true,
                ..ReturnToServiceAnswer::default()
            }),
            quirks: ServerQuirks::default(),
        }
    }
}

/// Settings of a server process.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Password of the API user `nanomdm`; empty for a server without an API.
    pub api_key: String,
    /// PEM of the CA that device identities come from.
    pub ca_pem: String,
    /// How devices prove who they are.
    pub proof: IdentityProof,
    /// Where events are posted.
    pub webhook_url: Option<String>,
    /// Key of the events' `X-Hmac-Signature`.
    pub webhook_hmac_key: Option<String>,
    /// Where declarative management is passed on to, instead of the server's own engine (which has no API).
    pub dm_url: Option<String>,
    /// The push service: notifications are posted to `<url>/3/device/<token>`.
    pub push_url: Option<String>,
    /// The push service over TLS, as Apple's is; goes before `push_url`.
    pub apns: Option<ApnsClientOptions>,
    /// An authority that gives device identities, under `/scep`.
    pub scep: Option<Arc<ScepAuthority>>,
    /// How `UserAuthenticate` is answered.
    pub user_authenticate: UserAuthenticate,
    /// `ServerCapabilities`; with [`TOKEN_CAPABILITY`] `GetToken` is answered.
    pub server_capabilities: Vec<String>,
    /// What `ReturnToService` is answered.
    pub return_to_service: Option<ReturnToServiceAnswer>,
    /// Planted faults.
    pub quirks: ServerQuirks,
    /// Connections served at the same time.
    pub connections: usize,
    /// TLS; without it the server speaks plain HTTP.
    pub tls: Option<TlsSettings>,
    /// Enrollment by profile; without it there is none.
    pub enrollment: Option<EnrollmentOptions>,
    /// The host name in the server's own URLs, when it is another than the address it listens on.
    pub host: Option<String>,
    /// Tells the time.
    pub clock: Clock,
}

impl ServeOptions {
    /// A server that behaves as `NanoMDM` does by default: `UserAuthenticate` is gone, `GetToken` fails.
    #[must_use]
    pub fn new(api_key: impl Into<String>, ca_pem: impl Into<String>) -> Self {
        Self {
            api_key: api_key.into(),
            ca_pem: ca_pem.into(),
            proof: IdentityProof::MdmSignature,
            webhook_url: None,
            webhook_hmac_key: None,
            dm_url: None,
            push_url: None,
            apns: None,
            scep: None,
            user_authenticate: UserAuthenticate::Gone,
            server_capabilities: Vec::new(),
            return_to_service: None,
            quirks: ServerQuirks::default(),
            connections: crate::server::http::CONNECTIONS,
            tls: None,
            enrollment: None,
            host: None,
            clock: Clock::system(),
        }
    }
}
