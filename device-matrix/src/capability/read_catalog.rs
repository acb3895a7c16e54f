//! The files of the catalogue that are no items: its head, the conflicts, and what vanished.

use toml::Spanned;
use toml::de::DeValue;

use super::item::{Kind, Role};
use super::load::ROLES;
use super::provenance::{CatalogHead, Disagreement, Place, Vanished};
use super::reader::Reader;
use crate::diag::SourceFile;
use crate::platform::SchemaOs;

const PLACE: [&str; 5] = ["kind", "id", "file", "path", "role"];

impl Reader<'_> {
    pub(crate) fn head(&mut self, source: &SourceFile) -> CatalogHead {
        const KNOWN: [&str; 5] = ["revision", "reach", "schema", "checkouts", "schema_reach"];
        let table = self.parse(&source.text);
        let mut head = CatalogHead::default();
        for (name, value) in table.get_ref() {
            match &**name.get_ref() {
                "revision" => head.revision = self.text(value, "revision").unwrap_or_default(),
                "reach" => head.reach = self.text(value, "reach").unwrap_or_default(),
                "schema" => head.schema = self.text(value, "schema").unwrap_or_default(),
                "checkouts" => head.checkouts = self.texts(value, "checkouts").unwrap_or_default(),
                "schema_reach" => {
                    let os_names: Vec<&str> = SchemaOs::ALL.iter().map(|os| os.key()).collect();
                    for (name, value) in self.table(value, "schema_reach") {
                        match name.get_ref().parse::<SchemaOs>() {
                            Ok(os) => {
                                if let Some(version) = self.version(value, os.key()) {
                                    head.schema_reach.insert(os, version);
                                }
                            }
                            Err(_) => self.unknown(name, &os_names),
                        }
                    }
                }
                _ => self.unknown(name, &KNOWN),
            }
        }
        head
    }

    fn place(&mut self, place: &mut Place, name: &str, value: &Spanned<DeValue<'_>>) -> bool {
        match name {
            "kind" => {
                if let Some(kind) = self.word(value, "kind", &Kind::WORDS) {
                    place.kind = kind;
                }
            }
            "id" => place.id = self.text(value, "id").unwrap_or_default(),
            "file" => place.file = self.text(value, "file").unwrap_or_default(),
            "path" => place.path = self.texts(value, "path").unwrap_or_default(),
            "role" => {
                if let Some(role) = self.word(value, "role", &ROLES) {
                    place.role = role;
                }
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn disagreements(&mut self, source: &SourceFile) -> Vec<Disagreement> {
        let known: Vec<&str> = PLACE
            .into_iter()
            .chain(["os", "field", "one", "other", "kept"])
            .collect();
        let table = self.parse(&source.text);
        let mut out = Vec::new();
        for (name, value) in table.get_ref() {
            if name.get_ref() != "rows" {
                self.unknown(name, &["rows"]);
                continue;
            }
            for row in self.rows(value, "rows") {
                let mut one = Disagreement {
                    place: no_place(),
                    os: String::new(),
                    field: String::new(),
                    one: String::new(),
                    other: String::new(),
                    kept: String::new(),
                };
                for (name, value) in row {
                    let word: &str = name.get_ref();
                    let slot = match word {
                        "os" => &mut one.os,
                        "field" => &mut one.field,
                        "one" => &mut one.one,
                        "other" => &mut one.other,
                        "kept" => &mut one.kept,
                        _ => {
                            if !self.place(&mut one.place, word, value) {
                                self.unknown(name, &known);
                            }
                            continue;
                        }
                    };
                    *slot = self.text(value, word).unwrap_or_default();
                }
                out.push(one);
            }
        }
        out
    }

    pub(crate) fn vanished(&mut self, source: &SourceFile) -> Vec<Vanished> {
        let known: Vec<&str> = PLACE.into_iter().chain(["last_seen"]).collect();
        let table = self.parse(&source.text);
        let mut out = Vec::new();
        for (name, value) in table.get_ref() {
            if name.get_ref() != "rows" {
                self.unknown(name, &["rows"]);
                continue;
            }
            for row in self.rows(value, "rows") {
                let mut one = Vanished {
                    place: no_place(),
                    last_seen: String::new(),
                };
                for (name, value) in row {
                    if &**name.get_ref() == "last_seen" {
                        one.last_seen = self.text(value, "last_seen").unwrap_or_default();
                    } else if !self.place(&mut one.place, name.get_ref(), value) {
                        self.unknown(name, &known);
                    }
                }
                out.push(one);
            }
        }
        out
    }
}

fn no_place() -> Place {
    Place {
        kind: Kind::Other,
        id: String::new(),
        file: String::new(),
        path: Vec::new(),
        role: Role::Payload,
    }
}
