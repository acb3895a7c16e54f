//! The verification report: from assessment and inputs to a model that templates only have to print.

mod answers;
mod appendix;
mod head;
mod inputs;
mod matrix;
mod model;
mod scope;

use device_matrix::known::Text;

pub use head::PLANTED;
pub use inputs::{
    DueView, Guidance, ItemChange, ItemView, KnownIssue, ReleaseView, ReportInputs, Sourced,
    offer_of_item, replacement_of_item,
};
pub use model::*;

use crate::assess::{Assessment, Finding, FindingKind, Offered};
use crate::evidence::hex;
use sha2::{Digest, Sha256};

/// Pieces of evidence shown with a finding; `report.json` and `assessment.json` name the cells of all.
const MAX_EVIDENCE: usize = 5;

/// Builds the report. Pure: the same assessment and inputs give an equal model.
#[must_use]
pub fn build(assessment: &Assessment, inputs: &ReportInputs<'_>) -> ReportModel {
    let digest = hex(&Sha256::digest(crate::assess::published::to_json(
        assessment,
    )));
    let book = Book::new(assessment, inputs);
    let (categories, unconfirmed, not_offered) = matrix::rows(&book);
    let new_items = appendix::items(&book, true);
    let changed_items = appendix::items(&book, false);
    let (head, bands) = head::head(&book, &digest);
    let findings: Vec<FindingView> = assessment
        .findings
        .iter()
        .map(|finding| scope::finding(&book, finding))
        .collect();
    let restrictions: Vec<FindingView> =
        findings.iter().filter(|f| f.number > 0).cloned().collect();
    let answers = answers::answers(&book, &head, &restrictions, &new_items);
    let material = answers::material(&book, &head, &restrictions, &new_items, &answers);
    let priorities = answers::priorities(&book, &restrictions, &new_items);
    ReportModel {
        schema_version: SCHEMA_VERSION,
        languages: inputs
            .vendor
            .languages
            .iter()
            .map(|lang| lang.as_str())
            .collect(),
        head,
        bands,
        answers,
        groups: matrix::groups(assessment),
        group_heads: matrix::group_heads(assessment),
        categories,
        unconfirmed,
        not_offered,
        restrictions,
        new_items,
        changed_items,
        material,
        priorities,
        behavior: appendix::behavior(&book),
        behavior_pairs: assessment.behavior_pairs,
        baselines: BaselineView {
            approved: assessment.baselines.approved,
            different: assessment.baselines.different,
            new: assessment.baselines.new,
        },
        against: appendix::against(&book),
        unmatched_issues: assessment.unmatched_issues.clone(),
        arrivals: appendix::arrivals(&book),
        arrival_pairs: assessment.arrival_pairs,
        findings,
        not_tested: appendix::not_tested(&book),
        coverage: appendix::coverage(&book),
        limits: inputs.limits.to_vec(),
        appendix: appendix::appendix(&book),
    }
}

/// Assessment and inputs with what every section needs.
struct Book<'a> {
    assessment: &'a Assessment,
    inputs: &'a ReportInputs<'a>,
    numbers: Vec<u64>,
    names: std::collections::HashMap<&'a str, &'a Text>,
}

impl<'a> Book<'a> {
    fn new(assessment: &'a Assessment, inputs: &'a ReportInputs<'a>) -> Self {
        let mut next = 0;
        let numbers = assessment
            .findings
            .iter()
            .map(|finding| {
                if is_note(finding) {
                    next += 1;
                    next
                } else {
                    0
                }
            })
            .collect();
        Self {
            assessment,
            inputs,
            numbers,
            names: assessment
                .features
                .iter()
                .map(|row| (row.id.as_str(), &row.name))
                .collect(),
        }
    }

    fn named(&self, id: &str) -> NamedFeature {
        NamedFeature {
            id: id.to_owned(),
            name: self.names.get(id).map_or_else(
                || Text {
                    ja: id.to_owned(),
                    en: id.to_owned(),
                },
                |name| (*name).clone(),
            ),
        }
    }

    fn link(&self, cell: &str, sha256: &str) -> EvidenceLink {
        EvidenceLink {
            cell: cell.to_owned(),
            sha256: sha256.to_owned(),
            short: sha256.chars().take(8).collect(),
            href: format!("{}{sha256}", self.inputs.evidence_base),
        }
    }

    fn links(&self, cells: &[(String, Option<String>)]) -> Vec<EvidenceLink> {
        cells
            .iter()
            .filter_map(|(cell, sha)| Some(self.link(cell, sha.as_deref()?)))
            .take(MAX_EVIDENCE)
            .collect()
    }
}

/// Restrictions and failures of offered features are notes of the matrix.
fn is_note(finding: &Finding) -> bool {
    finding.offered == Offered::Yes
        && matches!(
            finding.kind,
            FindingKind::Failure | FindingKind::Restriction
        )
}
