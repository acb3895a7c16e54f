//! Planted faults are caught and named; what is not caught says why.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use device_matrix::capability::{
    AccessRight, Confidence, Facts, Item, Key, Kind, Presence, Role, Since, Support, ValueType,
};
use device_matrix::cell::Arrival;
use device_matrix::known::Known;
use device_matrix::platform::SchemaOs;
use device_matrix::version::VersionNumber;
use harness::mutation::compare::Party;
use harness::mutation::fault::{Faults, device_faults, server_faults};
use harness::mutation::generate::{MutationKind, generate};
use harness::mutation::touch::touched;
use harness::mutation::{Fate, Lab, MutationReport, run};
use harness::runner::{DeviceFactory, RunInputs};
use harness::server::ServerUnderTest;
use scenarios::fault::{About, Behavior, Does};

use crate::support::device::FakeFactory;
use crate::support::server::FakeServer;
use crate::support::suite::{cell, setting, world};

fn support(introduced: &str) -> Support {
    Support {
        introduced: Since::Version(introduced.parse().expect("version")),
        deprecated: None,
        removed: None,
        supervised: Known::Known(false),
        requires_dep: false,
        user_approved_mdm: false,
        device_channel: true,
        user_channel: false,
        allow_manual_install: None,
        access_right: AccessRight::None,
        allowed_enrollments: None,
        allowed_scopes: None,
        user_enrollment: Known::Unknown,
        shared_ipad: Known::Known(None),
        multiple: None,
        beta: false,
        confidence: Confidence::Schema,
    }
}

fn item(id: &str, key: &str) -> Item {
    let os = BTreeMap::from([(SchemaOs::Ios, support("4.0"))]);
    Item {
        kind: Kind::Command,
        id: id.to_owned(),
        file: format!("mdm/commands/{}.yaml", id.to_lowercase()),
        os: os.clone(),
        keys: vec![Key {
            path: vec![key.to_owned()],
            role: Role::Payload,
            value_type: ValueType::Integer,
            presence: Presence::Optional,
            placeholder: false,
            enum_value: false,
            parent: None,
            rangelist: Vec::new(),
            range: (None, None),
            repetition: (None, None),
            format: None,
            default: None,
            subtype: None,
            combinetype: None,
            assettypes: Vec::new(),
            recursive: false,
            os,
        }],
        apply: None,
        reasons: Vec::new(),
        related_status_items: Vec::new(),
    }
}

#[derive(Default)]
struct FakeLab {
    latest: Mutex<Arc<FakeServer>>,
}

impl Lab for FakeLab {
    fn devices(&self, fault: Option<&Behavior>) -> Option<Arc<dyn DeviceFactory>> {
        let inert = match fault.map(|fault| (&fault.about, &fault.does)) {
            None => None,
            Some((About::Effect(pointer), Does::Missing)) if pointer == "/settings/camera" => {
                Some("camera")
            }
            Some((_, Does::Set { .. })) => Some("nobody_looks"),
            Some(_) => return None,
        };
        let server = Arc::clone(&self.latest.lock().expect("lock"));
        Some(Arc::new(FakeFactory {
            server,
            blind: false,
            inert,
        }))
    }

    fn server(&self, fault: Option<&Behavior>) -> Option<Arc<dyn ServerUnderTest>> {
        let server = match fault.map(|fault| &fault.does) {
            None => FakeServer::default(),
            Some(Does::Set { .. }) => FakeServer {
                corrupts: Some("Value"),
                ..FakeServer::default()
            },
            Some(Does::Http(_)) => FakeServer {
                dies_after: Some(1),
                ..FakeServer::default()
            },
            Some(_) => return None,
        };
        let server = Arc::new(server);
        *self.latest.lock().expect("lock") = Arc::clone(&server);
        Some(server)
    }
}

fn inputs() -> RunInputs {
    let mut inputs = world(
        FakeServer::default(),
        vec![cell("iPhone1,1", Arrival::Fresh)],
        vec![setting("camera", "camera"), setting("siri", "siri")],
    )
    .inputs;
    let items = vec![
        item("Set", "Value"),
        item("DeviceInformation", "Queries"),
        item("Untouched", "x"),
    ];
    inputs.facts = Arc::new(Facts::new(items, "r1".to_owned(), "2026-10-01".to_owned()));
    inputs.options.retries = 0;
    inputs
}

async fn report() -> MutationReport {
    let inputs = inputs();
    let touched = touched(&inputs.facts, inputs.scenarios.iter(), []);
    let mutations = generate(
        3,
        30,
        &inputs.facts,
        &touched,
        &inputs.plan,
        &device_faults(inputs.scenarios.iter(), false),
        &server_faults(inputs.scenarios.iter()),
    );
    run(&FakeLab::default(), &inputs, &mutations)
        .await
        .expect("a report")
}

#[tokio::test]
async fn planted_faults_are_caught_and_named_rightly() {
    let report = report().await;
    assert_eq!((report.clean_cases, report.clean_completed), (2, 2));
    let find = |id: &str| {
        let found = report.results.iter().find(|result| result.id.contains(id));
        found
            .unwrap_or_else(|| panic!("{id} in {:?}", report.results))
            .clone()
    };
    for (id, subject, party) in [
        ("set.yaml:removed_earlier", "feature-camera", Party::Os),
        (
            "deviceinformation.yaml:introduced_later",
            "feature-camera",
            Party::Os,
        ),
        (
            "device:missing:effect:/settings/camera",
            "feature-camera",
            Party::Os,
        ),
        (
            "server:set:command:Set/Command/Value",
            "feature-camera",
            Party::Product,
        ),
        ("server:http:command:Set", "feature-camera", Party::Product),
    ] {
        let result = find(id);
        match result.outcome {
            Fate::Caught {
                by, named_rightly, ..
            } => {
                assert!(named_rightly, "{id}: {by:?}");
                assert_eq!(
                    (by.subject.as_str(), by.party),
                    (subject, party),
                    "{id}: {by:?}"
                );
            }
            Fate::Survived { reason } => panic!("{id} survived: {reason:?}"),
        }
    }
    assert_eq!(
        find("device:missing:effect:/settings/camera").cases,
        1,
        "only cases that can notice it are run"
    );
}

#[tokio::test]
async fn survivors_say_why() {
    let report = report().await;
    let reason = |id: &str| {
        report
            .results
            .iter()
            .find(|result| result.id.contains(id))
            .and_then(|result| match &result.outcome {
                Fate::Survived { reason } => Some(reason.en.clone()),
                Fate::Caught { .. } => None,
            })
    };
    assert!(
        reason("device:set:command:DeviceInformation")
            .is_some_and(|why| why.contains("behaved the same"))
    );
    assert!(reason("device:refuse:command:Set").is_some_and(|why| why.contains("nobody knows")));
    assert!(reason("type_changed").is_some_and(|why| why.contains("behaved the same")));
}

#[test]
fn only_touched_facts_are_corrupted_and_the_seed_decides() {
    let inputs = inputs();
    let touched = touched(&inputs.facts, inputs.scenarios.iter(), []);
    let draw = |seed| {
        generate(
            seed,
            3,
            &inputs.facts,
            &touched,
            &inputs.plan,
            &Faults::new(),
            &Faults::new(),
        )
    };
    assert_eq!(draw(1), draw(1));
    let all: Vec<_> = (0..20).flat_map(draw).collect();
    assert!(
        all.iter()
            .all(|mutation| mutation.kind == MutationKind::Fact)
    );
    assert!(
        all.iter()
            .all(|mutation| !mutation.id.contains("untouched"))
    );
    assert!(
        all.iter()
            .all(|mutation| !mutation.id.contains("supervision")),
        "every device is supervised"
    );
    let ids: std::collections::BTreeSet<_> =
        all.iter().map(|mutation| mutation.id.as_str()).collect();
    assert!(ids.len() > 3, "{ids:?}");
    assert!(ids.iter().any(|id| id.contains("set.yaml#Value")));
    let next = VersionNumber::new(&[19]).to_string();
    assert!(
        all.iter()
            .any(|mutation| mutation.description.en.ends_with(&next))
    );
}
