//! Values of a TOML file with their places: what is wrong is collected, not thrown.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::item::Scalar;
use super::raw;
use crate::diag::Diagnostic;
use crate::version::VersionNumber;

/// A value and its place.
pub(crate) type Value<'t, 'i> = &'t Spanned<DeValue<'i>>;

/// Name and value of one entry of a table.
pub(crate) type Entry<'t, 'i> = (&'t Spanned<Cow<'i, str>>, Value<'t, 'i>);

/// Collects what is wrong in one file.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(path: &'a Path) -> Self {
        Self {
            path,
            diagnostics: Vec::new(),
        }
    }

    pub(crate) fn error(&mut self, code: &'static str, span: Range<usize>, message: String) {
        let path: PathBuf = self.path.to_owned();
        self.diagnostics
            .push(Diagnostic::error(code, path, span, message));
    }

    pub(crate) fn unknown(&mut self, name: &Spanned<Cow<'_, str>>, known: &[&str]) {
        let text = name.get_ref();
        let message = format!("unknown key `{text}`");
        let mut diagnostic = Diagnostic::error("DM1002", self.path, name.span(), message);
        if let Some(nearest) = nearest(text, known) {
            diagnostic = diagnostic.with_help(format!("did you mean `{nearest}`?"));
        } else {
            diagnostic = diagnostic.with_help(format!("known keys: {}", known.join(", ")));
        }
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn wrong(&mut self, value: Value<'_, '_>, name: &str, expected: &str) {
        let found = value.get_ref().type_str();
        let message = format!("`{name}` must be {expected}, not {found}");
        self.error("DM1003", value.span(), message);
    }

    /// Parses the text; syntax errors become diagnostics and what could be read is returned all the same.
    pub(crate) fn parse<'i>(&mut self, text: &'i str) -> Spanned<DeTable<'i>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            self.error("DM1001", span, error.message().to_owned());
        }
        table
    }

    pub(crate) fn text(&mut self, value: Value<'_, '_>, name: &str) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong(value, name, "a string");
        }
        text
    }

    pub(crate) fn flag(&mut self, value: Value<'_, '_>, name: &str) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, name, "true or false");
        }
        flag
    }

    pub(crate) fn texts(&mut self, value: Value<'_, '_>, name: &str) -> Option<Vec<String>> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, name, "an array of strings");
            return None;
        };
        array.iter().map(|one| self.text(one, name)).collect()
    }

    pub(crate) fn count(&mut self, value: Value<'_, '_>, name: &str) -> Option<u32> {
        let count = value
            .get_ref()
            .as_integer()
            .and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        if count.is_none() {
            self.wrong(value, name, "a whole number that is not negative");
        }
        count
    }

    pub(crate) fn scalar(&mut self, value: Value<'_, '_>, name: &str) -> Option<Scalar> {
        let scalar = match value.get_ref() {
            DeValue::String(text) => Some(Scalar::String(text.clone().into_owned())),
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix())
                .ok()
                .map(Scalar::Integer),
            DeValue::Float(n) => n
                .as_str()
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
                .map(Scalar::Real),
            DeValue::Boolean(truth) => Some(Scalar::Boolean(*truth)),
            _ => None,
        };
        if scalar.is_none() {
            self.wrong(value, name, "a string, number or truth value");
        }
        scalar
    }

    pub(crate) fn scalars(&mut self, value: Value<'_, '_>, name: &str) -> Vec<Scalar> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, name, "an array");
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|one| self.scalar(one, name))
            .collect()
    }

    pub(crate) fn word<T: Copy>(
        &mut self,
        value: Value<'_, '_>,
        name: &str,
        table: &[(T, &'static str)],
    ) -> Option<T> {
        let text = value.get_ref().as_str();
        let found = text.and_then(|text| raw::value(table, text));
        if found.is_none() {
            let words: Vec<&str> = table.iter().map(|(_, word)| *word).collect();
            let shown = text.unwrap_or_else(|| value.get_ref().type_str());
            let message = format!("`{shown}` is no value of `{name}`");
            let help = nearest(shown, &words).map_or_else(
                || format!("one of: {}", words.join(", ")),
                |nearest| format!("did you mean `{nearest}`?"),
            );
            let diagnostic = Diagnostic::error("DM1004", self.path, value.span(), message);
            self.diagnostics.push(diagnostic.with_help(help));
        }
        found
    }

    pub(crate) fn version(&mut self, value: Value<'_, '_>, name: &str) -> Option<VersionNumber> {
        let text = self.text(value, name)?;
        match text.parse() {
            Ok(version) => Some(version),
            Err(error) => {
                self.error("DM1005", value.span(), format!("`{name}`: {error}"));
                None
            }
        }
    }

    /// The entries of a table; what is no table is reported.
    pub(crate) fn table<'t, 'i>(&mut self, value: Value<'t, 'i>, name: &str) -> Vec<Entry<'t, 'i>> {
        if let Some(table) = value.get_ref().as_table() {
            return table.iter().collect();
        }
        self.wrong(value, name, "a table");
        Vec::new()
    }

    /// The tables of an array; what is no table is reported.
    pub(crate) fn rows<'t, 'i>(
        &mut self,
        value: Value<'t, 'i>,
        name: &str,
    ) -> Vec<Vec<Entry<'t, 'i>>> {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, name, "an array of tables");
            return Vec::new();
        };
        array.iter().map(|one| self.table(one, name)).collect()
    }
}

/// The known name nearest to `text`, when one is near.
pub(crate) fn nearest<'k>(text: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|name| (strsim::jaro_winkler(text, name), *name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
