//! Draws mutations by seed from what a run touches.

use std::collections::BTreeSet;
use std::sync::Arc;

use device_matrix::capability::{Facts, Mode, Role, Support};
use device_matrix::cell::Cell;
use device_matrix::known::{Known, Text};
use device_matrix::platform::SchemaOs;
use device_matrix::version::VersionNumber;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use scenarios::fault::Behavior;
use scenarios::plan::Plan;
use serde::Serialize;

use super::fact::Corruption;
use super::fault::Faults;
use super::touch::{Spot, Touched};
use crate::step::ids::derive;

/// What is corrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MutationKind {
    /// A single fact.
    Fact,
    /// A behavior of the device.
    Device,
    /// A message of the server.
    Server,
}

/// Where a mutation bites.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A fact.
    Fact {
        /// Item or key.
        spot: Spot,
        /// On which operating system.
        os: SchemaOs,
        /// How it is made wrong.
        corruption: Corruption,
    },
    /// A misbehavior of devices.
    Device(Behavior),
    /// A misbehavior of the server.
    Server(Behavior),
}

/// One mutation.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutation {
    /// Kind.
    pub kind: MutationKind,
    /// Stable name: `fact:mdm/commands/device.lock.yaml#PIN:removed_earlier:iOS`, `device:missing:effect:/lock`, `server:never:command:DeviceLock`.
    pub id: String,
    /// What is done, for people.
    pub description: Text,
    /// Where it bites.
    pub target: Target,
    /// Subjects (features, probe classes) that can notice it; empty is any.
    pub subjects: BTreeSet<String>,
}

/// Draws up to `each` mutations of every kind. The same arguments give the same mutations.
#[must_use]
pub fn generate(
    seed: u64,
    each: usize,
    facts: &Facts,
    touched: &Touched,
    plan: &Plan,
    device: &Faults,
    server: &Faults,
) -> Vec<Mutation> {
    let mut mutations = draw(
        seed,
        "fact",
        each,
        fact_candidates(facts, touched, &plan.cells),
    );
    for (kind, word, faults) in [
        (MutationKind::Device, "device", device),
        (MutationKind::Server, "server", server),
    ] {
        let candidates = faults.iter().map(|(id, candidate)| Mutation {
            kind,
            id: id.clone(),
            description: candidate.behavior.text(),
            target: match kind {
                MutationKind::Server => Target::Server(candidate.behavior.clone()),
                _ => Target::Device(candidate.behavior.clone()),
            },
            subjects: candidate.subjects.clone(),
        });
        mutations.extend(draw(seed, word, each, candidates.collect()));
    }
    mutations
}

fn draw(seed: u64, word: &str, each: usize, mut candidates: Vec<Mutation>) -> Vec<Mutation> {
    let mut rng = ChaCha8Rng::from_seed(derive(seed, &["mutation", word]));
    candidates.shuffle(&mut rng);
    candidates.truncate(each);
    candidates
}

/// Every corruption of a touched fact that can make a difference to a device of the plan.
fn fact_candidates(facts: &Facts, touched: &Touched, cells: &[Arc<Cell>]) -> Vec<Mutation> {
    let mut candidates = Vec::new();
    let systems: BTreeSet<SchemaOs> = cells
        .iter()
        .filter_map(|cell| cell.release.platform.schema_os())
        .collect();
    for (spot, subjects) in touched {
        let item = facts.item(spot.item);
        for &os in &systems {
            let key = spot.key.map(|key| item.key(key));
            let support = match key {
                None => item.os.get(&os),
                Some(key) => key.os.get(&os),
            };
            let Some(support) = support else { continue };
            let on: Vec<&Cell> = cells
                .iter()
                .map(AsRef::as_ref)
                .filter(|cell| cell.release.platform.schema_os() == Some(os))
                .filter(|cell| support.available(&cell.release.version.number).is_yes())
                .collect();
            let mut corruptions = corruptions(support, &on);
            if let Some(key) = key
                && key.role == Role::Payload
                && !key.enum_value
                && !on.is_empty()
            {
                corruptions.push(Corruption::TypeChanged);
            }
            for corruption in corruptions {
                let place = match key {
                    None => item.file.clone(),
                    Some(key) => format!("{}#{}", item.file, key.dotted()),
                };
                candidates.push(Mutation {
                    kind: MutationKind::Fact,
                    id: format!("fact:{place}:{}:{}", corruption.as_str(), os.key()),
                    description: describe(&place, os, corruption),
                    target: Target::Fact {
                        spot: *spot,
                        os,
                        corruption,
                    },
                    subjects: subjects.clone(),
                });
            }
        }
    }
    candidates
}

/// Corruptions that a device of `on` can notice; a flipped need of supervision says nothing to supervised devices.
fn corruptions(support: &Support, on: &[&Cell]) -> Vec<Corruption> {
    let numbers = on.iter().map(|cell| cell.release.version.number);
    let (Some(first), Some(last)) = (numbers.clone().min(), numbers.max()) else {
        return Vec::new();
    };
    let next = VersionNumber::new(&[last.first().saturating_add(1)]);
    let mut corruptions = vec![
        Corruption::IntroducedLater(next),
        Corruption::RemovedEarlier(first),
    ];
    if support.supervised != Known::Unknown && on.iter().any(|cell| !cell.supervised) {
        corruptions.push(Corruption::SupervisionFlipped);
    }
    let stated = matches!(
        support.user_enrollment,
        Known::Known(Mode::Allowed | Mode::Forbidden)
    );
    if stated && on.iter().any(|cell| cell.enrollment.is_user_enrollment()) {
        corruptions.push(Corruption::UserEnrollmentFlipped);
    }
    corruptions
}

fn describe(place: &str, os: SchemaOs, corruption: Corruption) -> Text {
    let os = os.key();
    let (ja, en) = match corruption {
        Corruption::IntroducedLater(version) => (
            format!("{place} の {os} での導入版を {version} に遅らせる"),
            format!("{place} is introduced on {os} only with {version}"),
        ),
        Corruption::RemovedEarlier(version) => (
            format!("{place} を {os} {version} で削除済みにする"),
            format!("{place} is gone from {os} since {version}"),
        ),
        Corruption::SupervisionFlipped => (
            format!("{place} の {os} での監視要否を反転する"),
            format!("{place} has its need of supervision on {os} flipped"),
        ),
        Corruption::UserEnrollmentFlipped => (
            format!("{place} の {os} でのユーザ登録の可否を反転する"),
            format!("{place} has its permission under user enrollment on {os} flipped"),
        ),
        Corruption::TypeChanged => (
            format!("{place} の型を変える"),
            format!("{place} has another type"),
        ),
    };
    Text { ja, en }
}
