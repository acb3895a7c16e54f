//! Calls to the API, and what every kind of answer means.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};

use crate::server::wire::{ApiAnswer, Version};
use crate::server::{ServerError, StartError, error_chain, http};

/// The API's only user.
const USER: &str = "nanomdm";
/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;
/// Characters of a body that go into an error.
const EXCERPT: usize = 200;
/// Attempts of a call that may be repeated without harm.
const ATTEMPTS: u32 = 2;

/// A client of the API.
#[derive(Debug)]
pub(super) struct Api {
    client: reqwest::Client,
    base: Url,
    key: String,
    timeout: Duration,
}

impl Api {
    pub(super) fn new(
        url: &str,
        key: &str,
        trusted: &[String],
        timeout: Duration,
    ) -> Result<Self, StartError> {
        Ok(Self {
            client: http::client(timeout, trusted)?,
            base: base(url)?,
            key: key.to_owned(),
            timeout,
        })
    }

    /// What the server calls itself.
    pub(super) async fn version(&self) -> Result<String, ServerError> {
        let what = "GET /version";
        let (status, body) = self.repeatable(what, || self.get(&["version"])).await?;
        classify(what, status, &body)?;
        serde_json::from_slice::<Version>(&body)
            .map(|version| version.version)
            .map_err(|error| garbage(what, &error, &body))
    }

    /// Asks for something that needs the key and changes nothing.
    pub(super) async fn authorized(&self, topic: &str) -> Result<(), ServerError> {
        let what = "GET /v1/pushcert";
        let request = || self.call(Method::GET, &["v1", "pushcert"], &[("topic", topic)]);
        match self.repeatable(what, request).await? {
            // A server without a certificate for the topic answers with an error, but it has taken the key.
            (500, body) if !is_markup(&body) => Ok(()),
            (status, body) => classify(what, status, &body),
        }
    }

    /// Queues a command without a notification. Not repeated: the same id twice is an error.
    pub(super) async fn enqueue(&self, id: &str, raw: Vec<u8>) -> Result<(), ServerError> {
        let what = format!("enqueue of a command for {id}");
        let request = self
            .call(Method::PUT, &["v1", "enqueue", id], &[("nopush", "1")])
            .header("Content-Type", "text/xml")
            .body(raw);
        let (status, body) = self.send(&what, request).await?;
        let answer = Self::answer(&what, status, &body)?;
        let error = answer
            .status
            .get(id)
            .map(|status| status.command_error.as_str())
            .filter(|error| !error.is_empty())
            .unwrap_or(&answer.command_error);
        // A failed notification gives 500 or 207 although the command is queued: only this field tells.
        if !error.is_empty() {
            return Err(ServerError::Status {
                what,
                status,
                body: excerpt(error.as_bytes()),
            });
        }
        if !answer.status.contains_key(id) && answer.command_uuid.is_empty() {
            return Err(ServerError::Garbage {
                what,
                detail: "the answer names neither the enrollment nor the command".to_owned(),
            });
        }
        Ok(())
    }

    /// Asks for a notification; `Err` inside `Ok` holds why the server could not send it.
    pub(super) async fn push(&self, id: &str) -> Result<Result<(), String>, ServerError> {
        let what = format!("push to {id}");
        let (status, body) = self
            .repeatable(&what, || self.get(&["v1", "push", id]))
            .await?;
        let answer = Self::answer(&what, status, &body)?;
        let sent = answer.status.get(id).cloned().unwrap_or_default();
        Ok(
            if sent.push_error.is_empty() && answer.push_error.is_empty() {
                if sent.push_result.is_empty() {
                    Err("the server does not say what became of it".to_owned())
                } else {
                    Ok(())
                }
            } else {
                Err([sent.push_error, answer.push_error].concat())
            },
        )
    }

    /// Reads an answer whose JSON counts whatever the status is: 200, 207 and 500 all carry it.
    fn answer(what: &str, status: u16, body: &[u8]) -> Result<ApiAnswer, ServerError> {
        match serde_json::from_slice::<ApiAnswer>(body) {
            Ok(answer) if matches!(status, 200 | 207 | 500) => Ok(answer),
            Ok(_) => classify(what, status, body).map(|()| ApiAnswer::default()),
            Err(error) => {
                classify(what, status, body)?;
                Err(garbage(what, &error, body))
            }
        }
    }

    fn get(&self, path: &[&str]) -> RequestBuilder {
        self.call(Method::GET, path, &[])
    }

    fn call(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.client
            .request(method, url)
            .basic_auth(USER, Some(&self.key))
    }

    async fn repeatable(
        &self,
        what: &str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<(u16, Vec<u8>), ServerError> {
        let mut attempt = 1;
        loop {
            match self.send(what, request()).await {
                // A connection that breaks once says little about the server.
                Err(ServerError::Unreachable { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn send(
        &self,
        what: &str,
        request: RequestBuilder,
    ) -> Result<(u16, Vec<u8>), ServerError> {
        let answer = request
            .send()
            .await
            .map_err(|error| self.failed(what, &error))?;
        let status = answer.status().as_u16();
        let body = self.read(what, answer).await?;
        Ok((status, body))
    }

    async fn read(&self, what: &str, mut answer: Response) -> Result<Vec<u8>, ServerError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.failed(what, &error))?
        {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                return Err(ServerError::Garbage {
                    what: what.to_owned(),
                    detail: format!("the answer is longer than {LONGEST_ANSWER} bytes"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, what: &str, error: &reqwest::Error) -> ServerError {
        if error.is_timeout() {
            return ServerError::Timeout {
                what: what.to_owned(),
                after: self.timeout,
            };
        }
        if speaks_no_http(error) {
            return ServerError::Garbage {
                what: what.to_owned(),
                detail: error_chain(error),
            };
        }
        // Refused, or broken off in the middle as by a server that is killed.
        ServerError::Unreachable {
            url: self.base.to_string(),
            cause: error_chain(error),
        }
    }
}

/// Reads a base URL.
pub(super) fn base(url: &str) -> Result<Url, StartError> {
    let wrong = |cause: String| StartError::Url {
        url: url.to_owned(),
        cause,
    };
    let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err(wrong("it is not a web address".to_owned()));
    }
    Ok(parsed)
}

/// Whether something answered, but not in HTTP.
fn speaks_no_http(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(error.source(), |error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse)
}

/// What an HTTP status means, whatever was asked.
fn classify(what: &str, status: u16, body: &[u8]) -> Result<(), ServerError> {
    let what = what.to_owned();
    match status {
        401 | 403 => Err(ServerError::Unauthorized { what, status }),
        200..=299 if is_markup(body) => Err(ServerError::Garbage {
            what,
            detail: format!("a web page instead of JSON: {}", excerpt(body)),
        }),
        200..=299 => Ok(()),
        status => Err(ServerError::Status {
            what,
            status,
            body: excerpt(body),
        }),
    }
}

fn is_markup(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

fn garbage(what: &str, error: &serde_json::Error, body: &[u8]) -> ServerError {
    ServerError::Garbage {
        what: what.to_owned(),
        detail: format!("{error}, in `{}`", excerpt(body)),
    }
}

/// The beginning of a body in one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 4)]);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EXCERPT)
        .collect::<String>()
        .trim()
        .to_owned()
}
