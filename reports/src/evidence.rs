//! Where transcripts come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use scenarios::event::Transcript;
use scenarios::pack::{FOLDER, Pack};

/// A source of transcripts by digest. What can not be read is absent, never made up.
pub trait Evidence: Sync {
    /// The transcript with this SHA-256 digest.
    fn transcript(&self, sha: &str) -> Option<Transcript>;
}

/// The evidence folder of a record, with its pack.
#[derive(Debug)]
pub struct EvidenceDir {
    folder: PathBuf,
    /// `None` when the record has no pack that can be opened: then nothing has evidence.
    pack: Option<Pack>,
}

impl EvidenceDir {
    /// Opens the evidence of the run in `run`.
    #[must_use]
    pub fn open(run: &Path) -> Self {
        let folder = run.join(FOLDER);
        let pack = Pack::open(&folder).ok();
        Self { folder, pack }
    }

    /// Writes transcripts of the pack as files of their own beside it, named by their digests, so that a link of the
    /// report opens one. What is there already stays.
    pub fn unpack<'a>(&self, shas: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
        let Some(pack) = &self.pack else {
            return Ok(());
        };
        for sha in shas {
            let path = self.folder.join(sha);
            // What can not be read has been told as absent evidence already.
            if let Ok(bytes) = pack.bytes(sha)
                && !path.exists()
            {
                fs::write(path, bytes)?;
            }
        }
        Ok(())
    }
}

impl Evidence for EvidenceDir {
    fn transcript(&self, sha: &str) -> Option<Transcript> {
        let bytes = self.pack.as_ref()?.bytes(sha).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

impl Evidence for BTreeMap<String, Transcript> {
    fn transcript(&self, sha: &str) -> Option<Transcript> {
        self.get(sha).cloned()
    }
}

/// Lowercase hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use scenarios::pack::{self, PACK};
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn altered_evidence_is_not_evidence() {
        let run = tempfile::tempdir().expect("folder");
        let folder = run.path().join(FOLDER);
        fs::create_dir(&folder).expect("folder");
        let text = "{\"messages\":[]}";
        let sha = hex(&Sha256::digest(text));
        let keep = |text: &str| {
            let entry = format!("{}{text}\n", pack::head(&sha, text.len()));
            fs::write(folder.join(PACK), entry).expect("write");
            EvidenceDir::open(run.path())
        };
        let evidence = keep(text);
        assert_eq!(evidence.transcript(&sha), Some(Transcript::default()));
        assert_eq!(evidence.transcript("../../etc/passwd"), None);
        let absent = "0".repeat(64);
        evidence
            .unpack([sha.as_str(), absent.as_str()])
            .expect("unpacked");
        let kept = fs::read_to_string(folder.join(&sha)).expect("a file");
        assert_eq!(kept, text);
        assert!(!folder.join(&absent).exists());
        assert_eq!(keep("{\"messages\": []}").transcript(&sha), None);
        assert_eq!(EvidenceDir::open(&folder).transcript(&sha), None);
    }
}
