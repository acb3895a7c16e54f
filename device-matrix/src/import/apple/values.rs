//! Changed lists of allowed values: additions and values that the documentation no longer lists.

use serde::Deserialize;

use super::ImportError;
use super::later::Later;
use super::schema::scalar_of;
use super::wire::plain;
use crate::capability::raw::{self, RawKey};
use crate::capability::{Kind, Role, ValueType};

#[derive(Deserialize)]
struct WireRow {
    kind: String,
    id: String,
    key: String,
    part: String,
    added: Vec<serde_json::Value>,
    gone: Vec<serde_json::Value>,
}

/// Merges the rows into the later layer. A row without place is kept among the disagreements.
pub(super) fn merge(later: &mut Later, json: &str) -> Result<(), ImportError> {
    let rows: Vec<WireRow> = serde_json::from_str(json)
        .map_err(|error| ImportError::Later("values after the checkout", error))?;
    later.summary.value_rows = rows.len();
    for row in &rows {
        match place(later, row) {
            Ok(()) => later.summary.value_rows_matched += 1,
            Err(why) => later.unmatched(&row.kind, &row.id, None, Some(&row.key), &why),
        }
    }
    Ok(())
}

fn place(later: &mut Later, row: &WireRow) -> Result<(), String> {
    let kind = raw::value(&Kind::WORDS, &row.kind)
        .ok_or_else(|| format!("kind `{}` is not known", row.kind))?;
    let role = if row.part == "response" {
        Role::Response
    } else {
        Role::Payload
    };
    let file = later
        .file(None, kind, &row.id, role, Some(&row.key))
        .ok_or("no checkout has the item")?;
    let followed = later
        .tree(&file)
        .map(|tree| tree.follow(role, &row.key))
        .filter(|followed| followed.rest.is_empty())
        .ok_or("no checkout has the key whose values changed")?;
    let mut path = followed.path;
    let mut value_type = later
        .value_type(&file, role, &path)
        .unwrap_or(ValueType::Any);
    if value_type == ValueType::Array {
        // The values are those of the elements.
        let children = later
            .tree(&file)
            .map(|tree| tree.names(role, &path).to_vec())
            .unwrap_or_default();
        if let [only] = children.as_slice() {
            path.push(only.clone());
            value_type = later
                .value_type(&file, role, &path)
                .unwrap_or(ValueType::Any);
        }
    }
    let values = |list: &[serde_json::Value]| {
        list.iter()
            .map(|value| scalar_of(&plain(value), value_type, true))
            .collect()
    };
    let mut key = RawKey::at(path, role);
    key.values_added = values(&row.added);
    key.values_gone = values(&row.gone);
    later.layer(&file, kind, &row.id).keys.push(key);
    Ok(())
}
