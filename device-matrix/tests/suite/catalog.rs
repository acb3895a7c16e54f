//! The committed facts: they load without a finding, and say what is known.

use device_matrix::catalog::lint;
use device_matrix::diag::render;
use device_matrix::enrollment::Mark;
use device_matrix::known::Known;
use device_matrix::model::{Hardware, ModelId};
use device_matrix::platform::Platform;
use device_matrix::runs::{NotRun, Runs};
use device_matrix::version::{Channel, OsVersion};

use crate::common::{catalog, date, sources};

#[test]
fn the_committed_data_has_no_findings() {
    let findings = lint(catalog());
    assert!(
        findings.is_empty(),
        "{}",
        render(&findings, &sources(), false)
    );
}

#[test]
fn every_platform_has_the_imported_number_of_releases_and_models() {
    let catalog = catalog();
    let found: Vec<String> = catalog
        .platforms()
        .map(|platform| {
            let releases = catalog.releases(platform);
            let out = releases
                .iter()
                .filter(|release| release.channel() == Channel::Released)
                .count();
            format!(
                "{platform}: {out} released, {} betas and candidates, {} models, {} generations, reach {}",
                releases.len() - out,
                catalog.models(platform).len(),
                catalog.generations(platform).len(),
                catalog.reach(platform).expect("the file states its reach"),
            )
        })
        .collect();
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn releases_stand_in_version_order_once() {
    let catalog = catalog();
    for platform in Platform::APPLE {
        for pair in catalog.releases(platform).windows(2) {
            assert!(
                pair[0].version < pair[1].version,
                "{} < {}",
                pair[0].id(),
                pair[1].id()
            );
        }
    }
}

#[test]
fn a_generation_is_an_ordinal() {
    let catalog = catalog();
    let ordinal = |platform, major: &str| {
        let major = major.parse().expect("a version");
        catalog
            .generation(platform, &major)
            .expect("a generation")
            .ordinal
    };
    for (platform, older, newer) in [
        (Platform::Ios, "18", "26"),
        (Platform::Ipados, "18", "26"),
        (Platform::Macos, "15", "26"),
        (Platform::Macos, "10.15", "11"),
        (Platform::Macos, "10.14", "10.15"),
        (Platform::Tvos, "18", "26"),
        (Platform::Visionos, "2", "26"),
        (Platform::Watchos, "11", "26"),
    ] {
        assert_eq!(
            ordinal(platform, older) + 1,
            ordinal(platform, newer),
            "{platform} {newer}"
        );
    }
}

#[test]
fn a_release_reports_its_main_build() {
    let catalog = catalog();
    for (platform, version, build) in [
        (Platform::Ios, "18.0", "22A3354"),
        (Platform::Ios, "18.1", "22B83"),
        (Platform::Ios, "26.5", "23F77"),
        (Platform::Ios, "27.0", "24A437"),
        (Platform::Macos, "15.1", "24B83"),
        (Platform::Macos, "10.14", "18A391"),
        (Platform::Ios, "27.2-beta3", "24B5099f"),
    ] {
        let version: OsVersion = version.parse().expect("a version");
        let release = catalog.release(platform, &version).expect("a release");
        assert_eq!(
            release.build().known().map(|id| id.0.as_str()),
            Some(build),
            "{platform} {version}"
        );
    }
}

#[test]
fn what_no_source_states_is_unknown() {
    let catalog = catalog();
    let release = |version: &str| {
        let version: OsVersion = version.parse().expect("a version");
        catalog.release(Platform::Ios, &version).expect("a release")
    };
    assert_eq!(
        release("18.7.3").build(),
        Known::Unknown,
        "no source has the build"
    );
    let neo = &catalog.find_models(&ModelId("Mac17,5".to_owned()))[0];
    assert_eq!(neo.released, Known::Unknown);
    let candidate: OsVersion = "10.14.4-rc".parse().expect("a version");
    let candidate = catalog
        .release(Platform::Macos, &candidate)
        .expect("a release");
    assert_eq!(candidate.date, Known::Unknown);
    assert!(
        catalog.is_out(candidate, date("2026-01-01")),
        "a higher version is out"
    );
}

#[test]
fn a_model_runs_what_came_after_its_launch() {
    let catalog = catalog();
    let table = [
        // Observed in the source from 26.5 to 26.6.1 only: no evidence against the other releases.
        ("iPhone12,1", Platform::Ios, "26.0", Runs::Yes),
        ("iPhone12,1", Platform::Ios, "26.7.1", Runs::Yes),
        ("iPhone12,1", Platform::Ios, "18.7.10", Runs::Yes),
        // Launched four days after 18.0 and delivered with it.
        ("iPhone17,2", Platform::Ios, "18.0", Runs::Yes),
        (
            "iPhone17,2",
            Platform::Ios,
            "18.0-rc",
            Runs::No(NotRun::Launch),
        ),
        (
            "iPhone17,2",
            Platform::Ios,
            "17.7.2",
            Runs::No(NotRun::Major),
        ),
        // Launched within the major.
        (
            "iPhone17,5",
            Platform::Ios,
            "18.3",
            Runs::No(NotRun::Launch),
        ),
        ("iPhone17,5", Platform::Ios, "18.3.2", Runs::Yes),
        ("iPhone13,1", Platform::Ios, "14.1", Runs::Yes),
        (
            "iPhone13,1",
            Platform::Ios,
            "14.0.1",
            Runs::No(NotRun::Launch),
        ),
        ("iPad16,3", Platform::Ipados, "17.4", Runs::Yes),
        (
            "iPad16,3",
            Platform::Ipados,
            "17.4.1",
            Runs::No(NotRun::Launch),
        ),
        // The launch date is not known.
        ("iPhone18,5", Platform::Ios, "26.0", Runs::Unknown),
        ("iPhone18,5", Platform::Ios, "26.6", Runs::Yes),
        ("iPhone18,5", Platform::Ios, "27.0-beta1", Runs::Yes),
        ("Mac17,5", Platform::Macos, "26.0", Runs::Unknown),
        ("Mac17,5", Platform::Macos, "26.6.2", Runs::Yes),
        ("Mac17,5", Platform::Macos, "27.0", Runs::Yes),
        // A major that the stored lists miss.
        (
            "Mac16,9",
            Platform::Macos,
            "15.3.2",
            Runs::No(NotRun::Launch),
        ),
        ("Mac16,9", Platform::Macos, "15.4", Runs::Yes),
        // Majors end.
        ("iPhone11,8", Platform::Ios, "18.7.10", Runs::Yes),
        ("iPhone11,8", Platform::Ios, "26.0", Runs::No(NotRun::Major)),
        ("iPhone10,3", Platform::Ios, "16.7.16", Runs::Yes),
        (
            "AppleTV6,2",
            Platform::Tvos,
            "27.0",
            Runs::No(NotRun::Major),
        ),
        // Sourced cut-offs.
        ("iPhone14,5", Platform::Ios, "15.7.1", Runs::Yes),
        (
            "iPhone14,5",
            Platform::Ios,
            "15.8.8",
            Runs::No(NotRun::CutOff),
        ),
        (
            "iPad16,3",
            Platform::Ipados,
            "17.7.11",
            Runs::No(NotRun::CutOff),
        ),
        ("iPad7,5", Platform::Ipados, "17.7.11", Runs::Yes),
        (
            "Watch2,3",
            Platform::Watchos,
            "6.0.1",
            Runs::No(NotRun::CutOff),
        ),
        ("Watch2,3", Platform::Watchos, "6.1", Runs::Yes),
        // Only preinstalled on others.
        ("MacBookAir10,1", Platform::Macos, "11.0", Runs::Yes),
        (
            "iMac20,1",
            Platform::Macos,
            "11.0",
            Runs::No(NotRun::Preinstalled),
        ),
        ("iMac20,1", Platform::Macos, "11.0.1", Runs::Yes),
        ("iPad13,18", Platform::Ipados, "16.0", Runs::Yes),
        (
            "iPad12,1",
            Platform::Ipados,
            "16.0",
            Runs::No(NotRun::Preinstalled),
        ),
        // Marked "preinstalled only" by a source, and observed on older models.
        ("iPhone10,6", Platform::Ios, "12.0", Runs::Yes),
        ("AppleTV5,3", Platform::Tvos, "14.5", Runs::Yes),
        // Another platform.
        ("iPad7,5", Platform::Ios, "12.4.1", Runs::Yes),
        ("iPad7,5", Platform::Ios, "13.0", Runs::No(NotRun::Major)),
    ];
    for (id, platform, version, expected) in table {
        let version: OsVersion = version.parse().expect("a version");
        let release = catalog.release(platform, &version).expect("a release");
        let model = catalog
            .models(platform)
            .iter()
            .find(|model| model.id.0 == id)
            .expect(id);
        assert_eq!(model.runs(release), expected, "{id} on {}", release.id());
    }
}

#[test]
fn hardware_is_known_where_it_changes_answers() {
    let catalog = catalog();
    let has = |id: &str, hardware| {
        let models = catalog.find_models(&ModelId(id.to_owned()));
        models.last().expect("a model").has(hardware)
    };
    assert!(has("iPhone17,2", Hardware::DualSim));
    assert!(!has("iPhone10,6", Hardware::DualSim));
    assert!(has("iPad14,2", Hardware::Cellular) && !has("iPad14,1", Hardware::Cellular));
    assert!(has("iPad5,1", Hardware::SharedIpad) && has("iPad16,2", Hardware::SharedIpad));
    assert!(has("Mac17,5", Hardware::AppleSilicon) && !has("Mac17,5", Hardware::Intel));
    assert!(has("MacBookPro16,1", Hardware::Intel) && has("VirtualMac2,1", Hardware::AppleSilicon));
    assert!(has("Mac17,5", Hardware::Battery), "MacBook Neo");
    for model in catalog.models(Platform::Macos) {
        assert!(
            model.has(Hardware::Intel) != model.has(Hardware::AppleSilicon),
            "{}",
            model.id
        );
    }
}

#[test]
fn disagreements_of_sources_are_kept() {
    let catalog = catalog();
    let about = |subject: &str| {
        catalog
            .conflicts()
            .iter()
            .filter(|conflict| conflict.subject == subject)
            .count()
    };
    assert_eq!(about("ios17"), 1, "the endoflife.date statement on 17.7.7");
    assert_eq!(about("iPhone19,3"), 1);
    assert!(about("macos12.2") >= 1, "SOFA dates the support page");
}

#[test]
fn the_previous_release_is_found_in_version_order() {
    let catalog = catalog();
    for (platform, number, as_of, expected) in [
        (Platform::Ios, "18.0", "2026-11-23", Some("17.7.2")),
        (Platform::Ios, "18.0", "2024-09-17", Some("17.7")),
        (Platform::Ios, "26.0", "2026-11-23", Some("18.7.10")),
        (Platform::Ios, "26.0", "2025-09-17", Some("18.7")),
        (Platform::Ios, "18.1", "2026-11-23", Some("18.0.1")),
        (Platform::Macos, "12.0.1", "2026-11-23", Some("11.7.11")),
        (Platform::Macos, "11", "2026-11-23", Some("10.15.8")),
        (Platform::Ios, "12.0", "2026-11-23", None),
    ] {
        let number = number.parse().expect("a version");
        let found = catalog.previous(platform, &number, date(as_of));
        assert_eq!(
            found.map(|release| release.version.slug()).as_deref(),
            expected,
            "{platform} {number}"
        );
    }
}

#[test]
fn an_enrollment_type_exists_and_supervises_by_release() {
    use device_matrix::enrollment::EnrollmentType::{
        AccountDevice, AccountUser, Ade, Profile, SharedIpad, UserProfile, WatchPaired,
    };
    let catalog = catalog();
    // Some(true) supervises, Some(false) does not, None does not exist.
    for (platform, kind, number, expected) in [
        (Platform::Ios, Profile, "18.0", Some(false)),
        (Platform::Macos, Profile, "10.15", Some(false)),
        (Platform::Macos, Profile, "11.0", Some(true)),
        (Platform::Ios, Ade, "13.0", Some(true)),
        (Platform::Tvos, Ade, "27.0", Some(true)),
        (Platform::Visionos, Ade, "1.3", None),
        (Platform::Visionos, Ade, "2.0", Some(true)),
        (Platform::Ios, UserProfile, "17.7.2", Some(false)),
        (Platform::Ios, UserProfile, "18.0", None),
        (Platform::Macos, UserProfile, "26.0", Some(false)),
        (Platform::Ios, AccountUser, "14.8", None),
        (Platform::Ios, AccountUser, "15.0", Some(false)),
        (Platform::Ios, AccountDevice, "15.8.8", None),
        (Platform::Ios, AccountDevice, "16.0", Some(false)),
        (Platform::Ipados, SharedIpad, "13.3", None),
        (Platform::Ipados, SharedIpad, "13.4", Some(true)),
        (Platform::Ios, SharedIpad, "18.0", None),
        (Platform::Watchos, WatchPaired, "9.6", None),
        (Platform::Watchos, WatchPaired, "10.0", Some(true)),
        (Platform::Watchos, Ade, "10.0", None),
    ] {
        let number = number.parse().expect("a version");
        let found = catalog
            .enrollment(platform, kind, &number)
            .map(|row| row.supervised(&number));
        assert_eq!(found, expected, "{kind} on {platform} {number}");
    }
    let number = "12.4".parse().expect("a version");
    let before = catalog
        .enrollment(Platform::Ios, Ade, &number)
        .expect("it exists");
    assert_eq!(before.supervised_from, Known::Unknown);
    let conflict = "16.0".parse().expect("a version");
    let row = catalog
        .enrollment(Platform::Ios, AccountDevice, &conflict)
        .expect("it exists");
    assert_eq!(row.mark, Mark::Conflict);
    assert!(row.note.as_ref().is_some_and(|note| note.en.contains("17")));
}
