//! The listener: TLS at once, or after `CONNECT` as a proxy; both on one port.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::answer::{self, Service};
use super::authority::HOSTS;
use super::{ApnsCa, ApnsOptions, ApnsSettings, SeenPush};
use crate::push::PushHub;
use crate::server::StartError;
use crate::server::clock::Clock;
use crate::server::http::CONNECTIONS;
use crate::server::reference::push_topic_of;

/// How long a peer may take until TLS is up.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a peer may take for the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// Longest head of a `CONNECT`, in bytes.
const LONGEST_HEAD: usize = 8 * 1024;
/// First byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;
/// Ports of the push service.
const PORTS: [&str; 2] = ["443", "2197"];

/// The stand-in.
#[derive(Debug)]
pub struct Apns;

/// A stand-in that runs; dropping it stops it.
#[derive(Debug)]
pub struct Started {
    /// Where it listens, for TLS and as a proxy.
    pub address: SocketAddr,
    /// PEM of the CA that senders must trust.
    pub ca_pem: String,
    service: Arc<Service>,
    _stop: DropGuard,
}

impl Started {
    /// The URL for a server that can be told its push service.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The URL for a server that can be told an HTTPS proxy (`HTTPS_PROXY`).
    #[must_use]
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes what it does from the next request on.
    pub fn set(&self, settings: ApnsSettings) {
        self.service.set(settings);
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn seen(&self) -> Vec<SeenPush> {
        self.service.seen()
    }
}

impl Apns {
    /// Starts it; pushes go to `hub`, the clock dates what is said about unregistered tokens.
    pub async fn start(
        options: ApnsOptions,
        hub: PushHub,
        clock: Clock,
    ) -> Result<Started, StartError> {
        let failed = |cause: io::Error| StartError::Listen {
            purpose: "pushes",
            address: options.listen,
            cause: cause.to_string(),
        };
        let ca = match options.ca {
            Some(ca) => ca,
            None => ApnsCa::generate()?,
        };
        let tls = TlsAcceptor::from(Arc::new(ca.server_config()?));
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let service = Service::new(hub, clock, options.settings);
        let stop = CancellationToken::new();
        tokio::spawn(accept(listener, tls, service.clone(), stop.clone()));
        Ok(Started {
            address,
            ca_pem: ca.certificate_pem,
            service,
            _stop: stop.drop_guard(),
        })
    }
}

async fn accept(
    listener: TcpListener,
    tls: TlsAcceptor,
    service: Arc<Service>,
    stop: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let next = async {
            let permit = permits.clone().acquire_owned().await.ok()?;
            Some((permit, listener.accept().await))
        };
        let next = tokio::select! {
            () = stop.cancelled() => return,
            next = next => next,
        };
        let Some((permit, accepted)) = next else {
            return;
        };
        let Ok((stream, _)) = accepted else {
            // Out of file handles, or the peer is gone already.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, service, stop) = (tls.clone(), service.clone(), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, tls, service) => {}
            }
            drop(permit);
        });
    }
}

async fn connection(stream: TcpStream, tls: TlsAcceptor, service: Arc<Service>) {
    // A socket that refuses the option still works, only slower.
    let _ = stream.set_nodelay(true);
    let handshake = async {
        let stream = tunnel(stream).await?;
        tls.accept(stream).await
    };
    let stream = match tokio::time::timeout(HANDSHAKE_WITHIN, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::warn!(%error, "a sender of pushes gave up; does it trust the stand-in's CA?");
            return;
        }
        Err(_) => return,
    };
    let topic = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(|chain| chain.first())
        .and_then(|certificate| push_topic_of(certificate));
    let routes = answer::routes(service, topic);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
    builder.http2().timer(TokioTimer::new());
    // Errors of a connection are the peer's affair.
    let _ = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
        .await;
}

/// Answers a `CONNECT` when there is one; then TLS begins.
async fn tunnel(mut stream: TcpStream) -> io::Result<TcpStream> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if first[0] == TLS_HANDSHAKE {
        return Ok(stream);
    }
    let mut head = Vec::new();
    // Byte by byte, so that nothing of what follows is taken.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            return Err(io::Error::other("the head of the request is too long"));
        }
        head.push(stream.read_u8().await?);
    }
    let line =
        String::from_utf8_lossy(head.split(|byte| *byte == b'\r').next().unwrap_or_default())
            .into_owned();
    let mut words = line.split(' ');
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    let (host, port) = target.rsplit_once(':').unwrap_or((target, "443"));
    if method != Some("CONNECT") {
        return refuse(
            stream,
            "400 Bad Request",
            "only CONNECT and TLS are served here",
        )
        .await;
    }
    if !HOSTS.contains(&host) || !PORTS.contains(&port) {
        return refuse(
            stream,
            "403 Forbidden",
            "this proxy leads to the push service only",
        )
        .await;
    }
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    Ok(stream)
}

async fn refuse(mut stream: TcpStream, status: &str, why: &str) -> io::Result<TcpStream> {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{why}",
        why.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    Err(io::Error::other(why.to_owned()))
}
