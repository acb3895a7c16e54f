//! The loaded fact catalogue and its indexes.

use std::collections::HashMap;

use super::item::{Item, ItemIndex, Key, KeyIndex, Kind, Role, Support};
use super::provenance::{CatalogHead, Disagreement, Provenance, Vanished};
use super::raw::Layer;
use crate::platform::{Platform, SchemaOs};

/// All vendor items, indexed by what is on the wire.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    items: Vec<Item>,
    by_id: HashMap<(Kind, String), Vec<ItemIndex>>,
    provenance: Vec<Provenance>,
    head: CatalogHead,
    disagreements: Vec<Disagreement>,
    vanished: Vec<Vanished>,
}

impl Facts {
    /// Indexes `items`. `revision` names the data's content, `reach` the date up to which the facts reach.
    #[must_use]
    pub fn new(items: Vec<Item>, revision: String, reach: String) -> Self {
        let mut by_id: HashMap<(Kind, String), Vec<ItemIndex>> = HashMap::new();
        for (position, item) in items.iter().enumerate() {
            let index = ItemIndex(u32::try_from(position).unwrap_or(u32::MAX));
            by_id
                .entry((item.kind, item.id.clone()))
                .or_default()
                .push(index);
        }
        Self {
            items,
            by_id,
            provenance: Vec::new(),
            head: CatalogHead {
                revision,
                reach,
                ..CatalogHead::default()
            },
            disagreements: Vec::new(),
            vanished: Vec::new(),
        }
    }

    /// The catalogue with all that the data files say about its sources; `provenance` goes with `items`.
    pub(crate) fn with_sources(
        items: Vec<Item>,
        provenance: Vec<Provenance>,
        head: CatalogHead,
        disagreements: Vec<Disagreement>,
        vanished: Vec<Vanished>,
    ) -> Self {
        let mut facts = Self::new(items, String::new(), String::new());
        facts.provenance = provenance;
        facts.head = head;
        facts.disagreements = disagreements;
        facts.vanished = vanished;
        facts
    }

    /// What the catalogue says about itself.
    #[must_use]
    pub fn head(&self) -> &CatalogHead {
        &self.head
    }

    /// Where sources disagree, and rows of later sources that could not be placed.
    #[must_use]
    pub fn disagreements(&self) -> &[Disagreement] {
        &self.disagreements
    }

    /// What older checkouts had and the newest released one lacks.
    #[must_use]
    pub fn vanished(&self) -> &[Vanished] {
        &self.vanished
    }

    /// Where an item comes from; `None` in a catalogue made by hand.
    #[must_use]
    pub fn provenance(&self, item: ItemIndex) -> Option<&Provenance> {
        self.provenance.get(item.0 as usize)
    }

    /// The layer that brings an item (`key` is `None`) or a key; `Schema` in a catalogue made by hand.
    #[must_use]
    pub fn layer(&self, item: ItemIndex, key: Option<KeyIndex>) -> Layer {
        let Some(provenance) = self.provenance(item) else {
            return Layer::Schema;
        };
        key.map_or(provenance.layer, |key| provenance.key_layer(key))
    }

    /// Effective support by the vendor's released schema alone; `None` when the schema does not have the item or
    /// key, or says nothing of the OS.
    #[must_use]
    pub fn schema_support(
        &self,
        item: ItemIndex,
        key: Option<KeyIndex>,
        os: SchemaOs,
    ) -> Option<&Support> {
        if self.layer(item, key) != Layer::Schema {
            return None;
        }
        let before = self
            .provenance(item)
            .and_then(|provenance| provenance.schema.get(&key));
        let now = match key {
            None => &self.item(item).os,
            Some(key) => &self.item(item).key(key).os,
        };
        before.unwrap_or(now).get(&os)
    }

    /// All items in loading order.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item at `index`.
    ///
    /// # Panics
    /// When the index comes from another catalogue.
    #[must_use]
    pub fn item(&self, index: ItemIndex) -> &Item {
        &self.items[index.0 as usize]
    }

    /// The items with this id on the wire; more than one when several files share it.
    pub fn find(&self, kind: Kind, id: &str) -> impl Iterator<Item = (ItemIndex, &Item)> {
        self.by_id
            .get(&(kind, id.to_owned()))
            .into_iter()
            .flatten()
            .map(|index| (*index, self.item(*index)))
    }

    /// Name of the data's content, for records and reports.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.head.revision
    }

    /// The date up to which the facts reach (ISO 8601).
    #[must_use]
    pub fn reach(&self) -> &str {
        &self.head.reach
    }
}

impl Item {
    /// Support on the schema OS of `platform`.
    #[must_use]
    pub fn support(&self, platform: Platform) -> Option<&Support> {
        self.os.get(&platform.schema_os()?)
    }

    /// The key at `index`.
    ///
    /// # Panics
    /// When the index comes from another item.
    #[must_use]
    pub fn key(&self, index: KeyIndex) -> &Key {
        &self.keys[index.0 as usize]
    }

    /// Children of `parent` (or the item's top-level keys) on one side of the exchange.
    pub fn children(
        &self,
        parent: Option<KeyIndex>,
        role: Role,
    ) -> impl Iterator<Item = (KeyIndex, &Key)> {
        self.keys
            .iter()
            .enumerate()
            .filter(move |(_, key)| key.parent == parent && key.role == role)
            .map(|(position, key)| (KeyIndex(u32::try_from(position).unwrap_or(u32::MAX)), key))
    }
}

impl Key {
    /// Support on the schema OS of `platform`.
    #[must_use]
    pub fn support(&self, platform: Platform) -> Option<&Support> {
        self.os.get(&platform.schema_os()?)
    }

    /// The last name of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The path joined by dots, placeholders included, as in `features --json`.
    #[must_use]
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }
}
