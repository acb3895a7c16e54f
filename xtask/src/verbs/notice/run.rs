//! The three verbs of `notice`.

use super::{check, plan, render};
use crate::cli::NoticeVerb;
use crate::data::Data;
use crate::exit::Outcome;
use crate::lang::Lang;

/// Checks, plans or renders.
pub(crate) fn run(verb: &NoticeVerb, data: &Data, lang: Lang) -> Outcome {
    match verb {
        NoticeVerb::Check(arguments) => check::run(arguments, data, lang),
        NoticeVerb::Plan(arguments) => plan::run(arguments, data, lang),
        NoticeVerb::Render(arguments) => render::run(arguments, data, lang),
    }
}
