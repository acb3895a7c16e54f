//! `sign`: the only way to a final report.

use std::fs;

use reports::sign::{ReportMeta, SignState, sign};

use super::publish;
use crate::cli::SignArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;

/// Signs, and renders the report again with the signature in its head.
pub(crate) fn run(arguments: &SignArgs, data: &Data, lang: Lang) -> Outcome {
    let as_of = crate::clock::as_of(arguments.as_of);
    let state = SignState::WORDS
        .iter()
        .find(|(_, word)| *word == arguments.state)
        .map(|(state, _)| *state)
        .ok_or_else(|| Stop::usage(format!("no state `{}`", arguments.state)))?;
    let (_, model) = publish::assess(&arguments.run, data, None)?;
    let so_far = publish::read_signoffs(&arguments.run)?;
    let signed = sign(
        &ReportMeta::from(&model),
        &so_far,
        &arguments.by,
        state,
        as_of,
    )
    .map_err(|refused| Stop::new(Exit::No, refused.to_string()))?;
    let path = arguments.run.join(publish::SIGNOFF);
    fs::write(&path, signed.to_json()).map_err(|error| Stop::io(&path, &error))?;
    let (assessment, model) = publish::assess(&arguments.run, data, None)?;
    let published = publish::write(&arguments.run, assessment, model)?;
    super::report::show(&published, &arguments.run, arguments.json, lang)?;
    Ok(Exit::Yes)
}
