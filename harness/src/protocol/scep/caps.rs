//! The answer to `GetCACaps` (RFC 8894 §3.5).

use super::envelope::Cipher;

/// Longest answer that is read, in bytes.
const LONGEST: usize = 4096;

/// What an authority can do. Without an answer it can do what the first servers could: `GET`, SHA-1, triple DES.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one word of the answer each")]
pub(crate) struct Caps {
    /// `POSTPKIOperation`.
    pub(crate) post: bool,
    /// `SHA-256` (or stronger).
    pub(crate) sha256: bool,
    /// `AES`: AES-128 in CBC mode.
    pub(crate) aes: bool,
    /// `Renewal`.
    pub(crate) renewal: bool,
}

impl Caps {
    /// Reads the words, one a line, in any case. Words that are not known say nothing.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&body[..body.len().min(LONGEST)]);
        let mut caps = Self::default();
        for word in text.lines().map(|line| line.trim().to_ascii_lowercase()) {
            match word.as_str() {
                "postpkioperation" => caps.post = true,
                "sha-256" | "sha-512" => caps.sha256 = true,
                "aes" => caps.aes = true,
                "renewal" => caps.renewal = true,
                // RFC 8894 §3.5.2: stands for AES, POSTPKIOperation and SHA-256.
                "scepstandard" => {
                    caps.post = true;
                    caps.sha256 = true;
                    caps.aes = true;
                }
                _ => {}
            }
        }
        caps
    }

    /// What messages to this authority are encrypted with.
    pub(crate) fn cipher(self) -> Cipher {
        if self.aes {
            Cipher::Aes128
        } else {
            Cipher::TripleDes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_case_and_order() {
        let all = Caps {
            post: true,
            sha256: true,
            aes: true,
            renewal: false,
        };
        let table: [(&[u8], Caps); 5] = [
            (b"", Caps::default()),
            (b"SCEPStandard", all),
            (b"aes\r\nPOSTPKIOperation\nSha-256\r\nFuture", all),
            (
                b"DES3\nSHA-1\nRenewal\n",
                Caps {
                    renewal: true,
                    ..Caps::default()
                },
            ),
            (b"<html>\xff\xfe</html>", Caps::default()),
        ];
        for (body, expected) in table {
            assert_eq!(Caps::parse(body), expected, "{body:?}");
        }
    }
}
