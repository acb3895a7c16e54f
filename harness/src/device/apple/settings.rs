//! Behavior that no source settles: each assumption is a setting, and reports list them.

use serde::Deserialize;

/// How far the default of a setting may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SettingMark {
    /// Observed on real devices.
    Observed,
    /// What community code does.
    Community,
    /// A plausible assumption.
    Assumed,
}

impl SettingMark {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Community => "community",
            Self::Assumed => "assumed",
        }
    }
}

/// What becomes of a payload whose type the release has removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedPayload {
    /// The profile installs, the payload has no effect.
    Inert,
    /// The profile is refused.
    Refused,
}

/// The answer to a command that lacks a required key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingKey {
    /// `Error` with 12008.
    Error,
    /// `CommandFormatError`.
    CommandFormatError,
}

/// How long a connection to the server lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionUse {
    /// As long as a session.
    PerSession,
    /// Until the server or a restart ends it.
    Kept,
}

/// One row of [`BehaviorSettings::describe`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Name of the setting.
    pub name: &'static str,
    /// Value in force, as text.
    pub value: String,
    /// How far the default may be trusted.
    pub mark: SettingMark,
    /// What it decides.
    pub about: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $about:literal])+ $name:ident: $type:ty = $default:expr, $mark:ident;)+) => {
        /// Assumptions of the device model. The default of each is what the references call most plausible.
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct BehaviorSettings {
            $($(#[doc = $about])+ pub $name: $type,)+
        }

        impl Default for BehaviorSettings {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl BehaviorSettings {
            /// Every setting with its value, its mark and what it decides, for reports.
            #[must_use]
            pub fn describe(&self) -> Vec<SettingRow> {
                vec![$(SettingRow {
                    name: stringify!($name),
                    value: format!("{:?}", self.$name),
                    mark: SettingMark::$mark,
                    about: concat!($($about),+).trim_ascii_start(),
                },)+]
            }
        }
    };
}

settings! {
    /// Error code for a supervised-only command on an unsupervised device; that supervision is the cause is inferred.
    supervised_only_code: i64 = 12021, Observed;
    /// Error code for a command outside the granted access rights.
    access_right_code: i64 = 12007, Assumed;
    /// Error code for a command that the channel or the enrollment type does not allow.
    forbidden_code: i64 = 12021, Assumed;
    /// Error code for a command that the release has removed.
    removed_command_code: i64 = 12021, Assumed;
    /// Error code, in the domain of settings, of a Settings item that the device does not take.
    settings_item_code: i64 = 28000, Assumed;
    /// A key of the restrictions payload that the release does not know is ignored; otherwise the profile is refused.
    unknown_restriction_keys_ignored: bool = true, Assumed;
    /// A restriction in force stays in force after an update to a release that wants supervision for it.
    restriction_outlives_supervision_rule: bool = true, Observed;
    /// An unknown payload type is accepted and has no effect (iOS family); otherwise the profile is refused.
    unknown_payload_accepted: bool = true, Assumed;
    /// What becomes of a payload whose type the release has removed.
    removed_payload: RemovedPayload = RemovedPayload::Inert, Assumed;
    /// A payload that needs supervision is refused on an unsupervised device; otherwise it has no effect.
    supervised_payload_refused: bool = true, Assumed;
    /// A payload without a key that the schema requires is refused (iOS family).
    missing_payload_key_refused: bool = true, Assumed;
    /// Error domain for the removal of a profile that is not there (iOS family); 12075 has been seen in two domains.
    absent_profile_domain: String = "MCMDMErrorDomain".to_owned(), Observed;
    /// The answer to a command that lacks a required key.
    missing_key: MissingKey = MissingKey::Error, Assumed;
    /// A declaration with an unknown key is invalid; otherwise the key is reported and ignored.
    unknown_declaration_keys_invalid: bool = true, Assumed;
    /// An item that no source states for this operating system at all counts as available.
    unstated_introduction_counts_as_available: bool = false, Assumed;
    /// An item whose supervision or enrollment mode no source states counts as available to this enrollment.
    unstated_mode_counts_as_available: bool = true, Assumed;
    /// `NotNow` while locked needs a passcode, because without one nothing is encrypted by it.
    not_now_needs_passcode: bool = true, Assumed;
    /// The device is locked after a restart until a person unlocks it.
    locked_after_reboot: bool = false, Assumed;
    /// Commands that are answered in Managed Lost Mode; every other one is refused with 12078.
    allowed_in_lost_mode: Vec<String> = [
        "DisableLostMode", "DeviceLocation", "PlayLostModeSound", "EnableLostMode", "EraseDevice", "DeviceInformation",
    ].map(str::to_owned).to_vec(), Assumed;
    /// A synchronization that was asked for and found nothing new is reported all the same.
    status_report_when_unchanged: bool = true, Assumed;
    /// The undocumented status item `management.push-token` seen on an iOS 16 beta is reported.
    reports_undocumented_push_token: bool = false, Observed;
    /// A Mac repeats the `RequestType` in its answers (seen on 10.12.6).
    mac_repeats_request_type: bool = true, Observed;
    /// `AvailableOSUpdates` with nothing to offer is an error from iOS 11.3 on.
    no_update_is_an_error: bool = true, Observed;
    /// The enrollment profile holds an automatically enrolled device in Setup Assistant until `DeviceConfigured`.
    await_device_configured: bool = false, Assumed;
    /// The enrollment profile sets `CheckOutWhenRemoved`.
    check_out_when_removed: bool = true, Assumed;
    /// A supervised device asks the server by a check-in, before it is erased, whether it shall return to service.
    return_to_service_check_in: bool = false, Assumed;
    /// Commands after which a device ends a session, so that a server that never stops does not hold it.
    max_commands_per_session: u32 = 10_000, Assumed;
    /// A device's connection stays open after a session, and the next one begins on it while the server has it open, as
    /// the system's URL loading does; otherwise each session connects anew. It ends with a restart and with management.
    connection: ConnectionUse = ConnectionUse::Kept, Assumed;
    /// Rounds after which a device gives up on declarations whose token changes during synchronization.
    max_sync_rounds: u32 = 8, Assumed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_load_from_toml_and_describe_themselves() {
        let settings: BehaviorSettings =
            toml::from_str("removed_payload = \"refused\"\nlocked_after_reboot = true").unwrap();
        assert_eq!(settings.removed_payload, RemovedPayload::Refused);
        let rows = settings.describe();
        let row = rows.iter().find(|row| row.name == "locked_after_reboot");
        assert_eq!(row.map(|row| row.value.as_str()), Some("true"));
        assert!(rows.iter().all(|row| !row.about.is_empty()));
        assert!(toml::from_str::<BehaviorSettings>("nonsense = 1").is_err());
    }
}
