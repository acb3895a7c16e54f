//! How the reference server notifies devices.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::push::{PushHub, Pushed};
use crate::server::{error_chain, http};

/// Longest answer of the push service that is read, in bytes.
const LONGEST_REASON: usize = 4096;

/// Where a device's notifications go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PushInfo {
    pub(super) token: Vec<u8>,
    pub(super) magic: String,
    pub(super) topic: String,
}

/// The way to the push service.
#[derive(Debug)]
pub(super) enum Pusher {
    /// Into the hub of the same process.
    Hub(PushHub, AtomicU64),
    /// `POST <url>/3/device/<token>`, as to Apple's push service.
    Url(reqwest::Client, String),
    /// None.
    Off,
}

impl Pusher {
    /// Notifies a device; `Ok` holds the id of the notification.
    pub(super) async fn push(&self, info: &PushInfo) -> Result<String, String> {
        match self {
            Self::Off => Err("no push service is configured".to_owned()),
            Self::Hub(hub, count) => match hub.push(&info.token, &info.magic) {
                // The push service does not know the magic: it delivers, and the device ignores the notification.
                Pushed::Woken | Pushed::WrongMagic => {
                    let number = count.fetch_add(1, Ordering::Relaxed);
                    Ok(uuid::Uuid::from_u64_pair(0, number).to_string())
                }
                Pushed::Unregistered => Err("Unregistered".to_owned()),
            },
            Self::Url(client, url) => post(client, url, info).await,
        }
    }
}

async fn post(client: &reqwest::Client, url: &str, info: &PushInfo) -> Result<String, String> {
    let token = info.token.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    });
    let answer = client
        .post(format!("{}/3/device/{token}", url.trim_end_matches('/')))
        .header("apns-topic", &info.topic)
        .header("apns-push-type", "mdm")
        .json(&serde_json::json!({ "mdm": info.magic }))
        .send()
        .await
        .map_err(|error| format!("push service: {}", error_chain(&error)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer
            .headers()
            .get("apns-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or("unknown")
            .to_owned());
    }
    // `{"reason": "..."}`, bounded by what a reason can be.
    let body = http::bounded(answer, LONGEST_REASON)
        .await
        .unwrap_or_default();
    let reason = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|body| Some(format!(": {}", body.get("reason")?.as_str()?)))
        .unwrap_or_default();
    Err(format!(
        "push service answered HTTP {}{reason}",
        status.as_u16()
    ))
}
