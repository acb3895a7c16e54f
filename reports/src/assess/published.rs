//! `assessment.json`: the published twin of an assessment.

use std::collections::BTreeMap;

use device_matrix::known::Text;
use schemars::JsonSchema;
use serde::Serialize;

use crate::manual::Statement;
use crate::report::TextSchema;

use super::types::{Assessment, CaseResult, Finding, Offered, PartResult, Since};

/// Version of the format. A change of meaning raises the first number.
pub const SCHEMA_VERSION: &str = "1.0";

/// An assessment as published.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct AssessmentJson {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// Run id.
    pub run_id: String,
    /// Selector.
    pub target: String,
    /// Date as of which the run looked at the world.
    pub as_of: String,
    /// Origin of the server: `reference`, `third_party`, `product`.
    #[schemars(with = "String")]
    pub server_origin: scenarios::event::ServerOrigin,
    /// Origin of the devices: `virtual`, `device`, `manual`.
    #[schemars(with = "String")]
    pub device_origin: scenarios::event::DeviceOrigin,
    /// The record ends as a complete one does.
    pub complete: bool,
    /// `yes`, `undecided`, `restrictions`, `server_unavailable`, `bug`.
    pub verdict: &'static str,
    /// Device groups.
    pub groups: Vec<GroupJson>,
    /// Outcomes of the cases under verification.
    pub outcomes: Vec<CaseJson>,
    /// Findings.
    pub findings: Vec<FindingJson>,
}

/// A device group.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct GroupJson {
    /// Id.
    pub id: String,
    /// Marks by feature id.
    pub marks: BTreeMap<String, &'static str>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct CaseJson {
    /// `scenario@cell`.
    pub id: String,
    /// Feature id.
    pub feature: String,
    /// `yes`, `no`, `unknown`, `out_of_scope`.
    pub offered: &'static str,
    /// Outcome word.
    pub outcome: &'static str,
    /// Reason word.
    pub reason: Option<String>,
    /// What to act on.
    pub sentence: Option<String>,
    /// Parts.
    pub parts: Vec<PartJson>,
    /// Attempts.
    pub attempts: u32,
    /// Digest of the transcript.
    pub evidence: Option<String>,
    /// Outcome on the previous release.
    pub previous: Option<PreviousJson>,
    /// What people said of it; absent when nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manual: Option<ManualJson>,
}

/// What people said of a case.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ManualJson {
    /// Outcome word by the run alone.
    pub run: &'static str,
    /// Statements, oldest first; the last one about a case or part counts.
    pub statements: Vec<StatementJson>,
}

/// A statement of a person.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct StatementJson {
    /// Outcome word.
    pub outcome: String,
    /// The part it is about; `null` is the whole.
    pub part: Option<String>,
    /// Who.
    pub by: String,
    /// When (ISO 8601).
    pub on: String,
    /// What was seen.
    pub note: String,
    /// Model and build of the device.
    pub device: Option<String>,
    /// Digests of files that show it.
    pub files: Vec<String>,
}

/// The same case on the previous release.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PreviousJson {
    /// Case id.
    pub case: String,
    /// Release id.
    pub release: String,
    /// Outcome word.
    pub outcome: &'static str,
}

/// A part of a case.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct PartJson {
    /// Id.
    pub id: String,
    /// State word.
    pub state: &'static str,
    /// Without it the feature has no use.
    pub essential: bool,
    /// Party word, for lost parts.
    pub party: Option<&'static str>,
    /// Row of the decision table.
    pub because: Option<&'static str>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct FindingJson {
    /// `F001`.
    pub id: String,
    /// Kind word.
    pub kind: &'static str,
    /// Feature id; empty for findings about the run.
    pub feature: String,
    /// Offer word.
    pub offered: &'static str,
    /// Part.
    #[schemars(with = "Option<TextSchema>")]
    pub part: Option<Text>,
    /// Party word.
    pub party: &'static str,
    /// Row of the decision table.
    pub because: &'static str,
    /// What was found in the messages.
    pub details: Vec<String>,
    /// Id of the known issue that it is.
    pub known: Option<String>,
    /// Whether that issue covers it: `known`, `expired`, `wider`.
    pub known_state: Option<&'static str>,
    /// `this_release`, `earlier`, `unknown`.
    pub since: &'static str,
    /// Why.
    #[schemars(with = "Option<TextSchema>")]
    pub reason: Option<Text>,
    /// What to use in its place.
    #[schemars(with = "Option<TextSchema>")]
    pub replacement: Option<Text>,
    /// Cells and digests.
    pub cells: Vec<EvidenceJson>,
}

/// A cell and the digest of a transcript.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct EvidenceJson {
    /// Cell id.
    pub cell: String,
    /// Digest.
    pub sha256: Option<String>,
}

impl From<&Assessment> for AssessmentJson {
    fn from(assessment: &Assessment) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            run_id: assessment.head.run_id.clone(),
            target: assessment.head.target.clone(),
            as_of: assessment.head.as_of.clone(),
            server_origin: assessment.head.server_origin,
            device_origin: assessment.device_origin,
            complete: assessment.complete,
            verdict: assessment.verdict.as_str(),
            groups: assessment
                .groups
                .iter()
                .enumerate()
                .map(|(index, group)| GroupJson {
                    id: group.id.clone(),
                    marks: assessment
                        .features
                        .iter()
                        .filter(|row| row.groups[index].offered != Offered::OutOfScope)
                        .map(|row| (row.id.clone(), row.groups[index].mark.as_str()))
                        .collect(),
                })
                .collect(),
            outcomes: assessment.cases.iter().map(case).collect(),
            findings: assessment.findings.iter().map(finding).collect(),
        }
    }
}

/// The text of `assessment.json`, with a newline at its end.
#[must_use]
pub fn to_json(assessment: &Assessment) -> String {
    // Every key of these types is a string, so that serializing can not fail.
    let mut text =
        serde_json::to_string_pretty(&AssessmentJson::from(assessment)).unwrap_or_default();
    text.push('\n');
    text
}

fn case(case: &CaseResult) -> CaseJson {
    CaseJson {
        id: case.id.clone(),
        feature: case.feature.clone(),
        offered: case.offered.as_str(),
        outcome: case.outcome.as_str(),
        reason: case.reason.clone(),
        sentence: case.sentence.clone(),
        parts: case.parts.iter().map(part).collect(),
        attempts: case.attempts,
        evidence: case.evidence.clone(),
        previous: case.previous.as_ref().map(|previous| PreviousJson {
            case: previous.case.clone(),
            release: previous.release.clone(),
            outcome: previous.outcome.as_str(),
        }),
        manual: case.seen.as_ref().map(|seen| ManualJson {
            run: seen.run.as_str(),
            statements: seen.statements.iter().map(statement).collect(),
        }),
    }
}

fn statement(statement: &Statement) -> StatementJson {
    StatementJson {
        outcome: statement.outcome.clone(),
        part: statement.part.clone(),
        by: statement.by.clone(),
        on: statement.on.clone(),
        note: statement.note.clone(),
        device: statement
            .device
            .as_ref()
            .map(|device| format!("{} {}", device.model, device.build)),
        files: statement
            .files
            .iter()
            .map(|file| file.sha256.clone())
            .collect(),
    }
}

fn part(part: &PartResult) -> PartJson {
    PartJson {
        id: part.id.clone(),
        state: part.state.as_str(),
        essential: part.essential,
        party: part.fault.as_ref().map(|fault| fault.party.as_str()),
        because: part.fault.as_ref().map(|fault| fault.because),
    }
}

fn finding(finding: &Finding) -> FindingJson {
    FindingJson {
        id: finding.id.clone(),
        kind: finding.kind.as_str(),
        feature: finding.feature.clone(),
        offered: finding.offered.as_str(),
        part: finding.part.clone(),
        party: finding.fault.party.as_str(),
        because: finding.fault.because,
        details: finding.fault.details.clone(),
        known: finding.known.as_ref().map(|known| known.issue.id.clone()),
        known_state: finding.known.as_ref().map(|known| known.state.as_str()),
        since: match finding.since {
            Since::ThisRelease(_) => "this_release",
            Since::Earlier(_) => "earlier",
            Since::Unknown => "unknown",
        },
        reason: finding.reason.clone(),
        replacement: finding.replacement.clone(),
        cells: finding
            .cells
            .iter()
            .map(|(cell, sha256)| EvidenceJson {
                cell: cell.clone(),
                sha256: sha256.clone(),
            })
            .collect(),
    }
}
