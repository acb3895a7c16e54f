//! TLS as a device speaks it: trust, client certificate, and what its release demands of the server.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error as TlsError};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::refusal::{Refused, reason};
use crate::protocol::apple::identity::ClientIdentity;

/// Sessions that a device remembers, to resume them: one server, seldom two.
const SESSIONS: usize = 2;

/// What a device's release demands of every server it is managed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Demands {
    /// From Apple's releases of generation 27 on: TLS 1.2 or later with ATS-grade ciphers and certificates. The text
    /// names the release.
    Ats(String),
    /// Earlier releases take weaker servers too, which this harness does not speak. The text names the release.
    Older(String),
}

impl Demands {
    fn too_weak(&self, cause: &str) -> String {
        match self {
            Self::Ats(release) => format!(
                "{cause}. {release} manages devices only through TLS 1.2 or later with forward secrecy, AES-GCM or \
                 ChaCha20, and certificates of RSA 2048 or P-256 with SHA-256 at least. Raise the server's TLS settings"
            ),
            Self::Older(release) => format!(
                "{cause}. {release} may still connect to such a server, releases from 27 on do not; the harness \
                 speaks only what release 27 takes. Raise the server's TLS settings"
            ),
        }
    }
}

/// Dials one server over TLS, with one device's sessions.
pub struct TlsDialer {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
    demands: Demands,
}

impl fmt::Debug for TlsDialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsDialer({}:{})", self.host, self.port)
    }
}

/// One device's TLS settings: shared trust, its own certificate and sessions.
pub(super) fn config(
    verifier: Arc<WebPkiServerVerifier>,
    identity: Option<&ClientIdentity>,
) -> Result<Arc<ClientConfig>, Refused> {
    let failed = |error: TlsError| {
        Refused::new(
            reason::TLS,
            format!("the device's identity cannot be used for TLS: {error}. Use RSA 2048 or P-256"),
        )
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .with_webpki_verifier(verifier);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let certificate = CertificateDer::from(identity.certificate_der().to_vec());
            let key =
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key().serialize_der()));
            builder
                .with_client_auth_cert(vec![certificate], key)
                .map_err(failed)?
        }
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(Arc::new(config))
}

impl TlsDialer {
    pub(super) fn new(
        host: &str,
        port: u16,
        config: Arc<ClientConfig>,
        demands: Demands,
    ) -> Result<Self, Refused> {
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|error| {
            Refused::new(
                reason::PROFILE,
                format!("`{host}` is no name of a server: {error}. Correct the URL"),
            )
        })?;
        Ok(Self {
            host,
            port,
            name,
            connector: TlsConnector::from(config),
            demands,
        })
    }

    /// Opens a connection. The error's text is a sentence.
    pub async fn dial(&self) -> io::Result<Box<TlsStream<TcpStream>>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected
            .map(Box::new)
            .map_err(|error| io::Error::other(self.explain(&error)))
    }

    fn explain(&self, error: &io::Error) -> String {
        let at = format!("TLS with {}:{}", self.host, self.port);
        let tls = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<TlsError>());
        match tls {
            None => format!(
                "{at} broke off: {error}. Check that the port speaks TLS and accepts the device's certificate"
            ),
            Some(TlsError::InvalidCertificate(wrong)) => self.certificate(&at, wrong),
            Some(TlsError::PeerIncompatible(wrong)) => self
                .demands
                .too_weak(&format!("{at} finds no common ground ({wrong:?})")),
            Some(TlsError::AlertReceived(
                alert @ (AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity),
            )) => self
                .demands
                .too_weak(&format!("{at} finds no common ground (alert {alert:?})")),
            Some(TlsError::AlertReceived(alert)) => format!(
                "{at}: the server refused with the alert {alert:?}. When it asks for client certificates, check that \
                 it trusts the CA of the device identities"
            ),
            Some(other) => format!("{at} failed: {other}. Check that the port speaks TLS"),
        }
    }

    fn certificate(&self, at: &str, wrong: &CertificateError) -> String {
        match wrong {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                format!("{at}: the server's certificate has expired. Renew it")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
                "{at}: the server's certificate is not valid yet. Check its dates and this machine's clock"
            ),
            CertificateError::UnknownIssuer => format!(
                "{at}: nobody vouches for the server's certificate. Put the server's CA into the enrollment profile, \
                 name it by --tls-ca, and let the server send its intermediate certificates"
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!(
                    "{at}: the server's certificate is for another name. Use the name in the certificate, or issue \
                     one for {}",
                    self.host
                )
            }
            other => self.demands.too_weak(&format!(
                "{at}: the server's certificate does not hold ({other})"
            )),
        }
    }
}

/// The dates of a certificate, judged.
pub(super) fn valid_at(der: &[u8], now: jiff::Timestamp) -> Result<(), String> {
    use der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(der)
        .map_err(|error| format!("cannot be read ({error})"))?;
    let validity = certificate.tbs_certificate().validity();
    let now = std::time::Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    if now > validity.not_after.to_unix_duration() {
        return Err(format!("expired on {}", validity.not_after));
    }
    if now < validity.not_before.to_unix_duration() {
        return Err(format!("is not valid before {}", validity.not_before));
    }
    Ok(())
}
