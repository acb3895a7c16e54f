//! What a report needs beside the assessment.

use device_matrix::known::{Known, Ternary, Text};
use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;
use jiff::civil::Date;
use scenarios::feature::{Column, Feature};
use scenarios::scenario::{Action, Scenario, Specified, VersionRange};
use serde_json::Value;

use crate::register::ObtainedSource;
use crate::sign::Signoffs;
use crate::vendor::Vendor;

/// When the report is due, with its working.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueView {
    /// Day 0.
    pub acquired: Date,
    /// Due day.
    pub due: Date,
    /// Days that were counted, in order.
    pub counted: Vec<Date>,
    /// Days that were not counted, with the reason.
    pub skipped: Vec<(Date, Text)>,
    /// `due`, `due_soon`, `late`, `done`.
    pub state: String,
    /// The calendar is not official for all of these days.
    pub provisional: bool,
}

/// A release under verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseView {
    /// Release id.
    pub id: String,
    /// `iOS 18.0`.
    pub name: String,
    /// `beta`, `rc`, `released`.
    pub channel: String,
    /// Number of the beta or release candidate.
    pub stage: Option<u16>,
    /// Builds; empty is not known.
    pub builds: Vec<String>,
    /// Obtained on.
    pub obtained: Known<Date>,
    /// How that is known.
    pub obtained_source: ObtainedSource,
    /// When the report is due.
    pub due: Option<DueView>,
}

/// What a release does to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemChange {
    /// Introduced.
    New,
    /// Deprecated.
    Deprecated,
    /// Removed.
    Removed,
}

impl ItemChange {
    /// The word in JSON and texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Deprecated => "deprecated",
            Self::Removed => "removed",
        }
    }
}

/// An item or key that the release introduces, deprecates or removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemView {
    /// Kind word: `command`, `profile`, `declaration`, …
    pub kind: String,
    /// Id on the wire.
    pub id: String,
    /// Dotted path of a key; `None` is the item itself.
    pub path: Option<String>,
    /// File in the vendor's checkout; with the path it is the capability id of probes.
    pub file: String,
    /// What the release does.
    pub change: ItemChange,
    /// Whether the product offers it.
    pub offered: Ternary,
    /// Ids of the features that use it.
    pub features: Vec<String>,
    /// What to use in its place.
    pub replacement: Option<Text>,
}

/// A known issue with the vendor's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownIssue {
    /// The vendor's number.
    pub number: String,
    /// What it is.
    pub text: Text,
    /// Where it is written.
    pub source: String,
}

/// A statement with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced {
    /// What is stated.
    pub text: Text,
    /// Where it is written.
    pub source: String,
}

/// Material for a recommendation that no run can show. Unknown is a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guidance {
    /// Security state of the version the customer is on.
    pub security: Known<Sourced>,
    /// Known issues; `Unknown` when nobody has looked.
    pub known_issues: Known<Vec<KnownIssue>>,
    /// Devices that can not update; `Unknown` when nobody has looked.
    pub cannot_update: Known<Vec<String>>,
    /// Possibility to go back.
    pub way_back: Known<Sourced>,
}

impl Guidance {
    /// Nobody has looked at anything.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            security: Known::Unknown,
            known_issues: Known::Unknown,
            cannot_update: Known::Unknown,
            way_back: Known::Unknown,
        }
    }
}

/// Everything a report needs beside the assessment.
#[derive(Clone, Copy, Debug)]
pub struct ReportInputs<'a> {
    /// The vendor.
    pub vendor: &'a Vendor,
    /// Version of the product's server, when it is known.
    pub product_build: Option<&'a str>,
    /// Releases under verification, oldest first.
    pub releases: &'a [ReleaseView],
    /// What the releases introduce, deprecate and remove.
    pub items: &'a [ItemView],
    /// Material that no run can show.
    pub guidance: &'a Guidance,
    /// Limits of the method, beside the ones that every report names.
    pub limits: &'a [Text],
    /// Sign-offs so far.
    pub signoffs: &'a Signoffs,
    /// The date as of which the report is written.
    pub as_of: Date,
    /// Folder of the evidence relative to the report, `/` at its end.
    pub evidence_base: &'a str,
}

/// What is stated as the replacement of an element that a release removes or deprecates: the replacement of a lost part
/// of a scenario of one of `features` whose steps name the element, else, for removals, the only one whose loss begins
/// with the version of the change.
#[must_use]
pub fn replacement_of_item(
    scenarios: &[Scenario],
    features: &[String],
    platform: Platform,
    version: VersionNumber,
    id: &str,
    path: Option<&str>,
) -> Option<Text> {
    let leaf = path.map_or(id, |path| path.rsplit('.').next().unwrap_or(path));
    let mut begins: Vec<&Text> = Vec::new();
    for scenario in scenarios
        .iter()
        .filter(|scenario| features.contains(&scenario.feature.0))
    {
        for part in &scenario.parts {
            let lost = part.expectations.iter().find_map(|row| {
                let here = |range: &&VersionRange| range.platform == platform;
                let range = row.when.on.iter().find(here)?;
                let replacement = row.replacement.as_ref()?;
                (row.specified == Specified::Lost).then_some((range, replacement))
            });
            let Some((range, replacement)) = lost else {
                continue;
            };
            if names(scenario, &part.id, leaf) {
                return Some(replacement.clone());
            }
            if range.from == Some(version) && !begins.contains(&replacement) {
                begins.push(replacement);
            }
        }
    }
    match begins.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    }
}

/// Whether a step that speaks for the part sends `word`: a command, a key or one of its values.
fn names(scenario: &Scenario, part: &str, word: &str) -> bool {
    fn in_value(value: &Value, word: &str) -> bool {
        match value {
            Value::String(text) => text == word,
            Value::Array(items) => items.iter().any(|item| in_value(item, word)),
            Value::Object(map) => map
                .iter()
                .any(|(key, value)| key == word || in_value(value, word)),
            _ => false,
        }
    }
    let steps = [&scenario.apply, &scenario.verify];
    steps.into_iter().flatten().any(|step| match &step.action {
        Action::Command {
            request_type, args, ..
        } => {
            step.looks.iter().any(|look| look.part == part)
                && (request_type == word || in_value(args, word))
        }
        // A payload is judged by later steps; it speaks for every part of its scenario.
        Action::InstallProfile { payloads, .. } => {
            payloads.iter().any(|payload| in_value(payload, word))
        }
        Action::Declare { declarations, .. } => declarations.iter().any(|one| in_value(one, word)),
        _ => false,
    })
}

/// What the product offers of an item: the strongest offer of the features that map to it, `Unknown` when none does.
/// Nobody has confirmed what no page mentions.
#[must_use]
pub fn offer_of_item(
    features: &[Feature],
    platform: Platform,
    kind: &str,
    id: &str,
    path: Option<&str>,
) -> (Ternary, Vec<String>) {
    let element = path.map_or_else(|| id.to_owned(), |path| format!("{id}/{path}"));
    let last = path.and_then(|path| path.rsplit('.').next());
    let short = last.map(|last| format!("{id}/{last}"));
    let mut offers = Vec::new();
    let mut ids = Vec::new();
    for feature in features {
        let Some(offer) = feature.offers.get(&Column::Platform(platform)) else {
            continue;
        };
        let used = feature.mappings.iter().any(|mapping| {
            let here =
                mapping.columns.is_empty() || mapping.columns.contains(&Column::Platform(platform));
            let same =
                mapping.element == element || short.as_deref() == Some(mapping.element.as_str());
            here && same && !(kind == "command" && mapping.kind == "profile")
        });
        if used {
            offers.push(offer.offered);
            ids.push(feature.id.0.clone());
        }
    }
    let offered = if offers.contains(&Ternary::Yes) {
        Ternary::Yes
    } else if offers.is_empty() || offers.contains(&Ternary::Unknown) {
        Ternary::Unknown
    } else {
        Ternary::No
    };
    (offered, ids)
}
