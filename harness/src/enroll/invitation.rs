//! What a person or a server hands to a device so that it can enroll by profile.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::refusal::{Refused, reason};
use crate::protocol::apple::identity::{IdentityError, IdentityIssuer};
use crate::push::PushHub;
use crate::scep::RsaKeyPool;
use crate::server::StartError;
use crate::server::clock::Clock;

/// Where the enrollment profile comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileSource {
    /// Its bytes.
    Bytes(Arc<[u8]>),
    /// A file.
    File(PathBuf),
    /// A URL. For automated and account-driven enrollment the place where the device asks.
    Url(String),
}

/// How a device asks a URL for the profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ask {
    /// As its enrollment type does: by signed `MachineInfo` (automated), by the well-known resource of the host
    /// (account-driven), else by a plain download.
    #[default]
    ByEnrollmentType,
    /// By a plain download, whatever the enrollment type.
    Download,
}

/// A secret that never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new random one.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// An invitation to enroll by profile.
#[derive(Clone, Debug)]
pub struct ProfileInvitation {
    /// Where the profile comes from.
    pub source: ProfileSource,
    /// How a URL is asked.
    pub ask: Ask,
    /// The bearer token of account-driven enrollment; there is no web login.
    pub token: Option<Secret>,
    /// The Managed Apple Account of account-driven enrollment.
    pub user: String,
    /// Whether a profile that is unsigned, or signed by someone whom nobody vouches for, is installed all the same, as
    /// a person can by hand.
    pub accept_untrusted: bool,
    /// Number of the key in the pool.
    pub key: u64,
    /// What all devices share.
    pub kit: Arc<EnrollmentKit>,
    /// Where the device waits for pushes.
    pub push: PushHub,
}

/// What all devices of a run share to enroll by profile: trust, keys, time.
pub struct EnrollmentKit {
    private: Vec<CertificateDer<'static>>,
    public: OnceLock<Vec<CertificateDer<'static>>>,
    factory: OnceLock<Result<IdentityIssuer, IdentityError>>,
    verifiers: Mutex<HashMap<Vec<Vec<u8>>, Arc<WebPkiServerVerifier>>>,
    /// RSA keys for SCEP.
    pub keys: RsaKeyPool,
    /// Judges the validity of certificates.
    pub clock: Clock,
}

/// Most sets of trusted certificates whose verifier is kept; every profile of a server usually has the same.
const VERIFIERS: usize = 64;

impl fmt::Debug for EnrollmentKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollmentKit")
            .field("private", &self.private.len())
            .finish_non_exhaustive()
    }
}

impl EnrollmentKit {
    /// A kit that trusts these CAs (PEM, each file may hold several) beside those of the operating system.
    pub fn new(trusted: &[String], keys: RsaKeyPool, clock: Clock) -> Result<Self, StartError> {
        let mut private = Vec::new();
        for pem in trusted {
            let before = private.len();
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                private.push(certificate.map_err(|error| StartError::Client {
                    cause: format!("a trusted certificate is no PEM: {error}"),
                })?);
            }
            if private.len() == before {
                return Err(StartError::Client {
                    cause: "a file of trusted certificates holds none".to_owned(),
                });
            }
        }
        Ok(Self {
            private,
            public: OnceLock::new(),
            factory: OnceLock::new(),
            verifiers: Mutex::default(),
            keys,
            clock,
        })
    }

    /// Whoever vouches for devices as hardware: a stand-in for the vendor's own CA.
    pub(super) fn factory(&self) -> Result<&IdentityIssuer, IdentityError> {
        self.factory
            .get_or_init(IdentityIssuer::generate)
            .as_ref()
            .map_err(Clone::clone)
    }

    fn public(&self) -> &[CertificateDer<'static>] {
        self.public
            .get_or_init(|| rustls_native_certs::load_native_certs().certs)
    }

    /// Every trusted CA as DER, with `more` from a profile.
    pub(super) fn anchors<'a>(&'a self, more: &'a [Vec<u8>]) -> impl Iterator<Item = &'a [u8]> {
        let own = self.private.iter().chain(self.public());
        own.map(AsRef::as_ref).chain(more.iter().map(Vec::as_slice))
    }

    /// A verifier of servers by all trusted CAs, with `more` from a profile.
    pub(super) fn verifier(&self, more: &[Vec<u8>]) -> Result<Arc<WebPkiServerVerifier>, Refused> {
        if let Some(verifier) = self.lock().get(more) {
            return Ok(Arc::clone(verifier));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(
            self.anchors(more)
                .map(|der| CertificateDer::from(der.to_vec())),
        );
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| {
                Refused::new(
                    reason::TLS,
                    format!(
                        "nobody is trusted for TLS ({error}). Name the CA of the server by --tls-ca"
                    ),
                )
            })?;
        let mut verifiers = self.lock();
        if verifiers.len() >= VERIFIERS {
            verifiers.clear();
        }
        verifiers.insert(more.to_vec(), Arc::clone(&verifier));
        Ok(verifier)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<Vec<u8>>, Arc<WebPkiServerVerifier>>> {
        self.verifiers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
