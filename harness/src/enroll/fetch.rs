//! Bounded HTTP to the places an enrollment leads to: plain on loopback, TLS everywhere else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use tokio::io::{AsyncRead, AsyncWrite};

use super::refusal::{Refused, reason};
use super::tls::{Demands, TlsDialer};
use crate::transport::{Carrier, Connection};

/// Longest answer, in bytes. Enrollment profiles have some ten kilobytes.
const LONGEST: usize = 4 * 1024 * 1024;
/// Redirections that are followed.
const REDIRECTIONS: usize = 5;

/// One device's way to the web.
#[derive(Clone, Debug)]
pub(super) struct Web {
    pub(super) config: Option<Arc<rustls::ClientConfig>>,
    pub(super) demands: Demands,
    pub(super) timeout: Duration,
    pub(super) agent: &'static str,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.header(&CONTENT_TYPE)
    }

    pub(super) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Reads a web address.
pub(super) fn url(text: &str, what: &str) -> Result<Url, Refused> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
        .ok_or_else(|| {
            Refused::profile(format!(
                "{what} `{}` is no web address. Write https://host/path",
                super::refusal::short(text)
            ))
        })?;
    let loopback = url.host_str().is_some_and(|host| {
        host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    if url.scheme() == "http" && !loopback {
        return Err(Refused::profile(format!(
            "{what} is http://{}…; devices take https only (plain HTTP is accepted on loopback, for labs). Serve it \
             over TLS",
            url.host_str().unwrap_or_default()
        )));
    }
    Ok(url)
}

/// The `Host` header.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

impl Web {
    /// How the server of a URL is reached.
    pub(super) async fn carrier(&self, url: &Url) -> Result<Carrier, Refused> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(443);
        if url.scheme() == "https" {
            let config = self.config.clone().ok_or_else(|| {
                Refused::new(
                    reason::TLS,
                    "nobody is trusted for TLS. Name a CA by --tls-ca",
                )
            })?;
            let dialer = TlsDialer::new(host, port, config, self.demands.clone())?;
            return Ok(Carrier::Tls(Arc::new(dialer)));
        }
        let unreachable = |cause: String| {
            Refused::new(
                reason::UNREACHABLE,
                format!(
                    "no connection to {}: {cause}. Check that the server is running",
                    self::host(url)
                ),
            )
        };
        let address = tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| unreachable(error.to_string()))?
            .next()
            .ok_or_else(|| unreachable("the name has no address".to_owned()))?;
        Ok(Carrier::Socket(address))
    }

    /// One request within the time limit; redirections of a download are followed.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<Reply, Refused> {
        let what = format!("{method} {}{}", host(url), url.path());
        let work = async {
            let mut url = url.clone();
            for _ in 0..=REDIRECTIONS {
                let reply = self.once(&method, &url, headers, body.clone()).await?;
                let next = (method == Method::GET && (301..=308).contains(&reply.status))
                    .then(|| reply.header(&LOCATION))
                    .flatten();
                let Some(next) = next else { return Ok(reply) };
                let next = url.join(next).map_err(|error| {
                    Refused::new(
                        reason::GARBAGE,
                        format!("{what}: redirected nowhere ({error})"),
                    )
                })?;
                if url.scheme() == "https" && next.scheme() != "https" {
                    return Err(Refused::new(
                        reason::TLS,
                        format!("{what}: redirected from TLS to plain HTTP. Redirect to https"),
                    ));
                }
                url = self::url(next.as_str(), "the redirection")?;
            }
            Err(Refused::new(
                reason::GARBAGE,
                format!("{what}: redirected more than {REDIRECTIONS} times. Give the final URL"),
            ))
        };
        match tokio::time::timeout(self.timeout, work).await {
            Ok(done) => done,
            Err(_) => Err(Refused::new(
                reason::TIMEOUT,
                format!(
                    "{what} got no answer within {} s. Check the server's load and its log",
                    self.timeout.as_secs_f64()
                ),
            )),
        }
    }

    async fn once(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(HeaderName, HeaderValue)],
        body: Bytes,
    ) -> Result<Reply, Refused> {
        let carrier = self.carrier(url).await?;
        let connection = carrier.dial().await.map_err(|error| {
            let tls = matches!(carrier, Carrier::Tls(_)) && error.kind() == std::io::ErrorKind::Other;
            if tls {
                Refused::new(reason::TLS, error.to_string())
            } else {
                Refused::new(
                    reason::UNREACHABLE,
                    format!(
                        "no connection to {}: {error}. Check that the server is running and that the URL and port \
                         are right",
                        host(url)
                    ),
                )
            }
        })?;
        let mut path = url.path().to_owned();
        if let Some(query) = url.query() {
            path.push('?');
            path.push_str(query);
        }
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, host(url))
            .header(USER_AGENT, self.agent);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| {
            Refused::profile(format!(
                "no request can be made of {url}: {error}. Correct the URL"
            ))
        })?;
        match connection {
            Connection::Duplex(stream) => exchange(stream, request, url).await,
            Connection::Tcp(stream) => exchange(stream, request, url).await,
            Connection::Tls(stream) => exchange(stream, request, url).await,
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, url: &Url) -> Result<Reply, Refused>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let garbage = |cause: String| {
        Refused::new(
            reason::GARBAGE,
            format!(
                "{} does not answer in HTTP: {cause}. Check the port, and whether it speaks TLS",
                host(url)
            ),
        )
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| garbage(error.to_string()))?;
    let talk = async move {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await;
        Ok::<_, hyper::Error>((head, body))
    };
    tokio::pin!(connection);
    tokio::pin!(talk);
    let mut over = false;
    let (head, body) = loop {
        tokio::select! {
            done = &mut talk => break done.map_err(|error| garbage(crate::server::error_chain(&error)))?,
            _ = &mut connection, if !over => over = true,
        }
    };
    let body = body
        .map_err(|_| {
            garbage(format!(
                "the body breaks off or is longer than {LONGEST} bytes"
            ))
        })?
        .to_bytes();
    Ok(Reply {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    })
}
