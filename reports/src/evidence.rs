//! Where transcripts come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use scenarios::event::Transcript;
use sha2::{Digest, Sha256};

/// Largest transcript that is read, in bytes.
const MAX_TRANSCRIPT: u64 = 64 * 1024 * 1024;

/// A source of transcripts by digest. What can not be read is absent, never made up.
pub trait Evidence: Sync {
    /// The transcript with this SHA-256 digest.
    fn transcript(&self, sha: &str) -> Option<Transcript>;
}

/// The `evidence` folder of a record.
#[derive(Clone, Debug)]
pub struct EvidenceDir {
    /// The folder.
    pub folder: PathBuf,
}

impl Evidence for EvidenceDir {
    fn transcript(&self, sha: &str) -> Option<Transcript> {
        if sha.len() != 64 || !sha.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let path = self.folder.join(sha);
        if fs::metadata(&path).ok()?.len() > MAX_TRANSCRIPT {
            return None;
        }
        let bytes = fs::read(&path).ok()?;
        if hex(&Sha256::digest(&bytes)) != sha.to_ascii_lowercase() {
            return None;
        }
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
    use super::*;

    #[test]
    fn altered_evidence_is_not_evidence() {
        let folder = tempfile::tempdir().expect("folder");
        let text = br#"{"messages":[]}"#;
        let sha = hex(&Sha256::digest(text));
        let evidence = EvidenceDir {
            folder: folder.path().to_owned(),
        };
        fs::write(folder.path().join(&sha), text).expect("write");
        assert_eq!(evidence.transcript(&sha), Some(Transcript::default()));
        fs::write(folder.path().join(&sha), br#"{"messages": []}"#).expect("write");
        assert_eq!(evidence.transcript(&sha), None);
        assert_eq!(evidence.transcript("../../etc/passwd"), None);
    }
}
