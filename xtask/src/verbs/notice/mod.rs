//! `notice`: the sixty days before an old version leaves.

mod check;
mod common;
mod plan;
mod render;
mod run;

pub(crate) use run::run;
