//! What a decision says.

use device_matrix::known::{Ternary, Text};
use device_matrix::platform::Platform;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::notice::check::ChangeKind;

/// How a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Signed; its notice is not published, its dates are plans.
    Decided,
    /// The notice is published.
    Announced,
    /// Published, then moved to a later day.
    Postponed,
    /// Taken back; the version stays.
    Withdrawn,
    /// The version is out.
    Effective,
}

impl State {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Decided, "decided"),
        (Self::Announced, "announced"),
        (Self::Postponed, "postponed"),
        (Self::Withdrawn, "withdrawn"),
        (Self::Effective, "effective"),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// What happened to a decision after its notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// A new notice with a new day of effect; the days of notice count from it.
    Announced,
    /// Moved to a later day; needs no new days of notice.
    Postponed,
    /// Taken back.
    Withdrawn,
    /// Came into effect.
    Effective,
}

impl Event {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Announced, "announced"),
        (Self::Postponed, "postponed"),
        (Self::Withdrawn, "withdrawn"),
        (Self::Effective, "effective"),
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }

    /// The state it leads to.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Announced => State::Announced,
            Self::Postponed => State::Postponed,
            Self::Withdrawn => State::Withdrawn,
            Self::Effective => State::Effective,
        }
    }
}

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Japanese date.
    pub on: Date,
    /// What happened.
    pub event: Event,
    /// The new day of effect.
    pub effective: Option<Date>,
    /// Why.
    pub note: Option<Text>,
}

/// How the use was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trend {
    /// It decreases.
    Decreasing,
    /// Nobody uses it any more.
    Unused,
}

impl Trend {
    /// Every value with its word.
    pub const WORDS: [(Self, &'static str); 2] =
        [(Self::Decreasing, "decreasing"), (Self::Unused, "unused")];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// The figures a decision was taken on. Counts are over all customers.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Japanese date of the figures.
    pub as_of: Date,
    /// Generations that stay in the supported set, oldest first.
    pub remaining: Vec<String>,
    /// How the use was judged.
    pub trend: Trend,
    /// Months that were measured.
    pub months: u32,
    /// Devices in the first measured month.
    pub first: u32,
    /// Devices in the last measured month.
    pub last: u32,
    /// Relative decline over these months, percent.
    pub decline_percent: Option<f64>,
    /// Whether the OS vendor still publishes updates of the version. Information, never a condition.
    pub vendor_updates: Ternary,
}

/// A site and the change there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionSite {
    /// IANA zone; names the site of `verify.toml`.
    pub zone: String,
    /// When the servers change; `None` is the first window from the day of effect on.
    pub change: Option<Timestamp>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Name of the file without its ending.
    pub id: String,
    /// The platform.
    pub platform: Platform,
    /// Key of the generation: `17`, `10.15`, Windows `11-23h2`.
    pub version: String,
    /// Decided on.
    pub decided: Date,
    /// Who signed.
    pub by: String,
    /// Why, in words.
    pub reason: Text,
    /// The figures at the time.
    pub figures: Figures,
    /// Day of the first notice.
    pub notice: Date,
    /// Day of effect as first announced.
    pub effective: Date,
    /// Sites.
    pub sites: Vec<DecisionSite>,
    /// What kind of change the maintenance is.
    pub kind: ChangeKind,
    /// Day of the detailed maintenance notice.
    pub maintenance_notice: Option<Date>,
    /// What still works afterwards; `None` is not stated.
    pub works: Option<Vec<Text>>,
    /// What does not work any more; `None` is not stated.
    pub stops: Option<Vec<Text>>,
    /// How customers prepare, beside what every notice says.
    pub prepare: Vec<Text>,
    /// How devices on the version are treated afterwards, beside what every notice says.
    pub after: Vec<Text>,
    /// How it stands.
    pub state: State,
    /// What happened since the notice, in order.
    pub history: Vec<Change>,
}

impl Decision {
    /// `iOS 17`; `Windows 11 23H2`.
    #[must_use]
    pub fn name(&self) -> String {
        name(self.platform, &self.version)
    }

    /// The day of effect that holds now, and the day of the notice from which its days count.
    #[must_use]
    pub fn current(&self) -> (Date, Date) {
        let mut current = (self.notice, self.effective);
        for change in &self.history {
            match (change.event, change.effective) {
                (Event::Announced, Some(effective)) => current = (change.on, effective),
                (Event::Postponed, Some(effective)) => current.1 = effective,
                _ => {}
            }
        }
        current
    }

    /// How it stood at the end of a Japanese day; `None` before the decision.
    #[must_use]
    pub fn state_on(&self, day: Date) -> Option<State> {
        if day < self.decided {
            return None;
        }
        if self.state == State::Decided || day < self.notice {
            return Some(State::Decided);
        }
        let last = self.history.iter().rfind(|change| change.on <= day);
        Some(last.map_or(State::Announced, |change| change.event.state()))
    }
}

/// A generation as people say it.
#[must_use]
pub fn name(platform: Platform, version: &str) -> String {
    if platform == Platform::Windows
        && let Some((major, update)) = version.split_once('-')
    {
        return format!("Windows {major} {}", update.to_ascii_uppercase());
    }
    format!("{platform} {version}")
}
