//! What the push service answers, whatever carries it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Version};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{ApnsFault, ApnsSettings, SeenPush};
use crate::push::{PushHub, Pushed};
use crate::server::clock::Clock;
use crate::server::http;

/// Longest device token accepted, in bytes; Apple's are 32 and may grow.
const LONGEST_TOKEN: usize = 256;
/// Most requests remembered; older ones are forgotten.
const REMEMBERED: usize = 1024;
/// Longest header that is remembered, in bytes.
const LONGEST_HEADER: usize = 256;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Service {
    hub: PushHub,
    clock: Clock,
    settings: RwLock<ApnsSettings>,
    count: AtomicU64,
    seen: Mutex<VecDeque<SeenPush>>,
}

#[derive(Clone)]
struct Connection {
    service: Arc<Service>,
    certificate_topic: Option<String>,
}

impl Service {
    pub(crate) fn new(hub: PushHub, clock: Clock, settings: ApnsSettings) -> Arc<Self> {
        Arc::new(Self {
            hub,
            clock,
            settings: RwLock::new(settings),
            count: AtomicU64::new(1),
            seen: Mutex::default(),
        })
    }

    pub(super) fn set(&self, settings: ApnsSettings) {
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    pub(super) fn seen(&self) -> Vec<SeenPush> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().cloned().collect()
    }

    fn remember(&self, push: SeenPush) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(push);
    }

    fn decide(&self, token: &str, topic: Option<&str>, body: &[u8]) -> Decision {
        let settings = self
            .settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match &settings.fault {
            Some(ApnsFault::NeverAnswers) => return Decision::Silence,
            Some(ApnsFault::TooManyRequests) => {
                return Decision::refuse(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests");
            }
            Some(ApnsFault::Refuses(status, reason)) => {
                let status =
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                return Decision::refuse(status, reason);
            }
            Some(ApnsFault::NeverDelivers) | None => {}
        }
        if let Some(topic) = topic
            && !settings.topics.is_empty()
            && !settings.topics.contains(topic)
        {
            return Decision::refuse(StatusCode::FORBIDDEN, "BadTopic");
        }
        let Some(bytes) = unhex(token) else {
            return Decision::refuse(StatusCode::BAD_REQUEST, "BadDeviceToken");
        };
        let Ok(payload) = serde_json::from_slice::<Value>(body) else {
            return Decision::refuse(StatusCode::BAD_REQUEST, "PayloadEmpty");
        };
        let Some(magic) = payload.get("mdm").and_then(Value::as_str) else {
            return Decision::refuse(StatusCode::BAD_REQUEST, "BadMessageId");
        };
        if settings.fault == Some(ApnsFault::NeverDelivers) {
            return Decision::Taken;
        }
        match self.hub.push(&bytes, magic) {
            // When the token stopped being valid is what servers compare with the last registration.
            Pushed::Unregistered => Decision::Refuse(
                StatusCode::GONE,
                json!({ "reason": "Unregistered", "timestamp": self.clock.now().as_millisecond() }),
            ),
            // The push service does not know magics: it delivers, and the device ignores a wrong one.
            Pushed::Woken | Pushed::WrongMagic => Decision::Taken,
        }
    }
}

enum Decision {
    Taken,
    Refuse(StatusCode, Value),
    Silence,
}

impl Decision {
    fn refuse(status: StatusCode, reason: &str) -> Self {
        Self::Refuse(status, json!({ "reason": reason }))
    }
}

/// `POST /3/device/<hexadecimal token>` for one connection.
pub(crate) fn routes(service: Arc<Service>, certificate_topic: Option<String>) -> Router {
    Router::new()
        .route("/3/device/{token}", post(push))
        .with_state(Connection {
            service,
            certificate_topic,
        })
}

async fn push(
    State(connection): State<Connection>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let body = match http::body(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let service = &connection.service;
    let number = service.count.fetch_add(1, Ordering::Relaxed);
    let topic = text(&head.headers, "apns-topic");
    // Without the header the certificate's topic counts, as for servers that send none.
    let effective = topic.as_deref().or(connection.certificate_topic.as_deref());
    let decision = service.decide(&token, effective, &body);
    service.remember(SeenPush {
        push_type: text(&head.headers, "apns-push-type"),
        certificate_topic: connection.certificate_topic.clone(),
        http2: head.version == Version::HTTP_2,
        status: match &decision {
            Decision::Taken => 200,
            Decision::Refuse(status, _) => status.as_u16(),
            Decision::Silence => 0,
        },
        token: token.chars().take(LONGEST_TOKEN * 2).collect(),
        topic,
    });
    // The sender's own id comes back; else a new one.
    let id = text(&head.headers, "apns-id").unwrap_or_else(|| {
        uuid::Uuid::from_u64_pair(0, number)
            .to_string()
            .to_uppercase()
    });
    match decision {
        Decision::Taken => (StatusCode::OK, [("apns-id", id)]).into_response(),
        Decision::Refuse(status, reason) => {
            (status, [("apns-id", id)], Json(reason)).into_response()
        }
        Decision::Silence => std::future::pending().await,
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .filter(|value| value.len() <= LONGEST_HEADER)
        .map(str::to_owned)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > LONGEST_TOKEN * 2 {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()
        })
        .collect()
}
