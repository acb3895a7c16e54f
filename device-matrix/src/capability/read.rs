//! One data file of the catalogue, read with the place of every value: all errors at once, with the nearest name.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::item::{Kind, Mode, Presence, Role, Scalar, Since, ValueType};
use super::raw::{
    self, ACCESS_RIGHTS, CONFIDENCES, Declared, DeclaredShared, Layer, MODES, RawItem, RawKey, Row,
    TYPES,
};
use crate::diag::{Diagnostic, SourceFile};
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

const HEAD: [&str; 18] = [
    "file",
    "file_inferred",
    "kind",
    "id",
    "adds",
    "first_seen",
    "beta",
    "apply",
    "reasons",
    "related_status_items",
    "row",
    "keys",
    "response",
    "iOS",
    "macOS",
    "tvOS",
    "visionOS",
    "watchOS",
];

const KEY: [&str; 24] = [
    "path",
    "type",
    "required",
    "rangelist",
    "min",
    "max",
    "min_entries",
    "max_entries",
    "format",
    "default",
    "subtype",
    "combinetype",
    "assettypes",
    "recursive",
    "first_seen",
    "values_added",
    "values_gone",
    "confidence",
    "change",
    "iOS",
    "macOS",
    "tvOS",
    "visionOS",
    "watchOS",
];

const SUPPORT: [&str; 16] = [
    "introduced",
    "deprecated",
    "removed",
    "supervised",
    "requiresdep",
    "userapprovedmdm",
    "devicechannel",
    "userchannel",
    "allowmanualinstall",
    "multiple",
    "beta",
    "accessrights",
    "allowed-enrollments",
    "allowed-scopes",
    "userenrollment",
    "sharedipad",
];

const SHARED: [&str; 4] = ["mode", "devicechannel", "userchannel", "allowed-scopes"];

type Value<'t, 'i> = &'t Spanned<DeValue<'i>>;

/// Name and value of one entry of a table.
type Entry<'t, 'i> = (&'t Spanned<Cow<'i, str>>, Value<'t, 'i>);

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

    fn unknown(&mut self, name: &Spanned<Cow<'_, str>>, known: &[&str]) {
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

    fn wrong(&mut self, value: Value<'_, '_>, name: &str, expected: &str) {
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

    fn flag(&mut self, value: Value<'_, '_>, name: &str) -> Option<bool> {
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

    fn count(&mut self, value: Value<'_, '_>, name: &str) -> Option<u32> {
        let count = value
            .get_ref()
            .as_integer()
            .and_then(|n| u32::from_str_radix(n.as_str(), n.radix()).ok());
        if count.is_none() {
            self.wrong(value, name, "a whole number that is not negative");
        }
        count
    }

    fn scalar(&mut self, value: Value<'_, '_>, name: &str) -> Option<Scalar> {
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

    fn scalars(&mut self, value: Value<'_, '_>, name: &str) -> Vec<Scalar> {
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

    fn since(&mut self, value: Value<'_, '_>) -> Option<Since> {
        match value.get_ref().as_str() {
            Some("n/a") => Some(Since::NotAvailable),
            Some("all") => Some(Since::Version(raw::since_ever())),
            _ => self.version(value, "introduced").map(Since::Version),
        }
    }

    /// Reads an item file of `layer`.
    pub(crate) fn item(&mut self, source: &SourceFile, layer: Layer) -> Option<RawItem> {
        let table = self.parse(&source.text);
        let mut item = RawItem {
            layer,
            file: String::new(),
            file_inferred: false,
            kind: Kind::Other,
            id: String::new(),
            first_seen: None,
            adds: true,
            os: BTreeMap::new(),
            beta: false,
            apply: None,
            reasons: Vec::new(),
            related_status_items: Vec::new(),
            row: None,
            keys: Vec::new(),
        };
        for (name, value) in table.get_ref() {
            match &**name.get_ref() {
                "file" => item.file = self.text(value, "file").unwrap_or_default(),
                "file_inferred" => {
                    item.file_inferred = self.flag(value, "file_inferred").unwrap_or(false);
                }
                "kind" => {
                    item.kind = self
                        .word(value, "kind", &Kind::WORDS)
                        .unwrap_or(Kind::Other);
                }
                "id" => item.id = self.text(value, "id").unwrap_or_default(),
                "adds" => item.adds = self.flag(value, "adds").unwrap_or(true),
                "first_seen" => item.first_seen = self.text(value, "first_seen"),
                "beta" => item.beta = self.flag(value, "beta").unwrap_or(false),
                "apply" => item.apply = self.text(value, "apply"),
                "reasons" => item.reasons = self.texts(value, "reasons").unwrap_or_default(),
                "related_status_items" => {
                    item.related_status_items = self
                        .texts(value, "related_status_items")
                        .unwrap_or_default();
                }
                "row" => {
                    let mut row = None;
                    for (name, value) in self.table(value, "row") {
                        if !self.row(&mut row, name.get_ref(), value) {
                            self.unknown(name, &["confidence", "change"]);
                        }
                    }
                    item.row = row;
                }
                "keys" => self.keys(value, Role::Payload, &mut item.keys),
                "response" => self.keys(value, Role::Response, &mut item.keys),
                other => match other.parse::<SchemaOs>() {
                    Ok(os) => {
                        item.os.insert(os, self.declared(value, os.key()));
                    }
                    Err(_) => self.unknown(name, &HEAD),
                },
            }
        }
        for (name, text) in [("file", &item.file), ("id", &item.id)] {
            if text.is_empty() {
                self.error("DM1006", 0..0, format!("`{name}` is missing"));
            }
        }
        (!item.file.is_empty()).then_some(item)
    }

    pub(crate) fn table<'t, 'i>(&mut self, value: Value<'t, 'i>, name: &str) -> Vec<Entry<'t, 'i>> {
        if let Some(table) = value.get_ref().as_table() {
            return table.iter().collect();
        }
        self.wrong(value, name, "a table");
        Vec::new()
    }

    fn row(&mut self, row: &mut Option<Row>, name: &str, value: Value<'_, '_>) -> bool {
        let row = row.get_or_insert_with(|| Row {
            confidence: super::item::Confidence::Docs,
            changes: Vec::new(),
        });
        match name {
            "confidence" => {
                if let Some(confidence) = self.word(value, "confidence", &CONFIDENCES) {
                    row.confidence = confidence;
                }
            }
            "change" => row.changes = self.texts(value, "change").unwrap_or_default(),
            _ => return false,
        }
        true
    }

    fn keys(&mut self, value: Value<'_, '_>, role: Role, keys: &mut Vec<RawKey>) {
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(value, "keys", "an array of tables");
            return;
        };
        for one in array {
            let key = self.key(one, role);
            if key.path.is_empty() {
                self.error(
                    "DM1006",
                    one.span(),
                    "`path` is missing or empty".to_owned(),
                );
            } else {
                keys.push(key);
            }
        }
    }

    fn key(&mut self, value: Value<'_, '_>, role: Role) -> RawKey {
        let mut key = RawKey::at(Vec::new(), role);
        for (name, value) in self.table(value, "keys") {
            match &**name.get_ref() {
                "path" => key.path = self.texts(value, "path").unwrap_or_default(),
                // A misspelled type is one error, not also a key without type.
                "type" => {
                    let known = self.word(value, "type", &TYPES);
                    key.value_type = known.or(Some(ValueType::Any));
                }
                "required" => {
                    if self.flag(value, "required") == Some(true) {
                        key.presence = Presence::Required;
                    }
                }
                "rangelist" => key.rangelist = self.scalars(value, "rangelist"),
                "min" => key.range.0 = self.scalar(value, "min"),
                "max" => key.range.1 = self.scalar(value, "max"),
                "min_entries" => key.repetition.0 = self.count(value, "min_entries"),
                "max_entries" => key.repetition.1 = self.count(value, "max_entries"),
                "format" => key.format = self.text(value, "format"),
                "default" => key.default = self.scalar(value, "default"),
                "subtype" => key.subtype = self.text(value, "subtype"),
                "combinetype" => key.combinetype = self.text(value, "combinetype"),
                "assettypes" => {
                    key.assettypes = self.texts(value, "assettypes").unwrap_or_default();
                }
                "recursive" => key.recursive = self.flag(value, "recursive").unwrap_or(false),
                "first_seen" => key.first_seen = self.text(value, "first_seen"),
                "values_added" => key.values_added = self.scalars(value, "values_added"),
                "values_gone" => key.values_gone = self.scalars(value, "values_gone"),
                other => {
                    if let Ok(os) = other.parse::<SchemaOs>() {
                        key.os.insert(os, self.declared(value, os.key()));
                    } else if !matches!(other, "confidence" | "change")
                        || !self.row(&mut key.row, other, value)
                    {
                        self.unknown(name, &KEY);
                    }
                }
            }
        }
        key
    }

    fn declared(&mut self, value: Value<'_, '_>, os: &str) -> Declared {
        let mut out = Declared::default();
        for (name, value) in self.table(value, os) {
            let word: &str = name.get_ref();
            match word {
                "introduced" => out.introduced = self.since(value),
                "deprecated" => out.deprecated = self.version(value, word),
                "removed" => out.removed = self.version(value, word),
                "supervised" => out.supervised = self.flag(value, word),
                "requiresdep" => out.requires_dep = self.flag(value, word),
                "userapprovedmdm" => out.user_approved_mdm = self.flag(value, word),
                "devicechannel" => out.device_channel = self.flag(value, word),
                "userchannel" => out.user_channel = self.flag(value, word),
                "allowmanualinstall" => out.allow_manual_install = self.flag(value, word),
                "multiple" => out.multiple = self.flag(value, word),
                "beta" => out.beta = self.flag(value, word),
                "accessrights" => {
                    if self.word(value, word, &ACCESS_RIGHTS).is_some() {
                        out.access_rights = self.text(value, word);
                    }
                }
                "allowed-enrollments" => out.allowed_enrollments = self.texts(value, word),
                "allowed-scopes" => out.allowed_scopes = self.texts(value, word),
                "userenrollment" => out.user_enrollment = self.word(value, word, &MODES),
                "sharedipad" => out.shared_ipad = Some(self.shared(value)),
                _ => self.unknown(name, &SUPPORT),
            }
        }
        out
    }

    fn shared(&mut self, value: Value<'_, '_>) -> DeclaredShared {
        let mut out = DeclaredShared::default();
        for (name, value) in self.table(value, "sharedipad") {
            let word: &str = name.get_ref();
            match word {
                "mode" => out.mode = self.word::<Mode>(value, word, &MODES),
                "devicechannel" => out.device_channel = self.flag(value, word),
                "userchannel" => out.user_channel = self.flag(value, word),
                "allowed-scopes" => out.allowed_scopes = self.texts(value, word),
                _ => self.unknown(name, &SHARED),
            }
        }
        out
    }

    /// Reports a key that the file may not have.
    pub(crate) fn refuse(&mut self, name: &Spanned<Cow<'_, str>>, known: &[&str]) {
        self.unknown(name, known);
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
