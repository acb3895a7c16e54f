//! The listener for webhook events: what the server saw of devices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use plist::Dictionary;
use ring::hmac;

use crate::protocol::apple::codec;
use crate::server::http;
use crate::server::ledger::Ledger;
use crate::server::message::{data, sender, text};
use crate::server::wire::{EventIds, WebhookEvent};

/// Most enrollments kept; events of further ones are dropped.
const ENROLLMENTS: usize = 400_000;

/// What webhook events told, by enrollment.
#[derive(Debug, Default)]
pub(super) struct Ledgers {
    all: Mutex<HashMap<String, Arc<Ledger>>>,
}

impl Ledgers {
    pub(super) fn of(&self, id: &str) -> Option<Arc<Ledger>> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ENROLLMENTS && !all.contains_key(id) {
            return None;
        }
        Some(all.entry(id.to_owned()).or_default().clone())
    }
}

#[derive(Clone)]
struct Listener {
    ledgers: Arc<Ledgers>,
    key: Option<Arc<hmac::Key>>,
}

/// The listener's routes: every path is taken, since the server is told a whole URL.
pub(super) fn routes(ledgers: Arc<Ledgers>, hmac_key: Option<&str>) -> Router {
    let key = hmac_key.map(|key| Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes())));
    Router::new()
        .route("/", post(event))
        .route("/{*path}", post(event))
        .with_state(Listener { ledgers, key })
}

async fn event(State(listener): State<Listener>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = match http::body(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    if let Some(key) = &listener.key
        && !signed(key, &head.headers, &body)
    {
        tracing::warn!("a webhook event without the right X-Hmac-Signature is dropped");
        return (
            StatusCode::UNAUTHORIZED,
            "X-Hmac-Signature is missing or wrong",
        )
            .into_response();
    }
    match take(&listener.ledgers, &body) {
        Ok(()) => StatusCode::OK.into_response(),
        Err(why) => {
            tracing::warn!(why, "a webhook event is dropped");
            (StatusCode::BAD_REQUEST, why).into_response()
        }
    }
}

fn signed(key: &hmac::Key, headers: &HeaderMap, body: &[u8]) -> bool {
    headers
        .get("X-Hmac-Signature")
        .and_then(|value| STANDARD.decode(value.as_bytes()).ok())
        .is_some_and(|tag| hmac::verify(key, body, &tag).is_ok())
}

/// Takes in one event. Events of topics that are not known are taken and ignored.
fn take(ledgers: &Ledgers, body: &[u8]) -> Result<(), String> {
    let event: WebhookEvent =
        serde_json::from_slice(body).map_err(|error| format!("the event is not known: {error}"))?;
    let at = event.created_at.parse::<Timestamp>().ok();
    if let Some(checkin) = &event.checkin_event {
        let message = payload(&checkin.raw_payload)?;
        let kind = event
            .topic
            .strip_prefix("mdm.")
            .ok_or_else(|| format!("the topic `{}` is not one of MDM", event.topic))?;
        let ledger = ledger(ledgers, checkin.ids.as_ref(), &message)?;
        match kind {
            "Authenticate" => ledger.bootstrap_token(false),
            "SetBootstrapToken" => ledger.bootstrap_token(
                data(&message, "BootstrapToken").is_some_and(|token| !token.is_empty()),
            ),
            _ => {}
        }
        ledger.checkin(kind, at);
    }
    if let Some(report) = &event.acknowledge_event {
        let message = payload(&report.raw_payload)?;
        let ledger = ledger(ledgers, report.ids.as_ref(), &message)?;
        let uuid = text(&message, "CommandUUID").map(str::to_owned);
        if let Some(uuid) = uuid
            && !matches!(text(&message, "Status"), Some("Idle" | "NotNow") | None)
        {
            ledger.result(&uuid, message, report.raw_payload.len());
        }
    }
    Ok(())
}

fn payload(raw: &str) -> Result<Dictionary, String> {
    let bytes = STANDARD
        .decode(raw)
        .map_err(|error| format!("raw_payload is not base64: {error}"))?;
    codec::decode(&bytes).map_err(|error| format!("raw_payload: {error}"))
}

/// Newer servers name the enrollment; with older ones the message itself does.
fn ledger(
    ledgers: &Ledgers,
    ids: Option<&EventIds>,
    message: &Dictionary,
) -> Result<Arc<Ledger>, String> {
    let id = match ids {
        Some(ids) if !ids.id.is_empty() && ids.id.len() <= 255 => ids.id.clone(),
        _ => sender(message).ok_or("the message names no device")?.id,
    };
    ledgers
        .of(&id)
        .ok_or_else(|| "too many enrollments".to_owned())
}
