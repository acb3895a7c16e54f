//! The action table.

use std::collections::BTreeMap;

use device_matrix::diag::{Diagnostic, SourceFile};

use super::reader::{Reader, Report, parse, string};
use crate::action::{ActionRow, ActionTable};
use crate::codes;

/// Reads the action table. The diagnostics are empty exactly when the file is right by itself.
pub fn load_actions(source: &SourceFile) -> Result<ActionTable, Vec<Diagnostic>> {
    let mut report = Report::new(&source.path);
    let parsed = parse(source, &mut report);
    if !report.found.is_empty() {
        return Err(report.sorted());
    }
    let mut reader = Reader::new(parsed.get_ref(), 0..0, "the action table");
    let mut table = ActionTable::default();
    for mut inner in reader.tables("action", &mut report) {
        let (id, span) = inner.required("id", &mut report);
        let name = inner.required_text("name", &mut report);
        let (request_type, _) = inner.required("command", &mut report);
        let mut args = BTreeMap::new();
        if let Some(keys) = inner.table("args", &mut report) {
            for (argument, _, value) in keys.entries() {
                if let Some((key, _)) = string(value, argument, &mut report) {
                    args.insert(argument.to_owned(), key.to_owned());
                }
            }
        }
        inner.finish(&mut report);
        if table.row(id).is_some() {
            report.error(
                codes::DUPLICATE,
                span,
                format!("action `{id}` occurs twice"),
            );
        }
        table.rows.push(ActionRow {
            id: id.to_owned(),
            name,
            request_type: request_type.to_owned(),
            args,
        });
    }
    reader.finish(&mut report);
    if report.found.is_empty() {
        Ok(table)
    } else {
        Err(report.sorted())
    }
}
