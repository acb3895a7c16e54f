//! The benchmark measures something; what it measures is nobody's assertion.

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;
use harness::bench::{BenchOptions, Planned, Plant, Shape, run};
use harness::runner::RunInputs;

use crate::support::server::FakeServer;
use crate::support::suite::{cells, setting, world};

struct FakePlant;

#[async_trait]
impl Plant for FakePlant {
    async fn inputs(&self, shape: Shape) -> Option<RunInputs> {
        if shape.signed {
            return None;
        }
        let scenarios = (0..shape.cases)
            .map(|n| setting(&format!("s{n}"), "key"))
            .collect();
        Some(world(FakeServer::default(), cells(shape.cells), scenarios).inputs)
    }

    async fn enroll(&self, _devices: usize) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    async fn hold(&self, devices: usize, _connected: bool) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(vec![0_u8; devices]))
    }

    fn sign(&self, body: &[u8]) -> Option<Vec<u8>> {
        Some(vec![body.iter().fold(0, |sum, byte| sum ^ byte)])
    }

    fn verify(&self, body: &[u8], signature: &[u8]) -> bool {
        self.sign(body).as_deref() == Some(signature)
    }

    fn load(&self) -> bool {
        false
    }

    fn plan_a_million(&self) -> Option<Planned> {
        Some(Planned {
            cases: 1_000_000,
            took: Duration::from_millis(1),
        })
    }
}

const QUICK: BenchOptions = BenchOptions {
    sample: Duration::from_millis(20),
    connections: 4,
    cells: 3,
    cases: 2,
    devices: 10,
    scale: (2, 4),
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ceilings_are_measured_without_anything_to_compare() {
    let scratch = tempfile::tempdir().expect("a folder");
    let report = run(None, QUICK, scratch.path()).await.expect("a report");
    let ceilings = &report.ceilings;
    assert!(ceilings.echo_per_second > 0.0);
    assert!(ceilings.socket_per_second > 0.0);
    assert!(ceilings.duplex_per_second > 0.0);
    assert!(ceilings.sign_micros.is_some_and(|micros| micros > 0.0));
    assert!(!ceilings.signature_is_whole);
    assert!(report.bars.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bar_is_there_and_what_could_not_be_measured_says_why() {
    let scratch = tempfile::tempdir().expect("a folder");
    let report = run(Some(&FakePlant), QUICK, scratch.path())
        .await
        .expect("a report");
    let names: Vec<&str> = report.bars.iter().map(|bar| bar.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "socket_unsigned",
            "duplex_unsigned",
            "signed_p256",
            "recording",
            "enrollments",
            "memory_idle",
            "memory_connected",
            "start_up",
            "plan",
            "linear_time",
            "flat_memory",
        ]
    );
    for bar in &report.bars {
        assert!(bar.met.is_some() || bar.note.is_some(), "{bar:?}");
    }
    let unknown: Vec<&str> = report
        .bars
        .iter()
        .filter(|bar| bar.met.is_none())
        .map(|bar| bar.name.as_str())
        .collect();
    assert!(
        unknown.contains(&"signed_p256") && unknown.contains(&"start_up"),
        "{unknown:?}"
    );
    assert!(report.bars[0].ratio.is_some_and(|ratio| ratio > 0.0));
    assert!(report.ceilings.signature_is_whole);
    assert!(
        serde_json::to_string(&report)
            .expect("JSON")
            .starts_with("{\"schema_version\":\"1.0\"")
    );
}
