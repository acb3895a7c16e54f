//! The sender's side, as a server uses it.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::server::StartError;

/// How the push service is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApnsRoute {
    /// `https://host:port`.
    Direct(String),
    /// Through this HTTPS proxy (`http://host:port`) to Apple's host name.
    Proxy(String),
}

/// How to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApnsClientOptions {
    /// The way there.
    pub route: ApnsRoute,
    /// PEM of the CA that the push service is checked against.
    pub ca_pem: String,
    /// PEM of the push certificate and its key (PKCS#8), sent as client certificate.
    pub certificate_pem: Option<String>,
    /// Leaves HTTP/2 out.
    pub http1_only: bool,
}

impl ApnsClientOptions {
    /// The URL that paths are added to.
    #[must_use]
    pub fn base(&self) -> String {
        match &self.route {
            ApnsRoute::Direct(url) => url.trim_end_matches('/').to_owned(),
            ApnsRoute::Proxy(_) => "https://api.push.apple.com".to_owned(),
        }
    }
}

/// A client for it.
pub(crate) fn client(
    options: &ApnsClientOptions,
    timeout: Duration,
) -> Result<reqwest::Client, StartError> {
    let failed = |cause: String| StartError::Client { cause };
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(options.ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| failed(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots);
    let mut tls = match &options.certificate_pem {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain: Vec<CertificateDer<'static>> =
                CertificateDer::pem_slice_iter(pem.as_bytes())
                    .collect::<Result<_, _>>()
                    .map_err(|error| failed(error.to_string()))?;
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
                .map_err(|error| failed(error.to_string()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| failed(error.to_string()))?
        }
    };
    tls.alpn_protocols = if options.http1_only {
        vec![b"http/1.1".to_vec()]
    } else {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout)
        .tcp_nodelay(true);
    if options.http1_only {
        builder = builder.http1_only();
    }
    if let ApnsRoute::Proxy(url) = &options.route {
        let proxy = reqwest::Proxy::https(url).map_err(|error| StartError::Url {
            url: url.clone(),
            cause: error.to_string(),
        })?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(|error| failed(error.to_string()))
}
