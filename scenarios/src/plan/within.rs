//! Leaving out of a plan what the server under test can not do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use device_matrix::cell::{Cell, Role};
use device_matrix::known::Text;

use super::{Check, Plan, Skip};
use crate::scenario::{Scenario, Step};
use crate::suite::Suite;

/// Why a server can not take a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    /// Its description has no such action.
    Action,
    /// It takes no raw commands.
    RawCommand,
    /// It does not show what would be looked at.
    View,
}

impl Missing {
    /// Every value with its word in records and reports.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Action, "action_not_described"),
        (Self::RawCommand, "command_not_carried"),
        (Self::View, "not_shown_by_server"),
    ];

    /// The word in records and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }

    fn text(self, actions: &BTreeSet<String>) -> Text {
        let names = actions.iter().cloned().collect::<Vec<_>>().join(", ");
        let (ja, en) = match self {
            Self::Action => (
                format!("サーバーの記述に操作がありません: {names}"),
                format!("The server's description has no action {names}"),
            ),
            Self::RawCommand => (
                "このサーバーは個別のコマンドを受け付けません".to_owned(),
                "The server takes no raw commands".to_owned(),
            ),
            Self::View => (
                "確認に必要な情報をサーバーが示しません".to_owned(),
                "The server does not show what would be looked at".to_owned(),
            ),
        };
        Text { ja, en }
    }
}

impl Plan {
    /// The plan without the cases of which the server can not take a step; each feature left out says why.
    ///
    /// `missing` says what a server lacks for a step on a cell. Probes are asked for with `probes`.
    #[must_use]
    pub fn within(
        &self,
        suite: &Suite,
        probes: bool,
        missing: impl Fn(&Step, &Cell) -> Option<Missing>,
    ) -> Self {
        type Group = (String, Missing, String);
        let mut left_out: BTreeMap<Group, (BTreeSet<&'static str>, BTreeSet<String>)> =
            BTreeMap::new();
        let mut plan = self.clone();
        plan.cases.retain(|case| {
            let Check::Scenario(index) = case.check else {
                return probes;
            };
            let (Some(scenario), Some(cell)) = (
                suite.scenarios.get(index as usize),
                self.cells.get(case.cell as usize),
            ) else {
                return true;
            };
            let found = steps(scenario)
                .filter(|step| step.when.holds(cell))
                .find_map(|step| Some((missing(step, cell)?, step)));
            let Some((why, step)) = found else {
                return true;
            };
            if cell.role == Role::Subject {
                let group = (scenario.feature.0.clone(), why, cell.release.id());
                let entry = left_out.entry(group).or_default();
                entry.0.insert(cell.enrollment.as_str());
                entry
                    .1
                    .extend(step.named.as_ref().map(|named| named.action.clone()));
            }
            false
        });
        let mut skips = Vec::new();
        for ((feature, why, release), (enrollments, actions)) in left_out {
            let all = enrollments_of(&self.cells, &release);
            let what = if enrollments == all {
                format!("{feature}@{release}")
            } else {
                let words: Vec<_> = enrollments.into_iter().collect();
                format!("{feature}@{release}/{}", words.join("+"))
            };
            skips.push(Skip {
                what,
                feature: Some(feature),
                reason: why.as_str().to_owned(),
                text: why.text(&actions),
            });
        }
        // They come first: what the server lacks is what its description can change.
        skips.append(&mut plan.skips);
        plan.skips = skips;
        plan
    }
}

fn steps(scenario: &Scenario) -> impl Iterator<Item = &Step> {
    scenario
        .apply
        .iter()
        .chain(&scenario.verify)
        .chain(&scenario.undo)
        .chain(&scenario.verify_undone)
}

fn enrollments_of(cells: &[Arc<Cell>], release: &str) -> BTreeSet<&'static str> {
    cells
        .iter()
        .filter(|cell| cell.role == Role::Subject && cell.release.id() == release)
        .map(|cell| cell.enrollment.as_str())
        .collect()
}
