//! From vendor sources to data files. Run by a person; the result is reviewed as a diff.

pub mod apple;

use std::path::PathBuf;

/// A data file that an import wants written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Path relative to the root of the workspace.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}
