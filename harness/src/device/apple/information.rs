//! Values of the `DeviceInformation` queries. Whether a query is answered at all is decided by the facts.

use device_matrix::capability::Scope;
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use plist::Value;

use super::core::Core;
use super::values::{dict, int, text};

/// The queries this model has a value for, on some device at least.
pub(super) const QUERIES: [&str; 84] = [
    "AccessibilitySettings",
    "ActiveManagedUsers",
    "AppAnalyticsEnabled",
    "AutoSetupAdminAccounts",
    "AvailableDeviceCapacity",
    "AwaitingConfiguration",
    "BatteryLevel",
    "BluetoothMAC",
    "BuildVersion",
    "CarrierSettingsVersion",
    "CellularTechnology",
    "CurrentCarrierNetwork",
    "CurrentMCC",
    "CurrentMNC",
    "DataRoamingEnabled",
    "DeviceCapacity",
    "DeviceID",
    "DeviceName",
    "DevicePropertiesAttestation",
    "DiagnosticSubmissionEnabled",
    "EACSPreflight",
    "EASDeviceIdentifier",
    "EstimatedResidentUsers",
    "EthernetMAC",
    "HasBattery",
    "HostName",
    "ICCID",
    "IMEI",
    "IsActivationLockEnabled",
    "IsActivationLockSupported",
    "IsAppleSilicon",
    "IsCloudBackupEnabled",
    "IsDeviceLocatorServiceEnabled",
    "IsDoNotDisturbInEffect",
    "IsMDMLostModeEnabled",
    "IsMultiUser",
    "IsNetworkTethered",
    "IsRoaming",
    "IsSupervised",
    "LocalHostName",
    "MDMOptions",
    "MEID",
    "ManagedAppleIDDefaultDomains",
    "MaximumResidentUsers",
    "Model",
    "ModelName",
    "ModelNumber",
    "ModemFirmwareVersion",
    "OSUpdateSettings",
    "OSVersion",
    "OnlineAuthenticationGracePeriod",
    "OrganizationInfo",
    "PINRequiredForDeviceLock",
    "PINRequiredForEraseDevice",
    "PersonalHotspotEnabled",
    "PhoneNumber",
    "ProductName",
    "ProvisioningUDID",
    "PushToken",
    "QuotaSize",
    "ResidentUsers",
    "SIMCarrierNetwork",
    "SIMMCC",
    "SIMMNC",
    "SerialNumber",
    "ServiceSubscriptions",
    "SkipLanguageAndLocaleSetupForNewUsers",
    "SoftwareUpdateDeviceID",
    "SoftwareUpdateSettings",
    "SubscriberCarrierNetwork",
    "SubscriberMCC",
    "SubscriberMNC",
    "SupplementalBuildVersion",
    "SupportsLOMDevice",
    "SupportsiOSAppInstalls",
    "SystemIntegrityProtectionEnabled",
    "TemporarySessionOnly",
    "TemporarySessionTimeout",
    "TimeZone",
    "UDID",
    "UserSessionTimeout",
    "VoiceRoamingEnabled",
    "WiFiMAC",
    "iTunesStoreAccountIsActive",
];

/// Queries that this model knows and no virtual device has a value for: it has no account in the store, was never
/// backed up to the cloud, and runs no supplemental version.
pub(super) const WITHOUT_VALUE: [&str; 3] = [
    "LastCloudBackupDate",
    "SupplementalOSVersionExtra",
    "iTunesStoreAccountHash",
];

/// Test networks by ITU-T E.212.
const MCC: &str = "001";
const MNC: &str = "01";
const CARRIER: &str = "Test Carrier";

/// The value of a query; `None` when this hardware or state has none, so that the key is left out.
pub(super) fn value(core: &Core, scope: Scope, query: &str) -> Option<Value> {
    let state = &core.state;
    let spec = &core.spec;
    let derive = core.derive();
    let cellular = core.has(Hardware::Cellular);
    let mac = core.is_mac();
    let user_enrolled = spec.enrollment.is_user_enrollment();
    let setting = |name: &str| state.settings.get(name).cloned();
    let switch =
        |name: &str, default: bool| Some(Value::Boolean(state.switch(name).unwrap_or(default)));
    let on_cellular = |value: Value| cellular.then_some(value);
    match query {
        "UDID" => Some(text(derive.udid(&spec.model))),
        "ProvisioningUDID" => Some(text(derive.provisioning_udid(&spec.model))),
        "SerialNumber" => Some(text(derive.serial(&spec.model))),
        "OrganizationInfo" => setting("OrganizationInfo"),
        "MDMOptions" => Some(
            setting("MDMOptions").unwrap_or_else(|| Value::Dictionary(plist::Dictionary::new())),
        ),
        "AwaitingConfiguration" => Some(Value::Boolean(state.awaiting_configuration)),
        "DeviceName" => Some(text(device_name(core))),
        "HostName" | "LocalHostName" => Some(text(host_name(core))),
        "OSVersion" => Some(text(core.version().to_string())),
        "BuildVersion" | "SupplementalBuildVersion" => core.build().map(text),
        "ModelName" => Some(text(spec.model.family())),
        "Model" | "ModelNumber" => Some(text(format!("M{}LL/A", derive.digits("model", 4)))),
        "ProductName" => Some(text(spec.model.id.0.as_str())),
        "IsAppleSilicon" => mac.then(|| Value::Boolean(core.has(Hardware::AppleSilicon))),
        "DeviceCapacity" => Some(Value::Real(128.0)),
        "AvailableDeviceCapacity" => Some(Value::Real(64.5)),
        "IMEI" => on_cellular(text(spaced(&derive.imei(0)))),
        "MEID" => on_cellular(text(derive.imei(0).chars().take(14).collect::<String>())),
        "ModemFirmwareVersion" => on_cellular(text("1.00.00")),
        "CellularTechnology" => Some(int(if cellular { 3 } else { 0 })),
        "BatteryLevel" => core.has(Hardware::Battery).then_some(Value::Real(0.8)),
        "HasBattery" => Some(Value::Boolean(core.has(Hardware::Battery))),
        "IsSupervised" => Some(Value::Boolean(spec.supervised)),
        "IsMultiUser" => Some(Value::Boolean(core.is_shared_ipad())),
        "IsDeviceLocatorServiceEnabled" | "IsCloudBackupEnabled" | "IsDoNotDisturbInEffect" => {
            Some(Value::Boolean(false))
        }
        "IsActivationLockEnabled" => switch("ActivationLockAllowedWhileSupervised", false),
        "IsActivationLockSupported" | "SupportsiOSAppInstalls" => {
            Some(Value::Boolean(!mac || core.has(Hardware::AppleSilicon)))
        }
        "DeviceID" => {
            matches!(core.platform(), Platform::Tvos).then(|| text(derive.mac("device-id")))
        }
        "EASDeviceIdentifier" => Some(text(derive.uuid("eas", 0).replace('-', ""))),
        "ActiveManagedUsers" => {
            let users = state
                .logged_in
                .iter()
                .map(|name| text(derive.uuid(&format!("user/{name}"), 0)));
            Some(Value::Array(users.collect()))
        }
        "OSUpdateSettings" => mac.then(|| {
            let on = |key: &str| Value::Boolean(update_switch(core, key));
            Value::Dictionary(dict([
                ("AutoCheckEnabled", on("AutomaticCheckEnabled")),
                (
                    "AutomaticAppInstallationEnabled",
                    on("AutomaticallyInstallAppUpdates"),
                ),
                (
                    "AutomaticOSInstallationEnabled",
                    on("AutomaticallyInstallMacOSUpdates"),
                ),
                (
                    "AutomaticSecurityUpdatesEnabled",
                    on("CriticalUpdateInstall"),
                ),
                ("BackgroundDownloadEnabled", on("AutomaticDownload")),
                ("IsDefaultCatalog", Value::Boolean(true)),
                ("PerformPeriodicCheck", Value::Boolean(true)),
                ("PreviousScanResult", int(0)),
            ]))
        }),
        "AutoSetupAdminAccounts" => {
            let admins = state
                .rare()
                .map(|rare| rare.auto_admins.as_slice())
                .unwrap_or_default();
            let rows = admins.iter().map(|name| {
                let guid = derive.uuid(&format!("admin/{name}"), 0);
                Value::Dictionary(dict([
                    ("GUID", text(guid)),
                    ("shortName", text(name.as_str())),
                ]))
            });
            Some(Value::Array(rows.collect()))
        }
        "SystemIntegrityProtectionEnabled" | "iTunesStoreAccountIsActive" => {
            Some(Value::Boolean(true))
        }
        "SupportsLOMDevice" | "PINRequiredForDeviceLock" | "PINRequiredForEraseDevice" => {
            let needs_pin = mac && !core.has(Hardware::AppleSilicon);
            Some(Value::Boolean(query != "SupportsLOMDevice" && needs_pin))
        }
        "IsMDMLostModeEnabled" => Some(Value::Boolean(state.lost.is_some())),
        "MaximumResidentUsers" | "ResidentUsers" | "EstimatedResidentUsers" => {
            core.is_shared_ipad().then(|| {
                setting("MaximumResidentUsers")
                    .or_else(|| setting("ResidentUsers"))
                    .unwrap_or_else(|| int(8))
            })
        }
        "QuotaSize" => core
            .is_shared_ipad()
            .then(|| setting("QuotaSize").unwrap_or_else(|| int(8192))),
        "UserSessionTimeout" | "TemporarySessionTimeout" | "OnlineAuthenticationGracePeriod" => {
            core.is_shared_ipad()
                .then(|| setting(query).unwrap_or_else(|| int(0)))
        }
        "TemporarySessionOnly" | "SkipLanguageAndLocaleSetupForNewUsers" => core
            .is_shared_ipad()
            .then(|| setting(query).unwrap_or(Value::Boolean(false))),
        "ManagedAppleIDDefaultDomains" => core
            .is_shared_ipad()
            .then(|| setting(query).unwrap_or_else(|| Value::Array(Vec::new()))),
        "PushToken" => {
            let word = if scope == Scope::User {
                "user"
            } else {
                "device"
            };
            Some(Value::Data(
                derive.push_token(word, state.token_generation).to_vec(),
            ))
        }
        "DiagnosticSubmissionEnabled" => switch("DiagnosticSubmission", false),
        "AppAnalyticsEnabled" => switch("AppAnalytics", false),
        "TimeZone" => Some(setting("TimeZone").unwrap_or_else(|| text("Asia/Tokyo"))),
        "AccessibilitySettings" => Some(
            setting("AccessibilitySettings")
                .unwrap_or_else(|| Value::Dictionary(plist::Dictionary::new())),
        ),
        "ICCID" => on_cellular(text(format!("8901{}", derive.digits("iccid", 15)))),
        "BluetoothMAC" => Some(text(derive.mac("bluetooth"))),
        "WiFiMAC" => Some(text(derive.mac("wifi"))),
        "EthernetMAC" => mac.then(|| text(derive.mac("ethernet"))),
        "CurrentCarrierNetwork" | "SIMCarrierNetwork" | "SubscriberCarrierNetwork" => {
            on_cellular(text(CARRIER))
        }
        "CarrierSettingsVersion" => on_cellular(text("50.0")),
        "PhoneNumber" => on_cellular(text(format!("+8190{}", derive.digits("phone", 8)))),
        "DataRoamingEnabled" => {
            cellular.then(|| setting("DataRoaming").unwrap_or(Value::Boolean(false)))
        }
        "VoiceRoamingEnabled" => {
            cellular.then(|| setting("VoiceRoaming").unwrap_or(Value::Boolean(false)))
        }
        "PersonalHotspotEnabled" => {
            cellular.then(|| setting("PersonalHotspot").unwrap_or(Value::Boolean(false)))
        }
        "IsNetworkTethered" => (!mac).then_some(Value::Boolean(false)),
        "IsRoaming" => on_cellular(Value::Boolean(false)),
        "SIMMCC" | "SubscriberMCC" | "CurrentMCC" => on_cellular(text(MCC)),
        "SIMMNC" | "SubscriberMNC" | "CurrentMNC" => on_cellular(text(MNC)),
        "ServiceSubscriptions" => (cellular && !user_enrolled).then(|| subscriptions(core)),
        "SoftwareUpdateDeviceID" => Some(text(format!("{}AP", spec.model.id.0))),
        "SoftwareUpdateSettings" => Some(Value::Dictionary(dict([(
            "RecommendationCadence",
            setting("SoftwareUpdateSettings").unwrap_or_else(|| int(0)),
        )]))),
        "DevicePropertiesAttestation" => {
            // A chain of one opaque certificate; nobody can verify a virtual device against Apple's root.
            Some(Value::Array(vec![Value::Data(
                derive.secret("attestation").to_vec(),
            )]))
        }
        "EACSPreflight" => core.has(Hardware::AppleSilicon).then(|| text("success")),
        _ => None,
    }
}

fn spaced(imei: &str) -> String {
    match (
        imei.get(..2),
        imei.get(2..8),
        imei.get(8..14),
        imei.get(14..),
    ) {
        (Some(a), Some(b), Some(c), Some(d)) => format!("{a} {b} {c} {d}"),
        _ => imei.to_owned(),
    }
}

fn update_switch(core: &Core, key: &str) -> bool {
    super::effects::of_type(core, "com.apple.SoftwareUpdate")
        .find_map(|keys| keys.get(key).and_then(Value::as_boolean))
        .unwrap_or(true)
}

fn subscriptions(core: &Core) -> Value {
    let derive = core.derive();
    let slots = if core.has(Hardware::DualSim) { 2 } else { 1 };
    let rows = (0..slots).map(|slot| {
        let first = slot == 0;
        let mut row = dict([
            (
                "Slot",
                text(if first {
                    "CTSubscriptionSlotOne"
                } else {
                    "CTSubscriptionSlotTwo"
                }),
            ),
            ("IMEI", text(spaced(&derive.imei(slot)))),
            ("IsDataPreferred", Value::Boolean(first)),
            ("IsVoicePreferred", Value::Boolean(first)),
        ]);
        if first {
            for (key, value) in [
                ("CarrierSettingsVersion", text("50.0")),
                ("CurrentCarrierNetwork", text(CARRIER)),
                ("CurrentMCC", text(MCC)),
                ("CurrentMNC", text(MNC)),
                ("ICCID", text(format!("8901{}", derive.digits("iccid", 15)))),
                ("IsRoaming", Value::Boolean(false)),
                ("Label", text("Primary")),
                ("LabelID", text(derive.uuid("subscription", 0))),
                (
                    "PhoneNumber",
                    text(format!("+8190{}", derive.digits("phone", 8))),
                ),
                ("EID", text(derive.digits("eid", 24))),
            ] {
                row.insert(key.to_owned(), value);
            }
        }
        Value::Dictionary(row)
    });
    Value::Array(rows.collect())
}

/// The device's name: set by the server, else what it is called out of the box.
pub(super) fn device_name(core: &Core) -> &str {
    core.state
        .text_setting("DeviceName")
        .unwrap_or_else(|| match core.platform() {
            Platform::Tvos => "Apple TV",
            Platform::Macos => "Mac",
            _ => core.spec.model.family(),
        })
}

fn host_name(core: &Core) -> String {
    core.state.text_setting("HostName").map_or_else(
        || format!("{}.local", device_name(core).replace(' ', "-")),
        str::to_owned,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_queries_is_sorted_and_whole() {
        assert!(QUERIES.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(WITHOUT_VALUE.iter().all(|query| !QUERIES.contains(query)));
    }
}
