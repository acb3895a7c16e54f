//! Every verb and option, in one place.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::lang::Lang;

/// Verifies what MDM features still work on a new OS version, and publishes it.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    about,
    max_term_width = 110,
    after_help = crate::exit::help(),
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Language of the terminal [default: from the environment]
    #[arg(long, global = true, value_enum)]
    pub(crate) lang: Option<Lang>,
    /// What to do
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the product's features on a release and write the verification report
    #[command(after_help = VERIFY_HELP)]
    Verify(Box<VerifyArgs>),
    /// Show the cells of a target, and why each other combination is left out
    Matrix(MatrixArgs),
    /// Show what a release brings, deprecates and removes, and what the product offers of it
    #[command(after_help = FEATURES_HELP)]
    Features(FeaturesArgs),
    /// When a report is due: business days in Japan, with the working
    #[command(after_help = DUE_HELP)]
    Due(DueArgs),
    /// Which old versions may be dropped: generations and the trend of their use, with the working
    #[command(after_help = SUPPORT_HELP)]
    Support(SupportArgs),
    /// Write the report of a recorded run again
    Report(ReportArgs),
    /// Sign a report off; the only way to the state `final`
    Sign(SignArgs),
    /// Write packages for the OS vendor and the product's team, with the smallest steps that show the defect
    #[command(after_help = TRIAGE_HELP)]
    Triage(TriageArgs),
    /// Add what a person saw on a real device to a run
    #[command(after_help = RECORD_HELP)]
    Record(RecordArgs),
    /// The sixty days' notice before an old version leaves: check, plan, render
    #[command(subcommand)]
    Notice(NoticeVerb),
    /// Every clock in one list: reports due, notices, days of effect, windows, checks
    Agenda(AgendaArgs),
    /// Plant every fault of the catalogue and show what is caught, of whom, and what is a false alarm
    #[command(after_help = FAULTS_HELP)]
    Faults(FaultsArgs),
    /// The reference server as a process of its own
    #[command(subcommand)]
    Server(ServerVerb),
    /// Turn vendor sources into reviewed data
    #[command(subcommand)]
    Import(ImportVerb),
    /// Check all data files; every error at once, with its place
    Lint(LintArgs),
    /// Explain a diagnostic code such as DM0004, or `exit` for the exit codes
    Explain {
        /// The code
        code: String,
    },
    /// Measure this machine's ceilings and the harness against them
    Bench(BenchArgs),
    /// Format, lints, all tests, lint of all data
    Ci,
}

const VERIFY_HELP: &str = "\
Targets:
  ios18            a generation: its first release and the newest one each model can run
  ios18.1          one release            ios27.2-beta     the newest beta of 27.2
  ios27.2-beta3    one beta               ios27-rc         a release candidate
  22B83            a build, on every platform that has it; ipados:22B83 on one
  --model iPhone17,2 (without a target)   a new device on the newest release it can run

Examples:
  cargo xtask verify ios18
  cargo xtask verify macos15 --tier full --lang ja
  cargo xtask verify --model iPhone17,2 --delivered 2026-11-20
  cargo xtask verify --resume runs/ios18-2026-11-23-1a2b3c4d
  cargo xtask verify ios18 --feature remote-lock --enrollment ade
  cargo xtask verify ios18 --server nanomdm --url http://127.0.0.1:9000 --api-key KEY \\
      --identity-ca ca.pem --identity-key ca.key --webhook-listen 127.0.0.1:9002 --dm-listen 127.0.0.1:9003";

const FAULTS_HELP: &str = "\
Examples:
  cargo xtask faults
  cargo xtask faults --id apple-r1-imei-missing
  cargo xtask faults --target ios18.1 --mutations 20 --seed 3
  cargo xtask faults --approve --by NAME --why TEXT    take over what clean runs find; review scenarios/data/faults/approved.toml";

const TRIAGE_HELP: &str = "\
Exit codes of a replay: 10 it shows, 0 the same steps work, 11 they could not be taken.

Examples:
  cargo xtask triage runs/ios18.1-2026-11-23-1a2b3c4d
  cargo xtask triage runs/ios18.1-2026-11-23-1a2b3c4d --finding F002 --out packages
  cargo xtask triage replay packages/F002-remote-lock
  cargo xtask triage replay packages/F002-remote-lock --without-fault
  cargo xtask triage replay packages/F002-remote-lock --release ios18.0";

const RECORD_HELP: &str = "\
CASE is `scenario@cell` as in assessment.json, or `feature@cell` for a feature that no scenario exercises.
CSV: header case,outcome,by,note and any of part,on,model,build,serial_suffix,file (several files with ; between).

Examples:
  cargo xtask record RUN remote-lock@ios18.1/iPhone17,2/ade/fresh --outcome works --by NAME --note TEXT \\
      --device iPhone17,2 --build 22B83 --serial-suffix 4F2K --file lock.jpg
  cargo xtask record RUN CASE --outcome works_with_restrictions --part lock --by NAME --note TEXT
  cargo xtask record RUN --csv looks.csv";

const FEATURES_HELP: &str = "\
Examples:
  cargo xtask features ios18.0 --json
  cargo xtask features ios18 --worksheet unconfirmed.csv
  cargo xtask features --diff path/to/schema-17.5 path/to/schema-18.0";

const DUE_HELP: &str = "\
Exit codes: 0 there is time or it is done, 12 past due.

Examples:
  cargo xtask due ios27
  cargo xtask due --acquired 2026-09-14T10:00:00-07:00 --as-of 2026-09-20
  cargo xtask due --acquired 2026-12-21 --company-holiday 2026-12-29 --company-holiday 2026-12-30 --json";

const SUPPORT_HELP: &str = "\
Usage figures: CSV with the header month,platform,major,devices or a JSON list of such objects; distinct devices seen in
a calendar month (JST) by last reported version; empty (null) was not measured and is not zero.

Examples:
  cargo xtask support --platform iOS --supported 17,18,26,27 --candidate 17 --usage usage.csv
  cargo xtask support --platform Windows --supported 11-23h2,11-24h2,11-25h2,11-26h1
  cargo xtask support --supported ios16,ios17,ios18,ios26 --candidate ios16 --pending ios15";

/// How many cells are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TierWord {
    /// A few cells: does it work at all?
    Smoke,
    /// Every pair of model, release, enrollment type and arrival at least once.
    Pairwise,
    /// Every combination.
    Full,
}

impl TierWord {
    /// The word on the command line and in the record.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Smoke => "smoke",
            Self::Pairwise => "pairwise",
            Self::Full => "full",
        }
    }

    /// Reads the word of a record.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|tier| tier.as_str() == word)
    }
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// What to verify, such as ios18 (see below)
    pub(crate) target: Option<String>,
    /// How many cells are run [default: pairwise]
    #[arg(long, value_enum)]
    pub(crate) tier: Option<TierWord>,
    /// Only these features (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) feature: Vec<String>,
    /// Only these models (repeatable); without a target: the new device to verify
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Vec<String>,
    /// Only these enrollment types (repeatable)
    #[arg(long, value_name = "TYPE")]
    pub(crate) enrollment: Vec<String>,
    /// Only the cases that did not work in this run
    #[arg(long, value_name = "RUN")]
    pub(crate) only_failed: Option<PathBuf>,
    /// Continue an interrupted run; target, tier, filters, date and seed are those of the record
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<PathBuf>,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// When a new device was delivered [default: as-of date]
    #[arg(long, value_name = "DATE")]
    pub(crate) delivered: Option<Date>,
    /// Seed of ids and randomness [default: 1]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Cells in flight [default: 64 per core]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Where runs are recorded
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Plant a fault of the catalogue (repeatable); the report says so and can not be signed
    #[arg(long, value_name = "ID")]
    pub(crate) fault: Vec<String>,
    /// Real devices that are enrolled in the server already (see docs/LIMITS.md); their cells are added
    #[arg(long, value_name = "lab.toml")]
    pub(crate) lab: Option<PathBuf>,
    /// Print a summary as JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
    /// The server under test
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// Which server is under test.
#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// Adapter: `reference` (embedded) or `nanomdm`, or the name of a server in verify.toml
    #[arg(long = "server", value_name = "NAME", default_value = "reference")]
    pub(crate) name: String,
    /// Run the embedded server over loopback sockets instead of the in-process carrier
    #[arg(long)]
    pub(crate) socket: bool,
    /// Base URL of the server
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// API key of the server
    #[arg(long, env = "HARNESS_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// PEM certificate of the CA that the server trusts for device identities
    #[arg(long, value_name = "CERT")]
    pub(crate) identity_ca: Option<PathBuf>,
    /// PEM key of that CA
    #[arg(long, value_name = "KEY")]
    pub(crate) identity_key: Option<PathBuf>,
    /// Where the server's webhook reaches the harness
    #[arg(long, value_name = "ADDR")]
    pub(crate) webhook_listen: Option<std::net::SocketAddr>,
    /// Where the server's declarative-management requests reach the harness
    #[arg(long, value_name = "ADDR")]
    pub(crate) dm_listen: Option<std::net::SocketAddr>,
    /// Where the server's pushes reach the harness
    #[arg(long, value_name = "ADDR")]
    pub(crate) push_listen: Option<std::net::SocketAddr>,
    /// How long the server may take for an answer [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: Option<u64>,
}

/// Options of `matrix`.
#[derive(Debug, Args)]
pub(crate) struct MatrixArgs {
    /// What to show, as for `verify`
    pub(crate) target: Option<String>,
    /// How many cells are shown
    #[arg(long, value_enum, default_value = "pairwise")]
    pub(crate) tier: TierWord,
    /// Only these models (repeatable)
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Vec<String>,
    /// Only these enrollment types (repeatable)
    #[arg(long, value_name = "TYPE")]
    pub(crate) enrollment: Vec<String>,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `features`.
#[derive(Debug, Args)]
pub(crate) struct FeaturesArgs {
    /// The release, such as ios18.0
    #[arg(required_unless_present_any = ["diff", "worksheet"])]
    pub(crate) target: Option<String>,
    /// What changed between two checkouts of the vendor's schema
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "target")]
    pub(crate) diff: Option<Vec<PathBuf>>,
    /// Write the features nobody has confirmed as CSV for product people to fill in
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) worksheet: Option<PathBuf>,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `due`.
#[derive(Debug, Args)]
pub(crate) struct DueArgs {
    /// A release, such as ios27: its day of obtaining and of publication are those of the register
    pub(crate) target: Option<String>,
    /// When it was acquired: an instant with its offset, or a date in Japan
    #[arg(long, value_name = "TIME")]
    pub(crate) acquired: Option<String>,
    /// Business days until the report is due [default: the guideline's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub(crate) business_days: Option<u32>,
    /// A day on which the company is closed (repeatable), beside those of verify.toml
    #[arg(long, value_name = "DATE")]
    pub(crate) company_holiday: Vec<Date>,
    /// Leave the closures of verify.toml out
    #[arg(long)]
    pub(crate) no_company_calendar: bool,
    /// When the report was published: an instant with its offset, or a date in Japan
    #[arg(long, value_name = "TIME")]
    pub(crate) published: Option<String>,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `support`.
#[derive(Debug, Args)]
pub(crate) struct SupportArgs {
    /// Only this platform [default: all, or those that the versions name]
    #[arg(long)]
    pub(crate) platform: Option<String>,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// What is supported, such as 17,18,26,27 [default: what the register states as adopted]
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',')]
    pub(crate) supported: Vec<String>,
    /// A version to drop (repeatable; several are dropped in one step) [default: each supported one by itself]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) candidate: Vec<String>,
    /// Monthly devices by version, CSV or JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) usage: Option<PathBuf>,
    /// A version already leaving (repeatable); it does not count as supported
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) pending: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of the run
    pub(crate) run: PathBuf,
    /// The date as of which to look at the world [default: that of the run]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print a summary as JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `sign`.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The folder of the run
    pub(crate) run: PathBuf,
    /// Who signs
    #[arg(long)]
    pub(crate) by: String,
    /// The state to reach
    #[arg(long, value_parser = ["final", "corrected"])]
    pub(crate) state: String,
    /// The date of the signature [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `triage`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct TriageArgs {
    /// The folder of the run
    pub(crate) run: Option<PathBuf>,
    /// Only these findings (repeatable), of any party [default: OS, product and external services]
    #[arg(long, value_name = "ID")]
    pub(crate) finding: Vec<String>,
    /// Where packages are written [default: triage in the run's folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// When it was detected, an instant with its offset, for the deadline of class 1
    #[arg(long, value_name = "TIME")]
    pub(crate) detected: Option<jiff::Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Something else than writing packages
    #[command(subcommand)]
    pub(crate) verb: Option<TriageVerb>,
}

/// Verbs of `triage`.
#[derive(Debug, Subcommand)]
pub(crate) enum TriageVerb {
    /// See whether a package's finding shows again
    Replay(TriageReplayArgs),
}

/// Options of `triage replay`.
#[derive(Debug, Args)]
pub(crate) struct TriageReplayArgs {
    /// The folder of the package
    pub(crate) package: PathBuf,
    /// Leave out the faults that were planted into the run
    #[arg(long)]
    pub(crate) without_fault: bool,
    /// On this release in place of the package's
    #[arg(long, value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The folder of the run
    pub(crate) run: PathBuf,
    /// What was looked at: scenario@cell, or feature@cell
    #[arg(required_unless_present = "csv", conflicts_with = "csv")]
    pub(crate) case: Option<String>,
    /// What came of it: `works`, `works_with_restrictions` (with --part), `fails`, `not_supported_by_os`, `flaky`
    #[arg(long, value_name = "WORD", required_unless_present = "csv")]
    pub(crate) outcome: Option<String>,
    /// The part of the purpose that it is about [default: the whole]
    #[arg(long, value_name = "ID")]
    pub(crate) part: Option<String>,
    /// Who saw it
    #[arg(long, value_name = "NAME", required_unless_present = "csv")]
    pub(crate) by: Option<String>,
    /// What was seen
    #[arg(long, value_name = "TEXT", required_unless_present = "csv")]
    pub(crate) note: Option<String>,
    /// When it was seen [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
    /// Model of the device
    #[arg(long, value_name = "MODEL", requires = "build")]
    pub(crate) device: Option<String>,
    /// Build of its system
    #[arg(long, value_name = "BUILD", requires = "device")]
    pub(crate) build: Option<String>,
    /// Last characters of its serial number
    #[arg(long, value_name = "TEXT", requires = "device")]
    pub(crate) serial_suffix: Option<String>,
    /// A picture or another file that shows it (repeatable); a copy is kept
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// Statements as CSV; all of them or none are taken
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verbs of `notice`.
#[derive(Debug, Subcommand)]
pub(crate) enum NoticeVerb {
    /// Is a notice with these dates lawful?
    #[command(after_help = NOTICE_HELP)]
    Check(NoticeCheckArgs),
    /// The earliest lawful dates, and everything that has to happen before
    Plan(NoticePlanArgs),
    /// Write the notice, the detailed maintenance notice and the reminder of a decision
    Render(NoticeRenderArgs),
}

const NOTICE_HELP: &str = "\
A date such as 2026-11-23 is a date in Japan; an instant needs its offset, such as 2027-01-27T19:00:00+09:00, and its date
in Japan counts. An --effective that is a date alone is the day on which the published status changes: every site must have
a window with some part on it. An instant must lie in a window of every site; give --effective once for each --site, in the
same order, when they differ.

Examples:
  cargo xtask notice check --decided 2026-11-20 --published 2026-11-23 --effective 2027-01-27T19:00:00+09:00 --site Asia/Tokyo
  cargo xtask notice check --decided 2026-11-20 --published 2026-11-23 --effective 2027-01-27 --maintenance-notice 2027-01-13";

/// What kind of change a maintenance is.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// The change touches services around remote control, whose window begins later
    #[arg(long)]
    pub(crate) remote_control: bool,
    /// Operation or behavior is another afterwards: two weeks' maintenance notice [default unless --outage is given alone]
    #[arg(long)]
    pub(crate) behavior_change: bool,
    /// The service stops for more than ten minutes in a row: one week's maintenance notice
    #[arg(long)]
    pub(crate) outage: bool,
}

/// Options of `notice check`.
#[derive(Debug, Args)]
pub(crate) struct NoticeCheckArgs {
    /// Day of the decision
    #[arg(long, value_name = "DATE")]
    pub(crate) decided: String,
    /// Publication of the notice: date or instant
    #[arg(long, value_name = "T")]
    pub(crate) published: String,
    /// Change of the servers: date or instant; once, or once for each site
    #[arg(long, value_name = "T", required = true)]
    pub(crate) effective: Vec<String>,
    /// Site: an IANA zone (repeatable) [default: every site of verify.toml]
    #[arg(long, value_name = "ZONE")]
    pub(crate) site: Vec<String>,
    /// Publication of the detailed maintenance notice: date or instant; not judged when not given
    #[arg(long, value_name = "T")]
    pub(crate) maintenance_notice: Option<String>,
    /// What kind of change it is
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `notice plan`.
#[derive(Debug, Args)]
pub(crate) struct NoticePlanArgs {
    /// Platform, such as ios
    #[arg(long, requires = "version")]
    pub(crate) platform: Option<String>,
    /// Generation, such as 17
    #[arg(long, requires = "platform")]
    pub(crate) version: Option<String>,
    /// Day of the decision [default: as-of date]
    #[arg(long, value_name = "DATE")]
    pub(crate) decided: Option<Date>,
    /// Day of the publication [default: the later one of decision and as-of date]
    #[arg(long, value_name = "DATE")]
    pub(crate) published: Option<Date>,
    /// Site: an IANA zone (repeatable) [default: every site of verify.toml]
    #[arg(long, value_name = "ZONE")]
    pub(crate) site: Vec<String>,
    /// What kind of change it is
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `notice render`.
#[derive(Debug, Args)]
pub(crate) struct NoticeRenderArgs {
    /// Name of a decision in reports/data/decisions, or the path of one
    pub(crate) decision: String,
    /// Where the files are written [default: notices/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The date as of which it is written [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `agenda`.
#[derive(Debug, Args)]
pub(crate) struct AgendaArgs {
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Days ahead [default: as verify.toml says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=36600))]
    pub(crate) days: Option<u32>,
    /// Write the list as an iCalendar file too
    #[arg(long, value_name = "FILE.ics")]
    pub(crate) ics: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `faults`.
#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// Only these faults (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) id: Vec<String>,
    /// Only the faults that this target shows; with --mutations the target that is run [default there: ios18.1]
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Seeded single mutations in place of the catalogue: that many of each kind (facts, devices, server messages)
    #[arg(long, value_name = "N")]
    pub(crate) mutations: Option<u32>,
    /// Write what clean runs find into the approved list
    #[arg(long, requires = "by", requires = "why", conflicts_with_all = ["mutations", "id", "target"])]
    pub(crate) approve: bool,
    /// Who approves
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Why the findings are right
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
    /// Seed of the mutations
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// The date as of which to look at the world [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verbs of `server`.
#[derive(Debug, Subcommand)]
pub(crate) enum ServerVerb {
    /// Start the reference server and serve until interrupted
    Start(ServerStartArgs),
}

/// Options of `server start`.
#[derive(Debug, Args)]
pub(crate) struct ServerStartArgs {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:9000")]
    pub(crate) listen: std::net::SocketAddr,
    /// API key (user `nanomdm`); without it there is no API
    #[arg(long, env = "HARNESS_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
    /// PEM certificate of the CA whose device identities are accepted; created together with --ca-key when absent
    #[arg(long, value_name = "CERT")]
    pub(crate) ca: PathBuf,
    /// PEM key of that CA; only written when the CA is created
    #[arg(long, value_name = "KEY")]
    pub(crate) ca_key: Option<PathBuf>,
    /// Where events are sent
    #[arg(long, value_name = "URL")]
    pub(crate) webhook_url: Option<String>,
    /// Key of the X-Hmac-Signature of events
    #[arg(long, value_name = "KEY")]
    pub(crate) webhook_hmac_key: Option<String>,
    /// Declarative-management backend (URL ending in /)
    #[arg(long, value_name = "URL")]
    pub(crate) dm: Option<String>,
    /// Push stand-in that pushes are sent to
    #[arg(long, value_name = "URL")]
    pub(crate) push_url: Option<String>,
}

/// Verbs of `import`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImportVerb {
    /// Releases, betas, builds and device models
    Releases {
        /// The releases as JSON
        file: PathBuf,
    },
    /// Japanese holidays: the Cabinet Office's syukujitsu.csv is merged in, facts as JSON replace
    Calendar {
        /// The CSV (CP932 or UTF-8), or JSON
        file: PathBuf,
        /// What the CSV is, for the data file [default: the file's name]
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
        /// When the CSV was obtained [default: today in Japan]
        #[arg(long, value_name = "DATE")]
        obtained: Option<Date>,
    },
    /// Apple's device-management schema
    Apple {
        /// Checkouts, each a folder named after its version; the newest released one is the base
        #[arg(required = true)]
        checkouts: Vec<PathBuf>,
        /// Commit of a checkout that is no git checkout (repeatable), such as 18.1=b6202ca
        #[arg(long, value_name = "NAME=COMMIT")]
        revision: Vec<String>,
        /// Facts after the newest checkout
        #[arg(long, value_name = "FILE.json")]
        facts: Option<PathBuf>,
        /// Enumeration values after the newest checkout
        #[arg(long, value_name = "FILE.json")]
        values: Option<PathBuf>,
    },
    /// The product's features: features.json, or a worksheet (.csv) that product people filled in
    Product {
        /// features.json or worksheet.csv
        file: PathBuf,
    },
}

/// Options of `lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Seconds per measurement
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
