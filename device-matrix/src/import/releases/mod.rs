//! Importer of releases and device models: one JSON file of facts to one TOML file per platform and kind.
//!
//! What the importer decides, beyond copying:
//! - The observed range (`first`, `last`) of a model is evidence that it ran those releases, never that it can not
//!   run others. `last` is dropped; `first` only helps for models launched within a major ([`models`]).
//! - A mark "preinstalled only" is dropped when a model launched earlier was observed on the release: the two
//!   facts contradict each other, and the observation is the stronger one ([`rows`]).
//! - Hardware is derived from names and chips ([`hardware`]) and written under the key `derived`.

mod hardware;
mod input;
mod models;
mod rows;
mod write;

use jiff::civil::Date;

use super::{GeneratedFile, ImportError};
use crate::platform::Platform;
use input::Input;

const SCHEMA: &str = "os-compat-facts/1";

/// Turns the text of the release facts into `device-matrix/data/{releases,models}/<platform>.toml`.
///
/// The result depends on `json` alone and is sorted stably, so that a new version of the facts is a readable
/// diff.
///
/// # Errors
/// When the text is not JSON of the schema `os-compat-facts/1`, lacks an Apple platform, or holds a version or
/// date that can not be read.
pub fn import(json: &str) -> Result<Vec<GeneratedFile>, ImportError> {
    let input: Input = serde_json::from_str(json)?;
    if input.schema != SCHEMA {
        return Err(ImportError::Schema {
            expected: SCHEMA,
            found: input.schema,
        });
    }
    let mut files = Vec::with_capacity(Platform::APPLE.len() * 2);
    for platform in Platform::APPLE {
        let facts = input
            .platforms
            .get(platform.name())
            .ok_or_else(|| value("platforms", format!("`{}` is missing", platform.name())))?;
        let mut releases = rows::releases(platform, facts)?;
        let models = models::models(platform, facts, &input.devices, &releases)?;
        rows::drop_contradicted_marks(platform, facts, &models, &mut releases)?;
        files.push(write::releases(&input, platform, facts, &releases)?);
        files.push(write::models(&input, platform, &models));
    }
    Ok(files)
}

fn value(place: impl Into<String>, what: impl Into<String>) -> ImportError {
    ImportError::Value {
        place: place.into(),
        what: what.into(),
    }
}

/// A full date; a partial one (`2025`) or an empty text is not known.
fn full_date(text: Option<&str>) -> Option<Date> {
    text.and_then(|text| text.parse().ok())
}
