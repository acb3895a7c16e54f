//! The numbers of the rule, as data.

/// What a generation of Windows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowsGeneration {
    /// A feature update such as 11 24H2.
    FeatureUpdate,
    /// The product's number: 10 or 11.
    Major,
}

impl WindowsGeneration {
    /// Every value with its word in data.
    pub const WORDS: [(Self, &'static str); 2] = [
        (Self::FeatureUpdate, "feature_update"),
        (Self::Major, "major"),
    ];

    /// The word in data and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// When use counts as decreasing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendPolicy {
    /// Complete months before the month of the question that are looked at.
    pub window_months: u32,
    /// How many months before the month of the question the newest observation may be.
    pub stale_after_months: u32,
    /// With fewer observations nothing is said.
    pub min_observations: u32,
    /// The newest observations that have to be zero for "unused".
    pub unused_observations: u32,
    /// One-sided critical value of the standard normal distribution, positive.
    pub z: f64,
    /// Least relative decline over the observed span, 0 to 1.
    pub min_decline: f64,
}

/// Everything in `data/policy/support.toml`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupportPolicy {
    /// Supported generations newer than a version that have to remain.
    pub floor: u32,
    /// When use counts as decreasing.
    pub trend: TrendPolicy,
    /// What a generation of Windows is.
    pub windows: WindowsGeneration,
}
