//! Items (commands, payloads, declarations, …) and their keys, with their effective support per OS.

use std::collections::BTreeMap;

use crate::known::Known;
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Kind of a vendor item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An MDM command.
    Command,
    /// A check-in message.
    Checkin,
    /// A profile payload.
    Profile,
    /// A declaration.
    Declaration,
    /// A status item.
    Status,
    /// Credential data of an asset.
    Credential,
    /// A Setup Assistant pane that can be skipped.
    SkipKey,
    /// The body of an error answer.
    Error,
    /// A message of the declarative protocol.
    Protocol,
    /// Anything else Apple describes.
    Other,
}

impl Kind {
    /// Every value with its word in data and JSON.
    pub const WORDS: [(Self, &'static str); 10] = [
        (Self::Command, "command"),
        (Self::Checkin, "checkin"),
        (Self::Profile, "profile"),
        (Self::Declaration, "declaration"),
        (Self::Status, "status"),
        (Self::Credential, "credential"),
        (Self::SkipKey, "skipkey"),
        (Self::Error, "error"),
        (Self::Protocol, "protocol"),
        (Self::Other, "other"),
    ];

    /// The word in data and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// On which side of the exchange a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// In the request, payload, declaration or status value.
    Payload,
    /// In the device's or server's answer.
    Response,
}

/// What a release does to an item or key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// Introduced in the release.
    New,
    /// Deprecated from the release on; still works.
    Deprecated,
    /// Gone from the release on.
    Removed,
}

/// From when on something exists on an OS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    /// From this version on (`introduced: all` is version 0).
    Version(VersionNumber),
    /// The vendor says it does not exist there.
    NotAvailable,
    /// No source states it for this OS.
    Unknown,
}

/// `userenrollment.mode` and `sharedipad.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// May be used.
    Allowed,
    /// Must be present.
    Required,
    /// Is refused.
    Forbidden,
    /// Is accepted and has no effect.
    Ignored,
}

/// The Shared iPad attributes of an item or key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedIpad {
    /// Whether it may be used on Shared iPad.
    pub mode: Mode,
    /// On the device channel.
    pub device_channel: Option<bool>,
    /// On the user channel.
    pub user_channel: Option<bool>,
    /// Declarations: the scopes allowed; an empty list means none.
    pub allowed_scopes: Option<Vec<String>>,
}

/// One of the 13 `AccessRights` bits of an enrollment profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AccessRight {
    /// No right is needed.
    None,
    /// The right with this bit value (1 … 4096).
    Bit(u32),
    /// Each query of the command has its own right.
    SpecialCase,
}

/// How a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Apple's schema files.
    Schema,
    /// Apple's documentation and single facts agree.
    DocsAndFacts,
    /// Apple's documentation only.
    Docs,
    /// Single facts read from schema files or release notes.
    Facts,
    /// Inferred from the item's disappearance from the documentation.
    Inferred,
    /// Sources disagree; the conflict is kept in the list of conflicts.
    Conflict,
}

/// Effective support of an item or key on one OS: inheritance is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field per attribute of the vendor's schema"
)]
pub struct Support {
    /// First version that has it: the maximum along the chain.
    pub introduced: Since,
    /// From this version on it is deprecated.
    pub deprecated: Option<VersionNumber>,
    /// From this version on it is gone: the minimum along the chain.
    pub removed: Option<VersionNumber>,
    /// Whether it needs supervision; missing in the schema means no, not stated by a later source is unknown.
    pub supervised: Known<bool>,
    /// Whether it needs automated device enrollment.
    pub requires_dep: bool,
    /// Whether it needs user-approved MDM (macOS).
    pub user_approved_mdm: bool,
    /// May be used on the device channel (macOS states it; elsewhere the only channel).
    pub device_channel: bool,
    /// May be used on the user channel.
    pub user_channel: bool,
    /// May be installed by hand (profiles).
    pub allow_manual_install: Option<bool>,
    /// The access right it needs.
    pub access_right: AccessRight,
    /// Declarations and status items: `supervised`, `device`, `user`, `local`; `None` is all.
    pub allowed_enrollments: Option<Vec<String>>,
    /// Declarations and status items: `system`, `user`; `None` is all.
    pub allowed_scopes: Option<Vec<String>>,
    /// Under user enrollment.
    pub user_enrollment: Known<Mode>,
    /// On Shared iPad (iOS only).
    pub shared_ipad: Known<Option<SharedIpad>>,
    /// Whether more than one payload of the type may exist.
    pub multiple: Option<bool>,
    /// The vendor says it may still change.
    pub beta: bool,
    /// How this row is known.
    pub confidence: Confidence,
}

/// Type of a key's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueType {
    /// `<string>`
    String,
    /// `<integer>`
    Integer,
    /// `<real>`
    Real,
    /// `<boolean>`
    Boolean,
    /// `<date>`
    Date,
    /// `<data>`
    Data,
    /// `<array>`
    Array,
    /// `<dictionary>`
    Dictionary,
    /// `<any>`
    Any,
}

/// Whether a key must be present where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presence {
    /// Must be present where it applies.
    Required,
    /// May be left out.
    Optional,
}

/// A value in `rangelist`, `range` or `default`.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub enum Scalar {
    /// Text.
    String(String),
    /// Whole number.
    Integer(i64),
    /// Real number.
    Real(f64),
    /// Truth value.
    Boolean(bool),
}

/// Position of an item in [`super::Facts`] (set by loading order; stable for one data revision).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemIndex(pub u32);

/// Position of a key in its item's `keys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyIndex(pub u32);

/// One key of an item, or one enumerated value that is a capability of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Names from the item's root, placeholders included.
    pub path: Vec<String>,
    /// Request or answer.
    pub role: Role,
    /// Value type.
    pub value_type: ValueType,
    /// Required or optional.
    pub presence: Presence,
    /// The name is not on the wire: an array element or a free key name (`ANY …`).
    pub placeholder: bool,
    /// Not a key: one of the values of its parent, such as a query of `DeviceInformation`.
    pub enum_value: bool,
    /// The parent key, when it is nested.
    pub parent: Option<KeyIndex>,
    /// Allowed values, in the vendor's order.
    pub rangelist: Vec<Scalar>,
    /// Smallest and largest allowed value.
    pub range: (Option<Scalar>, Option<Scalar>),
    /// Fewest and most entries.
    pub repetition: (Option<u32>, Option<u32>),
    /// Regular expression that the value must match.
    pub format: Option<String>,
    /// Value when absent.
    pub default: Option<Scalar>,
    /// `subtype` / `valuetype` (such as `<url>`, `<hostname>`).
    pub subtype: Option<String>,
    /// How values of several declarations combine.
    pub combinetype: Option<String>,
    /// Asset types the key may refer to.
    pub assettypes: Vec<String>,
    /// The walk stopped here because the schema refers to an enclosing key again.
    pub recursive: bool,
    /// Effective support per OS.
    pub os: BTreeMap<SchemaOs, Support>,
}

/// One vendor item. The file is the identity; ids repeat.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Kind.
    pub kind: Kind,
    /// Id on the wire (request type, payload type, declaration type, status item), else the file's stem.
    pub id: String,
    /// Path in the vendor's checkout, `/` separated.
    pub file: String,
    /// Effective support per OS.
    pub os: BTreeMap<SchemaOs, Support>,
    /// Keys in the vendor's order, parents before children.
    pub keys: Vec<Key>,
    /// Declarations: how several of the type apply (`single`, `multiple`, `combined`).
    pub apply: Option<String>,
    /// Reason codes the item may report.
    pub reasons: Vec<String>,
    /// Status items related to the item.
    pub related_status_items: Vec<String>,
}
