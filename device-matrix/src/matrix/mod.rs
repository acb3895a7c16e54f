//! The matrix: which combinations of model, release, enrollment type and arrival are run, and why each other one
//! is left out.
//!
//! A combination is one model × subject release × enrollment type × arrival of a platform. Every combination is
//! either a cell or counted in exactly one [`Excluded`] row: nothing is silently absent.
//!
//! - **Fresh** is enrolled on the subject. **Upgraded** is enrolled on the newest released version up to the
//!   target's comparison release that the model runs, then updated in place; a model that runs nothing so old
//!   comes from the newest release before the subject that it runs. The enrollment type must exist on both: user
//!   enrollment by profile, gone with iOS 18, is neither run fresh nor upgraded to there.
//! - **Comparison** cells run the same enrollment type fresh on the comparison release: on the same model when it
//!   runs that generation (on the newest release of it that the model runs), else on the model of the same family
//!   that was launched last before it, same hardware first.

mod combos;
mod comparison;
mod coverage;
mod excluded;
mod pairwise;
mod smoke;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;

pub use coverage::{Coverage, PairKind};
pub use excluded::{Excluded, ExclusionReason};

use crate::catalog::Catalog;
use crate::cell::{Arrival, Cell, Role};
use crate::enrollment::EnrollmentType;
use crate::model::ModelId;
use crate::selector::Target;
use combos::{Combo, Universe};
use excluded::Tally;

/// How many combinations are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Per release one supervised and one unsupervised cell, and per platform one upgraded cell.
    Smoke,
    /// Every model, and every pair of release, hardware class, enrollment type and arrival, at least once.
    #[default]
    Pairwise,
    /// Every combination.
    Full,
}

impl Tier {
    /// Every value with its word on the command line.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Smoke, "smoke"),
        (Self::Pairwise, "pairwise"),
        (Self::Full, "full"),
    ];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// The word names no tier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tier; write smoke, pairwise or full")]
pub struct UnknownTier(pub String);

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(value, _)| *value)
            .ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

/// What limits a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixOptions {
    /// How many combinations are run.
    pub tier: Tier,
    /// Only these models; empty means all. Upper and lower case are the same.
    pub models: Vec<ModelId>,
    /// Only these enrollment types; empty means all.
    pub enrollments: Vec<EnrollmentType>,
    /// The day (JST): releases that came later are not known.
    pub as_of: Date,
}

impl MatrixOptions {
    /// The default tier without filters.
    #[must_use]
    pub const fn new(as_of: Date) -> Self {
        Self {
            tier: Tier::Pairwise,
            models: Vec::new(),
            enrollments: Vec::new(),
            as_of,
        }
    }

    /// The first model of the filter that the catalogue does not list, with the nearest one that it does.
    #[must_use]
    pub fn unknown_model(&self, catalog: &Catalog) -> Option<(ModelId, Option<ModelId>)> {
        let unknown = self
            .models
            .iter()
            .find(|id| catalog.find_models(id).is_empty())?;
        let known: Vec<&str> = catalog
            .platforms()
            .flat_map(|platform| catalog.models(platform))
            .map(|model| model.id.0.as_str())
            .collect();
        let near = crate::table::nearest(&unknown.0, known).map(|id| ModelId(id.to_owned()));
        Some((unknown.clone(), near))
    }
}

/// The cells of a target, and what is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Cells in the order of their ids; subject cells before comparison cells.
    pub cells: Vec<Arc<Cell>>,
    /// What is left out and why, sorted.
    pub excluded: Vec<Excluded>,
    /// How many pairs of levels the subject cells cover.
    pub coverage: Coverage,
}

impl Matrix {
    /// The cells of one role.
    pub fn cells_of(&self, role: Role) -> impl Iterator<Item = &Arc<Cell>> {
        self.cells.iter().filter(move |cell| cell.role == role)
    }
}

/// Expands a target into its cells. The same arguments give the same matrix.
#[must_use]
pub fn expand(catalog: &Catalog, target: &Target, options: &MatrixOptions) -> Matrix {
    let mut tally = Tally::default();
    let universe = Universe::build(catalog, target, options, &mut tally);
    let chosen: BTreeSet<usize> = match options.tier {
        Tier::Full => (0..universe.combos.len()).collect(),
        Tier::Pairwise => pairwise::choose(&universe),
        Tier::Smoke => smoke::choose(&universe),
    };
    let mut subjects: Vec<Arc<Cell>> = Vec::with_capacity(chosen.len());
    for (index, combo) in universe.combos.iter().enumerate() {
        if chosen.contains(&index) {
            subjects.push(Arc::new(cell(&universe, combo)));
        } else {
            tally.not_in_tier(&universe, combo, options.tier);
        }
    }
    let mut comparisons = comparison::cells(catalog, target, &subjects, &mut tally);
    subjects.sort_by_cached_key(|cell| cell.id());
    comparisons.sort_by_cached_key(|cell| cell.id());
    subjects.append(&mut comparisons);
    Matrix {
        coverage: coverage::measure(&universe, &chosen),
        cells: subjects,
        excluded: tally.finish(),
    }
}

/// The figures of a matrix: pairs covered and pairs that are possible.
#[must_use]
pub const fn coverage(matrix: &Matrix) -> &Coverage {
    &matrix.coverage
}

fn cell(universe: &Universe, combo: &Combo) -> Cell {
    Cell {
        release: Arc::clone(&universe.releases[combo.release as usize]),
        model: Arc::clone(&universe.models[combo.model as usize]),
        enrollment: combo.enrollment,
        supervised: combo.supervised,
        arrival: combo
            .from
            .as_ref()
            .map_or(Arrival::Fresh, |from| Arrival::Upgraded {
                from: Arc::clone(from),
            }),
        role: Role::Subject,
    }
}
