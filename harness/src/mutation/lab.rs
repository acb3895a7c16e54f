//! The lab of virtual devices and the reference server.

use std::sync::Arc;

use serde_json::json;

use super::fault::{DeviceFault, ServerFault};
use super::run::Lab;
use crate::device::apple::quirks::{ForcedError, ForcedStatus, LostAfter, Quirk, Quirks};
use crate::runner::{DeviceFactory, VirtualDevices};
use crate::server::ServerUnderTest;
use crate::server::reference::{self, Alteration, ReferenceConfig, ReferenceServer, ServerQuirks};

/// Virtual devices and an embedded reference server for every run.
#[derive(Clone, Debug)]
pub struct ReferenceLab {
    /// Honest devices.
    pub devices: VirtualDevices,
    /// An honest server.
    pub server: ReferenceConfig,
}

impl Lab for ReferenceLab {
    fn server(&self, fault: Option<&ServerFault>) -> Option<Arc<dyn ServerUnderTest>> {
        let mut config = self.server.clone();
        config.quirks = ServerQuirks(fault.map(server_quirk).into_iter().collect());
        Some(ReferenceServer::embedded(config).ok()?)
    }

    fn devices(&self, fault: Option<&DeviceFault>) -> Option<Arc<dyn DeviceFactory>> {
        let mut devices = self.devices.clone();
        devices.quirks = Arc::new(Quirks::new(fault.map(device_quirk).into_iter().collect()));
        Some(Arc::new(devices))
    }
}

/// The quirk that makes a device misbehave so.
#[must_use]
pub fn device_quirk(fault: &DeviceFault) -> Quirk {
    match fault.clone() {
        DeviceFault::EffectMissing { pointer } => Quirk::EffectMissing { pointer },
        DeviceFault::EffectStays { pointer } => Quirk::EffectStays { pointer },
        DeviceFault::LostByReboot { pointer } => Quirk::NotPersistent {
            pointer,
            after: LostAfter::Reboot,
        },
        DeviceFault::LostByUpdate { pointer } => Quirk::NotPersistent {
            pointer,
            after: LostAfter::Update,
        },
        DeviceFault::AcknowledgesOnly { request_type } => Quirk::StatusOverride {
            request_type,
            status: ForcedStatus::Acknowledged,
            error: None,
        },
        DeviceFault::Refuses { request_type } => Quirk::StatusOverride {
            request_type,
            status: ForcedStatus::Error,
            error: Some(ForcedError {
                domain: "MCMDMErrorDomain".to_owned(),
                code: 12_008,
                description: "The command failed.".to_owned(),
            }),
        },
        DeviceFault::DropsKey {
            request_type,
            pointer,
        } => Quirk::DropResponseKey {
            request_type,
            pointer,
        },
        DeviceFault::WrongValue {
            request_type,
            pointer,
        } => Quirk::WrongValue {
            request_type,
            pointer,
            value: json!("mutated"),
        },
        DeviceFault::FalselyInvalid { declaration_type } => Quirk::DeclarationStatus {
            declaration_type,
            active: false,
            valid: "invalid".to_owned(),
        },
    }
}

/// The quirk that makes the server misbehave so.
#[must_use]
pub fn server_quirk(fault: &ServerFault) -> reference::Quirk {
    let command = |request_type: String| reference::Target::Command(Some(request_type));
    let declaration = |kind: String| reference::Target::Declaration(Some(kind));
    let (target, alteration) = match fault.clone() {
        ServerFault::DropsCommandKey {
            request_type,
            pointer,
        } => (command(request_type), Alteration::Drop(pointer)),
        ServerFault::ChangesCommandKey {
            request_type,
            pointer,
        } => (
            command(request_type),
            Alteration::Set(pointer, json!("mutated")),
        ),
        ServerFault::LosesCommand { request_type } => (command(request_type), Alteration::Swallow),
        ServerFault::FailsCommand { request_type } => {
            (command(request_type), Alteration::Status(500))
        }
        ServerFault::DropsDeclarationKey {
            declaration_type,
            pointer,
        } => (declaration(declaration_type), Alteration::Drop(pointer)),
        ServerFault::LosesDeclaration { declaration_type } => {
            (declaration(declaration_type), Alteration::Swallow)
        }
    };
    reference::Quirk { target, alteration }
}
