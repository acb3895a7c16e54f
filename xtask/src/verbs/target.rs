//! From words on the command line to a target and its matrix.

use device_matrix::catalog::Catalog;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::matrix::{self, Matrix, MatrixOptions, Tier};
use device_matrix::model::ModelId;
use device_matrix::selector::{Selector, Target};
use jiff::civil::Date;

use crate::cli::TierWord;
use crate::exit::Stop;

/// What `verify` and `matrix` are asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) target: Option<&'a str>,
    pub(crate) tier: TierWord,
    pub(crate) models: &'a [String],
    pub(crate) enrollments: &'a [String],
    pub(crate) as_of: Date,
}

impl Asked<'_> {
    /// Resolves the target and expands its matrix; unknown names come with the nearest ones.
    pub(crate) fn expand(&self, catalog: &Catalog) -> Result<(Target, Matrix), Stop> {
        let (selector, models) = match (self.target, self.models) {
            (Some(target), models) => (
                target
                    .parse::<Selector>()
                    .map_err(|error| Stop::usage(error.to_string()))?,
                models,
            ),
            (None, [model]) => (Selector::model(model), &[][..]),
            (None, []) => {
                return Err(Stop::usage(
                    "no target; write a release such as `ios18`, or `--model iPhone17,2` for a new device",
                ));
            }
            (None, _) => {
                return Err(Stop::usage(
                    "several models and no target; a new device is verified one at a time",
                ));
            }
        };
        let target = selector
            .resolve(catalog, self.as_of)
            .map_err(|error| Stop::usage(error.to_string()))?;
        let options = MatrixOptions {
            tier: tier(self.tier),
            models: models.iter().cloned().map(ModelId).collect(),
            enrollments: self
                .enrollments
                .iter()
                .map(|word| enrollment(word))
                .collect::<Result<_, _>>()?,
            as_of: self.as_of,
        };
        if let Some((unknown, near)) = options.unknown_model(catalog) {
            return Err(Stop::usage(match near {
                Some(near) => format!("no model `{unknown}`; did you mean `{near}`?"),
                None => format!(
                    "no model `{unknown}`; `cargo xtask matrix TARGET --tier full` lists the models"
                ),
            }));
        }
        let matrix = matrix::expand(catalog, &target, &options);
        Ok((target, matrix))
    }
}

pub(crate) const fn tier(word: TierWord) -> Tier {
    match word {
        TierWord::Smoke => Tier::Smoke,
        TierWord::Pairwise => Tier::Pairwise,
        TierWord::Full => Tier::Full,
    }
}

fn enrollment(word: &str) -> Result<EnrollmentType, Stop> {
    EnrollmentType::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = EnrollmentType::WORDS
            .iter()
            .map(|(_, word)| *word)
            .collect();
        let near = scenarios::codes::nearest(word, known.iter().copied());
        Stop::usage(format!(
            "no enrollment type `{word}`{}; known ones: {}",
            near.map_or(String::new(), |near| format!("; did you mean `{near}`?")),
            known.join(", ")
        ))
    })
}
