//! Corrupts a single fact in a copy of the facts.

use device_matrix::capability::{Facts, Mode, Since, Support, ValueType};
use device_matrix::known::Known;
use device_matrix::platform::SchemaOs;
use device_matrix::version::VersionNumber;

use super::touch::Spot;

/// How a fact is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Corruption {
    /// Introduced only with this version.
    IntroducedLater(VersionNumber),
    /// Gone since this version.
    RemovedEarlier(VersionNumber),
    /// Needs supervision where it does not, or the reverse.
    SupervisionFlipped,
    /// Forbidden for user enrollment where it is allowed, or the reverse.
    UserEnrollmentFlipped,
    /// A key has another type.
    TypeChanged,
}

impl Corruption {
    /// The word in reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::IntroducedLater(_) => "introduced_later",
            Self::RemovedEarlier(_) => "removed_earlier",
            Self::SupervisionFlipped => "supervision_flipped",
            Self::UserEnrollmentFlipped => "user_enrollment_flipped",
            Self::TypeChanged => "type_changed",
        }
    }
}

/// A copy of the facts with one of them wrong.
///
/// An item's corruption reaches its keys, as the effective support of keys includes that of their item.
#[must_use]
pub fn corrupt(facts: &Facts, spot: Spot, os: SchemaOs, corruption: Corruption) -> Facts {
    let mut items = facts.items().to_vec();
    if let Some(item) = items.get_mut(spot.item.0 as usize) {
        if let Some(index) = spot.key {
            if let Some(key) = item.keys.get_mut(index.0 as usize) {
                if corruption == Corruption::TypeChanged {
                    key.value_type = other_type(key.value_type);
                } else if let Some(support) = key.os.get_mut(&os) {
                    apply(support, corruption);
                }
            }
        } else {
            let own = item.os.get_mut(&os).into_iter();
            let keys = item.keys.iter_mut().filter_map(|key| key.os.get_mut(&os));
            for support in own.chain(keys) {
                apply(support, corruption);
            }
        }
    }
    Facts::new(
        items,
        format!("{}+mutated", facts.revision()),
        facts.reach().to_owned(),
    )
}

fn apply(support: &mut Support, corruption: Corruption) {
    match corruption {
        Corruption::IntroducedLater(version) => support.introduced = Since::Version(version),
        Corruption::RemovedEarlier(version) => support.removed = Some(version),
        Corruption::SupervisionFlipped => {
            support.supervised = Known::Known(support.supervised != Known::Known(true));
        }
        Corruption::UserEnrollmentFlipped => {
            let forbidden = support.user_enrollment == Known::Known(Mode::Forbidden);
            let mode = if forbidden {
                Mode::Allowed
            } else {
                Mode::Forbidden
            };
            support.user_enrollment = Known::Known(mode);
        }
        Corruption::TypeChanged => {}
    }
}

const fn other_type(value_type: ValueType) -> ValueType {
    match value_type {
        ValueType::Boolean => ValueType::String,
        ValueType::String => ValueType::Integer,
        ValueType::Integer | ValueType::Real | ValueType::Any => ValueType::Boolean,
        ValueType::Date => ValueType::Data,
        ValueType::Data => ValueType::Date,
        ValueType::Array => ValueType::Dictionary,
        ValueType::Dictionary => ValueType::Array,
    }
}
