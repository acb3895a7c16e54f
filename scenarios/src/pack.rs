//! The pack: all transcripts of a run in one file.
//!
//! Each entry is a line with the transcript's SHA-256 in lower-case hexadecimal and its length in bytes, the transcript,
//! and a line feed. A pack is only appended to; an entry that was cut off in the middle ends it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

/// Name of the evidence folder in the folder of a run.
pub const FOLDER: &str = "evidence";
/// Name of the pack in the evidence folder.
pub const PACK: &str = "pack";

/// Largest transcript that is read, in bytes.
const MAX_TRANSCRIPT: u64 = 256 * 1024 * 1024;
/// Longest head of an entry: digits of the address, a space, digits of the length, a line feed.
const MAX_HEAD: u64 = 64 + 1 + 20 + 1;

/// SHA-256 of a transcript's bytes.
type Address = [u8; 32];

/// The line before a transcript of `length` bytes.
#[must_use]
pub fn head(sha256: &str, length: usize) -> String {
    format!("{sha256} {length}\n")
}

/// Where the whole entries of a pack are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    places: HashMap<Address, Place>,
    end: u64,
}

/// Where a transcript is, in bytes from the beginning of the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    offset: u64,
    length: u64,
}

impl Index {
    /// Walks over the heads of a pack from its beginning to the first entry that is not whole.
    pub fn scan(mut pack: impl Read + Seek) -> io::Result<Self> {
        let size = pack.seek(SeekFrom::End(0))?;
        pack.seek(SeekFrom::Start(0))?;
        let mut pack = BufReader::new(pack);
        let mut index = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut pack).take(MAX_HEAD).read_until(b'\n', &mut line)?;
            let Some((address, length)) = parse(&line) else {
                return Ok(index);
            };
            let offset = index.end + read as u64;
            let Some(end) = offset
                .checked_add(length)
                .and_then(|end| end.checked_add(1))
                .filter(|end| *end <= size)
            else {
                return Ok(index);
            };
            pack.seek_relative(i64::try_from(length).map_err(io::Error::other)?)?;
            let mut feed = [0];
            pack.read_exact(&mut feed)?;
            if feed != *b"\n" {
                return Ok(index);
            }
            index.places.insert(address, Place { offset, length });
            index.end = end;
        }
    }

    /// Where the last whole entry ends: what follows was cut off and may be overwritten.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }
}

/// A pack that is read.
#[derive(Debug)]
pub struct Pack {
    file: Mutex<File>,
    index: Index,
}

impl Pack {
    /// Opens the pack in an evidence folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = File::open(folder.join(PACK))?;
        let index = Index::scan(&file)?;
        Ok(Self {
            file: Mutex::new(file),
            index,
        })
    }

    /// Addresses of all transcripts, in order.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        let mut all: Vec<String> = self.index.places.keys().map(hex).collect();
        all.sort_unstable();
        all
    }

    /// The bytes of a transcript. [`ErrorKind::NotFound`] when the pack has none with this address, and
    /// [`ErrorKind::InvalidData`] when its content is another one by now.
    pub fn bytes(&self, sha256: &str) -> io::Result<Vec<u8>> {
        let absent = || io::Error::new(ErrorKind::NotFound, "the pack has no such transcript");
        let address = unhex(sha256.as_bytes()).ok_or_else(absent)?;
        let place = self.index.places.get(&address).ok_or_else(absent)?;
        if place.length > MAX_TRANSCRIPT {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                format!("the transcript has more than {MAX_TRANSCRIPT} bytes"),
            ));
        }
        let mut bytes = Vec::new();
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(place.offset))?;
            (&mut *file).take(place.length).read_to_end(&mut bytes)?;
        }
        if Sha256::digest(&bytes).as_slice() != address {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "the content does not have its address",
            ));
        }
        Ok(bytes)
    }
}

fn parse(line: &[u8]) -> Option<(Address, u64)> {
    let line = line.strip_suffix(b"\n")?;
    let (address, rest) = line.split_at_checked(64)?;
    let length = std::str::from_utf8(rest.strip_prefix(b" ")?).ok()?;
    Some((unhex(address)?, length.parse().ok()?))
}

fn unhex(digits: &[u8]) -> Option<Address> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut out = Address::default();
    if digits.len() != 2 * out.len() {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? * 16 + digit(pair[1])?;
    }
    Some(out)
}

fn hex(address: &Address) -> String {
    use std::fmt::Write as _;
    address.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string can not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn entry(text: &[u8]) -> (String, Vec<u8>) {
        let mut address = Address::default();
        address.copy_from_slice(Sha256::digest(text).as_slice());
        let sha = hex(&address);
        let mut bytes = head(&sha, text.len()).into_bytes();
        bytes.extend_from_slice(text);
        bytes.push(b'\n');
        (sha, bytes)
    }

    #[test]
    fn a_pack_cut_anywhere_keeps_its_whole_entries() {
        let parts = [entry(b"one"), entry(b""), entry(b"line\nfeed")];
        let whole: Vec<u8> = parts.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let mut ends = vec![0];
        for (_, bytes) in &parts {
            ends.push(ends[ends.len() - 1] + bytes.len());
        }
        for cut in 0..=whole.len() {
            let index = Index::scan(Cursor::new(&whole[..cut])).expect("scanned");
            let expected = ends.iter().copied().filter(|end| *end <= cut).max();
            assert_eq!(
                Some(index.end()),
                expected.map(|end| end as u64),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn what_was_altered_is_told_from_what_is_absent() {
        let folder = tempfile::tempdir().expect("a folder");
        let (sha, mut bytes) = entry(b"transcript");
        std::fs::write(folder.path().join(PACK), &bytes).expect("written");
        let pack = Pack::open(folder.path()).expect("opened");
        assert_eq!(pack.addresses(), std::slice::from_ref(&sha));
        assert_eq!(pack.bytes(&sha).expect("there"), b"transcript");
        let of = |pack: &Pack, sha: &str| pack.bytes(sha).map_err(|error| error.kind());
        assert_eq!(of(&pack, &"0".repeat(64)), Err(ErrorKind::NotFound));
        assert_eq!(of(&pack, "../events.jsonl"), Err(ErrorKind::NotFound));
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(folder.path().join(PACK), &bytes).expect("written");
        let pack = Pack::open(folder.path()).expect("opened");
        assert_eq!(of(&pack, &sha), Err(ErrorKind::InvalidData));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), length in any::<u64>()) {
            let _ = Index::scan(Cursor::new(&bytes));
            let mut lying = format!("{} {length}\n", "a".repeat(64)).into_bytes();
            lying.extend(&bytes);
            let _ = Index::scan(Cursor::new(&lying));
        }
    }
}
