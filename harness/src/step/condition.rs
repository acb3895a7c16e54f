//! Conditions of scenarios against a cell.

use device_matrix::cell::Cell;
use device_matrix::model::Hardware;
use device_matrix::release::Release;
use scenarios::scenario::{Condition, Part, Scenario, Specified};

/// Whether `condition` holds for the cell while its device runs `release`.
///
/// The release is an argument because an upgraded device runs another one before its update.
#[must_use]
pub fn holds(condition: &Condition, cell: &Cell, release: &Release) -> bool {
    let on = condition.on.is_empty()
        || condition
            .on
            .iter()
            .any(|range| range.contains(release.platform, &release.version.number));
    let enrolled =
        condition.enrollments.is_empty() || condition.enrollments.contains(&cell.enrollment);
    let supervised = condition
        .supervised
        .is_none_or(|supervised| supervised == cell.supervised);
    on && enrolled && supervised && condition.hardware.iter().all(|word| has(word, cell))
}

/// Whether the scenario is about such a device; a scenario without conditions is about every device.
#[must_use]
pub fn applies(scenario: &Scenario, cell: &Cell, release: &Release) -> bool {
    scenario.applies.is_empty()
        || scenario
            .applies
            .iter()
            .any(|condition| holds(condition, cell, release))
}

/// What the release must do with a part; `None` when nobody has stated it.
#[must_use]
pub fn specified(part: &Part, cell: &Cell, release: &Release) -> Option<Specified> {
    part.expectations
        .iter()
        .find(|row| holds(&row.when, cell, release))
        .map(|row| row.specified)
}

/// `cellular` asks for the hardware, `!cellular` for its absence. A word nobody knows is never there.
fn has(word: &str, cell: &Cell) -> bool {
    let (name, wanted) = match word.strip_prefix('!') {
        Some(name) => (name, false),
        None => (word, true),
    };
    let there = Hardware::WORDS
        .iter()
        .any(|(hardware, known)| *known == name && cell.model.has(*hardware));
    there == wanted
}
