//! The register: when each release was obtained, adopted and published.

use std::collections::BTreeMap;
use std::path::Path;

use device_matrix::diag::Diagnostic;
use device_matrix::known::Known;
use device_matrix::platform::Platform;
use device_matrix::release::Release;
use device_matrix::version::OsVersion;
use jiff::civil::Date;

use crate::toml_reader::{Sink, Table, parse};

/// Dates of one release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Obtained.
    pub obtained: Option<Date>,
    /// Taken up for verification.
    pub adopted: Option<Date>,
    /// Report published.
    pub published: Option<Date>,
    /// Remark.
    pub note: Option<String>,
}

/// How the day of obtaining is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObtainedSource {
    /// The register states it.
    Register,
    /// The release day in Japan stands for it.
    DefaultJstReleaseDay,
    /// A new device was delivered with it.
    Delivered,
    /// Nobody knows.
    Unknown,
}

impl ObtainedSource {
    /// The word in JSON and texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::DefaultJstReleaseDay => "default_jst_release_day",
            Self::Delivered => "delivered",
            Self::Unknown => "unknown",
        }
    }
}

/// When a release was obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obtained {
    /// Japanese date.
    pub date: Known<Date>,
    /// How it is known.
    pub source: ObtainedSource,
}

/// The register of all releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    entries: BTreeMap<String, Entry>,
}

/// Codes of errors in the register.
mod own {
    /// The name is no release id.
    pub(super) const NOT_A_RELEASE: &str = "RP0201";
    /// Dates in the wrong order.
    pub(super) const ORDER: &str = "RP0202";
    /// The catalog has no such release.
    pub(super) const UNKNOWN_RELEASE: &str = "RP0203";
}

impl Register {
    /// Reads and lints a register. `known` says whether the catalog has a release id.
    ///
    /// # Errors
    /// All errors of the file at once.
    pub fn load(
        path: &Path,
        text: &str,
        known: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut sink = Sink::new(path);
        let file = parse(text, &mut sink);
        let mut entries = BTreeMap::new();
        for (key, value) in Table::root(&file).entries() {
            let id = key.get_ref().as_ref();
            if !is_release_id(id) {
                sink.error(
                    own::NOT_A_RELEASE,
                    key.span(),
                    format!("`{id}` is no release id"),
                    "write platform and version, such as \"ios18.0\" or \"ios27.2-beta3\"",
                );
            } else if !known(id) {
                sink.error(
                    own::UNKNOWN_RELEASE,
                    key.span(),
                    format!("no release is named `{id}`"),
                    "add the release to the release data first, or correct the name",
                );
            }
            if let Some(table) = Table::entry(value, "an entry of the register", &mut sink) {
                entries.insert(id.to_owned(), entry(table, &mut sink));
            }
        }
        if sink.found.is_empty() {
            Ok(Self { entries })
        } else {
            sink.found.sort_by_key(|diagnostic| diagnostic.span.start);
            Err(sink.found)
        }
    }

    /// Dates of a release, when the register has some.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// When a release was obtained.
    #[must_use]
    pub fn obtained(&self, release: &Release) -> Obtained {
        let stated = self.entry(&release.id()).and_then(|entry| entry.obtained);
        match (stated, release.date_jst()) {
            (Some(date), _) => Obtained {
                date: Known::Known(date),
                source: ObtainedSource::Register,
            },
            (None, Known::Known(date)) => Obtained {
                date: Known::Known(date),
                source: ObtainedSource::DefaultJstReleaseDay,
            },
            (None, Known::Unknown) => Obtained {
                date: Known::Unknown,
                source: ObtainedSource::Unknown,
            },
        }
    }
}

fn entry(mut table: Table<'_, '_>, sink: &mut Sink) -> Entry {
    let entry = Entry {
        obtained: table.date("obtained", sink),
        adopted: table.date("adopted", sink),
        published: table.date("published", sink),
        note: table.optional_string("note", sink),
    };
    let pairs = [
        ("adopted", entry.adopted, "obtained", entry.obtained),
        ("published", entry.published, "obtained", entry.obtained),
        ("published", entry.published, "adopted", entry.adopted),
    ];
    for (later, after, earlier, before) in pairs {
        if let (Some(after), Some(before)) = (after, before)
            && after < before
        {
            sink.error(
                own::ORDER,
                table.span(),
                format!("`{later}` {after} is before `{earlier}` {before}"),
                "check both dates",
            );
        }
    }
    table.finish(sink);
    entry
}

fn is_release_id(id: &str) -> bool {
    Platform::ALL.iter().any(|platform| {
        id.strip_prefix(platform.slug()).is_some_and(|version| {
            version
                .parse::<OsVersion>()
                .is_ok_and(|v| v.slug() == version)
        })
    })
}

#[cfg(test)]
mod tests {
    use device_matrix::diag::{SourceFile, render};
    use jiff::civil::date;

    use super::*;

    fn release(day: Known<Date>) -> Release {
        Release {
            platform: Platform::Ios,
            version: "18.0".parse().expect("version"),
            builds: Vec::new(),
            date: day,
            sources: Vec::new(),
        }
    }

    #[test]
    fn the_register_wins_over_the_release_day() {
        let path = Path::new("register.toml");
        let text = "[\"ios18.0\"]\nobtained = 2024-09-18\n";
        let register = Register::load(path, text, |_| true).expect("register");
        let us = release(Known::Known(date(2024, 9, 16)));
        assert_eq!(
            register.obtained(&us),
            Obtained {
                date: Known::Known(date(2024, 9, 18)),
                source: ObtainedSource::Register
            }
        );
        let empty = Register::default();
        assert_eq!(
            empty.obtained(&us),
            Obtained {
                date: Known::Known(date(2024, 9, 17)),
                source: ObtainedSource::DefaultJstReleaseDay
            }
        );
        assert_eq!(
            empty.obtained(&release(Known::Unknown)).date,
            Known::Unknown
        );
    }

    #[test]
    fn the_register_in_the_tree_can_be_read() {
        let text = include_str!("../data/register.toml");
        assert!(Register::load(Path::new("register.toml"), text, |_| true).is_ok());
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let text = "[\"ios18\"]\nobtaind = 2024-09-18\n\n[\"iphone\"]\n\n[\"ios18.0\"]\nobtained = 2024-09-18\npublished = 2024-09-01\nadopted = \"soon\"\n";
        let found =
            Register::load(Path::new("register.toml"), text, |id| id == "ios18.0").unwrap_err();
        let source = SourceFile {
            path: "register.toml".into(),
            text: text.to_owned(),
        };
        insta::assert_snapshot!(render(&found, &[source], false));
    }
}
