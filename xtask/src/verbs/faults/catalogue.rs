//! The catalogue: every fault on the smallest run that shows it, beside the clean run of the same plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use reports::assess::Assessment;
use scenarios::fault::{Approved, Fault, Kind};
use scenarios::plan::Plan;
use scenarios::suite::APPROVED;
use serde::Serialize;

use super::lab;
use super::verdict::{Verdict, alarms, part, verdict};
use crate::cli::FaultsArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::workspace::Workspace;

/// Version of the published form.
const SCHEMA_VERSION: &str = "1.0";

/// A fault and what became of it.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    story: String,
    title: String,
    kind: &'static str,
    party: &'static str,
    target: String,
    seconds: f64,
    verdict: Verdict,
}

/// A fault that does not run.
#[derive(Debug, Serialize)]
struct Idle {
    id: String,
    story: String,
    why: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    schema_version: &'static str,
    faults: Vec<Row>,
    clean_false_alarms: Vec<String>,
    later: Vec<Idle>,
    not_expressible: Vec<Idle>,
    seconds: f64,
}

/// A clean run with what it was run on.
struct Clean {
    target: String,
    assessment: Assessment,
}

/// Runs the catalogue; what is not caught, misnamed or a false alarm is a no.
pub(super) fn run(
    arguments: &FaultsArgs,
    workspace: &Workspace,
    data: &Data,
    lang: Lang,
) -> Outcome {
    let begun = Instant::now();
    let as_of = crate::clock::as_of(arguments.as_of);
    let chosen = chosen(arguments, data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let mut cleans: BTreeMap<String, Clean> = BTreeMap::new();
    let mut work = Vec::new();
    for fault in chosen {
        let Some(shown) = &fault.shown else { continue };
        let plan = Arc::new(lab::plan_of(fault, shown, data, as_of)?);
        let key = key(&plan);
        if !cleans.contains_key(&key) {
            let assessment = lab::run(&runtime, plan.clone(), None, data, as_of, arguments.seed)?;
            let target = shown.target.clone();
            cleans.insert(key.clone(), Clean { target, assessment });
        }
        work.push((fault, shown, plan, key));
    }
    if arguments.approve {
        return approve(arguments, workspace, &cleans);
    }
    let approved = &data.suite.faults.approved;
    // Much of it is waiting for what never comes.
    let rows = work
        .par_iter()
        .map(|(fault, shown, plan, key)| {
            let clean = &cleans[key].assessment;
            let started = Instant::now();
            let injected = fault.kind == Kind::Injected;
            let faulty = if injected {
                let (plan, seed) = (plan.clone(), arguments.seed);
                Some(lab::run(&runtime, plan, Some(fault), data, as_of, seed)?)
            } else {
                None
            };
            let faulty = faulty.as_ref().unwrap_or(clean);
            Ok(Row {
                id: fault.id.clone(),
                story: fault.story.clone(),
                title: lang.pick(&fault.title.ja, &fault.title.en).to_owned(),
                kind: if injected {
                    "injected"
                } else {
                    "documented_change"
                },
                party: fault.party,
                target: shown.target.clone(),
                seconds: started.elapsed().as_secs_f64(),
                verdict: verdict(fault, plan, clean, faulty, approved, &shown.target),
            })
        })
        .collect::<Result<Vec<Row>, Stop>>()?;
    let mut clean_false_alarms: Vec<String> = cleans
        .values()
        .flat_map(|clean| {
            let found = alarms(&clean.assessment, approved, &clean.target, |_, _| false);
            let target = clean.target.clone();
            found
                .into_iter()
                .map(move |text| format!("{target}: {text}"))
        })
        .collect();
    clean_false_alarms.sort();
    clean_false_alarms.dedup();
    let answer = Answer {
        schema_version: SCHEMA_VERSION,
        faults: rows,
        clean_false_alarms,
        later: later(data),
        not_expressible: not_expressible(data),
        seconds: begun.elapsed().as_secs_f64(),
    };
    if arguments.json {
        crate::verbs::print_json(&answer)?;
    } else {
        print(&answer, lang);
    }
    let good =
        answer.clean_false_alarms.is_empty() && answer.faults.iter().all(|row| row.verdict.good());
    Ok(if good { Exit::Yes } else { Exit::No })
}

/// The faults asked for that run.
fn chosen<'a>(arguments: &FaultsArgs, data: &'a Data) -> Result<Vec<&'a Fault>, Stop> {
    let catalogue = &data.suite.faults;
    for id in &arguments.id {
        match catalogue.fault(id) {
            None => {
                let known = catalogue.faults.iter().map(|fault| fault.id.as_str());
                let near = scenarios::codes::nearest(id, known);
                return Err(Stop::usage(near.map_or_else(
                    || format!("no fault `{id}`; scenarios/data/faults lists them"),
                    |near| format!("no fault `{id}`; did you mean `{near}`?"),
                )));
            }
            Some(fault) if !fault.runs() => {
                return Err(Stop::usage(format!(
                    "`{id}` is about a platform that has no virtual device yet"
                )));
            }
            Some(_) => {}
        }
    }
    let chosen: Vec<&Fault> = catalogue
        .faults
        .iter()
        .filter(|fault| arguments.id.is_empty() || arguments.id.contains(&fault.id))
        .filter(|fault| {
            let target = fault.shown.as_ref().map(|shown| &shown.target);
            target.is_some() && (arguments.target.is_none() || arguments.target.as_ref() == target)
        })
        .collect();
    if chosen.is_empty() {
        let targets: BTreeSet<&str> = catalogue
            .faults
            .iter()
            .filter_map(|fault| Some(fault.shown.as_ref()?.target.as_str()))
            .collect();
        let targets: Vec<&str> = targets.into_iter().collect();
        return Err(Stop::usage(format!(
            "no fault is shown by this target; known ones: {}",
            targets.join(", ")
        )));
    }
    Ok(chosen)
}

/// What makes two plans the same run.
fn key(plan: &Plan) -> String {
    let cells: Vec<String> = plan.cells.iter().map(|cell| cell.id()).collect();
    let cases: Vec<String> = plan
        .cases
        .iter()
        .map(|case| format!("{:?}@{:?}", case.check, case.cell))
        .collect();
    format!("{} {} {}", plan.target, cells.join(" "), cases.join(" "))
}

fn later(data: &Data) -> Vec<Idle> {
    let idle = data.suite.faults.faults.iter();
    idle.filter(|fault| !fault.runs())
        .map(|fault| Idle {
            id: fault.id.clone(),
            story: fault.story.clone(),
            why: "no virtual device for the platform yet".to_owned(),
        })
        .collect()
}

fn not_expressible(data: &Data) -> Vec<Idle> {
    let told = data.suite.faults.not_expressible.iter();
    told.map(|untold| Idle {
        id: String::new(),
        story: untold.story.clone(),
        why: untold.because.clone(),
    })
    .collect()
}

/// Writes the findings of the clean runs into the approved list; an entry that somebody approved keeps its reason.
fn approve(
    arguments: &FaultsArgs,
    workspace: &Workspace,
    cleans: &BTreeMap<String, Clean>,
) -> Outcome {
    let path = workspace.root.join(APPROVED);
    let known = match fs::read_to_string(&path) {
        Err(_) => Vec::new(),
        Ok(text) => scenarios::load::load_approved(&device_matrix::diag::SourceFile {
            path: path.clone(),
            text,
        })
        .unwrap_or_default(),
    };
    let mut found: BTreeMap<[String; 4], BTreeSet<String>> = BTreeMap::new();
    for clean in cleans.values() {
        for finding in &clean.assessment.findings {
            let key = [
                clean.target.clone(),
                finding.feature.clone(),
                part(finding).to_owned(),
                finding.fault.party.as_str().to_owned(),
            ];
            let groups = (finding.groups.iter())
                .filter_map(|index| clean.assessment.groups.get(*index))
                .map(|group| group.id.clone());
            found.entry(key).or_default().extend(groups);
        }
    }
    let (by, why) = (arguments.by.as_deref(), arguments.why.as_deref());
    let approved: Vec<Approved> = found
        .into_iter()
        .map(|([target, feature, part, party], groups)| {
            let groups: Vec<String> = groups.into_iter().collect();
            let before = known.iter().find(|row| {
                (
                    &row.target,
                    &row.feature,
                    &row.part,
                    &row.party,
                    &row.groups,
                ) == (&target, &feature, &part, &party, &groups)
            });
            Approved {
                by: before
                    .map_or(by.unwrap_or_default(), |row| &row.by)
                    .to_owned(),
                why: before
                    .map_or(why.unwrap_or_default(), |row| &row.why)
                    .to_owned(),
                target,
                feature,
                part,
                party,
                groups,
            }
        })
        .collect();
    fs::write(&path, scenarios::load::approved_text(&approved))
        .map_err(|error| Stop::io(&path, &error))?;
    println!("{}: {} findings", path.display(), approved.len());
    Ok(Exit::Yes)
}

fn print(answer: &Answer, lang: Lang) {
    let head = match lang {
        Lang::Ja => ["故障", "対象", "検出", "範囲", "原因", "誤報", "件", "秒"],
        Lang::En => [
            "fault", "target", "caught", "scope", "party", "alarms", "cases", "s",
        ],
    };
    let mut table = crate::verbs::table(&head);
    let word = |good: bool| if good { "○" } else { "×" };
    for row in &answer.faults {
        table.add_row([
            row.id.as_str(),
            &row.target,
            word(row.verdict.detected),
            word(row.verdict.scope),
            &format!("{} {}", word(row.verdict.party), row.party),
            &row.verdict.false_alarms.len().to_string(),
            &row.verdict.cases.to_string(),
            &format!("{:.2}", row.seconds),
        ]);
    }
    println!("{table}");
    for row in &answer.faults {
        for text in row.verdict.wrong.iter().take(8) {
            println!("  {}: {text}", row.id);
        }
        for text in row.verdict.false_alarms.iter().take(8) {
            let false_alarm = lang.pick("誤報", "false alarm");
            println!("  {}: {false_alarm}: {text}", row.id);
        }
    }
    for text in &answer.clean_false_alarms {
        let unapproved = lang.pick("承認されていない所見", "not approved");
        println!("  {unapproved}: {text}");
    }
    let good = answer
        .faults
        .iter()
        .filter(|row| row.verdict.good())
        .count();
    println!(
        "{}",
        match lang {
            Lang::Ja => format!(
                "{good}/{} 件を正しく検出、誤報 {} 件、{:.1} 秒。今は動かない故障 {} 件、表現できない事例 {} 件（--json に理由）",
                answer.faults.len(),
                alarm_count(answer),
                answer.seconds,
                answer.later.len(),
                answer.not_expressible.len()
            ),
            Lang::En => format!(
                "{good} of {} caught and named rightly, {} false alarms, {:.1} s; {} wait for a device of their platform, {} can not be expressed (reasons: --json)",
                answer.faults.len(),
                alarm_count(answer),
                answer.seconds,
                answer.later.len(),
                answer.not_expressible.len()
            ),
        }
    );
}

fn alarm_count(answer: &Answer) -> usize {
    let planted = answer
        .faults
        .iter()
        .map(|row| row.verdict.false_alarms.len());
    answer.clean_false_alarms.len() + planted.sum::<usize>()
}
