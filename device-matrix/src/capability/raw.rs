//! Items and keys as the sources declare them, before inheritance is resolved.
//!
//! Both directions share these types: the import writes them as TOML ([`super::write`]), loading reads them back
//! ([`super::read`]) and resolves them ([`super::resolve`]).

use std::collections::BTreeMap;

use super::item::{
    AccessRight, Confidence, Kind, Mode, Presence, Role, Scalar, SharedIpad, Since, ValueType,
};
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Which source a file of the catalogue comes from; also the name of its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layer {
    /// The newest released checkout: everything it says.
    Schema,
    /// A seed checkout: only what the released one lacks.
    Seed,
    /// Documentation and single facts later than the checkout.
    Later,
}

impl Layer {
    /// Every layer with its folder.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Schema, "schema"),
        (Self::Seed, "seed"),
        (Self::Later, "later"),
    ];

    /// The folder below `data/apple`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

/// Attributes of one `supportedOS` entry; `None` is inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) introduced: Option<Since>,
    pub(crate) deprecated: Option<VersionNumber>,
    pub(crate) removed: Option<VersionNumber>,
    pub(crate) supervised: Option<bool>,
    pub(crate) requires_dep: Option<bool>,
    pub(crate) user_approved_mdm: Option<bool>,
    pub(crate) device_channel: Option<bool>,
    pub(crate) user_channel: Option<bool>,
    pub(crate) allow_manual_install: Option<bool>,
    pub(crate) multiple: Option<bool>,
    pub(crate) beta: Option<bool>,
    pub(crate) access_rights: Option<String>,
    pub(crate) allowed_enrollments: Option<Vec<String>>,
    pub(crate) allowed_scopes: Option<Vec<String>>,
    pub(crate) user_enrollment: Option<Mode>,
    pub(crate) shared_ipad: Option<DeclaredShared>,
}

/// `sharedipad` of one `supportedOS` entry; `None` is inherited, attribute by attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeclaredShared {
    pub(crate) mode: Option<Mode>,
    pub(crate) device_channel: Option<bool>,
    pub(crate) user_channel: Option<bool>,
    pub(crate) allowed_scopes: Option<Vec<String>>,
}

impl DeclaredShared {
    /// Overlays the declared attributes on what is inherited; a missing mode is `allowed`.
    pub(crate) fn over(&self, inherited: Option<&SharedIpad>) -> SharedIpad {
        SharedIpad {
            mode: self
                .mode
                .or(inherited.map(|i| i.mode))
                .unwrap_or(Mode::Allowed),
            device_channel: self
                .device_channel
                .or(inherited.and_then(|i| i.device_channel)),
            user_channel: self.user_channel.or(inherited.and_then(|i| i.user_channel)),
            allowed_scopes: self
                .allowed_scopes
                .clone()
                .or_else(|| inherited.and_then(|i| i.allowed_scopes.clone())),
        }
    }
}

/// How a later source knows what it says. Its `os` entries are effective states, not overrides: what an entry
/// leaves out, and a missing OS, are not stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// How the row is known.
    pub(crate) confidence: Confidence,
    /// What the source says happened (`new_key`, `deprecated`, `delisted`, …).
    pub(crate) changes: Vec<String>,
}

/// A key as declared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawKey {
    pub(crate) path: Vec<String>,
    pub(crate) role: Role,
    /// `None` only in later rows about a key that the schema already has.
    pub(crate) value_type: Option<ValueType>,
    pub(crate) presence: Presence,
    pub(crate) rangelist: Vec<Scalar>,
    pub(crate) range: (Option<Scalar>, Option<Scalar>),
    pub(crate) repetition: (Option<u32>, Option<u32>),
    pub(crate) format: Option<String>,
    pub(crate) default: Option<Scalar>,
    pub(crate) subtype: Option<String>,
    pub(crate) combinetype: Option<String>,
    pub(crate) assettypes: Vec<String>,
    pub(crate) recursive: bool,
    /// Label of the first checkout that has the key, when the item is older than the key.
    pub(crate) first_seen: Option<String>,
    pub(crate) os: BTreeMap<SchemaOs, Declared>,
    /// Values that a later source adds to the range list.
    pub(crate) values_added: Vec<Scalar>,
    /// Values that a later source no longer lists.
    pub(crate) values_gone: Vec<Scalar>,
    /// Set in the later layer, unless the entry only adds values.
    pub(crate) row: Option<Row>,
}

impl RawKey {
    /// A key that says nothing but its place.
    pub(crate) fn at(path: Vec<String>, role: Role) -> Self {
        Self {
            path,
            role,
            value_type: None,
            presence: Presence::Optional,
            rangelist: Vec::new(),
            range: (None, None),
            repetition: (None, None),
            format: None,
            default: None,
            subtype: None,
            combinetype: None,
            assettypes: Vec::new(),
            recursive: false,
            first_seen: None,
            os: BTreeMap::new(),
            values_added: Vec::new(),
            values_gone: Vec::new(),
            row: None,
        }
    }
}

/// An item as declared by one layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RawItem {
    pub(crate) layer: Layer,
    /// Path in the vendor's checkout.
    pub(crate) file: String,
    /// No source names the file; the path follows the vendor's naming.
    pub(crate) file_inferred: bool,
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// Label of the first checkout that has the item, when it is not the oldest one read.
    pub(crate) first_seen: Option<String>,
    /// The layer brings the item, rather than adding to one that another layer brings.
    pub(crate) adds: bool,
    pub(crate) os: BTreeMap<SchemaOs, Declared>,
    pub(crate) beta: bool,
    pub(crate) apply: Option<String>,
    pub(crate) reasons: Vec<String>,
    pub(crate) related_status_items: Vec<String>,
    pub(crate) row: Option<Row>,
    pub(crate) keys: Vec<RawKey>,
}

/// The word of `value` in a table of words.
pub(crate) fn word<T: PartialEq + Copy>(table: &[(T, &'static str)], value: T) -> &'static str {
    table
        .iter()
        .find(|(known, _)| *known == value)
        .map_or("", |(_, word)| word)
}

/// The value of `text` in a table of words.
pub(crate) fn value<T: Copy>(table: &[(T, &'static str)], text: &str) -> Option<T> {
    table
        .iter()
        .find(|(_, word)| *word == text)
        .map(|(value, _)| *value)
}

pub(crate) const MODES: [(Mode, &str); 4] = [
    (Mode::Allowed, "allowed"),
    (Mode::Required, "required"),
    (Mode::Forbidden, "forbidden"),
    (Mode::Ignored, "ignored"),
];

pub(crate) const TYPES: [(ValueType, &str); 9] = [
    (ValueType::String, "string"),
    (ValueType::Integer, "integer"),
    (ValueType::Real, "real"),
    (ValueType::Boolean, "boolean"),
    (ValueType::Date, "date"),
    (ValueType::Data, "data"),
    (ValueType::Array, "array"),
    (ValueType::Dictionary, "dictionary"),
    (ValueType::Any, "any"),
];

pub(crate) const CONFIDENCES: [(Confidence, &str); 6] = [
    (Confidence::Schema, "schema"),
    (Confidence::DocsAndFacts, "docs+facts"),
    (Confidence::Docs, "docs"),
    (Confidence::Facts, "facts"),
    (Confidence::Inferred, "inferred"),
    (Confidence::Conflict, "conflict"),
];

/// The vendor's spellings of access rights and the bits of `AccessRights` in an enrollment profile. Two rights
/// are spelled differently for macOS.
pub(crate) const ACCESS_RIGHTS: [(AccessRight, &str); 18] = [
    (AccessRight::Bit(1), "AllowInspection"),
    (AccessRight::Bit(2), "AllowInstallationRemoval"),
    (AccessRight::Bit(4), "AllowPasscodeRemovalAndLock"),
    (AccessRight::Bit(4), "DeviceLockAndRemovePasscode"),
    (AccessRight::Bit(8), "AllowDeviceErase"),
    (AccessRight::Bit(16), "AllowQueryDeviceInformation"),
    (AccessRight::Bit(32), "AllowQueryNetworkInformation"),
    (AccessRight::Bit(64), "AllowProvisioningInspection"),
    (
        AccessRight::Bit(128),
        "AllowProvisioningInstallationRemoval",
    ),
    (AccessRight::Bit(256), "AllowQueryApplications"),
    (AccessRight::Bit(256), "QueryInstalledApps"),
    (AccessRight::Bit(512), "AllowQueryRestrictions"),
    (AccessRight::Bit(1024), "AllowQuerySecurity"),
    (AccessRight::Bit(2048), "AllowSettings"),
    (AccessRight::Bit(4096), "AllowAppInstallation"),
    (AccessRight::None, "None"),
    (AccessRight::None, "n/a"),
    (AccessRight::SpecialCase, "Special Case"),
];

/// A free key name of a dictionary (`ANY`, `ANY app identifier`, in older checkouts `<app identifier>`): the
/// name is not on the wire.
pub(crate) fn is_free_name(name: &str) -> bool {
    name == "ANY" || name.starts_with("ANY ") || (name.starts_with('<') && name.ends_with('>'))
}

/// The version of `introduced: all`.
pub(crate) fn since_ever() -> VersionNumber {
    VersionNumber::new(&[0])
}
