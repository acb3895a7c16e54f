//! The committed data loads, lints clean, and says what it is known to say.

use crate::common::{cell, suite};
use device_matrix::enrollment::EnrollmentType::{self, Ade, Profile, SharedIpad, UserProfile};
use device_matrix::known::Ternary;
use device_matrix::platform::Platform::{self, Ios, Ipados, Macos, Tvos};
use scenarios::feature::{Column, FeatureId};
use scenarios::scenario::Specified::{self, Lost, NotSupported, Works};

#[test]
fn the_committed_data_is_clean_and_covers_every_feature() {
    let suite = suite();
    assert!(suite.scenarios.len() >= 80, "{}", suite.scenarios.len());
    assert_eq!(suite.features.len(), 147, "117 features and 30 candidates");
    assert_eq!(
        suite
            .features
            .iter()
            .filter(|feature| feature.candidate)
            .count(),
        30
    );
}

/// What each release must do, on the cases that are known from elsewhere.
#[test]
fn releases_must_do_what_is_documented() {
    type Row = (
        &'static str,
        &'static str,
        Platform,
        &'static str,
        EnrollmentType,
        Specified,
    );
    let rows: [Row; 26] = [
        ("sync", "cellular", Ios, "18.6", Profile, Works),
        ("sync", "cellular", Ios, "26.0", Profile, Lost),
        ("sync", "cellular", Ios, "27.2 beta 1", Ade, Lost),
        ("sync", "cellular", Ios, "17.0", UserProfile, NotSupported),
        ("sync", "cellular", Ios, "26.0", UserProfile, NotSupported),
        ("sync", "cellular", Ipados, "26.0", Ade, NotSupported),
        ("sync", "cellular", Macos, "26.0", Ade, NotSupported),
        ("sync", "basic", Ios, "26.0", Ade, Works),
        ("sync", "storage", Tvos, "26.0", Ade, NotSupported),
        ("tvos-update-delay", "deferral", Tvos, "26.4", Ade, Works),
        ("tvos-update-delay", "deferral", Tvos, "27.0", Ade, Lost),
        (
            "tvos-update-delay",
            "deferral",
            Tvos,
            "27.0",
            Profile,
            NotSupported,
        ),
        ("tvos-update-delay", "profile", Tvos, "27.0", Ade, Works),
        (
            "tvos-password-proximity",
            "restriction",
            Tvos,
            "26.3",
            Ade,
            Works,
        ),
        (
            "tvos-password-proximity",
            "restriction",
            Tvos,
            "26.4",
            Ade,
            Lost,
        ),
        (
            "macos-passcode-min-length",
            "policy",
            Macos,
            "27.0",
            Profile,
            Works,
        ),
        ("remote-lock", "lock", Tvos, "18.0", Ade, NotSupported),
        ("remote-lock", "lock", Ios, "18.0", UserProfile, Works),
        (
            "remote-restart",
            "restart",
            Ios,
            "18.0",
            Profile,
            NotSupported,
        ),
        ("remote-restart", "restart", Ios, "18.0", Ade, Works),
        (
            "clear-passcode",
            "clear",
            Ipados,
            "18.0",
            SharedIpad,
            NotSupported,
        ),
        ("clear-passcode", "clear", Ipados, "18.0", Profile, Works),
        ("os-update", "schedule", Macos, "26.4", Ade, Works),
        ("os-update", "schedule", Macos, "27.0", Ade, Lost),
        ("os-update", "enforce", Ios, "16.7", Ade, NotSupported),
        ("os-update", "enforce", Ios, "18.0", Ade, Works),
    ];
    let suite = suite();
    for (id, part, platform, version, enrollment, wanted) in rows {
        let (_, scenario) = suite.scenario(id).expect(id);
        let part = scenario
            .parts
            .iter()
            .find(|known| known.id == part)
            .expect(part);
        let cell = cell(platform, version, enrollment);
        let row = part
            .expectation(&cell)
            .unwrap_or_else(|| panic!("{id}: nothing stated of {cell}"));
        assert_eq!(row.specified, wanted, "{id} / {} on {cell}", part.id);
        if wanted == Lost {
            assert!(row.reason.is_some(), "{id} / {} gives no reason", part.id);
        }
    }
}

/// Whoever loses something on a release is told what to use, wherever the vendor names it.
#[test]
fn what_is_lost_names_its_replacement() {
    let suite = suite();
    for (id, part) in [
        ("sync", "cellular"),
        ("tvos-update-delay", "deferral"),
        ("os-update", "schedule"),
    ] {
        let (_, scenario) = suite.scenario(id).expect(id);
        let part = scenario
            .parts
            .iter()
            .find(|known| known.id == part)
            .expect(part);
        let lost = part
            .expectations
            .iter()
            .find(|row| row.specified == Lost)
            .expect(id);
        assert!(lost.replacement.is_some(), "{id}");
    }
}

/// No scenario leaves a cell to which it applies without a word about each of its parts, on the releases of today.
#[test]
fn every_part_is_stated_for_the_newest_releases() {
    let suite = suite();
    let mut silent = Vec::new();
    for platform in [Ios, Ipados, Macos, Tvos] {
        for enrollment in [Profile, UserProfile, Ade, SharedIpad] {
            if enrollment == SharedIpad && platform != Ipados {
                continue;
            }
            for version in ["18.0", "26.0", "26.4", "27.0"] {
                let cell = cell(platform, version, enrollment);
                for scenario in suite.scenarios.iter().filter(|s| s.applies_to(&cell)) {
                    for part in &scenario.parts {
                        if part.expectation(&cell).is_none() {
                            silent.push(format!("{}/{} on {cell}", scenario.id.0, part.id));
                        }
                    }
                }
            }
        }
    }
    insta::assert_snapshot!(silent.join("\n"));
}

#[test]
fn overlays_speak_for_ipados_too() {
    let suite = suite();
    let watch = suite
        .feature(&FeatureId("sim-watch".to_owned()))
        .expect("sim-watch");
    let offer = watch
        .offers
        .get(&Column::Platform(Ipados))
        .expect("iPadOS follows iOS");
    assert_eq!(
        (offer.offered, offer.inherited_from),
        (Ternary::Unknown, Some(Ios))
    );
    let sync = suite.feature(&FeatureId("sync".to_owned())).expect("sync");
    let queries: Vec<_> = sync
        .mappings
        .iter()
        .filter(|mapping| mapping.kind == "query")
        .collect();
    assert_eq!(queries.len(), 20);
}
