//! Where items and keys come from, beside what they are: layer, first checkout, and what the schema alone said.

use std::collections::{BTreeMap, HashMap};

use super::item::{KeyIndex, Kind, Role, Support};
use super::raw::{Layer, RawItem};
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Where one item and its keys come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// The layer that brings the item.
    pub layer: Layer,
    /// No source names the vendor's file; the item's `file` follows the vendor's naming.
    pub file_inferred: bool,
    /// The first checkout that has the item, when it is not the oldest one read.
    pub first_seen: Option<String>,
    pub(crate) key_layers: Vec<Layer>,
    pub(crate) key_first_seen: HashMap<KeyIndex, String>,
    /// Effective support by the schema alone, where a later source changed it; `None` is the item.
    pub(crate) schema: HashMap<Option<KeyIndex>, BTreeMap<SchemaOs, Support>>,
}

impl Provenance {
    pub(crate) fn new(item: &RawItem) -> Self {
        Self {
            layer: item.layer,
            file_inferred: item.file_inferred,
            first_seen: item.first_seen.clone(),
            key_layers: Vec::new(),
            key_first_seen: HashMap::new(),
            schema: HashMap::new(),
        }
    }

    /// The layer that brings the key.
    #[must_use]
    pub fn key_layer(&self, key: KeyIndex) -> Layer {
        self.key_layers
            .get(key.0 as usize)
            .copied()
            .unwrap_or(self.layer)
    }

    /// The first checkout that has the key, when it is younger than its item.
    #[must_use]
    pub fn key_first_seen(&self, key: KeyIndex) -> Option<&str> {
        self.key_first_seen.get(&key).map(String::as_str)
    }
}

/// Where an item or key stands: the vendor's file, and the path within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Kind of the item.
    pub kind: Kind,
    /// Id on the wire.
    pub id: String,
    /// Path in the vendor's checkout; empty when no source names it.
    pub file: String,
    /// Names from the item's root; empty is the item itself.
    pub path: Vec<String>,
    /// Request or answer.
    pub role: Role,
}

/// Two sources that disagree, or a row of a later source that could not be placed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Disagreement {
    /// Where.
    pub place: Place,
    /// On which OS, as the source spells it; empty for the row as a whole.
    pub os: String,
    /// Which attribute (`introduced`, `removed`, …), or `unmatched`.
    pub field: String,
    /// What the schema or the documentation says.
    pub one: String,
    /// What the other source says.
    pub other: String,
    /// Which of the two the catalogue uses.
    pub kept: String,
}

/// A key or item that an older checkout had and the newest released one lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vanished {
    /// Where it was.
    pub place: Place,
    /// Label of the last checkout that has it.
    pub last_seen: String,
}

/// What the catalogue as a whole says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogHead {
    /// Names the content.
    pub revision: String,
    /// Date up to which the facts reach (ISO 8601), or `unknown`.
    pub reach: String,
    /// Label of the checkout that the schema layer was read from.
    pub schema: String,
    /// Labels of all checkouts read, oldest first.
    pub checkouts: Vec<String>,
    /// Newest version per OS that the schema layer speaks of.
    pub schema_reach: BTreeMap<SchemaOs, VersionNumber>,
}
