//! Importers of the Japanese holidays: the Cabinet Office's CSV, and facts as JSON.

mod csv;
mod file;
mod json;

pub use csv::{Publication, import_csv};
pub use json::import;
