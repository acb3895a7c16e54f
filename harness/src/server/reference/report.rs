//! The command loop: a report comes in, the next command goes out.

use axum::http::StatusCode;
use bytes::Bytes;
use plist::Dictionary;
use scenarios::fault::{About, names};

use super::core::{Core, Fingerprint, Refusal};
use super::queue::Status;
use crate::server::message::{sender, text};

impl Core {
    /// Takes in a report; gives the next command.
    pub(super) async fn report(
        &self,
        fingerprint: Option<Fingerprint>,
        message: Dictionary,
        raw: &Bytes,
    ) -> Result<Option<Bytes>, Refusal> {
        let wrong = |why: &str| Refusal(StatusCode::INTERNAL_SERVER_ERROR, why.to_owned());
        let sender = sender(&message)
            .ok_or_else(|| wrong("the report names no device (UDID or EnrollmentID)"))?;
        let enrollment = self.enrolled(&sender, fingerprint)?;
        let status = match text(&message, "Status") {
            Some(word) if !word.is_empty() => Status::from_word(word),
            _ => {
                return Err(Refusal(
                    StatusCode::BAD_REQUEST,
                    "the report has no Status".to_owned(),
                ));
            }
        };
        let uuid = text(&message, "CommandUUID");
        if status != Status::Idle && uuid.is_none() {
            return Err(wrong("the report has no CommandUUID"));
        }
        let next = enrollment.lock().queue.report(status, uuid);
        self.tell_report(&sender, &message, raw).await;
        // The result is noted last: whoever waits for it finds everything else in place.
        if status == Status::Final
            && let Some(uuid) = uuid.map(str::to_owned)
        {
            enrollment.ledger.result(&uuid, message, raw.len());
        }
        let Some(next) = next else {
            return Ok(None);
        };
        if self.quirks.is_empty() {
            return Ok(Some(next.raw));
        }
        let request_type = next.request_type.as_str();
        self.hold(|about| matches!(about, About::Command(of) if names(of, request_type)))
            .await;
        if let Some(status) = self.quirks.command_status(&next.request_type) {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Refusal(status, String::new()));
        }
        let altered = self.quirks.command(&next.request_type, &next.raw);
        Ok(Some(altered.map_or(next.raw, Bytes::from)))
    }
}
