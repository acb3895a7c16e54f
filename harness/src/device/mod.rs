//! Devices under test: what the runner asks of a device, virtual or real.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::release::Release;
use scenarios::event::{DeviceOrigin, Direction};
use scenarios::scenario::{ChannelWord, DeviceAction, Scenario};
use serde_json::Value;

use crate::server::{EnrollmentGrant, EnrollmentId, Invitation};

pub mod apple;
pub mod lab;

/// A body as it was on the wire, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageBody {
    /// No bytes.
    Empty,
    /// A property list.
    Plist(plist::Dictionary),
    /// JSON of declarative management.
    Json(Value),
    /// Bytes that could not be decoded; the beginning as text, for the record.
    Undecodable(String),
}

/// One message a device sent or received.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceMessage {
    /// Direction.
    pub direction: Direction,
    /// `MessageType`, `RequestType`, status or endpoint.
    pub what: String,
    /// HTTP status, for answers of the server.
    pub http_status: Option<u16>,
    /// Body.
    pub body: MessageBody,
    /// Length of the raw body in bytes.
    pub bytes: u64,
}

/// What happened in one session with the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Commands answered finally.
    pub answered: u32,
    /// Commands answered `NotNow`.
    pub not_now: u32,
}

/// Why a device could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No connection to the server.
    #[error("the device got no connection to the server: {0}")]
    Unreachable(String),
    /// The server did not answer in time.
    #[error("the server did not answer the device's {what} within {} s", after.as_secs())]
    Timeout {
        /// What was sent.
        what: String,
        /// How long the device waited.
        after: Duration,
    },
    /// The server refused.
    #[error("the server answered the device's {what} with HTTP {status}: {detail}")]
    Status {
        /// What was sent.
        what: String,
        /// HTTP status.
        status: u16,
        /// Beginning of the body, or the reason a person would see.
        detail: String,
    },
    /// The server sent something that is not the protocol.
    #[error(
        "the server answered the device's {what} with something a device cannot read: {detail}"
    )]
    Garbage {
        /// What was sent.
        what: String,
        /// What did not fit.
        detail: String,
    },
    /// It can not come under management: profile, identity, trust, or the server's own words.
    #[error("{sentence}")]
    Enrollment {
        /// Stable word, as in `scenarios::event::Ended::Blocked`.
        reason: &'static str,
        /// What a QA engineer can act on.
        sentence: String,
    },
    /// The device is in a state in which it can not do this (erased, not enrolled, no such user).
    #[error("the device cannot do this now: {0}")]
    State(String),
}

/// A device under test. One cell's cases use it one after the other.
#[async_trait]
pub trait DeviceUnderTest: Send {
    /// Origin of its answers.
    fn origin(&self) -> DeviceOrigin;

    /// The id of its enrollment on a channel.
    fn enrollment_id(&self, channel: ChannelWord) -> EnrollmentId;

    /// Enrolls: `Authenticate`, then `TokenUpdate`.
    async fn enroll(&mut self, grant: &EnrollmentGrant) -> Result<(), DeviceError>;

    /// Follows an invitation: gets the enrollment profile when the server gives no grant by itself, and enrolls.
    async fn enroll_by(&mut self, invitation: &Invitation) -> Result<(), DeviceError> {
        match invitation {
            Invitation::Grant(grant) => self.enroll(grant).await,
            Invitation::Profile(_) => Err(DeviceError::State(
                "this kind of device does not enroll by profile; let the server give a grant"
                    .to_owned(),
            )),
        }
    }

    /// Waits for a push on any of its channels. `false` when none came in time.
    async fn woken(&mut self, within: Duration) -> bool;

    /// Connects, says `Idle`, and answers commands until there are none; synchronizes declarations when asked to.
    async fn session(&mut self, channel: ChannelWord) -> Result<Session, DeviceError>;

    /// Something happens at the device itself.
    async fn act(&mut self, action: &DeviceAction) -> Result<(), DeviceError>;

    /// Updates in place to another release, keeping what survives.
    async fn update_to(&mut self, release: Arc<Release>) -> Result<(), DeviceError>;

    /// The effect tree (see `scenarios::effects`); `None` where effects can not be seen, as on a real device.
    fn effects(&self) -> Option<Value>;

    /// Messages exchanged since the last call, in order.
    fn take_messages(&mut self) -> Vec<DeviceMessage>;

    /// Whether it is under management already, so that nothing is to be prepared.
    fn enrolled(&self) -> bool {
        false
    }

    /// How long it may take to answer, when it has a time of its own.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Why it does not take a scenario.
    fn refuses(&self, _scenario: &Scenario) -> Option<lab::Refused> {
        None
    }
}
