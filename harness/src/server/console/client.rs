//! Calls to a console: bounded in time, size and number, and every error says which call of which line it was.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Request, Url};
use serde_json::{Value, json};
use tokio::sync::Mutex as Turn;
use tokio::time::Instant;

use super::description::{Body, Call, Console, Extract};
use super::login::Session;
use super::secrets::Secrets;
use super::{extract, templates};
use crate::server::{ServerError, error_chain};

/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// Characters of a body that go into an error.
const EXCERPT: usize = 200;
/// Characters of a body that a trace shows.
const TRACED: usize = 2_000;

/// An answer of the console.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn text(&self) -> Result<String, String> {
        String::from_utf8(self.body.clone()).map_err(|_| "the answer is not UTF-8".to_owned())
    }

    pub(super) fn is_markup(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    pub(super) fn excerpt(&self) -> String {
        one_line(&self.body, EXCERPT)
    }
}

/// What one exchange looked like, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What it was for.
    pub label: String,
    /// Where the call stands: file, line, column.
    pub place: String,
    /// Request line, headers and body.
    pub request: String,
    /// Status, and the beginning of the body.
    pub answer: Option<String>,
}

/// A client of a described console.
pub(super) struct Client {
    pub(super) console: Console,
    pub(super) secrets: Secrets,
    http: reqwest::Client,
    session: Turn<Session>,
    slot: Turn<Option<Instant>>,
    /// Exchanges are kept only while somebody wants to see them.
    traces: Mutex<Option<Vec<Trace>>>,
}

impl Client {
    pub(super) fn new(console: Console, secrets: Secrets, http: reqwest::Client) -> Self {
        Self {
            console,
            secrets,
            http,
            session: Turn::default(),
            slot: Turn::default(),
            traces: Mutex::default(),
        }
    }

    /// From now on exchanges are kept.
    pub(super) fn trace(&self) {
        *self.traces.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// The exchanges since the last call.
    pub(super) fn traces(&self) -> Vec<Trace> {
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        traces.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Gets in, when that is a step of its own.
    pub(super) async fn login(&self) -> Result<(), ServerError> {
        let mut session = self.session.lock().await;
        self.ensure(&mut session).await
    }

    /// Sends a call as described. The answer has a status that the call expects, or one of `also`.
    pub(super) async fn call(
        &self,
        call: &Call,
        variables: &Value,
        also: impl Fn(u16) -> bool + Send,
    ) -> Result<Answer, ServerError> {
        let mut again = true;
        loop {
            let (csrf, mut headers, secret) = {
                let mut session = self.session.lock().await;
                self.ensure(&mut session).await?;
                (session.csrf.clone(), session.headers(), session.number)
            };
            let mut all = self.variables(variables);
            all["csrf"] = json!(csrf);
            let request = self.request(call, &all)?;
            for (name, value) in request.headers() {
                headers.insert(name.clone(), value.clone());
            }
            let answer = self.send(call, request, headers).await?;
            // A session may end at any time: once a call, a new one is made.
            if answer.status == 401 && again && Session::renewable(&self.console.login) {
                again = false;
                let mut session = self.session.lock().await;
                if session.number == secret {
                    session.end();
                }
                continue;
            }
            if also(answer.status) {
                return Ok(answer);
            }
            self.expected(call, &answer)?;
            if let Some((accept, wanted)) = &call.accept {
                let seen = self.take(call, accept, &answer, &all)?;
                if seen.as_ref() != Some(wanted) {
                    let seen = seen.map_or("nothing".to_owned(), |seen| seen.to_string());
                    return Err(self.garbage(
                        call,
                        &accept.place.to_string(),
                        &format!("{seen} where {wanted} means yes"),
                    ));
                }
            }
            return Ok(answer);
        }
    }

    /// A value of an answer that must be there.
    pub(super) fn must(
        &self,
        call: &Call,
        extract: &Extract,
        answer: &Answer,
        variables: &Value,
    ) -> Result<Value, ServerError> {
        self.take(call, extract, answer, variables)?.ok_or_else(|| {
            self.garbage(
                call,
                &extract.place.to_string(),
                &format!("the answer does not have it: {}", answer.excerpt()),
            )
        })
    }

    /// A value of an answer.
    pub(super) fn take(
        &self,
        call: &Call,
        what: &Extract,
        answer: &Answer,
        variables: &Value,
    ) -> Result<Option<Value>, ServerError> {
        extract::take(what, answer, &self.variables(variables))
            .map_err(|why| self.garbage(call, &what.place.to_string(), &why))
    }

    /// What a call is called in errors.
    pub(super) fn what(call: &Call) -> String {
        format!("the call [{}] ({})", call.label, call.place)
    }

    pub(super) fn garbage(&self, call: &Call, place: &str, why: &str) -> ServerError {
        ServerError::Garbage {
            what: Self::what(call),
            detail: self.secrets.redact(&format!("{why} (wanted by {place})")),
        }
    }

    pub(super) fn variables(&self, own: &Value) -> Value {
        let mut all = own.as_object().cloned().unwrap_or_default();
        all.insert("secrets".to_owned(), json!(self.secrets.values()));
        Value::Object(all)
    }

    /// The statuses that a call expects; everything else is an error that says what to do.
    pub(super) fn expected(&self, call: &Call, answer: &Answer) -> Result<(), ServerError> {
        let good = if call.expect.is_empty() {
            (200..300).contains(&answer.status)
        } else {
            call.expect.contains(&answer.status)
        };
        if good {
            return Ok(());
        }
        let what = Self::what(call);
        Err(match answer.status {
            status @ (401 | 403) => ServerError::Unauthorized { what, status },
            300..=399 => {
                let to = answer.header("location").unwrap_or("nowhere");
                let why = format!(
                    "it leads to {to}, as to a login page. Check the login and the address"
                );
                self.garbage(call, &call.place.to_string(), &why)
            }
            status => ServerError::Status {
                what,
                status,
                body: self.secrets.redact(&answer.excerpt()),
            },
        })
    }

    /// Sends a request; waits and repeats where that makes sense.
    pub(super) async fn send(
        &self,
        call: &Call,
        request: Request,
        headers: HeaderMap,
    ) -> Result<Answer, ServerError> {
        let mut attempt = 0;
        loop {
            self.turn().await;
            let mut copy = request.try_clone().ok_or_else(|| {
                self.garbage(
                    call,
                    &call.place.to_string(),
                    "the body can not be sent twice",
                )
            })?;
            copy.headers_mut().clone_from(&headers);
            let shown = self.shown(call, &copy);
            let answer = self.exchange(call, copy).await;
            self.keep(call, shown, answer.as_ref().ok());
            let pause = match &answer {
                // 429 says that the request was not taken: it may be sent again whatever it is.
                Ok(answer) if answer.status == 429 => retry_after(answer),
                Ok(answer) if matches!(answer.status, 502..=504) && call.repeat => {
                    retry_after(answer)
                }
                Err(ServerError::Unreachable { .. }) if call.repeat && attempt == 0 => None,
                _ => return answer,
            };
            if attempt >= self.console.retries {
                return answer;
            }
            attempt += 1;
            let usual = Duration::from_millis(200) * 2_u32.saturating_pow(attempt.min(10));
            let pause = pause.unwrap_or(usual);
            if pause > self.console.retry_most {
                return answer;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Waits for the next request that the rate allows.
    async fn turn(&self) {
        let Some(rate) = self.console.rate else {
            return;
        };
        let mut slot = self.slot.lock().await;
        let now = Instant::now();
        let mine = slot.map_or(now, |slot| slot.max(now));
        *slot = Some(mine + Duration::from_secs_f64(1.0 / rate));
        drop(slot);
        tokio::time::sleep_until(mine).await;
    }

    async fn exchange(&self, call: &Call, request: Request) -> Result<Answer, ServerError> {
        let url = request.url().clone();
        let failed = |error: &reqwest::Error| {
            if error.is_timeout() {
                return ServerError::Timeout {
                    what: Self::what(call),
                    after: self.console.timeout,
                };
            }
            ServerError::Unreachable {
                url: self
                    .secrets
                    .redact(&format!("{url} for {}", Self::what(call))),
                cause: self.secrets.redact(&error_chain(error)),
            }
        };
        let mut answer = self
            .http
            .execute(request)
            .await
            .map_err(|error| failed(&error))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER {
                let why = format!("the answer is longer than {LONGEST_ANSWER} bytes");
                return Err(self.garbage(call, &call.place.to_string(), &why));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }

    /// Builds a request. No value can leave its place in it.
    pub(super) fn request(&self, call: &Call, variables: &Value) -> Result<Request, ServerError> {
        let wrong = |why: String| self.garbage(call, &call.place.to_string(), &why);
        let render = |text: &str| templates::render(text, variables).map_err(wrong);
        let mut url = self.console.base_url.clone();
        for segment in &call.path {
            let segment = render(segment)?;
            if segment == "." || segment == ".." || (segment.is_empty() && call.path.len() > 1) {
                return Err(wrong(format!("a segment of the path became `{segment}`")));
            }
            url.path_segments_mut()
                .map_err(|()| wrong("the base URL takes no path".to_owned()))?
                .pop_if_empty()
                .push(&segment);
        }
        for (name, text) in &call.query {
            url.query_pairs_mut().append_pair(name, &render(text)?);
        }
        let mut request = self.http.request(call.method.clone(), url);
        for (name, text) in &call.headers {
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| wrong(format!("`{name}` is no name of a header")))?;
            let value = HeaderValue::from_str(&render(text)?)
                .map_err(|_| wrong(format!("the header {name} became no header")))?;
            request = request.header(name, value);
        }
        request = match &call.body {
            Body::None => request,
            Body::Json(template) => {
                request.json(&templates::json(template, variables).map_err(wrong)?)
            }
            Body::Form(fields) => {
                let mut form =
                    Url::parse("http://form.invalid/").map_err(|e| wrong(e.to_string()))?;
                for (name, text) in fields {
                    form.query_pairs_mut().append_pair(name, &render(text)?);
                }
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.query().unwrap_or_default().to_owned())
            }
            Body::Raw { content_type, text } => request
                .header("content-type", content_type.as_str())
                .body(render(text)?),
        };
        request.build().map_err(|error| wrong(error.to_string()))
    }

    fn shown(&self, call: &Call, request: &Request) -> Option<Trace> {
        let traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        traces.as_ref()?;
        let mut text = format!("{} {}", request.method(), request.url());
        for (name, value) in request.headers() {
            let value = value.to_str().unwrap_or("…");
            // What gets in is a secret also where it was made up from several.
            let value = if matches!(name.as_str(), "authorization" | "cookie") {
                "<redacted>"
            } else {
                value
            };
            // Writing to a string can not fail.
            let _ = write!(text, "\n{name}: {value}");
        }
        if let Some(body) = request.body().and_then(reqwest::Body::as_bytes) {
            let _ = write!(text, "\n\n{}", one_line(body, TRACED));
        }
        Some(Trace {
            label: call.label.clone(),
            place: call.place.to_string(),
            request: self.secrets.redact(&text),
            answer: None,
        })
    }

    fn keep(&self, _call: &Call, shown: Option<Trace>, answer: Option<&Answer>) {
        let mut traces = self.traces.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(traces), Some(mut trace)) = (traces.as_mut(), shown) {
            trace.answer = answer.map(|answer| {
                let body = one_line(&answer.body, TRACED);
                self.secrets.redact(&format!("{} {body}", answer.status))
            });
            traces.push(trace);
        }
    }

    async fn ensure(&self, session: &mut Session) -> Result<(), ServerError> {
        session.ensure(self, Timestamp::now()).await
    }
}

/// The pause that a server asks for, in seconds.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.header("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn one_line(body: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(most * 4)]);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(most)
        .collect::<String>()
        .trim()
        .to_owned()
}
