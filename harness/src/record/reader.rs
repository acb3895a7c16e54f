//! Reads a record: events one by one with the place of every error, evidence by address.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use scenarios::event::{Event, SCHEMA_VERSION, Transcript};
use scenarios::pack::{FOLDER, PACK, Pack};

use super::writer::EVENTS;

/// Longest line of an event log in bytes that is read.
const MAX_LINE: u64 = 16 * 1024 * 1024;

/// A record could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The system refused.
    #[error("{}: {cause}. Check that the folder exists, is writable and has room", path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// There is a record already.
    #[error("{} is there already. Choose another folder for the run, or continue it with --resume", path.display())]
    Exists {
        /// Its event log.
        path: PathBuf,
    },
    /// A line is not an event.
    #[error("{}:{line}: not an event of a run record: {cause}. The file was changed after the run, or was written by another version", path.display())]
    Line {
        /// Event log.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What does not fit.
        cause: String,
    },
    /// The record's format is another one.
    #[error("{}: the record has format {found}, this program reads {SCHEMA_VERSION}. Read it with the version that wrote it", path.display())]
    Version {
        /// Event log.
        path: PathBuf,
        /// Version in the record.
        found: String,
    },
    /// The log does not begin with `run_started`.
    #[error("{}: the record does not begin with the event run_started. Choose the folder of a run", path.display())]
    Headless {
        /// Event log.
        path: PathBuf,
    },
    /// Evidence is missing, altered or unreadable.
    #[error("{}: {cause}. The record is not whole; run the case again with --resume", path.display())]
    Evidence {
        /// The pack, and the address in it.
        path: PathBuf,
        /// What is wrong.
        cause: String,
    },
    /// The record was made from something else.
    #[error("the record in {} is of run {found}, the present plan, seed, date, data and server make run {wanted}. Resume with the same arguments and data, or start a new run", path.display())]
    AnotherRun {
        /// Folder of the record.
        path: PathBuf,
        /// Id in the record.
        found: String,
        /// Id of the present inputs.
        wanted: String,
    },
}

impl RecordError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            cause: error.to_string(),
        }
    }
}

/// Reads the events of a record in order.
#[derive(Debug)]
pub struct RecordReader {
    dir: PathBuf,
    path: PathBuf,
    lines: BufReader<File>,
    /// The evidence, opened when it is asked for.
    pack: OnceLock<Pack>,
    line: usize,
    truncated: bool,
    done: bool,
}

impl RecordReader {
    /// Opens the record in `dir` and checks its version.
    pub fn open(dir: &Path) -> Result<Self, RecordError> {
        let mut reader = Self::at_start(dir)?;
        match reader.next() {
            Some(Ok(Event::RunStarted { .. })) => Self::at_start(dir),
            Some(Err(error)) => Err(error),
            _ => Err(RecordError::Headless { path: reader.path }),
        }
    }

    fn at_start(dir: &Path) -> Result<Self, RecordError> {
        let path = dir.join(EVENTS);
        let file = File::open(&path).map_err(|error| RecordError::io(&path, &error))?;
        Ok(Self {
            dir: dir.to_owned(),
            path,
            lines: BufReader::new(file),
            pack: OnceLock::new(),
            line: 0,
            truncated: false,
            done: false,
        })
    }

    /// Whether the last line was cut off in the middle; known when the iterator has ended.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// Reads the transcript with this address and checks that it still is what it was.
    pub fn evidence(&self, sha256: &str) -> Result<Transcript, RecordError> {
        let pack = if let Some(pack) = self.pack.get() {
            pack
        } else {
            let pack = open_pack(&self.dir)?;
            self.pack.get_or_init(|| pack)
        };
        transcript(&self.dir, pack, sha256)
    }

    fn read(&mut self) -> Result<Option<Event>, RecordError> {
        loop {
            let mut text = Vec::new();
            let read = (&mut self.lines)
                .take(MAX_LINE)
                .read_until(b'\n', &mut text)
                .map_err(|error| RecordError::io(&self.path, &error))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let whole = text.last() == Some(&b'\n');
            if text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return match serde_json::from_slice::<Event>(&text) {
                Ok(event) => {
                    self.check_version(&event)?;
                    Ok(Some(event))
                }
                Err(_) if !whole && (text.len() as u64) < MAX_LINE => {
                    self.truncated = true;
                    Ok(None)
                }
                Err(error) => {
                    if let Some(found) = other_version(&text) {
                        return Err(RecordError::Version {
                            path: self.path.clone(),
                            found,
                        });
                    }
                    Err(RecordError::Line {
                        path: self.path.clone(),
                        line: self.line,
                        cause: error.to_string(),
                    })
                }
            };
        }
    }

    fn check_version(&self, event: &Event) -> Result<(), RecordError> {
        match event {
            Event::RunStarted { schema_version, .. }
                if major(schema_version) != major(SCHEMA_VERSION) =>
            {
                Err(RecordError::Version {
                    path: self.path.clone(),
                    found: schema_version.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

impl Iterator for RecordReader {
    type Item = Result<Event, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.read() {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

/// Reads the transcript with this address from the record in `dir` and checks that it still is what it was. Whoever
/// reads many asks a [`RecordReader`], which goes through the pack once.
pub fn evidence(dir: &Path, sha256: &str) -> Result<Transcript, RecordError> {
    transcript(dir, &open_pack(dir)?, sha256)
}

fn open_pack(dir: &Path) -> Result<Pack, RecordError> {
    let folder = dir.join(FOLDER);
    Pack::open(&folder).map_err(|error| RecordError::Evidence {
        path: folder.join(PACK),
        cause: error.to_string(),
    })
}

fn transcript(dir: &Path, pack: &Pack, sha256: &str) -> Result<Transcript, RecordError> {
    let bytes = pack.bytes(sha256);
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from))
        .map_err(|error| RecordError::Evidence {
            path: dir.join(FOLDER).join(PACK).join(sha256),
            cause: error.to_string(),
        })
}

/// The version a line states when it is of another major version, whose events may look different.
fn other_version(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    let found = value.get("schema_version")?.as_str()?;
    (major(found) != major(SCHEMA_VERSION)).then(|| found.to_owned())
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}
