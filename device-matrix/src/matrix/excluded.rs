//! What is left out of a matrix, counted by reason.

use std::collections::BTreeMap;

use super::Tier;
use super::combos::{Combo, Universe};
use crate::cell::Role;
use crate::known::Text;

/// Why combinations are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExclusionReason {
    /// The model does not run the release; the text says why.
    ModelDoesNotRunRelease,
    /// It is not known that the model ran the release: its launch date is missing.
    ModelNotKnownToRunRelease,
    /// The target is a generation, and the model runs a newer release of it.
    NotNewestForModel,
    /// The platform never had the enrollment type.
    EnrollmentNotOnPlatform,
    /// The release does not have the enrollment type.
    EnrollmentNotOnRelease,
    /// The model can not be enrolled this way (Shared iPad).
    EnrollmentNotOnModel,
    /// The release before the update does not have the enrollment type.
    EnrollmentNotOnPreviousRelease,
    /// Nobody states whether the enrollment supervises the device at this release.
    SupervisionUnknown,
    /// There is no release before it that the model runs.
    NoPreviousRelease,
    /// No older model of the family can stand for the model on the comparison release.
    NoComparisonModel,
    /// The tier does not need it.
    NotInTier,
    /// The filter of the command line leaves it out.
    FilteredOut,
}

impl ExclusionReason {
    /// Every value with its stable word in JSON.
    pub const WORDS: [(Self, &'static str); 12] = [
        (Self::ModelDoesNotRunRelease, "model_does_not_run_release"),
        (
            Self::ModelNotKnownToRunRelease,
            "model_not_known_to_run_release",
        ),
        (Self::NotNewestForModel, "not_newest_for_model"),
        (Self::EnrollmentNotOnPlatform, "enrollment_not_on_platform"),
        (Self::EnrollmentNotOnRelease, "enrollment_not_on_release"),
        (Self::EnrollmentNotOnModel, "enrollment_not_on_model"),
        (
            Self::EnrollmentNotOnPreviousRelease,
            "enrollment_not_on_previous_release",
        ),
        (Self::SupervisionUnknown, "supervision_unknown"),
        (Self::NoPreviousRelease, "no_previous_release"),
        (Self::NoComparisonModel, "no_comparison_model"),
        (Self::NotInTier, "not_in_tier"),
        (Self::FilteredOut, "filtered_out"),
    ];

    /// The stable word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }

    /// For people, when there is nothing more special to say.
    #[must_use]
    pub fn text(self) -> Text {
        let (ja, en) = match self {
            Self::ModelDoesNotRunRelease => (
                "この機種では動作しないリリース",
                "the model does not run the release",
            ),
            Self::ModelNotKnownToRunRelease => (
                "機種の発売日が不明で、このリリースで動作したことを示す出典がない",
                "the model's launch date is not known, and no source shows it on the release",
            ),
            Self::NotNewestForModel => (
                "この機種では、同じ世代のより新しいリリースで検証する",
                "on this model a newer release of the generation is verified",
            ),
            Self::EnrollmentNotOnPlatform => (
                "このプラットフォームにはない登録方式",
                "the platform does not have the enrollment type",
            ),
            Self::EnrollmentNotOnRelease => (
                "このリリースにはない登録方式",
                "the release does not have the enrollment type",
            ),
            Self::EnrollmentNotOnModel => (
                "この機種では使えない登録方式",
                "the model can not be enrolled this way",
            ),
            Self::EnrollmentNotOnPreviousRelease => (
                "更新前のリリースにはない登録方式",
                "the release before the update does not have the enrollment type",
            ),
            Self::SupervisionUnknown => (
                "このリリースで監視対象になるかどうかが不明な登録方式",
                "it is not stated whether the enrollment supervises the device at this release",
            ),
            Self::NoPreviousRelease => (
                "この機種で動作する、より前のリリースがない",
                "there is no earlier release that the model runs",
            ),
            Self::NoComparisonModel => (
                "比較対象のリリースで動作する、同系列の旧機種がない",
                "no older model of the family runs the comparison release",
            ),
            Self::NotInTier => (
                "選択した検証水準では不要",
                "the chosen tier does not need it",
            ),
            Self::FilteredOut => ("絞り込みの対象外", "left out by the filter"),
        };
        Text {
            ja: ja.to_owned(),
            en: en.to_owned(),
        }
    }
}

/// Combinations that are left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded {
    /// What is left out: parts of a cell id, `*` for all: `ios18.0/iPhone17,5`, `ios18.0/*/shared-ipad`.
    pub what: String,
    /// Why.
    pub reason: ExclusionReason,
    /// For people.
    pub text: Text,
    /// How many combinations; each one is counted in exactly one row of its role.
    pub combinations: u64,
    /// Whether a subject or a comparison is meant.
    pub role: Role,
}

/// Collects what is left out.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: BTreeMap<(String, ExclusionReason), Excluded>,
    not_in_tier: BTreeMap<(u32, crate::enrollment::EnrollmentType, bool), u64>,
    tier_names: BTreeMap<u32, String>,
    tier: Tier,
}

impl Tally {
    /// Counts `combinations` under `what` and `reason`; `text` replaces the reason's own text.
    pub(super) fn add(
        &mut self,
        what: String,
        reason: ExclusionReason,
        text: Option<Text>,
        combinations: u64,
    ) {
        self.count(what, reason, text, combinations, Role::Subject);
    }

    /// Counts one comparison that can not be made.
    pub(super) fn comparison(&mut self, what: String, reason: ExclusionReason) {
        self.count(what, reason, None, 1, Role::Comparison);
    }

    fn count(
        &mut self,
        what: String,
        reason: ExclusionReason,
        text: Option<Text>,
        combinations: u64,
        role: Role,
    ) {
        if combinations == 0 {
            return;
        }
        self.rows
            .entry((what.clone(), reason))
            .or_insert_with(|| Excluded {
                what,
                reason,
                text: text.unwrap_or_else(|| reason.text()),
                combinations: 0,
                role,
            })
            .combinations += combinations;
    }

    /// Counts a valid combination that the tier does not need.
    pub(super) fn not_in_tier(&mut self, universe: &Universe, combo: &Combo, tier: Tier) {
        self.tier = tier;
        let key = (combo.release, combo.enrollment, combo.from.is_some());
        *self.not_in_tier.entry(key).or_default() += 1;
        self.tier_names
            .entry(combo.release)
            .or_insert_with(|| universe.releases[combo.release as usize].id());
    }

    /// The rows, sorted by what is left out and the reason.
    pub(super) fn finish(mut self) -> Vec<Excluded> {
        for ((release, enrollment, upgraded), combinations) in std::mem::take(&mut self.not_in_tier)
        {
            let name = self.tier_names.get(&release).map_or("", String::as_str);
            let arrival = if upgraded { "upgraded" } else { "fresh" };
            let what = format!("{name}/*/{enrollment}/{arrival}");
            let mut text = ExclusionReason::NotInTier.text();
            text.en = format!("the tier `{}` does not need it", self.tier.as_str());
            self.add(what, ExclusionReason::NotInTier, Some(text), combinations);
        }
        self.rows.into_values().collect()
    }
}
