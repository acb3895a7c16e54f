//! The carrier over sockets.

use std::time::Duration;

use async_trait::async_trait;

use super::{ScepHttp, ScepMethod, ScepReply, ScepTransport};
use crate::server::{StartError, error_chain, http};

/// Longest answer that is read, in bytes.
pub(super) const LONGEST_ANSWER: usize = 1024 * 1024;

/// HTTP and HTTPS over sockets, by one client that many devices share.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// A carrier that gives up after `timeout`; HTTPS is checked against the PEM certificates `trusted`.
    pub fn new(timeout: Duration, trusted: &[String]) -> Result<Self, StartError> {
        Ok(Self {
            client: http::client(timeout, trusted)?,
        })
    }
}

#[async_trait]
impl ScepTransport for HttpTransport {
    async fn send(&self, request: ScepHttp) -> Result<ScepReply, String> {
        let said = |error: &reqwest::Error| error_chain(error);
        let call = match request.method {
            ScepMethod::Get => self.client.get(&request.url),
            ScepMethod::Post => self
                .client
                .post(&request.url)
                .header("Content-Type", "application/x-pki-message"),
        };
        let mut answer = call
            .body(request.body.unwrap_or_default())
            .send()
            .await
            .map_err(|error| said(&error))?;
        let status = answer.status().as_u16();
        let content_type = answer
            .headers()
            .get("Content-Type")
            .and_then(|kind| kind.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| said(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(format!("the answer is longer than {LONGEST_ANSWER} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(ScepReply {
            status,
            content_type,
            body: body.into(),
        })
    }
}
