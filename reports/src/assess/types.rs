//! What assessment says: outcomes, parties, findings. Domain types; published twins are in [`super::published`].

use std::collections::BTreeMap;

use device_matrix::known::Text;
use scenarios::event::{CellRecord, DeviceOrigin, SkipRecord};
use scenarios::scenario::Specified;

use crate::manual::Statement;
use crate::record::{LookRecord, RunHead};

/// Outcome of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Every part works.
    Works,
    /// A named part is lost.
    WorksWithRestrictions,
    /// The whole purpose is lost.
    Fails,
    /// Never available on this release, edition or model.
    NotSupportedByOs,
    /// The server or an external service did not play its part.
    Blocked,
    /// Attempts differ.
    Flaky,
    /// Not seen, with the reason.
    NotTested,
}

impl Outcome {
    /// Every value with its word in JSON and texts.
    pub const WORDS: [(Self, &'static str); 7] = [
        (Self::Works, "works"),
        (Self::WorksWithRestrictions, "works_with_restrictions"),
        (Self::Fails, "fails"),
        (Self::NotSupportedByOs, "not_supported_by_os"),
        (Self::Blocked, "blocked"),
        (Self::Flaky, "flaky"),
        (Self::NotTested, "not_tested"),
    ];

    /// The word in JSON and texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::WORDS, self)
    }

    /// Whether somebody has to look again before the feature can be called good or bad.
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Blocked | Self::Flaky | Self::NotTested)
    }
}

/// Who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The product, or the server in its place.
    Product,
    /// The operating system.
    Os,
    /// Push services, vendor clouds, the network.
    ExternalService,
    /// Nobody: it is specified so.
    AsSpecified,
    /// The harness's own data.
    HarnessData,
    /// Not yet known.
    Undetermined,
}

impl Party {
    /// Every value with its word in JSON and texts.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Product, "product"),
        (Self::Os, "os"),
        (Self::ExternalService, "external_service"),
        (Self::AsSpecified, "as_specified"),
        (Self::HarnessData, "harness_data"),
        (Self::Undetermined, "undetermined"),
    ];

    /// The word in JSON and texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

/// What the product says of a feature for a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Offered {
    /// Offered; only this enters the first answer and the exit code.
    Yes,
    /// Not offered.
    No,
    /// Nobody has confirmed it: 要確認.
    Unknown,
    /// The feature is not about such a device.
    OutOfScope,
}

impl Offered {
    /// The word in JSON and texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::OutOfScope => "out_of_scope",
        }
    }
}

/// What the looks of an attempt show of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Observed {
    /// No look failed and the effect was seen.
    Works,
    /// A look failed.
    Lost,
    /// Nothing failed, but the effect was not seen.
    Unseen,
}

/// Observation and expectation of a part together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartState {
    /// Works as it must.
    Works,
    /// Works although the expectation says that the OS took it away: the expectation is stale.
    WorksUnexpectedly,
    /// Lost, and specified so.
    LostAsSpecified,
    /// Lost although it must work.
    Lost,
    /// Never there on such a device.
    NotSupported,
    /// The effect was not seen.
    Unseen,
    /// Nobody has stated what must happen.
    NoExpectation,
}

impl PartState {
    /// The word in JSON and texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::WorksUnexpectedly => "works_unexpectedly",
            Self::LostAsSpecified => "lost_as_specified",
            Self::Lost => "lost",
            Self::NotSupported => "not_supported",
            Self::Unseen => "effect_unseen",
            Self::NoExpectation => "no_expectation",
        }
    }
}

/// The fault of a lost part and the row of the decision table that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Who.
    pub party: Party,
    /// Row of the decision table ([`super::party::ROWS`]).
    pub because: &'static str,
    /// What was found in the messages, for people.
    pub details: Vec<String>,
}

/// Since when a part is lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// It worked on this previous release.
    ThisRelease(String),
    /// It was lost on this previous release already.
    Earlier(String),
    /// There is nothing to compare with.
    Unknown,
}

/// One part of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct PartResult {
    /// Id within the scenario.
    pub id: String,
    /// Name for readers.
    pub name: Text,
    /// Without it the feature has no use.
    pub essential: bool,
    /// What was seen.
    pub observed: Observed,
    /// What was seen after an update in place of what had been in force before it; `None` where nothing was carried
    /// over the update.
    pub carried: Option<Observed>,
    /// What must happen, where stated.
    pub specified: Option<Specified>,
    /// Both together.
    pub state: PartState,
    /// Why, in the words of the expectation.
    pub reason: Option<Text>,
    /// What to use in its place.
    pub replacement: Option<Text>,
    /// Where the expectation is written.
    pub source: Option<String>,
    /// The first failing look.
    pub failed: Option<LookRecord>,
    /// Who is at fault; only for lost parts.
    pub fault: Option<Fault>,
    /// In how many of the judged attempts the part was lost.
    pub repeats: Repeats,
    /// Since when; only for lost parts.
    pub since: Since,
}

/// Lost in so many of so many attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// Attempts in which it was lost.
    pub lost: u32,
    /// Attempts that say something.
    pub of: u32,
}

/// The same case on the previous release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Case id.
    pub case: String,
    /// Release id.
    pub release: String,
    /// Outcome there.
    pub outcome: Outcome,
}

/// One assessed case.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseResult {
    /// `scenario@cell`.
    pub id: String,
    /// Scenario id.
    pub scenario: String,
    /// Feature id.
    pub feature: String,
    /// Cell id.
    pub cell: String,
    /// Position in [`Assessment::groups`].
    pub group: usize,
    /// What the product says for this device.
    pub offered: Offered,
    /// Outcome.
    pub outcome: Outcome,
    /// Stable word for what is not tested, blocked or not supported.
    pub reason: Option<String>,
    /// What a person can act on, when the record says it.
    pub sentence: Option<String>,
    /// Parts.
    pub parts: Vec<PartResult>,
    /// Attempts taken.
    pub attempts: u32,
    /// Digest of the last transcript.
    pub evidence: Option<String>,
    /// The same case on the previous release.
    pub previous: Option<Previous>,
    /// What people said of it.
    pub seen: Option<Seen>,
}

/// What people said of a case, beside what the run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Outcome by the run alone.
    pub run: Outcome,
    /// Statements, oldest first.
    pub statements: Vec<Statement>,
}

impl CaseResult {
    /// Whether a part of it was seen to be lost, even where other parts were not seen. Attempts that differ show nothing.
    #[must_use]
    pub fn loses_something(&self) -> bool {
        self.outcome != Outcome::Flaky
            // A person may say of a feature without parts that it fails or is restricted.
            && (self.parts.is_empty()
                && matches!(
                    self.outcome,
                    Outcome::Fails | Outcome::WorksWithRestrictions
                )
                || self
                    .parts
                    .iter()
                    .any(|part| matches!(part.state, PartState::Lost | PartState::LostAsSpecified)))
    }
}

/// A device group: a column of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Stable id: `ios18.0/iPhone/ade`.
    pub id: String,
    /// Release id.
    pub release: String,
    /// `iOS 18.0`.
    pub release_name: String,
    /// Device family.
    pub family: String,
    /// Enrollment type.
    pub enrollment: String,
    /// Supervised or not.
    pub supervised: bool,
    /// Its cells.
    pub cells: Vec<String>,
}

/// A mark of the matrix: ○ △ × － 無 ？ 保 揺 未, or nothing when out of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// ○
    Works,
    /// △
    Restricted,
    /// ×
    Fails,
    /// －
    NotSupported,
    /// 無
    NotOffered,
    /// ？
    Unconfirmed,
    /// 保
    Blocked,
    /// 揺
    Flaky,
    /// 未
    NotTested,
    /// Nothing: the feature is not about such a device.
    OutOfScope,
}

impl Mark {
    /// Every value with its word in JSON and texts, in the order of the legend.
    pub const WORDS: [(Self, &'static str); 10] = [
        (Self::Works, "works"),
        (Self::Restricted, "restricted"),
        (Self::Fails, "fails"),
        (Self::NotSupported, "not_supported"),
        (Self::NotOffered, "not_offered"),
        (Self::Unconfirmed, "unconfirmed"),
        (Self::Blocked, "blocked"),
        (Self::Flaky, "flaky"),
        (Self::NotTested, "not_tested"),
        (Self::OutOfScope, "out_of_scope"),
    ];

    /// The word in JSON and texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

/// Cases of a feature in a group, by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number by outcome.
    pub by_outcome: BTreeMap<Outcome, u64>,
}

impl Tally {
    /// Number of cases with the outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.by_outcome.get(&outcome).copied().unwrap_or(0)
    }

    /// All cases.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_outcome.values().sum()
    }

    /// Counts one more.
    pub fn add(&mut self, outcome: Outcome) {
        *self.by_outcome.entry(outcome).or_default() += 1;
    }
}

/// A feature in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMark {
    /// What the product says.
    pub offered: Offered,
    /// The mark of the observation, as if the feature were offered.
    pub observed: Mark,
    /// The mark shown: [`Self::observed`] for offered features, else 無, ？ or nothing.
    pub mark: Mark,
    /// Cases by outcome.
    pub tally: Tally,
    /// Positions in [`Assessment::findings`].
    pub findings: Vec<usize>,
    /// Reason words of what is undecided or not supported.
    pub reasons: Vec<String>,
    /// Something works or is lost that was otherwise on the previous release.
    pub changed: bool,
}

/// A feature over all groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureRow {
    /// Feature id.
    pub id: String,
    /// Name customers know.
    pub name: Text,
    /// Category slug.
    pub category: String,
    /// A function, or a row of a settings form.
    pub is_function: bool,
    /// One per group, in the order of [`Assessment::groups`].
    pub groups: Vec<GroupMark>,
    /// Over the groups for which it is offered.
    pub overall: Mark,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// An essential part, or every part, is lost.
    Failure,
    /// A part is lost.
    Restriction,
    /// Attempts differ.
    Flaky,
    /// The server or an external service did not play its part.
    Blocked,
    /// An expectation does not fit what was seen.
    StaleExpectation,
    /// A person saw something else than the run shows.
    Contradiction,
}

impl FindingKind {
    /// Every value with its word in JSON and texts.
    pub const WORDS: [(Self, &'static str); 6] = [
        (Self::Failure, "failure"),
        (Self::Restriction, "restriction"),
        (Self::Flaky, "flaky"),
        (Self::Blocked, "blocked"),
        (Self::StaleExpectation, "stale_expectation"),
        (Self::Contradiction, "contradiction"),
    ];

    /// The word in JSON and texts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

/// One finding; cells that show the same are one finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stable id within the assessment: `F001`.
    pub id: String,
    /// What it is about.
    pub kind: FindingKind,
    /// Feature id; empty for findings about the run.
    pub feature: String,
    /// Feature name.
    pub feature_name: Option<Text>,
    /// What the product says of the feature: the strongest over the cells.
    pub offered: Offered,
    /// Scenario id.
    pub scenario: String,
    /// Part id.
    pub part_id: Option<String>,
    /// Part name.
    pub part: Option<Text>,
    /// Who is at fault.
    pub fault: Fault,
    /// How often it was seen in the first cell.
    pub repeats: Repeats,
    /// The known issue that it is, or would be if the issue had not expired or were wider.
    pub known: Option<KnownMatch>,
    /// Since when.
    pub since: Since,
    /// Why, in the words of the expectation or of the record.
    pub reason: Option<Text>,
    /// What to use in its place.
    pub replacement: Option<Text>,
    /// Where the expectation is written.
    pub source: Option<String>,
    /// The first failing look.
    pub failed: Option<LookRecord>,
    /// Attempts that showed it in the first cell.
    pub attempts: u32,
    /// Cells and digests of transcripts.
    pub cells: Vec<(String, Option<String>)>,
    /// Positions in [`Assessment::groups`].
    pub groups: Vec<usize>,
}

/// An upgraded device behaves differently from a fresh one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalDifference {
    /// Feature id.
    pub feature: String,
    /// Feature name.
    pub feature_name: Text,
    /// Part name.
    pub part: Text,
    /// Fresh.
    pub fresh: PartState,
    /// Upgraded.
    pub upgraded: PartState,
    /// Upgraded cells and their evidence.
    pub cells: Vec<(String, Option<String>)>,
}

/// A finding and a known issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMatch {
    /// The issue.
    pub issue: crate::known_issues::KnownIssue,
    /// Whether the issue covers the finding.
    pub state: KnownState,
    /// Cells of the finding outside of the issue's scope.
    pub outside: u64,
}

/// Whether a known issue covers a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KnownState {
    /// It does.
    Known,
    /// It did until it expired: the finding counts as new again.
    Expired,
    /// The finding shows in more cells than the issue names.
    Wider,
}

impl KnownState {
    /// The word in JSON and texts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Expired => "expired",
            Self::Wider => "wider",
        }
    }
}

/// What people have decided about a change of behavior.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BehaviorDecision {
    /// `pending`, `approved`, `unsigned` (accepted without a name) or `rejected`.
    pub state: &'static str,
    /// Who, why and when (ISO 8601), where a person has decided.
    pub by: Option<(String, String, String)>,
}

/// Cases compared with baselines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaselineTally {
    /// As approved.
    pub approved: u64,
    /// Otherwise than approved.
    pub different: u64,
    /// Nothing is approved for them yet.
    pub new: u64,
}

/// A change of behavior against the previous release; equal changes are one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehaviorRow {
    /// What it is compared with: `previous_release`, `baseline` or `other_run`.
    pub against: &'static str,
    /// The decision; only against baselines.
    pub decision: Option<BehaviorDecision>,
    /// `to_server`, `to_device` or `to_operator_api`.
    pub direction: &'static str,
    /// Message.
    pub what: String,
    /// Phase word.
    pub phase: String,
    /// JSON pointer of the value; empty for the message as a whole.
    pub path: String,
    /// `added`, `removed`, `changed`, `message_added`, `message_removed`, `http_status`.
    pub change: &'static str,
    /// Before, as JSON text, cut.
    pub before: Option<String>,
    /// After, as JSON text, cut.
    pub after: Option<String>,
    /// Feature ids of the cases in which it shows.
    pub features: Vec<String>,
    /// Number of cases in which it shows.
    pub cases: u64,
    /// Release ids: previous and current.
    pub releases: (String, String),
    /// Transcripts of one such case: previous and current.
    pub evidence: (Option<String>, Option<String>),
}

/// Results of a probed capability over all cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeRow {
    /// Capability id: `file#dotted.path`.
    pub capability: String,
    /// Number of cells by result word.
    pub results: BTreeMap<String, u64>,
    /// First detail told.
    pub detail: Option<String>,
}

/// What the run as a whole says: the data behind the exit code, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything offered that could be checked works.
    Yes,
    /// A case that this configuration can run came out blocked or flaky, or was not reached.
    Undecided,
    /// Restrictions or failures of offered features.
    Restrictions,
    /// Nothing could run because the server did not play its part.
    ServerUnavailable,
    /// The harness failed.
    Bug,
}

impl Verdict {
    /// The word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Undecided => "undecided",
            Self::Restrictions => "restrictions",
            Self::ServerUnavailable => "server_unavailable",
            Self::Bug => "bug",
        }
    }
}

/// An assessed cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellResult {
    /// As recorded.
    pub cell: CellRecord,
    /// Marketing name of the model, when the data know it.
    pub model_name: Option<String>,
    /// Digest of the enrollment's transcript.
    pub enrollment_evidence: Option<String>,
    /// Why it could not be enrolled: word and sentence.
    pub blocked: Option<(String, String)>,
    /// Scenario cases by outcome.
    pub tally: Tally,
    /// Probe cases taken.
    pub probes: u64,
    /// Cases that have a transcript.
    pub with_evidence: u64,
}

/// Everything that follows from a run record.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// First line of the record.
    pub head: RunHead,
    /// Origin of the devices' answers.
    pub device_origin: DeviceOrigin,
    /// The record ends as a complete one does.
    pub complete: bool,
    /// Times the run was continued.
    pub resumed: u32,
    /// Messages exchanged.
    pub messages: Option<u64>,
    /// Digests of all evidence.
    pub evidence: Vec<String>,
    /// Cells, by id.
    pub cells: Vec<CellResult>,
    /// Columns of the matrix.
    pub groups: Vec<Group>,
    /// Cases under verification, by id.
    pub cases: Vec<CaseResult>,
    /// Rows of the matrix.
    pub features: Vec<FeatureRow>,
    /// Findings, the gravest first.
    pub findings: Vec<Finding>,
    /// Differences of upgraded devices to fresh ones.
    pub arrivals: Vec<ArrivalDifference>,
    /// Parts compared between fresh and upgraded devices.
    pub arrival_pairs: u64,
    /// Changes of behavior.
    pub behavior: Vec<BehaviorRow>,
    /// Cases compared message by message.
    pub behavior_pairs: u64,
    /// Cases compared with baselines.
    pub baselines: BaselineTally,
    /// Comparison with another run, when one was given.
    pub against: Option<Against>,
    /// Ids of known issues that are about cells and scenarios of this run and match no finding.
    pub unmatched_issues: Vec<String>,
    /// Probed capabilities, by id.
    pub probes: Vec<ProbeRow>,
    /// What did not run.
    pub skips: Vec<SkipRecord>,
    /// Revision of the vendor facts.
    pub facts_revision: String,
    /// Date up to which the vendor facts reach (ISO 8601).
    pub facts_reach: String,
    /// The run as a whole.
    pub verdict: Verdict,
}

/// The comparison with another run: two builds of the OS, or two builds of the server under test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Against {
    /// Id of the other run.
    pub run_id: String,
    /// Server of the other run: name and build.
    pub server: String,
    /// Server of this run.
    pub server_now: String,
    /// The server is the same, as far as it says.
    pub same_server: bool,
    /// Release and build of the device are the same in every compared case.
    pub same_os: bool,
    /// Whom a difference points at: the side that alone differs; undetermined when both or neither do.
    pub party: Party,
    /// Cases that both runs have.
    pub compared: u64,
    /// Cases whose outcome is another one: case, before, now.
    pub changed: Vec<(String, Outcome, Outcome)>,
}

pub(crate) fn word<T: Copy + PartialEq>(words: &[(T, &'static str)], value: T) -> &'static str {
    words
        .iter()
        .find(|(known, _)| *known == value)
        .map_or("", |(_, word)| word)
}
