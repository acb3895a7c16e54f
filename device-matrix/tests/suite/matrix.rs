//! The matrix: nothing is silently absent, every pair is covered, every exclusion has its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use device_matrix::catalog::Catalog;
use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::diag::SourceFile;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::matrix::{ExclusionReason, Matrix, MatrixOptions, Tier, coverage, expand};
use device_matrix::model::ModelId;
use device_matrix::runs::Runs;
use device_matrix::selector::Target;
use proptest::prelude::*;

use crate::common::{catalog, date, resolve};

const TODAY: &str = "2026-11-23";
const TARGETS: [&str; 16] = [
    "ios12",
    "ios17",
    "ios18",
    "ios18.1",
    "ios26",
    "ios27",
    "ios27.2-beta",
    "ipados13",
    "ipados17",
    "ipados26",
    "macos11",
    "macos26",
    "tvos27",
    "visionos1",
    "watchos11",
    "22B83",
];

fn options(tier: Tier) -> MatrixOptions {
    MatrixOptions {
        tier,
        ..MatrixOptions::new(date(TODAY))
    }
}

fn target(selector: &str) -> Target {
    resolve(catalog(), selector, TODAY).unwrap_or_else(|error| panic!("{error}"))
}

fn subjects(matrix: &Matrix) -> Vec<&Cell> {
    matrix.cells_of(Role::Subject).map(AsRef::as_ref).collect()
}

/// Models × subject releases × enrollment types × arrivals.
fn universe(catalog: &Catalog, target: &Target) -> u64 {
    target
        .releases
        .iter()
        .map(|release| {
            let models = catalog.models(release.platform).len() as u64;
            models * EnrollmentType::WORDS.len() as u64 * 2
        })
        .sum()
}

fn assert_complete(catalog: &Catalog, target: &Target, matrix: &Matrix) {
    let excluded: u64 = matrix
        .excluded
        .iter()
        .filter(|row| row.role == Role::Subject)
        .map(|row| row.combinations)
        .sum();
    let cells = subjects(matrix).len() as u64;
    assert_eq!(
        cells + excluded,
        universe(catalog, target),
        "{}",
        target.selector
    );
}

#[test]
fn every_combination_is_a_cell_or_counted_with_a_reason() {
    for selector in TARGETS {
        let target = target(selector);
        for tier in [Tier::Smoke, Tier::Pairwise, Tier::Full] {
            assert_complete(
                catalog(),
                &target,
                &expand(catalog(), &target, &options(tier)),
            );
        }
        let filtered = MatrixOptions {
            models: vec![
                ModelId("iphone14,5".to_owned()),
                ModelId("iPad13,18".to_owned()),
            ],
            enrollments: vec![EnrollmentType::Ade, EnrollmentType::UserProfile],
            ..options(Tier::Pairwise)
        };
        assert_complete(catalog(), &target, &expand(catalog(), &target, &filtered));
    }
}

#[test]
fn every_cell_is_possible() {
    for selector in TARGETS {
        let matrix = expand(catalog(), &target(selector), &options(Tier::Full));
        for cell in &matrix.cells {
            assert_eq!(cell.model.runs(&cell.release), Runs::Yes, "{cell}");
            let row = catalog()
                .enrollment(
                    cell.release.platform,
                    cell.enrollment,
                    &cell.release.version.number,
                )
                .expect("the release has the enrollment type");
            assert_eq!(
                row.supervised(&cell.release.version.number),
                cell.supervised,
                "{cell}"
            );
            if let Arrival::Upgraded { from } = &cell.arrival {
                assert!(
                    from.version < cell.release.version,
                    "{cell} from {}",
                    from.id()
                );
                assert_eq!(
                    cell.model.runs(from),
                    Runs::Yes,
                    "{cell} from {}",
                    from.id()
                );
                assert!(
                    catalog()
                        .enrollment(from.platform, cell.enrollment, &from.version.number)
                        .is_some(),
                    "{cell} from {}",
                    from.id()
                );
            }
        }
    }
}

#[test]
fn cells_are_sorted_and_unique() {
    for selector in TARGETS {
        let matrix = expand(catalog(), &target(selector), &options(Tier::Pairwise));
        let keys: Vec<(Role, String)> = matrix
            .cells
            .iter()
            .map(|cell| (cell.role, cell.id()))
            .collect();
        assert!(keys.is_sorted(), "{selector}");
        let ids: BTreeSet<&String> = keys.iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), keys.len(), "{selector}");
        assert_eq!(
            matrix,
            expand(catalog(), &target(selector), &options(Tier::Pairwise))
        );
    }
}

/// Pairs of levels of a set of cells, computed apart from the code under test.
fn pairs(cells: &[&Cell]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for cell in cells {
        let class = format!("{:?}", cell.model.hardware);
        let platform = cell.release.platform.slug();
        let levels = [
            format!("release {}", cell.release.id()),
            format!("class {platform} {class}"),
            format!("enrollment {platform} {}", cell.enrollment),
            format!("arrival {}", cell.arrival.as_str()),
        ];
        found.insert(format!("model {platform} {}", cell.model.id));
        for (position, one) in levels.iter().enumerate() {
            for other in &levels[position + 1..] {
                found.insert(format!("{one} × {other}"));
            }
        }
    }
    found
}

#[test]
fn pairwise_covers_every_pair_that_is_possible() {
    for selector in TARGETS {
        let target = target(selector);
        let full = expand(catalog(), &target, &options(Tier::Full));
        let chosen = expand(catalog(), &target, &options(Tier::Pairwise));
        assert_eq!(
            pairs(&subjects(&chosen)),
            pairs(&subjects(&full)),
            "{selector}"
        );
        let (covered, possible) = coverage(&chosen).total();
        assert_eq!(covered, possible, "{selector}");
        assert!(subjects(&chosen).len() <= subjects(&full).len());
    }
}

#[test]
fn the_default_tier_stays_moderate() {
    let mut figures = String::new();
    for selector in TARGETS {
        let target = target(selector);
        let sizes: Vec<usize> = [Tier::Smoke, Tier::Pairwise, Tier::Full]
            .into_iter()
            .map(|tier| subjects(&expand(catalog(), &target, &options(tier))).len())
            .collect();
        let comparisons = expand(catalog(), &target, &options(Tier::Pairwise))
            .cells_of(Role::Comparison)
            .count();
        let _ = writeln!(
            figures,
            "{selector}: smoke {}, pairwise {} + {comparisons} comparison, full {}",
            sizes[0], sizes[1], sizes[2]
        );
    }
    insta::assert_snapshot!(figures);
}

#[test]
fn smoke_has_supervised_unsupervised_and_upgraded() {
    let matrix = expand(catalog(), &target("ios18"), &options(Tier::Smoke));
    let ids: Vec<String> = subjects(&matrix).iter().map(|cell| cell.id()).collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn reasons_are_counted() {
    let mut text = String::new();
    for selector in ["ios18", "ipados17", "macos26", "watchos11", "ios12.4.1"] {
        let matrix = expand(catalog(), &target(selector), &options(Tier::Pairwise));
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for row in &matrix.excluded {
            *counts.entry(row.reason.as_str()).or_default() += row.combinations;
            assert!(
                !row.text.ja.is_empty() && !row.text.en.is_empty(),
                "{}",
                row.what
            );
        }
        let _ = writeln!(text, "{selector}: {counts:?}");
    }
    insta::assert_snapshot!(text);
}

/// The reason of the row with exactly this name.
fn reason(matrix: &Matrix, what: &str) -> Vec<ExclusionReason> {
    matrix
        .excluded
        .iter()
        .filter(|row| row.what == what)
        .map(|row| row.reason)
        .collect()
}

#[test]
fn an_exclusion_names_its_reason() {
    let full = |selector| expand(catalog(), &target(selector), &options(Tier::Full));
    let ios18 = full("ios18");
    for (what, expected) in [
        (
            "ios18.0/iPhone17,5",
            ExclusionReason::ModelDoesNotRunRelease,
        ),
        (
            "ios18.0/iPhone10,6",
            ExclusionReason::ModelDoesNotRunRelease,
        ),
        (
            "ios18.0/*/user-profile",
            ExclusionReason::EnrollmentNotOnRelease,
        ),
        (
            "ios18.0/*/shared-ipad",
            ExclusionReason::EnrollmentNotOnPlatform,
        ),
        (
            "ios18.0/iPhone17,2/*/upgraded",
            ExclusionReason::NoPreviousRelease,
        ),
    ] {
        assert_eq!(reason(&ios18, what), [expected], "{what}");
    }
    let launch = ios18
        .excluded
        .iter()
        .find(|row| row.what == "ios18.0/iPhone17,5");
    assert!(launch.is_some_and(|row| row.text.en.contains("launch")));
    let ipados = full("ipados17");
    assert_eq!(
        reason(&ipados, "ipados17.7.2/iPad7,5"),
        [ExclusionReason::NotNewestForModel]
    );
    assert_eq!(
        reason(&ipados, "ipados17.7.11/iPad16,3"),
        [ExclusionReason::ModelDoesNotRunRelease]
    );
    let cut = ipados
        .excluded
        .iter()
        .find(|row| row.what == "ipados17.7.11/iPad16,3");
    assert!(cut.is_some_and(|row| row.text.en.contains("source")));
    let ios12 = full("ios12.4.1");
    assert_eq!(
        reason(&ios12, "ios12.4.1/*/ade"),
        [ExclusionReason::SupervisionUnknown]
    );
    let macos14 = full("macos14.0");
    assert_eq!(
        reason(&macos14, "macos14.0/*/account-user/upgraded"),
        [ExclusionReason::EnrollmentNotOnPreviousRelease]
    );
    assert_eq!(
        reason(&full("ios26.0"), "ios26.0/iPhone18,5"),
        [ExclusionReason::ModelNotKnownToRunRelease]
    );
}

#[test]
fn a_filter_leaves_out_with_its_reason() {
    let only = MatrixOptions {
        models: vec![ModelId("IPHONE17,2".to_owned())],
        enrollments: vec![EnrollmentType::Ade],
        ..options(Tier::Full)
    };
    let matrix = expand(catalog(), &target("ios18"), &only);
    let ids: Vec<String> = matrix.cells.iter().map(|cell| cell.id()).collect();
    insta::assert_snapshot!(ids.join("\n"));
    assert!(
        matrix
            .excluded
            .iter()
            .any(|row| row.reason == ExclusionReason::FilteredOut)
    );
    let unknown = MatrixOptions {
        models: vec![ModelId("iPhone17,22".to_owned())],
        ..options(Tier::Full)
    };
    let (wrong, near) = unknown
        .unknown_model(catalog())
        .expect("there is no such model");
    assert_eq!(
        (wrong.0.as_str(), near.map(|id| id.0)),
        ("iPhone17,22", Some("iPhone17,2".to_owned()))
    );
    assert_eq!(only.unknown_model(catalog()), None);
}

#[test]
fn a_comparison_runs_the_same_model_or_its_predecessor() {
    let comparison = |selector: &str, subject: &str| {
        let only = MatrixOptions {
            models: vec![ModelId(subject.to_owned())],
            enrollments: vec![EnrollmentType::Ade],
            ..options(Tier::Full)
        };
        let matrix = expand(catalog(), &target(selector), &only);
        let ids: Vec<String> = matrix
            .cells_of(Role::Comparison)
            .map(|cell| cell.id())
            .collect();
        ids.join(" ")
    };
    for (selector, subject, expected) in [
        ("ios18", "iPhone15,2", "ios17.7.2/iPhone15,2/ade/fresh"),
        ("ios18", "iPhone17,2", "ios17.7.2/iPhone16,2/ade/fresh"),
        ("ios27", "iPhone19,2", "ios26.7.1/iPhone18,4/ade/fresh"),
        // The model's own last release of the generation before.
        ("ipados18", "iPad16,3", "ipados17.7.2/iPad16,3/ade/fresh"),
        ("macos15", "Mac16,10", "macos14.8.9/Mac15,5/ade/fresh"),
        ("ipados13", "iPad7,5", ""),
    ] {
        assert_eq!(
            comparison(selector, subject),
            expected,
            "{selector} {subject}"
        );
    }
}

#[test]
fn a_model_target_is_that_model() {
    let matrix = expand(catalog(), &target("iPhone17,2"), &options(Tier::Full));
    assert!(
        subjects(&matrix)
            .iter()
            .all(|cell| cell.model.id.0 == "iPhone17,2")
    );
    assert!(!subjects(&matrix).is_empty());
}

/// A made-up platform: `models` models over `releases` majors.
fn made_up(models: &[(u8, u8, u8)], releases: u8) -> Catalog {
    let mut release = String::from("platform = \"ios\"\nreach = \"2026-01-01\"\ngenerations = [\n");
    for major in 1..=releases {
        let _ = writeln!(release, "{{ major = \"{major}\" }},");
    }
    release.push_str("]\nrelease = [\n");
    for major in 1..=releases {
        let _ = writeln!(
            release,
            "{{ version = \"{major}.0\", date = \"20{major:02}-09-01\", sources = [\"T\"] }},"
        );
    }
    release.push_str("]\n");
    let words = ["cellular", "dual_sim", "face_id", "touch_id"];
    let mut model = String::from("platform = \"ios\"\nmodel = [\n");
    for (index, (hardware, first, last)) in models.iter().enumerate() {
        let derived: Vec<String> = words
            .iter()
            .enumerate()
            .filter(|(bit, _)| hardware & (1 << bit) != 0)
            .map(|(_, word)| format!("\"{word}\""))
            .collect();
        let (from, to) = (first.min(last), first.max(last));
        let majors: Vec<String> = (*from..=*to)
            .map(|major| format!("{{ major = \"{}\" }}", 1 + major % releases))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let _ = writeln!(
            model,
            "{{ id = \"iPhone{index},1\", name = \"n\", derived = [{}], majors = [{}] }},",
            derived.join(", "),
            majors.join(", ")
        );
    }
    model.push_str("]\n");
    let rows = [
        ("profile", "1", "never"),
        ("ade", "1", "1"),
        ("account-user", "2", "never"),
        ("account-device", "3", "never"),
    ];
    let mut enrollment = String::new();
    for (kind, from, supervised) in rows {
        let _ = writeln!(
            enrollment,
            "[[enrollment]]\nkind = \"{kind}\"\nplatform = \"ios\"\nfrom = \"{from}\"\nsupervised = \"{supervised}\"\nmark = \"memory\""
        );
    }
    let file = |path: &str, text| SourceFile {
        path: PathBuf::from(path),
        text,
    };
    Catalog::load(&[
        file("data/releases/ios.toml", release),
        file("data/models/ios.toml", model),
        file("data/enrollment.toml", enrollment),
    ])
    .expect("the made-up data is right")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn pairwise_covers_made_up_platforms(
        models in prop::collection::vec((0_u8..16, 0_u8..6, 0_u8..6), 1..24),
        releases in 1_u8..6,
    ) {
        let catalog = made_up(&models, releases);
        for major in 1..=releases {
            for selector in [format!("ios{major}"), format!("ios{major}.0")] {
                let target = resolve(&catalog, &selector, TODAY).expect("it is out");
                let full = expand(&catalog, &target, &options(Tier::Full));
                let chosen = expand(&catalog, &target, &options(Tier::Pairwise));
                prop_assert_eq!(pairs(&subjects(&chosen)), pairs(&subjects(&full)));
                assert_complete(&catalog, &target, &chosen);
                assert_complete(&catalog, &target, &full);
            }
        }
    }
}

#[test]
fn a_large_matrix_is_expanded() {
    // 13,000 models on one release: 104,000 combinations.
    let models: Vec<(u8, u8, u8)> = (0..13_000_u32)
        .map(|index| (u8::try_from(index % 16).expect("below 16"), 0, 5))
        .collect();
    let catalog = made_up(&models, 5);
    let target = resolve(&catalog, "ios5.0", TODAY).expect("it is out");
    let chosen = expand(&catalog, &target, &options(Tier::Pairwise));
    assert_eq!(coverage(&chosen).combinations, (13_000, 13_000 * 4 * 2));
    assert_complete(&catalog, &target, &chosen);
}
