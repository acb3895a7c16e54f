//! One HTTP connection to the server, kept within a session, with bounds on time and size.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::super::DeviceError;
use crate::protocol::apple::guard::MAX_BYTES;
use crate::server::{EnrollmentGrant, Signing};
use crate::transport::Connection;

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Link {
    grant: Arc<EnrollmentGrant>,
    timeout: Duration,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub status: u16,
    pub body: Bytes,
}

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint<'a> {
    /// The check-in endpoint.
    Checkin,
    /// The command endpoint.
    Command,
    /// Something the server refers to, such as a profile; with its path.
    Get(&'a str),
}

impl Link {
    pub(super) const fn new(grant: Arc<EnrollmentGrant>, timeout: Duration) -> Self {
        Self {
            grant,
            timeout,
            open: None,
        }
    }

    pub(super) fn grant(&self) -> &EnrollmentGrant {
        &self.grant
    }

    /// Sends one request and reads the whole answer.
    pub(super) async fn send(
        &mut self,
        endpoint: Endpoint<'_>,
        what: &str,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, DeviceError> {
        let timeout = self.timeout;
        let exchange = self.exchange(endpoint, what, body);
        let result = tokio::time::timeout(timeout, exchange).await;
        let result = result.unwrap_or_else(|_| {
            Err(DeviceError::Timeout {
                what: what.to_owned(),
                after: timeout,
            })
        });
        if result.is_err() {
            self.open = None;
        }
        result
    }

    async fn exchange(
        &mut self,
        endpoint: Endpoint<'_>,
        what: &str,
        body: Vec<u8>,
    ) -> Result<HttpAnswer, DeviceError> {
        let request = request(&self.grant, endpoint, body)?;
        let ready = match &mut self.open {
            Some(open) => open.sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            self.open = Some(connect(&self.grant).await?);
        }
        let Some(open) = &mut self.open else {
            return Err(DeviceError::Unreachable("no connection".to_owned()));
        };
        let garbage = |detail: String| DeviceError::Garbage {
            what: what.to_owned(),
            detail,
        };
        let response = open.sender.send_request(request).await.map_err(|error| {
            if error.is_parse() {
                garbage(format!("not HTTP: {error}"))
            } else {
                DeviceError::Unreachable(format!("the connection broke during {what}: {error}"))
            }
        })?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_BYTES)
            .collect()
            .await
            .map_err(|error| garbage(format!("the body could not be read: {error}")))?
            .to_bytes();
        Ok(HttpAnswer { status, body })
    }
}

async fn connect(grant: &EnrollmentGrant) -> Result<Open, DeviceError> {
    let unreachable = |error: &dyn std::fmt::Display| DeviceError::Unreachable(error.to_string());
    let stream = grant
        .carrier
        .dial()
        .await
        .map_err(|error| unreachable(&error))?;
    let (sender, driver) = match stream {
        Connection::Duplex(stream) => {
            let (sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| unreachable(&error))?;
            (sender, tokio::spawn(async move { drop(connection.await) }))
        }
        Connection::Tls(stream) => {
            let (sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| unreachable(&error))?;
            (sender, tokio::spawn(async move { drop(connection.await) }))
        }
        Connection::Tcp(stream) => {
            let (sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| unreachable(&error))?;
            (sender, tokio::spawn(async move { drop(connection.await) }))
        }
    };
    Ok(Open { sender, driver })
}

fn request(
    grant: &EnrollmentGrant,
    endpoint: Endpoint<'_>,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, DeviceError> {
    use crate::protocol::apple::{checkin, command};
    let state = |error: &dyn std::fmt::Display| {
        DeviceError::State(format!("the request can not be built: {error}"))
    };
    let (method, path, kind) = match endpoint {
        Endpoint::Checkin => (
            Method::PUT,
            grant.checkin_path.as_str(),
            checkin::CONTENT_TYPE,
        ),
        Endpoint::Command => (
            Method::PUT,
            grant.server_path.as_str(),
            command::CONTENT_TYPE,
        ),
        Endpoint::Get(path) => (Method::GET, path, ""),
    };
    let mut builder = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, grant.host.as_str())
        .header(USER_AGENT, "MDM/1.0");
    if !kind.is_empty() {
        builder = builder.header(CONTENT_TYPE, kind);
    }
    match &grant.signing {
        Signing::None => {}
        Signing::MdmSignature(identity) => {
            let value = identity
                .mdm_signature(&body)
                .map_err(|error| state(&error))?;
            builder = builder.header("Mdm-Signature", value);
        }
        Signing::CertificateHeader { header, identity } => {
            let name = HeaderName::try_from(header.as_str()).map_err(|error| state(&error))?;
            let certificate =
                base64::engine::general_purpose::STANDARD.encode(identity.certificate_der());
            let value =
                HeaderValue::try_from(format!(":{certificate}:")).map_err(|error| state(&error))?;
            builder = builder.header(name, value);
        }
    }
    builder
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| state(&error))
}
