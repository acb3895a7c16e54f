//! Faults: what a device, a server or the network can do wrong, as data in one vocabulary.
//!
//! A [`Behavior`] says who does what to which message or effect. Virtual devices and the embedded server interpret it;
//! the catalogue of real stories and the seeded single faults are written in it. What no device of this harness
//! interprets yet is still data that is checked ([`Behavior::runs`]).

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use device_matrix::cell::Cell;
use device_matrix::known::Text;
use serde_json::Value;

use crate::scenario::Condition;

/// Stands for every command, declaration or message.
pub const ANY: &str = "*";

/// Who does something wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum By {
    /// The device: its operating system or agent.
    Device,
    /// The server under test.
    Server,
    /// The network, the push service or a vendor's cloud.
    Network,
}

impl By {
    /// Every value with its word in data.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Device, "device"),
        (Self::Server, "server"),
        (Self::Network, "network"),
    ];

    /// The word in data.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Server => "server",
            Self::Network => "network",
        }
    }
}

/// What the deed is about. Names may be [`ANY`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum About {
    /// A command by its `RequestType`; on Android a device command by its type.
    Command(String),
    /// A declaration by its `Type`.
    Declaration(String),
    /// A check-in by its `MessageType`.
    Checkin(String),
    /// Status reports of declarative management.
    StatusReport,
    /// A status item by its name.
    StatusItem(String),
    /// What is in force, by its JSON pointer into the effect tree.
    Effect(String),
    /// A restriction by its key: also what the device itself derives from it.
    Restriction(String),
    /// Notifications of the push service.
    Push,
    /// A node of a configuration service provider by its URI; `*` for the rest of it.
    Node(String),
    /// A message of Windows enrollment or synchronization: `Discover`, `RequestSecurityToken`, `SyncML`.
    Exchange(String),
    /// A field of the Android Management policy or report, dotted.
    Field(String),
    /// Rows of an inventory by its name, such as `enrollments`.
    Rows(String),
    /// A way of coming under management by its word, such as `work_profile_on_fully_managed`.
    Enrollment(String),
}

impl About {
    /// The keys of data, in the order of the variants.
    pub const KEYS: [&'static str; 13] = [
        "command",
        "declaration",
        "checkin",
        "status_report",
        "status_item",
        "effect",
        "restriction",
        "push",
        "node",
        "exchange",
        "field",
        "rows",
        "enrollment",
    ];

    /// The key of data.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Declaration(_) => "declaration",
            Self::Checkin(_) => "checkin",
            Self::StatusReport => "status_report",
            Self::StatusItem(_) => "status_item",
            Self::Effect(_) => "effect",
            Self::Restriction(_) => "restriction",
            Self::Push => "push",
            Self::Node(_) => "node",
            Self::Exchange(_) => "exchange",
            Self::Field(_) => "field",
            Self::Rows(_) => "rows",
            Self::Enrollment(_) => "enrollment",
        }
    }

    /// A command by its `RequestType`.
    #[must_use]
    pub fn command(name: impl Into<String>) -> Self {
        Self::Command(name.into())
    }

    /// A declaration by its `Type`.
    #[must_use]
    pub fn declaration(name: impl Into<String>) -> Self {
        Self::Declaration(name.into())
    }

    /// A check-in by its `MessageType`.
    #[must_use]
    pub fn checkin(name: impl Into<String>) -> Self {
        Self::Checkin(name.into())
    }

    /// What is in force at a pointer of the effect tree.
    #[must_use]
    pub fn effect(pointer: impl Into<String>) -> Self {
        Self::Effect(pointer.into())
    }

    /// The name, pointer or URI; empty where there is only one.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::StatusReport | Self::Push => "",
            Self::Command(name)
            | Self::Declaration(name)
            | Self::Checkin(name)
            | Self::StatusItem(name)
            | Self::Effect(name)
            | Self::Restriction(name)
            | Self::Node(name)
            | Self::Exchange(name)
            | Self::Field(name)
            | Self::Rows(name)
            | Self::Enrollment(name) => name,
        }
    }
}

/// After what something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LostAfter {
    /// A restart.
    Reboot,
    /// An update in place.
    Update,
    /// A reset by the user or by command.
    Reset,
}

impl LostAfter {
    /// Every value with its word in data.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::Reboot, "reboot"),
        (Self::Update, "update"),
        (Self::Reset, "reset"),
    ];

    /// The word in data.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reboot => "reboot",
            Self::Update => "update",
            Self::Reset => "reset",
        }
    }
}

/// How a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Apple: `Error`, with the chain.
    Error(Vec<ErrorLine>),
    /// Apple: `CommandFormatError`.
    CommandFormatError,
    /// Apple: `NotNow`.
    NotNow,
    /// Windows: a status of `SyncML`, such as 405; or an HTTP status.
    Code(u16),
    /// Android, or a code of Windows enrollment: by word, such as `80180006` or `INSTALL_FAILED_DEPRECATED_SDK_VERSION`.
    Word(String),
}

/// A line of an error chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ErrorLine {
    /// `ErrorDomain`.
    pub domain: String,
    /// `ErrorCode`.
    pub code: i64,
    /// `LocalizedDescription`.
    pub description: String,
}

/// What is done. Paths are JSON pointers into the message's JSON form.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// A key is left out.
    Drop(String),
    /// A key has another name.
    Rename {
        /// The key.
        at: String,
        /// Its name.
        to: String,
    },
    /// A key has another value; a server adds it when absent.
    Set {
        /// The key.
        at: String,
        /// The value.
        value: Value,
    },
    /// There is a key, or a row, more.
    Extra {
        /// Its name.
        key: String,
        /// Its value.
        value: Value,
    },
    /// A value has another type.
    WrongType(String),
    /// It is refused.
    Refuse(Refusal),
    /// It is answered with success and not done.
    AcknowledgeOnly,
    /// It is acknowledged, reads back and is not in force; a status item is not reported.
    Missing,
    /// Something else, or something weaker, is in force.
    Becomes(Value),
    /// It stays in force after it was taken back.
    Stays,
    /// It is lost after this, until it is set anew.
    LostAfter(LostAfter),
    /// It is never sent, delivered or taken in: a lost command, a lost push, a verdict that goes stale.
    Never,
    /// It comes late, by milliseconds.
    Delay(u32),
    /// It comes twice.
    Duplicate,
    /// Only the first bytes come.
    Truncate(u32),
    /// Something unreadable comes.
    Garbage,
    /// An HTTP status comes in its place, without a body.
    Http(u16),
    /// Only these values of a key are accepted; anything else is refused.
    AcceptOnly {
        /// The key.
        at: String,
        /// The exact values.
        values: Vec<Value>,
    },
    /// The row of a declaration's status says something else than what is in force.
    Row {
        /// `active`.
        active: bool,
        /// `valid`: `valid`, `invalid` or `unknown`.
        valid: String,
    },
}

impl Does {
    /// The keys of data.
    pub const KEYS: [&'static str; 19] = [
        "drop",
        "rename",
        "set",
        "extra",
        "wrong_type",
        "refuse",
        "acknowledge_only",
        "missing",
        "becomes",
        "stays",
        "lost_after",
        "never",
        "delay_ms",
        "duplicate",
        "truncate",
        "garbage",
        "http",
        "accept_only",
        "row",
    ];

    /// A key is left out.
    #[must_use]
    pub fn drop(at: impl Into<String>) -> Self {
        Self::Drop(at.into())
    }

    /// A key has another name.
    #[must_use]
    pub fn rename(at: impl Into<String>, to: impl Into<String>) -> Self {
        Self::Rename {
            at: at.into(),
            to: to.into(),
        }
    }

    /// A key has another value.
    #[must_use]
    pub fn set(at: impl Into<String>, value: Value) -> Self {
        Self::Set {
            at: at.into(),
            value,
        }
    }

    /// The key of data.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Drop(_) => "drop",
            Self::Rename { .. } => "rename",
            Self::Set { .. } => "set",
            Self::Extra { .. } => "extra",
            Self::WrongType(_) => "wrong_type",
            Self::Refuse(_) => "refuse",
            Self::AcknowledgeOnly => "acknowledge_only",
            Self::Missing => "missing",
            Self::Becomes(_) => "becomes",
            Self::Stays => "stays",
            Self::LostAfter(_) => "lost_after",
            Self::Never => "never",
            Self::Delay(_) => "delay_ms",
            Self::Duplicate => "duplicate",
            Self::Truncate(_) => "truncate",
            Self::Garbage => "garbage",
            Self::Http(_) => "http",
            Self::AcceptOnly { .. } => "accept_only",
            Self::Row { .. } => "row",
        }
    }

    fn place(&self) -> &str {
        match self {
            Self::Drop(at)
            | Self::Rename { at, .. }
            | Self::Set { at, .. }
            | Self::WrongType(at)
            | Self::AcceptOnly { at, .. } => at,
            Self::Extra { key, .. } => key,
            Self::LostAfter(after) => after.as_str(),
            _ => "",
        }
    }
}

/// One deviation: who does what to which thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// Who.
    pub by: By,
    /// To what.
    pub about: About,
    /// What.
    pub does: Does,
}

/// What the virtual Apple device and the embedded server interpret: who, about what, which deeds.
const INTERPRETED: [(By, &str, &[&str]); 14] = [
    (
        By::Device,
        "command",
        &[
            "drop",
            "rename",
            "set",
            "extra",
            "wrong_type",
            "refuse",
            "acknowledge_only",
            "never",
            "garbage",
        ],
    ),
    (
        By::Device,
        "effect",
        &["missing", "becomes", "stays", "lost_after"],
    ),
    (By::Device, "restriction", &["missing"]),
    (By::Device, "declaration", &["row"]),
    (By::Device, "status_item", &["missing"]),
    (
        By::Server,
        "command",
        &[
            "drop",
            "rename",
            "set",
            "never",
            "duplicate",
            "http",
            "truncate",
            "garbage",
        ],
    ),
    (
        By::Server,
        "declaration",
        &["drop", "rename", "set", "never", "http"],
    ),
    (
        By::Server,
        "checkin",
        &["drop", "rename", "set", "never", "http", "accept_only"],
    ),
    (
        By::Server,
        "status_report",
        &["drop", "rename", "set", "never"],
    ),
    (By::Server, "push", &["never"]),
    (By::Network, "push", &["never", "delay_ms"]),
    (By::Network, "command", &["never", "delay_ms"]),
    (By::Network, "checkin", &["never", "delay_ms"]),
    (By::Network, "declaration", &["never", "delay_ms"]),
];

impl Behavior {
    /// A deviation of a device.
    #[must_use]
    pub const fn device(about: About, does: Does) -> Self {
        Self {
            by: By::Device,
            about,
            does,
        }
    }

    /// A deviation of a server.
    #[must_use]
    pub const fn server(about: About, does: Does) -> Self {
        Self {
            by: By::Server,
            about,
            does,
        }
    }

    /// Whether a device or server of this harness does it. The others are data for devices to come.
    #[must_use]
    pub fn runs(&self) -> bool {
        let reset = matches!(self.does, Does::LostAfter(LostAfter::Reset));
        let foreign = matches!(self.does, Does::Refuse(Refusal::Code(_) | Refusal::Word(_)));
        !reset
            && !foreign
            && INTERPRETED.iter().any(|(by, about, deeds)| {
                *by == self.by && *about == self.about.key() && deeds.contains(&self.does.key())
            })
    }

    /// Stable name: `device:missing:effect:/restrictions/allowCamera`, `server:drop:command:InstallProfile/Command/X`.
    #[must_use]
    pub fn id(&self) -> String {
        let mut id = format!(
            "{}:{}:{}",
            self.by.as_str(),
            self.does.key(),
            self.about.key()
        );
        let name = self.about.name();
        if !name.is_empty() {
            // Writing to a string can not fail.
            let _ = write!(id, ":{name}");
        }
        let place = self.does.place();
        if !place.is_empty() {
            let slash = if place.starts_with('/') { "" } else { "/" };
            let _ = write!(id, "{slash}{place}");
        }
        id
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (who_ja, who) = match self.by {
            By::Device => ("端末", "the device"),
            By::Server => ("サーバ", "the server"),
            By::Network => ("ネットワーク", "the network"),
        };
        let what = match self.about.name() {
            "" => self.about.key(),
            name => name,
        };
        let place = self.does.place();
        let (ja, en) = match &self.does {
            Does::Drop(_) => ("キーを落とす", "leaves a key out of"),
            Does::Rename { .. } => ("キーの名前を変える", "renames a key of"),
            Does::Set { .. } => ("値を書き換える", "changes a value of"),
            Does::Extra { .. } => ("余分なものを付ける", "adds something to"),
            Does::WrongType(_) => ("値の型を変える", "changes the type of a value of"),
            Does::Refuse(_) => ("拒む", "refuses"),
            Does::AcknowledgeOnly => (
                "成功と答えて実行しない",
                "answers with success and does not carry out",
            ),
            Does::Missing => (
                "応答・読み戻しは正常だが効かせない",
                "acknowledges and reads back, but does not bring into force",
            ),
            Does::Becomes(_) => ("別の値で効かせる", "brings with another value into force"),
            Does::Stays => ("解除後も残す", "keeps in force what was taken back:"),
            Does::LostAfter(LostAfter::Reboot) => ("再起動で失う", "loses by a restart"),
            Does::LostAfter(LostAfter::Update) => ("OS 更新で失う", "loses by an update"),
            Does::LostAfter(LostAfter::Reset) => ("初期化で失う", "loses by a reset"),
            Does::Never => ("届けない・取り込まない", "never delivers or never takes in"),
            Does::Delay(_) => ("遅らせる", "delays"),
            Does::Duplicate => ("二度届ける", "delivers twice"),
            Does::Truncate(_) => ("途中で切る", "cuts off"),
            Does::Garbage => ("読めないものにする", "makes unreadable"),
            Does::Http(_) => ("HTTP エラーで終える", "ends in an HTTP error"),
            Does::AcceptOnly { .. } => ("決まった値しか受けない", "accepts only exact values in"),
            Does::Row { .. } => (
                "宣言の状態を誤って報告する",
                "reports a wrong status of the declaration",
            ),
        };
        let (in_ja, at) = if place.is_empty() {
            (String::new(), String::new())
        } else {
            (format!(" ({place})"), format!(" ({place})"))
        };
        Text {
            ja: format!("{who_ja}: {what}{in_ja} — {ja}"),
            en: format!("{who} {en} {what}{at}"),
        }
    }
}

/// Whether a name of data means this one.
#[must_use]
pub fn names(pattern: &str, name: &str) -> bool {
    pattern == ANY || pattern == name
}

/// How much a story is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Read in a source.
    High,
    /// A single or secondary source.
    Medium,
    /// Remembered, not confirmed.
    Unverified,
}

impl Confidence {
    /// Every value with its word in data.
    pub const WORDS: [(Self, &'static str); 3] = [
        (Self::High, "high"),
        (Self::Medium, "medium"),
        (Self::Unverified, "unverified"),
    ];
}

/// Words of parties, as the assessment spells them.
pub const PARTIES: [&str; 6] = [
    "product",
    "os",
    "external_service",
    "as_specified",
    "harness_data",
    "undetermined",
];

/// Words of outcomes, as the assessment spells them.
pub const OUTCOMES: [&str; 7] = [
    "works",
    "works_with_restrictions",
    "fails",
    "not_supported_by_os",
    "blocked",
    "flaky",
    "not_tested",
];

/// How a story comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Behaviors are planted.
    Injected,
    /// The vendor documents the change, so that the clean run itself must name it.
    DocumentedChange,
}

/// Where a fault is at work, beyond what cells of today know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Platforms, versions, enrollment types, supervision, hardware.
    pub cells: Condition,
    /// Models; empty is any.
    pub models: Vec<String>,
    /// Builds, such as `26100.712..`; empty is any. Compared when a device knows its build that finely.
    pub builds: Vec<String>,
    /// Editions of Windows; empty is any.
    pub editions: Vec<String>,
    /// Ways of management of Windows and Android; empty is any.
    pub modes: Vec<String>,
    /// Versions of the agent, such as `targetSdk 30..`; empty is any.
    pub agents: Vec<String>,
    /// States of the device in which it shows, such as `before_sign_in`; empty is any.
    pub states: Vec<String>,
}

impl Reach {
    /// Whether a device is of the kind, whatever release it runs.
    #[must_use]
    pub fn fits(&self, cell: &Cell) -> bool {
        let platform = cell.release.platform;
        let on = &self.cells.on;
        let kind = Condition {
            on: Vec::new(),
            ..self.cells.clone()
        };
        (on.is_empty() || on.iter().any(|range| range.platform == platform))
            && Self {
                cells: kind,
                ..self.clone()
            }
            .holds(cell)
    }

    /// Whether a cell is inside, as far as cells of Apple devices go.
    #[must_use]
    pub fn holds(&self, cell: &Cell) -> bool {
        self.cells.holds(cell)
            && (self.models.is_empty() || self.models.iter().any(|id| *id == cell.model.id.0))
    }
}

/// What the assessment must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// Feature that is named.
    pub feature: String,
    /// Outcome of its cases inside the scope; one of [`OUTCOMES`].
    pub outcome: &'static str,
    /// Party that is named; one of [`PARTIES`].
    pub party: &'static str,
    /// Cells of the fault's reach on which it must show; the others must be as in the clean run.
    pub on: Condition,
    /// Only devices that were enrolled on the release (`Some(false)`) or updated to it in place (`Some(true)`).
    pub upgraded: Option<bool>,
}

/// The smallest run that shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Target as for `verify`.
    pub target: String,
    /// Models; the smoke tier's when empty.
    pub models: Vec<String>,
    /// Enrollment types by their words; all when empty.
    pub enrollments: Vec<String>,
    /// Features that run beside and must stay as they were.
    pub beside: Vec<String>,
}

/// A fault of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Stable id.
    pub id: String,
    /// The story it comes from.
    pub story: String,
    /// Title for people.
    pub title: Text,
    /// What really happened, in own words.
    pub happened: String,
    /// Where that is written.
    pub source: String,
    /// How much it is believed.
    pub confidence: Confidence,
    /// Planted, or documented by the vendor.
    pub kind: Kind,
    /// Party that is at fault.
    pub party: &'static str,
    /// Where it is at work.
    pub reach: Reach,
    /// What then happens; empty for documented changes.
    pub behaviors: Vec<Behavior>,
    /// What must be said of it; empty for what does not run yet.
    pub detect: Vec<Detection>,
    /// What a device of the platform must let be seen, where there is none yet.
    pub expected: Option<String>,
    /// The run that shows it; `None` until a device for its platform exists.
    pub shown: Option<Shown>,
    /// Its file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub span: Range<usize>,
}

impl Fault {
    /// Whether it can be run now.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.shown.is_some()
    }

    /// Whether something is planted in the server or on the way to it.
    #[must_use]
    pub fn in_server(&self) -> bool {
        self.behaviors
            .iter()
            .any(|behavior| behavior.by != By::Device)
    }
}

/// A story that messages alone can not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotExpressible {
    /// The story.
    pub story: String,
    /// Title for people.
    pub title: Text,
    /// Why.
    pub because: String,
    /// Where the story is written.
    pub source: String,
}

/// A finding that a clean run is known to make.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approved {
    /// Target of the run.
    pub target: String,
    /// Feature.
    pub feature: String,
    /// Part in English; empty for findings about the whole.
    pub part: String,
    /// Party.
    pub party: String,
    /// Device groups, such as `ios26.0/iPhone/ade`.
    pub groups: Vec<String>,
    /// Who looked at it.
    pub by: String,
    /// Why it is right.
    pub why: String,
}

/// All faults of the data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    /// Faults by file and place.
    pub faults: Vec<Fault>,
    /// Stories that are not told.
    pub not_expressible: Vec<NotExpressible>,
    /// Findings that clean runs are known to make.
    pub approved: Vec<Approved>,
}

impl Catalogue {
    /// The fault with this id.
    #[must_use]
    pub fn fault(&self, id: &str) -> Option<&Fault> {
        self.faults.iter().find(|fault| fault.id == id)
    }
}
