//! What a device does wrong: the device's interpreter of [`scenarios::fault::Behavior`].
//!
//! Faults are planted as data, and nowhere is a hook for a single scenario.

use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;
use scenarios::fault::{About, Behavior, By, Does, LostAfter, Refusal, names};
use scenarios::scenario::VersionRange;

use crate::protocol::apple::command::{ErrorItem, Status};

/// Behaviors that begin and end with releases.
#[derive(Clone, Debug, PartialEq)]
pub struct Planted {
    /// Releases on which they are at work; empty is all.
    pub on: Vec<VersionRange>,
    /// What is done.
    pub behaviors: Vec<Behavior>,
}

/// All deviations of a device; none by default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quirks {
    planted: Vec<Planted>,
    /// What is at work on the release that the device runs.
    active: Vec<Behavior>,
}

impl Quirks {
    /// These deviations, on every release.
    #[must_use]
    pub fn new(behaviors: Vec<Behavior>) -> Self {
        Self::planted(vec![Planted {
            on: Vec::new(),
            behaviors,
        }])
    }

    /// These deviations, each on its releases; what is bound to releases is at work once [`Self::on`] names one.
    #[must_use]
    pub fn planted(planted: Vec<Planted>) -> Self {
        let always = planted.iter().filter(|planted| planted.on.is_empty());
        let active = always.flat_map(device_behaviors).collect();
        Self { planted, active }
    }

    /// The same on a release; `None` when nothing changes.
    #[must_use]
    pub fn on(&self, platform: Platform, number: &VersionNumber) -> Option<Self> {
        if self.planted.iter().all(|planted| planted.on.is_empty()) {
            return None;
        }
        let here = |planted: &&Planted| {
            planted.on.is_empty()
                || planted
                    .on
                    .iter()
                    .any(|range| range.contains(platform, number))
        };
        Some(Self {
            active: (self.planted.iter().filter(here))
                .flat_map(device_behaviors)
                .collect(),
            planted: self.planted.clone(),
        })
    }

    /// Behaviors at work now.
    pub(super) fn active(&self) -> &[Behavior] {
        &self.active
    }

    fn on_command<'a>(&'a self, command: &'a str) -> impl Iterator<Item = &'a Does> {
        self.active
            .iter()
            .filter(move |behavior| {
                matches!(&behavior.about, About::Command(name) if names(name, command))
            })
            .map(|behavior| &behavior.does)
    }

    fn effects(&self) -> impl Iterator<Item = (&str, &Does)> {
        self.active
            .iter()
            .filter_map(|behavior| match &behavior.about {
                About::Effect(pointer) => Some((pointer.as_str(), &behavior.does)),
                _ => None,
            })
    }

    /// The status forced on a command.
    pub(super) fn forced_status(&self, command: &str) -> Option<(Status, Vec<ErrorItem>)> {
        self.on_command(command).find_map(|does| match does {
            Does::AcknowledgeOnly => Some((Status::Acknowledged, Vec::new())),
            Does::Refuse(Refusal::Error(lines)) => {
                let items = lines.iter().map(|line| ErrorItem {
                    domain: line.domain.clone(),
                    code: line.code,
                    description: line.description.clone(),
                    us_english: Some(line.description.clone()),
                });
                Some((Status::Error, items.collect()))
            }
            Does::Refuse(Refusal::CommandFormatError) => {
                Some((Status::CommandFormatError, Vec::new()))
            }
            Does::Refuse(Refusal::NotNow) => Some((Status::NotNow, Vec::new())),
            _ => None,
        })
    }

    /// Whether the command is never answered.
    pub(super) fn never_answers(&self, command: &str) -> bool {
        self.on_command(command).any(|does| *does == Does::Never)
    }

    /// Whether the answer is not a property list.
    pub(super) fn sends_garbage(&self, command: &str) -> bool {
        self.on_command(command).any(|does| *does == Does::Garbage)
    }

    /// Whether a restriction restricts nothing.
    pub(super) fn ignores_restriction(&self, name: &str) -> bool {
        self.active
            .iter()
            .any(|behavior| matches!(&behavior.about, About::Restriction(key) if names(key, name)))
    }

    /// Whether a status item is left out.
    pub(super) fn hides_status_item(&self, item: &str) -> bool {
        self.active
            .iter()
            .any(|behavior| matches!(&behavior.about, About::StatusItem(name) if names(name, item)))
    }

    /// What the row of a declaration says in place of the truth.
    pub(super) fn declaration_status(&self, kind: &str) -> Option<(bool, &str)> {
        self.active
            .iter()
            .find_map(|behavior| match (&behavior.about, &behavior.does) {
                (About::Declaration(name), Does::Row { active, valid }) if names(name, kind) => {
                    Some((*active, valid.as_str()))
                }
                _ => None,
            })
    }

    /// What changes the keys of this command's answer.
    pub(super) fn touching<'a>(&'a self, command: &'a str) -> impl Iterator<Item = &'a Does> {
        self.on_command(command)
    }

    /// The pointers whose effects are lost after `what`.
    pub(super) fn lost_after(&self, what: LostAfter) -> impl Iterator<Item = &str> {
        self.effects()
            .filter_map(move |(pointer, does)| (*does == Does::LostAfter(what)).then_some(pointer))
    }

    /// The pointers whose effects outlive their removal.
    pub(super) fn staying(&self) -> impl Iterator<Item = &str> {
        self.effects()
            .filter_map(|(pointer, does)| (*does == Does::Stays).then_some(pointer))
    }
}

fn device_behaviors(planted: &Planted) -> impl Iterator<Item = Behavior> {
    let own = |behavior: &&Behavior| behavior.by == By::Device;
    planted.behaviors.iter().filter(own).cloned()
}
