//! Typed access to a TOML table that collects every problem with its place instead of stopping at the first.

use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diag::{Diagnostic, SourceFile};
use crate::known::Text;

/// Where problems of one file are collected.
pub(crate) struct Reader<'a> {
    path: &'a Path,
    problems: Vec<Diagnostic>,
}

/// A value with its place in the file.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table whose keys are known.
#[derive(Clone)]
pub(crate) struct Fields<'t> {
    table: &'t DeTable<'t>,
    pub(crate) span: Range<usize>,
}

/// Reads `source` as TOML and hands its root to `read`; syntax errors become `DM0001`.
pub(crate) fn read_file<T: Default>(
    source: &SourceFile,
    known: &[&str],
    read: impl FnOnce(&mut Reader<'_>, &Fields<'_>) -> T,
) -> (T, Vec<Diagnostic>) {
    let mut reader = Reader {
        path: &source.path,
        problems: Vec::new(),
    };
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors.iter().take(20) {
        reader.report(
            "DM0001",
            error.span().unwrap_or(0..0),
            format!("not TOML: {}", error.message()),
            "see https://toml.io for the syntax".to_owned(),
        );
    }
    if !reader.problems.is_empty() {
        return (T::default(), reader.problems);
    }
    let fields = reader.fields(root.get_ref(), root.span(), known);
    let value = read(&mut reader, &fields);
    (value, reader.problems)
}

/// The known word nearest to `word`, when one is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known
        .into_iter()
        .map(|candidate| {
            (
                strsim::normalized_damerau_levenshtein(word, candidate),
                candidate,
            )
        })
        .filter(|(score, _)| *score > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

impl Reader<'_> {
    /// Records an error.
    pub(crate) fn report(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        help: String,
    ) {
        self.problems
            .push(Diagnostic::error(code, self.path, span, message).with_help(help));
    }

    /// Opens a table and reports keys that are not in `known`.
    pub(crate) fn fields<'t>(
        &mut self,
        table: &'t DeTable<'t>,
        span: Range<usize>,
        known: &[&str],
    ) -> Fields<'t> {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let help = nearest(name, known.iter().copied()).map_or_else(
                    || format!("known keys: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                self.report("DM0002", key.span(), format!("unknown key `{name}`"), help);
            }
        }
        Fields { table, span }
    }

    fn wrong_type(&mut self, span: Range<usize>, key: &str, expected: &str, value: &DeValue<'_>) {
        self.report(
            "DM0004",
            span,
            format!("`{key}` is of type {}", value.type_str()),
            format!("write {expected}"),
        );
    }

    /// A string, when the key is present.
    pub(crate) fn string(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        let value = fields.get(key)?;
        if let Some(text) = value.get_ref().as_str() {
            return Some(At {
                value: text.to_owned(),
                span: value.span(),
            });
        }
        self.wrong_type(value.span(), key, "a string", value.get_ref());
        None
    }

    /// A string that must be there.
    pub(crate) fn required(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<String>> {
        if fields.get(key).is_none() {
            self.missing(fields, key);
            return None;
        }
        self.string(fields, key)
    }

    fn missing(&mut self, fields: &Fields<'_>, key: &str) {
        self.report(
            "DM0003",
            fields.head(),
            format!("`{key}` is missing"),
            format!("add `{key} = …`"),
        );
    }

    /// A string read by `FromStr`, when the key is present.
    pub(crate) fn parsed<T: FromStr>(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<T>>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.string(fields, key)?;
        self.convert(text, key)
    }

    /// A string read by `FromStr` that must be there.
    pub(crate) fn required_parsed<T: FromStr>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
    ) -> Option<At<T>>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.required(fields, key)?;
        self.convert(text, key)
    }

    /// Reads a value by `FromStr`; a failure is `DM0005`.
    pub(crate) fn convert<T: FromStr>(&mut self, text: At<String>, key: &str) -> Option<At<T>>
    where
        T::Err: std::fmt::Display,
    {
        match text.value.parse() {
            Ok(value) => Some(At {
                value,
                span: text.span,
            }),
            Err(error) => {
                self.report(
                    "DM0005",
                    text.span,
                    format!("`{key}` can not be read: {error}"),
                    "correct the value; see the head of the file for its shape".to_owned(),
                );
                None
            }
        }
    }

    /// An ISO 8601 date, when the key is present.
    pub(crate) fn date(&mut self, fields: &Fields<'_>, key: &str) -> Option<Date> {
        let text = self.string(fields, key)?;
        self.convert::<Date>(text, key).map(|at| at.value)
    }

    /// One of the words of a table; a failure is `DM0006` with the nearest word.
    pub(crate) fn word<T: Copy>(
        &mut self,
        text: &At<String>,
        key: &str,
        words: &[(T, &'static str)],
    ) -> Option<T> {
        let found = words
            .iter()
            .find(|(_, word)| *word == text.value)
            .map(|(value, _)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
            let help = nearest(&text.value, known.iter().copied()).map_or_else(
                || format!("known words: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.report(
                "DM0006",
                text.span.clone(),
                format!("`{}` is no {key}", text.value),
                help,
            );
        }
        found
    }

    /// `true` or `false`, when the key is present.
    pub(crate) fn boolean(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let value = fields.get(key)?;
        let read = value.get_ref().as_bool();
        if read.is_none() {
            self.wrong_type(value.span(), key, "true or false", value.get_ref());
        }
        read
    }

    /// A whole number that must be there.
    pub(crate) fn required_integer(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<u32>> {
        let Some(value) = fields.get(key) else {
            self.missing(fields, key);
            return None;
        };
        let Some(number) = value.get_ref().as_integer() else {
            self.wrong_type(value.span(), key, "a whole number", value.get_ref());
            return None;
        };
        let Ok(read) = u32::from_str_radix(number.as_str(), number.radix()) else {
            self.report(
                "DM0005",
                value.span(),
                format!("`{key}` is out of range"),
                "write a whole number from 0 to 4294967295".to_owned(),
            );
            return None;
        };
        Some(At {
            value: read,
            span: value.span(),
        })
    }

    /// A number with or without a decimal point that must be there.
    pub(crate) fn required_float(&mut self, fields: &Fields<'_>, key: &str) -> Option<At<f64>> {
        let Some(value) = fields.get(key) else {
            self.missing(fields, key);
            return None;
        };
        let read = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            DeValue::Integer(number) => number.as_str().parse::<f64>().ok(),
            _ => None,
        };
        if read.is_none() {
            self.wrong_type(value.span(), key, "a number", value.get_ref());
        }
        read.map(|number| At {
            value: number,
            span: value.span(),
        })
    }

    /// Strings of a list; a missing key is an empty list.
    pub(crate) fn strings(&mut self, fields: &Fields<'_>, key: &str) -> Vec<At<String>> {
        let mut out = Vec::new();
        for value in self.items(fields, key) {
            if let Some(text) = value.get_ref().as_str() {
                out.push(At {
                    value: text.to_owned(),
                    span: value.span(),
                });
            } else {
                self.wrong_type(value.span(), key, "a list of strings", value.get_ref());
            }
        }
        out
    }

    /// Tables of a list; a missing key is an empty list.
    pub(crate) fn tables<'t>(
        &mut self,
        fields: &Fields<'t>,
        key: &str,
        known: &[&str],
    ) -> Vec<Fields<'t>> {
        let mut out = Vec::new();
        for value in self.items(fields, key) {
            if let Some(table) = value.get_ref().as_table() {
                let entry = self.fields(table, value.span(), known);
                out.push(entry);
            } else {
                self.wrong_type(value.span(), key, "a list of tables", value.get_ref());
            }
        }
        out
    }

    /// One table, when the key is present.
    pub(crate) fn table<'t>(
        &mut self,
        fields: &Fields<'t>,
        key: &str,
        known: &[&str],
    ) -> Option<Fields<'t>> {
        let value = fields.get(key)?;
        if let Some(table) = value.get_ref().as_table() {
            return Some(self.fields(table, value.span(), known));
        }
        self.wrong_type(value.span(), key, "a table", value.get_ref());
        None
    }

    /// A text `{ ja = "…", en = "…" }`, when the key is present.
    pub(crate) fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<Text> {
        let table = self.table(fields, key, &["ja", "en"])?;
        Some(Text {
            ja: self.required(&table, "ja")?.value,
            en: self.required(&table, "en")?.value,
        })
    }

    fn items<'t>(&mut self, fields: &Fields<'t>, key: &str) -> Vec<&'t Spanned<DeValue<'t>>> {
        let Some(value) = fields.get(key) else {
            return Vec::new();
        };
        if let Some(array) = value.get_ref().as_array() {
            return array.iter().collect();
        }
        self.wrong_type(value.span(), key, "a list", value.get_ref());
        Vec::new()
    }
}

impl<'t> Fields<'t> {
    /// The value at `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// The beginning of the table, short enough to underline.
    fn head(&self) -> Range<usize> {
        self.span.start..self.span.end.min(self.span.start.saturating_add(40))
    }
}
