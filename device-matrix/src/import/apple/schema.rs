//! One YAML file of the vendor's schema, read leniently: what is not understood is a warning, never a guess.

use std::collections::BTreeMap;

use super::yaml::{Document, NodeId};
use crate::capability::raw::{
    self, ACCESS_RIGHTS, Declared, DeclaredShared, Layer, MODES, RawItem, RawKey, TYPES,
};
use crate::capability::{Kind, Mode, Presence, Role, Scalar, Since, ValueType};
use crate::platform::SchemaOs;
use crate::version::VersionNumber;

/// Keys expanded from one file beyond which it is refused.
const MAX_KEYS: usize = 50_000;

/// Folder (or file) of the checkout and the kind of what is in it; the first match counts.
///
/// `declarationbase.yaml` is no declaration: it states what every declaration has.
const KINDS: [(&str, Kind); 11] = [
    ("mdm/commands/", Kind::Command),
    ("mdm/checkin/", Kind::Checkin),
    ("mdm/profiles/", Kind::Profile),
    ("mdm/errors/", Kind::Error),
    (
        "declarative/declarations/assets/credentials/",
        Kind::Credential,
    ),
    ("declarative/declarations/declarationbase.yaml", Kind::Other),
    ("declarative/declarations/", Kind::Declaration),
    ("declarative/status/", Kind::Status),
    ("declarative/protocol/", Kind::Protocol),
    ("other/skipkeys.yaml", Kind::SkipKey),
    ("other/", Kind::Other),
];

/// Fields of `payload` that may carry the id on the wire.
const ID_FIELDS: [&str; 5] = [
    "payloadtype",
    "requesttype",
    "declarationtype",
    "statusitemtype",
    "credentialtype",
];

/// Attributes that are prose, repeat what is carried elsewhere, or decide nothing here; they are known and not
/// carried.
const NOT_CARRIED: [&str; 10] = [
    "title",
    "description",
    "content",
    "notes",
    "examples",
    "subkeytype",
    "asset-content-types",
    "always-skippable",
    "payloadkeys",
    "responsekeys",
];

/// Kind of a file of the checkout; `None` is no schema file.
pub(crate) fn kind_of(path: &str) -> Option<Kind> {
    let yaml = std::path::Path::new(path)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("yaml"));
    KINDS
        .iter()
        .find(|(prefix, _)| yaml && path.starts_with(prefix))
        .map(|(_, kind)| *kind)
}

/// Reads one file. Warnings name file and line.
///
/// # Errors
/// A sentence when the file is no YAML, or no item.
pub(crate) fn read(path: &str, text: &str, warnings: &mut Vec<String>) -> Result<RawItem, String> {
    let kind = kind_of(path).ok_or_else(|| format!("{path}: not in a folder of the schema"))?;
    let doc = Document::parse(text).map_err(|error| format!("{path}: {error}"))?;
    let payload = doc
        .get(doc.root(), "payload")
        .ok_or_else(|| format!("{path}: no `payload`"))?;
    let mut reader = Reader {
        path,
        doc: &doc,
        warnings,
        keys: Vec::new(),
    };
    reader.item(kind, payload)
}

struct Reader<'a> {
    path: &'a str,
    doc: &'a Document,
    warnings: &'a mut Vec<String>,
    keys: Vec<RawKey>,
}

impl Reader<'_> {
    fn warn(&mut self, at: NodeId, what: &str) {
        let line = self.doc.line(at);
        self.warnings.push(format!("{}:{line}: {what}", self.path));
    }

    fn item(&mut self, kind: Kind, payload: NodeId) -> Result<RawItem, String> {
        let root = self.doc.root();
        for (role, name) in [
            (Role::Payload, "payloadkeys"),
            (Role::Response, "responsekeys"),
        ] {
            if let Some(list) = self.doc.get(root, name) {
                self.walk(list, &[], role, &mut vec![list])?;
            }
        }
        let mut item = RawItem {
            layer: Layer::Schema,
            file: self.path.to_owned(),
            file_inferred: false,
            kind,
            id: self.id(kind, payload),
            first_seen: None,
            adds: true,
            os: BTreeMap::new(),
            beta: false,
            apply: None,
            reasons: Vec::new(),
            related_status_items: Vec::new(),
            row: None,
            keys: std::mem::take(&mut self.keys),
        };
        for (name, value) in self.entries(root) {
            match name.as_str() {
                "payload" => {}
                "reasons" => {
                    for reason in self.doc.sequence(value).unwrap_or_default() {
                        if let Some(code) = self.doc.get_text(*reason, "value") {
                            item.reasons.push(code.to_owned());
                        }
                    }
                }
                "related-status-items" => {
                    for related in self.doc.sequence(value).unwrap_or_default() {
                        if let Some(list) = self.doc.get(*related, "status-items") {
                            item.related_status_items.extend(self.texts(list));
                        }
                    }
                }
                other => self.unknown(value, other, "file"),
            }
        }
        for (name, value) in self.entries(payload) {
            match name.as_str() {
                "supportedOS" => item.os = self.supported(value),
                "apply" => item.apply = self.doc.text(value).map(str::to_owned),
                "beta" => item.beta = self.boolean(value).unwrap_or(false),
                known if ID_FIELDS.contains(&known) => {}
                other => self.unknown(value, other, "payload"),
            }
        }
        Ok(item)
    }

    /// The id on the wire: the id field of the payload, the `code` of an error body, else the file's stem.
    fn id(&self, kind: Kind, payload: NodeId) -> String {
        let field = ID_FIELDS
            .iter()
            .find_map(|field| self.doc.get_text(payload, field));
        if let Some(id) = field {
            return id.to_owned();
        }
        if kind == Kind::Error
            && let Some(code) = self.keys.iter().find(|key| key.path == ["code"])
            && let Some(Scalar::String(code)) = code.rangelist.first()
        {
            return code.clone();
        }
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.strip_suffix(".yaml").unwrap_or(name).to_owned()
    }

    fn walk(
        &mut self,
        list: NodeId,
        parent: &[String],
        role: Role,
        open: &mut Vec<NodeId>,
    ) -> Result<(), String> {
        let doc = self.doc;
        for node in doc.sequence(list).unwrap_or_default() {
            let Some(name) = doc.get_text(*node, "key") else {
                self.warn(*node, "an entry without `key` is left out");
                continue;
            };
            if self.keys.len() >= MAX_KEYS {
                return Err(format!("{}: more than {MAX_KEYS} keys", self.path));
            }
            let mut path = parent.to_vec();
            path.push(name.to_owned());
            let key = self.key(*node, path.clone(), role);
            let at = self.keys.len();
            self.keys.push(key);
            if let Some(subkeys) = doc.get(*node, "subkeys") {
                if open.contains(&subkeys) {
                    self.keys[at].recursive = true;
                } else {
                    open.push(subkeys);
                    self.walk(subkeys, &path, role, open)?;
                    open.pop();
                }
            }
        }
        Ok(())
    }

    fn key(&mut self, node: NodeId, path: Vec<String>, role: Role) -> RawKey {
        let mut key = RawKey::at(path, role);
        let type_text = self.doc.get_text(node, "type").unwrap_or("");
        let type_word = type_text.trim_start_matches('<').trim_end_matches('>');
        let value_type = raw::value(&TYPES, type_word);
        if value_type.is_none() {
            let what = format!("type `{type_text}` is not known; read as `any`");
            self.warn(node, &what);
        }
        let value_type = value_type.unwrap_or(ValueType::Any);
        key.value_type = Some(value_type);
        for (name, value) in self.entries(node) {
            match name.as_str() {
                "key" | "type" | "subkeys" => {}
                "presence" => match self.doc.text(value) {
                    Some("required") => key.presence = Presence::Required,
                    Some("optional") => {}
                    _ => self.warn(value, "`presence` is neither required nor optional"),
                },
                "supportedOS" => key.os = self.supported(value),
                "rangelist" => {
                    let values = self.doc.sequence(value).unwrap_or_default();
                    key.rangelist = values
                        .iter()
                        .filter_map(|v| self.scalar(*v, value_type))
                        .collect();
                }
                "range" => {
                    let bound = |name| {
                        let at = self.doc.get(value, name)?;
                        self.scalar(at, value_type)
                    };
                    key.range = (bound("min"), bound("max"));
                }
                "repetition" => {
                    let bound = |name| self.doc.get_text(value, name)?.parse().ok();
                    key.repetition = (bound("min"), bound("max"));
                }
                "default" => key.default = self.scalar(value, value_type),
                "format" => key.format = self.doc.text(value).map(str::to_owned),
                "subtype" | "valuetype" => {
                    key.subtype = self.doc.text(value).map(str::to_owned);
                }
                "combinetype" => key.combinetype = self.doc.text(value).map(str::to_owned),
                "assettypes" => key.assettypes = self.texts(value),
                other => self.unknown(value, other, "key"),
            }
        }
        key
    }

    fn supported(&mut self, node: NodeId) -> BTreeMap<SchemaOs, Declared> {
        let mut out = BTreeMap::new();
        for (name, value) in self.entries(node) {
            match name.parse::<SchemaOs>() {
                Ok(os) => {
                    let declared = self.declared(value);
                    out.insert(os, declared);
                }
                Err(_) => self.unknown(value, &name, "supportedOS"),
            }
        }
        out
    }

    fn declared(&mut self, node: NodeId) -> Declared {
        let mut out = Declared::default();
        for (name, value) in self.entries(node) {
            match name.as_str() {
                "introduced" => out.introduced = self.since(value),
                "deprecated" => out.deprecated = self.version(value),
                "removed" => out.removed = self.version(value),
                "supervised" => out.supervised = self.boolean(value),
                "requiresdep" => out.requires_dep = self.boolean(value),
                "userapprovedmdm" => out.user_approved_mdm = self.boolean(value),
                "devicechannel" => out.device_channel = self.boolean(value),
                "userchannel" => out.user_channel = self.boolean(value),
                "allowmanualinstall" => out.allow_manual_install = self.boolean(value),
                "multiple" => out.multiple = self.boolean(value),
                "beta" => out.beta = self.boolean(value),
                "allowed-enrollments" => out.allowed_enrollments = Some(self.texts(value)),
                "allowed-scopes" => out.allowed_scopes = Some(self.texts(value)),
                "accessrights" => {
                    let text = self.doc.text(value).unwrap_or("");
                    if raw::value(&ACCESS_RIGHTS, text).is_some() {
                        out.access_rights = Some(text.to_owned());
                    } else {
                        let what = format!("access right `{text}` is not known and left out");
                        self.warn(value, &what);
                    }
                }
                "userenrollment" => {
                    for (name, at) in self.entries(value) {
                        match name.as_str() {
                            "mode" => out.user_enrollment = self.mode(at),
                            "behavior" => {}
                            other => self.unknown(at, other, "userenrollment"),
                        }
                    }
                }
                "sharedipad" => out.shared_ipad = Some(self.shared(value)),
                other => self.unknown(value, other, "supportedOS entry"),
            }
        }
        out
    }

    fn shared(&mut self, node: NodeId) -> DeclaredShared {
        let mut out = DeclaredShared::default();
        for (name, value) in self.entries(node) {
            match name.as_str() {
                "mode" => out.mode = self.mode(value),
                "devicechannel" => out.device_channel = self.boolean(value),
                "userchannel" => out.user_channel = self.boolean(value),
                "allowed-scopes" => out.allowed_scopes = Some(self.texts(value)),
                other => self.unknown(value, other, "sharedipad"),
            }
        }
        out
    }

    fn mode(&mut self, node: NodeId) -> Option<Mode> {
        let text = self.doc.text(node).unwrap_or("");
        let mode = raw::value(&MODES, text);
        if mode.is_none() {
            let what = format!("mode `{text}` is not known and left out");
            self.warn(node, &what);
        }
        mode
    }

    fn since(&mut self, node: NodeId) -> Option<Since> {
        match self.doc.text(node) {
            Some("n/a") => Some(Since::NotAvailable),
            Some("all") => Some(Since::Version(raw::since_ever())),
            _ => self.version(node).map(Since::Version),
        }
    }

    fn version(&mut self, node: NodeId) -> Option<VersionNumber> {
        let text = self.doc.text(node).unwrap_or("");
        let version = text.parse().ok();
        if version.is_none() {
            let what = format!("`{text}` is no version and left out");
            self.warn(node, &what);
        }
        version
    }

    fn boolean(&mut self, node: NodeId) -> Option<bool> {
        match self.doc.text(node) {
            Some("true") => Some(true),
            Some("false") => Some(false),
            other => {
                let what = format!("`{}` is neither true nor false", other.unwrap_or(""));
                self.warn(node, &what);
                None
            }
        }
    }

    fn texts(&self, node: NodeId) -> Vec<String> {
        let values = self.doc.sequence(node).unwrap_or_default();
        values
            .iter()
            .filter_map(|v| self.doc.text(*v))
            .map(str::to_owned)
            .collect()
    }

    /// A scalar in the sense of the key's type: the quotes of YAML do not decide it.
    fn scalar(&self, node: NodeId, value_type: ValueType) -> Option<Scalar> {
        let (text, plain) = self.doc.scalar(node)?;
        Some(scalar_of(text, value_type, plain))
    }

    fn entries(&self, node: NodeId) -> Vec<(String, NodeId)> {
        let entries = self.doc.mapping(node).unwrap_or_default();
        entries
            .iter()
            .filter_map(|(key, value)| Some((self.doc.text(*key)?.to_owned(), *value)))
            .collect()
    }

    fn unknown(&mut self, at: NodeId, name: &str, of: &str) {
        if !NOT_CARRIED.contains(&name) {
            let what = format!("attribute `{name}` of a {of} is not known and left out");
            self.warn(at, &what);
        }
    }
}

/// `text` as a value of `value_type`; types without scalars of their own follow the text when it is unquoted.
pub(crate) fn scalar_of(text: &str, value_type: ValueType, plain: bool) -> Scalar {
    let number = || text.parse::<i64>().map(Scalar::Integer).ok();
    let real = || {
        let value = text.parse::<f64>().ok()?;
        value.is_finite().then_some(Scalar::Real(value))
    };
    let truth = || text.parse::<bool>().map(Scalar::Boolean).ok();
    let found = match value_type {
        ValueType::Integer => number().or_else(real),
        ValueType::Real => real(),
        ValueType::Boolean => truth(),
        ValueType::Array | ValueType::Dictionary | ValueType::Any if plain => {
            number().or_else(real).or_else(truth)
        }
        _ => None,
    };
    found.unwrap_or_else(|| Scalar::String(text.to_owned()))
}
