//! `faults`: can the verdict be trusted? Planted faults must be caught and named, and nothing else may be.

mod catalogue;
pub(crate) mod lab;
mod mutations;
mod verdict;

use crate::cli::FaultsArgs;
use crate::data::Data;
use crate::exit::Outcome;
use crate::lang::Lang;
use crate::workspace::Workspace;

/// Runs the catalogue, or seeded mutations in its place.
pub(crate) fn run(
    arguments: &FaultsArgs,
    workspace: &Workspace,
    data: &Data,
    lang: Lang,
) -> Outcome {
    match arguments.mutations {
        Some(each) => mutations::run(arguments, each, data, lang),
        None => catalogue::run(arguments, workspace, data, lang),
    }
}
