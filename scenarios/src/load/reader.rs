//! Reading of TOML tables that keeps going: every mistake in a file is reported at once, with its place.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use device_matrix::diag::{Diagnostic, SourceFile};
use device_matrix::known::Text;
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::codes;

/// Diagnostics of one file.
pub struct Report<'a> {
    path: &'a Path,
    /// What was found so far.
    pub found: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// No diagnostics yet, for the file at `path`.
    #[must_use]
    pub fn new(path: &'a Path) -> Self {
        Self {
            path,
            found: Vec::new(),
        }
    }

    /// What was found, from the top of the file to its end.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| diagnostic.span.start);
        self.found
    }

    /// Notes an error.
    pub fn error(&mut self, code: &'static str, span: Range<usize>, message: String) {
        self.found
            .push(Diagnostic::error(code, self.path, span, message));
    }

    /// Notes an error with a line of help.
    pub fn error_help(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        help: String,
    ) {
        self.found
            .push(Diagnostic::error(code, self.path, span, message).with_help(help));
    }
}

/// Parses a file; syntax errors become diagnostics.
pub fn parse<'s>(source: &'s SourceFile, report: &mut Report<'_>) -> Spanned<DeTable<'s>> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        report.error(codes::NOT_TOML, span, error.message().to_owned());
    }
    table
}

/// One table that is being read. [`Reader::finish`] complains of the keys nobody asked for.
pub struct Reader<'t, 's> {
    table: &'t DeTable<'s>,
    span: Range<usize>,
    what: &'t str,
    asked: BTreeSet<&'static str>,
}

impl<'t, 's> Reader<'t, 's> {
    /// Begins to read a table, which complaints call `what`.
    #[must_use]
    pub fn new(table: &'t DeTable<'s>, span: Range<usize>, what: &'t str) -> Self {
        Self {
            table,
            span,
            what,
            asked: BTreeSet::new(),
        }
    }

    /// Bytes of the table's head.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key as it stands there.
    pub fn value(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'s>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    /// Whether the key is there.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Complains that a key is not there.
    pub fn missing(&self, key: &str, report: &mut Report<'_>) {
        report.error(
            codes::MISSING_KEY,
            self.span(),
            format!("{} lacks `{key}`", self.what),
        );
    }

    /// A string, with its place.
    pub fn string(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Option<(&'t str, Range<usize>)> {
        let value = self.value(key)?;
        string(value, key, report)
    }

    /// A string that must be there; empty after a complaint.
    pub fn required(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> (&'t str, Range<usize>) {
        if !self.has(key) {
            self.asked.insert(key);
            self.missing(key, report);
            return ("", self.span());
        }
        self.string(key, report).unwrap_or(("", self.span()))
    }

    /// A boolean.
    pub fn boolean(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<bool> {
        let value = self.value(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            wrong_type(value, key, "a boolean", report);
        }
        read
    }

    /// Strings, with their places.
    pub fn strings(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<(&'t str, Range<usize>)> {
        self.array(key, report)
            .into_iter()
            .filter_map(|value| string(value, key, report))
            .collect()
    }

    /// The entries of an array; none when the key is not there.
    pub fn array(
        &mut self,
        key: &'static str,
        report: &mut Report<'_>,
    ) -> Vec<&'t Spanned<DeValue<'s>>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        if let Some(array) = value.get_ref().as_array() {
            return array.iter().collect();
        }
        wrong_type(value, key, "an array", report);
        Vec::new()
    }

    /// The tables of an array.
    pub fn tables(&mut self, key: &'static str, report: &mut Report<'_>) -> Vec<Reader<'t, 's>> {
        self.array(key, report)
            .into_iter()
            .filter_map(|value| table(value, key, report))
            .collect()
    }

    /// A table.
    pub fn table(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Reader<'t, 's>> {
        let value = self.value(key)?;
        table(value, key, report)
    }

    /// `{ ja = "…", en = "…" }`.
    pub fn text(&mut self, key: &'static str, report: &mut Report<'_>) -> Option<Text> {
        let mut inner = self.table(key, report)?;
        let (ja, _) = inner.required("ja", report);
        let (en, _) = inner.required("en", report);
        let text = Text {
            ja: ja.to_owned(),
            en: en.to_owned(),
        };
        inner.finish(report);
        Some(text)
    }

    /// A text in both languages that must be there.
    pub fn required_text(&mut self, key: &'static str, report: &mut Report<'_>) -> Text {
        if !self.has(key) {
            self.missing(key, report);
        }
        self.text(key, report).unwrap_or(Text {
            ja: String::new(),
            en: String::new(),
        })
    }

    /// Entries of a table with free names.
    pub fn entries(
        &self,
    ) -> impl Iterator<Item = (&'t str, Range<usize>, &'t Spanned<DeValue<'s>>)> {
        self.table
            .iter()
            .map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
    }

    /// Complains of the keys that nobody asked for.
    pub fn finish(self, report: &mut Report<'_>) {
        for (key, span, _) in self.entries() {
            if !self.asked.contains(key) {
                report.error_help(
                    codes::UNKNOWN_KEY,
                    span,
                    format!("unknown key `{key}` in {}", self.what),
                    codes::help(key, self.asked.iter().copied()),
                );
            }
        }
    }
}

fn wrong_type(value: &Spanned<DeValue<'_>>, key: &str, wanted: &str, report: &mut Report<'_>) {
    report.error(
        codes::WRONG_TYPE,
        value.span(),
        format!("`{key}` takes {wanted}, not {}", value.get_ref().type_str()),
    );
}

/// A value as a string.
pub fn string<'t>(
    value: &'t Spanned<DeValue<'_>>,
    key: &str,
    report: &mut Report<'_>,
) -> Option<(&'t str, Range<usize>)> {
    let read = value.get_ref().as_str();
    if read.is_none() {
        wrong_type(value, key, "a string", report);
    }
    Some((read?, value.span()))
}

/// A value as a table.
pub fn table<'t, 's>(
    value: &'t Spanned<DeValue<'s>>,
    key: &'t str,
    report: &mut Report<'_>,
) -> Option<Reader<'t, 's>> {
    let read = value.get_ref().as_table();
    if read.is_none() {
        wrong_type(value, key, "a table", report);
    }
    Some(Reader::new(read?, value.span(), key))
}

/// A TOML value as JSON; a date becomes `{"$date": …}`.
pub fn json(value: &Spanned<DeValue<'_>>, report: &mut Report<'_>) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix()).map_or_else(
                |_| {
                    wrong_type(value, "value", "a whole number of 64 bits", report);
                    Value::Null
                },
                Value::from,
            )
        }
        DeValue::Float(number) => number
            .as_str()
            .replace('_', "")
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map_or_else(
                || {
                    wrong_type(value, "value", "a finite number", report);
                    Value::Null
                },
                Value::Number,
            ),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::Object(Map::from_iter([(
            "$date".to_owned(),
            date.to_string().into(),
        )])),
        DeValue::Array(array) => array.iter().map(|entry| json(entry, report)).collect(),
        DeValue::Table(table) => Value::Object(
            table
                .iter()
                .map(|(key, entry)| (key.get_ref().to_string(), json(entry, report)))
                .collect(),
        ),
    }
}
