//! Plans: nothing is absent without a word, and a million cases are cheap.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::common::{cell, model, suite};
use device_matrix::capability::Facts;
use device_matrix::cell::{Cell, Role};
use device_matrix::enrollment::EnrollmentType::{Ade, Profile, SharedIpad, UserProfile};
use device_matrix::platform::Platform::{Ios, Ipados, Macos, Tvos, Visionos};
use scenarios::lint::APPLE_COLUMNS;
use scenarios::plan::{Case, Check, Filters, build};

fn cells() -> Vec<Arc<Cell>> {
    let mut cells = vec![
        cell(Ios, "18.0", Profile),
        cell(Ios, "18.0", Ade),
        cell(Ios, "17.0", UserProfile),
        cell(Ipados, "18.0", SharedIpad),
        cell(Macos, "15.0", Ade),
        cell(Tvos, "18.0", Ade),
        cell(Visionos, "2.0", Ade),
    ];
    let mut before = (*cell(Ios, "17.6", Ade)).clone();
    before.role = Role::Comparison;
    cells.push(Arc::new(before));
    cells
}

/// Every feature about Apple devices ends on every device group as a case or as a skip.
#[test]
fn nothing_is_absent_without_a_word() {
    let suite = suite();
    let plan = build(
        "ios18",
        &cells(),
        Vec::new(),
        &suite,
        &Facts::default(),
        &Filters::default(),
    );
    let mut planned: HashMap<(String, String), usize> = HashMap::new();
    for case in &plan.cases {
        if let Check::Scenario(index) = case.check {
            let feature = &suite.scenarios[index as usize].feature;
            let cell = plan.cells[case.cell as usize].id();
            *planned.entry((feature.0.clone(), cell)).or_default() += 1;
        }
    }
    for feature in &suite.features {
        if !APPLE_COLUMNS
            .iter()
            .any(|column| feature.offers.contains_key(column))
        {
            continue;
        }
        for cell in plan.cells.iter().filter(|cell| cell.role == Role::Subject) {
            let id = cell.id();
            let whole = format!("{}@{}", feature.id.0, cell.release.id());
            let skipped = plan.skips.iter().any(|skip| {
                skip.what == whole
                    || skip
                        .what
                        .strip_prefix(&format!("{whole}/"))
                        .is_some_and(|words| {
                            words
                                .split('+')
                                .any(|word| word == cell.enrollment.as_str())
                        })
            });
            let runs = planned.contains_key(&(feature.id.0.clone(), id.clone()));
            assert!(
                runs != skipped,
                "{} on {id}: runs {runs}, skipped {skipped}",
                feature.id.0
            );
        }
    }
    let reasons: BTreeSet<_> = plan.skips.iter().map(|skip| skip.reason.as_str()).collect();
    insta::assert_snapshot!(reasons.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_cell_runs_in_order_and_destructive_cases_last() {
    let suite = suite();
    let cells = [cell(Ios, "18.0", Ade)];
    let plan = build(
        "ios18",
        &cells,
        Vec::new(),
        &suite,
        &Facts::default(),
        &Filters::default(),
    );
    let order: Vec<_> = plan
        .cases
        .iter()
        .filter_map(|case| match case.check {
            Check::Scenario(index) => Some(&suite.scenarios[index as usize]),
            Check::Probe(_) => None,
        })
        .collect();
    assert!(
        order
            .iter()
            .map(|scenario| scenario.destructive)
            .is_sorted()
    );
    insta::assert_snapshot!(
        order
            .iter()
            .map(|scenario| format!(
                "{}{}",
                scenario.id.0,
                if scenario.destructive {
                    " (destructive)"
                } else {
                    ""
                }
            ))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn filters_leave_out_and_say_so() {
    let suite = suite();
    let cells = cells();
    let plan = |filters: &Filters| {
        build(
            "ios18",
            &cells,
            Vec::new(),
            &suite,
            &Facts::default(),
            filters,
        )
    };
    let one = Filters {
        features: Some(BTreeSet::from(["remote-lock".to_owned()])),
        ..Filters::default()
    };
    let locked = plan(&one);
    assert!(
        locked
            .cases
            .iter()
            .all(|case| locked.subject(*case, &suite) == "remote-lock")
    );
    // Once for each other feature about Apple devices.
    let apple = suite.features.iter().filter(|feature| {
        APPLE_COLUMNS
            .iter()
            .any(|column| feature.offers.contains_key(column))
    });
    let filtered = locked
        .skips
        .iter()
        .filter(|skip| skip.reason == "filtered_out")
        .count();
    assert_eq!(filtered, apple.count() - 1);

    let id = "remote-lock@ios18.0/iPhone17,2/ade/fresh";
    let case = plan(&Filters {
        only_cases: Some(BTreeSet::from([id.to_owned()])),
        ..Filters::default()
    });
    let ids: Vec<_> = case
        .cases
        .iter()
        .map(|case_| case.case_id(*case_, &suite))
        .collect();
    assert_eq!(ids, [id]);

    let smoke = plan(&Filters {
        smoke: true,
        ..Filters::default()
    });
    assert!(!smoke.cases.is_empty() && smoke.cases.len() < plan(&Filters::default()).cases.len());
    assert!(smoke.skips.iter().any(|skip| skip.reason == "not_in_tier"));
}

/// A million cases are a list of 12-byte rows; the texts are in the suite.
#[test]
fn a_million_cases_are_small() {
    assert_eq!(size_of::<Case>(), 12);
    let suite = suite();
    let template = cell(Ios, "18.0", Ade);
    let cells: Vec<_> = (0..2_000)
        .map(|number| {
            let mut cell = (*template).clone();
            cell.model = model(Ios, &format!("iPhone{number},1"), &[]);
            Arc::new(cell)
        })
        .collect();
    let plan = build(
        "ios18",
        &cells,
        Vec::new(),
        &suite,
        &Facts::default(),
        &Filters::default(),
    );
    let per_cell = plan.cases.len() / cells.len();
    assert_eq!(plan.cases.len(), per_cell * cells.len());
    assert!(per_cell > 30, "{per_cell}");
    // Skips are per feature and release, not per cell.
    assert!(
        plan.skips.len() < suite.features.len(),
        "{}",
        plan.skips.len()
    );
}
