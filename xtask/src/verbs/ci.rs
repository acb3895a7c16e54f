//! `ci`: format, lints, all tests, lint of all data. Installs what it needs.

use std::process::Command;

use crate::exit::{Exit, Outcome, Stop};
use crate::workspace::Workspace;

/// Components of the toolchain that a minimal installation may lack, with the call that shows their presence.
const COMPONENTS: [(&str, &[&str]); 2] = [
    ("rustfmt", &["fmt", "--version"]),
    ("clippy", &["clippy", "--version"]),
];

/// Programs of others that tests talk to: package of Debian, program, and what is skipped without it.
const PEERS: [(&str, &str, &str); 1] = [("scep", "scepserver", "SCEP with Debian's scep")];

/// The stages in order.
const STAGES: [(&str, &[&str]); 3] = [
    ("format", &["fmt", "--all", "--check"]),
    (
        "lints",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
    ),
    ("tests", &["test", "--workspace", "--no-fail-fast"]),
];

/// Runs every stage and tells which ones said no; later stages run even when an earlier one failed.
pub(crate) fn run(workspace: &Workspace) -> Outcome {
    for (component, probe) in COMPONENTS {
        if !succeeds(workspace, "cargo", probe, true)? {
            eprintln!("ci: installing the {component} component of this toolchain");
            if !succeeds(workspace, "rustup", &["component", "add", component], false)? {
                return Err(Stop::new(
                    Exit::No,
                    format!(
                        "{component} is missing and could not be installed; run `rustup component add {component}`"
                    ),
                ));
            }
        }
    }
    let skipped = peers(workspace);
    let mut failed = Vec::new();
    for (name, arguments) in STAGES {
        eprintln!("ci: {name}: cargo {}", arguments.join(" "));
        if !succeeds(workspace, "cargo", arguments, false)? {
            failed.push(name);
        }
    }
    eprintln!("ci: data: cargo xtask lint");
    if super::lint::run(workspace, false)? != Exit::Yes {
        failed.push("data");
    }
    for what in &skipped {
        eprintln!("ci: skipped: {what}");
    }
    if failed.is_empty() {
        eprintln!("ci: all stages passed");
        Ok(Exit::Yes)
    } else {
        Err(Stop::new(
            Exit::No,
            format!("ci: failed: {}", failed.join(", ")),
        ))
    }
}

/// Installs the programs that tests talk to, where that is possible; tells what is skipped without them.
fn peers(workspace: &Workspace) -> Vec<String> {
    let mut skipped = Vec::new();
    for (package, program, tests) in PEERS {
        let there = || runs(workspace, program);
        if there() {
            continue;
        }
        if std::path::Path::new("/etc/debian_version").exists() {
            eprintln!("ci: installing the Debian package {package}");
            let install: &[&str] = &["install", "-y", "--no-install-recommends", package];
            // Without the rights, the network or apt itself the tests are skipped, and this says so.
            if !succeeds(workspace, "apt-get", install, true).unwrap_or(false) {
                let _ = succeeds(workspace, "apt-get", &["update"], true);
                let _ = succeeds(workspace, "apt-get", install, true);
            }
        }
        if !there() {
            skipped.push(format!(
                "{tests}: {program} is not installed and could not be (Debian: apt-get install {package}, as root)"
            ));
        }
    }
    skipped
}

/// Whether a program can be started at all.
fn runs(workspace: &Workspace, program: &str) -> bool {
    succeeds(workspace, program, &["-version"], true).is_ok()
}

fn succeeds(
    workspace: &Workspace,
    program: &str,
    arguments: &[&str],
    quiet: bool,
) -> Result<bool, Stop> {
    // `cargo run` sets CARGO to the very cargo that started this process.
    let program = if program == "cargo" {
        std::env::var_os("CARGO").unwrap_or_else(|| program.into())
    } else {
        program.into()
    };
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(&workspace.root);
    if quiet {
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
    }
    command
        .status()
        .map(|status| status.success())
        .map_err(|error| Stop::new(Exit::No, format!("{}: {error}", program.display())))
}
