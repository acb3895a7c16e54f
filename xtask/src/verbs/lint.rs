//! `lint`: all data files, every error at once.

use std::path::Path;

use device_matrix::diag::{self, Diagnostic, Severity, SourceFile};
use serde::Serialize;

use crate::data::Data;
use crate::exit::{Exit, Outcome};
use crate::workspace::Workspace;

/// The published form of a diagnostic.
#[derive(Debug, Serialize)]
struct DiagnosticJson<'a> {
    code: &'a str,
    severity: &'a str,
    message: &'a str,
    file: String,
    line: usize,
    column: usize,
    help: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct LintJson<'a> {
    schema_version: u32,
    files: usize,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

/// Checks all data; errors are a no, warnings are not.
pub(crate) fn run(workspace: &Workspace, json: bool) -> Outcome {
    let (found, sources) = match Data::load(workspace)? {
        Ok(data) => {
            let today = crate::clock::as_of(None);
            let path = Path::new(crate::data::KNOWN_ISSUES_FILE);
            let mut found = data.decision_errors().to_vec();
            found.extend(data.known_issues.lint(path, today));
            found.extend(data.warnings);
            (found, data.sources)
        }
        Err(bad) => (bad.found, bad.sources),
    };
    let errors = found
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count();
    let warnings = found.len() - errors;
    if json {
        let report = LintJson {
            schema_version: 1,
            files: sources.len(),
            errors,
            warnings,
            diagnostics: found
                .iter()
                .map(|diagnostic| published(diagnostic, &sources))
                .collect(),
        };
        super::print_json(&report)?;
    } else {
        let color = crate::terminal::Terminal::detect(|name| std::env::var(name).ok()).color;
        eprint!("{}", diag::render(&found, &sources, color));
        println!(
            "{} data files: {errors} error(s), {warnings} warning(s)",
            sources.len()
        );
    }
    Ok(if errors == 0 { Exit::Yes } else { Exit::No })
}

fn published<'a>(diagnostic: &'a Diagnostic, sources: &[SourceFile]) -> DiagnosticJson<'a> {
    let text = sources
        .iter()
        .find(|source| source.path == diagnostic.path)
        .map_or("", |source| source.text.as_str());
    let (line, column) = diagnostic.line_column(text);
    DiagnosticJson {
        code: diagnostic.code,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &diagnostic.message,
        file: diagnostic.path.display().to_string(),
        line,
        column,
        help: diagnostic.help.as_deref(),
    }
}
