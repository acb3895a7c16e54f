//! Reads TOML by hand-declared keys, so that every error of a file is told at once, each with its place.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use device_matrix::diag::Diagnostic;
use device_matrix::known::Text;
use jiff::Timestamp;
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Codes of the errors that every data file of this crate can have.
pub(crate) mod code {
    /// Not TOML.
    pub(crate) const SYNTAX: &str = "RP0001";
    /// A key nobody knows.
    pub(crate) const UNKNOWN_KEY: &str = "RP0002";
    /// A key that must be there is missing.
    pub(crate) const MISSING_KEY: &str = "RP0003";
    /// A value of another type.
    pub(crate) const WRONG_TYPE: &str = "RP0004";
    /// A value that is not one of the known words, or not a date.
    pub(crate) const WRONG_VALUE: &str = "RP0005";
}

/// Diagnostics of one file.
pub(crate) struct Sink {
    path: PathBuf,
    pub(crate) found: Vec<Diagnostic>,
}

impl Sink {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            found: Vec::new(),
        }
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        span: Range<usize>,
        message: String,
        help: &str,
    ) {
        let mut diagnostic = Diagnostic::error(code, &self.path, span, message);
        if !help.is_empty() {
            diagnostic = diagnostic.with_help(help);
        }
        self.found.push(diagnostic);
    }
}

/// Parses a file; syntax errors go to the sink and what could be read is given.
pub(crate) fn parse<'i>(text: &'i str, sink: &mut Sink) -> Spanned<DeTable<'i>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        sink.error(code::SYNTAX, span, error.message().to_owned(), "");
    }
    table
}

/// One table with the keys that were asked for.
pub(crate) struct Table<'a, 'i> {
    content: &'a DeTable<'i>,
    span: Range<usize>,
    name: &'static str,
    known: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(crate) fn root(table: &'a Spanned<DeTable<'i>>) -> Self {
        Self::new(table.get_ref(), table.span(), "the file")
    }

    fn new(content: &'a DeTable<'i>, span: Range<usize>, name: &'static str) -> Self {
        Self {
            content,
            span,
            name,
            known: Vec::new(),
        }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the key is there; it counts as asked for.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.content
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map(|(_, value)| value)
    }

    fn required(&mut self, key: &'static str, sink: &mut Sink) -> Option<&'a Spanned<DeValue<'i>>> {
        let value = self.value(key);
        if value.is_none() {
            sink.error(
                code::MISSING_KEY,
                self.span.clone(),
                format!("`{key}` is missing in {}", self.name),
                &format!("add `{key} = …`"),
            );
        }
        value
    }

    pub(crate) fn string(&mut self, key: &'static str, sink: &mut Sink) -> String {
        self.required(key, sink)
            .and_then(|value| as_string(key, value, sink))
            .unwrap_or_default()
    }

    pub(crate) fn optional_string(&mut self, key: &'static str, sink: &mut Sink) -> Option<String> {
        self.value(key)
            .and_then(|value| as_string(key, value, sink))
    }

    pub(crate) fn strings(
        &mut self,
        key: &'static str,
        sink: &mut Sink,
    ) -> Vec<(String, Range<usize>)> {
        let Some(value) = self.required(key, sink) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            wrong_type(key, "a list of texts", value, sink);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| as_string(key, item, sink).map(|text| (text, item.span())))
            .collect()
    }

    pub(crate) fn integer(&mut self, key: &'static str, default: u32, sink: &mut Sink) -> u32 {
        let Some(value) = self.value(key) else {
            return default;
        };
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        number.unwrap_or_else(|| {
            wrong_type(key, "a whole number", value, sink);
            default
        })
    }

    /// A number with or without a fraction; `None` when the key is not there or holds something else.
    pub(crate) fn number(&mut self, key: &'static str, sink: &mut Sink) -> Option<f64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) => integer.as_str().parse::<f64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            wrong_type(key, "a number", value, sink);
        }
        number
    }

    pub(crate) fn boolean(&mut self, key: &'static str, default: bool, sink: &mut Sink) -> bool {
        let Some(value) = self.value(key) else {
            return default;
        };
        value.get_ref().as_bool().unwrap_or_else(|| {
            wrong_type(key, "true or false", value, sink);
            default
        })
    }

    /// A date, written as a TOML date or as text.
    pub(crate) fn date(&mut self, key: &'static str, sink: &mut Sink) -> Option<Date> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::Datetime(date) => date.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                wrong_type(key, "a date", value, sink);
                return None;
            }
        };
        let date = Date::from_str(&text).ok().filter(|_| text.len() == 10);
        if date.is_none() {
            sink.error(
                code::WRONG_VALUE,
                value.span(),
                format!("`{text}` is not a date"),
                "write it as 2026-12-29",
            );
        }
        date
    }

    /// An instant with its offset, written as a TOML date-time or as text.
    pub(crate) fn instant(&mut self, key: &'static str, sink: &mut Sink) -> Option<Timestamp> {
        let value = self.value(key)?;
        let text = match value.get_ref() {
            DeValue::Datetime(instant) => instant.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                wrong_type(key, "an instant", value, sink);
                return None;
            }
        };
        let instant = Timestamp::from_str(&text).ok();
        if instant.is_none() {
            sink.error(
                code::WRONG_VALUE,
                value.span(),
                format!("`{text}` is not an instant"),
                "write it with its offset, as 2027-01-27T19:00:00+09:00",
            );
        }
        instant
    }

    /// A list of texts in both languages; `None` when the key is not there.
    pub(crate) fn texts(&mut self, key: &'static str, sink: &mut Sink) -> Option<Vec<Text>> {
        if !self.has(key) {
            return None;
        }
        let list = self
            .tables(key, "a text in two languages", sink)
            .into_iter()
            .map(|mut table| {
                let text = Text {
                    ja: table.string("ja", sink),
                    en: table.string("en", sink),
                };
                table.finish(sink);
                text
            })
            .collect();
        Some(list)
    }

    /// The place of a key's value, else of the table.
    pub(crate) fn span_of(&self, key: &str) -> Range<usize> {
        self.content
            .iter()
            .find(|(name, _)| name.get_ref().as_ref() == key)
            .map_or_else(|| self.span.clone(), |(_, value)| value.span())
    }

    /// One of a set of words.
    pub(crate) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(T, &'static str)],
        sink: &mut Sink,
    ) -> Option<T> {
        let value = self.required(key, sink)?;
        let text = as_string(key, value, sink)?;
        let found = words.iter().find(|(_, word)| *word == text);
        if found.is_none() {
            let names = words.iter().map(|(_, word)| *word);
            let help = nearest(&text, names.clone()).map_or_else(
                || format!("write one of {}", names.collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            sink.error(
                code::WRONG_VALUE,
                value.span(),
                format!("`{text}` is no value of `{key}`"),
                &help,
            );
        }
        found.map(|(value, _)| *value)
    }

    /// A text in both languages.
    pub(crate) fn text(&mut self, key: &'static str, sink: &mut Sink) -> Text {
        match self.table(key, "a text in two languages", sink) {
            Some(mut table) => {
                let ja = table.string("ja", sink);
                let en = table.string("en", sink);
                table.finish(sink);
                Text { ja, en }
            }
            None => Text {
                ja: String::new(),
                en: String::new(),
            },
        }
    }

    pub(crate) fn table(
        &mut self,
        key: &'static str,
        name: &'static str,
        sink: &mut Sink,
    ) -> Option<Self> {
        let value = self.required(key, sink)?;
        let Some(table) = value.get_ref().as_table() else {
            wrong_type(key, "a table", value, sink);
            return None;
        };
        Some(Self::new(table, value.span(), name))
    }

    /// A list of tables; none is an empty list.
    pub(crate) fn tables(
        &mut self,
        key: &'static str,
        name: &'static str,
        sink: &mut Sink,
    ) -> Vec<Self> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(items) = value.get_ref().as_array() else {
            wrong_type(key, "a list of tables", value, sink);
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| {
                let table = item.get_ref().as_table();
                if table.is_none() {
                    wrong_type(key, "a table", item, sink);
                }
                table.map(|table| Self::new(table, item.span(), name))
            })
            .collect()
    }

    /// Every key with its value, for tables whose keys are data. Nothing is unknown afterwards.
    pub(crate) fn entries(
        &self,
    ) -> impl Iterator<Item = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
        self.content.iter()
    }

    /// A table out of [`Self::entries`].
    pub(crate) fn entry(
        value: &'a Spanned<DeValue<'i>>,
        name: &'static str,
        sink: &mut Sink,
    ) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            wrong_type("entry", "a table", value, sink);
            return None;
        };
        Some(Self::new(table, value.span(), name))
    }

    /// Tells about the keys that nobody asked for.
    pub(crate) fn finish(self, sink: &mut Sink) {
        for key in self.content.keys() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let help = nearest(name, self.known.iter().copied()).map_or_else(
                || format!("known keys are {}", self.known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            sink.error(
                code::UNKNOWN_KEY,
                key.span(),
                format!("unknown key `{name}` in {}", self.name),
                &help,
            );
        }
    }
}

fn as_string(key: &str, value: &Spanned<DeValue<'_>>, sink: &mut Sink) -> Option<String> {
    let text = value.get_ref().as_str().map(str::to_owned);
    if text.is_none() {
        wrong_type(key, "a text", value, sink);
    }
    text
}

fn wrong_type(key: &str, wanted: &str, value: &Spanned<DeValue<'_>>, sink: &mut Sink) {
    sink.error(
        code::WRONG_TYPE,
        value.span(),
        format!("`{key}` is {}, not {wanted}", value.get_ref().type_str()),
        "",
    );
}

pub(crate) fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3)
        .min()
        .map(|(_, name)| name)
}
