//! Data in, verdict out: real data files, the embedded server and virtual devices, honest ones and ones with a planted
//! fault.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use device_matrix::capability::check::check_message;
use device_matrix::capability::{Context, Facts};
use device_matrix::catalog::Catalog;
use device_matrix::diag::Severity;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::matrix::{self, MatrixOptions, Tier};
use device_matrix::model::ModelId;
use device_matrix::selector::Selector;
use harness::device::apple::quirks::Quirks;
use harness::protocol::apple::identity::IdentityIssuer;
use harness::push::PushHub;
use harness::runner::{self, Keep, NoSink, RunHead, RunInputs, RunOptions, VirtualDevices};
use harness::server::clock::Clock;
use harness::server::reference::{ReferenceConfig, ReferenceServer, ServerQuirks};
use harness::step::planned;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use reports::assess::{
    self, AssessInputs, Assessment, FindingKind, ModelView, Outcome, PartState, Party, Subject,
    SuiteView,
};
use reports::evidence::EvidenceDir;
use reports::record::{RunRecord, read_events};
use scenarios::event::DeviceOrigin;
use scenarios::fault::{About, Behavior, Does, LostAfter, Refusal};
use scenarios::plan::{self, Filters};
use scenarios::scenario::{Action, Scenario};
use scenarios::suite::Suite;
use serde_json::json;
use tokio_util::sync::CancellationToken;

const AS_OF: Date = date(2026, 11, 24);
const MOMENT: Timestamp = Timestamp::UNIX_EPOCH;

struct World {
    catalog: Catalog,
    facts: Arc<Facts>,
    suite: Suite,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let matrix = device_matrix::sources::read_sources(&root).expect("files");
    let capability = device_matrix::capability::read_sources(&root).expect("files");
    let suite = scenarios::suite::read_sources(&root).expect("files");
    World {
        catalog: Catalog::load(&matrix).expect("catalog"),
        facts: Arc::new(Facts::load(&capability).expect("facts")),
        suite: Suite::load(&suite).expect("suite"),
    }
});

/// A run: what is asked for, and what is broken.
struct Ask<'a> {
    target: &'a str,
    model: &'a str,
    enrollment: EnrollmentType,
    features: &'a [&'a str],
    planted: Vec<Behavior>,
    scenarios: Vec<Scenario>,
}

impl<'a> Ask<'a> {
    fn honest(target: &'a str, model: &'a str, enrollment: EnrollmentType) -> Self {
        Self {
            target,
            model,
            enrollment,
            features: &[],
            planted: Vec::new(),
            scenarios: WORLD.suite.scenarios.clone(),
        }
    }
}

fn run(ask: Ask<'_>) -> Assessment {
    let world = &*WORLD;
    let target = ask
        .target
        .parse::<Selector>()
        .expect("selector")
        .resolve(&world.catalog, AS_OF)
        .expect("target");
    let options = MatrixOptions {
        tier: Tier::Full,
        models: [ModelId(ask.model.to_owned())].into_iter().collect(),
        enrollments: [ask.enrollment].into_iter().collect(),
        as_of: AS_OF,
    };
    let matrix = matrix::expand(&world.catalog, &target, &options);
    let filters = Filters {
        features: Some(ask.features.iter().map(|id| (*id).to_owned()).collect()),
        ..Filters::default()
    };
    let plan = Arc::new(plan::build(
        ask.target,
        &matrix.cells,
        Vec::new(),
        &world.suite,
        &world.facts,
        &filters,
    ));
    let scenarios: Arc<[Scenario]> = ask.scenarios.into();
    let folder = tempfile::tempdir().expect("folder");
    let issuer = IdentityIssuer::generate().expect("issuer");
    let mut config =
        ReferenceConfig::new(Arc::new(issuer), PushHub::default(), Clock::fixed(MOMENT));
    config.quirks = ServerQuirks::new(ask.planted.iter().cloned());
    let mut devices = VirtualDevices::new(Arc::default(), Duration::from_secs(20));
    devices.quirks = Arc::new(Quirks::new(ask.planted));
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let kept = folder.path().join("run");
    runtime.block_on(async {
        let inputs = RunInputs {
            probes: planned::probes(&plan, &world.facts).into(),
            plan,
            scenarios: scenarios.clone(),
            facts: Arc::clone(&world.facts),
            server: ReferenceServer::embedded(config).expect("server"),
            devices: Arc::new(devices),
            head: RunHead {
                tier: "full".to_owned(),
                filters: BTreeMap::new(),
                as_of: AS_OF.to_string(),
                data: BTreeMap::new(),
            },
            options: RunOptions::usual(1, 2),
            keep: Keep::New(kept.clone()),
            cancel: CancellationToken::new(),
        };
        runner::run(inputs, &mut NoSink).await.expect("run");
    });
    let events = File::open(kept.join("events.jsonl")).expect("record");
    let record = RunRecord::from_events(read_events(BufReader::new(events))).expect("record");
    let check = |subject: &Subject<'_>, context: &Context| -> Vec<String> {
        check_message(
            &world.facts,
            subject.kind,
            subject.id,
            subject.role,
            subject.body,
            context,
        )
        .iter()
        .filter(|violation| violation.what.severity() == Severity::Error)
        .map(|violation| format!("{violation:?}"))
        .collect()
    };
    assess::assess(&AssessInputs {
        record: &record,
        evidence: &EvidenceDir::open(&kept),
        suite: SuiteView {
            features: &world.suite.features,
            scenarios: &scenarios,
        },
        facts: &world.facts,
        models: &ModelView::new(
            world
                .catalog
                .platforms()
                .flat_map(|platform| world.catalog.models(platform))
                .map(AsRef::as_ref),
        ),
        check: &check,
        device_origin: DeviceOrigin::Virtual,
        manual: &[],
    })
    .expect("assessment")
}

/// The one outcome of a scenario on all subject cells.
fn outcome(assessment: &Assessment, scenario: &str) -> Outcome {
    let mut found = assessment
        .cases
        .iter()
        .filter(|case| case.scenario == scenario)
        .map(|case| (case.outcome, case.cell.as_str()));
    let (first, _) = found.next().expect("a case");
    for (other, cell) in found {
        assert_eq!(other, first, "{scenario} on {cell}");
    }
    first
}

#[test]
fn what_a_release_removes_is_told_with_its_part_and_replacement() {
    use EnrollmentType::Ade;
    type Row<'a> = (
        &'a str,
        &'a str,
        &'a str,
        Outcome,
        Option<(&'a str, &'a str)>,
    );
    let rows: [Row<'_>; 8] = [
        ("ios18.7.10", "iPhone17,2", "sync", Outcome::Works, None),
        (
            "ios26.0",
            "iPhone17,2",
            "sync",
            Outcome::WorksWithRestrictions,
            Some(("Cellular data", "ServiceSubscriptions")),
        ),
        (
            "tvos26.6",
            "AppleTV14,1",
            "tvos-update-delay",
            Outcome::Works,
            None,
        ),
        (
            "tvos27.0",
            "AppleTV14,1",
            "tvos-update-delay",
            Outcome::Fails,
            Some((
                "Updates are delayed",
                "com.apple.configuration.softwareupdate.settings",
            )),
        ),
        (
            "ios27.0",
            "iPhone17,2",
            "os-update",
            Outcome::WorksWithRestrictions,
            Some((
                "ScheduleOSUpdate",
                "com.apple.configuration.softwareupdate.enforcement.specific",
            )),
        ),
        (
            "ios27.2-beta",
            "iPhone17,2",
            "os-update",
            Outcome::WorksWithRestrictions,
            Some((
                "ScheduleOSUpdate",
                "com.apple.configuration.softwareupdate.enforcement.specific",
            )),
        ),
        (
            "macos27.0",
            "Mac15,3",
            "os-update",
            Outcome::WorksWithRestrictions,
            Some((
                "ScheduleOSUpdate",
                "com.apple.configuration.softwareupdate.enforcement.specific",
            )),
        ),
        ("macos26.0", "Mac15,3", "os-update", Outcome::Works, None),
    ];
    for (target, model, feature, expected, finding) in rows {
        let features = [feature];
        let assessment = run(Ask {
            features: &features,
            ..Ask::honest(target, model, Ade)
        });
        assert_eq!(
            outcome(&assessment, feature),
            expected,
            "{target} {feature}"
        );
        let told: Vec<_> = assessment
            .findings
            .iter()
            .map(|found| (found.kind, found.fault.party, found.fault.because))
            .collect();
        let Some((part, replacement)) = finding else {
            assert!(told.is_empty(), "{target} {feature}: {told:?}");
            continue;
        };
        let kind = if expected == Outcome::Fails {
            FindingKind::Failure
        } else {
            FindingKind::Restriction
        };
        assert_eq!(
            told,
            [(kind, Party::AsSpecified, "stated_by_source")],
            "{target} {feature}"
        );
        let found = &assessment.findings[0];
        let names = |text: &Option<device_matrix::known::Text>, word: &str| {
            text.as_ref().is_some_and(|text| text.en.contains(word))
        };
        assert!(names(&found.part, part), "{target}: {:?}", found.part);
        assert!(
            names(&found.replacement, replacement),
            "{target}: {:?}",
            found.replacement
        );
    }
}

/// A restriction that needs supervision from iOS 13 on stays in force on a device updated from iOS 12, and can not be
/// set on a fresh one.
#[test]
fn an_updated_device_keeps_what_a_fresh_one_can_not_get() {
    let assessment = run(Ask {
        features: &["sharedipad-user-facetime"],
        ..Ask::honest("ios13.0", "iPhone10,2", EnrollmentType::Profile)
    });
    let told: Vec<_> = assessment
        .arrivals
        .iter()
        .map(|row| (row.feature.as_str(), row.fresh, row.upgraded))
        .collect();
    assert_eq!(
        told,
        [(
            "sharedipad-user-facetime",
            PartState::NotSupported,
            PartState::Works
        )]
    );
    assert!(assessment.findings.is_empty(), "{:?}", assessment.findings);
}

/// One planted fault for each kind of check; the feature beside it stays as it was.
#[test]
fn every_kind_of_check_can_fail() {
    let effect = |does| Behavior::device(About::effect("/restrictions/allowCamera"), does);
    let command = |name: &str, does| Behavior::device(About::command(name), does);
    let rows: [(&str, Behavior, Party); 7] = [
        (
            "status",
            command("InstallProfile", Does::Refuse(Refusal::Error(Vec::new()))),
            Party::Os,
        ),
        (
            "read-back",
            command("ProfileList", Does::drop("/ProfileList")),
            Party::Os,
        ),
        (
            "effect",
            Behavior::device(About::Restriction("allowCamera".to_owned()), Does::Missing),
            Party::Os,
        ),
        (
            "after reboot",
            effect(Does::LostAfter(LostAfter::Reboot)),
            Party::Os,
        ),
        (
            "after update",
            effect(Does::LostAfter(LostAfter::Update)),
            Party::Os,
        ),
        ("undo", effect(Does::Stays), Party::Os),
        (
            "altered by the server",
            Behavior::server(
                About::command("InstallProfile"),
                Does::set("/Command/Payload/PayloadContent/0/allowCamera", json!(true)),
            ),
            Party::Product,
        ),
    ];
    for (kind, behavior, party) in rows {
        let assessment = run(Ask {
            features: &["sharedipad-user-camera", "sync"],
            planted: vec![behavior],
            ..Ask::honest("ios18.1", "iPhone17,2", EnrollmentType::Ade)
        });
        let red = assessment
            .cases
            .iter()
            .filter(|case| case.scenario == "ios-camera" && case.outcome == Outcome::Fails)
            .count();
        let cases = assessment
            .cases
            .iter()
            .filter(|case| case.scenario == "ios-camera")
            .count();
        let expected = if kind == "after update" { 1 } else { cases };
        assert_eq!(red, expected, "{kind}");
        for found in assessment
            .findings
            .iter()
            .filter(|found| found.scenario == "ios-camera")
        {
            assert_eq!(found.fault.party, party, "{kind}: {:?}", found.fault);
        }
        let beside = if kind == "read-back" {
            // The inventory reads the list of profiles too.
            Outcome::WorksWithRestrictions
        } else {
            Outcome::Works
        };
        assert_eq!(outcome(&assessment, "sync"), beside, "{kind}");
    }
}

/// The look at the effect is what catches an effect that is missing; without it nothing is called working either.
#[test]
fn without_its_look_at_the_effect_a_scenario_catches_nothing() {
    let missing = || {
        vec![Behavior::device(
            About::effect("/restrictions/allowCamera"),
            Does::Missing,
        )]
    };
    let honest = Ask::honest("ios18.1", "iPhone17,2", EnrollmentType::Ade);
    let caught = run(Ask {
        features: &["sharedipad-user-camera"],
        planted: missing(),
        ..honest
    });
    assert_eq!(outcome(&caught, "ios-camera"), Outcome::Fails);
    assert!(!caught.findings.is_empty());

    let mut blind = WORLD.suite.scenarios.clone();
    for scenario in blind.iter_mut().filter(|known| known.id.0 == "ios-camera") {
        let looks = |steps: &mut Vec<scenarios::scenario::Step>| {
            steps.retain(|step| step.action != Action::Effect);
        };
        looks(&mut scenario.verify);
        looks(&mut scenario.verify_undone);
    }
    let missed = run(Ask {
        features: &["sharedipad-user-camera"],
        planted: missing(),
        scenarios: blind,
        ..Ask::honest("ios18.1", "iPhone17,2", EnrollmentType::Ade)
    });
    assert_eq!(
        outcome(&missed, "ios-camera"),
        Outcome::NotTested,
        "acknowledged and read back is not working"
    );
    assert!(missed.findings.is_empty(), "{:?}", missed.findings);
}
