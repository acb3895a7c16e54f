//! What a run sees is what was there.

use std::sync::Arc;

use device_matrix::cell::Arrival;
use harness::runner::{DeviceFactory, Keep};
use harness::step::probe::{ProbeRequest, ProbeSource};
use scenarios::event::{Author, Ended, Event, Judged, LookKind};
use scenarios::plan::{Case, Check};
use scenarios::probe::Trace;
use scenarios::scenario::{Action, ChannelWord, Expectation, Matcher, Part, Specified};
use serde_json::{Value, json};

use crate::support::device::FakeFactory;
use crate::support::server::FakeServer;
use crate::support::suite::{
    acknowledged, asking, cell, cells, command, endings, looks, release, setting, step, text, world,
};

#[tokio::test]
async fn a_scenario_runs_in_its_phases_and_every_look_is_recorded() {
    let mut scenario = setting("camera", "camera");
    scenario.survives.reboot = true;
    let (summary, events) = world(FakeServer::default(), cells(1), vec![scenario])
        .run()
        .await;
    let phases: Vec<_> = looks(&events)
        .into_iter()
        .map(|(_, phase, pointer, _)| (phase, pointer))
        .collect();
    let expected = [
        ("apply", "/Status"),
        ("verify", "/Settings/camera"),
        ("verify", "/settings/camera"),
        ("verify_after_reboot", "/Settings/camera"),
        ("verify_after_reboot", "/settings/camera"),
        ("undo", "/Status"),
        ("verify_undone", "/settings/camera"),
    ];
    assert_eq!(
        phases,
        expected.map(|(phase, pointer)| (phase.to_owned(), pointer.to_owned()))
    );
    assert!(looks(&events).iter().all(|look| look.3 == Judged::Pass));
    let kinds: Vec<LookKind> = events
        .iter()
        .filter_map(|event| match event {
            Event::Looked { kind, .. } => Some(*kind),
            _ => None,
        })
        .collect();
    assert_eq!(
        kinds[..3],
        [LookKind::Status, LookKind::ReadBack, LookKind::Effect]
    );
    assert_eq!(summary.cases_done, 1);
    assert!(matches!(
        events.last(),
        Some(Event::RunFinished { cases_done: 1, .. })
    ));
}

#[tokio::test]
async fn acknowledged_and_read_back_do_not_hide_a_missing_effect() {
    let mut world = world(
        FakeServer::default(),
        cells(1),
        vec![setting("camera", "camera")],
    );
    world.inputs.devices = Arc::new(FakeFactory {
        server: Arc::clone(&world.server),
        blind: false,
        inert: Some("camera"),
    });
    let (_, events) = world.run().await;
    let verify: Vec<_> = looks(&events)
        .into_iter()
        .filter(|look| look.1 == "verify" && look.0 == 1)
        .collect();
    assert_eq!(verify[0].3, Judged::Pass, "the read-back says yes");
    assert_eq!(verify[1].3, Judged::Fail, "the effect says no");
}

#[tokio::test]
async fn an_effect_that_cannot_be_seen_is_unseen_and_neither_good_nor_bad() {
    let mut world = world(
        FakeServer::default(),
        cells(1),
        vec![setting("camera", "camera")],
    );
    world.inputs.devices = Arc::new(FakeFactory {
        server: Arc::clone(&world.server),
        blind: true,
        inert: None,
    });
    let (_, events) = world.run().await;
    let effects: Vec<_> = looks(&events)
        .into_iter()
        .filter(|look| look.2 == "/settings/camera")
        .collect();
    assert_eq!(effects.len(), 2);
    assert!(
        effects.iter().all(|look| look.3 == Judged::Unseen),
        "{effects:?}"
    );
    assert_eq!(
        endings(&events).len(),
        1,
        "nothing failed, so nothing is repeated"
    );
}

#[tokio::test]
async fn a_flaky_case_is_told_from_a_failing_one() {
    let scenarios = vec![asking("flaky", "Stumble"), asking("failing", "Refuse")];
    let (_, events) = world(FakeServer::default(), cells(1), scenarios)
        .run()
        .await;
    let judged: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Looked {
                case,
                attempt,
                judged,
                ..
            } => Some((
                case.split('@').next().unwrap_or_default().to_owned(),
                *attempt,
                *judged,
            )),
            _ => None,
        })
        .collect();
    let expected = [
        ("flaky", 1, Judged::Fail),
        ("flaky", 2, Judged::Pass),
        // Every attempt is taken once one has failed: how many of how many is what tells flaky from failing.
        ("flaky", 3, Judged::Pass),
        ("failing", 1, Judged::Fail),
        ("failing", 2, Judged::Fail),
        ("failing", 3, Judged::Fail),
    ];
    assert_eq!(
        judged,
        expected.map(|(case, attempt, judged)| (case.to_owned(), attempt, judged))
    );
    assert!(
        endings(&events)
            .iter()
            .all(|(_, _, ended)| *ended == Ended::Completed)
    );
}

#[tokio::test]
async fn a_look_that_must_fail_is_not_repeated() {
    let mut scenario = asking("lost", "Refuse");
    scenario.parts = vec![Part {
        id: "whole".to_owned(),
        name: text("whole"),
        essential: true,
        expectations: vec![Expectation {
            when: scenarios::scenario::Condition::default(),
            specified: Specified::Lost,
            source: "release notes".to_owned(),
            reason: None,
            replacement: None,
        }],
    }];
    let (_, events) = world(FakeServer::default(), cells(1), vec![scenario])
        .run()
        .await;
    assert_eq!(endings(&events).len(), 1);
}

#[tokio::test]
async fn an_update_that_takes_something_away_is_seen() {
    let upgraded = cell(
        "iPhone1,1",
        Arrival::Upgraded {
            from: release("17.7"),
        },
    );
    let mut kept = setting("kept", "kept");
    kept.survives.update = true;
    let mut lost = setting("lost", "lost_by_update");
    lost.survives.update = true;
    let (_, events) = world(FakeServer::default(), vec![upgraded], vec![kept, lost])
        .run()
        .await;
    let after: Vec<_> = looks(&events)
        .into_iter()
        .filter(|look| {
            look.0 == 1 && look.1 == "verify_after_update" && look.2.starts_with("/settings")
        })
        .map(|look| (look.2, look.3))
        .collect();
    assert_eq!(
        after,
        [
            ("/settings/kept".to_owned(), Judged::Pass),
            ("/settings/lost_by_update".to_owned(), Judged::Fail)
        ]
    );
    let fresh = looks(&events)
        .into_iter()
        .filter(|look| look.0 == 1 && look.1 == "verify")
        .all(|look| look.3 == Judged::Pass);
    assert!(fresh, "on the new release it can be set again");
    let attempts: Vec<_> = endings(&events)
        .into_iter()
        .map(|(case, attempt, _)| (case, attempt))
        .collect();
    assert_eq!(
        attempts.len(),
        4,
        "the loss is repeated on devices of their own: {attempts:?}"
    );
}

#[tokio::test]
async fn what_the_server_changes_on_the_way_is_the_servers() {
    let base = tempfile::tempdir().expect("a folder");
    let server = FakeServer {
        corrupts: Some("Value"),
        ..FakeServer::default()
    };
    let world = world(server, cells(1), vec![setting("camera", "camera")]).keep(base.path());
    let (_, events) = world.run().await;
    let sha = events
        .iter()
        .find_map(|event| match event {
            Event::CaseEnded { evidence, .. } => Some(evidence.clone()),
            _ => None,
        })
        .expect("an ending");
    let transcript = harness::record::reader::evidence(base.path(), &sha).expect("evidence");
    let altered: Vec<_> = transcript
        .messages
        .iter()
        .filter(|message| message.handed_in.is_some())
        .collect();
    assert_eq!(altered.len(), 1);
    let value = serde_json::to_value(&transcript).expect("JSON");
    let sealed = harness::record::evidence::Evidence::of(&transcript);
    assert_eq!(sealed.bytes, harness::record::evidence::canonical(&value));
    assert_eq!(altered[0].author, Author::Product);
    assert_eq!(
        altered[0].body.pointer("/Command/Value"),
        Some(&json!("corrupted"))
    );
    assert_eq!(
        altered[0]
            .handed_in
            .as_ref()
            .and_then(|body| body.pointer("/Command/Value")),
        Some(&json!(1))
    );
    let carried = transcript
        .messages
        .iter()
        .any(|message| message.author == Author::Harness && message.what == "command");
    assert!(carried, "what arrived as it was handed in is ours");
}

#[tokio::test]
async fn declarations_get_an_activation_and_go_again() {
    let mut scenario = setting("declared", "declared");
    let declaration = json!({"Type": "com.apple.configuration.passcode.settings", "Identifier": "pc", "Payload": {}});
    scenario.apply = vec![step(
        Action::Declare {
            declarations: vec![declaration],
            channel: ChannelWord::Device,
        },
        &[
            ("/declarations/pc/valid", Matcher::Equals(json!("valid"))),
            (
                "/declarations/pc.activation/active",
                Matcher::Equals(json!(true)),
            ),
        ],
    )];
    scenario.verify = Vec::new();
    scenario.undo = vec![step(
        Action::Undeclare {
            identifiers: vec!["pc".to_owned()],
            channel: ChannelWord::Device,
        },
        &[
            ("/declarations/pc", Matcher::Absent),
            ("/declarations/pc.activation", Matcher::Absent),
        ],
    )];
    scenario.verify_undone = Vec::new();
    let (_, events) = world(FakeServer::default(), cells(1), vec![scenario])
        .run()
        .await;
    assert_eq!(looks(&events).len(), 4);
    assert!(
        looks(&events).iter().all(|look| look.3 == Judged::Pass),
        "{:?}",
        looks(&events)
    );
}

#[tokio::test]
async fn a_device_that_says_not_now_is_seen_saying_it() {
    let mut scenario = asking("later", "Later");
    scenario.apply[0].looks[0].matcher = Matcher::Equals(json!("NotNow"));
    let (_, events) = world(FakeServer::default(), cells(1), vec![scenario])
        .run()
        .await;
    assert_eq!(looks(&events)[0].3, Judged::Pass);
}

#[tokio::test]
async fn without_pushes_devices_poll() {
    let server = FakeServer {
        polls: true,
        ..FakeServer::default()
    };
    let (summary, events) = world(server, cells(1), vec![setting("camera", "camera")])
        .run()
        .await;
    assert_eq!(summary.blocked, 0);
    assert!(looks(&events).iter().all(|look| look.3 == Judged::Pass));
}

#[tokio::test]
async fn a_case_that_ruins_its_device_leaves_the_next_one_a_new_device() {
    let scenarios = vec![setting("sticky", "sticky"), setting("camera", "camera")];
    let mut world = world(FakeServer::default(), cells(1), scenarios);
    world.inputs.options.retries = 0;
    let (_, events) = world.run().await;
    let enrolled = events
        .iter()
        .filter(|event| matches!(event, Event::CellEnrolled { .. }))
        .count();
    assert_eq!(
        enrolled, 2,
        "the record says that another device was enrolled"
    );
    let camera = events.iter().all(|event| match event {
        Event::Looked { case, judged, .. } if case.starts_with("camera@") => {
            *judged == Judged::Pass
        }
        _ => true,
    });
    assert!(camera);
}

#[tokio::test]
async fn undo_is_tried_after_a_failure() {
    let mut scenario = setting("camera", "camera");
    scenario
        .apply
        .push(step(command("Refuse", Value::Null), &[acknowledged()]));
    let (_, events) = world(FakeServer::default(), cells(1), vec![scenario])
        .run()
        .await;
    let undone = looks(&events)
        .into_iter()
        .filter(|look| look.1 == "verify_undone")
        .collect::<Vec<_>>();
    assert_eq!(undone.len(), 3, "once an attempt");
    assert!(undone.iter().all(|look| look.3 == Judged::Pass));
}

#[tokio::test]
async fn a_destructive_case_has_a_device_of_its_own() {
    let mut scenario = setting("wipe", "wiped");
    scenario.destructive = true;
    scenario.undo = Vec::new();
    scenario.verify_undone = Vec::new();
    let base = tempfile::tempdir().expect("a folder");
    let mut world = world(
        FakeServer::default(),
        cells(1),
        vec![setting("camera", "camera"), scenario],
    );
    world.inputs.keep = Keep::New(base.path().to_owned());
    let (_, events) = world.run().await;
    assert_eq!(
        world
            .server
            .enrollments
            .load(std::sync::atomic::Ordering::SeqCst),
        2
    );
    let sha = events
        .iter()
        .find_map(|event| match event {
            Event::CaseEnded { case, evidence, .. } if case.starts_with("wipe@") => {
                Some(evidence.clone())
            }
            _ => None,
        })
        .expect("an ending");
    let transcript = harness::record::reader::evidence(base.path(), &sha).expect("evidence");
    assert_eq!(transcript.messages[0].phase, "enrollment");
}

struct Batch;

impl ProbeSource for Batch {
    fn class(&self) -> &'static str {
        "command/queries"
    }

    fn capabilities(&self) -> Vec<String> {
        ["good1", "bad1", "good2", "mute", "good3", "bad2"]
            .map(|key| format!("batch.yaml#{key}"))
            .to_vec()
    }

    fn request(&self, chosen: &[usize]) -> Option<ProbeRequest> {
        let names = self.capabilities();
        let keys: Vec<_> = chosen
            .iter()
            .filter_map(|position| names[*position].split('#').nth(1))
            .collect();
        Some(ProbeRequest {
            action: command("Batch", json!({ "Keys": keys, "Value": 1 })),
            traces: keys
                .iter()
                .map(|key| Trace::InAnswer(format!("/Answers/{key}")))
                .collect(),
            undo: None,
        })
    }
}

async fn probe(server: FakeServer) -> Vec<(String, String)> {
    let mut world = world(server, cells(1), Vec::new());
    let plan = Arc::make_mut(&mut world.inputs.plan);
    plan.cases = vec![Case {
        cell: 0,
        check: Check::Probe(0),
    }];
    world.inputs.probes = vec![Arc::new(Batch) as Arc<dyn ProbeSource>].into();
    let (_, events) = world.run().await;
    events
        .into_iter()
        .find_map(|event| match event {
            Event::Probed { case, results, .. } => {
                assert!(case.starts_with("probe:command/queries@"));
                Some(results)
            }
            _ => None,
        })
        .expect("results")
        .into_iter()
        .map(|result| (result.capability, result.result))
        .collect()
}

#[tokio::test]
async fn a_probe_tells_every_capability_of_a_batch_apart() {
    let results = probe(FakeServer::default()).await;
    let words: Vec<&str> = results.iter().map(|(_, result)| result.as_str()).collect();
    assert_eq!(
        words,
        [
            "carried",
            "refused",
            "carried",
            "no_effect",
            "carried",
            "refused"
        ]
    );
}

#[tokio::test]
async fn a_probe_sees_what_the_server_does_not_carry() {
    let results = probe(FakeServer {
        corrupts: Some("Value"),
        ..FakeServer::default()
    })
    .await;
    assert!(
        results.iter().all(|(_, result)| result == "dropped"),
        "{results:?}"
    );
}

#[test]
fn the_factory_is_an_object() {
    fn takes(_: Option<Arc<dyn DeviceFactory>>) {}
    takes(None);
}
