//! `faults --mutations N`: seeded single mutations, and which of them are caught.

use std::collections::BTreeSet;
use std::sync::Arc;

use device_matrix::cell::Arrival;
use harness::mutation::generate::{self, MutationKind};
use harness::mutation::lab::ReferenceLab;
use harness::mutation::{self, Fate, Lab as _, MutationReport, fault, touch};
use harness::runner::{Keep, RunHead, RunInputs, RunOptions};
use harness::step::rig::Limits;
use scenarios::plan::{Check, Filters, Plan};
use scenarios::scenario::Scenario;
use tokio_util::sync::CancellationToken;

use crate::cli::{FaultsArgs, TierWord};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::verbs::target::Asked;
use crate::verbs::under_test;
use crate::verbs::verify::{cores, plan};

/// The target that is run when none is named.
const USUAL_TARGET: &str = "ios18.1";

/// Runs the mutations; one that is caught under a wrong name is a no.
pub(super) fn run(arguments: &FaultsArgs, each: u32, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let (target, matrix) = Asked {
        target: Some(arguments.target.as_deref().unwrap_or(USUAL_TARGET)),
        tier: TierWord::Smoke,
        models: &[],
        enrollments: &[],
        as_of,
    }
    .expand(&data.catalog)?;
    // Every scenario on the few cells of the smoke tier: breadth of behavior, not of models.
    let plan = Arc::new(plan(&target.selector, &matrix, data, &Filters::default()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let report = runtime.block_on(async {
        let unavailable = |text: String| Stop::new(Exit::Unavailable, text);
        let lab = ReferenceLab {
            devices: under_test::devices(),
            server: under_test::reference_config(as_of)?,
        };
        let server = lab
            .server(None)
            .ok_or_else(|| unavailable("the embedded server did not start".to_owned()))?;
        let base = RunInputs {
            probes: Arc::from([]),
            plan: plan.clone(),
            scenarios: data.suite.scenarios.clone().into(),
            facts: data.facts.clone(),
            server,
            devices: Arc::new(under_test::devices()),
            head: RunHead {
                tier: "smoke".to_owned(),
                filters: std::collections::BTreeMap::new(),
                as_of: as_of.to_string(),
                data: data.revisions(),
            },
            options: RunOptions {
                limits: Limits::BRISK,
                ..RunOptions::usual(arguments.seed, cores())
            },
            keep: Keep::Nothing,
            cancel: CancellationToken::new(),
        };
        let upgraded = plan
            .cells
            .iter()
            .any(|cell| matches!(cell.arrival, Arrival::Upgraded { .. }));
        // Only what the plan runs can notice anything.
        let planned = || planned(&plan, &base.scenarios);
        let touched = touch::touched(&data.facts, planned(), std::iter::empty());
        let mutations = generate::generate(
            arguments.seed,
            each as usize,
            &data.facts,
            &touched,
            &plan,
            &fault::device_faults(planned(), upgraded),
            &fault::server_faults(planned()),
        );
        mutation::run(&lab, &base, &mutations)
            .await
            .map_err(|error| Stop::new(Exit::Bug, error.to_string()))
    })?;
    if arguments.json {
        crate::verbs::print_json(&report)?;
    } else {
        print(&report, lang);
    }
    let misnamed = report.results.iter().any(|result| {
        matches!(
            result.outcome,
            Fate::Caught {
                named_rightly: false,
                ..
            }
        )
    });
    Ok(if misnamed { Exit::No } else { Exit::Yes })
}

/// The scenarios that have a case in the plan.
fn planned<'a>(plan: &Plan, scenarios: &'a [Scenario]) -> impl Iterator<Item = &'a Scenario> {
    let wanted: BTreeSet<u32> = plan
        .cases
        .iter()
        .filter_map(|case| match case.check {
            Check::Scenario(index) => Some(index),
            Check::Probe(_) => None,
        })
        .collect();
    wanted
        .into_iter()
        .filter_map(|index| scenarios.get(index as usize))
}

fn print(report: &MutationReport, lang: Lang) {
    let head = match lang {
        Lang::Ja => ["種別", "変異", "結果", "検出の根拠 / 生き残りの理由"],
        Lang::En => [
            "kind",
            "mutation",
            "fate",
            "caught by / reason for surviving",
        ],
    };
    let mut table = crate::verbs::table(&head);
    for result in &report.results {
        let (fate, why) = match &result.outcome {
            Fate::Caught {
                by, named_rightly, ..
            } => (
                if *named_rightly {
                    lang.pick("検出", "caught")
                } else {
                    lang.pick("検出(名指し誤り)", "caught, misnamed")
                },
                format!(
                    "{}: {} ({} → {}, {})",
                    by.subject,
                    by.what,
                    by.clean,
                    by.mutated,
                    by.party.as_str()
                ),
            ),
            Fate::Survived { reason } => (
                lang.pick("生存", "survived"),
                lang.pick(&reason.ja, &reason.en).to_owned(),
            ),
        };
        table.add_row([
            kind(result.kind),
            lang.pick(&result.description.ja, &result.description.en),
            fate,
            &why,
        ]);
    }
    println!("{table}");
    for wanted in [
        MutationKind::Fact,
        MutationKind::Device,
        MutationKind::Server,
    ] {
        let of_kind = || report.results.iter().filter(|result| result.kind == wanted);
        let caught = of_kind()
            .filter(|result| matches!(result.outcome, Fate::Caught { .. }))
            .count();
        println!(
            "{}: {caught}/{} {}",
            kind(wanted),
            of_kind().count(),
            lang.pick("検出", "caught")
        );
    }
}

const fn kind(kind: MutationKind) -> &'static str {
    match kind {
        MutationKind::Fact => "fact",
        MutationKind::Device => "device",
        MutationKind::Server => "server",
    }
}
