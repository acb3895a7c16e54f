//! `features.toml`, and the overlays that are written by hand or come back from the worksheet.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::known::{Ternary, Text};
use device_matrix::platform::Platform;

use super::reader::{self, Reader, Report, parse};
use crate::codes;
use crate::feature::{Column, Feature, FeatureId, Mapping, Marking, Offer};

/// The spelling of the Shared iPad column in data and worksheets.
pub(crate) const SHARED_IPAD: &str = "Shared iPad";

/// What an overlay says of one feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The feature.
    pub feature: FeatureId,
    /// Another name.
    pub name: Option<Text>,
    /// Who says so, and when.
    pub source: String,
    /// Offers in place of the imported ones.
    pub offers: BTreeMap<Column, Offer>,
    /// Mappings beside the imported ones.
    pub mappings: Vec<Mapping>,
    span: Range<usize>,
}

/// Reads the imported features.
pub fn load_features(source: &SourceFile) -> Result<Vec<Feature>, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the file");
    let mut features: Vec<Feature> = Vec::new();
    let mut seen = HashSet::new();
    for mut inner in reader.tables("feature", &mut report) {
        let (id, span) = inner.required("id", &mut report);
        if !seen.insert(id) {
            report.error(
                codes::DUPLICATE,
                span,
                format!("feature `{id}` occurs twice"),
            );
        }
        let name = inner.required_text("name", &mut report);
        let (category, _) = inner.required("category", &mut report);
        let (level, level_span) = inner.required("level", &mut report);
        if !matches!(level, "function" | "setting") && inner.has("level") {
            report.error_help(
                codes::UNKNOWN_WORD,
                level_span,
                format!("unknown level `{level}`"),
                codes::help(level, ["function", "setting"]),
            );
        }
        let sources = inner
            .strings("sources", &mut report)
            .into_iter()
            .map(|(text, _)| text.to_owned())
            .collect();
        let candidate = inner.boolean("candidate", &mut report).unwrap_or(false);
        let offers = offers(&mut inner, &mut report);
        let mappings = mappings(&mut inner, &mut report);
        inner.finish(&mut report);
        features.push(Feature {
            id: FeatureId(id.to_owned()),
            name,
            category: category.to_owned(),
            is_function: level == "function",
            offers,
            mappings,
            sources,
            candidate,
        });
    }
    reader.finish(&mut report);
    if report.found.is_empty() {
        Ok(features)
    } else {
        Err(report.sorted())
    }
}

/// Reads an overlay and lays it over `features`.
pub fn parse_overlay(
    source: &SourceFile,
    features: &mut [Feature],
) -> Result<Vec<Overlay>, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the file");
    let mut overlays = Vec::new();
    for mut inner in reader.tables("feature", &mut report) {
        let (id, span) = inner.required("id", &mut report);
        let name = inner.text("name", &mut report);
        let (who, _) = inner.required("source", &mut report);
        let offers = offers(&mut inner, &mut report);
        let mappings = mappings(&mut inner, &mut report);
        inner.finish(&mut report);
        overlays.push(Overlay {
            feature: FeatureId(id.to_owned()),
            name,
            source: who.to_owned(),
            offers,
            mappings,
            span,
        });
    }
    reader.finish(&mut report);
    for overlay in &overlays {
        match features
            .iter_mut()
            .find(|feature| feature.id == overlay.feature)
        {
            Some(feature) => lay_over(feature, overlay),
            None => report.error_help(
                codes::UNKNOWN_FEATURE,
                overlay.span.clone(),
                format!("unknown feature `{}`", overlay.feature.0),
                codes::help(
                    &overlay.feature.0,
                    features.iter().map(|feature| feature.id.0.as_str()),
                ),
            ),
        }
    }
    if report.found.is_empty() {
        Ok(overlays)
    } else {
        Err(report.sorted())
    }
}

fn lay_over(feature: &mut Feature, overlay: &Overlay) {
    if let Some(name) = &overlay.name {
        feature.name = name.clone();
    }
    let ios = Column::Platform(Platform::Ios);
    let ipados = Column::Platform(Platform::Ipados);
    for (column, offer) in &overlay.offers {
        feature.offers.insert(*column, offer.clone());
    }
    // What is said of iOS holds for iPadOS as long as iPadOS has nothing of its own.
    if let Some(offer) = overlay.offers.get(&ios)
        && !overlay.offers.contains_key(&ipados)
        && feature
            .offers
            .get(&ipados)
            .is_none_or(|row| row.inherited_from.is_some())
    {
        let inherited = Offer {
            inherited_from: Some(Platform::Ios),
            ..offer.clone()
        };
        feature.offers.insert(ipados, inherited);
    }
    feature.mappings.extend(overlay.mappings.iter().cloned());
    feature.sources.push(overlay.source.clone());
}

/// Reads a column name; a complaint and `None` when there is no such column.
pub(crate) fn parse_column(
    name: &str,
    span: Range<usize>,
    report: &mut Report<'_>,
) -> Option<Column> {
    if let Some(column) = column_named(name) {
        return Some(column);
    }
    let known: Vec<_> = Platform::ALL
        .iter()
        .map(|platform| platform.name())
        .chain([SHARED_IPAD])
        .collect();
    report.error_help(
        codes::UNKNOWN_WORD,
        span,
        format!("unknown column `{name}`"),
        codes::help(name, known),
    );
    None
}

/// The column with this name.
pub(crate) fn column_named(name: &str) -> Option<Column> {
    if name == SHARED_IPAD {
        return Some(Column::SharedIpad);
    }
    Platform::ALL
        .into_iter()
        .find(|platform| platform.name() == name)
        .map(Column::Platform)
}

/// The name of a column in data and worksheets.
#[must_use]
pub(crate) fn column_name(column: Column) -> &'static str {
    match column {
        Column::SharedIpad => SHARED_IPAD,
        Column::Platform(platform) => platform.name(),
    }
}

fn offers(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> BTreeMap<Column, Offer> {
    let mut out = BTreeMap::new();
    let Some(inner) = reader.table("offers", report) else {
        return out;
    };
    for (name, span, value) in inner.entries() {
        let column = parse_column(name, span, report);
        let Some(row) = reader::table(value, "an offer", report) else {
            continue;
        };
        let offer = offer(row, report);
        if let (Some(column), Some(offer)) = (column, offer) {
            out.insert(column, offer);
        }
    }
    out
}

fn offer(mut row: Reader<'_, '_>, report: &mut Report<'_>) -> Option<Offer> {
    let (word, span) = row.required("offered", report);
    let values = [Ternary::Yes, Ternary::No, Ternary::Unknown];
    let offered = values.into_iter().find(|value| value.as_str() == word);
    if offered.is_none() && row.has("offered") {
        report.error_help(
            codes::UNKNOWN_WORD,
            span,
            format!("an offer is not `{word}`"),
            codes::help(word, values.map(Ternary::as_str)),
        );
    }
    let min_os = row.string("min_os", report).and_then(|(text, span)| {
        text.parse()
            .map_err(|error: device_matrix::version::InvalidVersion| {
                report.error(codes::WRONG_TYPE, span, error.to_string());
            })
            .ok()
    });
    let note = row.string("note", report).map(|(text, _)| text.to_owned());
    let inherited_from = row
        .string("inherited_from", report)
        .and_then(|(text, span)| match parse_column(text, span, report)? {
            Column::Platform(platform) => Some(platform),
            Column::SharedIpad => None,
        });
    row.finish(report);
    Some(Offer {
        offered: offered?,
        min_os,
        note,
        inherited_from,
    })
}

fn mappings(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Vec<Mapping> {
    let mut out = Vec::new();
    for mut inner in reader.tables("mappings", report) {
        let (kind, _) = inner.required("kind", report);
        let (element, _) = inner.required("element", report);
        let (word, span) = inner.required("marking", report);
        let marking = match word {
            "documented" => Some(Marking::Documented),
            "inferred" => Some(Marking::Inferred),
            "" => None,
            _ => {
                report.error_help(
                    codes::UNKNOWN_WORD,
                    span,
                    format!("unknown marking `{word}`"),
                    codes::help(word, ["documented", "inferred"]),
                );
                None
            }
        };
        let mut columns = Vec::new();
        for (name, span) in inner.strings("columns", report) {
            columns.extend(parse_column(name, span, report));
        }
        inner.finish(report);
        if let Some(marking) = marking {
            out.push(Mapping {
                columns,
                kind: kind.to_owned(),
                element: element.to_owned(),
                marking,
            });
        }
    }
    out
}
