//! The loaded fact catalogue and its indexes.

use std::collections::HashMap;

use super::item::{Item, ItemIndex, Key, KeyIndex, Kind, Role, Support};
use crate::platform::Platform;

/// All vendor items, indexed by what is on the wire.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    items: Vec<Item>,
    by_id: HashMap<(Kind, String), Vec<ItemIndex>>,
    revision: String,
    reach: String,
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
            revision,
            reach,
        }
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
        &self.revision
    }

    /// The date up to which the facts reach (ISO 8601).
    #[must_use]
    pub fn reach(&self) -> &str {
        &self.reach
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
