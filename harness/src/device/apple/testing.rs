//! Builders of small facts, models and releases for tests, so that no test needs the vendor's catalogue.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use device_matrix::capability::{
    AccessRight, Confidence, Facts, Item, Key, KeyIndex, Kind, Mode, Presence, Role, Since,
    Support, ValueType,
};
use device_matrix::known::Known;
use device_matrix::model::{DeviceModel, Hardware, ModelId};
use device_matrix::platform::{Platform, SchemaOs};
use device_matrix::release::{Build, BuildId, Release};
use device_matrix::version::{OsVersion, VersionNumber};

/// A version number from text.
///
/// # Panics
/// When the text is not a version; tests pass literals.
#[must_use]
pub fn version(text: &str) -> VersionNumber {
    text.parse().expect("a version literal")
}

/// A released release with one build.
///
/// # Panics
/// When the version is not one.
#[must_use]
pub fn release(platform: Platform, number: &str, build: &str) -> Arc<Release> {
    Arc::new(Release {
        platform,
        version: OsVersion::released(version(number)),
        builds: vec![Build {
            id: BuildId(build.to_owned()),
            date: Known::Unknown,
            preinstalled_only: false,
        }],
        date: Known::Unknown,
        sources: Vec::new(),
    })
}

/// A model with this hardware.
#[must_use]
pub fn model(id: &str, platform: Platform, hardware: &[Hardware]) -> Arc<DeviceModel> {
    Arc::new(DeviceModel {
        id: ModelId(id.to_owned()),
        platform,
        name: id.to_owned(),
        released: Known::Unknown,
        chip: Known::Unknown,
        hardware: hardware.iter().copied().collect::<BTreeSet<_>>(),
        majors: Vec::new(),
        sources: Vec::new(),
    })
}

/// Support on one OS from a version on, for everybody.
#[must_use]
pub fn since(introduced: &str) -> Support {
    Support {
        introduced: Since::Version(version(introduced)),
        deprecated: None,
        removed: None,
        supervised: Known::Known(false),
        requires_dep: false,
        user_approved_mdm: false,
        device_channel: true,
        user_channel: true,
        allow_manual_install: None,
        access_right: AccessRight::None,
        allowed_enrollments: None,
        allowed_scopes: None,
        user_enrollment: Known::Known(Mode::Allowed),
        shared_ipad: Known::Known(None),
        multiple: None,
        beta: false,
        confidence: Confidence::Schema,
    }
}

/// Changes of a [`Support`] that read like a sentence: `since("9.0").supervised().removed("27.0")`.
pub trait SupportExt: Sized {
    /// Needs supervision.
    #[must_use]
    fn supervised(self) -> Self;
    /// Is gone from this version on.
    #[must_use]
    fn removed(self, version: &str) -> Self;
    /// Is deprecated from this version on.
    #[must_use]
    fn deprecated(self, version: &str) -> Self;
    /// Is refused under user enrollment.
    #[must_use]
    fn no_user_enrollment(self) -> Self;
    /// Needs the access right with this bit.
    #[must_use]
    fn right(self, bit: u32) -> Self;
    /// May not be used on the user channel.
    #[must_use]
    fn device_only(self) -> Self;
    /// Declarations and status items: these enrollments.
    #[must_use]
    fn enrollments(self, allowed: &[&str]) -> Self;
}

impl SupportExt for Support {
    fn supervised(mut self) -> Self {
        self.supervised = Known::Known(true);
        self
    }

    fn removed(mut self, text: &str) -> Self {
        self.removed = Some(version(text));
        self
    }

    fn deprecated(mut self, text: &str) -> Self {
        self.deprecated = Some(version(text));
        self
    }

    fn no_user_enrollment(mut self) -> Self {
        self.user_enrollment = Known::Known(Mode::Forbidden);
        self
    }

    fn right(mut self, bit: u32) -> Self {
        self.access_right = AccessRight::Bit(bit);
        self
    }

    fn device_only(mut self) -> Self {
        self.user_channel = false;
        self
    }

    fn enrollments(mut self, allowed: &[&str]) -> Self {
        self.allowed_enrollments = Some(allowed.iter().map(|&word| word.to_owned()).collect());
        self
    }
}

/// An item with the same support on every schema OS.
#[must_use]
pub fn item(kind: Kind, id: &str, support: &Support) -> Item {
    Item {
        kind,
        id: id.to_owned(),
        file: format!("{id}.yaml"),
        os: everywhere(support),
        keys: Vec::new(),
        apply: None,
        reasons: Vec::new(),
        related_status_items: Vec::new(),
    }
}

fn everywhere(support: &Support) -> BTreeMap<SchemaOs, Support> {
    SchemaOs::ALL
        .into_iter()
        .map(|os| (os, support.clone()))
        .collect()
}

/// Adds keys to an item.
pub trait ItemExt: Sized {
    /// Adds a payload key below the key with the dotted path `parent` (empty for the root).
    #[must_use]
    fn key(self, parent: &str, name: &str, value_type: ValueType, support: &Support) -> Self;
    /// As [`ItemExt::key`], required.
    #[must_use]
    fn required(self, parent: &str, name: &str, value_type: ValueType, support: &Support) -> Self;
    /// Adds an array element or a free key name.
    #[must_use]
    fn placeholder(self, parent: &str, name: &str, value_type: ValueType) -> Self;
    /// Adds an enumerated value such as a query.
    #[must_use]
    fn value(self, parent: &str, name: &str, support: &Support) -> Self;
    /// The item exists only on these systems.
    #[must_use]
    fn only(self, systems: &[SchemaOs]) -> Self;
    /// The last key may refer to these assets.
    #[must_use]
    fn assets(self, types: &[&str]) -> Self;
}

impl ItemExt for Item {
    fn key(mut self, parent: &str, name: &str, value_type: ValueType, support: &Support) -> Self {
        let position = self.keys.iter().position(|key| key.dotted() == parent);
        let parent = position.map(|index| KeyIndex(u32::try_from(index).unwrap_or(u32::MAX)));
        let mut path = position.map_or_else(Vec::new, |index| self.keys[index].path.clone());
        path.push(name.to_owned());
        self.keys.push(Key {
            path,
            role: Role::Payload,
            value_type,
            presence: Presence::Optional,
            placeholder: false,
            enum_value: false,
            parent,
            rangelist: Vec::new(),
            range: (None, None),
            repetition: (None, None),
            format: None,
            default: None,
            subtype: None,
            combinetype: None,
            assettypes: Vec::new(),
            recursive: false,
            os: everywhere(support),
        });
        self
    }

    fn required(self, parent: &str, name: &str, value_type: ValueType, support: &Support) -> Self {
        let mut item = self.key(parent, name, value_type, support);
        if let Some(key) = item.keys.last_mut() {
            key.presence = Presence::Required;
        }
        item
    }

    fn placeholder(self, parent: &str, name: &str, value_type: ValueType) -> Self {
        let mut item = self.key(parent, name, value_type, &since("0"));
        if let Some(key) = item.keys.last_mut() {
            key.placeholder = true;
        }
        item
    }

    fn value(self, parent: &str, name: &str, support: &Support) -> Self {
        let mut item = self.key(parent, name, ValueType::String, support);
        if let Some(key) = item.keys.last_mut() {
            key.enum_value = true;
        }
        item
    }

    fn only(mut self, systems: &[SchemaOs]) -> Self {
        self.os.retain(|os, _| systems.contains(os));
        self
    }

    fn assets(mut self, types: &[&str]) -> Self {
        if let Some(key) = self.keys.last_mut() {
            key.assettypes = types.iter().map(|&name| name.to_owned()).collect();
        }
        self
    }
}

/// A catalogue of these items.
#[must_use]
pub fn facts(items: Vec<Item>) -> Arc<Facts> {
    Arc::new(Facts::new(
        items,
        "test".to_owned(),
        "2026-11-23".to_owned(),
    ))
}
