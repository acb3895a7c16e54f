//! Real devices that are enrolled in the server under test already.
//!
//! Nothing of such a device can be seen from here: neither its messages nor its effects. What the harness has is what
//! the server tells of its answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::release::Release;
use scenarios::event::DeviceOrigin;
use scenarios::scenario::{Action, ChannelWord, DeviceAction, Scenario};
use serde_json::Value;

use super::{DeviceError, DeviceMessage, DeviceUnderTest, Session};
use crate::server::{EnrollmentGrant, EnrollmentId};

/// Commands that a real device takes only when its list allows them by name: they wipe it, lock somebody out, take it
/// down, or take it out of management.
pub const DANGEROUS: [&str; 16] = [
    "ClearPasscode",
    "ClearRestrictionsPassword",
    "DeleteUser",
    "DeviceLock",
    "EnableLostMode",
    "EraseDevice",
    "LOMDeviceRequest",
    "RestartDevice",
    "RotateFileVaultKey",
    "ScheduleOSUpdate",
    "SetAutoAdminPassword",
    "SetFirmwarePassword",
    "SetRecoveryLock",
    "ShutDownDevice",
    "UnlockUserAccount",
    "LogOutUser",
];

/// What a lab device takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safety {
    /// Commands that are allowed although they are dangerous.
    pub allow: Vec<String>,
    /// Commands that are allowed at all; empty is every one that is not dangerous.
    pub only: Vec<String>,
}

impl Safety {
    /// Whether a command may be sent.
    #[must_use]
    pub fn allows(&self, request_type: &str) -> bool {
        let named = |list: &[String]| list.iter().any(|name| name == request_type);
        if DANGEROUS.contains(&request_type) {
            return named(&self.allow);
        }
        self.only.is_empty() || named(&self.only) || named(&self.allow)
    }
}

/// A lab device as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabSpec {
    /// Name for messages.
    pub name: String,
    /// UDID or `EnrollmentID`.
    pub enrollment: String,
    /// User id of its user channel, when there is one.
    pub user: Option<String>,
    /// What it takes.
    pub safety: Safety,
    /// How long it may take to answer.
    pub patience: Duration,
}

/// A real device.
#[derive(Clone, Debug)]
pub struct LabDevice {
    spec: Arc<LabSpec>,
}

impl LabDevice {
    /// The device that the list describes.
    #[must_use]
    pub fn new(spec: Arc<LabSpec>) -> Self {
        Self { spec }
    }

    fn unseen(&self, what: &str) -> DeviceError {
        DeviceError::State(format!(
            "{} is a real device, and {what} needs a person at it",
            self.spec.name
        ))
    }
}

#[async_trait]
impl DeviceUnderTest for LabDevice {
    fn origin(&self) -> DeviceOrigin {
        DeviceOrigin::Device
    }

    fn enrollment_id(&self, channel: ChannelWord) -> EnrollmentId {
        let id = &self.spec.enrollment;
        match (channel, &self.spec.user) {
            (ChannelWord::User, Some(user)) => EnrollmentId(format!("{id}:{user}")),
            _ => EnrollmentId(id.clone()),
        }
    }

    /// It is enrolled already.
    async fn enroll(&mut self, _grant: &EnrollmentGrant) -> Result<(), DeviceError> {
        Ok(())
    }

    /// Its pushes can not be seen.
    async fn woken(&mut self, _within: Duration) -> bool {
        true
    }

    /// It comes by itself; its messages can not be seen.
    async fn session(&mut self, _channel: ChannelWord) -> Result<Session, DeviceError> {
        Ok(Session::default())
    }

    async fn act(&mut self, _action: &DeviceAction) -> Result<(), DeviceError> {
        Err(self.unseen("what happens at it"))
    }

    async fn update_to(&mut self, _release: Arc<Release>) -> Result<(), DeviceError> {
        Err(self.unseen("an update"))
    }

    fn effects(&self) -> Option<Value> {
        None
    }

    fn take_messages(&mut self) -> Vec<DeviceMessage> {
        Vec::new()
    }

    fn enrolled(&self) -> bool {
        true
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.spec.patience)
    }

    fn refuses(&self, scenario: &Scenario) -> Option<Refused> {
        let name = &self.spec.name;
        if scenario.destructive && !self.spec.safety.allows("EraseDevice") {
            return Some(Refused::Unsafe(format!(
                "the scenario destroys what is on the device, and the list of {name} does not allow EraseDevice"
            )));
        }
        let phases = [
            &scenario.apply,
            &scenario.verify,
            &scenario.undo,
            &scenario.verify_undone,
        ];
        let steps = || phases.into_iter().flatten();
        for step in steps() {
            let sends = match &step.action {
                Action::Command { request_type, .. } => request_type.as_str(),
                Action::InstallProfile { .. } => "InstallProfile",
                Action::RemoveProfile { .. } => "RemoveProfile",
                Action::Declare { .. } | Action::Undeclare { .. } => "DeclarativeManagement",
                Action::Device(_) | Action::Effect | Action::ServerView => continue,
            };
            if !self.spec.safety.allows(sends) {
                return Some(Refused::Unsafe(format!(
                    "the list of {name} does not allow {sends}"
                )));
            }
        }
        let user = |channel: &ChannelWord| *channel == ChannelWord::User;
        let person = steps().any(|step| match &step.action {
            Action::Device(action) => *action != DeviceAction::Poll,
            Action::Command { channel, args, .. } => {
                (user(channel) && self.spec.user.is_none()) || args.to_string().contains("$escrow")
            }
            Action::InstallProfile { channel, .. }
            | Action::RemoveProfile { channel, .. }
            | Action::Declare { channel, .. }
            | Action::Undeclare { channel, .. } => user(channel) && self.spec.user.is_none(),
            Action::Effect | Action::ServerView => false,
        });
        person.then(|| {
            Refused::NeedsPerson(format!(
                "the scenario needs somebody at {name}, or a channel that is not listed; look yourself and use `cargo xtask record`"
            ))
        })
    }
}

/// Why a device does not take a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is not safe.
    Unsafe(String),
    /// It needs somebody at the device.
    NeedsPerson(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dangerous_commands_need_to_be_named() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let usual = Safety::default();
        let lock = Safety {
            allow: list(&["DeviceLock"]),
            only: Vec::new(),
        };
        let few = Safety {
            allow: Vec::new(),
            only: list(&["DeviceInformation", "EraseDevice"]),
        };
        let rows = [
            (&usual, "DeviceInformation", true),
            (&usual, "InstallProfile", true),
            (&usual, "EraseDevice", false),
            (&usual, "DeviceLock", false),
            (&lock, "DeviceLock", true),
            (&lock, "EraseDevice", false),
            (&few, "DeviceInformation", true),
            (&few, "InstallProfile", false),
            (&few, "EraseDevice", false),
        ];
        for (safety, command, wanted) in rows {
            assert_eq!(safety.allows(command), wanted, "{safety:?} {command}");
        }
    }
}
