//! The order of work changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use device_matrix::cell::Arrival;
use harness::record::reader::RecordReader;
use scenarios::event::Event;

use crate::support::server::FakeServer;
use crate::support::suite::{asking, cell, cells, release, setting, world};

/// Lines of the record by case, and the names of its evidence.
fn content(dir: &Path) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in RecordReader::open(dir).expect("a record") {
        let event = event.expect("an event");
        let key = match &event {
            Event::Looked { case, .. }
            | Event::CaseEnded { case, .. }
            | Event::Probed { case, .. } => case.clone(),
            Event::CellEnrolled { cell, .. } => cell.clone(),
            _ => String::new(),
        };
        cases
            .entry(key)
            .or_default()
            .push(serde_json::to_string(&event).expect("JSON"));
    }
    let pack = scenarios::pack::Pack::open(&dir.join("evidence")).expect("evidence");
    (cases, pack.addresses())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_the_same_record_whatever_the_number_of_jobs() {
    let base = tempfile::tempdir().expect("a folder");
    let mut contents = Vec::new();
    for (name, jobs) in [("one", 1), ("many", 64), ("again", 5)] {
        let dir = base.path().join(name);
        let mut cells = cells(9);
        cells.push(cell(
            "iPhone99,1",
            Arrival::Upgraded {
                from: release("17.7"),
            },
        ));
        let mut surviving = setting("surviving", "kept");
        surviving.survives.update = true;
        surviving.survives.reboot = true;
        let scenarios = vec![
            surviving,
            setting("camera", "camera"),
            asking("stumbling", "Stumble"),
        ];
        let mut world = world(FakeServer::default(), cells, scenarios).keep(&dir);
        world.inputs.options.jobs = jobs;
        let (summary, _) = world.run().await;
        assert_eq!(summary.cases_done, 30);
        contents.push((summary.run_id, content(&dir)));
    }
    assert_eq!(contents[0], contents[1]);
    assert_eq!(contents[0], contents[2]);
}

#[tokio::test]
async fn another_seed_is_another_run() {
    let base = tempfile::tempdir().expect("a folder");
    let mut seen = Vec::new();
    for seed in [1, 2] {
        let dir = base.path().join(seed.to_string());
        let mut world = world(
            FakeServer::default(),
            cells(1),
            vec![setting("camera", "camera")],
        )
        .keep(&dir);
        world.inputs.options.seed = seed;
        let (summary, _) = world.run().await;
        seen.push((summary.run_id, content(&dir).1));
    }
    assert_ne!(seen[0].0, seen[1].0);
    assert_ne!(seen[0].1, seen[1].1, "ids follow the seed");
}
