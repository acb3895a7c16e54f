//! `support`: which old versions may be dropped, with the working.

mod json;
mod run;
mod table;
mod view;

pub(crate) use run::run;
