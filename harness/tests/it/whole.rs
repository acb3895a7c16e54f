//! Virtual devices, the reference server, real facts and the runner together.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use device_matrix::capability::{Facts, read_sources};
use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::Hardware;
use device_matrix::platform::Platform;
use harness::device::apple::settings::BehaviorSettings;
use harness::device::apple::testing::{model, release};
use harness::mutation::fault::{device_faults, server_faults};
use harness::mutation::generate::generate;
use harness::mutation::lab::ReferenceLab;
use harness::mutation::touch::touched;
use harness::mutation::{Fate, run as mutate};
use harness::protocol::apple::identity::IdentityIssuer;
use harness::push::PushHub;
use harness::runner::{Keep, VirtualDevices};
use harness::server::clock::Clock;
use harness::server::reference::{ReferenceConfig, ReferenceServer};
use harness::step::planned;
use scenarios::event::{Ended, Event, Judged};
use scenarios::plan::{Case, Check};
use scenarios::scenario::{
    Action, ChannelWord, DeviceAction, Matcher, Scenario, ScenarioId, Survives,
};
use serde_json::{Value, json};

use crate::support::server::FakeServer;
use crate::support::suite::{World, acknowledged, command, endings, looks, setting, step, world};

pub(crate) fn facts() -> Arc<Facts> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = read_sources(&root).expect("data");
    Arc::new(Facts::load(&sources).expect("facts"))
}

pub(crate) fn phone(arrival: Arrival) -> Arc<Cell> {
    Arc::new(Cell {
        release: release(Platform::Ios, "18.1", "22B83"),
        model: model(
            "iPhone17,2",
            Platform::Ios,
            &[Hardware::Cellular, Hardware::FaceId],
        ),
        enrollment: EnrollmentType::Ade,
        supervised: true,
        arrival,
        role: Role::Subject,
    })
}

fn scenario(id: &str, apply: Vec<scenarios::scenario::Step>) -> Scenario {
    Scenario {
        id: ScenarioId(id.to_owned()),
        apply,
        verify: Vec::new(),
        undo: Vec::new(),
        verify_undone: Vec::new(),
        ..setting(id, id)
    }
}

pub(crate) fn scenarios() -> Vec<Scenario> {
    let install = Action::InstallProfile {
        identifier: "com.example.camera".to_owned(),
        payloads: vec![json!({"PayloadType": "com.apple.applicationaccess", "allowCamera": false})],
        channel: ChannelWord::Device,
    };
    let mut camera = scenario("camera", vec![step(install, &[acknowledged()])]);
    camera.verify = vec![
        step(
            command("ProfileList", Value::Null),
            &[(
                "/ProfileList/0/PayloadIdentifier",
                Matcher::Equals(json!("com.example.camera")),
            )],
        ),
        step(
            Action::Effect,
            &[("/restrictions/allowCamera", Matcher::Equals(json!(false)))],
        ),
    ];
    camera.undo = vec![step(
        Action::RemoveProfile {
            identifier: "com.example.camera".to_owned(),
            channel: ChannelWord::Device,
        },
        &[acknowledged()],
    )];
    camera.verify_undone = vec![step(
        Action::Effect,
        &[("/restrictions/allowCamera", Matcher::Absent)],
    )];
    camera.survives = Survives {
        reboot: true,
        update: true,
    };
    let declaration = json!({"Type": "com.apple.configuration.passcode.settings", "Identifier": "pc",
        "Payload": {"MinimumLength": 6}});
    let mut declared = scenario(
        "passcode",
        vec![step(
            Action::Declare {
                declarations: vec![declaration],
                channel: ChannelWord::Device,
            },
            &[
                ("/declarations/pc/valid", Matcher::Equals(json!("valid"))),
                ("/declarations/pc/active", Matcher::Equals(json!(true))),
            ],
        )],
    );
    declared.verify = vec![step(
        Action::Effect,
        &[("/passcode/policy", Matcher::NotEmpty)],
    )];
    declared.undo = vec![step(
        Action::Undeclare {
            identifiers: vec!["pc".to_owned()],
            channel: ChannelWord::Device,
        },
        &[("/declarations/pc", Matcher::Absent)],
    )];
    let inventory = scenario(
        "inventory",
        vec![step(
            command(
                "DeviceInformation",
                json!({"Queries": ["OSVersion", "SerialNumber", "ProductName"]}),
            ),
            &[
                ("/QueryResponses/OSVersion", Matcher::Equals(json!("18.1"))),
                (
                    "/QueryResponses/ProductName",
                    Matcher::Equals(json!("iPhone17,2")),
                ),
                ("/QueryResponses/SerialNumber", Matcher::NotEmpty),
            ],
        )],
    );
    let mut lock = scenario(
        "lock",
        vec![step(command("DeviceLock", json!({})), &[acknowledged()])],
    );
    lock.verify = vec![step(
        Action::Effect,
        &[("/lock/locked", Matcher::Equals(json!(true)))],
    )];
    lock.undo = vec![step(Action::Device(DeviceAction::Unlock), &[])];
    let mut erase = scenario(
        "erase",
        vec![step(command("EraseDevice", json!({})), &[acknowledged()])],
    );
    erase.verify = vec![step(
        Action::Effect,
        &[("/erase/erased", Matcher::Equals(json!(true)))],
    )];
    erase.destructive = true;
    vec![camera, declared, inventory, lock, erase]
}

fn lab() -> ReferenceLab {
    let issuer = Arc::new(IdentityIssuer::generate().expect("issuer"));
    ReferenceLab {
        devices: VirtualDevices::new(
            Arc::new(BehaviorSettings::default()),
            Duration::from_secs(5),
        ),
        server: ReferenceConfig::new(
            issuer,
            PushHub::default(),
            Clock::fixed("2026-10-01T00:00:00Z".parse().expect("time")),
        ),
    }
}

fn whole(cells: Vec<Arc<Cell>>, scenarios: Vec<Scenario>) -> (World, ReferenceLab) {
    let mut world = world(FakeServer::default(), cells, scenarios);
    let lab = lab();
    world.inputs.server = ReferenceServer::embedded(lab.server.clone()).expect("server");
    world.inputs.devices = Arc::new(lab.devices.clone());
    world.inputs.facts = facts();
    (world, lab)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_does_what_it_is_told() {
    let cells = vec![
        phone(Arrival::Fresh),
        phone(Arrival::Upgraded {
            from: release(Platform::Ios, "17.7", "21H16"),
        }),
    ];
    let (world, _) = whole(cells, scenarios());
    let (summary, events) = world.run().await;
    assert_eq!((summary.cases_done, summary.blocked), (10, 0));
    let open: Vec<_> = endings(&events)
        .into_iter()
        .filter(|(_, _, ended)| *ended != Ended::Completed)
        .collect();
    assert!(open.is_empty(), "{open:?}");
    let failed: Vec<_> = looks(&events)
        .into_iter()
        .filter(|look| look.3 != Judged::Pass)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    let outlived = looks(&events)
        .iter()
        .filter(|look| look.1 == "verify_after_update")
        .count();
    assert_eq!(outlived, 2, "the profile outlives the update");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_the_same_record_with_real_parts() {
    let base = tempfile::tempdir().expect("a folder");
    let mut lines = Vec::new();
    for name in ["a", "b"] {
        let cells = vec![
            phone(Arrival::Fresh),
            phone(Arrival::Upgraded {
                from: release(Platform::Ios, "17.7", "21H16"),
            }),
        ];
        let (mut world, _) = whole(cells, scenarios());
        let dir = base.path().join(name);
        world.inputs.keep = Keep::New(dir.clone());
        world.run().await;
        let text = std::fs::read_to_string(dir.join("events.jsonl")).expect("events");
        let mut these: Vec<String> = text.lines().map(str::to_owned).collect();
        these.sort();
        lines.push(these);
    }
    for (a, b) in lines[0].iter().zip(&lines[1]) {
        assert_eq!(a, b);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_of_the_plan_are_asked() {
    let (mut world, _) = whole(vec![phone(Arrival::Fresh)], Vec::new());
    let facts = Arc::clone(&world.inputs.facts);
    let plan = Arc::make_mut(&mut world.inputs.plan);
    let (probes, coverage) = scenarios::probe::generate(&plan.cells, &facts);
    plan.probes = probes;
    plan.coverage = coverage;
    plan.cases = (0..plan.probes.len())
        .map(|index| Case {
            cell: 0,
            check: Check::Probe(u32::try_from(index).expect("few")),
        })
        .collect();
    world.inputs.probes = planned::probes(plan, &facts).into();
    let (summary, events) = world.run().await;
    assert_eq!((summary.blocked, summary.bugs), (0, 0));
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for event in &events {
        if let Event::Probed { results, .. } = event {
            for result in results {
                *counts.entry(result.result.clone()).or_default() += 1;
            }
        }
    }
    let all: usize = counts.values().sum();
    assert!(counts["carried"] * 10 > all * 9, "{counts:?}");
    assert!(
        !counts.contains_key("dropped") && !counts.contains_key("not_reached"),
        "{counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutations_are_caught() {
    let cells = vec![
        phone(Arrival::Fresh),
        phone(Arrival::Upgraded {
            from: release(Platform::Ios, "17.7", "21H16"),
        }),
    ];
    let (mut world, lab) = whole(cells, scenarios());
    world.inputs.options.retries = 0;
    let inputs = &world.inputs;
    let touched = touched(&inputs.facts, inputs.scenarios.iter(), []);
    let mutations = generate(
        1,
        10,
        &inputs.facts,
        &touched,
        &inputs.plan,
        &device_faults(inputs.scenarios.iter(), true),
        &server_faults(inputs.scenarios.iter()),
    );
    let report = mutate(&lab, inputs, &mutations).await.expect("a report");
    let survivors: Vec<_> = report
        .results
        .iter()
        .filter(|result| {
            !matches!(
                result.outcome,
                Fate::Caught {
                    named_rightly: true,
                    ..
                }
            )
        })
        .collect();
    assert_eq!(report.results.len(), 30, "ten of each kind");
    assert!(survivors.len() < 4, "{survivors:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bench_measures_every_bar() {
    use harness::bench::plant::{ReferencePlant, TIMEOUT};
    use harness::bench::{BenchOptions, Planned, run};

    let lab = lab();
    let plant = ReferencePlant {
        cell: phone(Arrival::Fresh),
        facts: facts(),
        devices: VirtualDevices::new(Arc::new(BehaviorSettings::default()), TIMEOUT),
        server: lab.server,
        load: Box::new(|| true),
        plan: Box::new(|| {
            Some(Planned {
                cases: 1_000_000,
                took: Duration::from_millis(1),
            })
        }),
    };
    let options = BenchOptions {
        sample: Duration::from_millis(100),
        connections: 16,
        cells: 32,
        cases: 2,
        devices: 100,
        scale: (10, 100),
    };
    let scratch = tempfile::tempdir().expect("a folder");
    let report = run(Some(&plant), options, scratch.path())
        .await
        .expect("a report");
    for bar in &report.bars {
        assert!(bar.met.is_some(), "{bar:?}");
    }
    assert!(report.ceilings.signature_is_whole);
}
