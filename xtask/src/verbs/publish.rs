//! From a recorded run to its assessment and its published documents. Pure but for reading and writing files.

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use device_matrix::calendar::{self, DueState};
use device_matrix::capability::check::{Violation, Wrong, check_message};
use device_matrix::capability::features::{FeatureChange, Range, features};
use device_matrix::capability::{self};
use device_matrix::diag::Severity;
use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::release::Release;
use device_matrix::runs::Runs;
use device_matrix::selector::Target;
use device_matrix::version::Stage;
use harness::device::apple::settings::BehaviorSettings;
use jiff::civil::Date;
use reports::assess::{self, AssessError, AssessInputs, Assessment, ModelView, Subject, SuiteView};
use reports::evidence::{Evidence, EvidenceDir};
use reports::manual::{self, Statement};
use reports::record::{RunRecord, read_events};
use reports::register::{Obtained, ObtainedSource};
use reports::render;
use reports::report::{
    self, DueView, Guidance, ItemChange, ItemView, ReleaseView, ReportInputs, ReportModel,
};
use reports::sign::Signoffs;
use reports::vendor::Lang as PageLang;
use scenarios::event::DeviceOrigin;
use scenarios::scenario::Scenario;

use super::wanted::DELIVERED;
use crate::data::Data;
use crate::exit::{Exit, Stop};

/// Name of the sign-off file beside a record.
pub(crate) const SIGNOFF: &str = "signoff.json";

/// A run with what it means.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) assessment: Assessment,
    pub(crate) model: ReportModel,
    /// The page to open first.
    pub(crate) page: PathBuf,
}

/// A run as recorded, with its evidence and what follows from it alone.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) record: RunRecord,
    pub(crate) evidence: EvidenceDir,
    pub(crate) assessment: Assessment,
}

/// Reads and assesses the record in `run`, without what people have decided.
pub(crate) fn recorded(run: &Path, data: &Data) -> Result<Recorded, Stop> {
    let events = run.join("events.jsonl");
    let file = fs::File::open(&events).map_err(|error| {
        Stop::usage(format!(
            "{}: {error}; name the folder of a recorded run, such as one below runs/",
            events.display()
        ))
    })?;
    let bad = |error: &dyn std::fmt::Display| {
        Stop::new(Exit::BadData, format!("{}: {error}", events.display()))
    };
    let record =
        RunRecord::from_events(read_events(BufReader::new(file))).map_err(|error| bad(&error))?;
    let evidence = EvidenceDir::open(run);
    let manual = read_manual(run)?;
    let scenarios = &data.suite.scenarios;
    let assessment =
        assess_record(&record, &evidence, data, scenarios, &manual).map_err(|error| bad(&error))?;
    Ok(Recorded {
        record,
        evidence,
        assessment,
    })
}

/// Assesses the record in `run` and builds its report as of `as_of` (the run's own date when absent).
pub(crate) fn assess(
    run: &Path,
    data: &Data,
    as_of: Option<Date>,
) -> Result<(Assessment, ReportModel), Stop> {
    assess_against(run, data, as_of, None)
}

/// The same, compared with another recorded run.
pub(crate) fn assess_against(
    run: &Path,
    data: &Data,
    as_of: Option<Date>,
    against: Option<&Path>,
) -> Result<(Assessment, ReportModel), Stop> {
    let bad = |error: &dyn std::fmt::Display| {
        Stop::new(Exit::BadData, format!("{}: {error}", run.display()))
    };
    let Recorded {
        record,
        evidence,
        assessment,
    } = recorded(run, data)?;
    let as_of = match as_of {
        Some(given) => given,
        None => record.head.as_of.parse().map_err(|error| bad(&error))?,
    };
    let mut assessment = assessment
        .with_baselines(&record, &evidence, &data.baselines)
        .map_err(|error| bad(&format!("a baseline can not be read: {error}")))?
        .with_known_issues(&data.known_issues, as_of);
    if let Some(other) = against {
        let other = recorded(other, data)?;
        assessment = assessment.with_against(&evidence, &other.assessment, &other.evidence);
    }
    let target = target_of(&record, data)?;
    // A new device is acquired when it is delivered, whatever day its release came out.
    let delivered = match record.head.filters.get(DELIVERED) {
        None => None,
        Some(text) => Some(text.parse::<Date>().map_err(|error| bad(&error))?),
    };
    let releases: Vec<ReleaseView> = target
        .releases
        .iter()
        .map(|release| release_view(release, data, as_of, delivered))
        .collect();
    let items = items(&target, data);
    let guidance = guidance(&target, data);
    let assumptions = super::assumptions::texts(&BehaviorSettings::default());
    let signoffs = read_signoffs(run)?;
    let model = report::build(
        &assessment,
        &ReportInputs {
            vendor: &data.vendor,
            product_build: None,
            releases: &releases,
            items: &items,
            guidance: &guidance,
            limits: &assumptions,
            signoffs: &signoffs,
            as_of,
            evidence_base: "evidence/",
        },
    );
    Ok((assessment, model))
}

/// What people said of a run; nobody yet is not an error.
pub(crate) fn read_manual(run: &Path) -> Result<Vec<Statement>, Stop> {
    let path = run.join(manual::FILE);
    match read_bounded(&path, manual::MAX_BYTES) {
        Ok(text) => manual::read(&text)
            .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Stop::io(&path, &error)),
    }
}

/// The text of a file that is not larger than it may be.
pub(crate) fn read_bounded(path: &Path, most: u64) -> std::io::Result<String> {
    let length = fs::metadata(path)?.len();
    if length > most {
        return Err(std::io::Error::other(format!(
            "it has {length} bytes; at most {most} are read"
        )));
    }
    fs::read_to_string(path)
}

/// What a record means by these data.
pub(crate) fn assess_record(
    record: &RunRecord,
    evidence: &dyn Evidence,
    data: &Data,
    scenarios: &[Scenario],
    manual: &[Statement],
) -> Result<Assessment, AssessError> {
    let facts_say = |subject: &Subject<'_>, context: &capability::Context| {
        check_message(
            &data.facts,
            subject.kind,
            subject.id,
            subject.role,
            subject.body,
            context,
        )
        .iter()
        .filter(|violation| violation.what.severity() == Severity::Error)
        .map(words)
        .collect()
    };
    let models = ModelView::new(
        data.catalog
            .platforms()
            .flat_map(|platform| data.catalog.models(platform))
            .map(AsRef::as_ref),
    );
    assess::assess(&AssessInputs {
        record,
        evidence,
        suite: SuiteView {
            features: &data.suite.features,
            scenarios,
        },
        facts: &data.facts,
        models: &models,
        check: &facts_say,
        device_origin: DeviceOrigin::Virtual,
        manual,
    })
}

/// Writes every form of the report beside the record.
pub(crate) fn write(
    run: &Path,
    assessment: Assessment,
    model: ReportModel,
) -> Result<Published, Stop> {
    let bug = |error: render::RenderError| {
        Stop::new(
            Exit::Bug,
            format!("the report could not be rendered: {error}"),
        )
    };
    let documents = [
        ("report.html", render::html(&model).map_err(bug)?),
        (
            "report.ja.md",
            render::markdown_in(&model, PageLang::Ja).map_err(bug)?,
        ),
        (
            "report.en.md",
            render::markdown_in(&model, PageLang::En).map_err(bug)?,
        ),
        ("report.json", render::json(&model).map_err(bug)?),
        ("junit.xml", render::junit(&assessment).map_err(bug)?),
        ("assessment.json", assess::published::to_json(&assessment)),
    ];
    EvidenceDir::open(run)
        .unpack(model.linked())
        .map_err(|error| Stop::io(run, &error))?;
    for (name, text) in &documents {
        let path = run.join(name);
        fs::write(&path, text).map_err(|error| Stop::io(&path, &error))?;
    }
    Ok(Published {
        assessment,
        model,
        page: run.join("report.html"),
    })
}

/// The sign-offs beside a record; none yet is not an error.
pub(crate) fn read_signoffs(run: &Path) -> Result<Signoffs, Stop> {
    let path = run.join(SIGNOFF);
    match fs::read_to_string(&path) {
        Ok(text) => Signoffs::from_json(&text)
            .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Signoffs::default()),
        Err(error) => Err(Stop::io(&path, &error)),
    }
}

fn words(violation: &Violation) -> String {
    let what = match &violation.what {
        Wrong::NotApplicable(why) => why.to_string(),
        other => other.as_str().to_owned(),
    };
    if violation.path.is_empty() {
        what
    } else {
        format!("{}: {what}", violation.path)
    }
}

/// The target of the run, looked up on the run's own date.
fn target_of(record: &RunRecord, data: &Data) -> Result<Target, Stop> {
    use device_matrix::selector::Selector;
    let bad = |error: &dyn std::fmt::Display| {
        Stop::new(
            Exit::BadData,
            format!(
                "the record's target `{}` is not in the data any more: {error}",
                record.head.target
            ),
        )
    };
    let as_of: Date = record.head.as_of.parse().map_err(|error| bad(&error))?;
    record
        .head
        .target
        .parse::<Selector>()
        .and_then(|selector| selector.resolve(&data.catalog, as_of))
        .map_err(|error| bad(&error))
}

fn release_view(
    release: &Release,
    data: &Data,
    as_of: Date,
    delivered: Option<Date>,
) -> ReleaseView {
    let obtained = match delivered {
        Some(day) => Obtained {
            date: Known::Known(day),
            source: ObtainedSource::Delivered,
        },
        None => data.register.obtained(release),
    };
    // The register speaks of reports on releases, not on devices.
    let published = match delivered {
        Some(_) => None,
        None => (data.register.entry(&release.id())).and_then(|entry| entry.published),
    };
    ReleaseView {
        id: release.id(),
        name: format!("{} {}", release.platform, release.version),
        channel: release.channel().as_str().to_owned(),
        stage: match release.version.stage {
            Stage::Beta(n) | Stage::Rc(n) => Some(n),
            Stage::Released => None,
        },
        builds: release
            .builds
            .iter()
            .map(|build| build.id.0.clone())
            .collect(),
        obtained: obtained.date,
        obtained_source: obtained.source,
        due: obtained.date.known().map(|acquired| {
            let due = calendar::due(acquired, data.policy.report_business_days, &data.calendar);
            let state = calendar::state(
                as_of,
                due.due,
                published,
                data.policy.due_soon_days,
                &data.calendar,
            );
            DueView {
                acquired: due.acquired,
                due: due.due,
                counted: due.counted,
                skipped: due.skipped,
                state: due_word(state, published, due.due).to_owned(),
                provisional: due.provisional,
            }
        }),
    }
}

fn due_word(state: DueState, published: Option<Date>, due: Date) -> &'static str {
    match state {
        DueState::Due => "open",
        DueState::DueSoon => "due_soon",
        DueState::Late => "late",
        DueState::Done if published.is_some_and(|on| !calendar::on_time(on, due)) => "late",
        DueState::Done => "on_time",
    }
}

/// What the target's releases bring since the last release in version order before them.
fn items(target: &Target, data: &Data) -> Vec<ItemView> {
    let mut found = Vec::new();
    for platform in target.platforms() {
        let Some(upto) = target
            .releases
            .iter()
            .filter(|release| release.platform == platform)
            .map(|release| release.version.number)
            .max()
        else {
            continue;
        };
        let range = target
            .news_after(platform)
            .map_or(Range::At(upto), |after| Range::Since { after, upto });
        let changes = features(&data.facts, platform, range);
        // Keys of a new item come with it; a row each would bury the item.
        for change in changes
            .changes
            .iter()
            .filter(|change| !change.inside_new_item)
        {
            found.push(item_view(change, platform, data));
        }
    }
    found.sort_by(|a, b| {
        (a.change, &a.kind, &a.id, &a.path).cmp(&(b.change, &b.kind, &b.id, &b.path))
    });
    found.dedup();
    found
}

fn item_view(change: &FeatureChange, platform: Platform, data: &Data) -> ItemView {
    let item = change.item_in(&data.facts);
    let path = change
        .key_in(&data.facts)
        .map(device_matrix::capability::Key::dotted);
    let (offered, features) = report::offer_of_item(
        &data.suite.features,
        platform,
        item.kind.as_str(),
        &item.id,
        path.as_deref(),
    );
    let replacement = report::replacement_of_item(
        &data.suite.scenarios,
        &features,
        platform,
        change.version,
        &item.id,
        path.as_deref(),
    );
    ItemView {
        kind: item.kind.as_str().to_owned(),
        id: item.id.clone(),
        path,
        file: item.file.clone(),
        change: match change.change {
            capability::Change::New => ItemChange::New,
            capability::Change::Deprecated => ItemChange::Deprecated,
            capability::Change::Removed => ItemChange::Removed,
        },
        offered,
        features,
        replacement,
    }
}

/// What people have written down, and what the data itself knows for a recommendation: the models that ran the release before and can not run this one.
fn guidance(target: &Target, data: &Data) -> Guidance {
    let mut stuck = Vec::new();
    for (platform, previous) in &target.previous {
        let Some(first) = target
            .releases
            .iter()
            .find(|release| release.platform == *platform)
        else {
            continue;
        };
        stuck.extend(
            data.catalog
                .models(*platform)
                .iter()
                .filter(|model| {
                    model.runs(previous) == Runs::Yes && matches!(model.runs(first), Runs::No(_))
                })
                .map(|model| format!("{} ({})", model.name, model.id)),
        );
    }
    let ids: Vec<String> = target.releases.iter().map(|release| release.id()).collect();
    Guidance {
        cannot_update: Known::Known(stuck),
        ..data
            .guidance
            .of(&ids.iter().map(String::as_str).collect::<Vec<_>>())
    }
}
