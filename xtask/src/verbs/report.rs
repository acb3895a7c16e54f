//! `report`: the documents of a recorded run again, and the summary on the terminal.

use std::path::Path;

use reports::assess::Verdict;
use serde::Serialize;

use super::publish::{self, Published};
use crate::cli::ReportArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

/// Renders again; the record is not changed.
pub(crate) fn run(arguments: &ReportArgs, data: &Data, lang: Lang) -> Outcome {
    let (assessment, model) = publish::assess_against(
        &arguments.run,
        data,
        arguments.as_of,
        arguments.against.as_deref(),
    )?;
    let published = publish::write(&arguments.run, assessment, model)?;
    show(&published, &arguments.run, arguments.json, lang)?;
    Ok(exit(published.assessment.verdict))
}

/// The exit code of a verdict.
pub(crate) const fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Yes => Exit::Yes,
        Verdict::Undecided => Exit::Undecided,
        Verdict::Restrictions => Exit::Restricted,
        Verdict::ServerUnavailable => Exit::Unavailable,
        Verdict::Bug => Exit::Bug,
    }
}

#[derive(Debug, Serialize)]
struct SummaryJson<'a> {
    schema_version: u32,
    run: String,
    report: String,
    verdict: &'a str,
    exit_code: u8,
    state: &'a str,
    reasons: Vec<String>,
    cases: u64,
    outcomes: std::collections::BTreeMap<&'static str, u64>,
}

/// Shows the summary.
pub(crate) fn show(published: &Published, run: &Path, json: bool, lang: Lang) -> Result<(), Stop> {
    let assessment = &published.assessment;
    let mut outcomes = std::collections::BTreeMap::new();
    for case in &assessment.cases {
        *outcomes.entry(case.outcome.as_str()).or_insert(0_u64) += 1;
    }
    let summary = SummaryJson {
        schema_version: 1,
        run: run.display().to_string(),
        report: published.page.display().to_string(),
        verdict: assessment.verdict.as_str(),
        exit_code: exit(assessment.verdict).code(),
        state: published.model.head.state,
        reasons: published
            .model
            .head
            .reasons
            .iter()
            .map(ToString::to_string)
            .collect(),
        cases: assessment.cases.len() as u64,
        outcomes,
    };
    if json {
        return super::print_json(&summary);
    }
    super::summary::print(published, lang);
    println!("{} {}", lang.pick("報告書:", "report:"), summary.report);
    Ok(())
}
