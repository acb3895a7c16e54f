//! Notices: the sixty days, the maintenance windows, the lawful dates, and the published texts.

pub mod check;
pub mod document;
pub mod moment;
pub mod plan;
pub mod policy;
pub mod subject;
pub mod window;
