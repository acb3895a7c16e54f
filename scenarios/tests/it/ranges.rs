//! Ranges are half-open, and nothing that is no range panics.

use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;
use proptest::prelude::*;
use scenarios::load::parse_range;

proptest! {
    #[test]
    fn a_range_contains_its_beginning_and_not_its_end(
        from in (1_u32..40, 0_u32..20),
        step in (1_u32..9, 0_u32..20),
        probe in (0_u32..60, 0_u32..20),
    ) {
        let until = (from.0 + step.0, step.1);
        let text = format!("tvOS {}.{}..{}.{}", from.0, from.1, until.0, until.1);
        let range = parse_range(&text).expect("a range");
        let number = |(major, minor): (u32, u32)| VersionNumber::new(&[major, minor]);
        prop_assert!(range.contains(Platform::Tvos, &number(from)));
        prop_assert!(!range.contains(Platform::Tvos, &number(until)));
        prop_assert!(!range.contains(Platform::Ios, &number(from)));
        prop_assert_eq!(range.contains(Platform::Tvos, &number(probe)), from <= probe && probe < until);
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        let _ = parse_range(&text);
    }
}
