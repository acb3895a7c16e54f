//! Everything that is checked: features, scenarios, and what needs a person.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use device_matrix::diag::{Diagnostic, Severity, SourceFile};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::action::ActionTable;
use crate::codes;
use crate::fault::Catalogue;
use crate::feature::{Feature, FeatureId};
use crate::lint;
use crate::load::{self, Excuse, FaultFile, LoadedScenario};
use crate::scenario::Scenario;

/// Folder of the data below the root of the workspace.
pub const DATA: &str = "scenarios/data";

/// Folder of the fault catalogue below [`DATA`].
const FAULTS_FOLDER: &str = "faults";

/// Findings that clean runs are known to make, below the root of the workspace.
pub const APPROVED: &str = "scenarios/data/faults/approved.toml";

/// The features of the product and how they are checked.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// Features, as imported, with the overlays laid over.
    pub features: Vec<Feature>,
    /// Scenarios, sorted by id.
    pub scenarios: Vec<Scenario>,
    /// What scenarios may ask a product for by name.
    pub actions: ActionTable,
    /// Features that no protocol exercises.
    pub not_by_protocol: Vec<Excuse>,
    /// What devices, servers and the network can do wrong, and what clean runs are known to find.
    pub faults: Catalogue,
    pub(crate) fault_files: Vec<FaultFile>,
    pub(crate) loaded: Vec<LoadedScenario>,
    by_feature: HashMap<FeatureId, usize>,
    revision: String,
}

/// Reads the texts of all data files below `root`, in a stable order.
pub fn read_sources(root: &Path) -> io::Result<Vec<SourceFile>> {
    let mut paths = BTreeSet::new();
    let mut folders = vec![PathBuf::from(DATA)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                paths.insert(path);
            }
        }
    }
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(root.join(&path))?;
            Ok(SourceFile { path, text })
        })
        .collect()
}

/// What a data file is, by its place.
enum Kind {
    Features,
    Overlay,
    Actions,
    NotByProtocol,
    Faults,
    Approved,
    Scenario,
}

fn kind(path: &Path) -> Kind {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let in_faults = path
        .parent()
        .is_some_and(|folder| folder.ends_with(FAULTS_FOLDER));
    match name.as_deref() {
        Some("approved.toml") if in_faults => Kind::Approved,
        _ if in_faults => Kind::Faults,
        Some("features.toml") => Kind::Features,
        Some("actions.toml") => Kind::Actions,
        Some("not_by_protocol.toml") => Kind::NotByProtocol,
        Some(name) if name.starts_with("features.") => Kind::Overlay,
        _ => Kind::Scenario,
    }
}

impl Suite {
    /// Turns the texts into a suite, or into all that is wrong with them.
    ///
    /// Warnings do not stop the loading; [`lint::lint`] gives them.
    pub fn load(sources: &[SourceFile]) -> Result<Self, Vec<Diagnostic>> {
        let mut found = Vec::new();
        let mut suite = Self::default();
        for source in sources
            .iter()
            .filter(|source| matches!(kind(&source.path), Kind::Actions))
        {
            match load::load_actions(source) {
                Ok(table) => suite.actions.rows.extend(table.rows),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        let read: Vec<_> = sources
            .par_iter()
            .filter(|source| matches!(kind(&source.path), Kind::Scenario))
            .map(|source| load::load_scenario(source, &suite.actions))
            .collect();
        for result in read {
            match result {
                Ok(loaded) => suite.loaded.push(loaded),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        let broken = !found.is_empty();
        for source in sources {
            match kind(&source.path) {
                Kind::Features => match load::load_features(source) {
                    Ok(features) => suite.features.extend(features),
                    Err(diagnostics) => found.extend(diagnostics),
                },
                Kind::NotByProtocol => match load::load_excuses(source) {
                    Ok(excuses) => suite.not_by_protocol.extend(excuses),
                    Err(diagnostics) => found.extend(diagnostics),
                },
                Kind::Faults => match load::load_faults(source) {
                    Ok(file) => {
                        suite.faults.faults.extend(file.faults.iter().cloned());
                        let untold = file.not_expressible.iter().cloned();
                        suite.faults.not_expressible.extend(untold);
                        suite.fault_files.push(file);
                    }
                    Err(diagnostics) => found.extend(diagnostics),
                },
                Kind::Approved => match load::load_approved(source) {
                    Ok(approved) => suite.faults.approved.extend(approved),
                    Err(diagnostics) => found.extend(diagnostics),
                },
                Kind::Overlay | Kind::Actions | Kind::Scenario => {}
            }
        }
        // The hand overlay comes first, so that a confirmation has the last word.
        let mut overlays: Vec<_> = sources
            .iter()
            .filter(|source| matches!(kind(&source.path), Kind::Overlay))
            .collect();
        overlays.sort_by_key(|source| !source.path.ends_with("features.overlay.toml"));
        if !suite.features.is_empty() {
            for source in overlays {
                if let Err(diagnostics) = load::parse_overlay(source, &mut suite.features) {
                    found.extend(diagnostics);
                }
            }
        }
        suite
            .loaded
            .sort_by(|a, b| a.scenario.id.cmp(&b.scenario.id));
        suite.scenarios = suite
            .loaded
            .iter()
            .map(|loaded| loaded.scenario.clone())
            .collect();
        suite.by_feature = suite
            .features
            .iter()
            .enumerate()
            .map(|(index, feature)| (feature.id.clone(), index))
            .collect();
        suite.revision = revision(sources);
        found.extend(
            lint::lint(&suite)
                .into_iter()
                .filter(|diagnostic| diagnostic.severity == Severity::Error)
                // With a file missing from the picture, what is uncovered is not known.
                .filter(|diagnostic| !(broken && diagnostic.code == codes::UNCOVERED_FEATURE)),
        );
        if found.is_empty() {
            Ok(suite)
        } else {
            Err(found)
        }
    }

    /// The feature with this id.
    #[must_use]
    pub fn feature(&self, id: &FeatureId) -> Option<&Feature> {
        self.features.get(*self.by_feature.get(id)?)
    }

    /// The scenario with this id, and its index.
    #[must_use]
    pub fn scenario(&self, id: &str) -> Option<(u32, &Scenario)> {
        let index = self
            .scenarios
            .binary_search_by(|scenario| scenario.id.0.as_str().cmp(id))
            .ok()?;
        Some((u32::try_from(index).ok()?, &self.scenarios[index]))
    }

    /// Name of the data's content (hexadecimal SHA-256, shortened), for records and reports.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

/// Digest of the texts, to name a state of the data.
#[must_use]
pub fn revision(sources: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update(source.path.to_string_lossy().as_bytes());
        hash.update([0]);
        hash.update(source.text.as_bytes());
        hash.update([0]);
    }
    let digest = hash.finalize();
    digest.iter().take(8).fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
