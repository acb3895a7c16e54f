//! The same checks on the previous release, against which behavior is compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::excluded::{ExclusionReason, Tally};
use crate::catalog::Catalog;
use crate::cell::{Arrival, Cell, Role};
use crate::enrollment::EnrollmentType;
use crate::known::Known;
use crate::model::{DeviceModel, Hardware};
use crate::release::Release;
use crate::runs::Runs;
use crate::selector::Target;
use crate::version::Channel;

/// The comparison cells of the fresh subject cells, each once.
pub(super) fn cells(
    catalog: &Catalog,
    target: &Target,
    subjects: &[Arc<Cell>],
    tally: &mut Tally,
) -> Vec<Arc<Cell>> {
    let mut found: BTreeMap<String, Arc<Cell>> = BTreeMap::new();
    for subject in subjects
        .iter()
        .filter(|cell| cell.arrival == Arrival::Fresh)
    {
        let platform = subject.release.platform;
        let Some(previous) = target.previous.get(&platform) else {
            let what = format!("{}/comparison", subject.release.id());
            tally.comparison(what, ExclusionReason::NoPreviousRelease);
            continue;
        };
        let Some((release, model)) = stand_in(catalog, target, previous, subject) else {
            let what = format!("{}/{}/*/comparison", previous.id(), subject.model.id);
            tally.comparison(what, ExclusionReason::NoComparisonModel);
            continue;
        };
        let number = &release.version.number;
        let row = catalog
            .enrollment(platform, subject.enrollment, number)
            .filter(|row| row.supervised_from != Known::Unknown);
        let Some(row) = row else {
            let what = format!("{}/*/{}/comparison", release.id(), subject.enrollment);
            tally.comparison(what, ExclusionReason::EnrollmentNotOnRelease);
            continue;
        };
        let cell = Cell {
            supervised: row.supervised(number),
            release,
            model,
            enrollment: subject.enrollment,
            arrival: Arrival::Fresh,
            role: Role::Comparison,
        };
        found.entry(cell.id()).or_insert_with(|| Arc::new(cell));
    }
    found.into_values().collect()
}

/// The release and model to compare with: the model itself on the newest release of the comparison's generation
/// that it runs, else the model of the family with the same hardware that was launched last before it, else the
/// one with other hardware.
fn stand_in(
    catalog: &Catalog,
    target: &Target,
    previous: &Arc<Release>,
    subject: &Cell,
) -> Option<(Arc<Release>, Arc<DeviceModel>)> {
    if let Some(release) = newest_up_to(catalog, target, previous, &subject.model) {
        return Some((release, Arc::clone(&subject.model)));
    }
    let launch = launch_key(&subject.model);
    catalog
        .models(previous.platform)
        .iter()
        .enumerate()
        .filter(|(_, model)| {
            model.family() == subject.model.family()
                && launch_key(model) <= launch
                && (subject.enrollment != EnrollmentType::SharedIpad
                    || model.has(Hardware::SharedIpad))
        })
        .filter_map(|(index, model)| {
            let release = newest_up_to(catalog, target, previous, model)?;
            let same = model.hardware == subject.model.hardware;
            Some((
                (release.version, same, launch_key(model), index),
                release,
                model,
            ))
        })
        .max_by(|a, b| a.0.cmp(&b.0))
        .map(|(_, release, model)| (release, Arc::clone(model)))
}

/// A model without a launch date counts as launched last.
fn launch_key(model: &DeviceModel) -> (bool, Option<jiff::civil::Date>) {
    match model.released {
        Known::Known(date) => (false, Some(date)),
        Known::Unknown => (true, None),
    }
}

fn newest_up_to(
    catalog: &Catalog,
    target: &Target,
    previous: &Release,
    model: &DeviceModel,
) -> Option<Arc<Release>> {
    catalog
        .selectable(previous.platform, target.as_of)
        .rev()
        .filter(|release| {
            release.channel() == Channel::Released
                && release.version <= previous.version
                && release.major() == previous.major()
        })
        .find(|release| model.runs(release) == Runs::Yes)
        .map(Arc::clone)
}
