//! What a release brings: new, deprecated and removed items and keys, by declared facts.
//!
//! This answers "which items and keys say that they were introduced in X", not "what changed between two checkouts
//! of the schema" (see [`crate::import::apple::diff`]).

use super::applicability::Applicability;
use super::facts::Facts;
use super::item::{Change, Item, ItemIndex, Key, KeyIndex, Since, Support};
use super::raw::Layer;
use crate::platform::{Platform, SchemaOs};
use crate::version::VersionNumber;

/// A stretch of versions: later than `after`, up to and including `upto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Exactly this version.
    At(VersionNumber),
    /// Everything later than `after`, up to and including `upto`.
    Since {
        /// Exclusive.
        after: VersionNumber,
        /// Inclusive.
        upto: VersionNumber,
    },
}

impl Range {
    /// Whether `version` lies in the stretch.
    #[must_use]
    pub fn contains(&self, version: &VersionNumber) -> bool {
        match self {
            Self::At(at) => version == at,
            Self::Since { after, upto } => after < version && version <= upto,
        }
    }

    /// The last version of the stretch.
    #[must_use]
    pub const fn last(&self) -> VersionNumber {
        match self {
            Self::At(version) => *version,
            Self::Since { upto, .. } => *upto,
        }
    }
}

/// One thing that a release brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeatureChange {
    /// The item.
    pub item: ItemIndex,
    /// The key; `None` is the item itself.
    pub key: Option<KeyIndex>,
    /// What happens.
    pub change: Change,
    /// The version it happens in.
    pub version: VersionNumber,
    /// A key of an item that is new in the same stretch.
    pub inside_new_item: bool,
}

/// What a release brings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// By the best source for the version: the schema as far as it reaches, later sources beyond.
    pub changes: Vec<FeatureChange>,
    /// What later sources say about versions that the schema covers and does not say: published late, or corrected.
    pub late: Vec<FeatureChange>,
}

/// What the releases of `platform` in `range` bring; empty for platforms that the schema does not know.
#[must_use]
pub fn features(facts: &Facts, platform: Platform, range: Range) -> Features {
    let mut out = Features::default();
    let Some(os) = platform.schema_os() else {
        return out;
    };
    let reach = facts.head().schema_reach.get(&os).copied();
    for (position, item) in facts.items().iter().enumerate() {
        let index = ItemIndex(u32::try_from(position).unwrap_or(u32::MAX));
        let item_new = item
            .os
            .get(&os)
            .is_some_and(|support| introduced_in(support, &range).is_some());
        let schema_new = facts
            .schema_support(index, None, os)
            .is_some_and(|support| introduced_in(support, &range).is_some());
        let places = std::iter::once((None, item.os.get(&os))).chain(
            item.keys.iter().enumerate().map(|(at, key)| {
                let at = KeyIndex(u32::try_from(at).unwrap_or(u32::MAX));
                (Some(at), key.os.get(&os))
            }),
        );
        for (key, support) in places {
            let schema = facts.schema_support(index, key, os);
            let make = |(change, version): (Change, VersionNumber), inside: bool| FeatureChange {
                item: index,
                key,
                change,
                version,
                inside_new_item: inside && key.is_some(),
            };
            let by_schema = schema
                .map(|support| changes(support, &range))
                .unwrap_or_default();
            let by_all = support
                .map(|support| changes(support, &range))
                .unwrap_or_default();
            let covered = |version: &VersionNumber| reach.is_some_and(|reach| *version <= reach);
            for one in by_schema.iter().flatten().filter(|(_, v)| covered(v)) {
                out.changes.push(make(*one, schema_new));
            }
            for one in by_all.iter().flatten() {
                if !covered(&one.1) {
                    out.changes.push(make(*one, item_new));
                } else if !by_schema.contains(&Some(*one)) {
                    out.late.push(make(*one, item_new));
                }
            }
        }
    }
    out
}

/// The first version, when it lies in the stretch and the thing is still there at that version.
fn introduced_in(support: &Support, range: &Range) -> Option<VersionNumber> {
    match support.introduced {
        Since::Version(version)
            if range.contains(&version)
                && matches!(support.available(&version), Applicability::Yes { .. }) =>
        {
            Some(version)
        }
        _ => None,
    }
}

fn changes(support: &Support, range: &Range) -> [Option<(Change, VersionNumber)>; 3] {
    let exists = support.introduced != Since::NotAvailable;
    let happens = |version: Option<VersionNumber>| {
        version.filter(|version| exists && range.contains(version))
    };
    // What was gone before it came (a removal in version 0) never existed.
    let existed = |removed: &VersionNumber| match support.introduced {
        Since::Version(introduced) => introduced < *removed,
        Since::NotAvailable | Since::Unknown => true,
    };
    [
        introduced_in(support, range).map(|version| (Change::New, version)),
        happens(support.deprecated).map(|version| (Change::Deprecated, version)),
        happens(support.removed)
            .filter(existed)
            .map(|version| (Change::Removed, version)),
    ]
}

impl FeatureChange {
    /// The item in its catalogue.
    #[must_use]
    pub fn item_in<'f>(&self, facts: &'f Facts) -> &'f Item {
        facts.item(self.item)
    }

    /// The key in its catalogue.
    #[must_use]
    pub fn key_in<'f>(&self, facts: &'f Facts) -> Option<&'f Key> {
        self.key.map(|key| facts.item(self.item).key(key))
    }

    /// The layer that brings the item or key.
    #[must_use]
    pub fn layer(&self, facts: &Facts) -> Layer {
        facts.layer(self.item, self.key)
    }

    /// Its support on an OS.
    #[must_use]
    pub fn support<'f>(&self, facts: &'f Facts, os: SchemaOs) -> Option<&'f Support> {
        self.key_in(facts)
            .map_or(&self.item_in(facts).os, |key| &key.os)
            .get(&os)
    }
}
