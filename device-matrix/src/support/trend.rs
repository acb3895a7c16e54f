//! Whether the number of devices decreases: one-sided Mann-Kendall test, Theil-Sen slope, size of the decline.
//!
//! Mann (1945), Kendall (1975), Sen (1968): a test by ranks, so that one spike does not change the answer. Counts are
//! tested, not shares: a share falls when the fleet grows.

use jiff::civil::Date;

use super::month::Month;
use super::policy::TrendPolicy;
use super::usage::Series;

/// What the figures say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrendVerdict {
    /// Use decreases.
    Decreasing,
    /// Nobody has used it lately.
    Unused,
    /// Use does not decrease.
    NotDecreasing,
    /// Use decreases by too little to mean anything.
    SmallDecline,
    /// Too few observations.
    InsufficientData,
    /// The newest observation is too old.
    StaleData,
}

impl TrendVerdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decreasing => "decreasing",
            Self::Unused => "unused",
            Self::NotDecreasing => "not_decreasing",
            Self::SmallDecline => "small_decline",
            Self::InsufficientData => "insufficient_data",
            Self::StaleData => "stale_data",
        }
    }
}

/// The months that were looked at, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First month.
    pub from: Month,
    /// Last month: the one before the month of the question.
    pub until: Month,
    /// How many there are.
    pub months: u32,
}

/// Result of the test of Mann and Kendall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Rising pairs minus falling pairs.
    pub s: i64,
    /// Variance of `s` without a trend, corrected for ties.
    pub variance: f64,
    /// `s` with continuity correction in standard deviations; 0 without variance.
    pub z: f64,
}

/// A trend with its working. Figures are missing where there are too few observations to have them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Months looked at.
    pub window: Window,
    /// One entry for each month of the window; `None` was not measured.
    pub series: Vec<(Month, Option<u64>)>,
    /// Observations in the window.
    pub n: u32,
    /// The test.
    pub test: Option<MannKendall>,
    /// Theil-Sen slope in devices per month.
    pub slope_per_month: Option<f64>,
    /// Decline over the observed span relative to its fitted beginning; negative for growth.
    pub relative_decline: Option<f64>,
    /// What the figures say.
    pub verdict: TrendVerdict,
}

/// Judges a series as of a day (JST). The month of the day is not complete and left out, as are months after it.
#[must_use]
pub fn trend(series: &Series, as_of: Date, policy: &TrendPolicy) -> Trend {
    let now = Month::of(as_of);
    let window = Window {
        from: now.back(policy.window_months),
        until: now.back(1),
        months: policy.window_months,
    };
    let mut months = Vec::new();
    let mut month = window.from;
    while month < now && months.len() < policy.window_months as usize {
        months.push((month, series.get(&month).copied().flatten()));
        month = month.next();
    }
    let observed: Vec<(i32, u64)> = months
        .iter()
        .filter_map(|(month, devices)| Some((month.since(window.from), (*devices)?)))
        .collect();
    let values: Vec<u64> = observed.iter().map(|(_, devices)| *devices).collect();
    let newest = series
        .iter()
        .rev()
        .find(|(month, devices)| **month < now && devices.is_some())
        .map(|(month, _)| *month);
    let test = (values.len() > 1).then(|| mann_kendall(&values));
    let slope_per_month = theil_sen(&observed);
    let relative_decline = slope_per_month.and_then(|slope| relative_decline(&observed, slope));
    let verdict = verdict(
        &values,
        newest.map(|month| now.since(month)),
        test,
        slope_per_month,
        relative_decline,
        policy,
    );
    Trend {
        window,
        series: months,
        n: u32::try_from(values.len()).unwrap_or(u32::MAX),
        test,
        slope_per_month,
        relative_decline,
        verdict,
    }
}

/// The steps in their order: age, use at all, amount of data, direction, size.
fn verdict(
    values: &[u64],
    age: Option<i32>,
    test: Option<MannKendall>,
    slope: Option<f64>,
    decline: Option<f64>,
    policy: &TrendPolicy,
) -> TrendVerdict {
    let Some(age) = age else {
        return TrendVerdict::InsufficientData;
    };
    if i64::from(age) > i64::from(policy.stale_after_months) {
        return TrendVerdict::StaleData;
    }
    let last = policy.unused_observations as usize;
    if values.len() >= last
        && values[values.len() - last..]
            .iter()
            .all(|devices| *devices == 0)
    {
        return TrendVerdict::Unused;
    }
    if values.len() < policy.min_observations as usize {
        return TrendVerdict::InsufficientData;
    }
    let (Some(test), Some(slope), Some(decline)) = (test, slope, decline) else {
        return TrendVerdict::InsufficientData;
    };
    if test.z > -policy.z || slope >= 0.0 {
        TrendVerdict::NotDecreasing
    } else if decline < policy.min_decline {
        TrendVerdict::SmallDecline
    } else {
        TrendVerdict::Decreasing
    }
}

/// The test of Mann and Kendall over values in their order.
#[must_use]
pub fn mann_kendall(values: &[u64]) -> MannKendall {
    let mut s = 0_i64;
    for (position, first) in values.iter().enumerate() {
        for later in &values[position + 1..] {
            s += match later.cmp(first) {
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Less => -1,
                std::cmp::Ordering::Equal => 0,
            };
        }
    }
    let term = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0)
    };
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|group| term(group.len()))
        .sum();
    let variance = (term(values.len()) - ties) / 18.0;
    let z = if s == 0 || variance <= 0.0 {
        0.0
    } else {
        (s - s.signum()) as f64 / variance.sqrt()
    };
    MannKendall { s, variance, z }
}

/// The median of the slopes of all pairs of `(month, devices)`, in devices per month; needs two different months.
#[must_use]
pub fn theil_sen(points: &[(i32, u64)]) -> Option<f64> {
    let mut slopes = Vec::new();
    for (position, (x1, y1)) in points.iter().enumerate() {
        for (x2, y2) in &points[position + 1..] {
            if x1 != x2 {
                slopes.push((*y2 as f64 - *y1 as f64) / f64::from(x2 - x1));
            }
        }
    }
    median(slopes)
}

/// The decline over the observed span relative to where the fitted line begins, at least one device.
#[must_use]
pub fn relative_decline(points: &[(i32, u64)], slope: f64) -> Option<f64> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let offset = median(
        points
            .iter()
            .map(|(x, y)| *y as f64 - slope * f64::from(*x))
            .collect(),
    )?;
    let begin = (offset + slope * f64::from(first)).max(1.0);
    // Without the zero a flat series would decline by -0.
    Some(-slope * f64::from(last - first) / begin + 0.0)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    Some(if values.len() % 2 == 1 {
        upper
    } else {
        f64::midpoint(values[middle - 1], upper)
    })
}
