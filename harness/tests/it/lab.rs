//! A real device as the harness meets it: a virtual one that plays it in a task of its own, enrolled before the run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use harness::device::apple::settings::BehaviorSettings;
use harness::device::lab::{LabSpec, Safety};
use harness::protocol::apple::identity::IdentityIssuer;
use harness::push::PushHub;
use harness::runner::{DeviceFactory, DeviceOrder, LabDevices, VirtualDevices};
use harness::server::clock::Clock;
use harness::server::reference::{ReferenceConfig, ReferenceServer};
use harness::server::{EnrollmentRequest, ServerUnderTest};
use scenarios::event::{DeviceOrigin, Ended, Event, Judged};
use scenarios::scenario::ChannelWord;

use crate::support::server::FakeServer;
use crate::support::suite::{endings, looks, world};
use crate::whole::{facts, phone, scenarios};

/// Runs all scenarios on the lab device, whose list allows these dangerous commands; `away` is a device that is off.
async fn run(allow: &[&str], away: bool) -> Vec<Event> {
    let issuer = Arc::new(IdentityIssuer::generate().expect("issuer"));
    let clock = Clock::fixed(jiff::Timestamp::UNIX_EPOCH);
    let config = ReferenceConfig::new(issuer, PushHub::default(), clock);
    let server: Arc<dyn ServerUnderTest> = ReferenceServer::embedded(config).expect("server");
    let cell = phone(device_matrix::cell::Arrival::Fresh);
    let patience = Duration::from_secs(5);
    let devices = VirtualDevices::new(Arc::new(BehaviorSettings::default()), patience);
    let mut real = devices
        .make(&DeviceOrder {
            cell: Arc::clone(&cell),
            release: Arc::clone(&cell.release),
            seed: [7; 32],
            facts: facts(),
        })
        .expect("device");
    let id = real.enrollment_id(ChannelWord::Device);
    let request = EnrollmentRequest {
        id: id.clone(),
        kind: cell.enrollment,
        identity: 900,
    };
    let grant = server.prepare_enrollment(&request).await.expect("grant");
    real.enroll_by(&grant).await.expect("enrolled");
    let playing = tokio::spawn(async move {
        if away {
            return;
        }
        loop {
            if real.woken(Duration::from_millis(200)).await {
                real.session(ChannelWord::Device).await.expect("a session");
            }
        }
    });
    let spec = LabSpec {
        name: "shelf 3".to_owned(),
        enrollment: id.0,
        user: None,
        safety: Safety {
            allow: allow.iter().map(|name| (*name).to_owned()).collect(),
            only: Vec::new(),
        },
        patience: if away {
            Duration::from_millis(50)
        } else {
            patience
        },
    };
    let lab = BTreeMap::from([(cell.id(), Arc::new(spec))]);
    let mut world = world(FakeServer::default(), vec![cell], scenarios());
    world.inputs.server = server;
    world.inputs.facts = facts();
    world.inputs.devices = Arc::new(LabDevices::new(lab, Arc::new(devices)));
    let (_, events) = world.run().await;
    playing.abort();
    events
}

/// The word with which the last attempt of a case ended.
fn ended(events: &[Event], scenario: &str) -> String {
    let ended = endings(events);
    let (_, _, ended) = ended
        .iter()
        .rfind(|(case, _, _)| case.starts_with(scenario))
        .expect("the case");
    match ended {
        Ended::Completed => "completed".to_owned(),
        Ended::Blocked { reason, .. } => reason.clone(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_lab_device_is_driven_and_its_effects_stay_unseen() {
    let events = run(&[], false).await;
    let Some(Event::RunStarted { cells, .. }) = events.first() else {
        panic!("no head");
    };
    assert_eq!(cells[0].device, DeviceOrigin::Device);
    for scenario in ["camera", "passcode", "inventory"] {
        assert_eq!(ended(&events, scenario), "completed", "{scenario}");
    }
    let looks = looks(&events);
    assert!(!looks.is_empty());
    for (_, phase, pointer, judged) in &looks {
        let effect = pointer == "/restrictions/allowCamera" || pointer == "/passcode/policy";
        let wanted = if effect { Judged::Unseen } else { Judged::Pass };
        assert_eq!(*judged, wanted, "{phase} {pointer}");
    }
    assert!(
        looks.iter().all(|look| look.1 != "verify_after_reboot"),
        "nobody restarts it from here"
    );
}

#[tokio::test]
async fn nothing_dangerous_is_sent_unless_the_list_names_it() {
    let events = run(&[], false).await;
    assert_eq!(ended(&events, "lock"), "lab_safety");
    assert_eq!(ended(&events, "erase"), "lab_safety");
    let events = run(&["DeviceLock"], false).await;
    assert_eq!(
        ended(&events, "lock"),
        "needs_person",
        "somebody must unlock it"
    );
    assert_eq!(ended(&events, "erase"), "lab_safety");
}

#[tokio::test]
async fn a_device_that_is_off_is_no_fault_of_anybody() {
    let events = run(&[], true).await;
    for scenario in ["camera", "passcode", "inventory"] {
        assert_eq!(ended(&events, scenario), "no_answer_in_time", "{scenario}");
    }
}
