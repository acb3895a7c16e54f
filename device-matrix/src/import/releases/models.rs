//! Device models of one platform as rows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::civil::Date;

use super::full_date;
use super::hardware;
use super::input::{InputDevice, InputPlatform};
use super::rows::{ReleaseRow, number};
use crate::import::ImportError;
use crate::model::Hardware;
use crate::platform::Platform;
use crate::release::major_of;
use crate::version::{Stage, VersionNumber};

/// A model before it is written.
#[derive(Debug)]
pub(super) struct ModelRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) released: Option<Date>,
    pub(super) chip: Option<String>,
    pub(super) hardware: Vec<Hardware>,
    pub(super) majors: Vec<(VersionNumber, Option<VersionNumber>)>,
    pub(super) sources: Vec<String>,
}

/// The identifier that a device reports: the source tells year variants apart (`MacBookPro15,1-2018`), a device
/// does not.
pub(super) fn base_id(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// The models that the platform's majors list, in the order of their identifiers.
pub(super) fn models(
    platform: Platform,
    facts: &InputPlatform,
    devices: &BTreeMap<String, InputDevice>,
    releases: &[ReleaseRow],
) -> Result<Vec<ModelRow>, ImportError> {
    let mut observed: BTreeMap<&str, BTreeMap<VersionNumber, VersionNumber>> = BTreeMap::new();
    for major in &facts.majors {
        let key = number(platform.name(), &major.major)?;
        for support in &major.supported_devices {
            let first = number(&support.id, &support.first)?;
            match observed.entry(base_id(&support.id)).or_default().entry(key) {
                Entry::Vacant(slot) => {
                    slot.insert(first);
                }
                Entry::Occupied(mut slot) => {
                    let earliest = first.min(*slot.get());
                    slot.insert(earliest);
                }
            }
        }
    }
    let oldest_major = facts
        .majors
        .first()
        .map(|major| number(platform.name(), &major.major))
        .transpose()?;
    let mut rows: Vec<ModelRow> = observed
        .into_iter()
        .map(|(id, firsts)| {
            row(
                platform,
                id,
                &firsts,
                devices.get(id),
                releases,
                oldest_major,
            )
        })
        .collect();
    rows.sort_by_cached_key(|row| sort_key(&row.id));
    Ok(rows)
}

fn row(
    platform: Platform,
    id: &str,
    firsts: &BTreeMap<VersionNumber, VersionNumber>,
    device: Option<&InputDevice>,
    known: &[ReleaseRow],
    oldest_major: Option<VersionNumber>,
) -> ModelRow {
    let name = device
        .filter(|device| !device.names.is_empty())
        .map_or_else(|| id.to_owned(), |device| device.names.join(" / "));
    let released = full_date(device.and_then(|device| device.released.as_deref()));
    let chip = device.and_then(|device| chip(device.soc.as_ref()?));
    let new_in = firsts.keys().min().copied().filter(|_| released.is_none());
    let majors = firsts
        .iter()
        .map(|(major, first)| {
            let mut of_major = known.iter().filter(|row| {
                row.version.stage == Stage::Released
                    && major_of(platform, &row.version.number) == *major
            });
            let opening = of_major.clone().find_map(|row| row.date);
            let from = match (released, opening) {
                (Some(launch), Some(opening)) if launch >= opening => {
                    let after = of_major
                        .find(|row| row.date.is_some_and(|date| date >= launch))
                        .map(|row| row.version.number);
                    Some(after.map_or(*first, |after| after.min(*first)))
                }
                (None, _) if new_in == Some(*major) && oldest_major != Some(*major) => Some(*first),
                _ => None,
            };
            (*major, from)
        })
        .collect();
    ModelRow {
        hardware: hardware::derive(platform, id, &name, chip.as_deref()),
        id: id.to_owned(),
        name,
        released,
        chip,
        majors,
        sources: device.map_or_else(|| vec!["A".to_owned()], |device| device.sources.clone()),
    }
}

/// One chip as text, or several joined by ` + `.
fn chip(soc: &serde_json::Value) -> Option<String> {
    match soc {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(parts) => {
            let parts: Vec<&str> = parts.iter().filter_map(|part| part.as_str()).collect();
            (!parts.is_empty()).then(|| parts.join(" + "))
        }
        _ => None,
    }
}

/// Family, then the numbers as numbers: `iPad8,9` before `iPad8,10`.
fn sort_key(id: &str) -> (String, Vec<u32>) {
    let end = id.find(|c: char| c.is_ascii_digit()).unwrap_or(id.len());
    let (family, numbers) = id.split_at(end);
    let numbers = numbers
        .split(',')
        .filter_map(|part| part.parse().ok())
        .collect();
    (family.to_owned(), numbers)
}
