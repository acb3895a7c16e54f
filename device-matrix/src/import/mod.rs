//! Importers: pure functions from a source's text to the texts of generated data files.

use std::fmt;
use std::path::PathBuf;

pub mod apple;
pub mod calendar;
pub mod releases;

/// A data file that an importer wrote; the caller puts it in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path relative to the root of the workspace.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input is not JSON of the expected shape.
    #[error(
        "the input is not what was expected: {0}; check that it is the right file and not cut off"
    )]
    Shape(#[from] serde_json::Error),
    /// The input says which shape it has, and it is another one.
    #[error("the input calls itself `{found}`, expected `{expected}`; use a file of that schema")]
    Schema {
        /// What was expected.
        expected: &'static str,
        /// What the file says.
        found: String,
    },
    /// A value makes no sense.
    #[error("{place}: {what}; correct it in the input")]
    Value {
        /// Where in the input.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// Lines of a text file that can not be read.
    #[error("{}", Lines(.0))]
    Lines(Vec<LineProblem>),
}

/// What is wrong with a line of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

/// Problems of lines, one a line.
struct Lines<'a>(&'a [LineProblem]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "line {}: {}", problem.line, problem.what)?;
        }
        Ok(())
    }
}

/// Quotes `text` as a TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A TOML list of strings on one line.
pub(crate) fn string_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// `text` as comment lines.
pub(crate) fn comment(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        out.push_str(if line.is_empty() { "#" } else { "# " });
        out.push_str(line);
        out.push('\n');
    }
    out
}
