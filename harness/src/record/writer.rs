//! Writes a record: one line an event, one file an evidence, evidence always before the event that names it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use scenarios::event::Event;

use super::evidence::Evidence;
use super::reader::RecordError;

/// Name of the event log.
pub const EVENTS: &str = "events.jsonl";
/// Name of the evidence folder.
pub const EVIDENCE: &str = "evidence";

/// The writing end of a record.
#[derive(Debug)]
pub struct RecordWriter {
    dir: PathBuf,
    events: BufWriter<File>,
    /// Address of the latest evidence: the blocked cases of a cell share theirs.
    latest: String,
}

impl RecordWriter {
    /// Begins a record in `dir`, which is made when it is missing. A record that is already there is never
    /// overwritten.
    pub fn create(dir: &Path) -> Result<Self, RecordError> {
        fs::create_dir_all(dir.join(EVIDENCE)).map_err(|error| RecordError::io(dir, &error))?;
        let path = dir.join(EVENTS);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| {
                if error.kind() == io::ErrorKind::AlreadyExists {
                    RecordError::Exists { path: path.clone() }
                } else {
                    RecordError::io(&path, &error)
                }
            })?;
        Ok(Self {
            dir: dir.to_owned(),
            events: BufWriter::with_capacity(256 * 1024, file),
            latest: String::new(),
        })
    }

    /// Continues a record: what follows its last whole line is cut off first.
    pub fn resume(dir: &Path) -> Result<Self, RecordError> {
        fs::create_dir_all(dir.join(EVIDENCE)).map_err(|error| RecordError::io(dir, &error))?;
        let path = dir.join(EVENTS);
        let io = |error: io::Error| RecordError::io(&path, &error);
        let text = fs::read(&path).map_err(io)?;
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |position| position + 1);
        let mut file = OpenOptions::new().write(true).open(&path).map_err(io)?;
        file.set_len(whole as u64).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        Ok(Self {
            dir: dir.to_owned(),
            events: BufWriter::with_capacity(256 * 1024, file),
            latest: String::new(),
        })
    }

    /// Appends an event.
    pub fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        let path = self.dir.join(EVENTS);
        serde_json::to_writer(&mut self.events, event)
            .map_err(|error| RecordError::io(&path, &io::Error::from(error)))?;
        self.events
            .write_all(b"\n")
            .map_err(|error| RecordError::io(&path, &error))
    }

    /// Stores evidence under its address. A new file is torn only when the process dies in the middle, and then no
    /// event names it yet; a file that is there already is replaced as a whole.
    pub fn evidence(&mut self, evidence: &Evidence) -> Result<(), RecordError> {
        if self.latest == evidence.sha256 {
            return Ok(());
        }
        let path = self.dir.join(EVIDENCE).join(&evidence.sha256);
        let new = OpenOptions::new().write(true).create_new(true).open(&path);
        let stored = match new {
            Ok(mut file) => file.write_all(&evidence.bytes),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let beside = path.with_extension("tmp");
                fs::write(&beside, &evidence.bytes).and_then(|()| fs::rename(&beside, &path))
            }
            Err(error) => Err(error),
        };
        stored.map_err(|error| RecordError::io(&path, &error))?;
        self.latest.clone_from(&evidence.sha256);
        Ok(())
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        let path = self.dir.join(EVENTS);
        self.events
            .flush()
            .map_err(|error| RecordError::io(&path, &error))
    }
}
