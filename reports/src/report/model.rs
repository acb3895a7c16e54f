//! The report as published: the shape of `report.json`, and all that templates see. Words, figures and texts only.

use device_matrix::known::Text;
use schemars::JsonSchema;
use serde::Serialize;

/// Version of the format. A change of meaning raises the first number.
pub const SCHEMA_VERSION: &str = "1.0";

/// A verification report.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct ReportModel {
    /// [`SCHEMA_VERSION`].
    pub schema_version: &'static str,
    /// Languages of the document, the first one first.
    pub languages: Vec<&'static str>,
    /// Head.
    pub head: Head,
    /// Bands across the page: `planted_fault`, `beta`, `virtual_only`, `product_not_exercised`, `interrupted`, `stale_signoff`.
    pub bands: Vec<&'static str>,
    /// The four answers.
    pub answers: Answers,
    /// Columns of the matrix.
    pub groups: Vec<GroupView>,
    /// Spans of columns of one release: name and number of columns.
    pub group_heads: Vec<GroupHead>,
    /// Features that the product offers, by category.
    pub categories: Vec<CategoryView>,
    /// Features whose offer nobody has confirmed.
    pub unconfirmed: Vec<FeatureView>,
    /// Features that the product does not offer here.
    pub not_offered: Vec<NamedFeature>,
    /// Numbered notes: each restriction once.
    pub restrictions: Vec<FindingView>,
    /// Items that the releases introduce.
    pub new_items: Vec<ItemRow>,
    /// Items that the releases deprecate or remove.
    pub changed_items: Vec<ItemRow>,
    /// Material for the recommendation.
    pub material: Material,
    /// Priorities in the order of the guideline 2.1.1.2.
    pub priorities: Vec<Priority>,
    /// Changes of behavior.
    pub behavior: Vec<BehaviorView>,
    /// Cases compared message by message.
    pub behavior_pairs: u64,
    /// Cases compared with baselines.
    pub baselines: BaselineView,
    /// Comparison with another run.
    pub against: Option<AgainstView>,
    /// Known issues of this run's cells and scenarios that match nothing.
    pub unmatched_issues: Vec<String>,
    /// Differences of upgraded devices to fresh ones.
    pub arrivals: Vec<ArrivalView>,
    /// Parts compared between fresh and upgraded devices.
    pub arrival_pairs: u64,
    /// Every finding.
    pub findings: Vec<FindingView>,
    /// What is not tested, by reason.
    pub not_tested: Vec<NotTested>,
    /// Coverage.
    pub coverage: Coverage,
    /// Limits given by the caller, beside the ones that every report names.
    #[schemars(with = "Vec<TextSchema>")]
    pub limits: Vec<Text>,
    /// Appendix.
    pub appendix: Appendix,
}

/// Head of the report.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Head {
    /// Vendor.
    #[schemars(with = "TextSchema")]
    pub vendor: Text,
    /// Product.
    #[schemars(with = "TextSchema")]
    pub product: Text,
    /// Version of the product's server; `None` is not known.
    pub product_build: Option<String>,
    /// Rules that the report follows.
    #[schemars(with = "TextSchema")]
    pub guideline: Text,
    /// Selector.
    pub target: String,
    /// Server: name of the adapter, what it calls itself, origin word.
    pub server: ServerHead,
    /// Releases.
    pub releases: Vec<ReleaseHead>,
    /// `draft`, `provisional`, `final`, `corrected`.
    pub state: &'static str,
    /// Reasons why it is not final: `planted_fault`, `interrupted`, `beta`, `virtual_only`, `product_not_exercised`, `undecided`.
    pub reasons: Vec<&'static str>,
    /// Revision, from 1.
    pub revision: u32,
    /// Date as of which the report is written (ISO 8601).
    pub as_of: String,
    /// Date up to which the vendor facts reach.
    pub facts_reach: String,
    /// Origin of the devices' answers.
    pub device_origin: &'static str,
    /// Cells and cases by origin of the device.
    pub origins: Vec<OriginCount>,
    /// Whether the product itself took part.
    pub product_exercised: bool,
    /// Sign-offs of this content.
    pub signed: Option<SignedView>,
    /// All sign-offs.
    pub history: Vec<SignedView>,
    /// Where customers turn to.
    pub contact: ContactView,
    /// Required cases of offered features that are undecided.
    pub undecided: u64,
    /// SHA-256 of the assessment.
    pub digest: String,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ServerHead {
    /// Adapter.
    pub name: String,
    /// What it calls itself.
    pub build: Option<String>,
    /// `reference`, `third_party`, `product`.
    pub origin: &'static str,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ReleaseHead {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// `beta`, `rc`, `released`.
    pub channel: String,
    /// Number of the beta or release candidate.
    pub stage: Option<u16>,
    /// Builds; empty is not known.
    pub builds: Vec<String>,
    /// Obtained on; `None` is not known.
    pub obtained: Option<String>,
    /// `register`, `default_jst_release_day`, `unknown`.
    pub obtained_source: &'static str,
    /// When the report is due.
    pub due: Option<DueJson>,
}

/// When the report is due.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct DueJson {
    /// Day 0.
    pub acquired: String,
    /// Due day.
    pub due: String,
    /// Counted days.
    pub counted: Vec<String>,
    /// Days not counted.
    pub skipped: Vec<SkippedDay>,
    /// `due`, `due_soon`, `late`, `done`.
    pub state: String,
    /// The calendar is not official for all of these days.
    pub provisional: bool,
}

/// A day that was not counted.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SkippedDay {
    /// Date.
    pub date: String,
    /// Why.
    #[schemars(with = "TextSchema")]
    pub why: Text,
}

/// Cells and cases of one origin.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct OriginCount {
    /// `virtual`, `device`, `manual`.
    pub origin: &'static str,
    /// Cells under verification.
    pub cells: u64,
    /// Cases with evidence.
    pub cases: u64,
}

/// A sign-off.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SignedView {
    /// Who.
    pub by: String,
    /// When.
    pub on: String,
    /// State word.
    pub state: &'static str,
    /// Revision.
    pub revision: u32,
}

/// Where customers turn to.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ContactView {
    /// Name.
    #[schemars(with = "TextSchema")]
    pub name: Text,
    /// Address.
    pub url: String,
    /// Hours.
    #[schemars(with = "TextSchema")]
    pub hours: Text,
}

/// The four answers of guideline 2.1.1.1.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Answers {
    /// (1) existing features.
    pub existing: ExistingAnswer,
    /// (2) new features.
    pub new_items: NewAnswer,
    /// (3) scope of restrictions.
    pub restrictions: RestrictionAnswer,
    /// (4) recommendation.
    pub recommendation: Recommendation,
}

/// (1)
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ExistingAnswer {
    /// The mark for the product: never `works` when the product took no part.
    pub mark: &'static str,
    /// The mark of what was seen.
    pub seen: &'static str,
    /// Features without restriction.
    pub works: u64,
    /// Features with restrictions.
    pub restricted: u64,
    /// Features that do not work.
    pub fails: u64,
    /// Features that are undecided.
    pub undecided: u64,
    /// Features in the denominator.
    pub total: u64,
    /// Features whose offer is not confirmed; they are not counted.
    pub unconfirmed: u64,
}

/// (2)
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct NewAnswer {
    /// Mark.
    pub mark: &'static str,
    /// Items that the releases introduce.
    pub items: u64,
    /// Of them offered.
    pub offered: u64,
    /// Of the offered ones usable.
    pub usable: u64,
    /// Not confirmed.
    pub unconfirmed: u64,
    /// Not offered.
    pub not_offered: u64,
}

/// (3)
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RestrictionAnswer {
    /// Mark: `works` when there is none and nothing is undecided.
    pub mark: &'static str,
    /// Restrictions and failures.
    pub count: u64,
    /// Of them new with this release.
    pub new: u64,
    /// Features concerned.
    pub features: u64,
    /// Device groups concerned.
    pub groups: u64,
    /// Device groups in all.
    pub groups_total: u64,
}

/// (4)
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Recommendation {
    /// `recommended`, `conditional`, `wait`, `insufficient`.
    pub word: &'static str,
    /// Why.
    pub reasons: Vec<RecommendationReason>,
}

/// A reason for the recommendation.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RecommendationReason {
    /// Word.
    pub word: &'static str,
    /// A figure.
    pub count: u64,
    /// Findings that show it.
    pub findings: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct GroupView {
    /// Id.
    pub id: String,
    /// `iOS 18.0`.
    pub release: String,
    /// Family.
    pub family: String,
    /// Enrollment word.
    pub enrollment: String,
    /// Supervised.
    pub supervised: bool,
    /// Number of cells.
    pub cells: u64,
}

/// Columns of one release.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct GroupHead {
    /// `iOS 18.0`.
    pub release: String,
    /// Columns.
    pub columns: u64,
}

/// A category of features.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct CategoryView {
    /// Slug.
    pub id: String,
    /// Features.
    pub features: Vec<FeatureView>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FeatureView {
    /// Id.
    pub id: String,
    /// Name.
    #[schemars(with = "TextSchema")]
    pub name: Text,
    /// Over all groups.
    pub overall: &'static str,
    /// Something changed since the previous release.
    pub changed: bool,
    /// One per group.
    pub marks: Vec<MarkView>,
}

/// A mark in the matrix.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct MarkView {
    /// Mark word.
    pub mark: &'static str,
    /// Mark of the observation.
    pub observed: &'static str,
    /// Numbers of notes.
    pub notes: Vec<u64>,
    /// Reasons of what is undecided.
    pub reasons: Vec<String>,
    /// Something changed since the previous release.
    pub changed: bool,
    /// Cases.
    pub cases: u64,
}

/// A feature by name.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct NamedFeature {
    /// Id.
    pub id: String,
    /// Name.
    #[schemars(with = "TextSchema")]
    pub name: Text,
}

/// A finding as published.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct FindingView {
    /// Number of its note; 0 when it has none.
    pub number: u64,
    /// `F001`.
    pub id: String,
    /// Kind word.
    pub kind: &'static str,
    /// Feature.
    pub feature: Option<NamedFeature>,
    /// Offer word.
    pub offered: &'static str,
    /// Scenario.
    pub scenario: String,
    /// Part.
    #[schemars(with = "Option<TextSchema>")]
    pub part: Option<Text>,
    /// Party word.
    pub party: &'static str,
    /// Row of the decision table.
    pub because: &'static str,
    /// What was found in the messages.
    pub details: Vec<String>,
    /// `this_release`, `earlier`, `unknown`.
    pub since: &'static str,
    /// The release compared with.
    pub since_release: Option<String>,
    /// Why.
    #[schemars(with = "Option<TextSchema>")]
    pub reason: Option<Text>,
    /// What to use in its place.
    #[schemars(with = "Option<TextSchema>")]
    pub replacement: Option<Text>,
    /// Where the expectation is written.
    pub source: Option<String>,
    /// The failing look.
    pub look: Option<LookView>,
    /// Attempts.
    pub attempts: u32,
    /// How often it was seen, when it was repeated.
    pub repeats: Option<RepeatView>,
    /// The known issue that it is.
    pub known: Option<KnownView>,
    /// The three conditions of guideline 2.3.1.
    pub conditions: Option<Conditions>,
    /// Suspected defect of the OS (guideline 2.3.2).
    pub os_defect: bool,
    /// Scope.
    pub scope: Scope,
    /// First pieces of evidence.
    pub evidence: Vec<EvidenceLink>,
    /// Cells in which it shows.
    pub cells: u64,
}

/// A failing look.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct LookView {
    /// Phase word.
    pub phase: String,
    /// Kind word.
    pub kind: &'static str,
    /// JSON pointer.
    pub pointer: String,
    /// Matcher as JSON text.
    pub expected: String,
    /// Value seen as JSON text.
    pub seen: String,
}

/// The three conditions of guideline 2.3.1, each `yes`, `no` or `unknown`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Conditions {
    /// Differs from the specification, or is unexpected.
    pub differs: &'static str,
    /// The same behavior is reproduced.
    pub reproduced: &'static str,
    /// The cause is in the product.
    pub caused_by_product: &'static str,
    /// All three hold: a defect of the product.
    pub defect: bool,
}

/// Where a finding shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Scope {
    /// Release names.
    pub releases: Vec<String>,
    /// Builds.
    pub builds: Vec<String>,
    /// Models: name and id.
    pub models: Vec<String>,
    /// Enrollment words.
    pub enrollments: Vec<String>,
    /// Arrival words.
    pub arrivals: Vec<String>,
    /// Every device group is concerned.
    pub everywhere: bool,
}

/// A link to a transcript.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct EvidenceLink {
    /// Cell id.
    pub cell: String,
    /// Digest.
    pub sha256: String,
    /// First digits.
    pub short: String,
    /// Address relative to the report.
    pub href: String,
}

/// An item of the releases.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ItemRow {
    /// Kind word.
    pub kind: String,
    /// Id.
    pub id: String,
    /// Path.
    pub path: Option<String>,
    /// `new`, `deprecated`, `removed`.
    pub change: &'static str,
    /// `yes`, `no`, `unknown`.
    pub offered: &'static str,
    /// Mark word of its use by the product.
    pub mark: &'static str,
    /// Features that use it.
    pub features: Vec<NamedFeature>,
    /// Probe results by word and number of cells; a self-consistency check.
    pub probes: Vec<Count>,
    /// What to use in its place.
    #[schemars(with = "Option<TextSchema>")]
    pub replacement: Option<Text>,
}

/// Material for the recommendation. `None` is not known.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Material {
    /// What gets better: new items that are usable.
    pub better: Vec<String>,
    /// What gets worse: findings new with this release.
    pub worse: Vec<FindingRef>,
    /// Security.
    pub security: Option<SourcedView>,
    /// Known issues.
    pub known_issues: Option<Vec<KnownIssueView>>,
    /// Devices that can not update.
    pub cannot_update: Option<Vec<String>>,
    /// Way back.
    pub way_back: Option<SourcedView>,
    /// Open questions: words with figures.
    pub open: Vec<OpenQuestion>,
}

/// A finding by id.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct FindingRef {
    /// `F001`.
    pub id: String,
    /// Feature.
    #[schemars(with = "Option<TextSchema>")]
    pub feature: Option<Text>,
    /// Part.
    #[schemars(with = "Option<TextSchema>")]
    pub part: Option<Text>,
}

/// A statement with its source.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SourcedView {
    /// What is stated.
    #[schemars(with = "TextSchema")]
    pub text: Text,
    /// Where it is written.
    pub source: String,
}

/// A known issue.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct KnownIssueView {
    /// The vendor's number.
    pub number: String,
    /// What it is.
    #[schemars(with = "TextSchema")]
    pub text: Text,
    /// Where it is written.
    pub source: String,
}

/// An open question.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct OpenQuestion {
    /// Word.
    pub word: &'static str,
    /// Figure.
    pub count: u64,
}

/// A priority of guideline 2.1.1.2.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Priority {
    /// 1 to 4.
    pub level: u8,
    /// What there is to do.
    pub tasks: Vec<Task>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Task {
    /// Feature.
    pub feature: Option<NamedFeature>,
    /// Item id for new items.
    pub item: Option<String>,
    /// What: `restore`, `lift_restriction`, `move_to_replacement`, `decide`, `confirm_offer`, `try`.
    pub action: &'static str,
    /// Findings.
    pub findings: Vec<String>,
}

/// A change of behavior.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct BehaviorView {
    /// What it is compared with: `previous_release`, `baseline`, `other_run`.
    pub against: &'static str,
    /// The decision; only against baselines.
    pub decision: Option<DecisionView>,
    /// Direction word.
    pub direction: &'static str,
    /// Message.
    pub what: String,
    /// Phase word.
    pub phase: String,
    /// JSON pointer.
    pub path: String,
    /// Change word.
    pub change: &'static str,
    /// Before.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
    /// Features.
    pub features: Vec<NamedFeature>,
    /// Cases.
    pub cases: u64,
    /// Releases: previous, current.
    pub releases: Vec<String>,
    /// Transcripts: previous, current.
    pub evidence: Vec<EvidenceLink>,
}

/// What people have decided about a change of behavior.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct DecisionView {
    /// `pending`, `approved`, `unsigned`, `rejected`.
    pub state: &'static str,
    /// Who.
    pub who: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// Day.
    pub date: Option<String>,
}

/// Cases compared with approved baselines.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct BaselineView {
    /// As approved.
    pub approved: u64,
    /// Otherwise than approved.
    pub different: u64,
    /// Nothing is approved yet.
    pub new: u64,
}

/// The comparison with another run.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct AgainstView {
    /// Id of the other run.
    pub run_id: String,
    /// Its server.
    pub server: String,
    /// Server of this run.
    pub server_now: String,
    /// The server is the same, as far as it says.
    pub same_server: bool,
    /// Release and build of the devices are the same.
    pub same_os: bool,
    /// Whom a difference points at.
    pub party: &'static str,
    /// Cases compared.
    pub compared: u64,
    /// Cases with another outcome.
    pub changed: Vec<AgainstCase>,
}

/// A case with another outcome than in the other run.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct AgainstCase {
    /// Case id.
    pub case: String,
    /// Outcome in the other run.
    pub before: &'static str,
    /// Outcome in this run.
    pub now: &'static str,
}

/// A known issue that a finding is.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct KnownView {
    /// Id.
    pub id: String,
    /// `known`, `expired`, `wider`.
    pub state: &'static str,
    /// Number of the vendor's feedback.
    pub feedback: Option<String>,
    /// Who looks after it.
    pub owner: String,
    /// The last day on which it explains the finding.
    pub expires: String,
    /// What to do in the meantime.
    #[schemars(with = "Option<TextSchema>")]
    pub workaround: Option<Text>,
    /// Remark.
    pub note: Option<String>,
    /// Cells outside of the issue's scope.
    pub outside: u64,
}

/// How often a finding was seen in its first cell.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct RepeatView {
    /// Attempts in which it was lost.
    pub lost: u32,
    /// Attempts.
    pub of: u32,
    /// Lower end of the 95 % interval of the share, in percent.
    pub low: u32,
    /// Upper end, in percent.
    pub high: u32,
}

/// A difference of upgraded devices to fresh ones.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ArrivalView {
    /// Feature.
    pub feature: NamedFeature,
    /// Part.
    #[schemars(with = "TextSchema")]
    pub part: Text,
    /// State on fresh devices.
    pub fresh: &'static str,
    /// State on upgraded devices.
    pub upgraded: &'static str,
    /// Cells.
    pub cells: u64,
    /// Evidence.
    pub evidence: Vec<EvidenceLink>,
}

/// What is not tested for one reason.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct NotTested {
    /// Reason word.
    pub reason: String,
    /// What a person can act on, when the record says it.
    #[schemars(with = "Option<TextSchema>")]
    pub sentence: Option<Text>,
    /// Offered features concerned.
    pub features: Vec<NamedFeature>,
    /// Features concerned whose offer is not confirmed.
    pub unconfirmed: u64,
    /// Cases.
    pub cases: u64,
}

/// Coverage.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Coverage {
    /// Cells under verification.
    pub cells: u64,
    /// Cells for comparison.
    pub comparison_cells: u64,
    /// Cells under verification that have evidence.
    pub cells_with_evidence: u64,
    /// Cases by outcome word.
    pub outcomes: Vec<Count>,
    /// Cases.
    pub cases: u64,
    /// Cases planned, probes and comparison included.
    pub planned: u64,
    /// Messages.
    pub messages: Option<u64>,
    /// Offered features with at least one decided case.
    pub features_decided: u64,
    /// Offered features.
    pub features: u64,
    /// Skips by reason word.
    pub skips: Vec<SkipCount>,
    /// Probed capabilities by result word: capabilities, not cells.
    pub probes: Vec<Count>,
    /// Probed capabilities.
    pub probed: u64,
}

/// Skips of one reason.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct SkipCount {
    /// Word.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// What the first one says.
    #[schemars(with = "TextSchema")]
    pub text: Text,
}

/// Appendix.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Appendix {
    /// Run id.
    pub run_id: String,
    /// Tier.
    pub tier: String,
    /// Filters.
    pub filters: Vec<Pair>,
    /// Seed.
    pub seed: u64,
    /// Devices are woken by push.
    pub push: bool,
    /// What the server's adapter declares.
    pub server_capabilities: Vec<String>,
    /// Times the run was continued.
    pub resumed: u32,
    /// Revisions of data.
    pub data: Vec<Pair>,
    /// Revision of the facts.
    pub facts_revision: String,
    /// Pieces of evidence.
    pub evidence: u64,
    /// SHA-256 over the sorted digests of all evidence.
    pub evidence_digest: String,
    /// Cells.
    pub cells: Vec<CellRow>,
    /// Probed capabilities that were not simply carried; a self-consistency check.
    pub probes: Vec<ProbeView>,
}

/// A cell in the appendix.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct CellRow {
    /// Id.
    pub id: String,
    /// `subject` or `comparison`.
    pub role: String,
    /// Model name.
    pub model: String,
    /// Build.
    pub build: Option<String>,
    /// Cases by outcome word.
    pub outcomes: Vec<Count>,
    /// Probe cases.
    pub probes: u64,
    /// Cases with a transcript.
    pub with_evidence: u64,
    /// Enrollment.
    pub enrollment: Option<EvidenceLink>,
    /// Why it is blocked.
    pub blocked: Option<String>,
}

/// A probed capability.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct ProbeView {
    /// Capability id.
    pub capability: String,
    /// Cells by result word.
    pub results: Vec<Count>,
    /// First detail.
    pub detail: Option<String>,
}

/// A word and how often it holds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Count {
    /// Word.
    pub word: String,
    /// How often.
    pub count: u64,
}

/// A name and its value.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
pub struct Pair {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// The shape of a text in two languages, for the schema.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Text")]
#[expect(dead_code, reason = "only its shape is used")]
pub(crate) struct TextSchema {
    /// Japanese.
    ja: String,
    /// English.
    en: String,
}
