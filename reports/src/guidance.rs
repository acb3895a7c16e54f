//! Guidance by hand: what no run can show about a release, each statement with its source.

use std::collections::BTreeMap;
use std::path::Path;

use device_matrix::diag::Diagnostic;
use device_matrix::known::{Known, Text};

use crate::report::{Guidance, KnownIssue, Sourced};
use crate::toml_reader::{Sink, Table, parse};

/// What is stated for one release; `None` is that nobody has looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Security state of the versions customers are on.
    pub security: Option<Sourced>,
    /// Known issues.
    pub known_issues: Option<Vec<KnownIssue>>,
    /// Possibility to go back.
    pub way_back: Option<Sourced>,
}

/// Guidance of all releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuidanceBook {
    statements: BTreeMap<String, Statement>,
}

/// Codes of errors in the guidance.
mod own {
    /// The catalog has no such release.
    pub(super) const UNKNOWN_RELEASE: &str = "RP0301";
    /// A statement without words or without a source.
    pub(super) const EMPTY: &str = "RP0302";
}

impl GuidanceBook {
    /// Reads and lints the file. `known` says whether the catalog has a release id.
    ///
    /// # Errors
    /// All errors of the file at once.
    pub fn load(
        path: &Path,
        text: &str,
        known: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut sink = Sink::new(path);
        let file = parse(text, &mut sink);
        let mut statements = BTreeMap::new();
        for (key, value) in Table::root(&file).entries() {
            let id = key.get_ref().as_ref();
            if !known(id) {
                sink.error(
                    own::UNKNOWN_RELEASE,
                    key.span(),
                    format!("no release is named `{id}`"),
                    "write the id of a release in the data, such as \"ios18.0\" or \"ios27.2-beta3\"",
                );
            }
            if let Some(table) = Table::entry(value, "the guidance of a release", &mut sink) {
                statements.insert(id.to_owned(), statement(table, &mut sink));
            }
        }
        if sink.found.is_empty() {
            Ok(Self { statements })
        } else {
            sink.found.sort_by_key(|diagnostic| diagnostic.span.start);
            Err(sink.found)
        }
    }

    /// What is stated for these releases, oldest first: the newest statement on security and the way back, every known
    /// issue once. `cannot_update` stays unknown: models are data of their own.
    #[must_use]
    pub fn of(&self, releases: &[&str]) -> Guidance {
        let stated = || releases.iter().filter_map(|id| self.statements.get(*id));
        let newest = |pick: fn(&Statement) -> &Option<Sourced>| {
            stated()
                .filter_map(|statement| pick(statement).clone())
                .next_back()
                .map_or(Known::Unknown, Known::Known)
        };
        let mut known_issues = Known::Unknown;
        for issues in stated().filter_map(|statement| statement.known_issues.as_ref()) {
            let mut all: Vec<KnownIssue> = known_issues.known().unwrap_or_default();
            for issue in issues {
                if !all.contains(issue) {
                    all.push(issue.clone());
                }
            }
            known_issues = Known::Known(all);
        }
        Guidance {
            security: newest(|statement| &statement.security),
            known_issues,
            way_back: newest(|statement| &statement.way_back),
            ..Guidance::unknown()
        }
    }
}

fn statement(mut table: Table<'_, '_>, sink: &mut Sink) -> Statement {
    let security = optional(&mut table, "security", sink);
    let way_back = optional(&mut table, "way_back", sink);
    let known_issues = table.has("known_issues").then(|| {
        table
            .tables("known_issues", "a known issue", sink)
            .into_iter()
            .map(|mut issue| {
                let number = issue.string("number", sink);
                let Sourced { text, source } = sourced(issue, sink);
                KnownIssue {
                    number,
                    text,
                    source,
                }
            })
            .collect()
    });
    table.finish(sink);
    Statement {
        security,
        known_issues,
        way_back,
    }
}

fn optional(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> Option<Sourced> {
    if !table.has(key) {
        return None;
    }
    let inner = table.table(key, "a statement with its source", sink)?;
    Some(sourced(inner, sink))
}

/// Words in both languages and where they come from; none of them may be empty.
fn sourced(mut table: Table<'_, '_>, sink: &mut Sink) -> Sourced {
    let before = sink.found.len();
    let text = Text {
        ja: table.string("ja", sink),
        en: table.string("en", sink),
    };
    let source = table.string("source", sink);
    let words = [&text.ja, &text.en, &source];
    if sink.found.len() == before && words.iter().any(|words| words.trim().is_empty()) {
        sink.error(
            own::EMPTY,
            table.span(),
            "a statement lacks its words or its source".to_owned(),
            "leave the key away when nobody has looked",
        );
    }
    table.finish(sink);
    Sourced { text, source }
}

#[cfg(test)]
mod tests {
    use device_matrix::diag::{SourceFile, render};

    use super::*;

    const PATH: &str = "guidance.toml";

    #[test]
    fn unknown_is_not_none() {
        let text = "[\"ios18.0\"]\nknown_issues = []\n\n[\"ios18.1\"]\nway_back = { ja = \"不可\", en = \"no\", source = \"seen\" }\nknown_issues = [{ number = \"1\", ja = \"あ\", en = \"a\", source = \"notes\" }]\n";
        let book = GuidanceBook::load(Path::new(PATH), text, |_| true).expect("guidance");
        let of = book.of(&["ios18.0"]);
        assert_eq!(of.known_issues, Known::Known(Vec::new()));
        assert_eq!(of.security, Known::Unknown);
        let of = book.of(&["ios18.0", "ios18.1"]);
        assert_eq!(of.known_issues.as_known().map(Vec::len), Some(1));
        assert_eq!(
            of.way_back.as_known().map(|way| way.text.en.as_str()),
            Some("no")
        );
        assert_eq!(book.of(&["ios17.0"]), Guidance::unknown());
    }

    #[test]
    fn the_guidance_in_the_tree_can_be_read() {
        let text = include_str!("../data/guidance.toml");
        assert!(GuidanceBook::load(Path::new(PATH), text, |_| true).is_ok());
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let text = "[\"ios99.0\"]\nsecurty = 1\n\n[\"ios18.0\"]\nsecurity = { ja = \"\", en = \"x\", source = \"y\" }\nknown_issues = [{ number = \"1\", ja = \"あ\", en = \"a\" }]\nway_back = \"no\"\n";
        let found = GuidanceBook::load(Path::new(PATH), text, |id| id == "ios18.0").unwrap_err();
        let source = SourceFile {
            path: PATH.into(),
            text: text.to_owned(),
        };
        insta::assert_snapshot!(render(&found, &[source], false));
    }
}
