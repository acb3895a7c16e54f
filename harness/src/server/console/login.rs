//! Getting in, and staying in.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::description::{Body, Call, Extract, Login};
use super::{extract, templates};
use crate::server::ServerError;

/// A token is renewed this long before it ends.
const EARLY: SignedDuration = SignedDuration::from_secs(30);
/// What a token is worth whose end nobody tells.
const UNTOLD: SignedDuration = SignedDuration::from_secs(300);
/// Most cookies kept.
const COOKIES: usize = 50;

/// What was got by getting in.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// How many sessions there were before.
    pub(super) number: u64,
    pub(super) csrf: String,
    open: bool,
    authorization: Option<HeaderValue>,
    cookies: BTreeMap<String, String>,
    until: Option<Timestamp>,
}

impl Session {
    /// Whether a new session can help where one is refused.
    pub(super) const fn renewable(login: &Login) -> bool {
        matches!(login, Login::OAuth2 { .. } | Login::Form { .. })
    }

    /// Forgets the session.
    pub(super) fn end(&mut self) {
        *self = Self {
            number: self.number + 1,
            ..Self::default()
        };
    }

    /// Headers that prove the session.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(value) = &self.authorization {
            headers.insert(AUTHORIZATION, value.clone());
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            if let Ok(value) = HeaderValue::from_str(&cookies.join("; ")) {
                headers.insert(COOKIE, value);
            }
        }
        headers
    }

    /// Gets in unless it is in.
    pub(super) async fn ensure(
        &mut self,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), ServerError> {
        if self.until.is_some_and(|until| until <= now) {
            self.end();
        }
        if self.open {
            return Ok(());
        }
        let login = client.console.login.clone();
        let variables = client.variables(&json!({}));
        match &login {
            Login::None => {}
            Login::Basic { user, password } => {
                let (user, password) = (text(user, &variables)?, text(password, &variables)?);
                let pair = STANDARD.encode(format!("{user}:{password}"));
                client.secrets.hide("login", &pair);
                self.authorize(&format!("Basic {pair}"))?;
            }
            Login::Bearer { token } => {
                self.authorize(&format!("Bearer {}", text(token, &variables)?))?;
            }
            Login::OAuth2 {
                place,
                token_url,
                client_id,
                client_secret,
                scope,
            } => {
                let mut fields = vec![
                    ("grant_type".to_owned(), "client_credentials".to_owned()),
                    ("client_id".to_owned(), client_id.clone()),
                    ("client_secret".to_owned(), client_secret.clone()),
                ];
                fields.extend(scope.clone().map(|scope| ("scope".to_owned(), scope)));
                let call = Call {
                    place: place.clone(),
                    label: "login".to_owned(),
                    method: reqwest::Method::POST,
                    path: token_url
                        .trim_start_matches('/')
                        .split('/')
                        .map(str::to_owned)
                        .collect(),
                    query: Vec::new(),
                    headers: Vec::new(),
                    body: Body::Form(fields),
                    expect: std::iter::once(200).collect(),
                    accept: None,
                    repeat: true,
                };
                let answer = self.plain(client, &call, &variables).await?;
                let body = extract::json(&answer)
                    .map_err(|why| client.garbage(&call, &place.to_string(), &why))?;
                let token = body
                    .get("access_token")
                    .and_then(Value::as_str)
                    .ok_or_else(|| {
                        client.garbage(&call, &place.to_string(), "the answer has no access_token")
                    })?;
                client.secrets.hide("access token", token);
                self.authorize(&format!("Bearer {token}"))?;
                let lasts = body
                    .get("expires_in")
                    .and_then(Value::as_i64)
                    .filter(|seconds| (0..=31_536_000).contains(seconds))
                    .map_or(UNTOLD, SignedDuration::from_secs);
                // A token that ends at once is asked for again with each call; that is the server's wish.
                self.until = now.checked_add(lasts.saturating_sub(EARLY)).ok();
            }
            Login::Form {
                page,
                csrf,
                submit,
                csrf_after,
            } => {
                if let Some(page) = page.as_ref() {
                    let answer = self.plain(client, page, &variables).await?;
                    if let Some(csrf) = csrf.as_ref() {
                        self.csrf = token(client, page, csrf, &answer, &variables)?;
                    }
                }
                let mut with_csrf = variables.clone();
                with_csrf["csrf"] = json!(self.csrf);
                let answer = self.plain(client, submit, &with_csrf).await?;
                if self.cookies.is_empty() {
                    return Err(client.garbage(
                        submit,
                        &submit.place.to_string(),
                        "the answer sets no session cookie, as when the password is wrong",
                    ));
                }
                if let Some(after) = csrf_after.as_ref() {
                    self.csrf = token(client, submit, after, &answer, &variables)?;
                }
            }
        }
        self.open = true;
        Ok(())
    }

    fn authorize(&mut self, text: &str) -> Result<(), ServerError> {
        let mut value =
            HeaderValue::from_str(text).map_err(|_| no_login("a secret is no header"))?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(())
    }

    /// One call of the login itself; cookies are kept.
    async fn plain(
        &mut self,
        client: &Client,
        call: &Call,
        variables: &Value,
    ) -> Result<Answer, ServerError> {
        let request = client.request(call, variables)?;
        let mut headers = self.headers();
        for (name, value) in request.headers() {
            headers.insert(name.clone(), value.clone());
        }
        let answer = client.send(call, request, headers).await?;
        client.expected(call, &answer)?;
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let Some((name, value)) = cookie
                .to_str()
                .ok()
                .and_then(|text| text.split(';').next())
                .and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            if self.cookies.len() < COOKIES {
                client.secrets.hide("cookie", value.trim());
                self.cookies
                    .insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        Ok(answer)
    }
}

fn token(
    client: &Client,
    call: &Call,
    csrf: &Extract,
    answer: &Answer,
    variables: &Value,
) -> Result<String, ServerError> {
    let value = client.must(call, csrf, answer, variables)?;
    let text = extract::as_text(&value).unwrap_or_default();
    client.secrets.hide("csrf", &text);
    Ok(text)
}

fn text(template: &str, variables: &Value) -> Result<String, ServerError> {
    templates::render(template, variables).map_err(|why| no_login(&why))
}

fn no_login(why: &str) -> ServerError {
    ServerError::Garbage {
        what: "the [login]".to_owned(),
        detail: why.to_owned(),
    }
}
