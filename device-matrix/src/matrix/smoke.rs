//! The smallest useful set: per release one supervised and one unsupervised fresh cell, per platform one upgraded.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::combos::{Combo, Universe};
use crate::enrollment::EnrollmentType;
use crate::known::Known;
use crate::platform::Platform;

/// The commonest enrollment types first.
const PREFERENCE: [EnrollmentType; 7] = [
    EnrollmentType::Ade,
    EnrollmentType::Profile,
    EnrollmentType::WatchPaired,
    EnrollmentType::AccountDevice,
    EnrollmentType::AccountUser,
    EnrollmentType::UserProfile,
    EnrollmentType::SharedIpad,
];

/// The indexes of the chosen combinations.
pub(super) fn choose(universe: &Universe) -> BTreeSet<usize> {
    let mut releases_of: HashMap<u32, HashSet<u32>> = HashMap::new();
    let mut upgrades: HashSet<u32> = HashSet::new();
    for combo in &universe.combos {
        releases_of
            .entry(combo.model)
            .or_default()
            .insert(combo.release);
        if combo.from.is_some() {
            upgrades.insert(combo.model);
        }
    }
    // The model that runs most subjects and can be upgraded; among those the newest one.
    let rank = |combo: &Combo, index: usize| {
        let model = &universe.models[combo.model as usize];
        let launch = match model.released {
            Known::Known(date) => Some(date),
            Known::Unknown => None,
        };
        let preference = PREFERENCE
            .iter()
            .position(|kind| *kind == combo.enrollment)
            .unwrap_or(PREFERENCE.len());
        (
            releases_of.get(&combo.model).map_or(0, HashSet::len),
            upgrades.contains(&combo.model),
            Reverse(preference),
            launch,
            Reverse(index),
        )
    };
    let mut best: HashMap<(u32, bool), usize> = HashMap::new();
    let mut updates: HashMap<Platform, usize> = HashMap::new();
    for (index, combo) in universe.combos.iter().enumerate() {
        let better = |other: &usize| rank(combo, index) > rank(&universe.combos[*other], *other);
        if combo.from.is_none() {
            let key = (combo.release, combo.supervised);
            if best.get(&key).is_none_or(better) {
                best.insert(key, index);
            }
        } else {
            let platform = universe.releases[combo.release as usize].platform;
            if updates.get(&platform).is_none_or(better) {
                updates.insert(platform, index);
            }
        }
    }
    best.into_values().chain(updates.into_values()).collect()
}
