//! `triage`: packages for vendors and for the product's team, and their replay.

mod bench;
mod messages;
mod package;
mod replay;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use reports::assess::{Assessment, Finding, Party};
use reports::record::{RunRecord, read_events};
use serde::Serialize;

use crate::cli::{TriageArgs, TriageVerb};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::verbs::publish;

/// Version of the published form.
const SCHEMA_VERSION: &str = "1.0";

#[derive(Debug, Serialize)]
struct Row {
    finding: String,
    party: &'static str,
    folder: String,
    reproduced: bool,
    minimal: bool,
    steps: Option<usize>,
    class: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Answer {
    schema_version: &'static str,
    run: String,
    packages: Vec<Row>,
}

/// Writes packages, or replays one.
pub(crate) fn run(arguments: &TriageArgs, data: &Data, lang: Lang) -> Outcome {
    match (&arguments.verb, &arguments.run) {
        (Some(TriageVerb::Replay(replay)), _) => replay::run(replay, data, lang),
        (None, Some(run)) => packages(arguments, run, data, lang),
        (None, None) => Err(Stop::usage(
            "name the folder of a recorded run, such as one below runs/, or `replay PACKAGE`",
        )),
    }
}

fn packages(arguments: &TriageArgs, run: &Path, data: &Data, lang: Lang) -> Outcome {
    let (assessment, _) = publish::assess(run, data, None)?;
    let record = record(run)?;
    let chosen = chosen(arguments, &assessment)?;
    let out = arguments.out.clone().unwrap_or_else(|| run.join("triage"));
    let runtime = bench::runtime()?;
    let bench = bench::Bench {
        runtime: &runtime,
        data,
        faults: bench::faults(&assessment, data)?,
        as_of: (assessment.head.as_of.parse())
            .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", run.display())))?,
        seed: assessment.head.seed,
    };
    let case = package::Case {
        run,
        record: &record,
        assessment: &assessment,
        data,
        bench: &bench,
        detected: arguments.detected,
    };
    let mut rows = Vec::new();
    for finding in chosen {
        let written = package::write(&case, finding, &out)?;
        rows.push(Row {
            finding: finding.id.clone(),
            party: finding.fault.party.as_str(),
            folder: written.folder.display().to_string(),
            reproduced: written.reproduced,
            minimal: written.minimal,
            steps: written.steps,
            class: written.class,
        });
    }
    let answer = Answer {
        schema_version: SCHEMA_VERSION,
        run: run.display().to_string(),
        packages: rows,
    };
    if arguments.json {
        crate::verbs::print_json(&answer)?;
    } else {
        print(&answer, lang);
    }
    Ok(Exit::Yes)
}

/// Findings of the OS, of the product and of external services; others when asked for by id.
fn chosen<'a>(
    arguments: &TriageArgs,
    assessment: &'a Assessment,
) -> Result<Vec<&'a Finding>, Stop> {
    if arguments.finding.is_empty() {
        return Ok(assessment
            .findings
            .iter()
            .filter(|finding| {
                matches!(
                    finding.fault.party,
                    Party::Os | Party::Product | Party::ExternalService
                )
            })
            .collect());
    }
    arguments
        .finding
        .iter()
        .map(|id| {
            let found =
                (assessment.findings.iter()).find(|finding| finding.id.eq_ignore_ascii_case(id));
            found.ok_or_else(|| {
                let known = assessment
                    .findings
                    .iter()
                    .map(|finding| finding.id.as_str());
                Stop::usage(match scenarios::codes::nearest(id, known) {
                    Some(near) => format!("the run has no finding `{id}`; did you mean `{near}`?"),
                    None => format!(
                        "the run has no finding `{id}`; it has {}",
                        assessment.findings.len()
                    ),
                })
            })
        })
        .collect()
}

fn record(run: &Path) -> Result<RunRecord, Stop> {
    let path = run.join("events.jsonl");
    let file = fs::File::open(&path).map_err(|error| Stop::io(&path, &error))?;
    RunRecord::from_events(read_events(BufReader::new(file)))
        .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", path.display())))
}

fn print(answer: &Answer, lang: Lang) {
    if answer.packages.is_empty() {
        println!(
            "{}",
            lang.pick(
                "切り分け資料を作る所見（OS・製品・外部サービス）はありません。",
                "no finding of the OS, the product or an external service",
            )
        );
        return;
    }
    let head = match lang {
        Lang::Ja => ["所見", "原因", "再現", "手順", "区分", "フォルダー"],
        Lang::En => [
            "finding",
            "party",
            "shows again",
            "steps",
            "class",
            "folder",
        ],
    };
    let mut table = crate::verbs::table(&head);
    for row in &answer.packages {
        table.add_row([
            row.finding.clone(),
            row.party.to_owned(),
            if row.reproduced { "○" } else { "×" }.to_owned(),
            row.steps
                .map_or_else(String::new, |steps| steps.to_string()),
            row.class
                .map_or_else(String::new, |class| class.to_string()),
            PathBuf::from(&row.folder)
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        ]);
    }
    println!("{table}");
}
