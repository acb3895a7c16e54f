//! `bench`: the machine's ceilings, and the harness against them.

use std::time::Duration;

use harness::bench::{self, BenchOptions, BenchReport};

use crate::cli::BenchArgs;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::workspace::Workspace;

/// Measures and shows; figures are ratios in one run and never decide an exit code.
pub(crate) fn run(arguments: &BenchArgs, workspace: &Workspace, lang: Lang) -> Outcome {
    let options = BenchOptions {
        sample: Duration::from_secs_f64(arguments.seconds.clamp(0.1, 60.0)),
        ..BenchOptions::USUAL
    };
    let scratch = workspace.root.join("target").join("bench");
    std::fs::create_dir_all(&scratch).map_err(|error| Stop::io(&scratch, &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let report = runtime
        .block_on(bench::run(None, options, &scratch))
        .map_err(|error| Stop::io(&scratch, &error))?;
    if arguments.json {
        super::print_json(&report)?;
    } else {
        print(&report, lang);
    }
    Ok(Exit::Yes)
}

fn print(report: &BenchReport, lang: Lang) {
    let ceilings = &report.ceilings;
    println!(
        "{}: {} · echo {:.0}/s · plist socket {:.0}/s · duplex {:.0}/s",
        lang.pick("この機械の上限", "ceilings of this machine"),
        ceilings.cores,
        ceilings.echo_per_second,
        ceilings.socket_per_second,
        ceilings.duplex_per_second
    );
    for bar in &report.bars {
        println!("{bar:?}");
    }
}
