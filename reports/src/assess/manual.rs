//! What people saw, laid over what the run shows: the person's word decides, and what the run said stays visible.

use std::collections::HashMap;

use device_matrix::known::Text;
use scenarios::feature::Feature;

use super::cases::{offered, outcome};
use super::context::{AssessError, CellView};
use super::types::{
    CaseResult, Fault, Finding, FindingKind, Observed, Outcome, PartState, Party, Seen, Since,
};
use crate::manual::Statement;
use crate::record::RecordedCell;

/// Lays statements over cases, in their order: the last one about a case or part counts.
pub(crate) fn apply(
    cases: &mut Vec<CaseResult>,
    statements: &[Statement],
    features: &HashMap<&str, &Feature>,
    views: &[(&RecordedCell, CellView<'_>)],
    group_of: &HashMap<&str, usize>,
) -> Result<(), AssessError> {
    for statement in statements {
        let unknown = || AssessError::UnknownWord {
            cell: "manual.jsonl".to_owned(),
            what: "case",
            word: statement.case.clone(),
        };
        let said = statement.outcome().ok_or_else(unknown)?;
        let known = cases.iter().position(|case| case.id == statement.case);
        let index = if let Some(index) = known {
            index
        } else {
            cases.push(blank(statement, features, views, group_of).ok_or_else(unknown)?);
            cases.len() - 1
        };
        let case = &mut cases[index];
        if let Some(part) = &statement.part
            && !case.parts.iter().any(|known| known.id == *part)
        {
            return Err(AssessError::UnknownWord {
                cell: statement.case.clone(),
                what: "part",
                word: part.clone(),
            });
        }
        let run = case.seen.as_ref().map_or(case.outcome, |seen| seen.run);
        say(case, statement, said);
        let mut statements = case
            .seen
            .take()
            .map_or_else(Vec::new, |seen| seen.statements);
        statements.push(statement.clone());
        case.seen = Some(Seen { run, statements });
    }
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(())
}

/// A case for a feature that no scenario exercises on the cell.
fn blank(
    statement: &Statement,
    features: &HashMap<&str, &Feature>,
    views: &[(&RecordedCell, CellView<'_>)],
    group_of: &HashMap<&str, usize>,
) -> Option<CaseResult> {
    let (feature, cell) = statement.case.split_once('@')?;
    let feature = features.get(feature)?;
    let (_, view) = views
        .iter()
        .find(|(recorded, _)| recorded.cell.id == cell && recorded.cell.role == "subject")?;
    Some(CaseResult {
        id: statement.case.clone(),
        scenario: String::new(),
        feature: feature.id.0.clone(),
        cell: cell.to_owned(),
        group: group_of.get(cell).copied().unwrap_or(0),
        offered: offered(feature, view),
        outcome: Outcome::NotTested,
        reason: None,
        sentence: None,
        parts: Vec::new(),
        attempts: 0,
        evidence: None,
        previous: None,
        seen: None,
    })
}

fn say(case: &mut CaseResult, statement: &Statement, said: Outcome) {
    let any_essential = case.parts.iter().any(|part| part.essential);
    for part in &mut case.parts {
        let mine = statement.part.as_ref().is_none_or(|id| *id == part.id);
        let (observed, state) = match (said, mine) {
            (Outcome::Works, true) | (Outcome::WorksWithRestrictions, false) => {
                (Observed::Works, PartState::Works)
            }
            (Outcome::WorksWithRestrictions, true) => (Observed::Lost, PartState::Lost),
            (Outcome::Fails, true)
                if statement.part.is_some() || part.essential || !any_essential =>
            {
                (Observed::Lost, PartState::Lost)
            }
            (Outcome::NotSupportedByOs, true) => (Observed::Unseen, PartState::NotSupported),
            _ => continue,
        };
        // The run knows better why: what it saw to be lost stays as it said.
        let same = matches!(
            (state, part.state),
            (
                PartState::Lost,
                PartState::Lost | PartState::LostAsSpecified
            ) | (
                PartState::NotSupported | PartState::Works,
                PartState::NotSupported
            )
        );
        if same {
            continue;
        }
        part.observed = observed;
        part.state = state;
        part.failed = None;
        part.fault = (state == PartState::Lost).then(|| Fault {
            party: Party::Undetermined,
            because: "seen_by_a_person",
            details: vec![words(statement)],
        });
    }
    let (result, reason) = if said == Outcome::Flaky {
        (Outcome::Flaky, Some("attempts_differ"))
    } else if case.parts.is_empty() || statement.part.is_none() {
        (said, None)
    } else {
        outcome(&case.parts)
    };
    case.outcome = result;
    case.reason = reason.map(str::to_owned);
    case.sentence = None;
}

/// Who saw it, when and on what.
fn words(statement: &Statement) -> String {
    let device = statement.device.as_ref().map_or_else(String::new, |seen| {
        format!(", {} {}", seen.model, seen.build)
    });
    format!(
        "{} ({}{device}): {}",
        statement.by, statement.on, statement.note
    )
}

/// Findings of a case that a person looked at: what they lost without a named part, and where they contradict the run.
pub(crate) fn findings(
    case: &CaseResult,
    blank: impl Fn(FindingKind, Fault) -> Finding,
) -> Vec<Finding> {
    let Some(seen) = &case.seen else {
        return Vec::new();
    };
    let Some(last) = seen.statements.last() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let fault = |because| Fault {
        party: Party::Undetermined,
        because,
        details: vec![words(last)],
    };
    let text = |ja: String, en: String| Some(Text { ja, en });
    if case.parts.is_empty() && case.outcome == Outcome::Fails {
        found.push(Finding {
            reason: text(words(last), words(last)),
            ..blank(FindingKind::Failure, fault("seen_by_a_person"))
        });
    }
    if !seen.run.is_undecided() && seen.run != case.outcome {
        let (run, said) = (seen.run.as_str(), case.outcome.as_str());
        found.push(Finding {
            since: Since::Unknown,
            reason: text(
                format!("実行では {run}、{} では {said}", words(last)),
                format!("{run} in the run, {said} by {}", words(last)),
            ),
            ..blank(
                FindingKind::Contradiction,
                fault("a_person_saw_it_otherwise"),
            )
        });
    }
    found
}
