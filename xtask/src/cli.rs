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
    /// Write the report of a recorded run again
    Report(ReportArgs),
    /// Approved behavior: what differs from it, and who has accepted what and why
    #[command(subcommand, after_help = SNAPSHOT_HELP)]
    Snapshot(SnapshotVerb),
    /// Sign a report off; the only way to the state `final`
    Sign(SignArgs),
    /// Seed single mutations of facts, devices and server messages, and show which are caught
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

const FEATURES_HELP: &str = "\
Examples:
  cargo xtask features ios18.0 --json
  cargo xtask features ios18 --worksheet unconfirmed.csv
  cargo xtask features --diff path/to/schema-17.5 path/to/schema-18.0";

const SNAPSHOT_HELP: &str = "\
Examples:
  cargo xtask snapshot check runs/ios18-2026-11-23-1a2b3c4d
  cargo insta review                                      (looks at the same proposals one by one)
  cargo xtask snapshot accept --run runs/ios18-2026-11-23-1a2b3c4d --who Taro --why \"documented in 26.0\"
  cargo xtask snapshot reject snapshots/baselines/apple/os-update/ios-26.0-ade.snap.new --who Taro --why \"defect\"";

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
    /// How often a case that fails is tried [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    pub(crate) repeat: Option<u32>,
    /// Compare with this recorded run: another build of the OS, or of the server under test
    #[arg(long, value_name = "RUN")]
    pub(crate) against: Option<PathBuf>,
    /// Cells in flight [default: 64 per core]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Where runs are recorded
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
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

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The folder of the run
    pub(crate) run: PathBuf,
    /// The date as of which to look at the world [default: that of the run]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Compare with this recorded run: another build of the OS, or of the server under test
    #[arg(long, value_name = "RUN")]
    pub(crate) against: Option<PathBuf>,
    /// Print a summary as JSON instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verbs of `snapshot`.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotVerb {
    /// List baselines, proposals and rejected proposals
    List(SnapshotListArgs),
    /// Compare a recorded run with the baselines and write a proposal (.snap.new) for each that differs or is missing
    Check(SnapshotCheckArgs),
    /// Accept proposals: they become the baselines of their releases
    Accept(SnapshotDecideArgs),
    /// Reject proposals: what they hold stays a difference, with the reason
    Reject(SnapshotDecideArgs),
}

/// Options of `snapshot list`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotListArgs {
    /// Folder of the baselines [default: snapshots/baselines/apple]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `snapshot check`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotCheckArgs {
    /// The folder of the run
    pub(crate) run: PathBuf,
    /// Folder of the baselines [default: snapshots/baselines/apple]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `snapshot accept` and `snapshot reject`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotDecideArgs {
    /// Proposals (.snap.new), or baselines accepted with `cargo insta` that nobody has signed
    #[arg(required_unless_present = "run")]
    pub(crate) paths: Vec<PathBuf>,
    /// Every proposal that came from this run
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<PathBuf>,
    /// Who decides
    #[arg(long)]
    pub(crate) who: String,
    /// Why
    #[arg(long)]
    pub(crate) why: String,
    /// The day of the decision [default: today in Japan]
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<Date>,
    /// Folder of the baselines [default: snapshots/baselines/apple]
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
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

/// Options of `faults`.
#[derive(Debug, Args)]
pub(crate) struct FaultsArgs {
    /// The target whose smoke tier is run with each mutation
    #[arg(default_value = "ios18.1")]
    pub(crate) target: String,
    /// Mutations of each kind (facts, devices, server messages)
    #[arg(long, default_value_t = 10)]
    pub(crate) mutations: u32,
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
    /// Japanese holidays
    Calendar {
        /// The calendar as JSON
        file: PathBuf,
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
