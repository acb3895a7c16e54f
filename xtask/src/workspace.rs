//! Where the data is: the root of the workspace.

use std::path::{Path, PathBuf};

use crate::exit::{Exit, Stop};

/// The root of the checkout in which the command runs.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    /// The folder that holds `verify.toml`.
    pub(crate) root: PathBuf,
}

impl Workspace {
    /// Searches upward from `start` for the folder that holds `verify.toml`.
    pub(crate) fn find(start: &Path) -> Result<Self, Stop> {
        start
            .ancestors()
            .find(|folder| folder.join("verify.toml").is_file())
            .map(|folder| Self {
                root: folder.to_owned(),
            })
            .ok_or_else(|| {
                Stop::new(
                    Exit::Usage,
                    format!(
                        "no verify.toml in {} or a folder above it; run the command inside a checkout of the harness",
                        start.display()
                    ),
                )
            })
    }

    /// The folder of recorded runs.
    pub(crate) fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }
}
