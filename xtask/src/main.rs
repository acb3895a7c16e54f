//! The door: `cargo xtask <verb>`.

// First: its macros take the place of the standard ones in every module after it.
#[macro_use]
mod output;

mod cli;
mod clock;
mod data;
mod exit;
mod lang;
mod progress;
mod terminal;
mod verbs;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use mimalloc::MiMalloc;

use crate::cli::{Cli, Verb};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;
use crate::workspace::Workspace;

/// Messages are made on one thread and dropped on another, thousands of small pieces at a time. With the system's
/// allocator the threads then wait for each other: a third of a run's CPU time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done when the terminal does not take the text.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Yes.into(),
                _ => Exit::Usage.into(),
            };
        }
    };
    let environment = |name: &str| std::env::var(name).ok();
    let lang = Lang::choose(cli.lang, environment);
    let terminal = Terminal::detect(environment);
    // A panic anywhere is a bug of the harness, whatever thread it happened on.
    match std::panic::catch_unwind(|| run(&cli.verb, lang, terminal)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(stop)) => {
            eprintln!("{}", stop.message.trim_end());
            stop.exit.into()
        }
        Err(_) => {
            eprintln!(
                "{}",
                lang.pick(
                    "検証ハーネスの不具合です。上のメッセージを添えて報告してください。",
                    "this is a bug of the harness; please report it with the message above",
                )
            );
            Exit::Bug.into()
        }
    }
}

fn run(verb: &Verb, lang: Lang, terminal: Terminal) -> Outcome {
    if let Verb::Explain { code } = verb {
        return verbs::explain::run(code);
    }
    let here = std::env::current_dir()
        .map_err(|error| Stop::usage(format!("the working directory is not there: {error}")))?;
    let workspace = Workspace::find(&here)?;
    let data = || Data::load_or_stop(&workspace, terminal.color);
    match verb {
        Verb::Verify(arguments) => {
            verbs::verify::run(arguments, &workspace, &data()?, lang, terminal)
        }
        Verb::Matrix(arguments) => verbs::matrix::run(arguments, &data()?, lang),
        Verb::Features(arguments) => verbs::features::run(arguments, &workspace, terminal, lang),
        Verb::Due(arguments) => verbs::due::run(arguments, &data()?, lang),
        Verb::Support(arguments) => verbs::support::run(arguments, &data()?, lang, terminal),
        Verb::Report(arguments) => verbs::report::run(arguments, &data()?, lang),
        Verb::Snapshot(verb) => verbs::snapshot::run(verb, &workspace, data, lang),
        Verb::Triage(arguments) => verbs::triage::run(arguments, &data()?, lang),
        Verb::Record(arguments) => verbs::record::run(arguments, &data()?, lang, terminal),
        Verb::Sign(arguments) => verbs::sign::run(arguments, &data()?, lang),
        Verb::Faults(arguments) => verbs::faults::run(arguments, &workspace, &data()?, lang),
        Verb::Notice(arguments) => verbs::notice::run(arguments, &data()?, lang),
        Verb::Agenda(arguments) => verbs::agenda::run(arguments, &data()?, lang),
        Verb::Server(arguments) => verbs::server::run(arguments, &workspace, lang),
        Verb::Devices(arguments) => verbs::devices::run(arguments, &data()?, lang, terminal),
        Verb::Import(arguments) => verbs::import::run(arguments, &workspace),
        Verb::Lint(arguments) => verbs::lint::run(&workspace, arguments.json),
        Verb::Explain { code } => verbs::explain::run(code),
        Verb::Bench(arguments) => verbs::bench::run(arguments, &workspace, data()?, lang),
        Verb::Ci => verbs::ci::run(&workspace),
    }
}
