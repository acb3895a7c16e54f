//! New and changed items, behavior, what is not tested, coverage, appendix.

use std::collections::BTreeMap;

use device_matrix::known::{Ternary, Text};
use sha2::{Digest, Sha256};

use super::model::{
    AgainstCase, AgainstView, Appendix, ArrivalView, BehaviorView, CellRow, Count, Coverage,
    DecisionView, ItemRow, NotTested, Pair, ProbeView, SkipCount,
};
use super::{Book, ItemChange, ItemView};
use crate::assess::rollup::overall;
use crate::assess::{Mark, Offered, Outcome, Tally};
use crate::evidence::hex;

pub(super) fn items(book: &Book<'_>, new: bool) -> Vec<ItemRow> {
    book.inputs
        .items
        .iter()
        .filter(|item| (item.change == ItemChange::New) == new)
        .map(|item| row(book, item))
        .collect()
}

fn row(book: &Book<'_>, item: &ItemView) -> ItemRow {
    let capability = match &item.path {
        Some(path) => format!("{}#{path}", item.file),
        None => item.file.clone(),
    };
    let probes = book
        .assessment
        .probes
        .binary_search_by(|probe| probe.capability.as_str().cmp(&capability))
        .ok()
        .map(|index| counts(&book.assessment.probes[index].results));
    let mark = match item.offered {
        Ternary::No => Mark::NotOffered,
        Ternary::Unknown => Mark::Unconfirmed,
        Ternary::Yes => {
            let marks = book
                .assessment
                .features
                .iter()
                .filter(|row| item.features.contains(&row.id))
                .map(|row| row.overall);
            match overall(marks) {
                Mark::OutOfScope => Mark::NotTested,
                mark => mark,
            }
        }
    };
    ItemRow {
        kind: item.kind.clone(),
        id: item.id.clone(),
        path: item.path.clone(),
        change: item.change.as_str(),
        offered: item.offered.as_str(),
        mark: mark.as_str(),
        features: item.features.iter().map(|id| book.named(id)).collect(),
        probes: probes.unwrap_or_default(),
        replacement: item.replacement.clone(),
    }
}

pub(super) fn behavior(book: &Book<'_>) -> Vec<BehaviorView> {
    book.assessment
        .behavior
        .iter()
        .map(|row| BehaviorView {
            against: row.against,
            decision: row.decision.as_ref().map(|decision| {
                let by = decision.by.as_ref();
                DecisionView {
                    state: decision.state,
                    who: by.map(|by| by.0.clone()),
                    why: by.map(|by| by.1.clone()),
                    date: by.map(|by| by.2.clone()),
                }
            }),
            direction: row.direction,
            what: row.what.clone(),
            phase: row.phase.clone(),
            path: row.path.clone(),
            change: row.change,
            before: row.before.clone(),
            after: row.after.clone(),
            features: row.features.iter().map(|id| book.named(id)).collect(),
            cases: row.cases,
            releases: vec![row.releases.0.clone(), row.releases.1.clone()],
            evidence: [
                (&row.releases.0, &row.evidence.0),
                (&row.releases.1, &row.evidence.1),
            ]
            .into_iter()
            .filter_map(|(release, sha)| Some(book.link(release, sha.as_deref()?)))
            .collect(),
        })
        .collect()
}

pub(super) fn against(book: &Book<'_>) -> Option<AgainstView> {
    let against = book.assessment.against.as_ref()?;
    Some(AgainstView {
        run_id: against.run_id.clone(),
        server: against.server.clone(),
        server_now: against.server_now.clone(),
        same_server: against.same_server,
        same_os: against.same_os,
        party: against.party.as_str(),
        compared: against.compared,
        changed: against
            .changed
            .iter()
            .map(|(case, before, now)| AgainstCase {
                case: case.clone(),
                before: before.as_str(),
                now: now.as_str(),
            })
            .collect(),
    })
}

pub(super) fn arrivals(book: &Book<'_>) -> Vec<ArrivalView> {
    book.assessment
        .arrivals
        .iter()
        .map(|row| ArrivalView {
            feature: book.named(&row.feature),
            part: row.part.clone(),
            fresh: row.fresh.as_str(),
            upgraded: row.upgraded.as_str(),
            cells: row.cells.len() as u64,
            evidence: book.links(&row.cells),
        })
        .collect()
}

pub(super) fn not_tested(book: &Book<'_>) -> Vec<NotTested> {
    #[derive(Default)]
    struct Found {
        sentence: Option<Text>,
        offered: Vec<String>,
        unconfirmed: Vec<String>,
        cases: u64,
    }
    let mut rows: BTreeMap<String, Found> = BTreeMap::new();
    for case in &book.assessment.cases {
        if case.outcome.is_undecided() && case.outcome != Outcome::Flaky {
            let found = rows
                .entry(case.reason.clone().unwrap_or_default())
                .or_default();
            found.cases += 1;
            if found.sentence.is_none() {
                found.sentence = case.sentence.clone().map(|sentence| Text {
                    ja: sentence.clone(),
                    en: sentence,
                });
            }
        }
    }
    for row in &book.assessment.features {
        for mark in &row.groups {
            for reason in &mark.reasons {
                let found = rows.entry(reason.clone()).or_default();
                let list = match mark.offered {
                    Offered::Yes => &mut found.offered,
                    Offered::Unknown => &mut found.unconfirmed,
                    Offered::No | Offered::OutOfScope => continue,
                };
                if list.last() != Some(&row.id) && !list.contains(&row.id) {
                    list.push(row.id.clone());
                }
            }
        }
    }
    for skip in &book.assessment.skips {
        if let Some(found) = rows.get_mut(&skip.reason)
            && !skip.what.contains('@')
        {
            found.sentence = Some(Text {
                ja: skip.ja.clone(),
                en: skip.en.clone(),
            });
        }
    }
    rows.into_iter()
        .filter(|(_, found)| !found.offered.is_empty() || !found.unconfirmed.is_empty())
        .map(|(reason, found)| NotTested {
            reason,
            sentence: found.sentence,
            features: found.offered.iter().map(|id| book.named(id)).collect(),
            unconfirmed: found.unconfirmed.len() as u64,
            cases: found.cases,
        })
        .collect()
}

pub(super) fn coverage(book: &Book<'_>) -> Coverage {
    let assessment = book.assessment;
    let subject = || {
        assessment
            .cells
            .iter()
            .filter(|cell| cell.cell.role == "subject")
    };
    let mut tally = Tally::default();
    assessment
        .cases
        .iter()
        .for_each(|case| tally.add(case.outcome));
    let mut skips: BTreeMap<&str, SkipCount> = BTreeMap::new();
    for skip in &assessment.skips {
        skips
            .entry(&skip.reason)
            .or_insert_with(|| SkipCount {
                reason: skip.reason.clone(),
                count: 0,
                text: Text {
                    ja: skip.ja.clone(),
                    en: skip.en.clone(),
                },
            })
            .count += 1;
    }
    let mut probes: BTreeMap<String, u64> = BTreeMap::new();
    for probe in &assessment.probes {
        *probes.entry(worst(&probe.results)).or_default() += 1;
    }
    let offered = || {
        assessment
            .features
            .iter()
            .filter(|row| row.groups.iter().any(|mark| mark.offered == Offered::Yes))
    };
    let decided = |mark: Mark| {
        matches!(
            mark,
            Mark::Works | Mark::Restricted | Mark::Fails | Mark::NotSupported
        )
    };
    Coverage {
        cells: subject().count() as u64,
        comparison_cells: (assessment.cells.len() - subject().count()) as u64,
        cells_with_evidence: subject().filter(|cell| cell.has_evidence()).count() as u64,
        outcomes: outcomes(&tally),
        cases: tally.total(),
        planned: assessment.head.cases,
        messages: assessment.messages,
        features_decided: offered()
            .filter(|row| row.groups.iter().any(|mark| decided(mark.observed)))
            .count() as u64,
        features: offered().count() as u64,
        skips: skips.into_values().collect(),
        probes: counts(&probes),
        probed: assessment.probes.len() as u64,
    }
}

/// The least good result of a capability over its cells.
fn worst(results: &BTreeMap<String, u64>) -> String {
    ["refused", "dropped", "no_effect", "not_reached", "carried"]
        .into_iter()
        .find(|word| results.contains_key(*word))
        .map_or_else(
            || results.keys().next().cloned().unwrap_or_default(),
            str::to_owned,
        )
}

fn outcomes(tally: &Tally) -> Vec<Count> {
    tally
        .by_outcome
        .iter()
        .map(|(outcome, count)| Count {
            word: outcome.as_str().to_owned(),
            count: *count,
        })
        .collect()
}

fn counts(map: &BTreeMap<String, u64>) -> Vec<Count> {
    map.iter()
        .map(|(word, count)| Count {
            word: word.clone(),
            count: *count,
        })
        .collect()
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<Pair> {
    map.iter()
        .map(|(name, value)| Pair {
            name: name.clone(),
            value: value.clone(),
        })
        .collect()
}

pub(super) fn appendix(book: &Book<'_>) -> Appendix {
    let assessment = book.assessment;
    let head = &assessment.head;
    Appendix {
        run_id: head.run_id.clone(),
        tier: head.tier.clone(),
        filters: pairs(&head.filters),
        seed: head.seed,
        push: head.push,
        server_capabilities: head.server_capabilities.clone(),
        resumed: assessment.resumed,
        data: pairs(&head.data),
        facts_revision: assessment.facts_revision.clone(),
        evidence: assessment.evidence.len() as u64,
        evidence_digest: hex(&Sha256::digest(assessment.evidence.join("\n"))),
        cells: assessment
            .cells
            .iter()
            .map(|cell| CellRow {
                id: cell.cell.id.clone(),
                role: cell.cell.role.clone(),
                model: cell
                    .model_name
                    .clone()
                    .unwrap_or_else(|| cell.cell.model.clone()),
                build: cell.cell.build.clone(),
                outcomes: outcomes(&cell.tally),
                probes: cell.probes,
                with_evidence: cell.with_evidence,
                enrollment: cell
                    .enrollment_evidence
                    .as_deref()
                    .map(|sha| book.link(&cell.cell.id, sha)),
                blocked: cell.blocked.as_ref().map(|(reason, _)| reason.clone()),
            })
            .collect(),
        probes: assessment
            .probes
            .iter()
            .filter(|probe| worst(&probe.results) != "carried")
            .map(|probe| ProbeView {
                capability: probe.capability.clone(),
                results: counts(&probe.results),
                detail: probe.detail.clone(),
            })
            .collect(),
    }
}
