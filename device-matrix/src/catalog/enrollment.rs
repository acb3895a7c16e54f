//! `data/enrollment.toml`.

use crate::diag::{Diagnostic, SourceFile};
use crate::enrollment::{EnrollmentRow, EnrollmentType, Mark};
use crate::known::Known;
use crate::platform::Platform;
use crate::table::{Fields, Reader, read_file};
use crate::version::VersionNumber;

const ROW: [&str; 7] = [
    "kind",
    "platform",
    "from",
    "until",
    "supervised",
    "mark",
    "note",
];

pub(super) fn read(source: &SourceFile) -> (Vec<EnrollmentRow>, Vec<Diagnostic>) {
    read_file(source, &["enrollment"], |reader, root| {
        let mut rows: Vec<EnrollmentRow> = Vec::new();
        for entry in reader.tables(root, "enrollment", &ROW) {
            let Some(row) = row(reader, &entry) else {
                continue;
            };
            if row.until.is_some_and(|until| until <= row.from) {
                reader.report(
                    "DM0016",
                    entry.span.clone(),
                    format!("{} on {} ends before it begins", row.kind, row.platform),
                    "`until` is the first version that no longer has it".to_owned(),
                );
            }
            if rows.iter().any(|other| overlap(other, &row)) {
                reader.report(
                    "DM0016",
                    entry.span.clone(),
                    format!("two rows for {} on {} overlap", row.kind, row.platform),
                    "end the older row with `until`".to_owned(),
                );
            }
            rows.push(row);
        }
        rows
    })
}

fn overlap(a: &EnrollmentRow, b: &EnrollmentRow) -> bool {
    a.kind == b.kind && a.platform == b.platform && (a.covers(&b.from) || b.covers(&a.from))
}

fn row(reader: &mut Reader<'_>, entry: &Fields<'_>) -> Option<EnrollmentRow> {
    let kind = reader.required(entry, "kind");
    let kind = kind.and_then(|at| reader.word(&at, "enrollment type", &EnrollmentType::WORDS));
    let mark = reader.required(entry, "mark");
    let mark = mark.and_then(|at| reader.word(&at, "mark", &Mark::WORDS));
    let platform = reader.required_parsed::<Platform>(entry, "platform");
    let from = reader.required_parsed::<VersionNumber>(entry, "from");
    let until = reader.parsed::<VersionNumber>(entry, "until");
    let note = reader.text(entry, "note");
    let supervised = reader.required(entry, "supervised")?;
    let supervised_from = match supervised.value.as_str() {
        "never" => Known::Known(None),
        "unknown" => Known::Unknown,
        _ => {
            let from = reader.convert::<VersionNumber>(supervised, "supervised")?;
            Known::Known(Some(from.value))
        }
    };
    Some(EnrollmentRow {
        kind: kind?,
        platform: platform?.value,
        from: from?.value,
        until: until.map(|at| at.value),
        supervised_from,
        mark: mark?,
        note,
    })
}
