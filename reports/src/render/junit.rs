//! `JUnit`: one suite a feature, one test case a case. No times, so that the bytes are stable.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::RenderError;
use crate::assess::{Assessment, CaseResult, Outcome, PartState};

/// Renders the cases of an assessment as `JUnit` XML.
pub fn junit(assessment: &Assessment) -> Result<String, RenderError> {
    let mut report = Report::new(assessment.head.target.as_str());
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for case in &assessment.cases {
        let suite = suites
            .entry(&case.feature)
            .or_insert_with(|| TestSuite::new(case.feature.as_str()));
        let mut test = TestCase::new(case.id.as_str(), status(case));
        test.set_classname(case.feature.as_str());
        suite.add_test_case(test);
    }
    for suite in suites.into_values() {
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn status(case: &CaseResult) -> TestCaseStatus {
    let reason = case.reason.as_deref().unwrap_or("");
    let mut status = match case.outcome {
        Outcome::Works => return TestCaseStatus::success(),
        Outcome::NotSupportedByOs | Outcome::NotTested => TestCaseStatus::skipped(),
        Outcome::Blocked => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::WorksWithRestrictions | Outcome::Fails | Outcome::Flaky => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
    };
    let lost: Vec<String> = case
        .parts
        .iter()
        .filter(|part| matches!(part.state, PartState::Lost | PartState::LostAsSpecified))
        .map(|part| {
            let party = part
                .fault
                .as_ref()
                .map_or("as_specified", |fault| fault.party.as_str());
            format!("{} ({party})", part.name.en)
        })
        .collect();
    status.set_type(case.outcome.as_str());
    let message = [
        lost.join(", "),
        reason.to_owned(),
        case.sentence.clone().unwrap_or_default(),
    ]
    .into_iter()
    .filter(|text| !text.is_empty())
    .collect::<Vec<_>>()
    .join(": ");
    status.set_message(message);
    status
}
