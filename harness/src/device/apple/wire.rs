//! Messages out and in: sent, noted for the record, decoded; and what an HTTP status does to the enrollment.

use plist::Dictionary;
use scenarios::event::Direction;
use serde_json::Value;

use super::gate;
use super::link::{Endpoint, HttpAnswer, Link};
use super::settings::ConnectionUse;
use super::virtual_device::VirtualDevice;
use crate::device::{DeviceError, DeviceMessage, MessageBody};
use crate::protocol::apple::checkin::CheckinMessage;
use crate::protocol::apple::codec;

impl VirtualDevice {
    /// A link to the server, on the kept connection when there is one.
    pub(super) fn link(&mut self) -> Result<Link, DeviceError> {
        let grant = self
            .grant
            .clone()
            .ok_or_else(|| DeviceError::State("it is not enrolled".to_owned()))?;
        Ok(Link::new(
            grant,
            self.core.spec.timeout,
            self.kept.take().map(|open| *open),
        ))
    }

    /// Ends the use of a link after a session; its connection may stay open for the next one.
    pub(super) fn rest(&mut self, link: Link) {
        if self.core.spec.settings.connection == ConnectionUse::Kept && self.core.state.enrolled {
            self.kept = link.into_open().map(Box::new);
        }
    }

    pub(super) fn log(
        &mut self,
        direction: Direction,
        what: &str,
        status: Option<u16>,
        body: MessageBody,
        bytes: usize,
    ) {
        self.messages.push(DeviceMessage {
            direction,
            what: what.to_owned(),
            http_status: status,
            body,
            bytes: bytes as u64,
        });
    }

    /// Sends a body and notes both directions; the answer's body is noted by whoever decodes it.
    pub(super) async fn send(
        &mut self,
        link: &mut Link,
        endpoint: Endpoint<'_>,
        what: &str,
        body: Dictionary,
    ) -> Result<HttpAnswer, DeviceError> {
        let bytes = codec::encode_xml(&body).map_err(|error| {
            DeviceError::State(format!("its {what} can not be encoded: {error}"))
        })?;
        self.log(
            Direction::ToServer,
            what,
            None,
            MessageBody::Plist(body),
            bytes.len(),
        );
        link.send(endpoint, what, bytes).await
    }

    pub(super) async fn check_in(
        &mut self,
        link: &mut Link,
        message: &CheckinMessage,
    ) -> Result<HttpAnswer, DeviceError> {
        let what = match message {
            CheckinMessage::DeclarativeManagement(message) => message.endpoint.clone(),
            other => other.message_type().to_owned(),
        };
        let answer = self
            .send(link, Endpoint::Checkin, &what, message.to_plist())
            .await?;
        self.accepted(&answer, &what)?;
        Ok(answer)
    }

    /// Turns an HTTP status that is no success into an error, and leaves management where the status says so.
    pub(super) fn accepted(&mut self, answer: &HttpAnswer, what: &str) -> Result<(), DeviceError> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let detail =
            String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
        let body = if answer.body.is_empty() {
            MessageBody::Empty
        } else {
            decoded(&answer.body)
        };
        let code = error_code(&body);
        self.log(
            Direction::ToDevice,
            what,
            Some(answer.status),
            body,
            answer.body.len(),
        );
        let unenroll = answer.status == 401
            || (answer.status == 403
                && code.as_deref() == Some("com.apple.unrecognized.device")
                && gate::modern_unenroll(&self.core));
        if unenroll && self.core.state.enrolled {
            self.leave_management();
        }
        Err(DeviceError::Status {
            what: what.to_owned(),
            status: answer.status,
            detail: code.unwrap_or(detail),
        })
    }

    /// The property list of an answer; an empty body is an empty dictionary.
    pub(super) fn plist_of(
        &mut self,
        answer: &HttpAnswer,
        what: &str,
    ) -> Result<Dictionary, DeviceError> {
        if answer.body.is_empty() {
            self.log(
                Direction::ToDevice,
                what,
                Some(answer.status),
                MessageBody::Empty,
                0,
            );
            return Ok(Dictionary::new());
        }
        match codec::decode(&answer.body) {
            Ok(body) => {
                let shown = MessageBody::Plist(body.clone());
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Ok(body)
            }
            Err(error) => {
                let shown = undecodable(&answer.body);
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Err(garbage(what, &error.to_string()))
            }
        }
    }

    /// The JSON of an answer of declarative management.
    pub(super) fn json_of<T: serde::de::DeserializeOwned>(
        &mut self,
        answer: &HttpAnswer,
        what: &str,
    ) -> Result<T, DeviceError> {
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) => {
                let shown = MessageBody::Json(body.clone());
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                serde_json::from_value(body).map_err(|error| garbage(what, &error.to_string()))
            }
            Err(error) => {
                let shown = undecodable(&answer.body);
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Err(garbage(what, &error.to_string()))
            }
        }
    }

    pub(super) fn empty_answer(&mut self, answer: &HttpAnswer, what: &str) {
        let body = if answer.body.is_empty() {
            MessageBody::Empty
        } else {
            decoded(&answer.body)
        };
        self.log(
            Direction::ToDevice,
            what,
            Some(answer.status),
            body,
            answer.body.len(),
        );
    }
}

pub(super) fn garbage(what: &str, detail: &str) -> DeviceError {
    DeviceError::Garbage {
        what: what.to_owned(),
        detail: detail.to_owned(),
    }
}

pub(super) fn undecodable(bytes: &[u8]) -> MessageBody {
    MessageBody::Undecodable(String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned())
}

fn decoded(bytes: &[u8]) -> MessageBody {
    if let Ok(body) = codec::decode(bytes) {
        return MessageBody::Plist(body);
    }
    match serde_json::from_slice(bytes) {
        Ok(body) => MessageBody::Json(body),
        Err(_) => undecodable(bytes),
    }
}

/// The `code` of a 403 body, which may be JSON or a property list.
fn error_code(body: &MessageBody) -> Option<String> {
    match body {
        MessageBody::Json(body) => body.get("code")?.as_str().map(str::to_owned),
        MessageBody::Plist(body) => body.get("code")?.as_string().map(str::to_owned),
        _ => None,
    }
}
