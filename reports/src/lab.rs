//! `lab.toml`: real devices that are enrolled in the server under test already.

use std::path::Path;

use device_matrix::diag::Diagnostic;

use crate::toml_reader::{Sink, Table, code, parse};

/// Seconds that a real device may take to answer when its entry does not say.
const PATIENCE: u32 = 120;

/// One device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabEntry {
    /// Name for people.
    pub name: String,
    /// UDID or `EnrollmentID`, as the server knows it.
    pub enrollment_id: String,
    /// User id of its user channel.
    pub user_id: Option<String>,
    /// Model id.
    pub model: String,
    /// Release id, such as `ios18.1`.
    pub release: String,
    /// Enrollment type word.
    pub enrollment: String,
    /// Commands that are allowed although they are dangerous.
    pub allow: Vec<String>,
    /// Commands that are allowed at all; empty is every one that is not dangerous.
    pub only: Vec<String>,
    /// Seconds that it may take to answer.
    pub answer_seconds: u32,
}

impl LabEntry {
    /// The cell it stands for.
    #[must_use]
    pub fn cell(&self) -> String {
        format!("{}/{}/{}/fresh", self.release, self.model, self.enrollment)
    }
}

/// Reads `lab.toml`. `path` is what diagnostics show.
///
/// # Errors
/// All errors of the file at once; two devices for one cell are one.
pub fn load(path: &Path, text: &str) -> Result<Vec<LabEntry>, Vec<Diagnostic>> {
    let mut sink = Sink::new(path);
    let file = parse(text, &mut sink);
    let mut root = Table::root(&file);
    let mut entries: Vec<LabEntry> = Vec::new();
    for mut table in root.tables("device", "a lab device", &mut sink) {
        let span = table.span();
        let mut list = |key: &'static str, table: &mut Table<'_, '_>| -> Vec<String> {
            if !table.has(key) {
                return Vec::new();
            }
            let found = table.strings(key, &mut sink);
            found.into_iter().map(|(name, _)| name).collect()
        };
        let (allow, only) = (list("allow", &mut table), list("only", &mut table));
        let entry = LabEntry {
            name: table.string("name", &mut sink),
            enrollment_id: table.string("enrollment_id", &mut sink),
            user_id: table.optional_string("user_id", &mut sink),
            model: table.string("model", &mut sink),
            release: table.string("release", &mut sink),
            enrollment: table.string("enrollment", &mut sink),
            allow,
            only,
            answer_seconds: table.integer("answer_seconds", PATIENCE, &mut sink),
        };
        table.finish(&mut sink);
        if let Some(known) = entries.iter().find(|known| known.cell() == entry.cell()) {
            sink.error(
                code::WRONG_VALUE,
                span,
                format!(
                    "`{}` and `{}` stand for the same cell {}",
                    known.name,
                    entry.name,
                    entry.cell()
                ),
                "list one of them; a cell is run on one device",
            );
        }
        entries.push(entry);
    }
    root.finish(&mut sink);
    if sink.found.is_empty() {
        Ok(entries)
    } else {
        Err(sink.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[[device]]
name = "shelf 3"
enrollment_id = "00008140-000A"
model = "iPhone17,2"
release = "ios18.1"
enrollment = "ade"
allow = ["DeviceLock"]
answer_seconds = 30
"#;

    #[test]
    fn a_device_is_listed_with_its_cell_and_its_list() {
        let entries = load(Path::new("lab.toml"), GOOD).expect("lab");
        assert_eq!(entries[0].cell(), "ios18.1/iPhone17,2/ade/fresh");
        assert_eq!(entries[0].allow, ["DeviceLock"]);
        assert_eq!(entries[0].answer_seconds, 30);
        assert!(entries[0].only.is_empty());
    }

    #[test]
    fn every_mistake_is_told() {
        let twice = format!("{GOOD}{GOOD}");
        let typo = GOOD.replace("model", "modle");
        assert_eq!(load(Path::new("lab.toml"), &twice).unwrap_err().len(), 1);
        assert_eq!(load(Path::new("lab.toml"), &typo).unwrap_err().len(), 2);
    }
}
