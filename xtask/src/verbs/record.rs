//! `record`: what a person saw on a real device, appended beside a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use reports::assess::{self, Assessment};
use reports::manual::{
    self, FILE, MAX_EVIDENCE, MAX_NOTE, OUTCOMES, SCHEMA_VERSION, SeenDevice, SeenFile, Statement,
};
use scenarios::scenario::Scenario;
use sha2::{Digest as _, Sha256};

use super::publish;
use crate::cli::RecordArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;

/// Columns of the CSV; the first four must be there.
const COLUMNS: [&str; 10] = [
    "case",
    "outcome",
    "by",
    "note",
    "part",
    "on",
    "model",
    "build",
    "serial_suffix",
    "file",
];
const REQUIRED: usize = 4;
/// Largest CSV, in bytes.
const MAX_CSV: u64 = 4 * 1024 * 1024;

/// A statement as somebody typed it.
#[derive(Debug, Default)]
struct Typed {
    case: String,
    outcome: String,
    by: String,
    note: String,
    part: Option<String>,
    on: Option<String>,
    model: Option<String>,
    build: Option<String>,
    serial_suffix: Option<String>,
    files: Vec<PathBuf>,
}

/// A checked statement with the files to keep.
struct Checked {
    statement: Statement,
    files: Vec<(String, Vec<u8>)>,
}

/// Records, and renders the report again.
pub(crate) fn run(arguments: &RecordArgs, data: &Data, lang: Lang, _terminal: Terminal) -> Outcome {
    let run = &arguments.run;
    let (assessment, _) = publish::assess(run, data, None)?;
    let today = crate::clock::as_of(arguments.on);
    let so_far = publish::read_manual(run)?;
    let typed = match &arguments.csv {
        Some(path) => read_csv(path)?,
        None => vec![(None, one(arguments))],
    };
    let desk = Desk {
        assessment: &assessment,
        data,
        today,
    };
    let mut checked: Vec<Checked> = Vec::new();
    let mut wrong = Vec::new();
    for (line, typed) in typed {
        let place = match (line, &arguments.csv) {
            (Some(line), Some(path)) => format!("{}:{line}: ", path.display()),
            _ => String::new(),
        };
        let base = arguments.csv.as_deref().and_then(Path::parent);
        match desk.check(typed, base) {
            Err(errors) => wrong.extend(errors.into_iter().map(|error| format!("{place}{error}"))),
            Ok(one) => {
                let known = so_far
                    .iter()
                    .chain(checked.iter().map(|known| &known.statement));
                if known.clone().any(|known| *known == one.statement) {
                    wrong.push(format!(
                        "{place}`{}` said exactly this of `{}` on {} already; nothing is recorded twice",
                        one.statement.by, one.statement.case, one.statement.on
                    ));
                } else {
                    checked.push(one);
                }
            }
        }
    }
    if !wrong.is_empty() {
        let mut text = wrong.join("\n");
        // Writing to a string can not fail.
        let _ = write!(text, "\nnothing was recorded");
        return Err(Stop::usage(text));
    }
    append(run, &checked)?;
    let (assessment, model) = publish::assess(run, data, None)?;
    let published = publish::write(run, assessment, model)?;
    let count = checked.len();
    if !arguments.json {
        println!(
            "{}",
            match lang {
                Lang::Ja => format!("{count} 件を記録しました: {}", run.join(FILE).display()),
                Lang::En => format!("{count} recorded: {}", run.join(FILE).display()),
            }
        );
    }
    super::report::show(&published, run, arguments.json, lang)?;
    Ok(Exit::Yes)
}

fn one(arguments: &RecordArgs) -> Typed {
    Typed {
        case: arguments.case.clone().unwrap_or_default(),
        outcome: arguments.outcome.clone().unwrap_or_default(),
        by: arguments.by.clone().unwrap_or_default(),
        note: arguments.note.clone().unwrap_or_default(),
        part: arguments.part.clone(),
        on: None,
        model: arguments.device.clone(),
        build: arguments.build.clone(),
        serial_suffix: arguments.serial_suffix.clone(),
        files: arguments.file.clone(),
    }
}

/// Rows with their lines, or every error with its line.
fn read_csv(path: &Path) -> Result<Vec<(Option<u64>, Typed)>, Stop> {
    let text = publish::read_bounded(path, MAX_CSV)
        .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let bad = |line: u64, error: &str| format!("{}:{line}: {error}", path.display());
    let head = reader
        .headers()
        .map_err(|error| Stop::usage(bad(1, &error.to_string())))?
        .clone();
    let mut wrong = Vec::new();
    for name in &head {
        if !COLUMNS.contains(&name) {
            let near = scenarios::codes::nearest(name, COLUMNS);
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            wrong.push(bad(1, &format!("no column `{name}`{near}")));
        }
    }
    for name in &COLUMNS[..REQUIRED] {
        if !head.iter().any(|known| known == *name) {
            wrong.push(bad(1, &format!("the column `{name}` is missing")));
        }
    }
    let mut rows = Vec::new();
    for row in reader.records() {
        match row {
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                wrong.push(bad(line, &error.to_string()));
            }
            Ok(row) => {
                let line = row.position().map(csv::Position::line);
                let cells: BTreeMap<&str, &str> = head.iter().zip(row.iter()).collect();
                let get = |name: &str| cells.get(name).map(|text| (*text).to_owned());
                let some = |name: &str| get(name).filter(|text| !text.is_empty());
                rows.push((
                    line,
                    Typed {
                        case: get("case").unwrap_or_default(),
                        outcome: get("outcome").unwrap_or_default(),
                        by: get("by").unwrap_or_default(),
                        note: get("note").unwrap_or_default(),
                        part: some("part"),
                        on: some("on"),
                        model: some("model"),
                        build: some("build"),
                        serial_suffix: some("serial_suffix"),
                        files: some("file")
                            .map(|names| names.split(';').map(PathBuf::from).collect())
                            .unwrap_or_default(),
                    },
                ));
            }
        }
    }
    if wrong.is_empty() {
        Ok(rows)
    } else {
        Err(Stop::usage(wrong.join("\n")))
    }
}

struct Desk<'a> {
    assessment: &'a Assessment,
    data: &'a Data,
    today: Date,
}

impl Desk<'_> {
    /// The statement, or everything that is wrong with it. Files are looked for beside the CSV.
    fn check(&self, typed: Typed, base: Option<&Path>) -> Result<Checked, Vec<String>> {
        let mut wrong = Vec::new();
        let scenario = self.case(&typed.case).unwrap_or_else(|error| {
            wrong.push(error);
            None
        });
        let outcome = OUTCOMES
            .iter()
            .find(|known| known.as_str() == typed.outcome);
        if outcome.is_none() {
            let words = OUTCOMES.map(assess::Outcome::as_str);
            wrong.push(unknown("outcome", &typed.outcome, &words));
        }
        match (&typed.part, scenario) {
            (Some(part), Some(scenario)) => {
                let ids: Vec<&str> = scenario.parts.iter().map(|part| part.id.as_str()).collect();
                if !ids.contains(&part.as_str()) {
                    wrong.push(unknown("part", part, &ids));
                }
            }
            (Some(part), None) => wrong.push(format!(
                "`{}` has no parts, so that `{part}` can not be one of them",
                typed.case
            )),
            (None, Some(scenario)) if outcome == Some(&assess::Outcome::WorksWithRestrictions) => {
                let ids: Vec<&str> = scenario.parts.iter().map(|part| part.id.as_str()).collect();
                wrong.push(format!(
                    "works_with_restrictions needs the part that is lost; known ones: {}",
                    ids.join(", ")
                ));
            }
            _ => {}
        }
        if typed.by.trim().is_empty() {
            wrong.push("nobody is named; say who saw it".to_owned());
        }
        if typed.note.trim().is_empty() || typed.note.chars().count() > MAX_NOTE {
            wrong.push(format!(
                "the note has 1 to {MAX_NOTE} characters; say what was seen"
            ));
        }
        let on = match &typed.on {
            None => Some(self.today),
            Some(text) => text.parse::<Date>().map_or_else(
                |error| {
                    wrong.push(format!("`{text}` is no date such as 2026-11-24: {error}"));
                    None
                },
                Some,
            ),
        };
        let device = match (&typed.model, &typed.build) {
            (Some(model), Some(build)) => Some(SeenDevice {
                model: model.clone(),
                build: build.clone(),
                serial_suffix: typed.serial_suffix.clone(),
            }),
            (None, None) => None,
            _ => {
                wrong.push("a device has a model and a build".to_owned());
                None
            }
        };
        let mut files = Vec::new();
        for path in &typed.files {
            let path = base.map_or_else(|| path.clone(), |base| base.join(path));
            match read_file(&path) {
                Ok(file) => files.push(file),
                Err(error) => wrong.push(error),
            }
        }
        let (Some(outcome), Some(on), true) = (outcome, on, wrong.is_empty()) else {
            return Err(wrong);
        };
        Ok(Checked {
            statement: Statement {
                schema_version: SCHEMA_VERSION.to_owned(),
                case: typed.case,
                outcome: outcome.as_str().to_owned(),
                part: typed.part,
                by: typed.by.trim().to_owned(),
                on: on.to_string(),
                note: typed.note.trim().to_owned(),
                device,
                files: files
                    .iter()
                    .map(|(name, bytes)| SeenFile {
                        name: name.clone(),
                        sha256: sha256(bytes),
                        bytes: bytes.len() as u64,
                    })
                    .collect(),
            },
            files,
        })
    }

    /// The scenario of a case of the run; `None` for a feature that no scenario exercises there.
    fn case(&self, id: &str) -> Result<Option<&Scenario>, String> {
        if let Some(case) = self.assessment.cases.iter().find(|case| case.id == id) {
            return Ok((self.data.suite.scenario(&case.scenario)).map(|(_, scenario)| scenario));
        }
        let subjects = || {
            self.assessment
                .cells
                .iter()
                .filter(|cell| cell.cell.role == "subject")
                .map(|cell| cell.cell.id.as_str())
        };
        let Some((subject, cell)) = id.split_once('@') else {
            return Err(format!(
                "`{id}` is no case; write scenario@cell or feature@cell, such as {}",
                (self.assessment.cases.first()).map_or("remote-lock@…", |case| case.id.as_str())
            ));
        };
        if !subjects().any(|known| known == cell) {
            let cells: Vec<&str> = subjects().collect();
            return Err(unknown("cell", cell, &cells));
        }
        let features = &self.data.suite.features;
        if !features.iter().any(|feature| feature.id.0 == subject) {
            let here = self
                .assessment
                .cases
                .iter()
                .filter(|case| case.cell == cell);
            let mut known: Vec<&str> = here.map(|case| case.scenario.as_str()).collect();
            known.extend(features.iter().map(|feature| feature.id.0.as_str()));
            return Err(unknown("scenario or feature", subject, &known));
        }
        let cases: Vec<&str> = self
            .assessment
            .cases
            .iter()
            .filter(|case| {
                case.feature == subject && case.cell == cell && !case.scenario.is_empty()
            })
            .map(|case| case.id.as_str())
            .collect();
        if cases.is_empty() {
            Ok(None)
        } else {
            Err(format!(
                "`{subject}` is exercised by scenarios there; name one of {}",
                cases.join(", ")
            ))
        }
    }
}

fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    if let Some(near) = scenarios::codes::nearest(word, known.iter().copied()) {
        return format!("no {what} `{word}`; did you mean `{near}`?");
    }
    let some: Vec<&str> = known.iter().copied().take(8).collect();
    format!("no {what} `{word}`; known ones: {}", some.join(", "))
}

fn read_file(path: &Path) -> Result<(String, Vec<u8>), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.display());
    let length = fs::metadata(path).map_err(told)?.len();
    if length > MAX_EVIDENCE {
        return Err(format!(
            "{} has {length} bytes; at most {MAX_EVIDENCE} are kept",
            path.display()
        ));
    }
    let name = path
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok((name, fs::read(path).map_err(told)?))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut out, byte| {
            // Writing to a string can not fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// Files first, then the statements that name them, in one write.
fn append(run: &Path, checked: &[Checked]) -> Result<(), Stop> {
    let evidence = run.join("evidence");
    fs::create_dir_all(&evidence).map_err(|error| Stop::io(&evidence, &error))?;
    for (_, bytes) in checked.iter().flat_map(|one| &one.files) {
        let path = evidence.join(sha256(bytes));
        if !path.exists() {
            fs::write(&path, bytes).map_err(|error| Stop::io(&path, &error))?;
        }
    }
    let lines: String = checked.iter().map(|one| one.statement.to_line()).collect();
    let path = run.join(manual::FILE);
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(lines.as_bytes()))
        .map_err(|error| Stop::io(&path, &error))
}
