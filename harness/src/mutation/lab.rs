//! The real thing to corrupt: embedded reference servers and virtual devices.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::fault::{DeviceFault, ServerFault};
use super::run::Lab;
use crate::device::apple::VirtualDevices;
use crate::device::apple::quirks::{ForcedError, ForcedStatus, LostAfter, Quirk, Quirks};
use crate::protocol::apple::identity::IdentityIssuer;
use crate::push::PushHub;
use crate::runner::DeviceFactory;
use crate::server::ServerUnderTest;
use crate::server::clock::Clock;
use crate::server::reference::{
    Alteration, Quirk as ServerQuirk, ReferenceConfig, ReferenceServer, ServerQuirks, Target,
};

/// A value that no key has by accident.
const STRANGE: &str = "mutated by the harness";

/// HTTP status of a server that fails.
const BROKEN: u16 = 500;

/// Embedded servers that share one issuer of identities, and virtual devices.
#[derive(Debug)]
pub struct EmbeddedLab {
    issuer: Arc<IdentityIssuer>,
    /// Held so that a server lives as long as the run that uses it.
    server: Mutex<Option<Arc<ReferenceServer>>>,
}

impl EmbeddedLab {
    /// A lab whose devices get their identities from `issuer`.
    #[must_use]
    pub const fn new(issuer: Arc<IdentityIssuer>) -> Self {
        Self {
            issuer,
            server: Mutex::new(None),
        }
    }
}

impl Lab for EmbeddedLab {
    fn server(&self, fault: Option<&ServerFault>) -> Option<Arc<dyn ServerUnderTest>> {
        let mut config =
            ReferenceConfig::new(self.issuer.clone(), PushHub::default(), Clock::system());
        config.quirks = ServerQuirks(fault.map(server_quirk).into_iter().collect());
        let server = ReferenceServer::embedded(config).ok()?;
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server.clone());
        Some(server)
    }

    fn devices(&self, fault: Option<&DeviceFault>) -> Option<Arc<dyn DeviceFactory>> {
        Some(Arc::new(VirtualDevices {
            quirks: Arc::new(Quirks {
                quirks: fault.map(device_quirk).into_iter().collect(),
            }),
            ..VirtualDevices::honest()
        }))
    }
}

fn device_quirk(fault: &DeviceFault) -> Quirk {
    let status = |request_type: &String, status| Quirk::StatusOverride {
        request_type: request_type.clone(),
        status,
        error: None,
    };
    match fault {
        DeviceFault::EffectMissing { pointer } => Quirk::EffectMissing {
            pointer: pointer.clone(),
        },
        DeviceFault::EffectStays { pointer } => Quirk::EffectStays {
            pointer: pointer.clone(),
        },
        DeviceFault::LostByReboot { pointer } => Quirk::NotPersistent {
            pointer: pointer.clone(),
            after: LostAfter::Reboot,
        },
        DeviceFault::LostByUpdate { pointer } => Quirk::NotPersistent {
            pointer: pointer.clone(),
            after: LostAfter::Update,
        },
        DeviceFault::AcknowledgesOnly { request_type } => {
            status(request_type, ForcedStatus::Acknowledged)
        }
        DeviceFault::Refuses { request_type } => Quirk::StatusOverride {
            request_type: request_type.clone(),
            status: ForcedStatus::Error,
            error: Some(ForcedError {
                domain: "MCMDMErrorDomain".to_owned(),
                code: 12_021,
                description: STRANGE.to_owned(),
            }),
        },
        DeviceFault::DropsKey {
            request_type,
            pointer,
        } => Quirk::DropResponseKey {
            request_type: request_type.clone(),
            pointer: pointer.clone(),
        },
        DeviceFault::WrongValue {
            request_type,
            pointer,
        } => Quirk::WrongValue {
            request_type: request_type.clone(),
            pointer: pointer.clone(),
            value: strange(),
        },
        DeviceFault::FalselyInvalid { declaration_type } => Quirk::DeclarationStatus {
            declaration_type: declaration_type.clone(),
            active: true,
            valid: "invalid".to_owned(),
        },
    }
}

fn server_quirk(fault: &ServerFault) -> ServerQuirk {
    let command = |request_type: &String, alteration| ServerQuirk {
        target: Target::Command(Some(request_type.clone())),
        alteration,
    };
    let declaration = |kind: &String, alteration| ServerQuirk {
        target: Target::Declaration(Some(kind.clone())),
        alteration,
    };
    match fault {
        ServerFault::DropsCommandKey {
            request_type,
            pointer,
        } => command(request_type, Alteration::Drop(pointer.clone())),
        ServerFault::ChangesCommandKey {
            request_type,
            pointer,
        } => command(request_type, Alteration::Set(pointer.clone(), strange())),
        ServerFault::LosesCommand { request_type } => command(request_type, Alteration::Swallow),
        ServerFault::FailsCommand { request_type } => {
            command(request_type, Alteration::Status(BROKEN))
        }
        ServerFault::DropsDeclarationKey {
            declaration_type,
            pointer,
        } => declaration(declaration_type, Alteration::Drop(pointer.clone())),
        ServerFault::LosesDeclaration { declaration_type } => {
            declaration(declaration_type, Alteration::Swallow)
        }
    }
}

fn strange() -> Value {
    json!(STRANGE)
}
