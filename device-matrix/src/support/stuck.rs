//! Models that can not go further than a generation.

use jiff::civil::Date;

use super::generation::{GenerationKey, Generations};
use crate::catalog::Catalog;
use crate::known::Known;
use crate::platform::Platform;
use crate::version::VersionNumber;

/// A model whose last generation this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckModel {
    /// Identifier.
    pub id: String,
    /// Marketing name.
    pub name: String,
    /// Last release within the generation, when a source cuts the model off earlier.
    pub until: Option<VersionNumber>,
}

/// The models that run `key` and none of the newer generations that are out on `as_of`, in the order of the data.
///
/// Unknown for a platform without model data. On the newest generation nothing is stuck.
#[must_use]
pub fn stuck_models(
    catalog: &Catalog,
    generations: &Generations,
    platform: Platform,
    key: &GenerationKey,
    as_of: Date,
) -> Known<Vec<StuckModel>> {
    let models = catalog.models(platform);
    if models.is_empty() {
        return Known::Unknown;
    }
    let newer: Vec<VersionNumber> = generations
        .of(platform)
        .iter()
        .skip_while(|row| row.key != *key)
        .skip(1)
        .filter(|row| generations.is_out(platform, &row.key, as_of))
        .filter_map(|row| row.key.0.parse().ok())
        .collect();
    let Ok(own) = key.0.parse::<VersionNumber>() else {
        return Known::Unknown;
    };
    if newer.is_empty() {
        return Known::Known(Vec::new());
    }
    Known::Known(
        models
            .iter()
            .filter(|model| !model.majors.iter().any(|row| newer.contains(&row.major)))
            .filter_map(|model| {
                let row = model.majors.iter().find(|row| row.major == own)?;
                Some(StuckModel {
                    id: model.id.to_string(),
                    name: model.name.clone(),
                    until: row.until,
                })
            })
            .collect(),
    )
}
