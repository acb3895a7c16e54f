//! TLS at the server's side: a private CA or given files, and the accept loop's acceptor.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio_rustls::TlsAcceptor;

use super::StartError;
use crate::protocol::apple::identity::IdentityError;

/// Days a certificate made here is valid; devices take no more than 825 from a private CA.
const DAYS: i64 = 397;

/// What a server shows, and whom it asks for a certificate.
#[derive(Clone)]
pub struct TlsSettings {
    /// PEM of the certificate and its intermediates.
    pub certificate: String,
    /// PEM of the key.
    pub key: String,
    /// PEM of the CA behind it, for enrollment profiles; none when devices know it.
    pub ca: Option<String>,
    /// PEM of the CA whose client certificates are asked for; a device without one is served all the same, because it
    /// has none before it has enrolled.
    pub clients: Option<String>,
}

impl std::fmt::Debug for TlsSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsSettings")
    }
}

impl TlsSettings {
    /// A server certificate for this machine's loopback names and `hosts`, from a new private CA.
    pub fn private(hosts: &[String], now: Timestamp) -> Result<Self, IdentityError> {
        let failed = |error: rcgen::Error| {
            IdentityError(format!("no server certificate can be made: {error}"))
        };
        let name = |text: &str| {
            let mut name = DistinguishedName::new();
            name.push(DnType::CommonName, text);
            name
        };
        let date = |days: i64| {
            let day = jiff::tz::TimeZone::UTC
                .to_datetime(now + (days * 24).hours())
                .date();
            date_time_ymd(
                i32::from(day.year()),
                day.month().unsigned_abs(),
                day.day().unsigned_abs(),
            )
        };
        let mut ca = CertificateParams::default();
        ca.distinguished_name = name("Verification harness server CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.not_before = date(-1);
        ca.not_after = date(10 * 365);
        let ca_key = KeyPair::generate().map_err(failed)?;
        let ca_pem = ca.self_signed(&ca_key).map_err(failed)?.pem();
        let issuer = Issuer::new(ca, ca_key);
        let mut leaf = CertificateParams::new(hosts.to_vec()).map_err(failed)?;
        leaf.subject_alt_names.extend([
            SanType::DnsName("localhost".try_into().map_err(failed)?),
            SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
        ]);
        leaf.distinguished_name = name("Verification harness server");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.not_before = date(-1);
        leaf.not_after = date(DAYS);
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = leaf.signed_by(&key, &issuer).map_err(failed)?.pem();
        Ok(Self {
            certificate,
            key: key.serialize_pem(),
            ca: Some(ca_pem),
            clients: None,
        })
    }

    /// What accepts connections.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, StartError> {
        let failed = |cause: String| {
            StartError::Identity(IdentityError(format!("TLS cannot be served: {cause}")))
        };
        let chain = certificates(&self.certificate).map_err(failed)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|error| failed(format!("the key is no PEM ({error})")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(certificates(pem).map_err(failed)?);
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .allow_unauthenticated()
                        .build()
                        .map_err(|error| failed(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder
            .with_single_cert(chain, key)
            .map_err(|error| failed(error.to_string()))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("a certificate is no PEM ({error})"))?;
    if all.is_empty() {
        return Err("a file of certificates holds none".to_owned());
    }
    Ok(all)
}
