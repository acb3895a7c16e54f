//! Windows and lead times, as `verify.toml` states them.

use device_matrix::known::Text;
use jiff::civil::{Time, Weekday};

use crate::toml_reader::{Sink, Table, code};

/// What a maintenance window is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Changes of the product.
    Application,
    /// Weak points of operating systems; nothing else.
    Security,
}

impl Purpose {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 2] = [
        (Self::Application, "application"),
        (Self::Security, "security"),
    ];
}

const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
    (Weekday::Sunday, "sunday"),
];

/// A weekly maintenance window in the local time of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Name.
    pub name: Text,
    /// What it is for.
    pub purpose: Purpose,
    /// The day on which it begins.
    pub weekday: Weekday,
    /// When it begins.
    pub from: Time,
    /// When it begins for services around remote control; `None` is [`Self::from`].
    pub remote_control_from: Option<Time>,
    /// When it ends; a time that is not after [`Self::from`] is on the next day.
    pub until: Time,
}

/// Lead times of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePolicy {
    /// Name of the rules.
    pub guideline: Text,
    /// Calendar days between the publication and the day of effect.
    pub deprecation_days: u32,
    /// Days between the detailed maintenance notice and a maintenance after which operation or behavior is another.
    pub behavior_change_days: u32,
    /// The same for a maintenance with an outage longer than [`Self::outage_minutes`].
    pub outage_days: u32,
    /// Minutes of outage in a row that need no notice of their own.
    pub outage_minutes: u32,
    /// Business days until the end of a maintenance is told.
    pub end_notice_business_days: u32,
}

/// How far the agenda looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgendaPolicy {
    /// Days ahead.
    pub ahead_days: u32,
    /// Days back within which releases without an entry in the register are asked for.
    pub behind_days: u32,
}

/// Codes of errors in these sections.
mod own {
    /// No window for changes of the product.
    pub(super) const NO_WINDOW: &str = "RP0105";
    /// A lead time that is none.
    pub(super) const LEAD: &str = "RP0106";
}

impl Window {
    /// Reads every `[[window]]`.
    pub(crate) fn read_all(root: &mut Table<'_, '_>, sink: &mut Sink) -> Vec<Self> {
        let before = sink.found.len();
        let whole = root.span();
        let windows: Vec<Self> = root
            .tables("window", "a maintenance window", sink)
            .into_iter()
            .filter_map(|table| Self::read(table, sink))
            .collect();
        let application = windows
            .iter()
            .any(|window| window.purpose == Purpose::Application);
        if !application && sink.found.len() == before {
            sink.error(
                own::NO_WINDOW,
                whole,
                "there is no maintenance window for changes of the product".to_owned(),
                "add [[window]] with purpose = \"application\"",
            );
        }
        windows
    }

    fn read(mut table: Table<'_, '_>, sink: &mut Sink) -> Option<Self> {
        let name = table.text("name", sink);
        let purpose = table.word("purpose", &Purpose::WORDS, sink);
        let weekday = table.word("weekday", &WEEKDAYS, sink);
        let from = time(&mut table, "from", sink);
        let until = time(&mut table, "until", sink);
        let remote_control_from = if table.has("remote_control_from") {
            time(&mut table, "remote_control_from", sink)
        } else {
            None
        };
        table.finish(sink);
        Some(Self {
            name,
            purpose: purpose?,
            weekday: weekday?,
            from: from?,
            remote_control_from,
            until: until?,
        })
    }

    /// When it begins for a kind of change.
    #[must_use]
    pub fn begins(&self, remote_control: bool) -> Time {
        self.remote_control_from
            .filter(|_| remote_control)
            .unwrap_or(self.from)
    }
}

/// `19:00`; `24:00` is the midnight that ends the day.
fn time(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> Option<Time> {
    let span = table.span_of(key);
    let before = sink.found.len();
    let text = table.string(key, sink);
    if sink.found.len() > before {
        return None;
    }
    if text == "24:00" {
        return Some(Time::midnight());
    }
    let time = (text.len() == 5)
        .then(|| text.parse::<Time>().ok())
        .flatten();
    if time.is_none() {
        sink.error(
            code::WRONG_VALUE,
            span,
            format!("`{text}` is no time of day"),
            "write it as 19:00; the midnight that ends a day is 24:00",
        );
    }
    time
}

impl NoticePolicy {
    /// Reads `[notice]`.
    pub(crate) fn read(root: &mut Table<'_, '_>, sink: &mut Sink) -> Self {
        let Some(mut table) = root.table("notice", "[notice]", sink) else {
            return Self {
                guideline: Text {
                    ja: String::new(),
                    en: String::new(),
                },
                deprecation_days: 0,
                behavior_change_days: 0,
                outage_days: 0,
                outage_minutes: 0,
                end_notice_business_days: 0,
            };
        };
        let policy = Self {
            guideline: table.text("guideline", sink),
            deprecation_days: days(&mut table, "deprecation_days", sink),
            behavior_change_days: days(&mut table, "behavior_change_days", sink),
            outage_days: days(&mut table, "outage_days", sink),
            outage_minutes: days(&mut table, "outage_minutes", sink),
            end_notice_business_days: days(&mut table, "end_notice_business_days", sink),
        };
        table.finish(sink);
        policy
    }

    /// Days that a detailed maintenance notice needs: the longer one when both hold.
    #[must_use]
    pub fn maintenance_days(&self, behavior_change: bool, outage: bool) -> u32 {
        let change = if behavior_change {
            self.behavior_change_days
        } else {
            0
        };
        let outage = if outage { self.outage_days } else { 0 };
        change.max(outage)
    }
}

impl AgendaPolicy {
    /// Reads `[agenda]`.
    pub(crate) fn read(root: &mut Table<'_, '_>, sink: &mut Sink) -> Self {
        let Some(mut table) = root.table("agenda", "[agenda]", sink) else {
            return Self {
                ahead_days: 0,
                behind_days: 0,
            };
        };
        let policy = Self {
            ahead_days: days(&mut table, "ahead_days", sink),
            behind_days: days(&mut table, "behind_days", sink),
        };
        table.finish(sink);
        policy
    }
}

/// A number that must be there, from 1 to ten years' worth of days.
fn days(table: &mut Table<'_, '_>, key: &'static str, sink: &mut Sink) -> u32 {
    let span = table.span_of(key);
    if !table.has(key) {
        // Told in the words of every other missing key.
        table.string(key, sink);
        return 0;
    }
    let before = sink.found.len();
    let number = table.integer(key, 0, sink);
    if sink.found.len() == before && !(1..=3660).contains(&number) {
        sink.error(
            own::LEAD,
            span,
            format!("`{key}` is {number}, which is not between 1 and 3660"),
            "write the number of the guideline",
        );
    }
    number
}
