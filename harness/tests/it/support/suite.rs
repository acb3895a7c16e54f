//! Plans and scenarios for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use device_matrix::capability::Facts;
use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::{Known, Text};
use device_matrix::model::{DeviceModel, Hardware, ModelId};
use device_matrix::platform::Platform;
use device_matrix::release::Release;
use device_matrix::version::OsVersion;
use harness::runner::{Keep, RunHead, RunInputs, RunOptions, RunSummary, Sink, run};
use harness::step::rig::Limits;
use scenarios::event::{Ended, Event};
use scenarios::feature::FeatureId;
use scenarios::plan::{Case, Check, Plan};
use scenarios::scenario::{
    Action, ChannelWord, Condition, Look, Matcher, Scenario, ScenarioId, Step, Survives,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::device::FakeFactory;
use super::server::FakeServer;

pub(crate) fn text(text: &str) -> Text {
    Text {
        ja: text.to_owned(),
        en: text.to_owned(),
    }
}

pub(crate) fn release(version: &str) -> Arc<Release> {
    let number: OsVersion = version.parse().expect("version");
    Arc::new(Release {
        platform: Platform::Ios,
        version: number,
        builds: Vec::new(),
        date: Known::Unknown,
        sources: Vec::new(),
    })
}

pub(crate) fn cell(model: &str, arrival: Arrival) -> Arc<Cell> {
    Arc::new(Cell {
        release: release("18.0"),
        model: Arc::new(DeviceModel {
            id: ModelId(model.to_owned()),
            platform: Platform::Ios,
            name: model.to_owned(),
            released: Known::Unknown,
            chip: Known::Unknown,
            hardware: BTreeSet::from([Hardware::Cellular]),
            majors: Vec::new(),
            sources: Vec::new(),
        }),
        enrollment: EnrollmentType::Ade,
        supervised: true,
        arrival,
        role: Role::Subject,
    })
}

pub(crate) fn cells(count: usize) -> Vec<Arc<Cell>> {
    (0..count)
        .map(|n| cell(&format!("iPhone{n},1"), Arrival::Fresh))
        .collect()
}

pub(crate) fn command(request_type: &str, args: Value) -> Action {
    Action::Command {
        request_type: request_type.to_owned(),
        args,
        channel: ChannelWord::Device,
    }
}

pub(crate) fn step(action: Action, looks: &[(&str, Matcher)]) -> Step {
    Step {
        when: Condition::default(),
        action,
        named: None,
        looks: looks
            .iter()
            .map(|(pointer, matcher)| Look {
                part: "whole".to_owned(),
                pointer: (*pointer).to_owned(),
                matcher: matcher.clone(),
            })
            .collect(),
    }
}

pub(crate) fn acknowledged() -> (&'static str, Matcher) {
    ("/Status", Matcher::Equals(json!("Acknowledged")))
}

/// Sets a setting, looks at its effect, unsets it.
pub(crate) fn setting(id: &str, key: &str) -> Scenario {
    let pointer = format!("/settings/{key}");
    let read_back = format!("/Settings/{key}");
    Scenario {
        id: ScenarioId(id.to_owned()),
        feature: FeatureId(format!("feature-{id}")),
        title: text(id),
        applies: Vec::new(),
        destructive: false,
        smoke: true,
        survives: Survives::default(),
        parts: Vec::new(),
        apply: vec![step(
            command("Set", json!({"Key": key, "Value": 1})),
            &[acknowledged()],
        )],
        verify: vec![
            step(
                command("DeviceInformation", Value::Null),
                &[(read_back.as_str(), Matcher::Equals(json!(1)))],
            ),
            step(
                Action::Effect,
                &[(pointer.as_str(), Matcher::Equals(json!(1.0)))],
            ),
        ],
        undo: vec![step(
            command("Unset", json!({"Key": key})),
            &[acknowledged()],
        )],
        verify_undone: vec![step(Action::Effect, &[(pointer.as_str(), Matcher::Absent)])],
    }
}

/// One command that is looked at.
pub(crate) fn asking(id: &str, request_type: &str) -> Scenario {
    Scenario {
        apply: vec![step(command(request_type, Value::Null), &[acknowledged()])],
        verify: Vec::new(),
        undo: Vec::new(),
        verify_undone: Vec::new(),
        ..setting(id, id)
    }
}

pub(crate) struct World {
    pub(crate) server: Arc<FakeServer>,
    pub(crate) inputs: RunInputs,
}

/// Every scenario on every cell.
pub(crate) fn world(server: FakeServer, cells: Vec<Arc<Cell>>, scenarios: Vec<Scenario>) -> World {
    let server = Arc::new(server);
    let cases = (0..cells.len())
        .flat_map(|cell| {
            (0..scenarios.len()).map(move |check| Case {
                cell: u32::try_from(cell).expect("few cells"),
                check: Check::Scenario(u32::try_from(check).expect("few scenarios")),
            })
        })
        .collect();
    let plan = Plan {
        target: "ios18".to_owned(),
        cells,
        cases,
        probes: Vec::new(),
        coverage: Vec::new(),
        skips: Vec::new(),
    };
    let short = Duration::from_millis(500);
    World {
        inputs: RunInputs {
            plan: Arc::new(plan),
            scenarios: scenarios.into(),
            probes: Vec::new().into(),
            facts: Arc::new(Facts::default()),
            devices: Arc::new(FakeFactory {
                server: Arc::clone(&server),
                blind: false,
                inert: None,
            }),
            server: Arc::clone(&server) as _,
            head: RunHead {
                tier: "smoke".to_owned(),
                filters: BTreeMap::new(),
                as_of: "2026-10-01".to_owned(),
                data: BTreeMap::new(),
            },
            options: RunOptions {
                seed: 7,
                nonce: None,
                jobs: 8,
                retries: 2,
                limits: Limits {
                    server: short,
                    push: short,
                    session: short,
                    result: short,
                    settle: short,
                },
            },
            keep: Keep::Nothing,
            cancel: CancellationToken::new(),
        },
        server,
    }
}

/// Keeps every event, and may interrupt.
#[derive(Clone, Default)]
pub(crate) struct Heard {
    pub(crate) events: Arc<Mutex<Vec<Event>>>,
    pub(crate) cancel_after: Option<(usize, CancellationToken)>,
}

impl Sink for Heard {
    fn event(&mut self, event: &Event) {
        let mut events = self.events.lock().expect("lock");
        events.push(event.clone());
        let ended = events
            .iter()
            .filter(|event| matches!(event, Event::CaseEnded { .. }))
            .count();
        if let Some((limit, token)) = &self.cancel_after
            && ended >= *limit
        {
            token.cancel();
        }
    }
}

impl World {
    pub(crate) async fn run(&self) -> (RunSummary, Vec<Event>) {
        let mut heard = Heard::default();
        let summary = run(self.inputs.clone(), &mut heard)
            .await
            .expect("a record");
        let events = heard.events.lock().expect("lock").clone();
        (summary, events)
    }

    pub(crate) fn keep(mut self, dir: &Path) -> Self {
        self.inputs.keep = Keep::New(dir.to_owned());
        self
    }
}

/// Case, attempt and how it ended, sorted.
pub(crate) fn endings(events: &[Event]) -> Vec<(String, u32, Ended)> {
    let mut endings: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::CaseEnded {
                case,
                attempt,
                ended,
                ..
            } => Some((case.clone(), *attempt, ended.clone())),
            _ => None,
        })
        .collect();
    endings.sort_by(|left, right| (&left.0, left.1).cmp(&(&right.0, right.1)));
    endings
}

/// Phase, part of the pointer and judgment of every look.
pub(crate) fn looks(events: &[Event]) -> Vec<(u32, String, String, scenarios::event::Judged)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Looked {
                attempt,
                phase,
                pointer,
                judged,
                ..
            } => Some((*attempt, phase.clone(), pointer.clone(), *judged)),
            _ => None,
        })
        .collect()
}
