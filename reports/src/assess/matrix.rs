//! The matrix: device groups, features in groups, cells, probes.

use std::collections::{BTreeMap, HashMap};

use device_matrix::enrollment::EnrollmentType;
use scenarios::feature::Feature;

use super::SuiteView;
use super::cases::{Skips, offered};
use super::context::{CellView, ModelView};
use super::rollup::{mark, overall, shown};
use super::types::{
    CaseResult, CellResult, FeatureRow, Finding, Group, GroupMark, Mark, Offered, Outcome,
    ProbeRow, Since, Tally,
};
use crate::record::{CellState, RecordedCell, RunRecord};

/// Columns: release × family × enrollment type × supervision, in the order of platform, version, family and type.
pub(crate) fn groups<'a>(
    views: &[(&'a RecordedCell, CellView<'a>)],
) -> (Vec<Group>, HashMap<&'a str, usize>) {
    let mut keyed = BTreeMap::new();
    for (recorded, view) in views {
        if recorded.cell.role != "subject" {
            continue;
        }
        let key = (
            view.platform,
            view.version,
            view.family,
            view.enrollment,
            recorded.cell.supervised,
        );
        keyed
            .entry(key)
            .or_insert_with(Vec::new)
            .push((*recorded, view));
    }
    let split = |platform, version, family, enrollment: EnrollmentType| {
        keyed
            .keys()
            .filter(|key| (key.0, key.1, key.2, key.3) == (platform, version, family, enrollment))
            .count()
            > 1
    };
    let mut group_of = HashMap::new();
    let mut groups = Vec::new();
    for ((platform, version, family, enrollment, supervised), members) in &keyed {
        let (first, view) = members[0];
        let mut id = format!("{}/{family}/{enrollment}", first.cell.release);
        if split(*platform, *version, *family, *enrollment) {
            id.push_str(if *supervised {
                "/supervised"
            } else {
                "/unsupervised"
            });
        }
        for (member, _) in members {
            group_of.insert(member.cell.id.as_str(), groups.len());
        }
        groups.push(Group {
            id,
            release: first.cell.release.clone(),
            release_name: view.release_name(),
            family: (*family).to_owned(),
            enrollment: enrollment.as_str().to_owned(),
            supervised: *supervised,
            cells: members
                .iter()
                .map(|(member, _)| member.cell.id.clone())
                .collect(),
        });
    }
    (groups, group_of)
}

/// Rows of the matrix, in the order of the features.
pub(crate) fn features(
    suite: SuiteView<'_>,
    groups: &[Group],
    views: &[(&RecordedCell, CellView<'_>)],
    cases: &[CaseResult],
    findings: &[Finding],
    skips: &Skips<'_>,
) -> Vec<FeatureRow> {
    let view_of: HashMap<&str, &CellView<'_>> = views
        .iter()
        .map(|(recorded, view)| (recorded.cell.id.as_str(), view))
        .collect();
    let mut by_place: HashMap<(&str, usize), Vec<&CaseResult>> = HashMap::new();
    for case in cases {
        by_place
            .entry((&case.feature, case.group))
            .or_default()
            .push(case);
    }
    let mut finding_at: HashMap<(&str, usize), Vec<usize>> = HashMap::new();
    for (index, finding) in findings.iter().enumerate() {
        for group in &finding.groups {
            finding_at
                .entry((&finding.feature, *group))
                .or_default()
                .push(index);
        }
    }
    suite
        .features
        .iter()
        .map(|feature| {
            let id = feature.id.0.as_str();
            let marks: Vec<GroupMark> = groups
                .iter()
                .enumerate()
                .map(|(index, group)| {
                    let view = group
                        .cells
                        .first()
                        .and_then(|cell| view_of.get(cell.as_str()));
                    let offer = view.map_or(Offered::OutOfScope, |view| offered(feature, view));
                    let empty = Vec::new();
                    let here = by_place.get(&(id, index)).unwrap_or(&empty);
                    let mut findings = finding_at.get(&(id, index)).cloned().unwrap_or_default();
                    findings.sort_unstable();
                    group_mark(offer, here, findings, || {
                        absence(suite, feature, group, &view_of, skips)
                    })
                })
                .collect();
            // Groups that this run left out on purpose say nothing; the others speak for the feature.
            let asked = |mark: &&GroupMark| mark.offered == Offered::Yes && !mark.is_left_out();
            let speaking: Vec<&GroupMark> = if marks.iter().any(|mark| asked(&mark)) {
                marks.iter().filter(asked).collect()
            } else if marks.iter().any(|mark| mark.offered == Offered::Yes) {
                marks
                    .iter()
                    .filter(|mark| mark.offered == Offered::Yes)
                    .collect()
            } else {
                marks.iter().collect()
            };
            let overall = overall(speaking.iter().map(|mark| mark.mark));
            FeatureRow {
                id: id.to_owned(),
                name: feature.name.clone(),
                category: feature.category.clone(),
                is_function: feature.is_function,
                groups: marks,
                overall,
            }
        })
        .filter(|row| {
            row.groups
                .iter()
                .any(|mark| mark.offered != Offered::OutOfScope)
        })
        .collect()
}

/// Why a feature has no case in a group.
fn absence(
    suite: SuiteView<'_>,
    feature: &Feature,
    group: &Group,
    view_of: &HashMap<&str, &CellView<'_>>,
    skips: &Skips<'_>,
) -> String {
    let view = group
        .cells
        .first()
        .and_then(|cell| view_of.get(cell.as_str()));
    let id = feature.id.0.as_str();
    let skip = group
        .cells
        .iter()
        .filter_map(|cell| view_of.get(cell.as_str()))
        .find_map(|view| skips.of_place(id, view.cell));
    // That the scenarios' conditions do not hold here is looked at below, condition by condition.
    if let Some(skip) = skip.filter(|skip| skip.reason != "condition_not_met") {
        return skip.reason.clone();
    }
    let about = suite
        .scenarios
        .iter()
        .filter(|scenario| scenario.feature == feature.id)
        .any(|scenario| view.is_some_and(|view| view.about_release(&scenario.applies)));
    if about {
        "not_applicable"
    } else {
        "no_scenario"
    }
    .to_owned()
}

fn group_mark(
    offered: Offered,
    cases: &[&CaseResult],
    findings: Vec<usize>,
    reason: impl Fn() -> String,
) -> GroupMark {
    let mut tally = Tally::default();
    let mut reasons = Vec::new();
    for case in cases {
        tally.add(case.outcome);
        if case.outcome.is_undecided()
            && let Some(reason) = &case.reason
        {
            reasons.push(reason.clone());
        }
    }
    if cases.is_empty() {
        reasons.push(reason());
    }
    reasons.sort_unstable();
    reasons.dedup();
    let changed = cases.iter().any(|case| {
        case.parts
            .iter()
            .any(|part| matches!(part.since, Since::ThisRelease(_)))
            || case.previous.as_ref().is_some_and(|previous| {
                previous.outcome != case.outcome
                    && !previous.outcome.is_undecided()
                    && !case.outcome.is_undecided()
            })
    });
    // A scenario that is about the release and not about such a device: the OS does not offer it there.
    let observed = if reasons == ["not_applicable"] {
        Mark::NotSupported
    } else {
        mark(&tally)
    };
    GroupMark {
        offered,
        observed,
        mark: shown(offered, observed),
        tally,
        findings,
        reasons,
        changed,
    }
}

/// Cells with what became of them.
pub(crate) fn cells(
    views: &[(&RecordedCell, CellView<'_>)],
    record: &RunRecord,
    cases: &[CaseResult],
    models: &ModelView,
) -> Vec<CellResult> {
    let mut tallies: HashMap<&str, Tally> = HashMap::new();
    for case in cases {
        tallies.entry(&case.cell).or_default().add(case.outcome);
    }
    let mut probes: HashMap<&str, u64> = HashMap::new();
    let mut evident: HashMap<&str, u64> = HashMap::new();
    for case in record.cases.values() {
        if case.is_probe() {
            *probes.entry(&case.cell).or_default() += 1;
        }
        if case
            .attempts
            .values()
            .any(|attempt| attempt.evidence.is_some())
        {
            *evident.entry(&case.cell).or_default() += 1;
        }
    }
    views
        .iter()
        .map(|(recorded, _)| {
            let id = recorded.cell.id.as_str();
            let (enrollment_evidence, blocked) = match &recorded.state {
                CellState::NotReached => (None, None),
                CellState::Enrolled(sha) => (Some(sha.clone()), None),
                CellState::Blocked { reason, sentence } => {
                    (None, Some((reason.clone(), sentence.clone())))
                }
            };
            CellResult {
                cell: recorded.cell.clone(),
                model_name: models.name(&recorded.cell.model).map(str::to_owned),
                enrollment_evidence,
                blocked,
                tally: tallies.remove(id).unwrap_or_default(),
                probes: probes.get(id).copied().unwrap_or(0),
                with_evidence: evident.get(id).copied().unwrap_or(0),
            }
        })
        .collect()
}

/// Probe results per capability over all cells under verification.
pub(crate) fn probes(record: &RunRecord) -> Vec<ProbeRow> {
    let mut rows: BTreeMap<&str, ProbeRow> = BTreeMap::new();
    for case in record.cases.values().filter(|case| case.is_probe()) {
        let subject = record
            .cells
            .get(&case.cell)
            .is_some_and(|cell| cell.cell.role == "subject");
        let Some(last) = case.attempts.values().next_back().filter(|_| subject) else {
            continue;
        };
        for probe in &last.probes {
            let row = rows.entry(&probe.capability).or_insert_with(|| ProbeRow {
                capability: probe.capability.clone(),
                ..ProbeRow::default()
            });
            *row.results.entry(probe.result.clone()).or_default() += 1;
            if row.detail.is_none() {
                row.detail.clone_from(&probe.detail);
            }
        }
    }
    rows.into_values().collect()
}

/// Whether any required case of an offered feature is undecided.
#[must_use]
pub(crate) fn undecided(cases: &[CaseResult], features: &[FeatureRow]) -> u64 {
    let cases = cases
        .iter()
        .filter(|case| case.offered == Offered::Yes && case.outcome.is_undecided())
        .count();
    let without_case = features
        .iter()
        .flat_map(|row| {
            let offered = || {
                row.groups
                    .iter()
                    .filter(|mark| mark.offered == Offered::Yes)
            };
            // A feature that is left out everywhere is not tested at all.
            let spoken_for = offered().any(|mark| !mark.is_left_out());
            offered().filter(move |mark| {
                mark.tally.total() == 0
                    && mark.observed != Mark::NotSupported
                    && !(spoken_for && mark.is_left_out())
            })
        })
        .count();
    (cases + without_case) as u64
}

impl CellResult {
    /// Whether something of the cell can be shown: its enrollment or a case.
    #[must_use]
    pub fn has_evidence(&self) -> bool {
        self.enrollment_evidence.is_some() || self.with_evidence > 0
    }

    /// Cases with the outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.tally.of(outcome)
    }
}

impl GroupMark {
    /// Whether this run left the feature out here on purpose, by tier or filter.
    #[must_use]
    pub fn is_left_out(&self) -> bool {
        self.tally.total() == 0
            && !self.reasons.is_empty()
            && self
                .reasons
                .iter()
                .all(|reason| matches!(reason.as_str(), "not_in_tier" | "filtered_out"))
    }
}
