//! The answer for each candidate: keep, eligible, beta.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::floor::newer_remaining;
use super::generation::{GenerationKey, Generations};
use super::policy::SupportPolicy;
use super::stuck::{StuckModel, stuck_models};
use super::trend::{Trend, TrendVerdict, trend};
use super::usage::{Series, Usage};
use crate::catalog::Catalog;
use crate::known::Known;
use crate::platform::Platform;

/// What may be done with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It has to stay.
    Keep,
    /// It may be dropped; a person decides.
    Eligible,
    /// It is not out; it has no support status.
    Beta,
}

impl Decision {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Eligible => "eligible",
            Self::Beta => "beta",
        }
    }
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Too few newer generations would stay supported.
    GenerationFloor,
    /// Nobody has stated what is supported.
    SupportedUnknown,
    /// It is not supported in the first place.
    NotInSupportedSet,
    /// It is not out for everybody in Japan.
    CandidateNotGa,
    /// The floor holds; the figures of use decide.
    Trend(TrendVerdict),
}

impl Reason {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenerationFloor => "generation_floor",
            Self::SupportedUnknown => "supported_set_unknown",
            Self::NotInSupportedSet => "not_in_supported_set",
            Self::CandidateNotGa => "candidate_not_ga",
            Self::Trend(verdict) => verdict.as_str(),
        }
    }
}

/// What is asked about one platform.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Models.
    pub catalog: &'a Catalog,
    /// Generations.
    pub generations: &'a Generations,
    /// Numbers.
    pub policy: &'a SupportPolicy,
    /// The platform.
    pub platform: Platform,
    /// The day (JST).
    pub as_of: Date,
    /// What is supported: adopted by the vendor. Members that are not out do not count.
    pub supported: &'a Known<BTreeSet<GenerationKey>>,
    /// Versions already leaving; they do not count.
    pub leaving: &'a BTreeSet<GenerationKey>,
    /// Devices per month; missing when nobody gave figures.
    pub usage: Option<&'a Usage>,
}

/// The answer for one candidate, with its working.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The candidate.
    pub candidate: GenerationKey,
    /// The answer.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// Newer generations that are supported and stay, oldest first; unknown when the supported ones are.
    pub newer_supported: Known<Vec<GenerationKey>>,
    /// The trend of its use; without figures one of no observations.
    pub trend: Trend,
    /// Models that can not go further.
    pub stuck_models: Known<Vec<StuckModel>>,
}

/// Judges candidates that would be dropped in one step: none of them counts as remaining for another.
#[must_use]
pub fn judge(question: &Question<'_>, candidates: &[GenerationKey]) -> Vec<Judged> {
    candidates
        .iter()
        .map(|candidate| one(question, candidate, candidates))
        .collect()
}

fn one(question: &Question<'_>, candidate: &GenerationKey, together: &[GenerationKey]) -> Judged {
    let Question {
        generations,
        platform,
        as_of,
        ..
    } = *question;
    let out = |key: &GenerationKey| generations.is_out(platform, key, as_of);
    let newer = question.supported.as_known().map(|supported| {
        let remaining = supported
            .iter()
            .filter(|key| out(key) && !question.leaving.contains(key) && !together.contains(key))
            .cloned()
            .collect();
        newer_remaining(generations.of(platform), candidate, &remaining)
    });
    let nothing = Series::new();
    let series = question
        .usage
        .and_then(|usage| usage.series(platform, candidate))
        .unwrap_or(&nothing);
    let trend = trend(series, as_of, &question.policy.trend);
    let (decision, reason) = match (question.supported, &newer) {
        _ if !out(candidate) => (Decision::Beta, Reason::CandidateNotGa),
        (Known::Known(supported), _) if !supported.contains(candidate) => {
            (Decision::Keep, Reason::NotInSupportedSet)
        }
        (Known::Known(_), Some(newer)) if newer.len() < question.policy.floor as usize => {
            (Decision::Keep, Reason::GenerationFloor)
        }
        (Known::Known(_), Some(_)) => by_trend(trend.verdict),
        _ => (Decision::Keep, Reason::SupportedUnknown),
    };
    Judged {
        candidate: candidate.clone(),
        decision,
        reason,
        newer_supported: newer.into(),
        trend,
        stuck_models: stuck_models(question.catalog, generations, platform, candidate, as_of),
    }
}

const fn by_trend(verdict: TrendVerdict) -> (Decision, Reason) {
    let decision = match verdict {
        TrendVerdict::Decreasing | TrendVerdict::Unused => Decision::Eligible,
        _ => Decision::Keep,
    };
    (decision, Reason::Trend(verdict))
}
