//! Baselines as files: `<folder>/<scenario>/<platform>-<release>-<class>.snap`, proposals beside them as `.snap.new`,
//! rejected proposals as `.snap.rejected`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::baseline::{Baselines, Key};
use crate::file::{Decision, SnapshotFile};

/// Largest file in bytes that is read.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// Folder of Apple's baselines below the root of the workspace.
pub const FOLDER: &str = "snapshots/baselines/apple";
/// Ending of an approved file.
pub const APPROVED: &str = ".snap";
/// Ending of a proposal, as insta names it.
pub const PROPOSED: &str = ".snap.new";
/// Ending of a rejected proposal.
pub const REJECTED: &str = ".snap.rejected";

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("{}: {cause}", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Not a baseline.
    #[error("{}: {cause}. Restore the file, or record the behavior again with `cargo xtask snapshot check RUN`", path.display())]
    Bad {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
}

impl StoreError {
    fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause,
        }
    }

    fn bad(path: &Path, cause: impl Into<String>) -> Self {
        Self::Bad {
            path: path.to_owned(),
            cause: cause.into(),
        }
    }
}

/// A file of the store with what it speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it is.
    pub path: PathBuf,
    /// What it speaks for.
    pub key: Key,
    /// Number of the alternative, from 1.
    pub number: u32,
    /// Its content.
    pub file: SnapshotFile,
}

/// Files with this ending, in the order of their paths. A folder that is not there holds none.
///
/// # Errors
/// A file that can not be read, is no snapshot, or whose name says nothing.
pub fn stored(folder: &Path, ending: &str) -> Result<Vec<Stored>, StoreError> {
    let mut out = Vec::new();
    for scenario in entries(folder)? {
        if !scenario.is_dir() {
            continue;
        }
        for path in entries(&scenario)? {
            let is_wanted = name(&path)
                .find(".snap")
                .is_some_and(|at| name(&path)[at..] == *ending);
            if is_wanted {
                out.push(read(&path)?);
            }
        }
    }
    Ok(out)
}

/// Reads one file of the store.
///
/// # Errors
/// A file that can not be read, is no snapshot, or whose name says nothing.
pub fn read(path: &Path) -> Result<Stored, StoreError> {
    let scenario = path.parent().map_or("", name);
    let (key, number) = Key::from_path(scenario, name(path)).ok_or_else(|| {
        StoreError::bad(
            path,
            "the name is not of the form <scenario>/<platform>-<release>-<enrollment class>.snap",
        )
    })?;
    let size = fs::metadata(path)
        .map_err(|error| StoreError::io(path, error))?
        .len();
    if size > MAX_FILE {
        return Err(StoreError::bad(
            path,
            format!("larger than {MAX_FILE} bytes"),
        ));
    }
    let text = fs::read_to_string(path).map_err(|error| StoreError::io(path, error))?;
    let file = SnapshotFile::parse(&text).map_err(|cause| StoreError::bad(path, cause))?;
    Ok(Stored {
        path: path.to_owned(),
        key,
        number,
        file,
    })
}

/// All approved and rejected files.
///
/// # Errors
/// The first file that can not be read.
pub fn load(folder: &Path) -> Result<Baselines, StoreError> {
    let mut all = Baselines::default();
    for one in stored(folder, APPROVED)? {
        all.approve(one.key, one.file);
    }
    for one in stored(folder, REJECTED)? {
        all.reject(one.key, one.file);
    }
    Ok(all)
}

/// Writes a proposal beside the file it would become and returns its path.
///
/// # Errors
/// The file can not be written.
pub fn propose(
    folder: &Path,
    key: &Key,
    number: u32,
    file: &SnapshotFile,
) -> Result<PathBuf, StoreError> {
    let path = folder.join(format!("{}.new", key.path(number)));
    write(&path, file)?;
    Ok(path)
}

/// Accepts a proposal: with the decision in its header it becomes the baseline of its release.
///
/// Returns the path of the baseline; `None` when the behavior is that of the newest older release, so that no file is
/// needed.
///
/// # Errors
/// A file that can not be read or written.
pub fn accept(
    folder: &Path,
    proposal: &Path,
    decision: &Decision,
) -> Result<Option<PathBuf>, StoreError> {
    let mut one = read(proposal)?;
    one.file.header.decide(decision);
    let target = folder.join(one.key.path(one.number));
    let second = folder.join(one.key.path(2));
    let alone = one.number == 1
        && !second.exists()
        && !folder.join(format!("{}.new", one.key.path(2))).exists();
    let inherited =
        alone && older(folder, &one.key)?.is_some_and(|text| text == one.file.text.trim_end());
    if inherited {
        if target.is_file() {
            fs::remove_file(&target).map_err(|error| StoreError::io(&target, error))?;
        }
    } else {
        write(&target, &one.file)?;
    }
    fs::remove_file(proposal).map_err(|error| StoreError::io(proposal, error))?;
    Ok((!inherited).then_some(target))
}

/// The text of the newest older release's baseline, when it has no alternatives.
fn older(folder: &Path, key: &Key) -> Result<Option<String>, StoreError> {
    let mut found: Vec<Stored> = Vec::new();
    for path in entries(&folder.join(&key.line.scenario))? {
        let wanted = name(&path).ends_with(APPROVED)
            && Key::from_path(&key.line.scenario, name(&path))
                .is_some_and(|(other, _)| other.line == key.line && other.release < key.release);
        if wanted {
            found.push(read(&path)?);
        }
    }
    let Some(newest) = found.iter().map(|one| one.key.release).max() else {
        return Ok(None);
    };
    let mut newest = found.iter().filter(|one| one.key.release == newest);
    Ok(match (newest.next(), newest.next()) {
        (Some(one), None) => Some(one.file.text.trim_end().to_owned()),
        _ => None,
    })
}

/// Writes a decision into a baseline that was accepted without one.
///
/// # Errors
/// A file that can not be read or written.
pub fn sign(baseline: &Path, decision: &Decision) -> Result<(), StoreError> {
    let mut one = read(baseline)?;
    one.file.header.decide(decision);
    write(baseline, &one.file)
}

/// Rejects a proposal: what it holds stays a difference, with the decision.
///
/// # Errors
/// A file that can not be read or written.
pub fn reject(proposal: &Path, decision: &Decision) -> Result<PathBuf, StoreError> {
    let mut one = read(proposal)?;
    one.file.header.decide(decision);
    let stem = name(proposal).trim_end_matches(PROPOSED).to_owned();
    let path = proposal.with_file_name(format!("{stem}{REJECTED}"));
    write(&path, &one.file)?;
    fs::remove_file(proposal).map_err(|error| StoreError::io(proposal, error))?;
    Ok(path)
}

fn write(path: &Path, file: &SnapshotFile) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| StoreError::io(parent, error))?;
    }
    fs::write(path, file.to_content()).map_err(|error| StoreError::io(path, error))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io(folder, error)),
    };
    let mut out = listing
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| StoreError::io(folder, error))?;
    out.sort();
    Ok(out)
}

fn name(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::{EnrollmentClass, Line};
    use crate::file::Header;

    fn key(release: &str) -> Key {
        Key {
            line: Line {
                scenario: "lock".to_owned(),
                platform: device_matrix::platform::Platform::Ios,
                class: EnrollmentClass::Ade,
            },
            release: release.parse().expect("version"),
        }
    }

    fn file(text: &str) -> SnapshotFile {
        SnapshotFile {
            header: Header::default(),
            text: text.to_owned(),
        }
    }

    fn decision() -> Decision {
        Decision {
            who: "QA".to_owned(),
            why: "documented".to_owned(),
            date: "2026-11-23".to_owned(),
        }
    }

    #[test]
    fn a_proposal_is_accepted_with_its_decision_and_only_where_behavior_changed() {
        let folder = tempfile::tempdir().expect("folder");
        let folder = folder.path();
        for (release, text, kept) in [
            ("18.0", "# a\n", true),
            ("18.1", "# a\n", false),
            ("26.0", "# b\n", true),
        ] {
            let new = propose(folder, &key(release), 1, &file(text)).expect("proposed");
            assert_eq!(stored(folder, PROPOSED).expect("listed").len(), 1);
            let accepted = accept(folder, &new, &decision()).expect("accepted");
            assert_eq!(accepted.is_some(), kept, "{release}");
            assert!(!new.exists());
        }
        let names: Vec<String> = stored(folder, APPROVED)
            .expect("listed")
            .iter()
            .map(|one| one.key.path(one.number))
            .collect();
        assert_eq!(names, ["lock/ios-18.0-ade.snap", "lock/ios-26.0-ade.snap"]);
        let all = load(folder).expect("loaded");
        let found = all.in_force(&key("18.5")).expect("in force");
        assert_eq!(found.files[0].header.decision(), Some(decision()));
    }

    #[test]
    fn a_rejected_proposal_is_remembered() {
        let folder = tempfile::tempdir().expect("folder");
        let new = propose(folder.path(), &key("18.0"), 2, &file("# b\n")).expect("proposed");
        let path = reject(&new, &decision()).expect("rejected");
        assert!(path.ends_with("lock/ios-18.0-ade~2.snap.rejected"));
        assert_eq!(stored(folder.path(), REJECTED).expect("listed").len(), 1);
        assert!(stored(folder.path(), APPROVED).expect("listed").is_empty());
    }

    #[test]
    fn a_broken_file_is_told_with_its_path() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("lock/ios-18.0-ade.snap");
        fs::create_dir_all(path.parent().expect("parent")).expect("made");
        fs::write(&path, "nothing").expect("written");
        let error = load(folder.path()).expect_err("broken").to_string();
        assert!(
            error.contains("ios-18.0-ade.snap") && error.contains("---"),
            "{error}"
        );
        assert!(
            load(&folder.path().join("nowhere"))
                .expect("none")
                .is_empty()
        );
    }
}
