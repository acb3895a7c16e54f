//! `SecurityInfo`.

use device_matrix::capability::{Kind, Role};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::Hardware;
use plist::{Dictionary, Value};

use super::super::core::Core;
use super::super::values::{dict, int, text};
use super::super::{effects, passcode};
use super::{Reply, Turn};

/// Tells the keys that the facts give to this release and enrollment.
pub(super) fn info(turn: &mut Turn<'_>) -> Reply {
    let core = &*turn.core;
    let mut keys = if core.is_mac() {
        mac(core)
    } else {
        mobile(core)
    };
    if let Some((_, item)) = core.facts().find(Kind::Command, "SecurityInfo").next() {
        let root = item
            .children(None, Role::Response)
            .find(|(_, key)| key.name() == "SecurityInfo");
        if let Some((root, _)) = root {
            keys.retain(|name, _| {
                item.children(Some(root), Role::Response)
                    .find(|(_, key)| key.name() == name)
                    .is_none_or(|(_, key)| {
                        core.takes(core.applies(key.support(core.platform()), turn.scope))
                    })
            });
        }
    }
    Reply::done(dict([("SecurityInfo", Value::Dictionary(keys))]))
}

fn management(core: &Core) -> Value {
    let ade = matches!(
        core.spec.enrollment,
        EnrollmentType::Ade | EnrollmentType::SharedIpad
    );
    Value::Dictionary(dict([
        ("EnrolledViaDEP", Value::Boolean(ade)),
        ("UserApprovedEnrollment", Value::Boolean(true)),
        (
            "IsUserEnrollment",
            Value::Boolean(core.spec.enrollment.is_user_enrollment()),
        ),
        (
            "IsActivationLockManageable",
            Value::Boolean(core.spec.supervised),
        ),
    ]))
}

fn mobile(core: &Core) -> Dictionary {
    let policy = passcode::policy(core);
    let compliant = passcode::complies(core.state.passcode.as_deref(), &policy);
    let grace = core
        .state
        .settings
        .get("PasscodeLockGracePeriod")
        .and_then(Value::as_signed_integer)
        .unwrap_or(0);
    dict([
        ("HardwareEncryptionCaps", int(3)),
        (
            "PasscodePresent",
            Value::Boolean(core.state.passcode.is_some()),
        ),
        ("PasscodeCompliant", Value::Boolean(compliant)),
        ("PasscodeCompliantWithProfiles", Value::Boolean(compliant)),
        ("PasscodeLockGracePeriod", int(grace)),
        ("PasscodeLockGracePeriodEnforced", int(grace)),
        ("AutoLockTime", int(120)),
        ("ManagementStatus", management(core)),
    ])
}

fn mac(core: &Core) -> Dictionary {
    let silicon = core.has(Hardware::AppleSilicon);
    let rare = core.state.rare();
    let filevault = effects::filevault_on(core);
    let mut firewall = dict([
        ("FirewallEnabled", Value::Boolean(false)),
        ("BlockAllIncoming", Value::Boolean(false)),
        ("StealthMode", Value::Boolean(false)),
        ("Applications", Value::Array(Vec::new())),
    ]);
    for keys in effects::of_type(core, "com.apple.security.firewall") {
        for (payload_key, told) in [
            ("EnableFirewall", "FirewallEnabled"),
            ("BlockAllIncoming", "BlockAllIncoming"),
            ("EnableStealthMode", "StealthMode"),
            ("Applications", "Applications"),
            ("EnableLogging", "LoggingEnabled"),
            ("LoggingOption", "LoggingOption"),
        ] {
            if let Some(value) = keys.get(payload_key) {
                firewall.insert(told.to_owned(), value.clone());
            }
        }
    }
    let bootstrap = if core.state.bootstrap_token_escrowed {
        "allowed"
    } else {
        "disallowed"
    };
    let mut keys = dict([
        ("FDE_Enabled", Value::Boolean(filevault)),
        ("FDE_HasPersonalRecoveryKey", Value::Boolean(filevault)),
        ("FDE_HasInstitutionalRecoveryKey", Value::Boolean(false)),
        ("SystemIntegrityProtectionEnabled", Value::Boolean(true)),
        ("FirewallSettings", Value::Dictionary(firewall)),
        ("ManagementStatus", management(core)),
        (
            "RemoteDesktopEnabled",
            Value::Boolean(rare.is_some_and(|rare| rare.remote_desktop)),
        ),
        ("AuthenticatedRootVolumeEnabled", Value::Boolean(true)),
        (
            "BootstrapTokenAllowedForAuthentication",
            text(if silicon { bootstrap } else { "not supported" }),
        ),
        (
            "BootstrapTokenRequiredForSoftwareUpdate",
            Value::Boolean(silicon),
        ),
        (
            "BootstrapTokenRequiredForKernelExtensionApproval",
            Value::Boolean(silicon),
        ),
    ]);
    let boot = dict([
        ("SecureBootLevel", text("full")),
        (
            "ExternalBootLevel",
            text(if silicon {
                "not supported"
            } else {
                "disallowed"
            }),
        ),
    ]);
    keys.insert("SecureBoot".to_owned(), Value::Dictionary(boot));
    if silicon {
        let locked = rare.is_some_and(|rare| rare.recovery_lock.is_some());
        keys.insert("IsRecoveryLockEnabled".to_owned(), Value::Boolean(locked));
    } else {
        let exists = rare.is_some_and(|rare| rare.firmware_password.is_some());
        let status = dict([
            ("PasswordExists", Value::Boolean(exists)),
            ("ChangePending", Value::Boolean(false)),
            ("AllowOroms", Value::Boolean(false)),
        ]);
        keys.insert(
            "FirmwarePasswordStatus".to_owned(),
            Value::Dictionary(status),
        );
    }
    keys
}
