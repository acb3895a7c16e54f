//! A stand-in for Apple's push service on loopback: servers post, devices of the harness wake.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::push::{PushHub, Pushed};
use crate::server::StartError;
use crate::server::http::{self, Listening};

/// Longest device token accepted, in bytes; Apple's are 32 and may grow.
const LONGEST_TOKEN: usize = 256;

/// A listener for `POST /3/device/<hexadecimal token>` with the body `{"mdm": "<PushMagic>"}`. Dropping it stops it.
#[derive(Debug)]
pub struct PushListener {
    listening: Listening,
}

#[derive(Clone)]
struct Service {
    hub: PushHub,
    count: Arc<AtomicU64>,
}

impl PushListener {
    /// Starts listening; port 0 takes a free one.
    pub async fn start(address: SocketAddr, hub: PushHub) -> Result<Self, StartError> {
        let service = Service {
            hub,
            count: Arc::new(AtomicU64::new(1)),
        };
        let router = Router::new()
            .route("/3/device/{token}", post(push))
            .with_state(service);
        Ok(Self {
            listening: http::listen("pushes", address, router).await?,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listening.address
    }

    /// The URL to tell a server as its push service.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address)
    }
}

/// Answers as the push service does: 200 and an `apns-id`, or a reason in JSON. It does not know magics: a
/// notification with a wrong one is delivered, and the device ignores it.
async fn push(
    State(service): State<Service>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    let body = match http::body(request.into_body()).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let Some(token) = unhex(&token) else {
        return refuse(StatusCode::BAD_REQUEST, "BadDeviceToken");
    };
    let Ok(payload) = serde_json::from_slice::<Value>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "PayloadEmpty");
    };
    let Some(magic) = payload.get("mdm").and_then(Value::as_str) else {
        return refuse(StatusCode::BAD_REQUEST, "BadMessageId");
    };
    match service.hub.push(&token, magic) {
        Pushed::Unregistered => refuse(StatusCode::GONE, "Unregistered"),
        Pushed::Woken | Pushed::WrongMagic => {
            let number = service.count.fetch_add(1, Ordering::Relaxed);
            let id = uuid::Uuid::from_u64_pair(0, number)
                .to_string()
                .to_uppercase();
            (StatusCode::OK, [("apns-id", id)]).into_response()
        }
    }
}

fn refuse(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "reason": reason }))).into_response()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn posts_wake_registered_devices_only() {
        let hub = PushHub::default();
        let mut wake = hub.register(&[0xab, 0xcd], "magic");
        let listener = PushListener::start(([127, 0, 0, 1], 0).into(), hub)
            .await
            .expect("listens");
        let client = http::client(Duration::from_secs(5), &[]).expect("a client");
        let table = [
            ("abce", json!({ "mdm": "magic" }), 410, false),
            ("xyz", json!({ "mdm": "magic" }), 400, false),
            ("abc", json!({ "mdm": "magic" }), 400, false),
            ("abcd", json!({ "other": 1 }), 400, false),
            ("abcd", json!({ "mdm": "another" }), 200, false),
            ("abcd", json!({ "mdm": "magic" }), 200, true),
            ("ABCD", json!({ "mdm": "magic" }), 200, true),
        ];
        for (token, body, status, woken) in table {
            let answer = client
                .post(format!("{}/3/device/{token}", listener.url()))
                .json(&body)
                .send()
                .await
                .expect("an answer");
            assert_eq!(answer.status().as_u16(), status, "{token} {body}");
            assert_eq!(answer.headers().contains_key("apns-id"), status == 200);
            assert_eq!(wake.take(), woken, "{token} {body}");
        }
    }
}
