//! Writes a record: one line an event, one pack of evidence, evidence always before the event that names it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use scenarios::event::Event;
use scenarios::pack::{self, FOLDER, Index, PACK};

use super::evidence::Evidence;
use super::reader::RecordError;

/// Name of the event log.
pub const EVENTS: &str = "events.jsonl";
/// Bytes of each file that are gathered before the system gets them.
const BUFFER: usize = 256 * 1024;

/// The writing end of a record.
#[derive(Debug)]
pub struct RecordWriter {
    dir: PathBuf,
    events: BufWriter<File>,
    pack: BufWriter<File>,
    /// The line of one event, kept for its memory.
    line: Vec<u8>,
    /// Address of the latest evidence: the blocked cases of a cell share theirs.
    latest: String,
}

impl RecordWriter {
    /// Begins a record in `dir`, which is made when it is missing. A record that is already there is never
    /// overwritten.
    pub fn create(dir: &Path) -> Result<Self, RecordError> {
        fs::create_dir_all(dir.join(FOLDER)).map_err(|error| RecordError::io(dir, &error))?;
        let new = |path: PathBuf| {
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)
                .map_err(|error| {
                    if error.kind() == io::ErrorKind::AlreadyExists {
                        RecordError::Exists { path: path.clone() }
                    } else {
                        RecordError::io(&path, &error)
                    }
                })
        };
        let events = new(dir.join(EVENTS))?;
        let pack = new(pack_in(dir))?;
        Ok(Self::new(dir, events, pack))
    }

    fn new(dir: &Path, events: File, pack: File) -> Self {
        Self {
            dir: dir.to_owned(),
            events: BufWriter::with_capacity(BUFFER, events),
            pack: BufWriter::with_capacity(BUFFER, pack),
            line: Vec::new(),
            latest: String::new(),
        }
    }

    /// Continues a record: what follows its last whole line and its last whole evidence is cut off first.
    pub fn resume(dir: &Path) -> Result<Self, RecordError> {
        let path = dir.join(EVENTS);
        let io = |error: io::Error| RecordError::io(&path, &error);
        let text = fs::read(&path).map_err(io)?;
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |position| position + 1);
        let events = OpenOptions::new().write(true).open(&path).map_err(io)?;
        let events = continued(events, whole as u64).map_err(io)?;
        let path = pack_in(dir);
        let io = |error: io::Error| RecordError::io(&path, &error);
        let pack = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(io)?;
        let whole = Index::scan(&pack).map_err(io)?.end();
        let pack = continued(pack, whole).map_err(io)?;
        Ok(Self::new(dir, events, pack))
    }

    /// Appends an event.
    pub fn event(&mut self, event: &Event) -> Result<(), RecordError> {
        let path = self.dir.join(EVENTS);
        let io = |error: io::Error| RecordError::io(&path, &error);
        self.line.clear();
        serde_json::to_writer(&mut self.line, event).map_err(|error| io(error.into()))?;
        self.line.push(b'\n');
        if self.events.buffer().len() + self.line.len() > BUFFER {
            // The system is about to get events; it must have the evidence that they name.
            self.flush_pack()?;
        }
        self.events.write_all(&self.line).map_err(io)
    }

    /// Stores evidence under its address. It is torn only when the process dies in the middle, and then no event names
    /// it yet. Evidence that is in the pack already may be there twice.
    pub fn evidence(&mut self, evidence: &Evidence) -> Result<(), RecordError> {
        if self.latest == evidence.sha256 {
            return Ok(());
        }
        let head = pack::head(&evidence.sha256, evidence.bytes.len());
        [head.as_bytes(), &evidence.bytes, b"\n"]
            .into_iter()
            .try_for_each(|part| self.pack.write_all(part))
            .map_err(|error| RecordError::io(&pack_in(&self.dir), &error))?;
        self.latest.clone_from(&evidence.sha256);
        Ok(())
    }

    fn flush_pack(&mut self) -> Result<(), RecordError> {
        self.pack
            .flush()
            .map_err(|error| RecordError::io(&pack_in(&self.dir), &error))
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<(), RecordError> {
        self.flush_pack()?;
        let path = self.dir.join(EVENTS);
        self.events
            .flush()
            .map_err(|error| RecordError::io(&path, &error))
    }
}

fn pack_in(dir: &Path) -> PathBuf {
    dir.join(FOLDER).join(PACK)
}

/// The file cut to its whole part, to be appended to.
fn continued(mut file: File, whole: u64) -> io::Result<File> {
    file.set_len(whole)?;
    file.seek(SeekFrom::End(0))?;
    Ok(file)
}
