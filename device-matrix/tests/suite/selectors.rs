//! Selectors on the committed facts: what each one means on a day, or why it means nothing.

use std::fmt::Write as _;

use device_matrix::selector::{Problem, Selector, TargetKind};
use device_matrix::version::Stage;
use proptest::prelude::*;

use crate::common::{catalog, date, resolve};

/// Selector, day, subjects, comparison releases.
const TABLE: [(&str, &str, &[&str], &[&str]); 34] = [
    (
        "ios18",
        "2026-11-23",
        &["ios18.0", "ios18.7.10"],
        &["ios17.7.2"],
    ),
    (
        "iOS 18",
        "2026-11-23",
        &["ios18.0", "ios18.7.10"],
        &["ios17.7.2"],
    ),
    (
        "IOS18",
        "2026-11-23",
        &["ios18.0", "ios18.7.10"],
        &["ios17.7.2"],
    ),
    ("ios18", "2024-09-17", &["ios18.0"], &["ios17.7"]),
    (
        "ios18",
        "2024-12-12",
        &["ios18.0", "ios18.2"],
        &["ios17.7.2"],
    ),
    ("ios18.0", "2026-11-23", &["ios18.0"], &["ios17.7.2"]),
    ("ios18.1", "2026-11-23", &["ios18.1"], &["ios18.0.1"]),
    ("ios18.7.10", "2026-11-23", &["ios18.7.10"], &["ios18.7.9"]),
    (
        "ios26",
        "2026-11-23",
        &["ios26.0", "ios26.7.1"],
        &["ios18.7.10"],
    ),
    ("ios26.0", "2025-09-16", &["ios26.0"], &["ios18.7"]),
    // Nothing is released yet: the newest beta.
    ("ios27", "2026-08-20", &["ios27.0-beta6"], &["ios26.6.1"]),
    ("ios27", "2026-09-14", &["ios27.0-rc"], &["ios26.6.1"]),
    ("ios27", "2026-09-15", &["ios27.0"], &["ios26.7"]),
    (
        "ios27.2-beta",
        "2026-11-23",
        &["ios27.2-beta3"],
        &["ios27.0.1"],
    ),
    (
        "ios27.2-beta",
        "2026-09-20",
        &["ios27.2-beta1"],
        &["ios27.0"],
    ),
    (
        "ios27.2 beta 3",
        "2026-11-23",
        &["ios27.2-beta3"],
        &["ios27.0.1"],
    ),
    (
        "ios27.2-beta3",
        "2026-11-23",
        &["ios27.2-beta3"],
        &["ios27.0.1"],
    ),
    ("ios27-rc", "2026-11-23", &["ios27.0-rc"], &["ios26.7.1"]),
    (
        "ios27.0-beta",
        "2026-07-01",
        &["ios27.0-beta2"],
        &["ios26.5.2"],
    ),
    (
        "ios27-beta",
        "2026-11-23",
        &["ios27.2-beta3"],
        &["ios27.0.1"],
    ),
    (
        "ipados26",
        "2026-11-23",
        &["ipados26.0", "ipados26.6.1"],
        &["ipados18.7.10"],
    ),
    // The last updates are for models that can not run 18.
    (
        "ipados17",
        "2026-11-23",
        &["ipados17.0", "ipados17.7.2", "ipados17.7.11"],
        &["ipados16.7.16"],
    ),
    // 16.0 only came preinstalled, 13.0 was never published.
    (
        "ipados16",
        "2023-01-01",
        &["ipados16.1", "ipados16.2"],
        &["ipados15.7.2"],
    ),
    ("ipados13", "2026-11-23", &["ipados13.1", "ipados13.7"], &[]),
    (
        "macos15",
        "2026-11-23",
        &["macos15.0", "macos15.7.9"],
        &["macos14.8.9"],
    ),
    (
        "macos10.15",
        "2026-11-23",
        &["macos10.15", "macos10.15.8"],
        &["macos10.14.6"],
    ),
    (
        "macos10.14.6",
        "2026-11-23",
        &["macos10.14.6"],
        &["macos10.14.5"],
    ),
    ("tvos27", "2026-11-23", &["tvos27.0"], &["tvos26.6"]),
    (
        "22B83",
        "2026-11-23",
        &["ios18.1", "ipados18.1"],
        &["ios18.0.1", "ipados18.0.1"],
    ),
    (
        "22b83",
        "2026-11-23",
        &["ios18.1", "ipados18.1"],
        &["ios18.0.1", "ipados18.0.1"],
    ),
    (
        "ipados:22B83",
        "2026-11-23",
        &["ipados18.1"],
        &["ipados18.0.1"],
    ),
    // The release's candidate carried the same build.
    (
        "22B82",
        "2024-10-23",
        &["ios18.1-rc", "ipados18.1-rc"],
        &["ios18.0.1", "ipados18.0.1"],
    ),
    ("iPhone17,2", "2026-11-23", &["ios27.0.1"], &["ios27.0"]),
    ("iphone17,2", "2024-09-21", &["ios18.0"], &["ios17.7"]),
];

#[test]
fn a_selector_means_releases_on_a_day() {
    let catalog = catalog();
    for (selector, as_of, subjects, previous) in TABLE {
        let target = resolve(catalog, selector, as_of).unwrap_or_else(|error| panic!("{error}"));
        let found: Vec<String> = target.releases.iter().map(|release| release.id()).collect();
        assert_eq!(found, subjects, "{selector} on {as_of}");
        let found: Vec<String> = target
            .previous
            .values()
            .map(|release| release.id())
            .collect();
        assert_eq!(found, previous, "previous of {selector} on {as_of}");
        for platform in target.platforms() {
            let boundary = target
                .previous
                .get(&platform)
                .map(|release| release.version.number);
            assert_eq!(target.news_after(platform), boundary);
        }
    }
}

#[test]
fn a_selector_that_means_nothing_says_what_would() {
    let catalog = catalog();
    let mut messages = String::new();
    for (selector, as_of) in [
        ("ios19", "2026-11-23"),
        ("macos10", "2026-11-23"),
        ("macos16", "2026-11-23"),
        ("ios11", "2026-11-23"),
        ("ios28", "2026-11-23"),
        ("iso18", "2026-11-23"),
        ("ipadso26", "2026-11-23"),
        ("ios18.9", "2026-11-23"),
        ("ios27.1", "2026-11-23"),
        ("ios27.2", "2026-11-23"),
        ("ios27.2-beta2", "2026-11-23"),
        ("ios27.2-rc", "2026-11-23"),
        ("ios27.2-gamma", "2026-11-23"),
        ("ios27.0", "2026-09-14"),
        ("ios26", "2025-01-01"),
        ("ios18.1-beta3", "2024-08-01"),
        ("ios27.2-beta", "2026-09-01"),
        ("22B84", "2026-11-23"),
        ("tvos:22B83", "2026-11-23"),
        ("22B83", "2024-01-01"),
        ("ipados13.0", "2026-11-23"),
        ("visionos1.0-beta7", "2026-11-23"),
        ("android17", "2026-11-23"),
        ("iPhone99,1", "2026-11-23"),
        ("iPhone17,2", "2024-09-01"),
        ("ios", "2026-11-23"),
        ("18", "2026-11-23"),
        ("", "2026-11-23"),
        ("ios:18", "2024-01-01"),
    ] {
        let error = resolve(catalog, selector, as_of).expect_err(selector);
        let _ = writeln!(messages, "{as_of}  {error}");
    }
    insta::assert_snapshot!(messages);
}

#[test]
fn the_nearest_names_exist() {
    let catalog = catalog();
    for wrong in [
        "ios19",
        "iso18",
        "ios18.9",
        "ios27.1",
        "22B84",
        "iPhone99,1",
        "macos10",
        "tvos:22B83",
    ] {
        let error = resolve(catalog, wrong, "2026-11-23").expect_err(wrong);
        assert!(!error.nearest.is_empty(), "{wrong}");
        for near in error.nearest {
            resolve(catalog, &near, "2026-11-23").unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn a_new_device_is_a_target_of_its_own() {
    let target = Selector::model("iPhone19,2")
        .resolve(catalog(), date("2026-09-20"))
        .expect("it was launched on 2026-09-18");
    assert_eq!(target.kind, TargetKind::Model);
    assert_eq!(target.releases[0].id(), "ios27.0");
    assert_eq!(
        target.model.map(|model| model.name.clone()).as_deref(),
        Some("iPhone 18 Pro")
    );
}

#[test]
fn every_selectable_release_is_selected_by_its_own_id() {
    let catalog = catalog();
    let as_of = date("2026-11-23");
    for platform in catalog.platforms() {
        for release in catalog.selectable(platform, as_of) {
            // Without a number `-rc` means the newest candidate.
            let id = match release.version.stage {
                Stage::Rc(1) => format!("{}1", release.id()),
                _ => release.id(),
            };
            let Ok(target) = id
                .parse::<Selector>()
                .and_then(|selector| selector.resolve(catalog, as_of))
            else {
                panic!("{id} can not be selected");
            };
            assert!(target.releases.contains(release), "{id}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = text.parse::<Selector>();
    }

    #[test]
    fn any_selector_like_text_is_resolved_or_refused(
        platform in "(ios|ipados|macos|tvos|windows|x)",
        rest in "[0-9.]{0,12}(-?(beta|rc)[0-9]{0,6})?",
    ) {
        let catalog = catalog();
        let text = format!("{platform}{rest}");
        if let Err(error) = resolve(catalog, &text, "2026-11-23") {
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(!matches!(error.problem, Problem::Model(_)));
        }
    }
}
