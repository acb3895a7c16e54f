//! The effect tree of `scenarios::effects`: what is in force on the device, seen where no server can reach.

use device_matrix::capability::Scope;
use device_matrix::version::VersionNumber;
use plist::{Dictionary, Value as Plist};
use scenarios::fault::{About, Does};
use serde_json::{Map, Value, json};

use super::core::Core;
use super::state::{InstalledPayload, InstalledProfile};
use super::{force, passcode, tree};
use crate::protocol::apple::codec::{dictionary_to_json, to_json};

/// The payload type of restrictions.
pub(super) const RESTRICTIONS: &str = "com.apple.applicationaccess";

/// Payload types that configure an account.
const ACCOUNTS: [&str; 13] = [
    "com.apple.AIM.account",
    "com.apple.caldav.account",
    "com.apple.carddav.account",
    "com.apple.eas.account",
    "com.apple.ews.account",
    "com.apple.google-oauth",
    "com.apple.jabber.account",
    "com.apple.ldap.account",
    "com.apple.mail.managed",
    "com.apple.osxserver.account",
    "com.apple.subscribedcalendar.account",
    "com.apple.vpn.managed",
    "com.apple.wifi.managed",
];

/// Payload types that bring a certificate, and whether it is trusted as a root and comes with a key.
const CERTIFICATES: [(&str, bool, bool); 6] = [
    ("com.apple.security.root", true, false),
    ("com.apple.security.pem", true, false),
    ("com.apple.security.pkcs1", false, false),
    ("com.apple.security.pkcs12", false, true),
    ("com.apple.security.scep", false, true),
    ("com.apple.security.acme", false, true),
];

/// The tree, with planted faults.
pub(super) fn tree(core: &Core) -> Value {
    let mut tree = truth(core);
    for pointer in &core.state.lost_effects {
        tree::remove(&mut tree, pointer);
    }
    for (pointer, value) in &core.state.kept_effects {
        if tree.pointer(pointer).is_none() {
            tree::insert(&mut tree, pointer, value.clone());
        }
    }
    for behavior in core.spec.quirks.active() {
        match (&behavior.about, &behavior.does) {
            (About::Effect(pointer), Does::Missing) => tree::remove(&mut tree, pointer),
            (About::Effect(pointer), Does::Becomes(value)) if tree.pointer(pointer).is_some() => {
                tree::insert(&mut tree, pointer, value.clone());
            }
            _ => {}
        }
    }
    tree
}

/// The tree without faults of the port; faults of the device itself are in it.
fn truth(core: &Core) -> Value {
    let state = &core.state;
    let mut root = Map::new();
    let mut put = |name: &str, value: Value| {
        root.insert(name.to_owned(), value);
    };
    put(
        "os",
        present(json!({"version": core.version().to_string(), "build": core.build()})),
    );
    put(
        "management",
        json!({
            "enrolled": state.enrolled,
            "supervised": core.spec.supervised,
            "user_channel": state.user_channel_open,
        }),
    );
    put("profiles", profiles(core));
    put("restrictions", Value::Object(restrictions(core)));
    let policy = passcode::policy(core);
    put(
        "passcode",
        json!({
            "set": state.passcode.is_some(),
            "compliant": passcode::complies(state.passcode.as_deref(), &policy),
            "policy": policy.iter().map(|(k, v)| (k.clone(), to_json(v))).collect::<Map<_, _>>(),
        }),
    );
    put("payloads", payloads(core));
    put(
        "settings",
        Value::Object(
            state
                .settings
                .iter()
                .map(|(k, v)| (k.clone(), to_json(v)))
                .collect(),
        ),
    );
    put(
        "lock",
        present(json!({
            "locked": state.lock.locked,
            "message": state.lock.message,
            "phone_number": state.lock.phone_number,
            "pin_set": state.lock.pin_set,
        })),
    );
    put("lost_mode", lost_mode(core));
    put(
        "erase",
        json!({
            "erased": state.erased.is_some(),
            "preserve_data_plan": state.erased.is_some_and(|erased| erased.preserve_data_plan),
            "return_to_service": state.erased.is_some_and(|erased| erased.return_to_service),
        }),
    );
    put(
        "power",
        json!({"reboots": state.reboots, "shut_down": state.shut_down}),
    );
    put("apps", apps(core));
    put("update", update(core));
    put("declarations", declarations(core));
    put("accounts", accounts(core));
    put("certificates", certificates(core));
    put(
        "users",
        present(json!({"logged_in": state.logged_in, "known": state.known_users})),
    );
    put(
        "activation_lock",
        json!({
            "enabled": state.switch("ActivationLockAllowedWhileSupervised") == Some(true),
            "bypass_code_known": core.spec.supervised
                && !state.rare().is_some_and(|rare| rare.bypass_code_cleared),
        }),
    );
    put(
        "books",
        Value::Array(state.books.iter().map(dictionary_to_json).collect()),
    );
    let provisioning = state.provisioning.iter();
    put(
        "provisioning",
        Value::Object(
            provisioning
                .map(|(uuid, length)| (uuid.clone(), json!({"bytes": length})))
                .collect(),
        ),
    );
    put("services", services(core));
    if core.is_mac() {
        put(
            "content_caching",
            service(core, "com.apple.AssetCache.managed", "AutoActivation"),
        );
        put(
            "firewall",
            service(core, "com.apple.security.firewall", "EnableFirewall"),
        );
        put("filevault", filevault(core));
        put(
            "remote_desktop",
            json!({"enabled": state.rare().is_some_and(|rare| rare.remote_desktop)}),
        );
    }
    Value::Object(root)
}

/// What few devices have; nothing that is as it was out of the box.
fn services(core: &Core) -> Value {
    let Some(rare) = core.state.rare() else {
        return json!({});
    };
    let told = |yes: bool, value: Value| if yes { value } else { Value::Null };
    present(json!({
        "mirroring_to": rare.mirroring_to,
        "cellular_plan_servers": told(!rare.cellular_plan_servers.is_empty(), json!(rare.cellular_plan_servers)),
        "update_scans": told(rare.update_scans > 0, json!(rare.update_scans)),
        "log_collection": told(rare.log_collection, json!(true)),
        "restrictions_password_cleared": told(rare.restrictions_password_cleared, json!(true)),
        "firmware_password_set": told(rare.firmware_password.is_some(), json!(true)),
        "recovery_lock_set": told(rare.recovery_lock.is_some(), json!(true)),
        "redemption_codes": told(!rare.redemption_codes.is_empty(), json!(rare.redemption_codes)),
        "invitations": told(!rare.invitations.is_empty(), json!(rare.invitations)),
    }))
}

/// Without members that are null: what is not there is absent.
fn present(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            Value::Object(object.into_iter().filter(|(_, v)| !v.is_null()).collect())
        }
        other => other,
    }
}

const fn channel(scope: Scope) -> &'static str {
    match scope {
        Scope::Device => "device",
        Scope::User => "user",
    }
}

fn profiles(core: &Core) -> Value {
    let rows = core.state.profiles.iter().map(|profile| {
        let payloads: Map<String, Value> = profile
            .payloads
            .iter()
            .map(|payload| {
                let standing = if payload.in_force.is_some() {
                    "applied"
                } else {
                    "inert"
                };
                (payload.payload_type.clone(), json!(standing))
            })
            .collect();
        let row = json!({"channel": channel(profile.scope), "payloads": payloads});
        (profile.identifier.clone(), row)
    });
    Value::Object(rows.collect())
}

/// Every payload in force, with its profile.
pub(super) fn in_force(
    core: &Core,
) -> impl Iterator<Item = (&InstalledProfile, &InstalledPayload, &Dictionary)> {
    core.state.profiles.iter().flat_map(|profile| {
        profile
            .payloads
            .iter()
            .filter_map(move |payload| Some((profile, payload, payload.in_force.as_ref()?)))
    })
}

/// The payloads of one type in force.
pub(super) fn of_type<'a>(core: &'a Core, kind: &'a str) -> impl Iterator<Item = &'a Dictionary> {
    in_force(core)
        .filter(move |(_, payload, _)| payload.payload_type == kind)
        .map(|(_, _, keys)| keys)
}

/// Restrictions in force, without those a planted fault ignores.
fn restrictions(core: &Core) -> Map<String, Value> {
    force::combine(of_type(core, RESTRICTIONS))
        .into_iter()
        .filter(|(key, _)| !core.spec.quirks.ignores_restriction(key))
        .map(|(key, value)| (key.to_owned(), to_json(&value)))
        .collect()
}

fn payloads(core: &Core) -> Value {
    let mut types: Map<String, Value> = Map::new();
    for (_, payload, keys) in in_force(core) {
        let entry = types
            .entry(payload.payload_type.clone())
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = entry {
            list.push(dictionary_to_json(keys));
        }
    }
    Value::Object(types)
}

fn lost_mode(core: &Core) -> Value {
    match &core.state.lost {
        None => json!({"enabled": false}),
        Some(lost) => present(json!({
            "enabled": true,
            "message": lost.message,
            "phone_number": lost.phone_number,
            "footnote": lost.footnote,
            "sound_played": lost.sound_played,
        })),
    }
}

fn apps(core: &Core) -> Value {
    let rows = core.state.apps.iter().map(|(identifier, app)| {
        let row = present(json!({
            "managed": app.managed,
            "removable": app.removable,
            "configuration": app.configuration.as_ref().map(dictionary_to_json),
            "attributes": app.attributes.as_ref().map(dictionary_to_json),
            "source": app.source,
        }));
        (identifier.clone(), row)
    });
    Value::Object(rows.collect())
}

/// The state of operating-system updates.
fn update(core: &Core) -> Value {
    let mut row = Map::new();
    if let Some(days) = deferral_days(core) {
        row.insert("deferral_days".to_owned(), json!(days));
    }
    if let Some(pending) = pending_version(core) {
        row.insert("pending".to_owned(), json!(pending));
    }
    if let Some((target, _)) = enforced(core) {
        row.insert("enforced".to_owned(), json!(target));
    }
    let automatic: Map<String, Value> = engines(core)
        .flat_map(|engine| engine.in_force("com.apple.configuration.softwareupdate.settings"))
        .filter_map(|payload| payload.get("AutomaticActions")?.as_object())
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .chain(
            of_type(core, "com.apple.SoftwareUpdate")
                .flatten()
                .map(|(k, v)| (k.clone(), to_json(v))),
        )
        .collect();
    if !automatic.is_empty() {
        row.insert("automatic".to_owned(), Value::Object(automatic));
    }
    Value::Object(row)
}

fn engines(core: &Core) -> impl Iterator<Item = &super::ddm::Engine> {
    [Scope::Device, Scope::User]
        .into_iter()
        .filter_map(|scope| core.state.engine(scope))
}

/// The restriction that must be set for a delay to defer, and the delay's key with its default in days.
const DEFERRALS: [(&str, &str); 4] = [
    ("forceDelayedSoftwareUpdates", "enforcedSoftwareUpdateDelay"),
    (
        "forceDelayedMajorSoftwareUpdates",
        "enforcedSoftwareUpdateMajorOSDeferredInstallDelay",
    ),
    (
        "forceDelayedSoftwareUpdates",
        "enforcedSoftwareUpdateMinorOSDeferredInstallDelay",
    ),
    (
        "forceDelayedAppSoftwareUpdates",
        "enforcedSoftwareUpdateNonOSDeferredInstallDelay",
    ),
];

/// Days a restriction defers when it names none (Apple's schema, default of `enforcedSoftwareUpdateDelay`).
const DEFAULT_DEFERRAL: i64 = 30;

/// Days by which updates are deferred: the longest of what restrictions and declarations ask for.
pub(super) fn deferral_days(core: &Core) -> Option<i64> {
    let restrictions = restrictions(core);
    let restricted = DEFERRALS
        .iter()
        .filter(|(force, _)| restrictions.get(*force) == Some(&Value::Bool(true)))
        .map(|(_, delay)| {
            restrictions
                .get(*delay)
                .and_then(Value::as_i64)
                .unwrap_or_else(|| {
                    restrictions
                        .get("enforcedSoftwareUpdateDelay")
                        .and_then(Value::as_i64)
                        .unwrap_or(DEFAULT_DEFERRAL)
                })
        });
    let declared = engines(core)
        .flat_map(|engine| engine.in_force("com.apple.configuration.softwareupdate.settings"))
        .filter_map(|payload| payload.get("Deferrals")?.as_object())
        .flatten()
        .filter_map(|(_, value)| value.as_i64());
    restricted.chain(declared).max()
}

/// The version that a declaration enforces, and the declaration.
pub(super) fn enforced(core: &Core) -> Option<(String, String)> {
    engines(core)
        .flat_map(|engine| {
            engine.rows_in_force("com.apple.configuration.softwareupdate.enforcement.specific")
        })
        .filter_map(|(identifier, payload)| {
            let target = payload.get("TargetOSVersion")?.as_str()?;
            let version: VersionNumber = target.parse().ok()?;
            (version > core.version()).then(|| (target.to_owned(), identifier.to_owned()))
        })
        .max_by(|a, b| {
            a.0.parse::<VersionNumber>()
                .ok()
                .cmp(&b.0.parse::<VersionNumber>().ok())
        })
}

/// The version that will be installed next.
pub(super) fn pending_version(core: &Core) -> Option<String> {
    if let Some((target, _)) = enforced(core) {
        return Some(target);
    }
    let scheduled = core.state.scheduled_update.as_ref()?;
    Some(match scheduled.version {
        Some(version) => version.to_string(),
        None => scheduled.product_key.clone(),
    })
}

fn declarations(core: &Core) -> Value {
    let rows = engines(core)
        .flat_map(|engine| &engine.declarations)
        .map(|held| {
            let mut row = json!({
                "type": held.declaration.declaration_type,
                "active": held.active,
                "valid": held.valid.as_str(),
            });
            if let (true, Value::Object(row)) = (held.in_force(), &mut row) {
                row.insert(
                    "payload".to_owned(),
                    Value::Object(held.declaration.payload.clone()),
                );
            }
            (held.declaration.identifier.clone(), row)
        });
    Value::Object(rows.collect())
}

fn accounts(core: &Core) -> Value {
    let installed = in_force(core)
        .filter(|(_, payload, _)| ACCOUNTS.contains(&payload.payload_type.as_str()))
        .map(|(_, payload, keys)| {
            let row = json!({"type": payload.payload_type, "keys": without_secrets(keys)});
            (payload.identifier.clone(), row)
        });
    let declared = engines(core)
        .flat_map(|engine| &engine.declarations)
        .filter(|held| {
            held.in_force()
                && held
                    .declaration
                    .declaration_type
                    .starts_with("com.apple.configuration.account.")
        })
        .map(|held| {
            let row = json!({
                "type": held.declaration.declaration_type,
                "keys": held.declaration.payload,
            });
            (held.declaration.identifier.clone(), row)
        });
    Value::Object(installed.chain(declared).collect())
}

fn without_secrets(keys: &Dictionary) -> Value {
    let kept = keys
        .iter()
        .filter(|(key, _)| !key.contains("Password") && !key.contains("Secret"))
        .map(|(key, value)| (key.clone(), to_json(value)));
    Value::Object(kept.collect())
}

fn certificates(core: &Core) -> Value {
    let installed = in_force(core).filter_map(|(_, payload, keys)| {
        let (_, trusted, identity) = CERTIFICATES
            .iter()
            .find(|(kind, _, _)| *kind == payload.payload_type)?;
        let subject = certificate_name(payload, keys);
        let row = json!({"subject": subject, "trusted": trusted, "identity": identity});
        Some((payload.identifier.clone(), row))
    });
    let declared = engines(core)
        .flat_map(|engine| &engine.declarations)
        .filter(|held| held.in_force())
        .filter_map(|held| {
            let identity = match held.declaration.declaration_type.as_str() {
                "com.apple.configuration.security.certificate" => false,
                "com.apple.configuration.security.identity" => true,
                _ => return None,
            };
            let row = json!({
                "subject": held.declaration.identifier, "trusted": !identity, "identity": identity,
            });
            Some((held.declaration.identifier.clone(), row))
        });
    Value::Object(installed.chain(declared).collect())
}

/// The common name of a certificate payload: read from the certificate, else its file name, else its identifier.
pub(super) fn certificate_name(payload: &InstalledPayload, keys: &Dictionary) -> String {
    keys.get("PayloadContent")
        .and_then(Plist::as_data)
        .and_then(common_name)
        .or_else(|| {
            keys.get("PayloadCertificateFileName")
                .and_then(Plist::as_string)
                .map(str::to_owned)
        })
        .unwrap_or_else(|| payload.identifier.clone())
}

fn common_name(der_bytes: &[u8]) -> Option<String> {
    use der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(der_bytes).ok()?;
    let name = certificate.tbs_certificate().subject().to_string();
    name.split(',')
        .find_map(|part| part.trim().strip_prefix("CN="))
        .map(str::to_owned)
        .or(Some(name))
}

/// Certificates in force: name, whether it is an identity, and the bytes.
pub(super) fn certificate_rows(core: &Core) -> Vec<(String, bool, Vec<u8>)> {
    in_force(core)
        .filter_map(|(_, payload, keys)| {
            let (_, _, identity) = CERTIFICATES
                .iter()
                .find(|(kind, _, _)| *kind == payload.payload_type)?;
            let bytes = keys
                .get("PayloadContent")
                .and_then(Plist::as_data)
                .unwrap_or_default();
            Some((certificate_name(payload, keys), *identity, bytes.to_vec()))
        })
        .collect()
}

fn service(core: &Core, kind: &str, switch: &str) -> Value {
    let keys = force::combine(of_type(core, kind));
    let mut row: Map<String, Value> = keys
        .iter()
        .map(|(key, value)| ((*key).to_owned(), to_json(value)))
        .collect();
    let enabled = keys
        .get(switch)
        .and_then(Plist::as_boolean)
        .unwrap_or(false);
    row.insert("enabled".to_owned(), Value::Bool(enabled));
    Value::Object(row)
}

fn filevault(core: &Core) -> Value {
    let mut row = dictionary_to_json(
        &force::combine(of_type(core, "com.apple.MCX.FileVault2"))
            .into_iter()
            .filter(|(key, _)| !key.contains("Password"))
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    );
    if let Value::Object(row) = &mut row {
        row.insert("enabled".to_owned(), Value::Bool(filevault_on(core)));
        let rotations = core
            .state
            .rare()
            .map_or(0, |rare| rare.recovery_key_rotations);
        row.insert("recovery_key_rotations".to_owned(), json!(rotations));
    }
    row
}

/// Whether a payload in force turns `FileVault` on.
pub(super) fn filevault_on(core: &Core) -> bool {
    of_type(core, "com.apple.MCX.FileVault2")
        .any(|keys| keys.get("Enable").and_then(Plist::as_string) == Some("On"))
}
