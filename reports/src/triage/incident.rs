//! Classes of incidents and how soon customers are told, as `verify.toml` states them.
//!
//! Only faults of the product and its server are incidents. What an operating system does wrong never is one; what an
//! external service does wrong is investigated and not counted.

use device_matrix::calendar::{BusinessCalendar, due};
use device_matrix::known::Text;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::assess::{Assessment, Finding, Outcome, Party};
use crate::toml_reader::{Sink, Table, code};

/// What makes an incident one of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Extent {
    /// No command reaches any device, or the console can not be used.
    ServiceStopped,
    /// One function is lost, and there is no other way to do the same.
    FunctionWithoutAlternative,
}

impl Extent {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 2] = [
        (Self::ServiceStopped, "service_stopped"),
        (
            Self::FunctionWithoutAlternative,
            "function_without_alternative",
        ),
    ];
}

/// How soon after the detection customers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// Hours, at any time of any day.
    Hours(u32),
    /// Business days.
    BusinessDays(u32),
}

/// A class of incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentClass {
    /// Number; 1 is the gravest.
    pub class: u32,
    /// What makes an incident one of this class.
    pub extent: Extent,
    /// Definition, for people.
    pub definition: Text,
    /// When customers are told.
    pub within: Within,
    /// When incidents of the class are worked on.
    pub hours: Text,
    /// Features without which the console can not be used; only for [`Extent::ServiceStopped`].
    pub console: Vec<String>,
}

/// Code of an incident class that says when customers are told twice, or not at all.
const CONTACT: &str = "RP0105";

impl IncidentClass {
    pub(crate) fn read_all(root: &mut Table<'_, '_>, sink: &mut Sink) -> Vec<Self> {
        let mut classes: Vec<Self> = root
            .tables("incident", "a class of incidents", sink)
            .into_iter()
            .filter_map(|table| Self::read(table, sink))
            .collect();
        classes.sort_by_key(|class| class.class);
        classes
    }

    fn read(mut table: Table<'_, '_>, sink: &mut Sink) -> Option<Self> {
        let span = table.span();
        let class = table.integer("class", 0, sink);
        let extent = table.word("when", &Extent::WORDS, sink);
        let definition = table.text("definition", sink);
        let hours = table.text("hours", sink);
        let in_hours = table.has("contact_hours");
        let in_days = table.has("contact_business_days");
        let within = (
            table.integer("contact_hours", 0, sink),
            table.integer("contact_business_days", 0, sink),
        );
        let console = if table.has("console_features") {
            let list = table.strings("console_features", sink);
            list.into_iter().map(|(id, _)| id).collect()
        } else {
            Vec::new()
        };
        table.finish(sink);
        if in_hours == in_days {
            sink.error(
                CONTACT,
                span,
                "a class of incidents says once when customers are told".to_owned(),
                "write either contact_hours or contact_business_days",
            );
            return None;
        }
        if class == 0 {
            sink.error(
                code::WRONG_VALUE,
                span,
                "a class of incidents has a number from 1".to_owned(),
                "write class = 1 for the gravest",
            );
            return None;
        }
        Some(Self {
            class,
            extent: extent?,
            definition,
            within: if in_hours {
                Within::Hours(within.0)
            } else {
                Within::BusinessDays(within.1)
            },
            hours,
            console,
        })
    }
}

/// Whether the same can be done in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Somebody or the data name one.
    Named,
    /// Somebody looked, and there is none.
    None,
    /// Nobody has looked; treated as if there were none, and said so.
    Unknown,
}

/// What decides about the class of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signs {
    /// Who is at fault.
    pub party: Party,
    /// No case of any device came to an end: no command reaches any device.
    pub nothing_reaches_devices: bool,
    /// The finding is about a feature without which the console can not be used.
    pub console: bool,
    /// Whether there is another way.
    pub alternative: Alternative,
}

/// What a finding is by the rules for incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity<'a> {
    /// An incident of a class.
    Class(&'a IncidentClass),
    /// A defect without the weight of an incident: there is another way.
    DefectOnly,
    /// Investigated, not counted: an external service.
    Investigated,
    /// Nothing of the product: the OS, the specification, the harness's data, or not known yet.
    NotOurs,
}

/// Decides; a pure table over the signs.
#[must_use]
pub fn classify(signs: Signs, classes: &[IncidentClass]) -> Severity<'_> {
    let of = |extent| classes.iter().find(|class| class.extent == extent);
    match signs.party {
        Party::ExternalService => Severity::Investigated,
        Party::Os | Party::AsSpecified | Party::HarnessData | Party::Undetermined => {
            Severity::NotOurs
        }
        Party::Product => {
            let stopped = signs.nothing_reaches_devices || signs.console;
            let class = if stopped {
                of(Extent::ServiceStopped)
            } else if signs.alternative == Alternative::Named {
                None
            } else {
                of(Extent::FunctionWithoutAlternative)
            };
            class.map_or(Severity::DefectOnly, Severity::Class)
        }
    }
}

/// The signs of a finding. `alternative` is what a person said, when somebody did.
#[must_use]
pub fn signs(
    assessment: &Assessment,
    finding: &Finding,
    classes: &[IncidentClass],
    alternative: Option<bool>,
) -> Signs {
    let ran = |outcome: Outcome| {
        matches!(
            outcome,
            Outcome::Works | Outcome::WorksWithRestrictions | Outcome::Fails | Outcome::Flaky
        )
    };
    let blocked = assessment
        .cases
        .iter()
        .filter(|case| case.outcome == Outcome::Blocked);
    let of_server = |reason: Option<&str>| {
        reason.is_some_and(|reason| {
            reason.starts_with("server_") || reason == "command_not_delivered"
        })
    };
    let any_ran = assessment.cases.iter().any(|case| ran(case.outcome));
    let mut blocked = blocked.peekable();
    Signs {
        party: finding.fault.party,
        nothing_reaches_devices: !any_ran
            && blocked.peek().is_some()
            && blocked.all(|case| of_server(case.reason.as_deref())),
        console: classes
            .iter()
            .any(|class| class.console.contains(&finding.feature)),
        alternative: match alternative {
            Some(true) => Alternative::Named,
            Some(false) => Alternative::None,
            None if finding.replacement.is_some() => Alternative::Named,
            None => Alternative::Unknown,
        },
    }
}

/// When customers are to be told at the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// This instant, in Japan time.
    At(String),
    /// The end of this day in Japan.
    Day(Date),
    /// So many hours after the detection, whose time nobody has stated.
    HoursAfterDetection(u32),
    /// Business days counted past the last day whose holidays are published.
    ProvisionalDay(Date),
}

/// The deadline for an incident that was detected on `day`, at `instant` when somebody states it.
#[must_use]
pub fn deadline(
    within: Within,
    day: Date,
    instant: Option<Timestamp>,
    calendar: &BusinessCalendar,
) -> Deadline {
    match within {
        Within::Hours(hours) => instant
            .and_then(|at| {
                let at = at
                    .checked_add(SignedDuration::from_hours(i64::from(hours)))
                    .ok()?;
                let zone = TimeZone::get("Asia/Tokyo").ok()?;
                let at = zone.to_datetime(at);
                Some(Deadline::At(at.strftime("%Y-%m-%d %H:%M JST").to_string()))
            })
            .unwrap_or(Deadline::HoursAfterDetection(hours)),
        Within::BusinessDays(days) => {
            let day = instant.map_or(day, device_matrix::calendar::jst_date);
            let counted = due(day, days, calendar);
            if counted.provisional {
                Deadline::ProvisionalDay(counted.due)
            } else {
                Deadline::Day(counted.due)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::vendor::Vendor;

    fn own() -> Vec<IncidentClass> {
        let text = include_str!("../../../verify.toml");
        Vendor::load(Path::new("verify.toml"), text)
            .expect("verify.toml")
            .incidents
    }

    #[test]
    fn severity_is_for_the_product_only() {
        use Alternative::{Named, None, Unknown};
        let classes = own();
        let rows: [(Party, bool, bool, Alternative, &str); 12] = [
            (Party::Product, true, false, Unknown, "1"),
            (Party::Product, true, false, Named, "1"),
            (Party::Product, false, true, Unknown, "1"),
            (Party::Product, false, false, None, "2"),
            (Party::Product, false, false, Unknown, "2"),
            (Party::Product, false, false, Named, "defect"),
            (Party::Os, true, true, None, "not ours"),
            (Party::Os, false, false, None, "not ours"),
            (Party::ExternalService, true, false, None, "investigated"),
            (Party::AsSpecified, false, false, None, "not ours"),
            (Party::HarnessData, false, false, None, "not ours"),
            (Party::Undetermined, false, false, None, "not ours"),
        ];
        for (party, nothing_reaches_devices, console, alternative, wanted) in rows {
            let signs = Signs {
                party,
                nothing_reaches_devices,
                console,
                alternative,
            };
            let said = match classify(signs, &classes) {
                Severity::Class(class) => class.class.to_string(),
                Severity::DefectOnly => "defect".to_owned(),
                Severity::Investigated => "investigated".to_owned(),
                Severity::NotOurs => "not ours".to_owned(),
            };
            assert_eq!(said, wanted, "{signs:?}");
        }
    }

    #[test]
    fn the_guideline_says_an_hour_and_a_business_day() {
        let classes = own();
        let within: Vec<_> = classes
            .iter()
            .map(|class| (class.class, class.within))
            .collect();
        assert_eq!(
            within,
            [(1, Within::Hours(1)), (2, Within::BusinessDays(1))]
        );
    }
}
