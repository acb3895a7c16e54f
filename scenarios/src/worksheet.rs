//! The worksheet: unconfirmed offers as a table that product people fill in, and its way back.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::known::Ternary;
use device_matrix::version::VersionNumber;
use jiff::civil::Date;
use jiff::fmt::strtime;

use crate::codes;
use crate::feature::Feature;
use crate::load::{column_name, column_named};

/// Heads of the columns, in order.
pub const HEADERS: [&str; 9] = [
    "機能ID",
    "機能名",
    "対象OS",
    "現在の値",
    "提供(○/×/空欄)",
    "最小OS",
    "確認者",
    "確認日",
    "備考",
];

/// Largest worksheet that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

const BOM: &str = "\u{feff}";

/// Writes one row per unconfirmed offer, as UTF-8 with a byte order mark so that spreadsheets see Japanese.
///
/// Inherited offers are left out: who confirms iOS confirms iPadOS.
#[must_use]
pub fn export(features: &[Feature]) -> String {
    let mut writer = csv::Writer::from_writer(BOM.as_bytes().to_vec());
    // Writing to memory does not fail.
    let _ = writer.write_record(HEADERS);
    for feature in features {
        for (column, offer) in &feature.offers {
            if offer.offered != Ternary::Unknown || offer.inherited_from.is_some() {
                continue;
            }
            let min_os = offer.min_os.map(|number| number.to_string());
            let _ = writer.write_record([
                feature.id.0.as_str(),
                feature.name.ja.as_str(),
                column_name(*column),
                "要確認",
                "",
                min_os.as_deref().unwrap_or(""),
                "",
                "",
                "",
            ]);
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Reads a filled-in worksheet and gives the text of overlay entries, to be appended to `features.confirmed.toml`.
///
/// Rows without an answer are passed over; a row that confirms what is known already changes nothing. All mistakes
/// are reported at once, with their lines.
pub fn apply(source: &SourceFile, features: &[Feature]) -> Result<String, Vec<Diagnostic>> {
    let mut rows = Rows {
        source,
        features,
        found: Vec::new(),
        seen: HashSet::new(),
        entries: BTreeMap::new(),
    };
    rows.read();
    if rows.found.is_empty() {
        Ok(rows.write())
    } else {
        Err(rows.found)
    }
}

struct Rows<'a> {
    source: &'a SourceFile,
    features: &'a [Feature],
    found: Vec<Diagnostic>,
    seen: HashSet<(String, String)>,
    /// Overlay lines by feature and source.
    entries: BTreeMap<(String, String), Vec<String>>,
}

impl Rows<'_> {
    fn complain(&mut self, span: &Range<usize>, message: String, help: &str) {
        self.found.push(
            Diagnostic::error(codes::BAD_ROW, &self.source.path, span.clone(), message)
                .with_help(help),
        );
    }

    fn read(&mut self) {
        let text = self.source.text.as_str();
        if text.len() > MAX_BYTES {
            self.complain(
                &(0..0),
                "the worksheet is too large".to_owned(),
                "at most 4 MiB are read",
            );
            return;
        }
        let body = text.strip_prefix(BOM).unwrap_or(text);
        let offset = text.len() - body.len();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(body.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut first = true;
        loop {
            let start = offset + usize::try_from(reader.position().byte()).unwrap_or(0);
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    self.complain(
                        &(start..start),
                        error.to_string(),
                        "save it as CSV in UTF-8",
                    );
                    return;
                }
            }
            let end = offset + usize::try_from(reader.position().byte()).unwrap_or(0);
            let span = trimmed(text, start, end);
            if std::mem::take(&mut first) {
                let heads: Vec<_> = record.iter().map(str::trim).collect();
                if heads != HEADERS {
                    self.complain(
                        &span,
                        "the first line is not the head of a worksheet".to_owned(),
                        "export a new one with `features --worksheet` and fill that in",
                    );
                    return;
                }
                continue;
            }
            self.row(&record, &span);
        }
    }

    fn row(&mut self, record: &csv::StringRecord, span: &Range<usize>) {
        let cell = |index: usize| record.get(index).unwrap_or("").trim();
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if record.len() != HEADERS.len() {
            let message = format!("the row has {} cells, not {}", record.len(), HEADERS.len());
            self.complain(
                span,
                message,
                "a comma in a text needs quotation marks around the text",
            );
            return;
        }
        let Some(offered) = answer(cell(4)) else {
            self.complain(
                span,
                format!("提供 is `{}`", cell(4)),
                "fill in ○ or ×, or leave it empty",
            );
            return;
        };
        if offered == Ternary::Unknown {
            return;
        }
        let features = self.features;
        let Some(feature) = features.iter().find(|feature| feature.id.0 == cell(0)) else {
            let help = codes::help(
                cell(0),
                features.iter().map(|feature| feature.id.0.as_str()),
            );
            self.complain(span, format!("unknown feature `{}`", cell(0)), &help);
            return;
        };
        let Some((column, current)) =
            column_named(cell(2)).and_then(|column| Some((column, feature.offers.get(&column)?)))
        else {
            let known: Vec<_> = feature
                .offers
                .keys()
                .map(|column| column_name(*column))
                .collect();
            let message = format!("`{}` is not about 対象OS `{}`", feature.id.0, cell(2));
            self.complain(span, message, &format!("it is about {}", known.join(", ")));
            return;
        };
        if !self.seen.insert((cell(0).to_owned(), cell(2).to_owned())) {
            self.complain(
                span,
                "the row occurs twice".to_owned(),
                "keep the one that holds",
            );
            return;
        }
        let min_os: Option<VersionNumber> = if cell(5).is_empty() {
            None
        } else if let Ok(number) = cell(5).parse() {
            Some(number)
        } else {
            self.complain(
                span,
                format!("最小OS is `{}`", cell(5)),
                "write a version such as 17.0",
            );
            return;
        };
        if cell(6).is_empty() {
            self.complain(
                span,
                "確認者 is empty".to_owned(),
                "an answer needs who confirmed it",
            );
            return;
        }
        let Some(date) = date(cell(7)) else {
            self.complain(
                span,
                format!("確認日 is `{}`", cell(7)),
                "write it like 2026-11-24",
            );
            return;
        };
        if current.offered == offered && current.min_os == min_os {
            return;
        }
        let mut line = format!(
            "{} = {{ offered = {}",
            toml_edit::Key::new(column_name(column)).display_repr(),
            quoted(offered.as_str())
        );
        if let Some(number) = min_os {
            let _ = write!(line, ", min_os = {}", quoted(&number.to_string()));
        }
        if !cell(8).is_empty() {
            let _ = write!(line, ", note = {}", quoted(cell(8)));
        }
        line.push_str(" }");
        let source = format!("worksheet: {}, {date}", cell(6));
        let key = (feature.id.0.clone(), source);
        self.entries.entry(key).or_default().push(line);
    }

    fn write(&self) -> String {
        let mut out = String::new();
        for ((feature, source), lines) in &self.entries {
            let _ = writeln!(
                out,
                "\n[[feature]]\nid = {}\nsource = {}\n[feature.offers]",
                quoted(feature),
                quoted(source)
            );
            for line in lines {
                let _ = writeln!(out, "{line}");
            }
        }
        out
    }
}

fn trimmed(text: &str, start: usize, end: usize) -> Range<usize> {
    let row = text.get(start..end).unwrap_or("");
    let lead = row.len() - row.trim_start_matches(['\r', '\n']).len();
    let body = row.trim_matches(['\r', '\n']);
    start + lead..start + lead + body.len()
}

fn answer(cell: &str) -> Option<Ternary> {
    match cell {
        "" => Some(Ternary::Unknown),
        "○" | "〇" | "◯" | "o" | "O" => Some(Ternary::Yes),
        "×" | "✕" | "✗" | "x" | "X" => Some(Ternary::No),
        _ => None,
    }
}

/// Spreadsheets turn `2026-11-24` into `2026/11/24`.
fn date(cell: &str) -> Option<Date> {
    cell.parse()
        .ok()
        .or_else(|| strtime::parse("%Y/%m/%d", cell).ok()?.to_date().ok())
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}
