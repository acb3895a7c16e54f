//! Known issues: what is lost is known to be lost, by whom it is owned, and until when that is an answer.
//!
//! A known issue explains a finding and changes no verdict: the mark stays △ or ×. An expired one explains nothing.

use std::collections::BTreeSet;
use std::path::Path;

use device_matrix::diag::Diagnostic;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::Text;
use device_matrix::platform::Platform;
use device_matrix::version::{OsVersion, VersionNumber};
use jiff::Span;
use jiff::civil::Date;
use scenarios::event::CellRecord;

use crate::assess::{Assessment, Finding, FindingKind, KnownMatch, KnownState, Party};
use crate::toml_reader::{Sink, Table, code, parse};

/// Days before the expiry on which it is warned of.
const WARN_DAYS: i64 = 14;

/// Where an issue shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Platform.
    pub platform: Platform,
    /// First version inside; `None` is since ever.
    pub from: Option<VersionNumber>,
    /// First version outside; `None` is open.
    pub until: Option<VersionNumber>,
    /// Only these builds; empty is any.
    pub builds: Vec<String>,
}

/// A known issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIssue {
    /// Id, such as `KI-0001`.
    pub id: String,
    /// Feature; `None` is any.
    pub feature: Option<String>,
    /// Scenario; `None` is any of the feature.
    pub scenario: Option<String>,
    /// Part; `None` is any.
    pub part: Option<String>,
    /// Releases.
    pub on: Vec<Scope>,
    /// Enrollment types; empty is any.
    pub enrollments: Vec<EnrollmentType>,
    /// Who is at fault.
    pub party: Party,
    /// Number of the vendor's feedback or ticket.
    pub feedback: Option<String>,
    /// Who looks after it.
    pub owner: String,
    /// Since when it is known.
    pub opened: Date,
    /// The last day on which it explains a finding.
    pub expires: Date,
    /// What to do in the meantime.
    pub workaround: Option<Text>,
    /// Remark.
    pub note: Option<String>,
    /// Bytes of the file, for warnings.
    span: std::ops::Range<usize>,
}

/// All known issues, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownIssues {
    /// The issues.
    pub issues: Vec<KnownIssue>,
}

/// Codes of errors in the known issues.
mod own {
    /// No such feature or scenario.
    pub(super) const UNKNOWN: &str = "RP0701";
    /// It says nothing about what or where.
    pub(super) const NO_SCOPE: &str = "RP0702";
    /// Expires before it was opened, or a range is empty.
    pub(super) const ORDER: &str = "RP0703";
    /// Two issues of one id.
    pub(super) const TWICE: &str = "RP0704";
    /// Expired, or will be soon.
    pub(super) const EXPIRES: &str = "RP0705";
}

/// Reads the file. `feature` and `scenario` say whether the suite has an id.
///
/// # Errors
/// All errors of the file at once.
pub fn load(
    path: &Path,
    text: &str,
    feature: impl Fn(&str) -> bool,
    scenario: impl Fn(&str) -> bool,
) -> Result<KnownIssues, Vec<Diagnostic>> {
    let mut sink = Sink::new(path);
    let file = parse(text, &mut sink);
    let mut root = Table::root(&file);
    let mut issues = Vec::new();
    let mut ids = BTreeSet::new();
    for table in root.tables("issue", "a known issue", &mut sink) {
        let span = table.span();
        let Some(issue) = issue(table, &mut sink) else {
            continue;
        };
        let unknown = [
            (
                "feature",
                issue.feature.as_deref().filter(|id| !feature(id)),
            ),
            (
                "scenario",
                issue.scenario.as_deref().filter(|id| !scenario(id)),
            ),
        ];
        for (what, id) in unknown {
            if let Some(id) = id {
                sink.error(
                    own::UNKNOWN,
                    span.clone(),
                    format!("no {what} is named `{id}`"),
                    "features stand in scenarios/data/features.toml, scenarios below scenarios/data",
                );
            }
        }
        if issue.on.is_empty() || (issue.feature.is_none() && issue.scenario.is_none()) {
            sink.error(
                own::NO_SCOPE,
                span.clone(),
                format!("`{}` would match by accident", issue.id),
                "name a feature or a scenario, and at least one platform in `on`",
            );
        }
        if issue.expires < issue.opened {
            sink.error(
                own::ORDER,
                span.clone(),
                format!("`{}` expires before it was opened", issue.id),
                "",
            );
        }
        if !ids.insert(issue.id.clone()) {
            sink.error(
                own::TWICE,
                span,
                format!("two known issues are named `{}`", issue.id),
                "",
            );
        }
        issues.push(issue);
    }
    root.finish(&mut sink);
    if sink.found.is_empty() {
        Ok(KnownIssues { issues })
    } else {
        sink.found.sort_by_key(|diagnostic| diagnostic.span.start);
        Err(sink.found)
    }
}

fn issue(mut table: Table<'_, '_>, sink: &mut Sink) -> Option<KnownIssue> {
    let span = table.span();
    let id = table.string("id", sink);
    let feature = table.optional_string("feature", sink);
    let scenario = table.optional_string("scenario", sink);
    let part = table.optional_string("part", sink);
    let on = table
        .tables("on", "a range of releases", sink)
        .into_iter()
        .filter_map(|range| scope(range, sink))
        .collect();
    let enrollments = if table.has("enrollments") {
        table
            .strings("enrollments", sink)
            .into_iter()
            .filter_map(|(word, span)| {
                let found = EnrollmentType::from_word(&word);
                if found.is_none() {
                    sink.error(
                        code::WRONG_VALUE,
                        span,
                        format!("`{word}` is no enrollment type"),
                        "",
                    );
                }
                found
            })
            .collect()
    } else {
        Vec::new()
    };
    let party = table.word("party", &Party::WORDS, sink);
    let feedback = table.optional_string("feedback", sink);
    let owner = table.string("owner", sink);
    let opened = date(&mut table, "opened", sink);
    let expires = date(&mut table, "expires", sink);
    let workaround = table
        .has("workaround")
        .then(|| table.text("workaround", sink));
    let note = table.optional_string("note", sink);
    table.finish(sink);
    Some(KnownIssue {
        id,
        feature,
        scenario,
        part,
        on,
        enrollments,
        party: party?,
        feedback,
        owner,
        opened: opened?,
        expires: expires?,
        workaround,
        note,
        span,
    })
}

fn date(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> Option<Date> {
    if table.has(key) {
        return table.date(key, sink);
    }
    sink.error(
        code::MISSING_KEY,
        table.span(),
        format!("`{key}` is missing in a known issue"),
        &format!("add `{key} = 2026-12-29`"),
    );
    None
}

fn scope(mut table: Table<'_, '_>, sink: &mut Sink) -> Option<Scope> {
    let words: Vec<(Platform, &'static str)> = Platform::ALL
        .into_iter()
        .map(|platform| (platform, platform.slug()))
        .collect();
    let platform = table.word("platform", &words, sink);
    let span = table.span();
    let mut version = |key: &'static str, sink: &mut Sink| {
        let text = table.optional_string(key, sink)?;
        let found = text.parse::<VersionNumber>();
        if let Err(error) = &found {
            sink.error(code::WRONG_VALUE, span.clone(), error.to_string(), "");
        }
        found.ok()
    };
    let from = version("from", sink);
    let until = version("until", sink);
    let builds = if table.has("builds") {
        table
            .strings("builds", sink)
            .into_iter()
            .map(|(build, _)| build)
            .collect()
    } else {
        Vec::new()
    };
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        sink.error(
            own::ORDER,
            table.span(),
            "the range of versions is empty: `until` is the first version outside".to_owned(),
            "",
        );
    }
    table.finish(sink);
    Some(Scope {
        platform: platform?,
        from,
        until,
        builds,
    })
}

impl Scope {
    /// Whether a cell lies inside. A build that nobody knows lies in no list of builds.
    #[must_use]
    pub fn holds(&self, cell: &CellRecord) -> bool {
        let version = cell
            .release
            .strip_prefix(self.platform.slug())
            .and_then(|text| text.parse::<OsVersion>().ok());
        cell.platform == self.platform.slug()
            && version.is_some_and(|version| {
                self.from.is_none_or(|from| from <= version.number)
                    && self.until.is_none_or(|until| version.number < until)
            })
            && (self.builds.is_empty()
                || cell
                    .build
                    .as_ref()
                    .is_some_and(|build| self.builds.contains(build)))
    }
}

impl KnownIssue {
    /// Whether a cell lies inside of the issue's scope.
    #[must_use]
    pub fn covers(&self, cell: &CellRecord) -> bool {
        self.on.iter().any(|scope| scope.holds(cell))
            && (self.enrollments.is_empty()
                || self
                    .enrollments
                    .iter()
                    .any(|kind| kind.as_str() == cell.enrollment))
    }

    /// Whether the issue explains nothing any more on `day`.
    #[must_use]
    pub fn is_expired(&self, day: Date) -> bool {
        self.expires < day
    }

    /// Whether the finding is about what the issue is about, wherever it shows.
    fn is_about(&self, finding: &Finding) -> bool {
        matches!(
            finding.kind,
            FindingKind::Failure | FindingKind::Restriction | FindingKind::Flaky
        ) && self
            .feature
            .as_ref()
            .is_none_or(|feature| *feature == finding.feature)
            && self
                .scenario
                .as_ref()
                .is_none_or(|scenario| *scenario == finding.scenario)
            && (self.part.is_none() || self.part == finding.part_id)
            && (self.party == finding.fault.party || finding.kind == FindingKind::Flaky)
    }
}

impl KnownIssues {
    /// Warnings about issues that have expired by `today` or will within two weeks.
    #[must_use]
    pub fn lint(&self, path: &Path, today: Date) -> Vec<Diagnostic> {
        let soon = today
            .checked_add(Span::new().days(WARN_DAYS))
            .unwrap_or(today);
        self.issues
            .iter()
            .filter(|issue| issue.expires <= soon)
            .map(|issue| {
                let words = if issue.is_expired(today) {
                    "has expired"
                } else {
                    "expires"
                };
                Diagnostic::error(
                    own::EXPIRES,
                    path,
                    issue.span.clone(),
                    format!("known issue `{}` {words} on {}", issue.id, issue.expires),
                )
                .warning()
                .with_help(format!(
                    "{} looks again: remove it, or move the date with the reason in `note`",
                    issue.owner
                ))
            })
            .collect()
    }
}

impl Assessment {
    /// Marks the findings that are known issues on `day`, and names the issues of this run's cells and scenarios that
    /// match nothing. Outcomes, marks and the verdict stay as they are.
    #[must_use]
    pub fn with_known_issues(mut self, known: &KnownIssues, day: Date) -> Self {
        let mut matched = BTreeSet::new();
        for finding in &mut self.findings {
            let cells: Vec<&CellRecord> = self
                .cells
                .iter()
                .map(|cell| &cell.cell)
                .filter(|cell| finding.cells.iter().any(|(id, _)| *id == cell.id))
                .collect();
            finding.known = known
                .issues
                .iter()
                .filter(|issue| issue.is_about(finding))
                .filter_map(|issue| {
                    let outside = cells.iter().filter(|cell| !issue.covers(cell)).count();
                    if outside == cells.len() {
                        return None;
                    }
                    matched.insert(issue.id.clone());
                    let state = if outside > 0 {
                        KnownState::Wider
                    } else if issue.is_expired(day) {
                        KnownState::Expired
                    } else {
                        KnownState::Known
                    };
                    Some(KnownMatch {
                        issue: issue.clone(),
                        state,
                        outside: outside as u64,
                    })
                })
                .min_by_key(|found| found.state);
        }
        self.unmatched_issues = known
            .issues
            .iter()
            .filter(|issue| !matched.contains(&issue.id))
            .filter(|issue| {
                self.cases.iter().any(|case| {
                    let about = issue.feature.as_ref().is_none_or(|id| *id == case.feature)
                        && issue
                            .scenario
                            .as_ref()
                            .is_none_or(|id| *id == case.scenario);
                    about
                        && self
                            .cells
                            .iter()
                            .any(|cell| cell.cell.id == case.cell && issue.covers(&cell.cell))
                })
            })
            .map(|issue| issue.id.clone())
            .collect();
        self
    }
}

#[cfg(test)]
mod tests {
    use device_matrix::diag::{SourceFile, render};
    use jiff::civil::date;

    use super::*;

    const PATH: &str = "known_issues.toml";

    #[test]
    fn the_issues_in_the_tree_can_be_read() {
        let text = include_str!("../data/known_issues.toml");
        assert!(load(Path::new(PATH), text, |_| true, |_| true).is_ok());
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let text = "[[issue]]\nid = \"KI-1\"\nfeatur = \"a\"\nparty = \"oss\"\nowner = \"QA\"\n\n[[issue]]\nid = \"KI-2\"\nfeature = \"nothing\"\non = [{ platform = \"ios\", from = \"26.1\", until = \"26.0\" }]\nenrollments = [\"adee\"]\nparty = \"os\"\nowner = \"QA\"\nopened = 2026-11-01\nexpires = 2026-10-01\n\n[[issue]]\nid = \"KI-2\"\nparty = \"os\"\nowner = \"QA\"\nopened = 2026-11-01\nexpires = 2026-12-01\n";
        let found = load(Path::new(PATH), text, |id| id != "nothing", |_| true).unwrap_err();
        let source = SourceFile {
            path: PATH.into(),
            text: text.to_owned(),
        };
        insta::assert_snapshot!(render(&found, &[source], false));
    }

    #[test]
    fn an_expiry_is_warned_of_before_and_after() {
        let text = "[[issue]]\nid = \"KI-1\"\nfeature = \"a\"\non = [{ platform = \"ios\" }]\nparty = \"os\"\nowner = \"QA\"\nopened = 2026-11-01\nexpires = 2026-12-01\n";
        let all = load(Path::new(PATH), text, |_| true, |_| true).expect("issues");
        let rows = [
            (date(2026, 11, 16), 0, false),
            (date(2026, 11, 17), 1, false),
            (date(2026, 12, 1), 1, false),
            (date(2026, 12, 2), 1, true),
        ];
        for (today, warnings, expired) in rows {
            let found = all.lint(Path::new(PATH), today);
            assert_eq!(found.len(), warnings, "{today}");
            assert_eq!(
                found.iter().any(|one| one.message.contains("has expired")),
                expired,
                "{today}"
            );
            assert_eq!(all.issues[0].is_expired(today), expired);
        }
    }
}
