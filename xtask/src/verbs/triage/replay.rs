//! `triage replay`: whether a package's finding shows again.

use reports::triage::replay::{FILE, Replay, SCENARIO};
use serde::Serialize;

use super::bench::{self, Bench};
use crate::cli::TriageReplayArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

#[derive(Debug, Serialize)]
struct Answer {
    schema_version: &'static str,
    package: String,
    cell: String,
    faults: Vec<String>,
    reproduced: bool,
    outcome: Option<&'static str>,
}

/// Replays: exit 10 when it shows, 0 when the same steps work, 11 when they could not be taken.
pub(super) fn run(arguments: &TriageReplayArgs, data: &Data, lang: Lang) -> Outcome {
    let folder = &arguments.package;
    let path = folder.join(FILE);
    let bad = |error: String| Stop::new(Exit::BadData, format!("{}: {error}", path.display()));
    let replay = Replay::from_json(&bench::read(&path)?).map_err(bad)?;
    let text = bench::read(&folder.join(SCENARIO))?;
    let scenario = bench::scenario(&replay.finding.scenario, text.clone(), &data.suite.actions)
        .map_err(|found| {
            let source = device_matrix::diag::SourceFile {
                path: format!("{}.toml", replay.finding.scenario).into(),
                text,
            };
            Stop::new(
                Exit::BadData,
                device_matrix::diag::render(&found, &[source], false),
            )
        })?;
    let faults = if arguments.without_fault {
        Vec::new()
    } else {
        bench::named_faults(&replay.faults, data)?
    };
    let runtime = bench::runtime()?;
    let bench = Bench {
        runtime: &runtime,
        data,
        faults,
        as_of: replay
            .as_of
            .parse()
            .map_err(|error| bad(format!("{error}")))?,
        seed: replay.seed,
    };
    let cell = bench.cell(&replay.cell, arguments.release.as_deref())?;
    let shown = bench.run(&scenario, &cell, &bench.faults)?;
    let reproduced = shown.shows(&replay.finding);
    let outcome = shown.case().map(|case| case.outcome);
    let answer = Answer {
        schema_version: "1.0",
        package: folder.display().to_string(),
        cell: cell.id(),
        faults: bench.faults.iter().map(|fault| fault.id.clone()).collect(),
        reproduced,
        outcome: outcome.map(reports::assess::Outcome::as_str),
    };
    if arguments.json {
        crate::verbs::print_json(&answer)?;
    } else {
        let word = outcome.map_or("", reports::assess::Outcome::as_str);
        println!(
            "{}",
            match (lang, reproduced) {
                (Lang::Ja, true) => format!("再現しました: {}（{word}）", answer.cell),
                (Lang::Ja, false) => format!("再現しません: {}（{word}）", answer.cell),
                (Lang::En, true) => format!("reproduced on {} ({word})", answer.cell),
                (Lang::En, false) => format!("not reproduced on {} ({word})", answer.cell),
            }
        );
    }
    let blocked = outcome.is_none_or(|outcome| outcome == reports::assess::Outcome::Blocked);
    Ok(if reproduced {
        Exit::Restricted
    } else if blocked {
        Exit::Undecided
    } else {
        Exit::Yes
    })
}
