//! Which pairs of levels a set of combinations covers.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::combos::{Combo, Universe};
use crate::enrollment::EnrollmentType;

/// Two factors whose levels meet in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PairKind {
    /// Each model on its own.
    Model,
    /// Hardware class and release.
    ClassRelease,
    /// Hardware class and enrollment type.
    ClassEnrollment,
    /// Hardware class and arrival.
    ClassArrival,
    /// Release and enrollment type.
    ReleaseEnrollment,
    /// Release and arrival.
    ReleaseArrival,
    /// Enrollment type and arrival, per platform.
    EnrollmentArrival,
}

impl PairKind {
    /// Every value with its word in JSON.
    pub const WORDS: [(Self, &'static str); 7] = [
        (Self::Model, "model"),
        (Self::ClassRelease, "class_release"),
        (Self::ClassEnrollment, "class_enrollment"),
        (Self::ClassArrival, "class_arrival"),
        (Self::ReleaseEnrollment, "release_enrollment"),
        (Self::ReleaseArrival, "release_arrival"),
        (Self::EnrollmentArrival, "enrollment_arrival"),
    ];
}

/// How far the subject cells cover what is possible.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Per kind: covered and possible pairs.
    pub pairs: BTreeMap<PairKind, (u64, u64)>,
    /// Subject cells and valid combinations.
    pub combinations: (u64, u64),
}

impl Coverage {
    /// Covered and possible pairs of all kinds.
    #[must_use]
    pub fn total(&self) -> (u64, u64) {
        self.pairs
            .values()
            .fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1))
    }
}

/// One pair of levels (or one model) that is to occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Goal {
    Model(u32),
    ClassRelease(u32, u32),
    ClassEnrollment(u32, EnrollmentType),
    ClassArrival(u32, bool),
    ReleaseEnrollment(u32, EnrollmentType),
    ReleaseArrival(u32, bool),
    EnrollmentArrival(EnrollmentType, bool),
}

impl Goal {
    const fn kind(&self) -> PairKind {
        match self {
            Self::Model(_) => PairKind::Model,
            Self::ClassRelease(..) => PairKind::ClassRelease,
            Self::ClassEnrollment(..) => PairKind::ClassEnrollment,
            Self::ClassArrival(..) => PairKind::ClassArrival,
            Self::ReleaseEnrollment(..) => PairKind::ReleaseEnrollment,
            Self::ReleaseArrival(..) => PairKind::ReleaseArrival,
            Self::EnrollmentArrival(..) => PairKind::EnrollmentArrival,
        }
    }
}

/// What one combination covers.
pub(super) fn goals(combo: &Combo) -> [Goal; 7] {
    let upgraded = combo.from.is_some();
    [
        Goal::Model(combo.model),
        Goal::ClassRelease(combo.class, combo.release),
        Goal::ClassEnrollment(combo.class, combo.enrollment),
        Goal::ClassArrival(combo.class, upgraded),
        Goal::ReleaseEnrollment(combo.release, combo.enrollment),
        Goal::ReleaseArrival(combo.release, upgraded),
        Goal::EnrollmentArrival(combo.enrollment, upgraded),
    ]
}

/// Counts what the chosen combinations cover of what all of them could.
pub(super) fn measure(universe: &Universe, chosen: &BTreeSet<usize>) -> Coverage {
    let possible: HashSet<Goal> = universe.combos.iter().flat_map(goals).collect();
    let covered: HashSet<Goal> = chosen
        .iter()
        .filter_map(|index| universe.combos.get(*index))
        .flat_map(goals)
        .collect();
    let mut pairs: BTreeMap<PairKind, (u64, u64)> = BTreeMap::new();
    for goal in &possible {
        let figures = pairs.entry(goal.kind()).or_default();
        figures.0 += u64::from(covered.contains(goal));
        figures.1 += 1;
    }
    Coverage {
        pairs,
        combinations: (chosen.len() as u64, universe.combos.len() as u64),
    }
}
