//! The CA of the stand-in, and the certificate in the names of Apple's hosts.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::DigitallySignedStruct;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, ServerConfig, SignatureScheme};

use crate::protocol::apple::identity::IdentityError;

/// Hosts that the certificate names, and that a proxy connection may ask for.
pub(super) const HOSTS: [&str; 3] = [
    "api.push.apple.com",
    "api.sandbox.push.apple.com",
    "api.development.push.apple.com",
];

/// The CA that a server under test must trust (`SSL_CERT_FILE` or its own setting).
#[derive(Clone, PartialEq, Eq)]
pub struct ApnsCa {
    /// PEM of the certificate.
    pub certificate_pem: String,
    /// PEM (PKCS#8) of its key.
    pub key_pem: String,
}

impl fmt::Debug for ApnsCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApnsCa").finish_non_exhaustive()
    }
}

impl ApnsCa {
    /// Makes a CA.
    pub fn generate() -> Result<Self, IdentityError> {
        let failed = |error| IdentityError(format!("the push CA cannot be made: {error}"));
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = parameters().self_signed(&key).map_err(failed)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }

    /// What the listener needs.
    pub(super) fn server_config(&self) -> Result<ServerConfig, IdentityError> {
        let failed = |error| IdentityError(format!("the push CA cannot be used: {error}"));
        let ca_key = KeyPair::from_pem(&self.key_pem).map_err(failed)?;
        let issuer = Issuer::from_ca_cert_pem(&self.certificate_pem, ca_key).map_err(failed)?;
        let key = KeyPair::generate().map_err(failed)?;
        let names: Vec<String> = HOSTS
            .iter()
            .chain(&["localhost", "127.0.0.1", "::1"])
            .map(|host| (*host).to_owned())
            .collect();
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.not_before = date_time_ymd(2007, 1, 1);
        params.not_after = date_time_ymd(2049, 12, 31);
        params
            .distinguished_name
            .push(DnType::CommonName, "Push service stand-in");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &issuer).map_err(failed)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = |error: rustls::Error| {
            IdentityError(format!(
                "TLS of the push stand-in cannot be set up: {error}"
            ))
        };
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::new(AnyClient(provider)))
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .map_err(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn parameters() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2007, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params
        .distinguished_name
        .push(DnType::CommonName, "Verification harness push CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Takes any client certificate, or none: whose it is, is noted and not judged.
#[derive(Debug)]
struct AnyClient(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
