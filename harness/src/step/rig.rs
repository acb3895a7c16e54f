//! A device at its place: what one device has been given, beyond the life of a single case.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use device_matrix::release::Release;
use scenarios::event::Direction;
use serde_json::{Value, json};

use crate::device::{DeviceMessage, DeviceUnderTest, MessageBody};
use crate::protocol::apple::codec;
use crate::server::{COUNTED, DeclarationView, EnrollmentId, Introduction};

/// Keys of a `TokenUpdate` that the server keeps for the device.
const ESCROWED: [&str; 1] = ["UnlockToken"];

/// How long the harness waits for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one call to the server's operator side.
    pub server: Duration,
    /// For the arrival of a push that was sent.
    pub push: Duration,
    /// For one session of the device with the server, or something at the device.
    pub session: Duration,
    /// For the server to report a result or a status after the session is over.
    pub result: Duration,
    /// For a status report when the device did not visibly send one.
    pub settle: Duration,
}

impl Limits {
    /// Limits for servers on the same machine or in the same house.
    pub const USUAL: Self = Self {
        server: Duration::from_secs(15),
        push: Duration::from_secs(10),
        session: Duration::from_mins(1),
        result: Duration::from_secs(15),
        settle: Duration::from_secs(2),
    };

    /// Limits for an embedded server that loses messages on purpose: nothing is worth waiting for.
    pub const BRISK: Self = Self {
        server: Duration::from_secs(5),
        push: Duration::from_secs(1),
        session: Duration::from_secs(10),
        result: Duration::from_millis(300),
        settle: Duration::from_millis(100),
    };
}

/// A device with what the harness knows of it.
pub struct Rig {
    /// The device.
    pub device: Box<dyn DeviceUnderTest>,
    /// The release it runs now.
    pub release: Arc<Release>,
    declared: HashMap<EnrollmentId, Declared>,
    escrow: HashMap<&'static str, Value>,
    checkins: usize,
    introduction: Introduction,
}

#[derive(Clone, Debug, Default)]
struct Declared {
    given: Vec<Value>,
    /// Activations the harness added, by the identifier it gave them.
    activations: Vec<String>,
    reports: u64,
    latest: Option<DeclarationView>,
}

impl Rig {
    /// A device that has been enrolled on `release`.
    #[must_use]
    pub fn new(device: Box<dyn DeviceUnderTest>, release: Arc<Release>) -> Self {
        Self {
            device,
            release,
            declared: HashMap::new(),
            escrow: HashMap::new(),
            checkins: 0,
            introduction: Introduction::default(),
        }
    }

    /// What the device exchanged since the last call. What it handed over for safe keeping is remembered, as a server
    /// would remember it.
    pub fn take_messages(&mut self) -> Vec<DeviceMessage> {
        let messages = self.device.take_messages();
        for message in &messages {
            let MessageBody::Plist(body) = &message.body else {
                continue;
            };
            // Those of a user channel belong to an enrollment of their own.
            if message.direction == Direction::ToServer
                && COUNTED.contains(&message.what.as_str())
                && body.get("UserID").is_none()
            {
                self.checkins += 1;
            }
            if message.what == "Authenticate" {
                let text = |key: &str| {
                    let value = body.get(key)?.as_string()?;
                    Some(value.to_owned())
                };
                self.introduction = Introduction {
                    serial: text("SerialNumber"),
                    udid: text("UDID"),
                };
            }
            if message.what != "TokenUpdate" {
                continue;
            }
            for key in ESCROWED {
                if let Some(value) = body.get(key) {
                    self.escrow.insert(key, codec::to_json(value));
                }
            }
        }
        messages
    }

    /// What the device said of itself when it last enrolled.
    #[must_use]
    pub fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    /// Check-ins of the device channel that enroll or withdraw, so far.
    #[must_use]
    pub fn checkins(&self) -> usize {
        self.checkins
    }

    /// What the device last handed over under `key`.
    #[must_use]
    pub fn escrowed(&self, key: &str) -> Option<&Value> {
        self.escrow.get(key)
    }

    /// Adds declarations, with an activation when none is among them. Returns all that the enrollment now has.
    pub fn declare(&mut self, id: &EnrollmentId, new: &[Value]) -> Vec<Value> {
        let declared = self.declared.entry(id.clone()).or_default();
        for declaration in new {
            let identifier = identifier(declaration);
            declared
                .given
                .retain(|known| self::identifier(known) != identifier);
            declared.given.push(declaration.clone());
        }
        let configurations: Vec<&str> = new
            .iter()
            .filter(|declaration| kind(declaration).starts_with("com.apple.configuration."))
            .filter_map(identifier)
            .collect();
        let activated = new
            .iter()
            .any(|declaration| kind(declaration).starts_with("com.apple.activation."));
        if let (false, Some(first)) = (activated, configurations.first()) {
            let identifier = format!("{first}.activation");
            declared
                .given
                .retain(|known| self::identifier(known) != Some(identifier.as_str()));
            declared.given.push(json!({
                "Type": "com.apple.activation.simple",
                "Identifier": identifier,
                "Payload": { "StandardConfigurations": configurations },
            }));
            declared.activations.push(identifier);
        }
        declared.given.clone()
    }

    /// Takes declarations back, and the activations that the harness added for them. Returns what is left.
    pub fn undeclare(&mut self, id: &EnrollmentId, identifiers: &[String]) -> Vec<Value> {
        let declared = self.declared.entry(id.clone()).or_default();
        let gone = |name: &str| identifiers.iter().any(|identifier| identifier == name);
        declared
            .given
            .retain(|known| !identifier(known).is_some_and(gone));
        let activations = declared.activations.clone();
        for declaration in &mut declared.given {
            if identifier(declaration).is_some_and(|name| activations.iter().any(|a| a == name))
                && let Some(Value::Array(configurations)) =
                    declaration.pointer_mut("/Payload/StandardConfigurations")
            {
                configurations.retain(|name| !name.as_str().is_some_and(gone));
            }
        }
        declared.given.retain(|known| {
            let ours = identifier(known).is_some_and(|name| activations.iter().any(|a| a == name));
            let empty = known
                .pointer("/Payload/StandardConfigurations")
                .and_then(Value::as_array)
                .is_some_and(Vec::is_empty);
            !(ours && empty)
        });
        declared.given.clone()
    }

    /// Number of status reports that the device has sent so far.
    #[must_use]
    pub fn reports(&self, id: &EnrollmentId) -> u64 {
        self.declared.get(id).map_or(0, |declared| declared.reports)
    }

    /// Notes that the device sent `sent` more status reports.
    pub fn reported(&mut self, id: &EnrollmentId, sent: u64) {
        self.declared.entry(id.clone()).or_default().reports += sent;
    }

    /// Keeps the latest view.
    pub fn keep_view(&mut self, id: &EnrollmentId, view: DeclarationView) {
        let declared = self.declared.entry(id.clone()).or_default();
        declared.reports = declared.reports.max(view.reports);
        declared.latest = Some(view);
    }

    /// The latest view that the server gave.
    #[must_use]
    pub fn latest_view(&self, id: &EnrollmentId) -> DeclarationView {
        self.declared
            .get(id)
            .and_then(|declared| declared.latest.clone())
            .unwrap_or_default()
    }
}

fn identifier(declaration: &Value) -> Option<&str> {
    declaration.get("Identifier").and_then(Value::as_str)
}

fn kind(declaration: &Value) -> &str {
    declaration
        .get("Type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
