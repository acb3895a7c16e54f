//! Scenario files: one scenario a file, named after its id.

use std::ops::Range;
use std::path::PathBuf;

use device_matrix::diag::{Diagnostic, SourceFile};

use super::condition::condition;
use super::reader::{Reader, Report, parse};
use super::step::step;
use crate::action::ActionTable;
use crate::codes;
use crate::feature::FeatureId;
use crate::scenario::{Expectation, Part, Scenario, ScenarioId, Specified, Step, Survives};

/// Where a name stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name.
    pub name: String,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// Where the pieces of a scenario stand, for complaints that only show up when all data is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places {
    pub(crate) id: Range<usize>,
    pub(crate) feature: Range<usize>,
    pub(crate) parts: Vec<Place>,
    pub(crate) looks: Vec<Place>,
    pub(crate) steps: Vec<Range<usize>>,
}

/// A scenario with the places of its pieces.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedScenario {
    /// The scenario.
    pub scenario: Scenario,
    /// Its file.
    pub path: PathBuf,
    /// Parts whose effect can not be seen, with the reason.
    pub no_effect_because: Vec<(String, String)>,
    pub(crate) places: Places,
}

/// Reads one scenario file; `actions` are the actions that a step may name. The diagnostics are empty exactly when the
/// file is right by itself.
pub fn load_scenario(
    source: &SourceFile,
    actions: &ActionTable,
) -> Result<LoadedScenario, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    if !report.found.is_empty() {
        return Err(report.sorted());
    }
    let mut places = Places::default();
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the scenario");
    let (id, span) = reader.required("id", &mut report);
    places.id = span;
    let (feature, span) = reader.required("feature", &mut report);
    places.feature = span;
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy());
    if !id.is_empty() && stem.as_deref() != Some(id) {
        report.error_help(
            codes::FILE_NAME,
            places.id.clone(),
            format!("scenario `{id}` stands in `{}`", source.path.display()),
            format!("name the file `{id}.toml`"),
        );
    }
    let title = reader.required_text("title", &mut report);
    let destructive = reader.boolean("destructive", &mut report).unwrap_or(false);
    let smoke = reader.boolean("smoke", &mut report).unwrap_or(false);
    let survives = survives(&mut reader, &mut report);
    let mut applies = Vec::new();
    for mut inner in reader.tables("applies", &mut report) {
        applies.push(condition(&mut inner, &mut report));
        inner.finish(&mut report);
    }
    if applies.is_empty() {
        reader.missing("applies", &mut report);
    }
    let mut parts = Vec::new();
    let mut no_effect_because = Vec::new();
    for inner in reader.tables("parts", &mut report) {
        let span = inner.span();
        let (part, reason) = part(inner, &mut report);
        if let Some(reason) = reason {
            no_effect_because.push((part.id.clone(), reason));
        }
        places.parts.push(Place {
            name: part.id.clone(),
            span,
        });
        parts.push(part);
    }
    if parts.is_empty() {
        reader.missing("parts", &mut report);
    }
    let mut phase = |key| -> Vec<Step> {
        reader
            .tables(key, &mut report)
            .into_iter()
            .filter_map(|inner| step(inner, actions, &mut places, &mut report))
            .collect()
    };
    let (apply, verify) = (phase("apply"), phase("verify"));
    let (undo, verify_undone) = (phase("undo"), phase("verify_undone"));
    reader.finish(&mut report);
    if !report.found.is_empty() {
        return Err(report.sorted());
    }
    Ok(LoadedScenario {
        scenario: Scenario {
            id: ScenarioId(id.to_owned()),
            feature: FeatureId(feature.to_owned()),
            title,
            applies,
            destructive,
            smoke,
            survives,
            parts,
            apply,
            verify,
            undo,
            verify_undone,
        },
        path: source.path.clone(),
        no_effect_because,
        places,
    })
}

fn survives(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Survives {
    let Some(mut inner) = reader.table("survives", report) else {
        return Survives::default();
    };
    let survives = Survives {
        reboot: inner.boolean("reboot", report).unwrap_or(false),
        update: inner.boolean("update", report).unwrap_or(false),
    };
    inner.finish(report);
    survives
}

fn part(mut reader: Reader<'_, '_>, report: &mut Report<'_>) -> (Part, Option<String>) {
    let (id, _) = reader.required("id", report);
    let name = reader.required_text("name", report);
    let essential = reader.boolean("essential", report).unwrap_or(false);
    let reason = reader
        .string("no_effect_because", report)
        .map(|(text, _)| text.to_owned());
    let expectations = reader
        .tables("expect", report)
        .into_iter()
        .filter_map(|inner| expectation(inner, report))
        .collect();
    reader.finish(report);
    let part = Part {
        id: id.to_owned(),
        name,
        essential,
        expectations,
    };
    (part, reason)
}

fn expectation(mut reader: Reader<'_, '_>, report: &mut Report<'_>) -> Option<Expectation> {
    let when = condition(&mut reader, report);
    let words = [
        ("works", Specified::Works),
        ("lost", Specified::Lost),
        ("not_supported", Specified::NotSupported),
    ];
    let given: Vec<_> = words
        .into_iter()
        .filter(|(key, _)| reader.boolean(key, report) == Some(true))
        .collect();
    let (source, span) = reader.required("source", report);
    if reader.has("source") && source.trim().is_empty() {
        report.error_help(
            codes::NO_SOURCE,
            span,
            "the expectation has no source".to_owned(),
            "name the document and the place in it".to_owned(),
        );
    }
    let reason = reader.text("reason", report);
    let replacement = reader.text("replacement", report);
    let span = reader.span();
    reader.finish(report);
    let [(_, specified)] = given[..] else {
        report.error_help(
            codes::ONE_SPECIFIED,
            span,
            "the expectation does not say exactly one thing".to_owned(),
            "give one of `works = true`, `lost = true`, `not_supported = true`".to_owned(),
        );
        return None;
    };
    Some(Expectation {
        when,
        specified,
        source: source.to_owned(),
        reason,
        replacement,
    })
}
