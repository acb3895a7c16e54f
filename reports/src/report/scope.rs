//! Findings with their scope.

use std::collections::BTreeSet;

use device_matrix::platform::Platform;
use device_matrix::version::OsVersion;

use super::Book;
use super::model::{Conditions, FindingView, KnownView, LookView, NamedFeature, RepeatView, Scope};
use crate::assess::{CellResult, Finding, FindingKind, Party, Since, wilson};

pub(super) fn finding(book: &Book<'_>, finding: &Finding) -> FindingView {
    let index = book
        .assessment
        .findings
        .iter()
        .position(|known| known.id == finding.id);
    let (since, since_release) = match &finding.since {
        Since::ThisRelease(release) => ("this_release", Some(release_name(release))),
        Since::Earlier(release) => ("earlier", Some(release_name(release))),
        Since::Unknown => ("unknown", None),
    };
    let fault = &finding.fault;
    FindingView {
        number: index
            .and_then(|index| book.numbers.get(index).copied())
            .unwrap_or(0),
        id: finding.id.clone(),
        kind: finding.kind.as_str(),
        feature: finding.feature_name.as_ref().map(|name| NamedFeature {
            id: finding.feature.clone(),
            name: name.clone(),
        }),
        offered: finding.offered.as_str(),
        scenario: finding.scenario.clone(),
        part: finding.part.clone(),
        party: fault.party.as_str(),
        because: fault.because,
        details: fault.details.clone(),
        since,
        since_release,
        reason: finding.reason.clone(),
        replacement: finding.replacement.clone(),
        source: finding.source.clone(),
        look: finding.failed.as_ref().map(|look| LookView {
            phase: look.phase.clone(),
            kind: match look.kind {
                scenarios::event::LookKind::Status => "status",
                scenarios::event::LookKind::ReadBack => "read_back",
                scenarios::event::LookKind::Effect => "effect",
                scenarios::event::LookKind::DeclarationStatus => "declaration_status",
                scenarios::event::LookKind::ServerView => "server_view",
            },
            pointer: look.pointer.clone(),
            expected: crate::assess::cut(&look.expected),
            seen: crate::assess::cut(&look.seen),
        }),
        attempts: finding.attempts,
        repeats: repeats(finding),
        known: finding.known.as_ref().map(|known| KnownView {
            id: known.issue.id.clone(),
            state: known.state.as_str(),
            feedback: known.issue.feedback.clone(),
            owner: known.issue.owner.clone(),
            expires: known.issue.expires.to_string(),
            workaround: known.issue.workaround.clone(),
            note: known.issue.note.clone(),
            outside: known.outside,
        }),
        conditions: conditions(finding),
        os_defect: fault.party == Party::Os,
        scope: scope(book, finding),
        evidence: book.links(&finding.cells),
        cells: finding.cells.len() as u64,
    }
}

/// How often it was seen, where it was tried more than once.
fn repeats(finding: &Finding) -> Option<RepeatView> {
    let repeats = finding.repeats;
    let percent = |share: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share is between 0 and 1"
        )]
        let whole = (share * 100.0).round() as u32;
        whole
    };
    let (low, high) = wilson::interval(repeats.lost, repeats.of);
    (repeats.of > 1).then(|| RepeatView {
        lost: repeats.lost,
        of: repeats.of,
        low: percent(low),
        high: percent(high),
    })
}

/// The three conditions of guideline 2.3.1, for what is lost against the specification or may be.
fn conditions(finding: &Finding) -> Option<Conditions> {
    if !matches!(
        finding.kind,
        FindingKind::Failure | FindingKind::Restriction
    ) {
        return None;
    }
    let party = finding.fault.party;
    let differs = if party == Party::AsSpecified {
        "no"
    } else {
        "yes"
    };
    let reproduced = if finding.attempts > 1 || finding.cells.len() > 1 {
        "yes"
    } else {
        "unknown"
    };
    let caused = match party {
        Party::Product => "yes",
        Party::Undetermined => "unknown",
        Party::Os | Party::ExternalService | Party::AsSpecified | Party::HarnessData => "no",
    };
    Some(Conditions {
        differs,
        reproduced,
        caused_by_product: caused,
        defect: [differs, reproduced, caused] == ["yes"; 3],
    })
}

fn scope(book: &Book<'_>, finding: &Finding) -> Scope {
    let ids: BTreeSet<&str> = finding
        .cells
        .iter()
        .map(|(cell, _)| cell.as_str())
        .collect();
    let cells: Vec<&CellResult> = book
        .assessment
        .cells
        .iter()
        .filter(|cell| ids.contains(cell.cell.id.as_str()))
        .collect();
    let each = |of: &dyn Fn(&CellResult) -> Option<String>| -> Vec<String> {
        let mut out = Vec::new();
        for value in cells.iter().filter_map(|cell| of(cell)) {
            if !out.contains(&value) {
                out.push(value);
            }
        }
        out
    };
    Scope {
        releases: each(&|cell| Some(release_name(&cell.cell.release))),
        builds: each(&|cell| cell.cell.build.clone()),
        models: each(&|cell| {
            Some(match &cell.model_name {
                Some(name) => format!("{name} ({})", cell.cell.model),
                None => cell.cell.model.clone(),
            })
        }),
        enrollments: each(&|cell| Some(cell.cell.enrollment.clone())),
        arrivals: each(&|cell| Some(cell.cell.arrival.clone())),
        everywhere: finding.groups.len() == book.assessment.groups.len(),
    }
}

/// `ios18.7` → `iOS 18.7`.
pub(super) fn release_name(id: &str) -> String {
    Platform::ALL
        .into_iter()
        .find_map(|platform| {
            let version: OsVersion = id.strip_prefix(platform.slug())?.parse().ok()?;
            Some(format!("{platform} {version}"))
        })
        .unwrap_or_else(|| id.to_owned())
}
