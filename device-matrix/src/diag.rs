//! Diagnostics about data: every error at once, with place, underline, help and a stable code.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A data file as read, kept for underlining.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path relative to the root of the workspace, as shown to people.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// Whether a diagnostic stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The data can not be used.
    Error,
    /// The data can be used; somebody should look.
    Warning,
}

/// Something wrong in a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `DM0004`; `cargo xtask explain DM0004` tells more.
    pub code: &'static str,
    /// Whether it stops the work.
    pub severity: Severity,
    /// What happened, one sentence without a full stop.
    pub message: String,
    /// The file, as in [`SourceFile::path`].
    pub path: PathBuf,
    /// Bytes of the file that are meant.
    pub span: Range<usize>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error at `span` of `path`.
    pub fn error(
        code: &'static str,
        path: impl Into<PathBuf>,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            path: path.into(),
            span,
            help: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Line and column of the beginning of the span, counted from one, in characters.
    #[must_use]
    pub fn line_column(&self, text: &str) -> (usize, usize) {
        let start = floor_boundary(text, self.span.start);
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .map_or(0, |tail| tail.chars().count())
            + 1;
        (line, column)
    }
}

/// Renders diagnostics in the manner of rustc; `color` adds terminal colors.
///
/// Files that are not among `sources` are shown by path only.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[SourceFile], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code);
        let path = diagnostic.path.to_string_lossy();
        let mut group = Group::with_title(title);
        if let Some(text) = text_of(&diagnostic.path, sources) {
            let start = floor_boundary(text, diagnostic.span.start);
            let end = floor_boundary(text, diagnostic.span.end).max(start);
            group = group.element(
                Snippet::source(text)
                    .path(path.clone())
                    .annotation(AnnotationKind::Primary.span(start..end)),
            );
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let report = [group];
        let _ = writeln!(out, "{}\n", renderer.render(&report));
    }
    out
}

fn text_of<'a>(path: &Path, sources: &'a [SourceFile]) -> Option<&'a str> {
    sources
        .iter()
        .find(|source| source.path == path)
        .map(|source| source.text.as_str())
}

fn floor_boundary(text: &str, index: usize) -> usize {
    text.floor_char_boundary(index.min(text.len()))
}
