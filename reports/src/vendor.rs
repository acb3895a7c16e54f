//! The vendor who uses the harness: everything in `verify.toml`. Another vendor edits only that file.

use std::path::Path;

use device_matrix::diag::Diagnostic;
use device_matrix::known::Text;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use scenarios::event::ServerOrigin;

use crate::notice::policy::{AgendaPolicy, NoticePolicy, Window};
use crate::toml_reader::{Sink, Table, code, parse};
use crate::triage::incident::IncidentClass;

/// A language of the published documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// Every value with its word (BCP 47).
    pub const WORDS: [(Self, &'static str); 2] = [(Self::Ja, "ja"), (Self::En, "en")];

    /// The word (BCP 47).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }
}

/// A place where the product's servers stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Name.
    pub name: Text,
    /// IANA time zone, in which the site's maintenance windows are meant.
    pub zone: String,
}

/// Days on which the vendor is closed beside the national holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Name.
    pub name: Text,
    /// Where it was announced.
    pub source: String,
}

/// Where customers turn to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Name.
    pub name: Text,
    /// Address.
    pub url: String,
    /// When somebody answers.
    pub hours: Text,
}

/// A server under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Name, as typed after `--server`.
    pub id: String,
    /// Adapter: `reference`, `nanomdm`, `console`.
    pub adapter: String,
    /// Origin of its answers.
    pub origin: ServerOrigin,
    /// Description of the server, for the adapter `console`.
    pub file: Option<String>,
    /// Base URL.
    pub url: Option<String>,
    /// Environment variable that holds the API key; keys themselves never stand in files.
    pub api_key_env: Option<String>,
    /// Certificate of the CA that signs device identities.
    pub identity_ca: Option<String>,
    /// Key of that CA.
    pub identity_key: Option<String>,
    /// Address at which webhooks are awaited.
    pub webhook_listen: Option<String>,
    /// Address at which declarations are served.
    pub dm_listen: Option<String>,
    /// URL or file of the enrollment profile that devices enroll by.
    pub enroll: Option<String>,
    /// Environment variable that holds the bearer token of account-driven enrollment.
    pub enroll_token_env: Option<String>,
    /// PEM of the private CA behind the server's TLS certificate.
    pub tls_ca: Option<String>,
}

/// What is kept of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EvidencePolicy {
    /// Days for which records of published reports are kept at least.
    pub keep_days: u32,
    /// Whether a final report needs a real device or a person's look in addition to virtual devices.
    pub final_needs_real_device: bool,
}

/// Wording knobs of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWords {
    /// Name of the rules the report follows.
    pub guideline: Text,
    /// IANA time zone of dates.
    pub zone: String,
}

/// Everything in `verify.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vendor {
    /// The vendor's name.
    pub name: Text,
    /// The product's name.
    pub product: Text,
    /// Languages of the documents, the first one first on every page.
    pub languages: Vec<Lang>,
    /// Sites.
    pub sites: Vec<Site>,
    /// Maintenance windows, meant in the local time of each site.
    pub windows: Vec<Window>,
    /// Lead times of notices.
    pub notice: NoticePolicy,
    /// How far the agenda looks.
    pub agenda: AgendaPolicy,
    /// Classes of incidents, the gravest first.
    pub incidents: Vec<IncidentClass>,
    /// Closures.
    pub closures: Vec<Closure>,
    /// Contact.
    pub contact: Contact,
    /// Servers under test; the first is the default.
    pub servers: Vec<Server>,
    /// What is kept.
    pub evidence: EvidencePolicy,
    /// Wording.
    pub report: ReportWords,
}

/// Codes of errors in `verify.toml`.
mod own {
    /// Two servers of one name.
    pub(super) const TWO_SERVERS: &str = "RP0101";
    /// A time zone nobody knows.
    pub(super) const ZONE: &str = "RP0102";
    /// A closure that ends before it begins.
    pub(super) const CLOSURE: &str = "RP0103";
    /// No language, or no server.
    pub(super) const EMPTY: &str = "RP0104";
}

const ORIGINS: [(ServerOrigin, &str); 3] = [
    (ServerOrigin::Reference, "reference"),
    (ServerOrigin::ThirdParty, "third_party"),
    (ServerOrigin::Product, "product"),
];

impl Vendor {
    /// Reads `verify.toml`. `path` is what diagnostics show.
    ///
    /// # Errors
    /// All errors of the file at once.
    pub fn load(path: &Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut sink = Sink::new(path);
        let file = parse(text, &mut sink);
        let mut root = Table::root(&file);
        let (name, product, languages) = product(&mut root, &mut sink);
        let sites = root
            .tables("site", "a site", &mut sink)
            .into_iter()
            .map(|table| site(table, &mut sink))
            .collect();
        let windows = Window::read_all(&mut root, &mut sink);
        let notice = NoticePolicy::read(&mut root, &mut sink);
        let agenda = AgendaPolicy::read(&mut root, &mut sink);
        let incidents = IncidentClass::read_all(&mut root, &mut sink);
        let closures = root
            .tables("closure", "a closure", &mut sink)
            .into_iter()
            .filter_map(|table| closure(table, &mut sink))
            .collect();
        let contact = contact(&mut root, &mut sink);
        let servers = servers(&mut root, &mut sink);
        let evidence = evidence(&mut root, &mut sink);
        let report = words(&mut root, &mut sink);
        root.finish(&mut sink);
        if sink.found.is_empty() {
            Ok(Self {
                name,
                product,
                languages,
                sites,
                windows,
                notice,
                agenda,
                incidents,
                closures,
                contact,
                servers,
                evidence,
                report,
            })
        } else {
            Err(sink.found)
        }
    }

    /// The server of this name.
    #[must_use]
    pub fn server(&self, id: &str) -> Option<&Server> {
        self.servers.iter().find(|server| server.id == id)
    }
}

fn product(root: &mut Table<'_, '_>, sink: &mut Sink) -> (Text, Text, Vec<Lang>) {
    let nothing = || Text {
        ja: String::new(),
        en: String::new(),
    };
    let Some(mut table) = root.table("product", "[product]", sink) else {
        return (nothing(), nothing(), Vec::new());
    };
    let name = table.text("vendor", sink);
    let product = table.text("name", sink);
    let mut languages = Vec::new();
    for (word, span) in table.strings("languages", sink) {
        match Lang::WORDS.iter().find(|(_, known)| *known == word) {
            Some((lang, _)) => languages.push(*lang),
            None => sink.error(
                code::WRONG_VALUE,
                span,
                format!("`{word}` is no language of the documents"),
                "write ja or en",
            ),
        }
    }
    if languages.is_empty() {
        sink.error(
            own::EMPTY,
            table.span(),
            "the documents need a language".to_owned(),
            "write languages = [\"ja\", \"en\"]",
        );
    }
    table.finish(sink);
    (name, product, languages)
}

fn zone(table: &mut Table<'_, '_>, sink: &mut Sink) -> String {
    let zone = table.string("zone", sink);
    if !zone.is_empty() && TimeZone::get(&zone).is_err() {
        sink.error(
            own::ZONE,
            table.span(),
            format!("`{zone}` is no time zone"),
            "write an IANA name such as Asia/Tokyo",
        );
    }
    zone
}

fn site(mut table: Table<'_, '_>, sink: &mut Sink) -> Site {
    let site = Site {
        name: table.text("name", sink),
        zone: zone(&mut table, sink),
    };
    table.finish(sink);
    site
}

fn closure(mut table: Table<'_, '_>, sink: &mut Sink) -> Option<Closure> {
    let (from, until) = (table.date("from", sink), table.date("until", sink));
    let name = table.text("name", sink);
    let source = table.string("source", sink);
    let span = table.span();
    table.finish(sink);
    let (Some(from), Some(until)) = (from, until) else {
        sink.error(
            code::MISSING_KEY,
            span,
            "a closure needs `from` and `until`".to_owned(),
            "write from = 2026-12-29 and until = 2027-01-03",
        );
        return None;
    };
    if until < from {
        sink.error(
            own::CLOSURE,
            span,
            format!("the closure ends on {until}, before it begins on {from}"),
            "exchange the dates",
        );
        return None;
    }
    Some(Closure {
        from,
        until,
        name,
        source,
    })
}

fn contact(root: &mut Table<'_, '_>, sink: &mut Sink) -> Contact {
    let blank = || Text {
        ja: String::new(),
        en: String::new(),
    };
    let Some(mut table) = root.table("contact", "[contact]", sink) else {
        return Contact {
            name: blank(),
            url: String::new(),
            hours: blank(),
        };
    };
    let contact = Contact {
        name: table.text("name", sink),
        url: table.string("url", sink),
        hours: table.text("hours", sink),
    };
    table.finish(sink);
    contact
}

fn servers(root: &mut Table<'_, '_>, sink: &mut Sink) -> Vec<Server> {
    let whole = root.span();
    let mut servers: Vec<Server> = Vec::new();
    for mut table in root.tables("server", "a server", sink) {
        let span = table.span();
        let server = Server {
            id: table.string("id", sink),
            adapter: table.string("adapter", sink),
            origin: table
                .word("origin", &ORIGINS, sink)
                .unwrap_or(ServerOrigin::Reference),
            file: table.optional_string("file", sink),
            url: table.optional_string("url", sink),
            api_key_env: table.optional_string("api_key_env", sink),
            identity_ca: table.optional_string("identity_ca", sink),
            identity_key: table.optional_string("identity_key", sink),
            webhook_listen: table.optional_string("webhook_listen", sink),
            dm_listen: table.optional_string("dm_listen", sink),
            enroll: table.optional_string("enroll", sink),
            enroll_token_env: table.optional_string("enroll_token_env", sink),
            tls_ca: table.optional_string("tls_ca", sink),
        };
        table.finish(sink);
        if servers.iter().any(|known| known.id == server.id) {
            sink.error(
                own::TWO_SERVERS,
                span,
                format!("there are two servers named `{}`", server.id),
                "give one of them another id",
            );
        }
        servers.push(server);
    }
    if servers.is_empty() {
        sink.error(
            own::EMPTY,
            whole,
            "there is no server to test".to_owned(),
            "add [[server]] with id, adapter and origin",
        );
    }
    servers
}

fn evidence(root: &mut Table<'_, '_>, sink: &mut Sink) -> EvidencePolicy {
    let Some(mut table) = root.table("evidence", "[evidence]", sink) else {
        return EvidencePolicy {
            keep_days: 0,
            final_needs_real_device: true,
        };
    };
    let policy = EvidencePolicy {
        keep_days: table.integer("keep_days", 1095, sink),
        final_needs_real_device: table.boolean("final_needs_real_device", true, sink),
    };
    table.finish(sink);
    policy
}

fn words(root: &mut Table<'_, '_>, sink: &mut Sink) -> ReportWords {
    let Some(mut table) = root.table("report", "[report]", sink) else {
        return ReportWords {
            guideline: Text {
                ja: String::new(),
                en: String::new(),
            },
            zone: String::new(),
        };
    };
    let words = ReportWords {
        guideline: table.text("guideline", sink),
        zone: zone(&mut table, sink),
    };
    table.finish(sink);
    words
}

#[cfg(test)]
mod tests {
    use device_matrix::diag::{SourceFile, render};

    use super::*;

    const OWN: &str = include_str!("../../verify.toml");

    #[test]
    fn the_file_in_the_tree_can_be_read() {
        let vendor = Vendor::load(Path::new("verify.toml"), OWN).expect("verify.toml");
        assert_eq!(vendor.product.en, "BizMobile Go! Direct");
        assert_eq!(vendor.languages, [Lang::Ja, Lang::En]);
        assert_eq!(vendor.servers[0].id, "reference");
    }

    #[test]
    fn all_errors_are_told_at_once_with_their_place() {
        let text = r#"
[product]
vendor = { ja = "甲", en = "A" }
nmae = { ja = "乙", en = "B" }
languages = ["ja", "fr"]

[[site]]
name = { ja = "東京", en = "Tokyo" }
zone = "Asia/Edo"

[[closure]]
from = 2027-01-03
until = 2026-12-29
name = { ja = "年末年始", en = "Year end" }
source = "site"

[[server]]
id = "reference"
adapter = "reference"
origin = "referense"

[evidence]
keep_days = "long"
"#;
        let found = Vendor::load(Path::new("verify.toml"), text).unwrap_err();
        let source = SourceFile {
            path: "verify.toml".into(),
            text: text.to_owned(),
        };
        insta::assert_snapshot!(render(&found, &[source], false));
    }
}
