//! How sure n of m attempts make.

/// Quantile of the normal distribution for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// The Wilson score interval, at 95 %, of the share of `hits` in `trials`; the whole range when nothing was tried.
///
/// Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
#[must_use]
pub fn interval(hits: u32, trials: u32) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (
        f64::from(trials),
        f64::from(hits.min(trials)) / f64::from(trials),
    );
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    (
        ((middle - spread) / whole).clamp(0.0, 1.0),
        ((middle + spread) / whole).clamp(0.0, 1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // 81 of 263 is the example of R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872; the other rows are
        // the formula by hand.
        let rows = [
            (0, 10, 0.0, 0.2775),
            (1, 10, 0.0179, 0.4042),
            (5, 10, 0.2366, 0.7634),
            (10, 10, 0.7225, 1.0),
            (3, 3, 0.4385, 1.0),
            (1, 3, 0.0615, 0.7923),
            (81, 263, 0.2553, 0.3662),
        ];
        for (hits, trials, low, high) in rows {
            let found = interval(hits, trials);
            assert!((found.0 - low).abs() < 1e-4, "{hits}/{trials}: {found:?}");
            assert!((found.1 - high).abs() < 1e-4, "{hits}/{trials}: {found:?}");
        }
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }

    #[test]
    fn more_trials_make_it_narrower_and_it_holds_the_share() {
        for trials in 1..60 {
            for hits in 0..=trials {
                let (low, high) = interval(hits, trials);
                let share = f64::from(hits) / f64::from(trials);
                assert!(low <= share + 1e-9 && share <= high + 1e-9);
                let (more_low, more_high) = interval(hits * 2, trials * 2);
                assert!(more_high - more_low < high - low);
            }
        }
    }
}
