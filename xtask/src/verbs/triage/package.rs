//! One package: reduced steps, messages, documents, replay.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use device_matrix::cell::Cell;
use device_matrix::diag::{self, SourceFile};
use jiff::Timestamp;
use reports::assess::{Assessment, Finding, Since};
use reports::evidence::{Evidence as _, EvidenceDir};
use reports::record::RunRecord;
use reports::render;
use reports::triage::incident::Severity;
use reports::triage::package::{PackageInputs, Reduction, summary, write as document};
use reports::triage::person::{self, Person};
use reports::triage::replay::{self, Replay, Wanted};
use reports::vendor::Lang;
use scenarios::fault::Fault;
use scenarios::reduce;
use scenarios::scenario::Scenario;

use super::bench::{self, Bench};
use super::messages;
use crate::data::Data;
use crate::exit::{Exit, Stop};

/// Candidates that a reduction tries at most.
const TRIES: usize = 400;
/// Cells of a finding that are tried until one shows it.
const CELLS: usize = 3;

/// The run that packages are written of.
pub(super) struct Case<'a> {
    pub(super) run: &'a Path,
    pub(super) record: &'a RunRecord,
    pub(super) assessment: &'a Assessment,
    pub(super) data: &'a Data,
    pub(super) bench: &'a Bench<'a>,
    pub(super) detected: Option<Timestamp>,
}

/// What was written.
pub(super) struct Written {
    pub(super) folder: PathBuf,
    pub(super) reproduced: bool,
    pub(super) minimal: bool,
    pub(super) steps: Option<usize>,
    pub(super) class: Option<u32>,
}

/// A finding that shows again, with the smallest steps found.
struct Again {
    wanted: Wanted,
    cell: Arc<Cell>,
    scenario: Scenario,
    text: String,
    reduction: Reduction,
    transcript: scenarios::event::Transcript,
}

/// Writes the package of a finding below `out`.
pub(super) fn write(case: &Case<'_>, finding: &Finding, out: &Path) -> Result<Written, Stop> {
    let name = [finding.id.as_str(), finding.feature.as_str()]
        .iter()
        .filter(|word| !word.is_empty())
        .map(|word| messages::file_name(word))
        .collect::<Vec<_>>()
        .join("-");
    let folder = out.join(name);
    // Only what this verb writes is renewed; what a person wrote stays.
    let old = folder.join("messages");
    if old.is_dir() {
        fs::remove_dir_all(&old).map_err(|error| Stop::io(&old, &error))?;
    }
    fs::create_dir_all(&old).map_err(|error| Stop::io(&old, &error))?;
    let person = person(&folder)?;
    let again = again(case, finding)?;
    let evidence = EvidenceDir::open(case.run);
    let recorded = finding
        .cells
        .iter()
        .find_map(|(_, sha)| evidence.transcript(sha.as_deref()?));
    let transcript = again
        .as_ref()
        .map(|again| again.transcript.clone())
        .or(recorded)
        .unwrap_or_default();
    let (lines, files) = messages::of(&transcript);
    for file in files {
        keep(&folder.join(&file.name), &file.bytes)?;
    }
    let command = "cargo xtask triage replay PACKAGE";
    let inputs = PackageInputs {
        assessment: case.assessment,
        finding,
        vendor: &case.data.vendor,
        calendar: &case.data.calendar,
        detected: case.detected,
        day: case.bench.as_of,
        scenario: match &again {
            Some(again) => Some(&again.scenario),
            None => (case.data.suite.scenario(&finding.scenario)).map(|(_, scenario)| scenario),
        },
        lines: &lines,
        reduction: again
            .as_ref()
            .map_or(Reduction::NotReproduced, |again| again.reduction),
        replay: again.as_ref().map(|_| command),
        person: &person,
    };
    documents(&inputs, &folder)?;
    if let Some(again) = &again {
        let replay = Replay {
            schema_version: replay::SCHEMA_VERSION.to_owned(),
            run_id: case.record.head.run_id.clone(),
            cell: again.cell.id(),
            as_of: case.record.head.as_of.clone(),
            seed: case.bench.seed,
            faults: case
                .bench
                .faults
                .iter()
                .map(|fault| fault.id.clone())
                .collect(),
            finding: again.wanted.clone(),
        };
        keep(&folder.join(replay::FILE), replay.to_json().as_bytes())?;
        keep(&folder.join(replay::SCENARIO), again.text.as_bytes())?;
    }
    Ok(Written {
        reproduced: again.is_some(),
        minimal: matches!(inputs.reduction, Reduction::Minimal { .. }),
        steps: again
            .as_ref()
            .and_then(|again| again.text.parse().ok())
            .map(|table| reduce::steps(&table)),
        class: match inputs.severity() {
            Severity::Class(class) => Some(class.class),
            _ => None,
        },
        folder,
    })
}

fn documents(inputs: &PackageInputs<'_>, folder: &Path) -> Result<(), Stop> {
    let bug = |error: render::RenderError| Stop::new(Exit::Bug, error.to_string());
    let full = document(Lang::En, inputs).map_err(bug)?;
    let short = summary(Lang::Ja, inputs).map_err(bug)?;
    let readme = format!(
        "{}\n\n---\n\n{}\n",
        render::notice_markdown(&full).map_err(bug)?.trim_end(),
        render::notice_markdown(&short).map_err(bug)?.trim_end()
    );
    keep(&folder.join("README.md"), readme.as_bytes())?;
    let pages = [full, document(Lang::Ja, inputs).map_err(bug)?];
    let html = render::notice_html(&pages).map_err(bug)?;
    keep(&folder.join("README.html"), html.as_bytes())
}

/// What a person wrote; the empty file is put there for them.
fn person(folder: &Path) -> Result<Person, Stop> {
    let path = folder.join(person::FILE);
    if !path.exists() {
        keep(&path, person::EMPTY.as_bytes())?;
    }
    let text = bench::read(&path)?;
    Person::load(&path, &text).map_err(|found| {
        let source = SourceFile {
            path: path.clone(),
            text,
        };
        Stop::new(Exit::BadData, diag::render(&found, &[source], false))
    })
}

fn keep(path: &Path, bytes: &[u8]) -> Result<(), Stop> {
    fs::write(path, bytes).map_err(|error| Stop::io(path, &error))
}

/// Sees the finding again on virtual devices, and reduces the steps. `None` when it does not show.
fn again(case: &Case<'_>, finding: &Finding) -> Result<Option<Again>, Stop> {
    let blocked = finding.scenario.is_empty();
    for (id, _) in finding.cells.iter().take(CELLS) {
        let Ok(cell) = case.bench.cell(id, None) else {
            continue;
        };
        // A finding about the run names no scenario; any case that it blocked shows it.
        let scenario = if blocked {
            case.assessment
                .cases
                .iter()
                .find(|known| {
                    known.cell == *id && known.reason.as_deref() == Some(finding.fault.because)
                })
                .map(|known| known.scenario.clone())
        } else {
            Some(finding.scenario.clone())
        };
        let Some(source) = scenario.as_deref().and_then(|id| source(case.data, id)) else {
            continue;
        };
        let scenario = scenario.unwrap_or_default();
        if let Some(again) = on(case, finding, &scenario, source, cell)? {
            return Ok(Some(again));
        }
    }
    Ok(None)
}

/// The text of a scenario.
fn source<'a>(data: &'a Data, id: &str) -> Option<&'a SourceFile> {
    let name = format!("{id}.toml");
    data.sources.iter().find(|source| {
        source.path.starts_with(scenarios::suite::DATA)
            && source.path.file_name().is_some_and(|file| *file == *name)
    })
}

fn on(
    case: &Case<'_>,
    finding: &Finding,
    id: &str,
    source: &SourceFile,
    mut cell: Arc<Cell>,
) -> Result<Option<Again>, Stop> {
    let bench = case.bench;
    let Some((_, whole)) = case.data.suite.scenario(id) else {
        return Ok(None);
    };
    let part = finding.part.as_ref().and_then(|name| {
        let part = whole.parts.iter().find(|part| part.name == *name)?;
        Some(part.id.clone())
    });
    let wanted = Wanted {
        scenario: id.to_owned(),
        part,
        party: finding.fault.party.as_str().to_owned(),
        because: finding.fault.because.to_owned(),
    };
    let shown = bench.run(whole, &cell, &bench.faults)?;
    if !shown.shows(&wanted) {
        return Ok(None);
    }
    if let Some(fresh) = bench::fresh(&cell)
        && bench.run(whole, &fresh, &bench.faults)?.shows(&wanted)
    {
        cell = fresh;
    }
    let contrast = contrast(case, finding, whole, &cell, &wanted)?;
    let Some(contrast) = contrast else {
        return Ok(Some(Again {
            transcript: shown.transcript().cloned().unwrap_or_default(),
            wanted,
            cell,
            scenario: whole.clone(),
            text: source.text.clone(),
            reduction: Reduction::NoContrast,
        }));
    };
    let table: toml::Table = source
        .text
        .parse()
        .map_err(|error| Stop::new(Exit::BadData, format!("{}: {error}", source.path.display())))?;
    let mut stopped = None;
    let reduced = reduce::reduce(table, TRIES, |candidate| {
        let asked = toml::to_string(candidate)
            .ok()
            .and_then(|text| bench::scenario(id, text, &bench.data.suite.actions).ok())
            .map_or(Ok(false), |scenario| {
                Ok(bench.run(&scenario, &cell, &bench.faults)?.shows(&wanted)
                    && bench
                        .run(&scenario, &contrast.cell, &contrast.faults)?
                        .works(&wanted, contrast.seen))
            });
        asked.unwrap_or_else(|stop: Stop| {
            stopped = Some(stop);
            false
        })
    });
    if let Some(stop) = stopped {
        return Err(stop);
    }
    let text =
        toml::to_string(&reduced.table).map_err(|error| Stop::new(Exit::Bug, error.to_string()))?;
    let scenario = bench::scenario(id, text.clone(), &bench.data.suite.actions)
        .map_err(|_| Stop::new(Exit::Bug, "the reduced scenario can not be read"))?;
    let shown = bench.run(&scenario, &cell, &bench.faults)?;
    let (before, left, tried) = (reduced.steps_before, reduced.steps, reduced.tried);
    Ok(Some(Again {
        transcript: shown.transcript().cloned().unwrap_or_default(),
        wanted,
        cell,
        scenario,
        text,
        reduction: if reduced.minimal {
            Reduction::Minimal {
                before,
                left,
                tried,
            }
        } else {
            Reduction::Partly {
                before,
                left,
                tried,
            }
        },
    }))
}

/// A device on which the steps work: it tells what is needed for the finding from what is needed for anything.
struct Contrast<'a> {
    cell: Arc<Cell>,
    faults: Vec<&'a Fault>,
    /// The effect is seen there.
    seen: bool,
}

/// Without the planted faults, else the previous release when it worked there.
fn contrast<'a>(
    case: &Case<'a>,
    finding: &Finding,
    whole: &Scenario,
    cell: &Arc<Cell>,
    wanted: &Wanted,
) -> Result<Option<Contrast<'a>>, Stop> {
    let bench = case.bench;
    let mut choices: Vec<(Arc<Cell>, Vec<&'a Fault>)> = Vec::new();
    if !bench.faults.is_empty() {
        choices.push((Arc::clone(cell), Vec::new()));
    }
    if let Since::ThisRelease(previous) = &finding.since
        && let Ok(previous) = bench.cell(&cell.id(), Some(previous))
    {
        choices.push((previous, bench.faults.clone()));
    }
    for (cell, faults) in choices {
        let shown = bench.run(whole, &cell, &faults)?;
        for seen in [true, false] {
            if shown.works(wanted, seen) && !shown.shows(wanted) {
                return Ok(Some(Contrast { cell, faults, seen }));
            }
        }
    }
    Ok(None)
}
