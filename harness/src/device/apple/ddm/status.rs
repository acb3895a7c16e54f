//! Values of status items.

use device_matrix::capability::{Kind, Scope};
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use serde_json::{Value, json};

use super::super::core::Core;
use super::super::{effects, passcode};
use crate::protocol::apple::ddm::DeclarationKind;

/// The value of a status item that this device reports; `None` when it does not report the item.
pub(super) fn value(core: &Core, scope: Scope, name: &str) -> Option<Value> {
    let applicability = core.item_applies(Kind::Status, name, scope)?;
    if !core.takes(applicability) || core.spec.quirks.hides_status_item(name) {
        return None;
    }
    model(core, scope, name)
}

/// Whether the device model knows the item.
pub(super) fn modeled(core: &Core, name: &str) -> bool {
    model(core, Scope::Device, name).is_some() || OPTIONAL.contains(&name)
}

/// Items that are modeled and absent on some devices.
const OPTIONAL: [&str; 5] = [
    "device.operating-system.build-version",
    "device.operating-system.supplemental.build-version",
    "device.operating-system.supplemental.extra-version",
    "device.identifier.udid",
    "device.identifier.serial-number",
];

fn model(core: &Core, scope: Scope, name: &str) -> Option<Value> {
    let state = &core.state;
    let derive = core.derive();
    let spec = &core.spec;
    Some(match name {
        "device.identifier.udid" => json!(derive.provisioning_udid(&spec.model)),
        "device.identifier.serial-number" => json!(derive.serial(&spec.model)),
        "device.model.family" => json!(core.spec.model.family()),
        "device.model.identifier" => json!(core.spec.model.id.0),
        "device.model.marketing-name" => json!(core.spec.model.name),
        "device.model.number" => json!(format!("A{}", derive.digits("model-number", 4))),
        "device.operating-system.family" => json!(core.platform().name()),
        "device.operating-system.marketing-name" => {
            json!(format!("{} {}", core.platform().name(), core.version()))
        }
        "device.operating-system.version" => json!(core.version().to_string()),
        "device.operating-system.build-version"
        | "device.operating-system.supplemental.build-version" => json!(core.build()?),
        "device.operating-system.supplemental.extra-version"
        | "softwareupdate.beta-enrollment"
        | "enhanced-logging.applecare-token" => json!(""),
        "device.power.battery-health" => {
            json!(if core.has(Hardware::Battery) {
                "normal"
            } else {
                "unsupported"
            })
        }
        "device.system.health" => json!({"state": "ok"}),
        "diskmanagement.filevault.enabled" => json!(effects::filevault_on(core)),
        "passcode.is-present" => json!(state.passcode.is_some()),
        "passcode.is-compliant" => {
            json!(passcode::complies(
                state.passcode.as_deref(),
                &passcode::policy(core)
            ))
        }
        "security.lockdown-mode"
        | "mdm.is-return-to-service"
        | "enhanced-logging.noninteractive-eligibility" => json!(false),
        "mdm.app" | "app.managed.list" => apps(core, name == "mdm.app"),
        "package.list"
        | "content-cache.parents"
        | "content-cache.peers"
        | "services.background-task"
        | "screensharing.connection.group.unresolved-connection" => json!([]),
        "security.certificate.list" => certificates(core),
        "softwareupdate.device-id" => json!(format!("{}AP", core.spec.model.id.0)),
        "softwareupdate.failure-reason" => json!({"count": 0}),
        "softwareupdate.install-reason" => match effects::enforced(core) {
            Some((_, declaration)) => {
                json!({"reason": ["declaration"], "declaration-id": declaration})
            }
            None => json!({"reason": []}),
        },
        "softwareupdate.install-state" => {
            json!(if effects::pending_version(core).is_some() {
                "prepared"
            } else {
                "none"
            })
        }
        "softwareupdate.pending-version" => match effects::pending_version(core) {
            Some(version) => json!({"os-version": version, "build-version": ""}),
            None => json!({}),
        },
        "mdm.enrollment-type" => json!(if spec.enrollment.is_user_enrollment() {
            "user"
        } else if spec.supervised {
            "supervised"
        } else {
            "device"
        }),
        "mdm.is-awaiting-configuration" => json!(state.awaiting_configuration),
        "mdm.is-shared-ipad" => json!(core.is_shared_ipad()),
        "mdm.push-magic" => json!(derive.push_magic(word(scope), state.token_generation)),
        "mdm.push-token" => json!(base64_of(
            &derive.push_token(word(scope), state.token_generation)
        )),
        "content-cache.info" | "content-cache.status" => {
            let active = effects::of_type(core, "com.apple.AssetCache.managed")
                .next()
                .is_some();
            json!({"activated": active, "active": active})
        }
        "enhanced-logging.status" => {
            json!(if state.rare().is_some_and(|rare| rare.log_collection) {
                "collecting"
            } else {
                "idle"
            })
        }
        "enhanced-logging.timestamp" => json!(core.now()),
        "migration-assistant.state" => json!("none"),
        "migration-assistant.report" => json!({}),
        "test.array-value" => json!([{"key1": "value1", "key2": "value2"}]),
        "test.boolean-value" => json!(true),
        "test.dictionary-value" => json!({"key1": "value1", "key2": "value2"}),
        "test.integer-value" => json!(42),
        "test.real-value" => json!(42.5),
        "test.string-value" => json!("test"),
        _ => return accounts(core, name),
    })
}

const fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Device => "device",
        Scope::User => "user",
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn apps(core: &Core, commands_only: bool) -> Value {
    let rows = core
        .state
        .apps
        .iter()
        .filter(|(_, app)| app.managed && app.declaration.is_none() == commands_only)
        .map(|(identifier, app)| {
            let mut row = json!({
                "identifier": identifier, "name": identifier, "state": "managed",
                "version": "1.0", "short-version": "1.0",
            });
            if let Some(declaration) = &app.declaration {
                row["declaration-identifier"] = json!(declaration);
            }
            row
        });
    Value::Array(rows.collect())
}

fn certificates(core: &Core) -> Value {
    let rows = effects::certificate_rows(core).into_iter().map(|(name, identity, bytes)| {
        json!({
            "identifier": name, "subject-summary": name, "is-identity": identity, "data": base64_of(&bytes),
        })
    });
    Value::Array(rows.collect())
}

/// The account lists, from declarations in force.
fn accounts(core: &Core, name: &str) -> Option<Value> {
    let kind = name.strip_prefix("account.list.")?;
    let declared = kind
        .strip_suffix(".incoming")
        .or(kind.strip_suffix(".outgoing"))
        .unwrap_or(kind);
    let wanted = format!("com.apple.configuration.account.{declared}");
    let rows = [Scope::Device, Scope::User]
        .into_iter()
        .filter_map(|scope| core.state.engine(scope))
        .flat_map(|engine| &engine.declarations)
        .filter(|held| held.kind == DeclarationKind::Configuration && held.in_force())
        .filter(|held| held.declaration.declaration_type == wanted)
        .map(|held| {
            let mut row = json!({
                "identifier": held.declaration.identifier,
                "declaration-identifier": held.declaration.identifier,
            });
            for (key, as_name) in [
                ("VisibleName", "visible-name"),
                ("HostName", "hostname"),
                ("Port", "port"),
            ] {
                if let Some(value) = held.declaration.payload.get(key) {
                    row[as_name] = value.clone();
                }
            }
            row
        });
    Some(Value::Array(rows.collect()))
}

/// The system a device says it belongs to in its first report.
pub(super) fn basics(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::Macos => &[
            "device.identifier.udid",
            "device.identifier.serial-number",
            "device.model.family",
            "device.operating-system.family",
            "device.operating-system.build-version",
            "device.operating-system.supplemental.extra-version",
            "device.operating-system.version",
        ],
        _ => &[
            "device.identifier.udid",
            "device.identifier.serial-number",
            "device.model.family",
            "device.model.marketing-name",
            "device.model.identifier",
            "device.operating-system.marketing-name",
            "device.operating-system.family",
            "device.operating-system.build-version",
            "device.operating-system.version",
        ],
    }
}
