//! `verify`: run and report; the main job.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use device_matrix::matrix::Matrix;
use harness::record::id::{RunKey, run_id};
use harness::runner::{self, Keep, RunHead, RunInputs, RunOptions, RunSummary};
use harness::step::planned;
use reports::assess::{self, Verdict};
use scenarios::plan::{self, Filters, Plan, Skip};
use tokio_util::sync::CancellationToken;

use super::lab::Lab;
use super::planted;
use super::publish;
use super::target::{Asked, tier};
use super::under_test;
use super::wanted::Wanted;
use crate::cli::{TierWord, VerifyArgs};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::workspace::Workspace;

/// Runs the main job.
pub(crate) fn run(
    arguments: &VerifyArgs,
    workspace: &Workspace,
    data: &Data,
    lang: Lang,
    terminal: Terminal,
) -> Outcome {
    let wanted = Wanted::of(arguments)?;
    let as_of = wanted.as_of;
    let (target, mut matrix) = Asked {
        target: wanted.target.as_deref(),
        tier: wanted.tier,
        models: &wanted.models,
        enrollments: &wanted.enrollments,
        as_of,
    }
    .expand(&data.catalog)?;
    let lab = match &arguments.lab {
        Some(path) => Lab::add(path, &mut matrix, data, as_of)?,
        None => Lab::default(),
    };
    let filters = filters(&wanted, data)?;
    let named_filters = wanted.named_filters(&target)?;
    wanted.same_data(data)?;
    let plan = Arc::new(plan(&target.selector, &matrix, data, &filters));
    let planted = planted::asked(&wanted.faults, &plan, data, lang)?;
    if plan.cases.is_empty() {
        return Err(Stop::usage(nothing_to_run(&plan, lang)));
    }
    let head = RunHead {
        tier: tier(wanted.tier).as_str().to_owned(),
        filters: named_filters,
        as_of: as_of.to_string(),
        data: data.revisions(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let (folder, summary) = runtime.block_on(async {
        let connected = if planted.iter().any(|fault| fault.in_server()) {
            planted::server(&planted, &arguments.server, as_of).await?
        } else {
            under_test::connect(&arguments.server, data, &workspace.root, as_of).await?
        };
        let server = connected.server;
        server
            .check()
            .await
            .map_err(|error| Stop::new(Exit::Unavailable, error.to_string()))?;
        let capabilities = server.capabilities();
        wanted.same_server(&capabilities)?;
        let plan = under_test::within(&plan, &data.suite, server.as_ref());
        if plan.cases.is_empty() {
            return Err(Stop::usage(nothing_to_run(&plan, lang)));
        }
        let mut options = RunOptions::usual(wanted.seed, cores());
        options.nonce = connected.nonce;
        if let Some(repeat) = arguments.repeat {
            options.retries = repeat - 1;
        }
        if let Some(jobs) = arguments.jobs {
            options.jobs = jobs.max(1);
        }
        let id = run_id(&RunKey {
            plan: &plan,
            tier: &head.tier,
            filters: &head.filters,
            seed: wanted.seed,
            as_of: &head.as_of,
            data: &head.data,
            server: capabilities.name,
            origin: capabilities.origin,
            server_build: capabilities.build.as_deref(),
        });
        let (folder, keep) = folder(arguments, workspace, &target.selector, &head, &id)?;
        let inputs = RunInputs {
            probes: planned::probes(&plan, &data.facts).into(),
            plan: plan.clone(),
            scenarios: data.suite.scenarios.clone().into(),
            facts: data.facts.clone(),
            server,
            devices: lab.devices(planted::devices(&planted)),
            head,
            options,
            keep,
            cancel: interrupted(),
        };
        let mut progress = Progress::new(terminal, lang);
        let summary = runner::run(inputs, &mut progress).await;
        progress.finish();
        let summary = summary.map_err(|error| Stop::new(Exit::BadData, error.to_string()))?;
        Ok::<_, Stop>((folder, summary))
    })?;
    let (assessment, model) =
        publish::assess_against(&folder, data, None, arguments.against.as_deref())?;
    let published = publish::write(&folder, assessment, model)?;
    super::report::show(&published, &folder, arguments.json, lang)?;
    if !wanted.faults.is_empty() {
        let ids = wanted.faults.join(", ");
        eprintln!(
            "{}",
            match lang {
                Lang::Ja =>
                    format!("故障を仕込んだ実行です（{ids}）。検証結果ではなく、署名できません"),
                Lang::En => format!(
                    "a fault was planted ({ids}): this says nothing about a release and can not be signed"
                ),
            }
        );
    }
    if let Some(hint) = to_review(&published.assessment, &folder, lang) {
        eprintln!("{hint}");
    }
    if let Some(hint) = how_to_go_on(&summary, &folder, lang) {
        eprintln!("{hint}");
    }
    Ok(exit(published.assessment.verdict, &summary))
}

/// Precedence 70 > 130 > 69 > 10 > 11 > 0. A server that went away leaves something undecided, whatever was seen before.
fn exit(verdict: Verdict, summary: &RunSummary) -> Exit {
    let nothing_ran = summary.cases_done == summary.blocked;
    match super::report::exit(verdict) {
        Exit::Bug => Exit::Bug,
        _ if summary.interrupted => Exit::Interrupted,
        _ if summary.server_gone.is_some() && nothing_ran => Exit::Unavailable,
        Exit::Yes if summary.server_gone.is_some() => Exit::Undecided,
        other => other,
    }
}

/// What to do about behavior that nobody has approved.
fn to_review(assessment: &assess::Assessment, folder: &Path, lang: Lang) -> Option<String> {
    let tally = assessment.baselines;
    let check = format!("cargo xtask snapshot check {}", folder.display());
    (tally.different > 0).then(|| match lang {
        Lang::Ja => format!(
            "承認済みの動作と異なるケースが {} 件あります。確認: {check}",
            tally.different
        ),
        Lang::En => format!(
            "{} cases behave otherwise than approved; review with: {check}",
            tally.different
        ),
    })
}

/// What to do about a run that did not get to its end.
fn how_to_go_on(summary: &RunSummary, folder: &Path, lang: Lang) -> Option<String> {
    let resume = format!("cargo xtask verify --resume {}", folder.display());
    if let Some((_, sentence)) = &summary.server_gone {
        return Some(match lang {
            Lang::Ja => format!(
                "サーバーが応答しなくなりました: {sentence}\n保留 {} 件。サーバーが戻ったら、同じサーバーの指定を付けて続きを実行できます: {resume}",
                summary.blocked
            ),
            Lang::En => format!(
                "the server went away: {sentence}\n{} cases are blocked; when the server is back, continue with the same server options: {resume}",
                summary.blocked
            ),
        });
    }
    summary.interrupted.then(|| match lang {
        Lang::Ja => format!(
            "中断しました（{}/{} ケース）。続き: {resume}",
            summary.cases_done, summary.cases
        ),
        Lang::En => format!(
            "interrupted after {} of {} cases; continue with: {resume}",
            summary.cases_done, summary.cases
        ),
    })
}

/// Ctrl-C ends the run with a record that can be resumed; a second one ends the process.
pub(crate) fn interrupted() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
        }
    });
    cancel
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The plan of a matrix.
pub(crate) fn plan(target: &str, matrix: &Matrix, data: &Data, filters: &Filters) -> Plan {
    let excluded = matrix
        .excluded
        .iter()
        .map(|row| Skip {
            what: row.what.clone(),
            feature: None,
            reason: row.reason.as_str().to_owned(),
            text: row.text.clone(),
        })
        .collect();
    plan::build(
        target,
        &matrix.cells,
        excluded,
        &data.suite,
        &data.facts,
        filters,
    )
}

fn filters(wanted: &Wanted, data: &Data) -> Result<Filters, Stop> {
    for id in &wanted.features {
        if !data
            .suite
            .features
            .iter()
            .any(|feature| feature.id.0 == *id)
        {
            let near = scenarios::codes::nearest(
                id,
                data.suite
                    .features
                    .iter()
                    .map(|feature| feature.id.0.as_str()),
            );
            // A word of the id is the likeliest thing a person types.
            let with_word: Vec<&str> = data
                .suite
                .features
                .iter()
                .map(|feature| feature.id.0.as_str())
                .filter(|known| known.contains(id.as_str()))
                .take(5)
                .collect();
            return Err(Stop::usage(match near {
                Some(near) => format!("no feature `{id}`; did you mean `{near}`?"),
                None if with_word.is_empty() => {
                    format!("no feature `{id}`; scenarios/data/features.toml lists them")
                }
                None => format!("no feature `{id}`; did you mean {}?", with_word.join(", ")),
            }));
        }
    }
    let only_cases = wanted
        .only_failed
        .as_deref()
        .map(|run| failed_cases(run, data))
        .transpose()?;
    Ok(Filters {
        features: (!wanted.features.is_empty()).then(|| wanted.features.iter().cloned().collect()),
        only_cases,
        smoke: wanted.tier == TierWord::Smoke,
    })
}

/// Cases of an earlier run that did not simply work, and their comparisons.
fn failed_cases(run: &Path, data: &Data) -> Result<BTreeSet<String>, Stop> {
    let (assessment, _) = publish::assess(run, data, None)?;
    let failed: BTreeSet<String> = assessment
        .cases
        .iter()
        .filter(|case| {
            !matches!(
                case.outcome,
                assess::Outcome::Works | assess::Outcome::NotSupportedByOs
            )
        })
        .flat_map(|case| {
            let previous = case.previous.as_ref().map(|previous| previous.case.clone());
            std::iter::once(case.id.clone()).chain(previous)
        })
        .collect();
    if failed.is_empty() {
        return Err(Stop::usage(format!(
            "every case of {} worked; there is nothing to repeat",
            run.display()
        )));
    }
    Ok(failed)
}

/// The folder of the record: the one to resume, or a new one named by target, date and run id.
fn folder(
    arguments: &VerifyArgs,
    workspace: &Workspace,
    target: &str,
    head: &RunHead,
    id: &str,
) -> Result<(PathBuf, Keep), Stop> {
    if let Some(run) = &arguments.resume {
        return Ok((run.clone(), Keep::Resume(run.clone())));
    }
    let runs = arguments.out.clone().unwrap_or_else(|| workspace.runs());
    let target = target.to_ascii_lowercase().replace(
        |c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-',
        "-",
    );
    let short: String = id.chars().take(8).collect();
    let name = format!("{target}-{}-{short}", head.as_of);
    // The same data, seed and clock give the same id; an earlier record is never written over.
    let folder = (1..u32::MAX)
        .map(|n| {
            runs.join(if n == 1 {
                name.clone()
            } else {
                format!("{name}.{n}")
            })
        })
        .find(|folder| !folder.exists())
        .unwrap_or_else(|| runs.join(&name));
    fs::create_dir_all(&folder).map_err(|error| Stop::io(&folder, &error))?;
    Ok((folder.clone(), Keep::New(folder)))
}

fn nothing_to_run(plan: &Plan, lang: Lang) -> String {
    let mut text = lang
        .pick("実行するケースがありません。", "nothing to run.")
        .to_owned();
    for skip in plan.skips.iter().take(5) {
        // Writing to a string can not fail.
        let _ = write!(
            text,
            "\n  {}: {}",
            skip.what,
            lang.pick(&skip.text.ja, &skip.text.en)
        );
    }
    text.push_str(lang.pick(
        "\n`cargo xtask matrix TARGET` が組合せと除外理由を示します。",
        "\n`cargo xtask matrix TARGET` shows the combinations and why others are left out.",
    ));
    text
}
