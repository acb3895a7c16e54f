//! Events about check-ins and reports, posted to whoever is configured to hear of them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::hmac;
use tokio::sync::{mpsc, oneshot};

use super::core::Core;
use crate::server::error_chain;
use crate::server::message::{Sender, text};
use crate::server::wire::{AcknowledgeEvent, CheckinEvent, EventIds, WebhookEvent};

/// Events that wait to be posted. When the receiver is slower, devices wait.
const WAITING: usize = 4096;
/// How long a device waits at most for room; then its event is lost, as with any server whose receiver is down.
const ROOM_WITHIN: Duration = Duration::from_secs(5);
/// How long the remaining events may take when the server stops.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

enum Job {
    Post(Vec<u8>),
    Flush(oneshot::Sender<()>),
}

/// Posts events one after the other, in order.
#[derive(Clone, Debug)]
pub(super) struct WebhookSender {
    jobs: mpsc::Sender<Job>,
}

impl WebhookSender {
    /// Starts the task that posts.
    pub(super) fn start(client: reqwest::Client, url: String, hmac_key: Option<String>) -> Self {
        let (jobs, mut waiting) = mpsc::channel(WAITING);
        let key = hmac_key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()));
        tokio::spawn(async move {
            while let Some(job) = waiting.recv().await {
                match job {
                    Job::Flush(done) => {
                        let _ = done.send(());
                    }
                    Job::Post(body) => post(&client, &url, key.as_ref(), body).await,
                }
            }
        });
        Self { jobs }
    }

    async fn send(&self, event: &WebhookEvent) {
        let Ok(body) = serde_json::to_vec(event) else {
            return;
        };
        if self
            .jobs
            .send_timeout(Job::Post(body), ROOM_WITHIN)
            .await
            .is_err()
        {
            tracing::warn!(topic = event.topic, "a webhook event is lost");
        }
    }

    /// Waits until everything so far is posted, for a few seconds at most.
    pub(super) async fn flush(&self) {
        let (done, finished) = oneshot::channel();
        let all = async {
            if self.jobs.send(Job::Flush(done)).await.is_ok() {
                let _ = finished.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_WITHIN, all).await;
    }
}

async fn post(client: &reqwest::Client, url: &str, key: Option<&hmac::Key>, body: Vec<u8>) {
    let mut request = client
        .post(url)
        .header("Content-Type", "application/json; charset=utf-8");
    if let Some(key) = key {
        let tag = hmac::sign(key, &body);
        request = request.header("X-Hmac-Signature", STANDARD.encode(tag));
    }
    match request.body(body).send().await {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "webhook"),
        Err(error) => tracing::warn!(error = error_chain(&error), "webhook"),
    }
}

impl Core {
    /// Tells of a check-in.
    pub(super) async fn tell_checkin(
        &self,
        kind: &str,
        sender: &Sender,
        raw: &Bytes,
        tally: Option<u32>,
    ) {
        let Some(webhook) = &self.webhook else {
            return;
        };
        let (udid, enrollment_id) = udids(sender);
        let mut event = self.event(kind);
        event.checkin_event = Some(CheckinEvent {
            ids: Some(ids(sender)),
            udid,
            enrollment_id,
            raw_payload: STANDARD.encode(raw),
            token_update_tally: tally,
        });
        webhook.send(&event).await;
    }

    /// Tells of a report.
    pub(super) async fn tell_report(
        &self,
        sender: &Sender,
        message: &plist::Dictionary,
        raw: &Bytes,
    ) {
        let Some(webhook) = &self.webhook else {
            return;
        };
        let (udid, enrollment_id) = udids(sender);
        let mut event = self.event("Connect");
        event.acknowledge_event = Some(AcknowledgeEvent {
            ids: Some(ids(sender)),
            udid,
            enrollment_id,
            status: text(message, "Status").unwrap_or_default().to_owned(),
            command_uuid: text(message, "CommandUUID").map(str::to_owned),
            raw_payload: STANDARD.encode(raw),
        });
        webhook.send(&event).await;
    }

    fn event(&self, kind: &str) -> WebhookEvent {
        WebhookEvent {
            topic: format!("mdm.{kind}"),
            event_id: self.next_event(),
            created_at: self.clock.now().to_string(),
            checkin_event: None,
            acknowledge_event: None,
        }
    }
}

fn ids(sender: &Sender) -> EventIds {
    EventIds {
        id: sender.id.clone(),
        kind: sender.kind.as_str().to_owned(),
        parent_id: sender.parent.clone(),
    }
}

fn udids(sender: &Sender) -> (Option<String>, Option<String>) {
    use crate::server::message::ChannelKind::{UserEnrollment, UserEnrollmentDevice};
    let device = Some(sender.device().to_owned());
    match sender.kind {
        UserEnrollment | UserEnrollmentDevice => (None, device),
        _ => (device, None),
    }
}
