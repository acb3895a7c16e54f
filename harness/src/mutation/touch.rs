//! Which facts the scenarios and probes of a run touch, and for which features.

use std::collections::{BTreeMap, BTreeSet};

use device_matrix::capability::{Facts, ItemIndex, KeyIndex, Kind, Role};
use scenarios::scenario::{Action, Scenario, Step};
use serde_json::Value;

use crate::step::probe::ProbeSource;

/// A fact that a run touches: an item, or one of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The item.
    pub item: ItemIndex,
    /// The key; `None` is the item as a whole.
    pub key: Option<KeyIndex>,
}

/// Touched facts in a stable order, each with the subjects (features, probe classes) that touch it.
pub type Touched = BTreeMap<Spot, BTreeSet<String>>;

/// The facts that the scenarios and probes touch.
#[must_use]
pub fn touched<'a>(
    facts: &Facts,
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    probes: impl IntoIterator<Item = &'a dyn ProbeSource>,
) -> Touched {
    let mut touched = Touched::new();
    for scenario in scenarios {
        let steps = scenario
            .apply
            .iter()
            .chain(&scenario.verify)
            .chain(&scenario.undo)
            .chain(&scenario.verify_undone);
        let mut words = BTreeSet::new();
        let mut items = BTreeSet::new();
        for step in steps {
            step_words(step, &mut words);
            step_items(facts, step, &mut items);
        }
        for item in items {
            add(&mut touched, item, None, &scenario.feature.0);
            for (position, key) in facts.item(item).keys.iter().enumerate() {
                // Answers follow the device's state; what it is asked decides.
                let asked = key.role == Role::Payload && !key.placeholder;
                if asked && words.contains(key.name()) {
                    let key = KeyIndex(u32::try_from(position).unwrap_or(u32::MAX));
                    add(&mut touched, item, Some(key), &scenario.feature.0);
                }
            }
        }
    }
    let mut files: BTreeMap<&str, ItemIndex> = BTreeMap::new();
    for (position, item) in facts.items().iter().enumerate() {
        let index = ItemIndex(u32::try_from(position).unwrap_or(u32::MAX));
        files.insert(item.file.as_str(), index);
    }
    for probe in probes {
        for capability in probe.capabilities() {
            let (file, path) = capability.split_once('#').unwrap_or((&capability, ""));
            let Some(&item) = files.get(file) else {
                continue;
            };
            let key = facts
                .item(item)
                .keys
                .iter()
                .position(|key| key.dotted() == path)
                .and_then(|position| u32::try_from(position).ok())
                .map(KeyIndex);
            add(&mut touched, item, key, probe.class());
        }
    }
    touched
}

fn add(touched: &mut Touched, item: ItemIndex, key: Option<KeyIndex>, subject: &str) {
    touched
        .entry(Spot { item, key })
        .or_default()
        .insert(subject.to_owned());
}

fn step_items(facts: &Facts, step: &Step, items: &mut BTreeSet<ItemIndex>) {
    let mut find = |kind: Kind, id: &str| {
        items.extend(facts.find(kind, id).map(|(index, _)| index));
    };
    match &step.action {
        Action::Command { request_type, .. } => find(Kind::Command, request_type),
        Action::InstallProfile { payloads, .. } => {
            for payload in payloads {
                if let Some(id) = payload.get("PayloadType").and_then(Value::as_str) {
                    find(Kind::Profile, id);
                }
            }
        }
        Action::Declare { declarations, .. } => {
            for declaration in declarations {
                if let Some(id) = declaration.get("Type").and_then(Value::as_str) {
                    find(Kind::Declaration, id);
                }
            }
        }
        Action::RemoveProfile { .. }
        | Action::Undeclare { .. }
        | Action::Device(_)
        | Action::Effect
        | Action::ServerView => {}
    }
}

/// Keys and values that a step sends, and names that its looks look at.
fn step_words(step: &Step, words: &mut BTreeSet<String>) {
    match &step.action {
        Action::Command { args, .. } => value_words(args, words),
        Action::InstallProfile { payloads, .. } => {
            for payload in payloads {
                value_words(payload, words);
            }
        }
        Action::Declare { declarations, .. } => {
            declarations
                .iter()
                .filter_map(|declaration| declaration.get("Payload"))
                .for_each(|value| value_words(value, words));
        }
        _ => {}
    }
    for look in &step.looks {
        words.extend(look.pointer.split('/').skip(1).map(str::to_owned));
    }
}

fn value_words(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                words.insert(key.clone());
                value_words(value, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| value_words(item, words)),
        Value::String(text) => {
            words.insert(text.clone());
        }
        _ => {}
    }
}
