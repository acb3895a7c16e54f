//! Check-in messages, one handler each.

use std::sync::Arc;

use axum::http::StatusCode;
use bytes::Bytes;
use plist::{Dictionary, Value};
use scenarios::fault::{About, names};

use super::config::UserAuthenticate;
use super::core::{Core, Declarations, Enrollment, Fingerprint, Refusal};
use super::push::PushInfo;
use crate::server::ddm::{DdmAnswer, Ingest, hash};
use crate::server::error_chain;
use crate::server::message::{Sender, data, sender, text};

/// The answer to a check-in.
pub(super) enum Answer {
    Empty,
    Plist(Dictionary),
    Json(Vec<u8>),
    Status(StatusCode, String),
}

impl Core {
    /// Answers a check-in.
    pub(super) async fn checkin(
        &self,
        fingerprint: Option<Fingerprint>,
        message: &Dictionary,
        raw: &Bytes,
    ) -> Result<Answer, Refusal> {
        let kind = text(message, "MessageType").unwrap_or_default();
        let sender = sender(message).ok_or_else(|| {
            Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the check-in names no device (UDID or EnrollmentID)".to_owned(),
            )
        })?;
        if !self.quirks.is_empty() {
            self.hold(|about| matches!(about, About::Checkin(of) if names(of, kind)))
                .await;
            if let Some(status) = self.quirks.refuses(kind, message) {
                return Err(refused(status));
            }
        }
        if kind == "Authenticate" {
            self.bind(&sender, fingerprint)?;
        }
        let enrollment = self.enrolled(&sender, fingerprint)?;
        let answer = match kind {
            "Authenticate" => self.authenticate(&enrollment),
            "TokenUpdate" => token_update(&enrollment, message)?,
            "CheckOut" => Answer::Empty,
            "SetBootstrapToken" => set_bootstrap_token(&enrollment, message),
            "GetBootstrapToken" => get_bootstrap_token(&enrollment),
            "GetToken" => self.get_token(message)?,
            "UserAuthenticate" => self.user_authenticate(&sender, message)?,
            "ReturnToService" => self.return_to_service(&enrollment)?,
            "DeclarativeManagement" => self.declarative(&sender, message).await?,
            unknown => {
                return Err(Refusal(
                    StatusCode::BAD_REQUEST,
                    format!("the MessageType `{unknown}` is not known"),
                ));
            }
        };
        let tally = (kind == "TokenUpdate").then(|| enrollment.lock().token_updates);
        enrollment.ledger.checkin(kind, None);
        self.tell_checkin(kind, &sender, raw, tally).await;
        self.through_quirks(kind, answer)
    }

    fn through_quirks(&self, kind: &str, answer: Answer) -> Result<Answer, Refusal> {
        if self.quirks.is_empty() {
            return Ok(answer);
        }
        match answer {
            Answer::Plist(answer) => self
                .quirks
                .checkin(kind, Some(answer))
                .map(|answer| answer.map_or(Answer::Empty, Answer::Plist))
                .map_err(refused),
            other => self
                .quirks
                .checkin(kind, None)
                .map(|_| other)
                .map_err(refused),
        }
    }

    /// A new enrollment begins: nothing of an earlier one may reach the device.
    fn authenticate(&self, enrollment: &Arc<Enrollment>) -> Answer {
        let users = {
            let mut state = enrollment.lock();
            state.queue.clear();
            state.push = None;
            state.token_updates = 0;
            state.bootstrap_token = None;
            std::mem::take(&mut state.users)
        };
        enrollment.ledger.bootstrap_token(false);
        for user in users {
            if let Some(user) = self.get(&user) {
                let mut state = user.lock();
                state.queue.clear();
                state.push = None;
                state.token_updates = 0;
            }
        }
        Answer::Empty
    }

    fn get_token(&self, message: &Dictionary) -> Result<Answer, Refusal> {
        let service = text(message, "TokenServiceType").unwrap_or_default();
        if !self.get_token || service.is_empty() {
            return Err(Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("no token for the service `{service}`"),
            ));
        }
        // The device hands the token on without looking into it, so that any stable bytes do.
        let token = format!("harness-token:{service}:{}", hash(service.as_bytes()));
        Ok(plist_answer([(
            "TokenData",
            Value::Data(token.into_bytes()),
        )]))
    }

    fn user_authenticate(&self, sender: &Sender, message: &Dictionary) -> Result<Answer, Refusal> {
        let response = text(message, "DigestResponse").unwrap_or_default();
        match self.user_authenticate {
            UserAuthenticate::Gone => Err(Refusal(
                StatusCode::GONE,
                "users are not managed".to_owned(),
            )),
            UserAuthenticate::ZeroLengthChallenge => Ok(plist_answer([(
                "DigestChallenge",
                Value::String(String::new()),
            )])),
            UserAuthenticate::Digest if response.is_empty() => {
                let nonce = hash(sender.id.as_bytes());
                let challenge = format!(
                    "Digest nonce=\"{nonce}\",realm=\"harness\",algorithm=\"MD5\",qop=\"auth\""
                );
                Ok(plist_answer([(
                    "DigestChallenge",
                    Value::String(challenge),
                )]))
            }
            UserAuthenticate::Digest => {
                let token = hash(format!("{}\n{response}", sender.id).as_bytes());
                Ok(plist_answer([("AuthToken", Value::String(token))]))
            }
        }
    }

    fn return_to_service(&self, enrollment: &Enrollment) -> Result<Answer, Refusal> {
        let Some(settings) = &self.return_to_service else {
            return Err(Refusal(
                StatusCode::BAD_REQUEST,
                "the MessageType `ReturnToService` is not known".to_owned(),
            ));
        };
        let mut answer = Dictionary::new();
        answer.insert("Enabled".to_owned(), Value::Boolean(settings.enabled));
        for (key, profile) in [
            ("WiFiProfileData", &settings.wifi_profile),
            ("MDMProfileData", &settings.mdm_profile),
        ] {
            if let Some(profile) = profile {
                answer.insert(key.to_owned(), Value::Data(profile.clone()));
            }
        }
        if let Some(token) = enrollment.lock().bootstrap_token.clone() {
            answer.insert("BootstrapToken".to_owned(), Value::Data(token));
        }
        Ok(plist_answer([(
            "ReturnToService",
            Value::Dictionary(answer),
        )]))
    }

    async fn declarative(&self, sender: &Sender, message: &Dictionary) -> Result<Answer, Refusal> {
        let endpoint = text(message, "Endpoint").unwrap_or_default();
        let body = data(message, "Data");
        let answer = match &self.declarations {
            Declarations::Off => {
                return Err(Refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "declarative management is not configured".to_owned(),
                ));
            }
            Declarations::Remote { client, url } => {
                pass_on(client, url, sender, endpoint, body).await?
            }
            Declarations::Engine(engine) => {
                let ingest = if self.quirks.keeps_stale_status() {
                    Ingest::CountOnly
                } else {
                    Ingest::Merge
                };
                let taken = match (endpoint, body) {
                    ("status", Some(body)) => self.quirks.status_report(body),
                    _ => None,
                };
                engine.answer(&sender.id, endpoint, taken.as_deref().or(body), ingest)
            }
        };
        Ok(match answer {
            DdmAnswer::Empty => Answer::Empty,
            DdmAnswer::NotFound => Answer::Status(StatusCode::NOT_FOUND, "Not Found".to_owned()),
            DdmAnswer::Bad(why) => Answer::Status(StatusCode::BAD_REQUEST, why),
            DdmAnswer::Json(json) if endpoint.starts_with("declaration/") => {
                self.hold(|about| matches!(about, About::Declaration(_)))
                    .await;
                match self.quirks.declaration(json) {
                    Ok(json) => Answer::Json(json),
                    Err(status) => Answer::Status(
                        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                        String::new(),
                    ),
                }
            }
            DdmAnswer::Json(json) => Answer::Json(json),
        })
    }
}

fn refused(status: u16) -> Refusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Refusal(status, String::new())
}

fn token_update(enrollment: &Enrollment, message: &Dictionary) -> Result<Answer, Refusal> {
    let (Some(token), Some(magic)) = (data(message, "Token"), text(message, "PushMagic")) else {
        return Err(Refusal(
            StatusCode::BAD_REQUEST,
            "the TokenUpdate has no Token or no PushMagic".to_owned(),
        ));
    };
    let mut state = enrollment.lock();
    state.token_updates = state.token_updates.saturating_add(1);
    state.push = Some(PushInfo {
        token: token.to_vec(),
        magic: magic.to_owned(),
        topic: text(message, "Topic").unwrap_or_default().to_owned(),
    });
    Ok(Answer::Empty)
}

fn set_bootstrap_token(enrollment: &Enrollment, message: &Dictionary) -> Answer {
    // A message without a token takes the escrowed one back.
    let token = data(message, "BootstrapToken")
        .filter(|token| !token.is_empty())
        .map(<[u8]>::to_vec);
    enrollment.ledger.bootstrap_token(token.is_some());
    enrollment.lock().bootstrap_token = token;
    Answer::Empty
}

fn get_bootstrap_token(enrollment: &Enrollment) -> Answer {
    match enrollment.lock().bootstrap_token.clone() {
        Some(token) => plist_answer([("BootstrapToken", Value::Data(token))]),
        None => Answer::Empty,
    }
}

fn plist_answer<const N: usize>(keys: [(&str, Value); N]) -> Answer {
    Answer::Plist(
        keys.into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

/// Passes a request of declarative management on: `GET` for a question, `PUT` for a status report.
async fn pass_on(
    client: &reqwest::Client,
    url: &str,
    sender: &Sender,
    endpoint: &str,
    body: Option<&[u8]>,
) -> Result<DdmAnswer, Refusal> {
    let failed = |cause: String| {
        Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("declarative management backend: {cause}"),
        )
    };
    let mut target = reqwest::Url::parse(url).map_err(|error| failed(error.to_string()))?;
    target
        .path_segments_mut()
        .map_err(|()| failed("the URL has no path".to_owned()))?
        .pop_if_empty()
        .extend(endpoint.split('/'));
    let mut request = match body {
        None => client.get(target),
        Some(body) => client.put(target).body(body.to_vec()),
    }
    .header("Content-Type", "application/json")
    .header("X-Enrollment-ID", &sender.id)
    .header("X-Enrollment-Type", sender.kind.as_str());
    if let Some(parent) = &sender.parent {
        request = request.header("X-Enrollment-ParentID", parent);
    }
    let answer = request
        .send()
        .await
        .map_err(|error| failed(error_chain(&error)))?;
    match answer.status().as_u16() {
        200..=299 => {
            let bytes = answer
                .bytes()
                .await
                .map_err(|error| failed(error_chain(&error)))?;
            Ok(if bytes.is_empty() {
                DdmAnswer::Empty
            } else {
                DdmAnswer::Json(bytes.to_vec())
            })
        }
        404 => Ok(DdmAnswer::NotFound),
        status => Err(failed(format!("HTTP {status}"))),
    }
}
