//! Reads decisions, with every error at once.

use std::io;
use std::ops::Range;
use std::path::Path;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::known::Ternary;
use device_matrix::platform::Platform;
use jiff::civil::Date;

use super::lint::{self, Context, Places};
use super::types::{Change, Decision, DecisionSite, Event, Figures, State, Trend};
use crate::notice::check::ChangeKind;
use crate::toml_reader::{Sink, Table, code, nearest, parse};

/// The folder of decisions, relative to the root of the workspace.
const FOLDER: &str = "reports/data/decisions";
/// A decision is a page of text; anything much longer is not one.
const MAX_BYTES: u64 = 256 * 1024;

/// Codes of errors in single decisions.
mod own {
    /// A platform nobody knows.
    pub(super) const PLATFORM: &str = "RP0401";
    /// A file that can not be read.
    pub(super) const UNREADABLE: &str = "RP0412";
}

const VENDOR_UPDATES: [(Ternary, &str); 3] = [
    (Ternary::Yes, "yes"),
    (Ternary::No, "no"),
    (Ternary::Unknown, "unknown"),
];

/// Reads the files of `reports/data/decisions` below `root`, sorted by name; a missing folder is empty.
///
/// # Errors
/// When the folder or a file can not be read.
pub fn read_sources(root: &Path) -> io::Result<Vec<SourceFile>> {
    let folder = root.join(FOLDER);
    let mut files = sources_of(&folder)?;
    for file in &mut files {
        if let Some(name) = file.path.file_name() {
            file.path = Path::new(FOLDER).join(name);
        }
    }
    Ok(files)
}

fn sources_of(folder: &Path) -> io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if std::fs::metadata(&path).map_err(named)?.len() > MAX_BYTES {
            return Err(io::Error::other(format!(
                "{}: more than {MAX_BYTES} bytes are no decision",
                path.display()
            )));
        }
        let text = std::fs::read_to_string(&path).map_err(named)?;
        files.push(SourceFile { path, text });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Reads every decision of a folder. What only catalog and vendor can tell is not looked at; see [`check`].
///
/// # Errors
/// All errors of all files at once.
pub fn load(dir: &Path) -> Result<Vec<Decision>, Vec<Diagnostic>> {
    let sources = sources_of(dir).map_err(|error| {
        vec![Diagnostic::error(
            own::UNREADABLE,
            dir,
            0..0,
            error.to_string(),
        )]
    })?;
    let mut found = Vec::new();
    let decisions = read_all(&sources, &mut found);
    finish(decisions, found)
}

/// Reads and lints decisions against the rules, the sites and the known generations.
///
/// # Errors
/// All errors of all files at once.
pub fn check(
    sources: &[SourceFile],
    context: &Context<'_>,
) -> Result<Vec<Decision>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let decisions = read_all(sources, &mut found);
    lint::lint(&decisions, context, &mut found);
    finish(decisions, found)
}

fn finish(
    decisions: Vec<(Decision, Places)>,
    mut found: Vec<Diagnostic>,
) -> Result<Vec<Decision>, Vec<Diagnostic>> {
    if found.is_empty() {
        return Ok(decisions
            .into_iter()
            .map(|(decision, _)| decision)
            .collect());
    }
    found.sort_by(|a, b| (&a.path, a.span.start, a.code).cmp(&(&b.path, b.span.start, b.code)));
    Err(found)
}

/// Every decision whose notice is published on a day, or that is in effect: its version does not count among the
/// supported ones.
#[must_use]
pub fn announced(decisions: &[Decision], today: Date) -> Vec<&Decision> {
    decisions
        .iter()
        .filter(|decision| {
            matches!(
                decision.state_on(today),
                Some(State::Announced | State::Postponed | State::Effective)
            )
        })
        .collect()
}

fn read_all(sources: &[SourceFile], found: &mut Vec<Diagnostic>) -> Vec<(Decision, Places)> {
    sources
        .iter()
        .filter_map(|source| {
            let mut sink = Sink::new(&source.path);
            let decision = read(source, &mut sink);
            found.append(&mut sink.found);
            decision
        })
        .collect()
}

/// One file. A decision that lacks what identifies it is told about and not linted further.
fn read(source: &SourceFile, sink: &mut Sink) -> Option<(Decision, Places)> {
    let file = parse(&source.text, sink);
    let mut root = Table::root(&file);
    let platform = platform(&mut root, sink);
    let version = root.string("version", sink);
    let decided = required_date(&mut root, "decided", sink);
    let by = root.string("by", sink);
    let reason = root.text("reason", sink);
    let notice = required_date(&mut root, "notice", sink);
    let effective = required_date(&mut root, "effective", sink);
    let state = root.word("state", &State::WORDS, sink);
    let maintenance_notice = root.date("maintenance_notice", sink);
    let kind = ChangeKind {
        remote_control: root.boolean("remote_control", false, sink),
        behavior_change: root.boolean("behavior_change", true, sink),
        outage: root.boolean("outage", false, sink),
    };
    let works = root.texts("works", sink);
    let stops = root.texts("stops", sink);
    let prepare = root.texts("prepare", sink).unwrap_or_default();
    let after = root.texts("after", sink).unwrap_or_default();
    let (figures, remaining) = figures(&mut root, sink);
    let mut places = Places {
        path: source.path.clone(),
        whole: 0..source.text.len().min(1),
        sites: Vec::new(),
        history: Vec::new(),
        version: root.span_of("version"),
        notice: root.span_of("notice"),
        effective: root.span_of("effective"),
        state: root.span_of("state"),
        maintenance_notice: root.span_of("maintenance_notice"),
        by: root.span_of("by"),
        remaining,
        figures: root.span_of("figures"),
    };
    let mut sites = Vec::new();
    for mut table in root.tables("site", "a site", sink) {
        places.sites.push(table.span());
        sites.push(DecisionSite {
            zone: table.string("zone", sink),
            change: table.instant("change", sink),
        });
        table.finish(sink);
    }
    let mut history = Vec::new();
    for mut table in root.tables("history", "an entry of the history", sink) {
        let span = table.span();
        let on = required_date(&mut table, "on", sink);
        let event = table.word("event", &Event::WORDS, sink);
        let effective = table.date("effective", sink);
        let note = table.has("note").then(|| table.text("note", sink));
        table.finish(sink);
        if let (Some(on), Some(event)) = (on, event) {
            places.history.push(span);
            history.push(Change {
                on,
                event,
                effective,
                note,
            });
        }
    }
    root.finish(sink);
    let decision = Decision {
        id: source
            .path
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default(),
        platform: platform?,
        version,
        decided: decided?,
        by,
        reason,
        figures: figures?,
        notice: notice?,
        effective: effective?,
        sites,
        kind,
        maintenance_notice,
        works,
        stops,
        prepare,
        after,
        state: state?,
        history,
    };
    Some((decision, places))
}

fn platform(root: &mut Table<'_, '_>, sink: &mut Sink) -> Option<Platform> {
    let before = sink.found.len();
    let text = root.string("platform", sink);
    if sink.found.len() > before {
        return None;
    }
    let found = Platform::ALL
        .into_iter()
        .find(|platform| platform.slug() == text);
    if found.is_none() {
        let names = Platform::ALL.map(Platform::slug);
        let help = nearest(&text.to_lowercase(), names.into_iter()).map_or_else(
            || format!("write one of {}", names.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        sink.error(
            own::PLATFORM,
            root.span_of("platform"),
            format!("`{text}` is no platform"),
            &help,
        );
    }
    found
}

fn required_date(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> Option<Date> {
    if !table.has(key) {
        // Told in the words of every other missing key.
        table.string(key, sink);
        return None;
    }
    table.date(key, sink)
}

/// The figures, and where it stands what remains.
fn figures(root: &mut Table<'_, '_>, sink: &mut Sink) -> (Option<Figures>, Range<usize>) {
    let Some(mut table) = root.table("figures", "[figures]", sink) else {
        return (None, 0..0);
    };
    let place = table.span_of("remaining");
    let as_of = required_date(&mut table, "as_of", sink);
    let remaining = table
        .strings("remaining", sink)
        .into_iter()
        .map(|(text, _)| text)
        .collect();
    let trend = table.word("trend", &Trend::WORDS, sink);
    let decline_percent = table.number("decline_percent", sink);
    let figures = Figures {
        as_of: as_of.unwrap_or(Date::ZERO),
        remaining,
        trend: trend.unwrap_or(Trend::Decreasing),
        months: count(&mut table, "months", sink),
        first: count(&mut table, "first", sink),
        last: count(&mut table, "last", sink),
        decline_percent,
        vendor_updates: table
            .word("vendor_updates", &VENDOR_UPDATES, sink)
            .unwrap_or(Ternary::Unknown),
    };
    if let Some(percent) = decline_percent
        && !(0.0..=100.0).contains(&percent)
    {
        sink.error(
            code::WRONG_VALUE,
            table.span_of("decline_percent"),
            format!("a decline of {percent} % is none"),
            "write a number from 0 to 100",
        );
    }
    table.finish(sink);
    (as_of.zip(trend).map(|_| figures), place)
}

/// A count that must be there: not measured is no figure to decide on.
fn count(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> u32 {
    if !table.has(key) {
        table.string(key, sink);
        return 0;
    }
    table.integer(key, 0, sink)
}
