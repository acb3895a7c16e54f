//! Features that no protocol exercises, with what it takes instead.

use std::ops::Range;
use std::path::PathBuf;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::known::Text;

use super::features::parse_column;
use super::reader::{Reader, Report, parse};
use crate::codes;
use crate::feature::{Column, FeatureId};
use crate::scenario::NeedsHuman;

/// Why a feature is not exercised by a protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// The feature.
    pub feature: FeatureId,
    /// Columns for which it holds; empty is all.
    pub columns: Vec<Column>,
    /// What it takes.
    pub needs: NeedsHuman,
    /// For readers of the report.
    pub text: Text,
    /// Where it stands.
    pub path: PathBuf,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// Reads `not_by_protocol.toml`.
pub fn load_excuses(source: &SourceFile) -> Result<Vec<Excuse>, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the file");
    let mut excuses = Vec::new();
    for mut inner in reader.tables("feature", &mut report) {
        let (id, span) = inner.required("id", &mut report);
        let (word, word_span) = inner.required("needs", &mut report);
        let needs = NeedsHuman::WORDS.iter().find(|(_, known)| *known == word);
        if needs.is_none() && inner.has("needs") {
            report.error_help(
                codes::UNKNOWN_WORD,
                word_span,
                format!("unknown reason `{word}`"),
                codes::help(word, NeedsHuman::WORDS.iter().map(|(_, word)| *word)),
            );
        }
        let mut columns = Vec::new();
        for (name, span) in inner.strings("columns", &mut report) {
            columns.extend(parse_column(name, span, &mut report));
        }
        let text = inner.required_text("text", &mut report);
        inner.finish(&mut report);
        if let Some((needs, _)) = needs {
            excuses.push(Excuse {
                feature: FeatureId(id.to_owned()),
                columns,
                needs: *needs,
                text,
                path: source.path.clone(),
                span,
            });
        }
    }
    reader.finish(&mut report);
    if report.found.is_empty() {
        Ok(excuses)
    } else {
        Err(report.sorted())
    }
}
