//! The floor: how many newer generations stay supported.

use std::collections::BTreeSet;

use super::generation::{GenerationKey, OsGeneration};

/// The members of `remaining` that are newer than `candidate`, oldest first. `generations` is the platform's list.
///
/// "Newer than the candidate" and not "all but the candidate": otherwise a young version could be dropped while old
/// ones stay. A candidate that is not in the list has nothing newer.
#[must_use]
pub fn newer_remaining(
    generations: &[OsGeneration],
    candidate: &GenerationKey,
    remaining: &BTreeSet<GenerationKey>,
) -> Vec<GenerationKey> {
    let Some(position) = generations.iter().position(|row| row.key == *candidate) else {
        return Vec::new();
    };
    generations[position + 1..]
        .iter()
        .map(|row| &row.key)
        .filter(|key| remaining.contains(key))
        .cloned()
        .collect()
}
