//! One data file of the catalogue, read with the place of every value: all errors at once, with the nearest name.

use std::collections::BTreeMap;

use super::item::{Kind, Mode, Presence, Role, Since, ValueType};
use super::raw::{
    self, ACCESS_RIGHTS, CONFIDENCES, Declared, DeclaredShared, Layer, MODES, RawItem, RawKey, Row,
    TYPES,
};
use super::reader::{Reader, Value};
use crate::diag::SourceFile;
use crate::platform::SchemaOs;

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

impl Reader<'_> {
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

    fn since(&mut self, value: Value<'_, '_>) -> Option<Since> {
        match value.get_ref().as_str() {
            Some("n/a") => Some(Since::NotAvailable),
            Some("all") => Some(Since::Version(raw::since_ever())),
            _ => self.version(value, "introduced").map(Since::Version),
        }
    }
}
