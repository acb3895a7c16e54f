//! The commands a device carries out: a table from name to handler.
//!
//! A handler runs only for what the gate let through: the command applies to release, enrollment and channel, and its
//! required keys are there. It changes the state and answers. Commands that touch the same state share a file; each
//! file says why.

mod accounts;
mod activation_lock;
mod apps;
mod books;
mod certificates;
mod declarative;
mod erase;
mod extensions;
mod firmware;
mod information;
mod lights_out;
mod lock;
mod logs;
mod lost_mode;
mod mirroring;
mod passcode;
mod power;
mod profiles;
mod provisioning;
mod restrictions;
mod security;
mod services;
mod settings;
mod setup;
mod updates;
mod users;

use device_matrix::capability::{Facts, Kind, Role, Scope};
use plist::Dictionary;
use scenarios::fault::Does;

use super::core::Core;
use super::errors;
use super::gate::{self, Gate};
use super::{effects, values};
use crate::protocol::apple::codec;
use crate::protocol::apple::command::{CommandEnvelope, ErrorItem, Status};

pub(super) use apps::manifest_name;

/// What a device answers to a command.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: Status,
    pub errors: Vec<ErrorItem>,
    pub keys: Dictionary,
    /// What happens once the answer is delivered.
    pub after: Option<After>,
}

/// What happens once an answer is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Declarations are synchronized.
    Synchronize,
    /// The device restarts.
    Restart,
    /// The device shuts down.
    ShutDown,
    /// The device is gone: erased.
    Erase,
    /// The user of the channel is logged out.
    LogOut,
}

impl Reply {
    /// Done, with these response keys.
    pub(super) const fn done(keys: Dictionary) -> Self {
        Self {
            status: Status::Acknowledged,
            errors: Vec::new(),
            keys,
            after: None,
        }
    }

    /// Done, nothing to tell.
    pub(super) fn ok() -> Self {
        Self::done(Dictionary::new())
    }

    /// Done, and then this.
    pub(super) fn then(after: After) -> Self {
        Self {
            after: Some(after),
            ..Self::ok()
        }
    }

    /// Refused.
    pub(super) fn refused(errors: Vec<ErrorItem>) -> Self {
        Self {
            status: Status::Error,
            errors,
            keys: Dictionary::new(),
            after: None,
        }
    }

    fn bare(status: Status) -> Self {
        Self {
            status,
            errors: Vec::new(),
            keys: Dictionary::new(),
            after: None,
        }
    }
}

/// A command that is being carried out.
pub(super) struct Turn<'a> {
    pub core: &'a mut Core,
    pub command: &'a Dictionary,
    pub scope: Scope,
}

impl Turn<'_> {
    /// Refuses with one error of the management client.
    fn refuse(&self, code: i64, text: String) -> Reply {
        self.refuse_in(errors::MDM, code, text)
    }

    fn refuse_in(&self, domain: &str, code: i64, text: String) -> Reply {
        Reply::refused(vec![errors::item(self.core.platform(), domain, code, text)])
    }
}

type Handler = fn(&mut Turn<'_>) -> Reply;

/// Whether a command may change what is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kin {
    Reads,
    Changes,
}

use Kin::{Changes, Reads};

/// Every command this model carries out, sorted by name.
const TABLE: [(&str, Kin, Handler); 68] = [
    ("AccountConfiguration", Changes, accounts::configure),
    (
        "ActivationLockBypassCode",
        Reads,
        activation_lock::bypass_code,
    ),
    ("ActiveNSExtensions", Reads, extensions::active),
    ("ApplyRedemptionCode", Changes, apps::redeem),
    ("AvailableOSUpdates", Reads, updates::available),
    ("CancelEnhancedLogCollection", Changes, logs::cancel),
    ("CertificateList", Reads, certificates::list),
    (
        "ClearActivationLockBypassCode",
        Changes,
        activation_lock::clear,
    ),
    ("ClearPasscode", Changes, passcode::clear),
    (
        "ClearRestrictionsPassword",
        Changes,
        passcode::clear_restrictions,
    ),
    (
        "ContentCachingInformation",
        Reads,
        services::content_caching,
    ),
    ("DeclarativeManagement", Changes, declarative::enable),
    ("DeleteUser", Changes, users::delete),
    ("DeviceConfigured", Changes, setup::device_configured),
    ("DeviceInformation", Reads, information::answer),
    ("DeviceLocation", Reads, lost_mode::location),
    ("DeviceLock", Changes, lock::lock),
    ("DisableLostMode", Changes, lost_mode::disable),
    (
        "DisableRemoteDesktop",
        Changes,
        services::remote_desktop_off,
    ),
    ("EnableLostMode", Changes, lost_mode::enable),
    ("EnableRemoteDesktop", Changes, services::remote_desktop_on),
    ("EraseDevice", Changes, erase::erase),
    ("InstallApplication", Changes, apps::install),
    (
        "InstallEnterpriseApplication",
        Changes,
        apps::install_enterprise,
    ),
    ("InstallMedia", Changes, books::install),
    ("InstallProfile", Changes, profiles::install),
    ("InstallProvisioningProfile", Changes, provisioning::install),
    ("InstalledApplicationList", Reads, apps::installed),
    ("InviteToProgram", Changes, apps::invite),
    ("LOMDeviceRequest", Changes, lights_out::request),
    ("LOMSetupRequest", Reads, lights_out::setup),
    ("LogOutUser", Changes, users::log_out),
    ("ManagedApplicationAttributes", Reads, apps::attributes),
    (
        "ManagedApplicationConfiguration",
        Reads,
        apps::configuration,
    ),
    ("ManagedApplicationFeedback", Reads, apps::feedback),
    ("ManagedApplicationList", Reads, apps::managed),
    ("ManagedMediaList", Reads, books::list),
    ("NSExtensionMappings", Reads, extensions::mappings),
    ("OSUpdateStatus", Reads, updates::status),
    ("PlayLostModeSound", Changes, lost_mode::sound),
    ("ProfileList", Reads, profiles::list),
    ("ProvisioningProfileList", Reads, provisioning::list),
    ("RefreshCellularPlans", Changes, services::cellular_plans),
    ("RemoveApplication", Changes, apps::remove),
    ("RemoveMedia", Changes, books::remove),
    ("RemoveProfile", Changes, profiles::remove),
    ("RemoveProvisioningProfile", Changes, provisioning::remove),
    ("RequestMirroring", Changes, mirroring::start),
    ("RequestUnlockToken", Reads, passcode::unlock_token),
    ("RestartDevice", Changes, power::restart),
    ("Restrictions", Reads, restrictions::list),
    ("RotateFileVaultKey", Changes, services::rotate_recovery_key),
    ("ScheduleOSUpdate", Changes, updates::schedule),
    ("ScheduleOSUpdateScan", Changes, updates::scan),
    ("SecurityInfo", Reads, security::info),
    ("SetAutoAdminPassword", Changes, accounts::set_password),
    ("SetFirmwarePassword", Changes, firmware::set),
    ("SetRecoveryLock", Changes, firmware::set_recovery_lock),
    ("Settings", Changes, settings::set),
    ("ShutDownDevice", Changes, power::shut_down),
    ("StopMirroring", Changes, mirroring::stop),
    ("TriggerEnhancedLogCollection", Changes, logs::trigger),
    ("UnlockUserAccount", Changes, users::unlock),
    ("UserConfigured", Changes, setup::user_configured),
    ("UserList", Reads, users::list),
    ("ValidateApplications", Reads, apps::validate),
    ("VerifyFirmwarePassword", Reads, firmware::verify),
    ("VerifyRecoveryLock", Reads, firmware::verify_recovery_lock),
];

/// The commands of the facts that this model does not carry out. A device answers them with an error of the domain
/// `VirtualDevice`, so that none looks as if it worked.
#[must_use]
pub fn unmodeled(facts: &Facts) -> Vec<String> {
    let mut names: Vec<String> = facts
        .items()
        .iter()
        .filter(|item| item.kind == Kind::Command && handler(&item.id).is_none())
        .map(|item| item.id.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The `DeviceInformation` queries of the facts that this model does not know. A device leaves them out of its answer,
/// as it does with queries that its hardware has no value for.
#[must_use]
pub fn unmodeled_queries(facts: &Facts) -> Vec<String> {
    let mut names: Vec<String> = facts
        .find(Kind::Command, "DeviceInformation")
        .flat_map(|(_, item)| &item.keys)
        .filter(|key| key.enum_value && key.role == Role::Payload)
        .map(|key| key.name().to_owned())
        .filter(|name| !super::information::QUERIES.contains(&name.as_str()))
        .filter(|name| !super::information::WITHOUT_VALUE.contains(&name.as_str()))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn handler(name: &str) -> Option<(Kin, Handler)> {
    TABLE
        .binary_search_by_key(&name, |(known, _, _)| known)
        .ok()
        .map(|index| (TABLE[index].1, TABLE[index].2))
}

/// Answers a command.
pub(super) fn answer(core: &mut Core, envelope: &CommandEnvelope, scope: Scope) -> Reply {
    let Some(command) = &envelope.command else {
        return Reply::bare(Status::CommandFormatError);
    };
    let Some(name) = envelope.request_type() else {
        return Reply::bare(Status::CommandFormatError);
    };
    if let Some((status, errors)) = core.spec.quirks.forced_status(name) {
        return Reply {
            errors,
            ..Reply::bare(status)
        };
    }
    let mut reply = match gate::decide(core, name, command, scope) {
        Gate::Run => run(core, name, command, scope),
        Gate::Ignored => Reply::ok(),
        Gate::Malformed => Reply::bare(Status::CommandFormatError),
        Gate::NotNow => Reply::bare(Status::NotNow),
        Gate::Refused(errors) => Reply::refused(errors),
    };
    distort(core, name, &mut reply.keys);
    reply
}

fn run(core: &mut Core, name: &str, command: &Dictionary, scope: Scope) -> Reply {
    let Some((kin, handler)) = handler(name) else {
        let text = format!(
            "“{name}” is in the vendor's catalogue and this virtual device has no model of it."
        );
        return Reply::refused(vec![errors::item(
            core.platform(),
            "VirtualDevice",
            1,
            text,
        )]);
    };
    if kin == Changes {
        remember_kept(core);
    }
    let reply = handler(&mut Turn {
        core: &mut *core,
        command,
        scope,
    });
    if kin == Changes && reply.status == Status::Acknowledged {
        core.state.lost_effects.clear();
    }
    reply
}

/// Notes what a planted fault will keep in force after it was taken back.
pub(super) fn remember_kept(core: &mut Core) {
    if core.spec.quirks.staying().next().is_none() {
        return;
    }
    let tree = effects::tree(core);
    let kept: Vec<(String, serde_json::Value)> = core
        .spec
        .quirks
        .staying()
        .filter_map(|pointer| Some((pointer.to_owned(), tree.pointer(pointer)?.clone())))
        .collect();
    for (pointer, value) in kept {
        match core
            .state
            .kept_effects
            .iter_mut()
            .find(|(known, _)| *known == pointer)
        {
            Some(known) => known.1 = value,
            None => core.state.kept_effects.push((pointer, value)),
        }
    }
}

/// Plants faults in an answer.
fn distort(core: &Core, name: &str, keys: &mut Dictionary) {
    for does in core.spec.quirks.touching(name) {
        match does {
            Does::Drop(pointer) => values::remove(keys, pointer),
            Does::Set { at, value } => {
                if let (Some(place), Ok(value)) = (values::at(keys, at), codec::from_json(value)) {
                    *place = value;
                }
            }
            Does::WrongType(pointer) => {
                if let Some(place) = values::at(keys, pointer) {
                    *place = match place {
                        plist::Value::String(_) => values::int(1),
                        _ => values::text("1"),
                    };
                }
            }
            Does::Rename { at, to } => {
                let value = values::at(keys, at).map(|place| place.clone());
                let (parent, _) = at.rsplit_once('/').unwrap_or(("", ""));
                values::remove(keys, at);
                let inner = match parent {
                    "" => Some(&mut *keys),
                    parent => values::at(keys, parent).and_then(plist::Value::as_dictionary_mut),
                };
                if let (Some(value), Some(inner)) = (value, inner) {
                    inner.insert(to.clone(), value);
                }
            }
            Does::Extra { key, value } => {
                if let Ok(value) = codec::from_json(value) {
                    keys.insert(key.clone(), value);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use device_matrix::enrollment::EnrollmentType;
    use device_matrix::model::Hardware;
    use device_matrix::platform::Platform;
    use plist::Value;
    use proptest::prelude::*;

    use super::super::testing::{item, model, release, since};
    use super::super::{DeviceSpec, testing};
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, _, _) in TABLE {
            assert!(handler(name).is_some());
        }
    }

    fn core(platform: Platform, id: &str, enrollment: EnrollmentType) -> Core {
        let all = TABLE
            .iter()
            .map(|(name, _, _)| item(Kind::Command, name, &since("1")));
        Core::new(DeviceSpec {
            model: model(id, platform, &[Hardware::Cellular, Hardware::DualSim]),
            release: release(platform, "26.0", "23A1"),
            enrollment,
            supervised: true,
            facts: testing::facts(all.collect()),
            settings: Arc::default(),
            quirks: Arc::default(),
            seed: 5,
            timeout: Duration::from_secs(1),
        })
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Boolean),
            any::<i64>().prop_map(|number| Value::Integer(number.into())),
            any::<f64>().prop_map(Value::Real),
            "[a-z/:.?#]{0,12}".prop_map(Value::String),
            proptest::collection::vec(any::<u8>(), 0..12).prop_map(Value::Data),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                any_keys(inner).prop_map(Value::Dictionary),
            ]
        })
    }

    /// Keys that handlers look at, so that wrong types reach them.
    fn any_keys(values: impl Strategy<Value = Value>) -> impl Strategy<Value = Dictionary> {
        let name = prop::sample::select(vec![
            "Settings",
            "Item",
            "Identifier",
            "Identifiers",
            "Payload",
            "Updates",
            "Queries",
            "ProductVersion",
            "RequestList",
            "AutoSetupAdminAccounts",
            "UserName",
            "Manifest",
            "items",
            "metadata",
            "MediaType",
            "iTunesStoreID",
            "ManifestURL",
            "PIN",
            "Message",
            "ReturnToService",
            "Enabled",
            "MDMOptions",
            "NewPassword",
            "GUID",
            "UUID",
            "ProvisioningProfile",
            "Attributes",
            "Configuration",
            "Where",
            "x",
        ]);
        proptest::collection::vec((name, values), 0..8).prop_map(|pairs| {
            pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_command_makes_a_device_panic(
            commands in proptest::collection::vec((0..TABLE.len(), any_keys(any_value())), 1..40),
        ) {
            for (platform, id, enrollment) in [
                (Platform::Ios, "iPhone17,2", EnrollmentType::Ade),
                (Platform::Ipados, "iPad13,18", EnrollmentType::SharedIpad),
                (Platform::Macos, "Mac14,2", EnrollmentType::Ade),
            ] {
                let mut core = core(platform, id, enrollment);
                for (index, keys) in &commands {
                    let mut command = keys.clone();
                    command.insert("RequestType".to_owned(), Value::String(TABLE[*index].0.to_owned()));
                    let envelope = CommandEnvelope { uuid: "c".to_owned(), command: Some(command) };
                    for scope in [Scope::Device, Scope::User] {
                        let reply = answer(&mut core, &envelope, scope);
                        prop_assert!(reply.status != Status::Idle);
                        prop_assert!(codec::encode_xml(&reply.keys).is_ok());
                    }
                }
                prop_assert!(effects::tree(&core).is_object());
            }
        }
    }
}
