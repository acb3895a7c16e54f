//! Probes from the committed facts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use device_matrix::capability::{Context, Facts, Scope, read_sources};
use device_matrix::cell::Cell;
use device_matrix::diag;
use device_matrix::enrollment::EnrollmentType::{Ade, Profile, SharedIpad, UserProfile};
use device_matrix::platform::Platform::{Ios, Ipados, Macos, Tvos};
use scenarios::lint::check_elements;
use scenarios::plan::{Check, Filters, build};
use scenarios::scenario::Action;

use crate::common::{cell, suite};

fn facts() -> Facts {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = read_sources(&root).expect("the facts are there");
    Facts::load(&sources)
        .unwrap_or_else(|found| panic!("{}", diag::render(&found, &sources, false)))
}

fn cells() -> Vec<Arc<Cell>> {
    vec![
        cell(Ios, "18.0", Profile),
        cell(Ios, "18.0", Ade),
        cell(Ios, "26.0", Ade),
        cell(Ios, "17.0", UserProfile),
        cell(Ipados, "18.0", SharedIpad),
        cell(Macos, "15.0", Ade),
        cell(Tvos, "27.0", Ade),
    ]
}

fn context(cell: &Cell) -> Context {
    Context {
        platform: cell.release.platform,
        version: cell.release.version.number,
        enrollment: cell.enrollment,
        supervised: cell.supervised,
        scope: Scope::Device,
        access_rights: 8191,
    }
}

/// Scenarios name nothing that the vendor never had.
#[test]
fn scenarios_name_known_elements() {
    let suite = suite();
    let found = check_elements(&suite, &facts());
    assert!(found.is_empty(), "{}", diag::render(&found, &[], false));
}

/// Applicable is probed or skipped with a reason; the figures are reviewed as a table.
#[test]
fn coverage_adds_up() {
    let facts = facts();
    let plan = build(
        "x",
        &cells(),
        Vec::new(),
        &suite(),
        &facts,
        &Filters::default(),
    );
    let mut table = String::new();
    for row in &plan.coverage {
        let skipped: usize = row.skipped.values().sum();
        assert_eq!(row.applicable, row.probed + skipped, "{row:?}");
        let _ = writeln!(
            table,
            "{} {} {}: {} applicable, {} probed, {:?}, {} unknown",
            row.release,
            row.enrollment,
            row.class,
            row.applicable,
            row.probed,
            row.skipped,
            row.unknown
        );
    }
    insta::assert_snapshot!(table);
}

/// Nearly every capability of a batch can be asked for, and what is asked fits the facts of that device.
#[test]
fn requests_fit_the_facts() {
    let facts = facts();
    let cells = cells();
    let plan = build(
        "x",
        &cells,
        Vec::new(),
        &suite(),
        &facts,
        &Filters::default(),
    );
    let mut alone = BTreeSet::new();
    let mut asked = 0_usize;
    let mut together: BTreeMap<bool, usize> = BTreeMap::new();
    for probe in &plan.probes {
        let cell = &plan.cells[probe.cell as usize];
        let context = context(cell);
        *together
            .entry(probe.request(&facts, &context, &probe.batch).is_some())
            .or_default() += 1;
        for capability in &probe.batch {
            let one = std::slice::from_ref(capability);
            let Some(request) = probe.request(&facts, &context, one) else {
                alone.insert(capability.id.clone());
                continue;
            };
            asked += 1;
            assert_eq!(request.answers.len(), 1, "{}", capability.id);
            assert_eq!(
                request.undo.is_some(),
                !matches!(request.action, Action::Command { .. }),
                "{}",
                capability.id
            );
        }
    }
    assert!(asked > 2_000, "{asked}");
    assert!(
        alone.len() * 50 < asked,
        "{} of {asked} can not be asked: {alone:?}",
        alone.len()
    );
    assert!(together[&true] > 300, "{together:?}");
}

/// One probe per class, release and enrollment type, on a fresh subject cell.
#[test]
fn a_class_is_probed_once_per_device_group() {
    let facts = facts();
    let mut cells = cells();
    cells.push(cell(Ios, "18.0", Ade));
    let plan = build(
        "x",
        &cells,
        Vec::new(),
        &suite(),
        &facts,
        &Filters::default(),
    );
    let mut seen = BTreeSet::new();
    for case in &plan.cases {
        if let Check::Probe(index) = case.check {
            let probe = &plan.probes[index as usize];
            assert_eq!(probe.cell, case.cell);
            assert!(!probe.batch.is_empty());
            assert!(
                seen.insert((probe.cell, probe.class.clone())),
                "{} twice",
                probe.class
            );
        }
    }
    assert_eq!(seen.len(), plan.probes.len());
}
