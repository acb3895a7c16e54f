//! The trend of use: thresholds without ties, figures computed elsewhere with ties, and months that stand out.

use device_matrix::support::{
    Month, Series, SupportData, Trend, TrendPolicy, TrendVerdict, mann_kendall, relative_decline,
    theil_sen, trend,
};
use proptest::prelude::*;

use crate::common::{catalog, date, sources};

const AS_OF: &str = "2026-11-23";

fn policy() -> TrendPolicy {
    SupportData::load(&sources(), catalog())
        .expect("the committed data are right")
        .policy
        .trend
}

/// Observations of the months before November 2026, the newest last; `None` was not measured.
fn series(values: &[Option<u64>]) -> Series {
    let now = Month::of(date(AS_OF));
    let count = u32::try_from(values.len()).expect("few");
    (0..count)
        .zip(values)
        .map(|(position, devices)| (now.back(count - position), *devices))
        .collect()
}

fn judged(values: &[Option<u64>]) -> Trend {
    trend(&series(values), date(AS_OF), &policy())
}

fn all(values: &[u64]) -> Vec<Option<u64>> {
    values.iter().copied().map(Some).collect()
}

/// Different values, far apart, whose rising pairs minus falling pairs are `s`.
fn with_s(n: u64, s: i64) -> Vec<u64> {
    let mut values: Vec<u64> = (0..n).map(|position| (n - position) * 100).collect();
    loop {
        if mann_kendall(&values).s == s {
            return values;
        }
        // Each swap of falling neighbors turns one pair.
        let at = values
            .windows(2)
            .position(|pair| pair[0] > pair[1])
            .expect("there is a falling pair as long as s is too low");
        values.swap(at, at + 1);
    }
}

#[test]
fn the_policy_of_the_tree() {
    let policy = policy();
    assert_eq!(
        (
            policy.window_months,
            policy.stale_after_months,
            policy.min_observations,
            policy.unused_observations
        ),
        (12, 2, 6, 3)
    );
    assert!((policy.z - 1.6449).abs() < 1e-9);
    assert!((policy.min_decline - 0.05).abs() < 1e-9);
}

#[test]
fn thresholds_without_ties() {
    for (n, last_no, first_yes) in [(6, -9, -11), (8, -14, -16), (12, -24, -26)] {
        let no = judged(&all(&with_s(n, last_no)));
        assert_eq!(no.verdict, TrendVerdict::NotDecreasing, "n={n} {no:?}");
        let yes = judged(&all(&with_s(n, first_yes)));
        assert_eq!(yes.verdict, TrendVerdict::Decreasing, "n={n} {yes:?}");
        assert_eq!(u64::from(yes.n), n);
    }
}

/// Computed with pymannkendall 1.4.3 (`original_test`: `s`, `var_s`, `z`, `slope`).
#[test]
fn figures_with_ties_are_those_of_another_program() {
    let table: [(&[u64], i64, f64, f64, f64); 3] = [
        (
            &[10, 9, 9, 8, 7, 7, 6, 5, 5, 4, 3, 3],
            -62,
            208.666_666_666_666_66,
            -4.222_827_059_045_519,
            -0.666_666_666_666_666_6,
        ),
        (
            &[120, 118, 119, 117, 117, 115],
            -12,
            27.333_333_333_333_332,
            -2.104_003_153_109_016,
            -1.0,
        ),
        (
            &[500, 480, 470, 470, 450, 440, 440, 430],
            -26,
            63.333_333_333_333_336,
            -3.141_404_312_187_716,
            -10.0,
        ),
    ];
    for (values, s, variance, z, slope) in table {
        let found = mann_kendall(values);
        assert_eq!(found.s, s);
        assert!((found.variance - variance).abs() < 1e-9, "{found:?}");
        assert!((found.z - z).abs() < 1e-9, "{found:?}");
        let points: Vec<(i32, u64)> = (0..).zip(values.iter().copied()).collect();
        let found = theil_sen(&points).expect("several months");
        assert!((found - slope).abs() < 1e-9, "{found}");
    }
    let flat = mann_kendall(&[7; 12]);
    assert_eq!(
        (flat.s, flat.variance.to_bits(), flat.z.to_bits()),
        (0, 0, 0)
    );
}

#[test]
fn slopes_use_the_real_distance_of_months() {
    // Ten devices fewer a month, with a hole of three months.
    let points = [(0, 100), (1, 90), (5, 50), (6, 40)];
    assert_eq!(theil_sen(&points), Some(-10.0));
    assert_eq!(relative_decline(&points, -10.0), Some(0.6));
    assert_eq!(theil_sen(&[(3, 5)]), None);
}

#[test]
fn verdicts() {
    let none = None;
    let falling: Vec<u64> = (0..12).map(|month| 1000 - 40 * month).collect();
    let mut spike = falling.clone();
    spike[6] = 5000;
    let mut gaps = all(&falling);
    gaps[3] = none;
    gaps[7] = none;
    let rising: Vec<u64> = falling.iter().rev().copied().collect();
    let mut first_only = vec![500; 12];
    first_only[0] = 1000;
    let mut last_only = vec![500; 12];
    last_only[11] = 100;
    let mut one_spike = vec![500; 12];
    one_spike[5] = 9000;
    let small: Vec<u64> = (0..12).map(|month| 10_000 - 5 * month).collect();
    let mut stale = all(&falling);
    stale.extend([none, none]);
    let mut old = stale.clone();
    old.push(none);
    let table: [(&str, Vec<Option<u64>>, TrendVerdict); 16] = [
        ("falling", all(&falling), TrendVerdict::Decreasing),
        (
            "one spike on the way down",
            all(&spike),
            TrendVerdict::Decreasing,
        ),
        ("months not measured", gaps, TrendVerdict::Decreasing),
        ("rising", all(&rising), TrendVerdict::NotDecreasing),
        ("flat", all(&[500; 12]), TrendVerdict::NotDecreasing),
        (
            "only the first month is higher",
            all(&first_only),
            TrendVerdict::NotDecreasing,
        ),
        (
            "only the last month is lower",
            all(&last_only),
            TrendVerdict::NotDecreasing,
        ),
        ("one spike", all(&one_spike), TrendVerdict::NotDecreasing),
        ("half a percent", all(&small), TrendVerdict::SmallDecline),
        (
            "five months",
            all(&falling[..5]),
            TrendVerdict::InsufficientData,
        ),
        (
            "nothing measured",
            vec![none; 12],
            TrendVerdict::InsufficientData,
        ),
        ("nothing at all", Vec::new(), TrendVerdict::InsufficientData),
        ("three zeros", all(&[0, 0, 0]), TrendVerdict::Unused),
        (
            "three zeros with a hole",
            vec![Some(9), Some(0), none, Some(0), Some(0)],
            TrendVerdict::Unused,
        ),
        ("two zeros", all(&[5, 0, 0]), TrendVerdict::InsufficientData),
        // Newest of August, that is three months before the month of the question.
        (
            "two months old counts, three do not",
            stale,
            TrendVerdict::StaleData,
        ),
    ];
    for (name, values, expected) in table {
        assert_eq!(judged(&values).verdict, expected, "{name}");
    }
    assert_eq!(judged(&old).verdict, TrendVerdict::StaleData);
    let mut fresh = all(&falling);
    fresh.push(none);
    assert_eq!(
        judged(&fresh).verdict,
        TrendVerdict::Decreasing,
        "September is fresh enough"
    );
}

#[test]
fn the_month_of_the_question_and_later_ones_are_left_out() {
    let falling: Vec<u64> = (0..12).map(|month| 1000 - 40 * month).collect();
    let mut with_now = series(&all(&falling));
    let before = trend(&with_now, date(AS_OF), &policy());
    let now = Month::of(date(AS_OF));
    with_now.insert(now, Some(1_000_000));
    with_now.insert(now.next(), Some(2_000_000));
    with_now.insert(now.back(13), Some(1));
    assert_eq!(trend(&with_now, date(AS_OF), &policy()), before);
    assert_eq!(before.window.from.to_string(), "2025-11");
    assert_eq!(before.window.until.to_string(), "2026-10");
    // From December on the new month is complete.
    let later = trend(&with_now, date("2026-12-01"), &policy());
    assert_eq!(
        later.verdict,
        TrendVerdict::Decreasing,
        "one spike changes nothing"
    );
    assert_eq!(later.series.last(), Some(&(now, Some(1_000_000))));
}

#[test]
fn months_at_the_ends_of_the_calendar_are_no_panic() {
    for day in ["9999-12-31", "-009999-01-01", "2024-02-29"] {
        let found = trend(&series(&all(&[3, 2, 1])), date(day), &policy());
        assert!(!matches!(found.verdict, TrendVerdict::Decreasing), "{day}");
    }
    for text in [
        "2026-13",
        "2026-1",
        "26-10",
        "2026/10",
        "2026-10-01",
        "",
        "２０２６-10",
    ] {
        assert!(text.parse::<Month>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_series_has_a_verdict_that_its_mirror_contradicts(
        values in prop::collection::vec(prop::option::of(0_u64..1_000_000_000_000), 0..30)
    ) {
        let found = judged(&values);
        prop_assert!(found.relative_decline.is_none_or(f64::is_finite));
        let numbers: Vec<u64> = values.iter().copied().flatten().collect();
        let mirrored: Vec<u64> = numbers.iter().rev().copied().collect();
        prop_assert_eq!(mann_kendall(&numbers).s, -mann_kendall(&mirrored).s);
    }

    #[test]
    fn adding_the_same_to_every_month_changes_no_rank(
        values in prop::collection::vec(0_u64..1000, 2..20), more in 0_u64..1000
    ) {
        let moved: Vec<u64> = values.iter().map(|value| value + more).collect();
        prop_assert_eq!(mann_kendall(&values), mann_kendall(&moved));
    }
}
