//! Scenarios: how a feature is exercised, and what each release must do, stated by hand with its source.
//!
//! A scenario runs in phases. *Apply* brings the feature about, *verify* looks at it (and is repeated after reboot
//! and update where the scenario says that it survives them), *undo* takes it back, *verify undone* looks again.

use device_matrix::cell::Cell;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::Text;
use device_matrix::platform::Platform;
use device_matrix::version::VersionNumber;
use serde_json::Value;

use crate::action::Named;
use crate::feature::FeatureId;

/// Stable id of a scenario, also its file's stem.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScenarioId(pub String);

/// A half-open range of versions of one platform: `iOS 18.0..26.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionRange {
    /// Platform.
    pub platform: Platform,
    /// First version inside; `None` is since ever.
    pub from: Option<VersionNumber>,
    /// First version outside; `None` is open.
    pub until: Option<VersionNumber>,
}

impl VersionRange {
    /// Whether a release of `platform` with `number` lies inside.
    #[must_use]
    pub fn contains(&self, platform: Platform, number: &VersionNumber) -> bool {
        self.platform == platform
            && self.from.is_none_or(|from| from <= *number)
            && self.until.is_none_or(|until| *number < until)
    }
}

/// A condition on the cell: every given field must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// One of these ranges contains the release; empty is any.
    pub on: Vec<VersionRange>,
    /// One of these enrollment types; empty is any.
    pub enrollments: Vec<EnrollmentType>,
    /// Supervised or not; `None` is either.
    pub supervised: Option<bool>,
    /// Needs (or must lack) hardware, by its word in the model data, `!` in front for must lack; empty is any.
    pub hardware: Vec<String>,
}

impl Condition {
    /// Whether the cell fulfills every given field.
    #[must_use]
    pub fn holds(&self, cell: &Cell) -> bool {
        let (platform, number) = (cell.release.platform, &cell.release.version.number);
        (self.on.is_empty() || self.on.iter().any(|range| range.contains(platform, number)))
            && (self.enrollments.is_empty() || self.enrollments.contains(&cell.enrollment))
            && self
                .supervised
                .is_none_or(|wanted| wanted == cell.supervised)
            && self.hardware.iter().all(|word| {
                let (bare, wanted) = word
                    .strip_prefix('!')
                    .map_or((word.as_str(), true), |bare| (bare, false));
                cell.model.hardware.iter().any(|has| has.as_str() == bare) == wanted
            })
    }
}

/// What a release must do with a part of a feature, by a source that is not the fact catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Specified {
    /// It must work.
    Works,
    /// The OS took it away or never gives it under these conditions although the product offers the feature: the
    /// part is lost as specified.
    Lost,
    /// It never was there on such a device; the case leaves the denominator.
    NotSupported,
}

/// One row of a part's expectations; the first row whose condition holds is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// When the row holds.
    pub when: Condition,
    /// What must happen.
    pub specified: Specified,
    /// Where this is written; never the fact catalogue.
    pub source: String,
    /// Why, for readers of the report.
    pub reason: Option<Text>,
    /// What to use in its place.
    pub replacement: Option<Text>,
}

/// A named part of the feature's purpose. Losing one is a restriction; losing all, or an essential one, is a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Id within the scenario.
    pub id: String,
    /// Name for readers of the report.
    pub name: Text,
    /// Without it the feature has no use.
    pub essential: bool,
    /// What releases must do, first match wins; no match means nobody has stated it.
    pub expectations: Vec<Expectation>,
}

impl Part {
    /// The expectation in force for a cell: the first row whose condition holds. `None` means that nobody has
    /// stated what such a device must do.
    #[must_use]
    pub fn expectation(&self, cell: &Cell) -> Option<&Expectation> {
        self.expectations.iter().find(|row| row.when.holds(cell))
    }
}

/// The channel on which a step is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChannelWord {
    /// Device channel.
    Device,
    /// User channel (macOS, Shared iPad).
    User,
}

/// What happens at or to the device itself; neither server nor protocol takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceAction {
    /// Restart.
    Reboot,
    /// A person unlocks the device.
    Unlock,
    /// A person locks the device.
    Lock,
    /// A person sets this passcode.
    SetPasscode(String),
    /// A managed user logs in (macOS, Shared iPad).
    UserLogin(String),
    /// The user logs out.
    UserLogout,
    /// The device installs the update the server asked for.
    InstallPendingUpdate,
    /// The device comes to the server without a command waiting.
    Poll,
    /// A person removes the management profile.
    RemoveManagement,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Sends an MDM command and waits for its result. The look is at the device's answer, as JSON
    /// (`Status`, `ErrorChain`, response keys).
    Command {
        /// `RequestType`.
        request_type: String,
        /// Its keys; `{"$data": base64}` is data, `{"$date": RFC 3339}` a date, and `{"$escrow": "UnlockToken"}`
        /// what the device handed over under this name in its last `TokenUpdate`.
        args: Value,
        /// Channel.
        channel: ChannelWord,
    },
    /// Sends `InstallProfile` with a profile of these payloads.
    InstallProfile {
        /// `PayloadIdentifier` of the profile.
        identifier: String,
        /// Payloads without the common keys, each with its `PayloadType`.
        payloads: Vec<Value>,
        /// Channel.
        channel: ChannelWord,
    },
    /// Sends `RemoveProfile`.
    RemoveProfile {
        /// `PayloadIdentifier` of the profile.
        identifier: String,
        /// Channel.
        channel: ChannelWord,
    },
    /// Gives the device these declarations and lets it synchronize. The look is at the status report: an object
    /// with the declarations' rows by identifier under `declarations`, and the status items under `status`.
    Declare {
        /// Declarations: `Type`, `Identifier`, `Payload`; an activation is added when none is given.
        declarations: Vec<Value>,
        /// Channel.
        channel: ChannelWord,
    },
    /// Takes declarations back by identifier and lets the device synchronize.
    Undeclare {
        /// Identifiers.
        identifiers: Vec<String>,
        /// Channel.
        channel: ChannelWord,
    },
    /// Something at the device.
    Device(DeviceAction),
    /// Looks at the effect through the device-side port that the server can not reach.
    /// The look is at the device's effect tree.
    Effect,
    /// Looks at what the server saw of check-ins (`{"checkins": ["Authenticate", …], "token_updates": n}`).
    ServerView,
}

/// How a looked-at value is judged.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Is present, with any value.
    Present,
    /// Is absent.
    Absent,
    /// Is equal (numbers by value).
    Equals(Value),
    /// Is not equal, or absent.
    NotEquals(Value),
    /// Is one of these.
    OneOf(Vec<Value>),
    /// An array that contains the value, a string that contains the text, or an object that has the key.
    /// An object in an array is contained when its given members are: the element may have others, at any depth.
    Contains(Value),
    /// The opposite.
    Lacks(Value),
    /// A number at least this large.
    AtLeast(f64),
    /// A number at most this large.
    AtMost(f64),
    /// A string, array, object or data that is not empty.
    NotEmpty,
}

/// One judged look.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The part of the purpose it speaks for.
    pub part: String,
    /// JSON pointer (RFC 6901) into the looked-at value.
    pub pointer: String,
    /// How it is judged.
    pub matcher: Matcher,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When the step takes place; an empty condition is always.
    pub when: Condition,
    /// What it does, in the words of the protocol.
    pub action: Action,
    /// The action of the product that this stands for, when the scenario names one: a server that has a button of its
    /// own for it presses that instead.
    pub named: Option<Named>,
    /// What is judged afterwards.
    pub looks: Vec<Look>,
}

/// The phase of a scenario in which a step ran: the kinds of check of DESIGN §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Brings the feature about.
    Apply,
    /// Looks at it.
    Verify,
    /// Looks at it again after a reboot.
    VerifyAfterReboot,
    /// Looks at it again after an update in place (upgraded arrival).
    VerifyAfterUpdate,
    /// Takes it back.
    Undo,
    /// Looks whether it is gone.
    VerifyUndone,
}

impl Phase {
    /// Every value with its word in records.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Apply, "apply"),
        (Self::Verify, "verify"),
        (Self::VerifyAfterReboot, "verify_after_reboot"),
        (Self::VerifyAfterUpdate, "verify_after_update"),
        (Self::Undo, "undo"),
        (Self::VerifyUndone, "verify_undone"),
    ];

    /// The word in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

/// What a scenario survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survives {
    /// The effect must outlive a reboot.
    pub reboot: bool,
    /// The effect must outlive an update in place.
    pub update: bool,
}

/// Why a feature can not be exercised by a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NeedsHuman {
    /// Needs the product's console.
    Console,
    /// Needs an app on the device.
    App,
    /// Needs a person at the device.
    Person,
    /// Needs a vendor cloud (Apple Business Manager, push portal).
    VendorCloud,
}

impl NeedsHuman {
    /// Every value with its word in data, records and reports.
    pub const WORDS: [(Self, &'static str); 4] = [
        (Self::Console, "needs_console"),
        (Self::App, "needs_app"),
        (Self::Person, "needs_person"),
        (Self::VendorCloud, "needs_vendor_cloud"),
    ];

    /// The word in data, records and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }
}

impl Scenario {
    /// Whether the scenario is about such a cell.
    #[must_use]
    pub fn applies_to(&self, cell: &Cell) -> bool {
        self.applies.iter().any(|when| when.holds(cell))
    }
}

/// How one feature is exercised.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Stable id.
    pub id: ScenarioId,
    /// The feature it speaks for.
    pub feature: FeatureId,
    /// Title for readers of the report.
    pub title: Text,
    /// Cells it is about; any one condition suffices.
    pub applies: Vec<Condition>,
    /// Runs last, on a device of its own, because the device does not survive it.
    pub destructive: bool,
    /// Whether it belongs to the `smoke` tier.
    pub smoke: bool,
    /// What the effect outlives.
    pub survives: Survives,
    /// The parts of the purpose.
    pub parts: Vec<Part>,
    /// Brings the feature about.
    pub apply: Vec<Step>,
    /// Looks at it.
    pub verify: Vec<Step>,
    /// Takes it back.
    pub undo: Vec<Step>,
    /// Looks whether it is gone.
    pub verify_undone: Vec<Step>,
}
