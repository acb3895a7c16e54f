//! Items as TOML: one key a line, in the vendor's order, so that a new checkout is a readable diff.

use std::fmt::Write as _;

use toml_edit::Value;

use crate::capability::raw::{self, CONFIDENCES, Declared, MODES, RawItem, RawKey, Row, TYPES};
use crate::capability::{Presence, Role, Scalar, Since};

/// One inline table under construction.
struct Inline(Vec<String>);

impl Inline {
    fn new() -> Self {
        Self(Vec::new())
    }
    fn put(&mut self, name: &str, value: impl AsRef<str>) {
        self.0.push(format!("{name} = {}", value.as_ref()));
    }
    fn text(&mut self, name: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.put(name, quoted(value));
        }
    }
    fn flag(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.put(name, value.to_string());
        }
    }
    fn texts(&mut self, name: &str, value: Option<&Vec<String>>) {
        if let Some(value) = value {
            self.put(name, list(value));
        }
    }
    fn finish(&self) -> String {
        if self.0.is_empty() {
            "{}".to_owned()
        } else {
            format!("{{ {} }}", self.0.join(", "))
        }
    }
}

/// The file of an item; `head` is written as comment lines.
pub(crate) fn item(item: &RawItem, head: &[String]) -> String {
    let mut out = comment(head);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "{name} = {value}");
    };
    line("file", quoted(&item.file));
    if item.file_inferred {
        line("file_inferred", "true".to_owned());
    }
    line("kind", quoted(item.kind.as_str()));
    line("id", quoted(&item.id));
    if !item.adds {
        line("adds", "false".to_owned());
    }
    if let Some(seen) = &item.first_seen {
        line("first_seen", quoted(seen));
    }
    if item.beta {
        line("beta", "true".to_owned());
    }
    if let Some(apply) = &item.apply {
        line("apply", quoted(apply));
    }
    if !item.reasons.is_empty() {
        line("reasons", list(&item.reasons));
    }
    if !item.related_status_items.is_empty() {
        line("related_status_items", list(&item.related_status_items));
    }
    if let Some(row) = &item.row {
        let mut table = Inline::new();
        row_into(row, &mut table);
        line("row", table.finish());
    }
    for (os, declared_on_os) in &item.os {
        line(os.key(), declared(declared_on_os));
    }
    for (name, role) in [("keys", Role::Payload), ("response", Role::Response)] {
        let mut keys = item.keys.iter().filter(|key| key.role == role).peekable();
        if keys.peek().is_some() {
            let _ = writeln!(out, "{name} = [");
            for one in keys {
                let _ = writeln!(out, "  {},", key(one));
            }
            let _ = writeln!(out, "]");
        }
    }
    out
}

/// Lines of a comment in the head of a file.
pub(crate) fn comment(head: &[String]) -> String {
    head.iter().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
        out
    })
}

fn key(key: &RawKey) -> String {
    let mut out = Inline::new();
    out.put("path", list(&key.path));
    if let Some(value_type) = key.value_type {
        out.put("type", quoted(raw::word(&TYPES, value_type)));
    }
    if key.presence == Presence::Required {
        out.put("required", "true");
    }
    scalars(&mut out, "rangelist", &key.rangelist);
    for (name, bound) in [("min", &key.range.0), ("max", &key.range.1)] {
        if let Some(bound) = bound {
            out.put(name, scalar(bound));
        }
    }
    for (name, bound) in [
        ("min_entries", key.repetition.0),
        ("max_entries", key.repetition.1),
    ] {
        if let Some(bound) = bound {
            out.put(name, bound.to_string());
        }
    }
    out.text("format", key.format.as_ref());
    if let Some(default) = &key.default {
        out.put("default", scalar(default));
    }
    out.text("subtype", key.subtype.as_ref());
    out.text("combinetype", key.combinetype.as_ref());
    if !key.assettypes.is_empty() {
        out.put("assettypes", list(&key.assettypes));
    }
    if key.recursive {
        out.put("recursive", "true");
    }
    out.text("first_seen", key.first_seen.as_ref());
    scalars(&mut out, "values_added", &key.values_added);
    scalars(&mut out, "values_gone", &key.values_gone);
    if let Some(row) = &key.row {
        row_into(row, &mut out);
    }
    for (os, declared_on_os) in &key.os {
        out.put(os.key(), declared(declared_on_os));
    }
    out.finish()
}

fn row_into(row: &Row, out: &mut Inline) {
    out.put(
        "confidence",
        quoted(raw::word(&CONFIDENCES, row.confidence)),
    );
    out.put("change", list(&row.changes));
}

fn declared(on_os: &Declared) -> String {
    let mut out = Inline::new();
    match on_os.introduced {
        Some(Since::NotAvailable) => out.put("introduced", "\"n/a\""),
        Some(Since::Version(version)) if version == raw::since_ever() => {
            out.put("introduced", "\"all\"");
        }
        Some(Since::Version(version)) => out.put("introduced", quoted(&version.to_string())),
        Some(Since::Unknown) | None => {}
    }
    for (name, version) in [("deprecated", on_os.deprecated), ("removed", on_os.removed)] {
        if let Some(version) = version {
            out.put(name, quoted(&version.to_string()));
        }
    }
    out.flag("supervised", on_os.supervised);
    out.flag("requiresdep", on_os.requires_dep);
    out.flag("userapprovedmdm", on_os.user_approved_mdm);
    out.flag("devicechannel", on_os.device_channel);
    out.flag("userchannel", on_os.user_channel);
    out.flag("allowmanualinstall", on_os.allow_manual_install);
    out.flag("multiple", on_os.multiple);
    out.flag("beta", on_os.beta);
    out.text("accessrights", on_os.access_rights.as_ref());
    out.texts("allowed-enrollments", on_os.allowed_enrollments.as_ref());
    out.texts("allowed-scopes", on_os.allowed_scopes.as_ref());
    if let Some(mode) = on_os.user_enrollment {
        out.put("userenrollment", quoted(raw::word(&MODES, mode)));
    }
    if let Some(shared) = &on_os.shared_ipad {
        let mut table = Inline::new();
        if let Some(mode) = shared.mode {
            table.put("mode", quoted(raw::word(&MODES, mode)));
        }
        table.flag("devicechannel", shared.device_channel);
        table.flag("userchannel", shared.user_channel);
        table.texts("allowed-scopes", shared.allowed_scopes.as_ref());
        out.put("sharedipad", table.finish());
    }
    out.finish()
}

fn scalars(out: &mut Inline, name: &str, values: &[Scalar]) {
    if !values.is_empty() {
        let values: Vec<String> = values.iter().map(scalar).collect();
        out.put(name, format!("[{}]", values.join(", ")));
    }
}

pub(crate) fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::String(text) => quoted(text),
        Scalar::Integer(number) => number.to_string(),
        Scalar::Real(number) => Value::from(*number).to_string(),
        Scalar::Boolean(truth) => truth.to_string(),
    }
}

pub(crate) fn list<S: AsRef<str>>(values: &[S]) -> String {
    let values: Vec<String> = values.iter().map(|v| quoted(v.as_ref())).collect();
    format!("[{}]", values.join(", "))
}

/// A TOML string.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
