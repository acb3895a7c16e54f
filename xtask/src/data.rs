//! All data files, loaded and checked together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use device_matrix::calendar::{BusinessCalendar, CalendarPolicy, ClosedDay};
use device_matrix::capability::Facts;
use device_matrix::catalog::Catalog;
use device_matrix::diag::{self, Diagnostic, Severity, SourceFile};
use device_matrix::support::SupportData;
use harness::server::console::Console;
use reports::decisions::{self, Decision};
use reports::guidance::GuidanceBook;
use reports::known_issues::{self, KnownIssues};
use reports::notice::check::Rules;
use reports::register::Register;
use reports::vendor::Vendor;
use scenarios::suite::Suite;
use snapshots::baseline::Baselines;
use snapshots::store;

use crate::exit::{Exit, Stop};
use crate::workspace::Workspace;

const VENDOR_FILE: &str = "verify.toml";
const REGISTER_FILE: &str = "reports/data/register.toml";
/// Folder of descriptions of servers.
const SERVERS: &str = "servers";
const GUIDANCE_FILE: &str = "reports/data/guidance.toml";
/// The file of known issues.
pub(crate) const KNOWN_ISSUES_FILE: &str = "reports/data/known_issues.toml";

/// Everything that stands in data files.
#[derive(Debug)]
pub(crate) struct Data {
    /// Releases, models, enrollment types.
    pub(crate) catalog: Catalog,
    /// Vendor capabilities.
    pub(crate) facts: Arc<Facts>,
    /// Features and scenarios.
    pub(crate) suite: Suite,
    /// Business days, company days included.
    pub(crate) calendar: BusinessCalendar,
    /// Numbers of the calendar rules.
    pub(crate) policy: CalendarPolicy,
    /// Generations and numbers of the support rule.
    pub(crate) support: SupportData,
    /// This vendor.
    pub(crate) vendor: Vendor,
    /// Obtained, adopted and published dates.
    pub(crate) register: Register,
    /// What people have written down about releases.
    pub(crate) guidance: GuidanceBook,
    /// Decisions of people to take old versions out, and what is wrong with them; ask [`Data::decisions`].
    decisions: Result<Vec<Decision>, Vec<Diagnostic>>,
    /// Described servers, by the path of their file.
    pub(crate) consoles: BTreeMap<PathBuf, Console>,
    /// What is known to be lost.
    pub(crate) known_issues: KnownIssues,
    /// Approved behavior.
    pub(crate) baselines: Baselines,
    /// What lint says beside the errors.
    pub(crate) warnings: Vec<Diagnostic>,
    /// Digest of releases, models and enrollment types.
    releases: String,
    /// The texts, for underlining.
    pub(crate) sources: Vec<SourceFile>,
}

/// Data that can not be used: everything that is wrong with it.
#[derive(Debug)]
pub(crate) struct BadData {
    /// What is wrong.
    pub(crate) found: Vec<Diagnostic>,
    /// The texts, for underlining.
    pub(crate) sources: Vec<SourceFile>,
}

impl Data {
    /// Reads and checks everything.
    pub(crate) fn load(workspace: &Workspace) -> Result<Result<Self, BadData>, Stop> {
        let root = &workspace.root;
        let stop = |error: std::io::Error| Stop::new(Exit::BadData, error.to_string());
        let matrix = device_matrix::sources::read_sources(root).map_err(stop)?;
        let capability = device_matrix::capability::read_sources(root).map_err(stop)?;
        let suite = scenarios::suite::read_sources(root).map_err(stop)?;
        let own = [VENDOR_FILE, REGISTER_FILE, GUIDANCE_FILE, KNOWN_ISSUES_FILE]
            .map(|path| read(root, path))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let decided = decisions::read_sources(root).map_err(stop)?;
        let servers = described(root)?;
        let baselines = store::load(&root.join(store::FOLDER))
            .map_err(|error| Stop::new(Exit::BadData, error.to_string()))?;
        Ok(Self::check(matrix, capability, suite, own, servers)
            .map(|data| Self { baselines, ..data }.with_decisions(decided)))
    }

    /// A decision that is wrong stops only the verbs that need decisions.
    fn with_decisions(mut self, sources: Vec<SourceFile>) -> Self {
        self.decisions = self.check_decisions(&sources);
        self.sources.extend(sources);
        self
    }

    /// Reads decisions and holds them against the rules, the sites and the known generations.
    pub(crate) fn check_decisions(
        &self,
        sources: &[SourceFile],
    ) -> Result<Vec<Decision>, Vec<Diagnostic>> {
        decisions::check(
            sources,
            &decisions::Context {
                rules: self.rules(),
                sites: &self.vendor.sites,
                support: &self.support,
            },
        )
    }

    /// Windows, lead times, business days.
    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules {
            policy: &self.vendor.notice,
            windows: &self.vendor.windows,
            calendar: &self.calendar,
        }
    }

    /// Every decision.
    pub(crate) fn decisions(&self, color: bool) -> Result<&[Decision], Stop> {
        self.decisions
            .as_deref()
            .map_err(|found| Stop::new(Exit::BadData, diag::render(found, &self.sources, color)))
    }

    /// What is wrong with the decisions.
    pub(crate) fn decision_errors(&self) -> &[Diagnostic] {
        self.decisions.as_ref().err().map_or(&[], Vec::as_slice)
    }

    /// Reads and checks everything; bad data is shown on standard error and stops with exit 65.
    pub(crate) fn load_or_stop(workspace: &Workspace, color: bool) -> Result<Self, Stop> {
        Self::load(workspace)?.map_err(|bad| {
            let errors = bad.found.len();
            Stop::new(
                Exit::BadData,
                format!(
                    "{}{errors} error(s) in the data; `cargo xtask explain CODE` tells more about a code",
                    diag::render(&bad.found, &bad.sources, color)
                ),
            )
        })
    }

    fn check(
        matrix: Vec<SourceFile>,
        capability: Vec<SourceFile>,
        suite_files: Vec<SourceFile>,
        own: Vec<SourceFile>,
        servers: Vec<SourceFile>,
    ) -> Result<Self, BadData> {
        let mut found = Vec::new();
        let (facts, (suite, catalog)) = rayon::join(
            || Facts::load(&capability),
            || rayon::join(|| Suite::load(&suite_files), || Catalog::load(&matrix)),
        );
        let facts = keep(facts, &mut found);
        let suite = keep(suite, &mut found);
        let catalog = keep(catalog, &mut found);
        let calendar = keep(BusinessCalendar::load(&matrix), &mut found);
        let policy = keep(CalendarPolicy::load(&matrix), &mut found);
        let support = catalog
            .as_ref()
            .and_then(|catalog| keep(SupportData::load(&matrix, catalog), &mut found));
        let [vendor_file, register_file, guidance_file, known_issues_file] = own.as_slice() else {
            unreachable!("four files were asked for")
        };
        let vendor = keep(
            Vendor::load(&vendor_file.path, &vendor_file.text),
            &mut found,
        );
        let register = catalog.as_ref().and_then(|catalog| {
            let known = release_ids(catalog);
            keep(
                Register::load(&register_file.path, &register_file.text, |id| {
                    known.contains(id)
                }),
                &mut found,
            )
        });
        let guidance = catalog.as_ref().and_then(|catalog| {
            let known = release_ids(catalog);
            keep(
                GuidanceBook::load(&guidance_file.path, &guidance_file.text, |id| {
                    known.contains(id)
                }),
                &mut found,
            )
        });
        let mut consoles = BTreeMap::new();
        if let Some(suite) = &suite {
            for source in &servers {
                if let Some(console) = keep(Console::load(source, &suite.actions), &mut found) {
                    consoles.insert(source.path.clone(), console);
                }
            }
        }
        let known_issues = suite.as_ref().and_then(|suite| {
            keep(
                known_issues::load(
                    &known_issues_file.path,
                    &known_issues_file.text,
                    |id| suite.features.iter().any(|feature| feature.id.0 == id),
                    |id| suite.scenarios.iter().any(|scenario| scenario.id.0 == id),
                ),
                &mut found,
            )
        });
        let mut warnings = Vec::new();
        if let (Some(catalog), Some(suite), Some(facts)) = (&catalog, &suite, &facts) {
            warnings.extend(device_matrix::catalog::lint(catalog));
            warnings.extend(device_matrix::capability::lint::lint(facts, &capability));
            warnings.extend(scenarios::lint::lint(suite));
            warnings.extend(scenarios::lint::check_elements(suite, facts));
        }
        let (errors, warnings): (Vec<_>, Vec<_>) = warnings
            .into_iter()
            .partition(|diagnostic| diagnostic.severity == Severity::Error);
        found.extend(errors);
        let releases = scenarios::suite::revision(&matrix);
        let sources: Vec<SourceFile> = [matrix, capability, suite_files, own, servers]
            .into_iter()
            .flatten()
            .collect();
        match (
            catalog,
            facts,
            suite,
            calendar,
            policy,
            support,
            vendor,
            register,
            guidance,
            known_issues,
        ) {
            (
                Some(catalog),
                Some(facts),
                Some(suite),
                Some(calendar),
                Some(policy),
                Some(support),
                Some(vendor),
                Some(register),
                Some(guidance),
                Some(known_issues),
            ) if found.is_empty() => {
                let calendar = calendar.with_closed(closed_days(&vendor));
                Ok(Self {
                    catalog,
                    facts: Arc::new(facts),
                    suite,
                    calendar,
                    policy,
                    support,
                    vendor,
                    register,
                    guidance,
                    decisions: Ok(Vec::new()),
                    consoles,
                    known_issues,
                    baselines: Baselines::default(),
                    warnings,
                    releases,
                    sources,
                })
            }
            _ => Err(BadData { found, sources }),
        }
    }

    /// Revisions of the data by name, for the record.
    pub(crate) fn revisions(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("facts".to_owned(), self.facts.revision().to_owned()),
            ("scenarios".to_owned(), self.suite.revision().to_owned()),
            ("releases".to_owned(), self.releases.clone()),
        ])
    }
}

fn keep<T>(result: Result<T, Vec<Diagnostic>>, found: &mut Vec<Diagnostic>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(diagnostics) => {
            found.extend(diagnostics);
            None
        }
    }
}

/// The descriptions of servers: all of the folder, and those that the vendor names elsewhere.
fn described(root: &Path) -> Result<Vec<SourceFile>, Stop> {
    let mut paths = BTreeSet::new();
    let folder = root.join(SERVERS);
    if let Ok(entries) = std::fs::read_dir(&folder) {
        for entry in entries {
            let entry = entry.map_err(|error| Stop::io(&folder, &error))?;
            let path = Path::new(SERVERS).join(entry.file_name());
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                paths.insert(path);
            }
        }
    }
    let vendor = read(root, VENDOR_FILE)?;
    if let Ok(vendor) = Vendor::load(&vendor.path, &vendor.text) {
        paths.extend(
            vendor
                .servers
                .into_iter()
                .filter_map(|server| Some(server.file?.into())),
        );
    }
    paths
        .iter()
        .map(|path| read(root, &path.to_string_lossy()))
        .collect()
}

fn read(root: &Path, path: &str) -> Result<SourceFile, Stop> {
    let full = root.join(path);
    let text = std::fs::read_to_string(&full).map_err(|error| Stop::io(&full, &error))?;
    Ok(SourceFile {
        path: path.into(),
        text,
    })
}

fn release_ids(catalog: &Catalog) -> std::collections::HashSet<String> {
    catalog
        .platforms()
        .flat_map(|platform| catalog.releases(platform))
        .map(|release| release.id())
        .collect()
}

/// Every day of the vendor's closures.
fn closed_days(vendor: &Vendor) -> Vec<ClosedDay> {
    vendor
        .closures
        .iter()
        .flat_map(|closure| {
            closure
                .from
                .series(jiff::Span::new().days(1))
                .take_while(|day| *day <= closure.until)
                .map(|date| ClosedDay {
                    date,
                    why: closure.name.clone(),
                })
        })
        .collect()
}
