//! The fault catalogue: stories, what is planted for them, and what must be said of it.

use std::ops::Range;
use std::path::PathBuf;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;

use super::behavior::behavior;
use super::condition::condition;
use super::reader::{Reader, Report, parse};
use crate::codes;
use crate::fault::{
    Confidence, Detection, Fault, Kind, NotExpressible, OUTCOMES, PARTIES, Reach, Shown,
};

const KINDS: [&str; 2] = ["injected", "documented_change"];
const RUNS: [&str; 2] = ["now", "with_device"];
/// Editions of Windows as its documentation of policies names them.
const EDITIONS: [&str; 7] = [
    "home",
    "pro",
    "pro_education",
    "enterprise",
    "education",
    "iot_enterprise",
    "se",
];
/// Ways of management of Windows and Android devices.
const MODES: [&str; 10] = [
    "oobe",
    "autopilot",
    "settings_enrollment",
    "migration",
    "device_admin",
    "work_profile",
    "cope",
    "fully_managed",
    "dedicated",
    "agent_companion",
];

/// What one file of faults holds.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultFile {
    /// Its faults.
    pub faults: Vec<Fault>,
    /// Stories it does not tell.
    pub not_expressible: Vec<NotExpressible>,
    /// Its place.
    pub path: PathBuf,
}

/// Reads a file of faults. Every story of its list is told or excused.
pub fn load_faults(source: &SourceFile) -> Result<FaultFile, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the file");
    let stories: Vec<(String, Range<usize>)> = reader
        .strings("stories", &mut report)
        .into_iter()
        .map(|(story, span)| (story.to_owned(), span))
        .collect();
    let mut told: Vec<(String, Range<usize>)> = Vec::new();
    let mut faults = Vec::new();
    for inner in reader.tables("fault", &mut report) {
        let span = inner.span();
        if let Some(fault) = fault(inner, source, &mut report) {
            told.push((fault.story.clone(), span));
            faults.push(fault);
        }
    }
    let mut not_expressible = Vec::new();
    for mut inner in reader.tables("not_expressible", &mut report) {
        let span = inner.span();
        let (story, _) = inner.required("story", &mut report);
        let title = inner.required_text("title", &mut report);
        let (because, _) = inner.required("because", &mut report);
        let (origin, _) = inner.required("source", &mut report);
        inner.finish(&mut report);
        told.push((story.to_owned(), span));
        not_expressible.push(NotExpressible {
            story: story.to_owned(),
            title,
            because: because.to_owned(),
            source: origin.to_owned(),
        });
    }
    reader.finish(&mut report);
    let broken = !report.found.is_empty();
    for (story, span) in &stories {
        if !broken && !told.iter().any(|(known, _)| known == story) {
            report.error(
                codes::UNTOLD_STORY,
                span.clone(),
                format!("story `{story}` is neither told by a fault nor excused"),
            );
        }
    }
    for (story, span) in told {
        if !stories.iter().any(|(known, _)| *known == story) {
            report.error_help(
                codes::UNTOLD_STORY,
                span,
                format!("story `{story}` is not in the file's list"),
                codes::help(&story, stories.iter().map(|(known, _)| known.as_str())),
            );
        }
    }
    if report.found.is_empty() {
        Ok(FaultFile {
            faults,
            not_expressible,
            path: source.path.clone(),
        })
    } else {
        Err(report.sorted())
    }
}

/// A word of a closed list.
fn word<const N: usize>(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    known: [&'static str; N],
    report: &mut Report<'_>,
) -> Option<&'static str> {
    let (given, span) = reader.required(key, report);
    let found = known.into_iter().find(|word| *word == given);
    if found.is_none() && reader.has(key) {
        report.error_help(
            codes::UNKNOWN_WORD,
            span,
            format!("`{key}` is not `{given}`"),
            codes::help(given, known),
        );
    }
    found
}

fn fault(
    mut reader: Reader<'_, '_>,
    source: &SourceFile,
    report: &mut Report<'_>,
) -> Option<Fault> {
    let (id, span) = reader.required("id", report);
    let (story, _) = reader.required("story", report);
    let title = reader.required_text("title", report);
    let (happened, _) = reader.required("happened", report);
    let (origin, _) = reader.required("source", report);
    let confidence = word(
        &mut reader,
        "confidence",
        Confidence::WORDS.map(|(_, word)| word),
        report,
    )
    .and_then(|word| {
        let mut rows = Confidence::WORDS.into_iter();
        rows.find(|(_, known)| *known == word)
    });
    let kind = word(&mut reader, "kind", KINDS, report);
    let runs = word(&mut reader, "runs", RUNS, report);
    let party = word(&mut reader, "party", PARTIES, report);
    let reach = reader
        .table("applies", report)
        .map(|mut inner| {
            let reach = reach(&mut inner, report);
            inner.finish(report);
            reach
        })
        .unwrap_or_default();
    if reach.cells.on.is_empty() {
        let message = format!("fault `{id}` names no platform in `applies.on`");
        report.error(codes::MISSING_KEY, span.clone(), message);
    }
    let behaviors: Vec<_> = reader
        .tables("behaviors", report)
        .into_iter()
        .map(|inner| behavior(inner, report))
        .collect();
    let detect: Vec<_> = reader
        .tables("detect", report)
        .into_iter()
        .map(|inner| detection(inner, report))
        .collect();
    let expected = reader
        .string("expected", report)
        .map(|(text, _)| text.to_owned());
    let shown = reader
        .table("shown", report)
        .map(|inner| shown(inner, report));
    reader.finish(report);
    let behaviors: Vec<_> = behaviors.into_iter().collect::<Option<_>>()?;
    let detect: Vec<_> = detect.into_iter().collect::<Option<_>>()?;
    let fault = Fault {
        id: id.to_owned(),
        story: story.to_owned(),
        title,
        happened: happened.to_owned(),
        source: origin.to_owned(),
        confidence: confidence?.0,
        kind: if kind? == "injected" {
            Kind::Injected
        } else {
            Kind::DocumentedChange
        },
        party: party?,
        reach,
        behaviors,
        detect,
        expected,
        shown,
        path: source.path.clone(),
        span,
    };
    consistent(&fault, runs? == "now", report);
    Some(fault)
}

/// What its fields must say together.
fn consistent(fault: &Fault, now: bool, report: &mut Report<'_>) {
    let mut idle = |text: String| {
        report.error(
            codes::IDLE_FAULT,
            fault.span.clone(),
            format!("fault `{}` {text}", fault.id),
        );
    };
    let injected = fault.kind == Kind::Injected;
    if injected && fault.behaviors.is_empty() {
        idle("plants nothing".to_owned());
    }
    if !injected && !fault.behaviors.is_empty() {
        idle("is a documented change and plants something".to_owned());
    }
    let apple = fault
        .reach
        .cells
        .on
        .iter()
        .all(|range| Platform::APPLE.contains(&range.platform));
    if !now {
        if fault.shown.is_some() || !fault.detect.is_empty() {
            idle("has no device yet and names a run".to_owned());
        }
        if fault.expected.is_none() {
            idle("does not say what must be seen of it (`expected`)".to_owned());
        }
        if apple {
            idle("is about a platform that has a device; it must run now".to_owned());
        }
        return;
    }
    if !apple {
        idle("is about a platform that has no device yet".to_owned());
    }
    if fault.shown.is_none() || fault.detect.is_empty() {
        idle("needs `shown` and `detect`".to_owned());
    }
    for behavior in fault.behaviors.iter().filter(|behavior| !behavior.runs()) {
        idle(format!(
            "plants `{}`, which nothing interprets",
            behavior.id()
        ));
    }
    // A party that no finding names would let any finding pass.
    if !fault.detect.iter().any(|row| row.party == fault.party) && !fault.detect.is_empty() {
        idle(format!(
            "is of `{}`, and no detection names it",
            fault.party
        ));
    }
}

fn reach(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Reach {
    let cells = condition(reader, report);
    let mut words = |key: &'static str, known: Option<&[&str]>| -> Vec<String> {
        let mut out = Vec::new();
        for (word, span) in reader.strings(key, report) {
            if known.is_none_or(|known| known.contains(&word)) {
                out.push(word.to_owned());
            } else {
                report.error_help(
                    codes::UNKNOWN_WORD,
                    span,
                    format!("unknown word `{word}` in `{key}`"),
                    codes::help(word, known.unwrap_or_default().iter().copied()),
                );
            }
        }
        out
    };
    Reach {
        cells,
        models: words("models", None),
        builds: words("builds", None),
        editions: words("editions", Some(&EDITIONS)),
        modes: words("modes", Some(&MODES)),
        agents: words("agents", None),
        states: words("states", None),
    }
}

fn detection(mut reader: Reader<'_, '_>, report: &mut Report<'_>) -> Option<Detection> {
    let (feature, _) = reader.required("feature", report);
    let outcome = word(&mut reader, "outcome", OUTCOMES, report);
    let party = word(&mut reader, "party", PARTIES, report);
    let on = condition(&mut reader, report);
    let upgraded = reader.boolean("upgraded", report);
    reader.finish(report);
    Some(Detection {
        upgraded,
        feature: feature.to_owned(),
        outcome: outcome?,
        party: party?,
        on,
    })
}

fn shown(mut reader: Reader<'_, '_>, report: &mut Report<'_>) -> Shown {
    let (target, _) = reader.required("target", report);
    let mut words = |key: &'static str, report: &mut Report<'_>| -> Vec<(String, Range<usize>)> {
        let words = reader.strings(key, report).into_iter();
        words.map(|(word, span)| (word.to_owned(), span)).collect()
    };
    let models = words("models", report);
    let enrollments = words("enrollments", report);
    let beside = words("beside", report);
    for (word, span) in &enrollments {
        if EnrollmentType::from_word(word).is_none() {
            report.error_help(
                codes::UNKNOWN_WORD,
                span.clone(),
                format!("unknown enrollment type `{word}`"),
                codes::help(word, EnrollmentType::WORDS.iter().map(|(_, word)| *word)),
            );
        }
    }
    reader.finish(report);
    let bare =
        |words: Vec<(String, Range<usize>)>| words.into_iter().map(|(word, _)| word).collect();
    Shown {
        target: target.to_owned(),
        models: bare(models),
        enrollments: bare(enrollments),
        beside: bare(beside),
    }
}
