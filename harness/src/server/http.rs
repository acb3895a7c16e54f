//! HTTP at the edges: bounded listeners, bounded bodies, and one client for calls to servers.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::StartError;
use crate::transport::DuplexListener;

/// Longest request or answer body that is read, in bytes. Profiles with images are the largest honest bodies.
pub(crate) const LONGEST_BODY: usize = 4 * 1024 * 1024;
/// Connections served at the same time by one listener; further ones wait to be accepted.
pub(crate) const CONNECTIONS: usize = 16_384;
/// How long a peer may take for the head of a request, waiting for the next one included.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// How long a peer may take for a body.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Where the certificate of a TLS client reaches the router (RFC 9440).
pub(crate) const CLIENT_CERTIFICATE: &str = "client-cert";
/// Pause after a failed accept, so that a lack of file handles does not become a busy loop.
const ACCEPT_AGAIN: Duration = Duration::from_millis(20);
/// How long open connections may finish what they do when a listener stops.
const GRACE: Duration = Duration::from_secs(5);

/// A listener that stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

/// Listens on an address until the returned value is dropped.
pub(crate) async fn listen(
    purpose: &'static str,
    address: SocketAddr,
    router: Router,
) -> Result<Listening, StartError> {
    let failed = |cause: io::Error| StartError::Listen {
        purpose,
        address,
        cause: cause.to_string(),
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, router, CONNECTIONS, stop.clone()));
    Ok(Listening {
        address,
        _stop: stop.drop_guard(),
    })
}

/// Serves a listener until `stop`; then lets open connections finish for a few seconds.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    stop: CancellationToken,
) {
    serve_with(listener, None, router, connections, stop).await;
}

/// As [`serve`], over TLS when there is an acceptor. The client's certificate, when it showed one, reaches the router in
/// the header [`CLIENT_CERTIFICATE`], which nobody else can set.
pub(crate) async fn serve_with(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    connections: usize,
    stop: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(connections));
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        match accepted {
            Ok((stream, _)) => {
                // A socket that refuses the option still works, only slower.
                let _ = stream.set_nodelay(true);
                let (router, stop, tls) = (router.clone(), stop.clone(), tls.clone());
                tracker.spawn(async move {
                    match tls {
                        None => connection(stream, router, stop, Some(HEAD_WITHIN)).await,
                        Some(tls) => secured(stream, &tls, router, stop).await,
                    }
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of file handles, or the peer is gone already: the next accept may succeed.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    tracker.close();
    let _ = tokio::time::timeout(GRACE, tracker.wait()).await;
}

async fn secured(stream: TcpStream, tls: &TlsAcceptor, router: Router, stop: CancellationToken) {
    let stream = match tokio::time::timeout(BODY_WITHIN, tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%error, "no TLS came about");
            return;
        }
        Err(_) => return,
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| {
        let certificate = STANDARD.encode(chain.first()?);
        HeaderValue::try_from(format!(":{certificate}:")).ok()
    });
    let name = HeaderName::from_static(CLIENT_CERTIFICATE);
    let router = router.layer(axum::middleware::map_request(
        move |mut request: axum::extract::Request| {
            request.headers_mut().remove(&name);
            if let Some(certificate) = &certificate {
                request
                    .headers_mut()
                    .insert(name.clone(), certificate.clone());
            }
            std::future::ready(request)
        },
    ));
    connection(stream, router, stop, Some(HEAD_WITHIN)).await;
}

/// Serves the in-process listener until every dialer is gone.
pub(crate) async fn serve_duplex(mut listener: DuplexListener, router: Router) {
    let stop = CancellationToken::new();
    while let Some(stream) = listener.accept().await {
        tokio::spawn(connection(stream, router.clone(), stop.clone(), None));
    }
}

async fn connection<I>(
    stream: I,
    router: Router,
    stop: CancellationToken,
    head_within: Option<Duration>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    if let Some(within) = head_within {
        builder.timer(TokioTimer::new()).header_read_timeout(within);
    }
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut served = pin!(served);
    // Errors of a connection are the peer's affair: it hung up or does not speak HTTP.
    tokio::select! {
        _ = served.as_mut() => {}
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            let _ = served.await;
        }
    }
}

/// Reads a request body within the bounds; the error is the answer.
pub(crate) async fn body(body: Body) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is incomplete or longer than 4 MiB",
        )
            .into_response()),
        Err(_) => Err((
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )
            .into_response()),
    }
}

/// A client for the admin side of servers. Devices do not use it.
///
/// `trusted` are PEM certificates that HTTPS servers are checked against; plain HTTP needs none. No proxy from the
/// environment is used: the servers under test are addressed as configured.
pub(crate) fn client(timeout: Duration, trusted: &[String]) -> Result<reqwest::Client, StartError> {
    let failed = |cause: String| StartError::Client { cause };
    let mut roots = rustls::RootCertStore::empty();
    for pem in trusted {
        for certificate in
            <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::pem_slice_iter(
                pem.as_bytes(),
            )
        {
            let certificate = certificate.map_err(|error| failed(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| failed(error.to_string()))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(timeout)
        .connect_timeout(timeout)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// Reads an answer's body up to a bound; `None` when it is longer or breaks off.
pub(crate) async fn bounded(mut answer: reqwest::Response, longest: usize) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if body.len() + chunk.len() > longest {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}
