//! Error chains, with the domains and codes of Apple's MDM Protocol Reference (archive) and of real devices.

use device_matrix::platform::Platform;

use crate::protocol::apple::command::ErrorItem;

/// Domain of errors of the management client.
pub(super) const MDM: &str = "MCMDMErrorDomain";
/// Domain of errors of profile installation.
pub(super) const INSTALLATION: &str = "MCInstallationErrorDomain";
/// Domain of errors of profiles.
pub(super) const PROFILE: &str = "MCProfileErrorDomain";
/// Domain of errors of payloads.
pub(super) const PAYLOAD: &str = "MCPayloadErrorDomain";
/// Domain of errors of passcodes.
pub(super) const PASSCODE: &str = "MCPasscodeErrorDomain";
/// Domain of errors of settings.
pub(super) const SETTINGS: &str = "MCSettingsErrorDomain";

/// An entry of a chain. macOS gives no English twin of the text.
pub(super) fn item(platform: Platform, domain: &str, code: i64, text: String) -> ErrorItem {
    ErrorItem {
        domain: domain.to_owned(),
        code,
        us_english: (platform != Platform::Macos).then(|| text.clone()),
        description: text,
    }
}

/// The answer to a request type that the device does not know or does not take.
pub(super) fn invalid_request_type(platform: Platform, code: i64, name: &str) -> ErrorItem {
    let text = if platform == Platform::Macos {
        format!("Unknown command: {name} <MDMClientError:91>")
    } else {
        format!("“{name}” is not a valid request type.")
    };
    item(platform, MDM, code, text)
}

/// The chain of a refused profile: two entries that say so, one from the profile domain, then the cause.
/// Seen on devices (openradar 34606794).
pub(super) fn refused_profile(platform: Platform, name: &str, cause: ErrorItem) -> Vec<ErrorItem> {
    vec![
        item(
            platform,
            INSTALLATION,
            4001,
            "Profile Installation Failed".to_owned(),
        ),
        item(
            platform,
            INSTALLATION,
            4001,
            "Profile Failed to Install".to_owned(),
        ),
        item(
            platform,
            PROFILE,
            1009,
            format!("The profile “{name}” could not be installed."),
        ),
        cause,
    ]
}
