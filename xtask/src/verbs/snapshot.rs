//! `snapshot`: approved behavior, what differs from it, and the decisions of people.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reports::assess::approved::observed;
use reports::record::{RunRecord, read_events};
use serde::Serialize;
use snapshots::baseline::{Change, Key, Standing};
use snapshots::file::{Decision, Header, SnapshotFile};
use snapshots::observation::Observation;
use snapshots::store::{self, APPROVED, PROPOSED, REJECTED, StoreError};

use super::publish::{self, Recorded};
use crate::cli::{SnapshotCheckArgs, SnapshotDecideArgs, SnapshotListArgs, SnapshotVerb};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::workspace::Workspace;

/// Paths shown with a difference.
const MAX_SHOWN: usize = 3;

/// Runs a verb.
pub(crate) fn run(
    verb: &SnapshotVerb,
    workspace: &Workspace,
    data: impl FnOnce() -> Result<Data, Stop>,
    lang: Lang,
) -> Outcome {
    let folder = |given: &Option<PathBuf>| {
        given
            .clone()
            .unwrap_or_else(|| workspace.root.join(store::FOLDER))
    };
    match verb {
        SnapshotVerb::List(arguments) => list(arguments, &folder(&arguments.folder), lang),
        SnapshotVerb::Check(arguments) => {
            check(arguments, &folder(&arguments.folder), &data()?, lang)
        }
        SnapshotVerb::Accept(arguments) => {
            decide(arguments, &folder(&arguments.folder), true, lang)
        }
        SnapshotVerb::Reject(arguments) => {
            decide(arguments, &folder(&arguments.folder), false, lang)
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form `map_err` takes")]
fn stop(error: StoreError) -> Stop {
    Stop::new(Exit::BadData, error.to_string())
}

#[derive(Debug, Serialize)]
struct ListedJson {
    path: String,
    scenario: String,
    release: String,
    enrollment_class: &'static str,
    state: &'static str,
    who: Option<String>,
    why: Option<String>,
    date: Option<String>,
}

#[derive(Debug, Serialize)]
struct ListJson {
    schema_version: u32,
    files: Vec<ListedJson>,
}

fn list(arguments: &SnapshotListArgs, folder: &Path, lang: Lang) -> Outcome {
    let mut files = Vec::new();
    for (ending, state) in [
        (APPROVED, "approved"),
        (PROPOSED, "proposed"),
        (REJECTED, "rejected"),
    ] {
        for one in store::stored(folder, ending).map_err(stop)? {
            let decision = one.file.header.decision();
            files.push(ListedJson {
                path: one.path.display().to_string(),
                release: format!("{}{}", one.key.line.platform.slug(), one.key.release.slug()),
                enrollment_class: one.key.line.class.as_str(),
                scenario: one.key.line.scenario,
                state: if state == "approved" && decision.is_none() {
                    "unsigned"
                } else {
                    state
                },
                who: decision.as_ref().map(|decision| decision.who.clone()),
                why: decision.as_ref().map(|decision| decision.why.clone()),
                date: decision.map(|decision| decision.date),
            });
        }
    }
    if arguments.json {
        super::print_json(&ListJson {
            schema_version: 1,
            files,
        })?;
        return Ok(Exit::Yes);
    }
    let mut table = super::table(&match lang {
        Lang::Ja => ["シナリオ", "バージョン", "登録", "状態", "承認者・理由"],
        Lang::En => ["scenario", "release", "enrollment", "state", "by, why"],
    });
    for file in &files {
        let by = file.who.as_ref().map_or_else(String::new, |who| {
            format!("{who}: {}", file.why.as_deref().unwrap_or_default())
        });
        table.add_row([
            file.scenario.as_str(),
            &file.release,
            file.enrollment_class,
            state_word(file.state, lang),
            &by,
        ]);
    }
    println!("{table}");
    Ok(Exit::Yes)
}

fn state_word(state: &'static str, lang: Lang) -> &'static str {
    match state {
        "approved" => lang.pick("承認済み", "approved"),
        "unsigned" => lang.pick("承認済み（記名なし）", "approved, unsigned"),
        "proposed" => lang.pick("判断待ち", "proposed"),
        "rejected" => lang.pick("却下", "rejected"),
        other => other,
    }
}

#[derive(Debug, Serialize)]
struct ProposalJson {
    path: String,
    key: String,
    /// `new` or `changed`.
    state: &'static str,
    /// The release whose baseline is in force.
    against: Option<String>,
    /// What differs, as paths.
    differences: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CheckJson {
    schema_version: u32,
    approved: u64,
    new: u64,
    changed: u64,
    rejected: u64,
    proposals: Vec<ProposalJson>,
}

/// What was seen for one key: texts with the observation, a case and the number of cases.
type Seen<'a> = BTreeMap<String, (Observation, &'a str, u64)>;

/// Compares and proposes. Exit 0 as approved, 1 when something waits for a decision.
fn check(arguments: &SnapshotCheckArgs, folder: &Path, data: &Data, lang: Lang) -> Outcome {
    let Recorded {
        record,
        evidence,
        assessment,
    } = publish::recorded(&arguments.run, data)?;
    let mut by_key: BTreeMap<Key, Seen<'_>> = BTreeMap::new();
    for case in &assessment.cases {
        if let Some((key, observation)) = observed(case, &record, &evidence) {
            by_key
                .entry(key)
                .or_default()
                .entry(observation.to_text())
                .or_insert((observation, &case.id, 0))
                .2 += 1;
        }
    }
    // As if every proposal were accepted, so that one change is proposed once and inherited by later releases.
    let mut as_if = store::load(folder).map_err(stop)?;
    let mut out = CheckJson {
        schema_version: 1,
        approved: 0,
        new: 0,
        changed: 0,
        rejected: 0,
        proposals: Vec::new(),
    };
    for (key, seen) in by_key {
        let bad = |error: snapshots::observation::Unreadable| {
            Stop::new(Exit::BadData, format!("the baseline of {key}: {error}"))
        };
        let mut state = None;
        let mut against = None;
        let mut differences = BTreeSet::new();
        let mut rejected = BTreeSet::new();
        for (text, (observation, _, count)) in &seen {
            match as_if.compare(&key, observation).map_err(bad)? {
                Standing::Approved(_) => out.approved += count,
                Standing::New => {
                    out.new += count;
                    state = Some("new");
                }
                Standing::Different {
                    in_force,
                    changes,
                    rejected: known,
                } => {
                    if known.is_some() {
                        out.rejected += count;
                        rejected.insert(text.clone());
                        continue;
                    }
                    out.changed += count;
                    state = Some("changed");
                    against = Some(in_force.release.slug());
                    differences.extend(changes.iter().map(in_words));
                }
            }
        }
        let Some(state) = state else { continue };
        let mut texts: Vec<(&String, &(Observation, &str, u64))> = seen
            .iter()
            .filter(|(text, _)| !rejected.contains(*text))
            .collect();
        texts.sort_by_key(|(_, (_, _, count))| std::cmp::Reverse(*count));
        for ((text, (_, case, _)), number) in texts.into_iter().zip(1..) {
            let file = SnapshotFile {
                header: header(&record, &key, case),
                text: text.clone(),
            };
            let path = store::propose(folder, &key, number, &file).map_err(stop)?;
            as_if.approve(key.clone(), file);
            out.proposals.push(ProposalJson {
                path: path.display().to_string(),
                key: key.to_string(),
                state,
                against: against.clone(),
                differences: differences.iter().cloned().collect(),
            });
        }
    }
    let waits = !out.proposals.is_empty();
    if arguments.json {
        super::print_json(&out)?;
    } else {
        show(&out, lang);
    }
    Ok(if waits { Exit::No } else { Exit::Yes })
}

fn header(record: &RunRecord, key: &Key, case: &str) -> Header {
    let head = &record.head;
    Header {
        source: format!("{} run {}", head.target, head.run_id),
        description: key.to_string(),
        expression: case.to_owned(),
        info: BTreeMap::from([
            ("run".to_owned(), head.run_id.clone()),
            ("server".to_owned(), head.server.clone()),
            ("as_of".to_owned(), head.as_of.clone()),
        ]),
    }
}

/// `verify DeviceInformation /QueryResponses/IMEI`.
fn in_words(change: &Change) -> String {
    match change {
        Change::Message(change) => {
            let message = &change.message;
            format!("{} {} {}", message.phase, message.what, change.path())
                .trim_end()
                .to_owned()
        }
        Change::Effect { phase, difference } => format!("{phase} = {}", difference.path),
    }
}

fn show(out: &CheckJson, lang: Lang) {
    match lang {
        Lang::Ja => println!(
            "承認のとおり {}、相違 {}、初回 {}、却下済みの相違 {}（ケース）",
            out.approved, out.changed, out.new, out.rejected
        ),
        Lang::En => println!(
            "cases: {} as approved, {} differ, {} new, {} differ as rejected",
            out.approved, out.changed, out.new, out.rejected
        ),
    }
    for proposal in &out.proposals {
        println!("{}", proposal.path);
        for difference in proposal.differences.iter().take(MAX_SHOWN) {
            println!("    {difference}");
        }
        if proposal.differences.len() > MAX_SHOWN {
            println!("    … {}", proposal.differences.len() - MAX_SHOWN);
        }
    }
    if !out.proposals.is_empty() {
        println!(
            "{}",
            lang.pick(
                "確認: cargo insta review、または cargo xtask snapshot accept PATH --who 名前 --why 理由",
                "review: cargo insta review, or cargo xtask snapshot accept PATH --who NAME --why TEXT",
            )
        );
    }
}

fn decide(arguments: &SnapshotDecideArgs, folder: &Path, yes: bool, lang: Lang) -> Outcome {
    for (name, text) in [("--who", &arguments.who), ("--why", &arguments.why)] {
        if text.trim().is_empty() {
            return Err(Stop::usage(format!(
                "{name} is empty; a decision names its person and its reason"
            )));
        }
    }
    let decision = Decision {
        who: arguments.who.clone(),
        why: arguments.why.clone(),
        date: crate::clock::as_of(arguments.as_of).to_string(),
    };
    let mut chosen = Vec::new();
    for path in &arguments.paths {
        chosen.push(store::read(path).map_err(stop)?);
    }
    if let Some(run) = &arguments.run {
        let id = run_id(run)?;
        chosen.extend(
            store::stored(folder, PROPOSED)
                .map_err(stop)?
                .into_iter()
                .filter(|one| one.file.header.info.get("run") == Some(&id)),
        );
    }
    if chosen.is_empty() {
        return Err(Stop::usage(
            "no proposal; `cargo xtask snapshot check RUN` writes them",
        ));
    }
    // Older releases first: a newer one may turn out to need no file of its own.
    chosen.sort_by(|a, b| (&a.key, a.number).cmp(&(&b.key, b.number)));
    let mut kept = 0_usize;
    for one in &chosen {
        let proposed = one.path.to_string_lossy().ends_with(PROPOSED);
        if yes && proposed {
            kept += usize::from(
                store::accept(folder, &one.path, &decision)
                    .map_err(stop)?
                    .is_some(),
            );
        } else if yes {
            store::sign(&one.path, &decision).map_err(stop)?;
            kept += 1;
        } else if proposed {
            store::reject(&one.path, &decision).map_err(stop)?;
        } else {
            return Err(Stop::usage(format!(
                "{} is no proposal (.snap.new)",
                one.path.display()
            )));
        }
    }
    match (lang, yes) {
        (Lang::Ja, true) => println!(
            "{} 件を承認しました（基準 {kept} 件、{} 件は前のバージョンと同じ）",
            chosen.len(),
            chosen.len() - kept
        ),
        (Lang::En, true) => println!(
            "accepted {} proposals: {kept} baselines, {} as the older release",
            chosen.len(),
            chosen.len() - kept
        ),
        (Lang::Ja, false) => println!("{} 件を却下しました", chosen.len()),
        (Lang::En, false) => println!("rejected {} proposals", chosen.len()),
    }
    Ok(Exit::Yes)
}

/// The id in the record of a run.
fn run_id(run: &Path) -> Result<String, Stop> {
    let path = run.join("events.jsonl");
    let file = std::fs::File::open(&path).map_err(|error| Stop::io(&path, &error))?;
    RunRecord::from_events(read_events(std::io::BufReader::new(file)))
        .map(|record| record.head.run_id)
        .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", path.display())))
}
