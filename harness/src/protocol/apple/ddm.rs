//! The declarative protocol: what is asked and answered as JSON inside `DeclarativeManagement` check-ins.
//!
//! Every type accepts keys it does not know, because servers and devices of later versions send them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The four sets of declarations, as their words in endpoints and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeclarationKind {
    /// `com.apple.activation.*`
    Activation,
    /// `com.apple.configuration.*`
    Configuration,
    /// `com.apple.asset.*`
    Asset,
    /// `com.apple.management.*`
    Management,
}

impl DeclarationKind {
    /// Every value, in the order in which devices report them.
    pub const ALL: [Self; 4] = [
        Self::Activation,
        Self::Configuration,
        Self::Asset,
        Self::Management,
    ];

    /// The word in `declaration/{word}/{identifier}`.
    #[must_use]
    pub const fn endpoint_word(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Configuration => "configuration",
            Self::Asset => "asset",
            Self::Management => "management",
        }
    }

    /// The key of the kind in `declaration-items`.
    #[must_use]
    pub const fn items_key(self) -> &'static str {
        match self {
            Self::Activation => "Activations",
            Self::Configuration => "Configurations",
            Self::Asset => "Assets",
            Self::Management => "Management",
        }
    }

    /// The key of the kind in status reports and capabilities.
    #[must_use]
    pub const fn report_key(self) -> &'static str {
        match self {
            Self::Activation => "activations",
            Self::Configuration => "configurations",
            Self::Asset => "assets",
            Self::Management => "management",
        }
    }

    /// The kind a declaration type belongs to, by its prefix.
    #[must_use]
    pub fn of_type(declaration_type: &str) -> Option<Self> {
        [
            ("com.apple.activation.", Self::Activation),
            ("com.apple.configuration.", Self::Configuration),
            ("com.apple.asset.", Self::Asset),
            ("com.apple.management.", Self::Management),
        ]
        .into_iter()
        .find(|(prefix, _)| declaration_type.starts_with(prefix))
        .map(|(_, kind)| kind)
    }

    /// The kind with this endpoint word.
    #[must_use]
    pub fn from_endpoint_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.endpoint_word() == word)
    }
}

/// Answer to `tokens`, and `Data` of the `DeclarativeManagement` command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensResponse {
    /// The tokens.
    #[serde(rename = "SyncTokens")]
    pub sync_tokens: SyncTokens,
}

/// The state of the server's declarations. The inner names are not in Apple's schema; they are what servers send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncTokens {
    /// When the set last changed.
    #[serde(rename = "Timestamp", default)]
    pub timestamp: Option<String>,
    /// Changes whenever the set changes.
    #[serde(rename = "DeclarationsToken")]
    pub declarations_token: String,
}

/// Answer to `declaration-items`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclarationItemsResponse {
    /// The manifest.
    #[serde(rename = "Declarations")]
    pub declarations: Manifest,
    /// The token of this state.
    #[serde(rename = "DeclarationsToken")]
    pub declarations_token: String,
}

/// All declarations of an enrollment by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Activations.
    #[serde(rename = "Activations", default)]
    pub activations: Vec<ManifestItem>,
    /// Configurations.
    #[serde(rename = "Configurations", default)]
    pub configurations: Vec<ManifestItem>,
    /// Assets.
    #[serde(rename = "Assets", default)]
    pub assets: Vec<ManifestItem>,
    /// Management declarations.
    #[serde(rename = "Management", default)]
    pub management: Vec<ManifestItem>,
}

impl Manifest {
    /// The rows of one kind.
    #[must_use]
    pub fn of(&self, kind: DeclarationKind) -> &[ManifestItem] {
        match kind {
            DeclarationKind::Activation => &self.activations,
            DeclarationKind::Configuration => &self.configurations,
            DeclarationKind::Asset => &self.assets,
            DeclarationKind::Management => &self.management,
        }
    }

    /// The rows of one kind, for filling.
    pub fn of_mut(&mut self, kind: DeclarationKind) -> &mut Vec<ManifestItem> {
        match kind {
            DeclarationKind::Activation => &mut self.activations,
            DeclarationKind::Configuration => &mut self.configurations,
            DeclarationKind::Asset => &mut self.assets,
            DeclarationKind::Management => &mut self.management,
        }
    }
}

/// One row of the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestItem {
    /// Identifier.
    #[serde(rename = "Identifier")]
    pub identifier: String,
    /// Changes whenever the declaration changes.
    #[serde(rename = "ServerToken")]
    pub server_token: String,
}

/// A declaration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// Type, such as `com.apple.configuration.passcode.settings`.
    #[serde(rename = "Type")]
    pub declaration_type: String,
    /// Identifier.
    #[serde(rename = "Identifier")]
    pub identifier: String,
    /// Server token.
    #[serde(rename = "ServerToken")]
    pub server_token: String,
    /// Payload.
    #[serde(rename = "Payload", default)]
    pub payload: Map<String, Value>,
}

/// A status report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Status items, nested by the dots of their names.
    #[serde(rename = "StatusItems", default)]
    pub status_items: Map<String, Value>,
    /// Status items that could not be reported.
    #[serde(rename = "Errors", default)]
    pub errors: Vec<StatusItemError>,
    /// Whether everything subscribed is in it (17.0).
    #[serde(
        rename = "FullReport",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub full_report: Option<bool>,
}

/// A status item that could not be reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusItemError {
    /// Name of the item.
    #[serde(rename = "StatusItem")]
    pub status_item: String,
    /// Why; with capital names, unlike the reasons of declarations.
    #[serde(rename = "Reasons", default)]
    pub reasons: Vec<StatusItemReason>,
}

/// Why a status item could not be reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusItemReason {
    /// Code.
    #[serde(rename = "Code")]
    pub code: String,
    /// For people.
    #[serde(
        rename = "Description",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub description: Option<String>,
    /// Details by name.
    #[serde(rename = "Details", default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
}

/// `valid` of a declaration's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validity {
    /// Not looked at, such as a configuration that nothing activates.
    Unknown,
    /// Refused.
    Invalid,
    /// Accepted.
    Valid,
}

impl Validity {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Valid => "valid",
        }
    }
}

/// A declaration's row in `management.declarations`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeclarationStatus {
    /// Why it is not simply valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<DeclarationReason>,
    /// In force; always false for management declarations.
    pub active: bool,
    /// Identifier.
    pub identifier: String,
    /// Validity.
    pub valid: Validity,
    /// Server token.
    #[serde(rename = "server-token")]
    pub server_token: String,
}

/// Why a declaration is not simply valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeclarationReason {
    /// Details by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Code, such as `Error.UnknownDeclarationType`.
    pub code: String,
}

/// Puts `value` at a dotted name: `device.model.family` becomes `{"device": {"model": {"family": …}}}`.
///
/// A name that runs through a value that is not an object replaces that value.
pub fn insert_dotted(items: &mut Map<String, Value>, name: &str, value: Value) {
    let Some((head, rest)) = name.split_once('.') else {
        items.insert(name.to_owned(), value);
        return;
    };
    let entry = items
        .entry(head.to_owned())
        .or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    if let Value::Object(inner) = entry {
        insert_dotted(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_have_the_shape_that_devices_send() {
        let row = DeclarationStatus {
            reasons: Vec::new(),
            active: true,
            identifier: "A".to_owned(),
            valid: Validity::Valid,
            server_token: "1".to_owned(),
        };
        assert_eq!(
            serde_json::to_value(row).unwrap(),
            json!({"active": true, "identifier": "A", "valid": "valid", "server-token": "1"})
        );
    }

    #[test]
    fn dotted_names_nest_and_never_panic() {
        let mut items = Map::new();
        insert_dotted(&mut items, "mdm.app", json!([1]));
        insert_dotted(&mut items, "mdm.app.more", json!(2));
        insert_dotted(&mut items, "mdm.other", json!(3));
        assert_eq!(
            Value::Object(items),
            json!({"mdm": {"app": {"more": 2}, "other": 3}})
        );
    }
}
