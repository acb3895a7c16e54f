//! Building a plan: every feature on every device group ends as a case or as a skip with its reason.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use device_matrix::capability::Facts;
use device_matrix::cell::{Cell, Role};
use device_matrix::known::{Ternary, Text};
use rayon::prelude::*;

use super::{Case, Check, Plan, Skip};
use crate::feature::{Column, Feature};
use crate::lint::APPLE_COLUMNS;
use crate::load::Excuse;
use crate::probe;
use crate::scenario::NeedsHuman;
use crate::suite::Suite;

/// What is asked for out of all that could run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only these features; `None` is all. Probes belong to no feature and are left out when this is given.
    pub features: Option<BTreeSet<String>>,
    /// Only these cases; `None` is all.
    pub only_cases: Option<BTreeSet<String>>,
    /// Only scenarios of the `smoke` tier, and no probes.
    pub smoke: bool,
}

/// Why a feature has no case on a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Reason {
    OutOfScope,
    NotOffered,
    BelowProductMinimum,
    Needs(NeedsHuman),
    ConditionNotMet,
    NoScenario,
    NotInTier,
    FilteredOut,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::OutOfScope => "out_of_scope",
            Self::NotOffered => "not_offered",
            Self::BelowProductMinimum => "below_product_minimum",
            Self::Needs(NeedsHuman::Console) => "needs_console",
            Self::Needs(NeedsHuman::App) => "needs_app",
            Self::Needs(NeedsHuman::Person) => "needs_person",
            Self::Needs(NeedsHuman::VendorCloud) => "needs_vendor_cloud",
            Self::ConditionNotMet => "condition_not_met",
            Self::NoScenario => "no_scenario",
            Self::NotInTier => "not_in_tier",
            Self::FilteredOut => "filtered_out",
        }
    }

    fn text(self, excuse: Option<&Excuse>) -> Text {
        if let Some(excuse) = excuse {
            return excuse.text.clone();
        }
        let (ja, en) = match self {
            Self::OutOfScope => (
                "この機能の対象OS・登録方式ではありません",
                "The feature is not about this platform or enrollment type",
            ),
            Self::NotOffered => (
                "製品が提供していません",
                "The product does not offer the feature here",
            ),
            Self::BelowProductMinimum => (
                "製品が定める最小OSより前のバージョンです",
                "The release is older than the product's own minimum",
            ),
            Self::Needs(_) | Self::NoScenario => (
                "プロトコルで確認するシナリオがありません",
                "There is no scenario that exercises the feature here",
            ),
            Self::ConditionNotMet => (
                "シナリオの適用条件(OS範囲・登録方式・監視対象・ハードウェア)に合いません",
                "The scenario's conditions (releases, enrollment, supervision, hardware) do not hold here",
            ),
            Self::NotInTier => (
                "選択した範囲(smoke)に含まれません",
                "Not part of the chosen tier (smoke)",
            ),
            Self::FilteredOut => (
                "フィルター指定により対象外です",
                "Left out by the filters given",
            ),
        };
        Text {
            ja: ja.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// Builds the plan.
///
/// `cells` are sorted: subjects before comparisons, each by id. `excluded` are the combinations that the selection of
/// cells left out; they are passed on. Comparison cells run scenarios, destructive ones too, but no probes.
#[must_use]
pub fn build(
    target: &str,
    cells: &[Arc<Cell>],
    excluded: Vec<Skip>,
    suite: &Suite,
    facts: &Facts,
    filters: &Filters,
) -> Plan {
    let mut keyed: Vec<(String, Arc<Cell>)> = cells
        .par_iter()
        .map(|cell| (cell.id(), Arc::clone(cell)))
        .collect();
    keyed.par_sort_unstable_by(|a, b| (a.1.role, &a.0).cmp(&(b.1.role, &b.0)));
    keyed.dedup_by(|a, b| a.0 == b.0 && a.1.role == b.1.role);
    let (ids, cells): (Vec<_>, Vec<_>) = keyed.into_iter().unzip();

    let wants_probes = filters.features.is_none() && !filters.smoke;
    let (probes, coverage) = if wants_probes {
        probe::generate(&cells, facts)
    } else {
        (Vec::new(), Vec::new())
    };
    let mut probes_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (index, probe) in probes.iter().enumerate() {
        probes_of.entry(probe.cell).or_default().push(small(index));
    }
    let desk = Desk::new(suite, filters);
    let planned: Vec<Planned> = cells
        .par_iter()
        .enumerate()
        .map(|(index, cell)| {
            let none = Vec::new();
            let probes_here = probes_of.get(&small(index)).unwrap_or(&none);
            let (checks, mut skips) = desk.checks(cell, probes_here);
            let cases = checks
                .into_iter()
                .filter(|check| {
                    filters.only_cases.as_ref().is_none_or(|wanted| {
                        let subject = match check {
                            Check::Scenario(at) => suite.scenarios[*at as usize].id.0.clone(),
                            Check::Probe(at) => format!("probe:{}", probes[*at as usize].class),
                        };
                        wanted.contains(&format!("{subject}@{}", ids[index]))
                    })
                })
                .map(|check| Case {
                    cell: small(index),
                    check,
                })
                .collect();
            if cell.role == Role::Comparison {
                skips.clear();
            }
            (cases, skips)
        })
        .collect();

    let mut skips = excluded;
    skips.extend(desk.skips(&cells, &planned));
    let total = planned.iter().map(|(cases, _)| cases.len()).sum();
    let mut cases = Vec::with_capacity(total);
    for (mine, _) in planned {
        cases.extend(mine);
    }
    Plan {
        target: target.to_owned(),
        cells,
        cases,
        probes,
        coverage,
        skips,
    }
}

fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The cases of a cell, and the features without one.
type Planned = (Vec<Case>, Vec<(u32, Reason)>);

/// One feature as far as planning needs it.
struct Row<'a> {
    feature: &'a Feature,
    wanted: bool,
    scenarios: Vec<u32>,
    excuses: Vec<&'a Excuse>,
}

struct Desk<'a> {
    suite: &'a Suite,
    smoke: bool,
    rows: Vec<Row<'a>>,
}

impl<'a> Desk<'a> {
    fn new(suite: &'a Suite, filters: &Filters) -> Self {
        let rows = suite
            .features
            .iter()
            .filter(|feature| {
                APPLE_COLUMNS
                    .iter()
                    .any(|column| feature.offers.contains_key(column))
            })
            .map(|feature| Row {
                feature,
                wanted: filters
                    .features
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&feature.id.0)),
                scenarios: suite
                    .scenarios
                    .iter()
                    .enumerate()
                    .filter(|(_, scenario)| scenario.feature == feature.id)
                    .map(|(index, _)| small(index))
                    .collect(),
                excuses: suite
                    .not_by_protocol
                    .iter()
                    .filter(|excuse| excuse.feature == feature.id)
                    .collect(),
            })
            .collect();
        Self {
            suite,
            smoke: filters.smoke,
            rows,
        }
    }

    /// The checks of a cell in running order, and the features that have none with the reason.
    fn checks(&self, cell: &Cell, probes: &[u32]) -> (Vec<Check>, Vec<(u32, Reason)>) {
        let mut gentle = Vec::new();
        let mut destructive = Vec::new();
        let mut skips = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let before = gentle.len() + destructive.len();
            let reason = self.row(row, cell, &mut gentle, &mut destructive);
            if gentle.len() + destructive.len() == before {
                skips.push((small(index), reason));
            }
        }
        gentle.extend(probes.iter().map(|index| Check::Probe(*index)));
        gentle.extend(destructive);
        (gentle, skips)
    }

    fn row(
        &self,
        row: &Row<'_>,
        cell: &Cell,
        gentle: &mut Vec<Check>,
        destructive: &mut Vec<Check>,
    ) -> Reason {
        if !row.wanted {
            return Reason::FilteredOut;
        }
        let platform = cell.release.platform;
        let Some(offer) = row.feature.offer(platform, cell.enrollment) else {
            return Reason::OutOfScope;
        };
        if offer.offered == Ternary::No {
            return Reason::NotOffered;
        }
        if offer
            .min_os
            .is_some_and(|minimum| cell.release.version.number < minimum)
        {
            return Reason::BelowProductMinimum;
        }
        let mut reason = match excuse(row, cell) {
            Some(excuse) => Reason::Needs(excuse.needs),
            None if row.scenarios.is_empty() => Reason::NoScenario,
            None => Reason::ConditionNotMet,
        };
        for index in &row.scenarios {
            let scenario = &self.suite.scenarios[*index as usize];
            if !scenario.applies_to(cell) {
                continue;
            }
            if self.smoke && !scenario.smoke {
                reason = Reason::NotInTier;
                continue;
            }
            let list = if scenario.destructive {
                &mut *destructive
            } else {
                &mut *gentle
            };
            list.push(Check::Scenario(*index));
        }
        reason
    }

    /// One skip per feature, release and reason, with the enrollment types it holds for.
    fn skips(&self, cells: &[Arc<Cell>], planned: &[Planned]) -> Vec<Skip> {
        type Group = (u32, String, Reason);
        let mut groups: BTreeMap<Group, (BTreeSet<&'static str>, usize)> = BTreeMap::new();
        let mut release_of: BTreeMap<String, (HashSet<&'static str>, usize)> = BTreeMap::new();
        let mut releases: Vec<(*const device_matrix::release::Release, String)> = Vec::new();
        for (cell, (_, skips)) in cells.iter().zip(planned) {
            if cell.role == Role::Comparison {
                continue;
            }
            let pointer = Arc::as_ptr(&cell.release);
            let known = releases.iter().find(|(known, _)| *known == pointer);
            let id = if let Some((_, id)) = known {
                id.clone()
            } else {
                releases.push((pointer, cell.release.id()));
                cell.release.id()
            };
            let all = release_of.entry(id.clone()).or_default();
            all.0.insert(cell.enrollment.as_str());
            all.1 += 1;
            for (feature, reason) in skips {
                let group = groups.entry((*feature, id.clone(), *reason)).or_default();
                group.0.insert(cell.enrollment.as_str());
                group.1 += 1;
            }
        }
        let mut out = Vec::with_capacity(groups.len());
        let mut filtered = HashSet::new();
        for ((index, release, reason), (enrollments, count)) in groups {
            let row = &self.rows[index as usize];
            let id = &row.feature.id.0;
            // What was filtered out is filtered out everywhere; once is enough.
            if reason == Reason::FilteredOut && !filtered.insert(index) {
                continue;
            }
            let all = release_of.get(&release).map_or(0, |(_, cells)| *cells);
            let what = if reason == Reason::FilteredOut {
                id.clone()
            } else if count == all {
                format!("{id}@{release}")
            } else {
                let words: Vec<_> = enrollments.into_iter().collect();
                format!("{id}@{release}/{}", words.join("+"))
            };
            let excuse = row
                .excuses
                .iter()
                .find(|excuse| Reason::Needs(excuse.needs) == reason);
            out.push(Skip {
                what,
                feature: Some(id.clone()),
                reason: reason.as_str().to_owned(),
                text: reason.text(excuse.copied()),
            });
        }
        out
    }
}

fn excuse<'a>(row: &Row<'a>, cell: &Cell) -> Option<&'a Excuse> {
    let column = if cell.enrollment == device_matrix::enrollment::EnrollmentType::SharedIpad {
        Column::SharedIpad
    } else {
        Column::Platform(cell.release.platform)
    };
    row.excuses
        .iter()
        .find(|excuse| excuse.columns.is_empty() || excuse.columns.contains(&column))
        .copied()
}
