//! What commands do, as far as checks depend on it.

/// Commands that ask and change nothing: their answer is a read-back.
pub const READING: [&str; 22] = [
    "ActivationLockBypassCode",
    "ActiveNSExtensions",
    "AvailableOSUpdates",
    "CertificateList",
    "ContentCachingInformation",
    "DeviceInformation",
    "DeviceLocation",
    "GetFirmwarePasswordStatus",
    "InstalledApplicationList",
    "ListUsers",
    "ManagedApplicationAttributes",
    "ManagedApplicationConfiguration",
    "ManagedApplicationFeedback",
    "ManagedApplicationList",
    "ManagedMediaList",
    "NSExtensionMappings",
    "OSUpdateStatus",
    "ProfileList",
    "ProvisioningProfileList",
    "Restrictions",
    "SecurityInfo",
    "UserList",
];

/// Whether the command asks and changes nothing.
#[must_use]
pub fn reads(request_type: &str) -> bool {
    READING.contains(&request_type)
}
