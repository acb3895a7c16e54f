//! The published file of facts later than the checkout, as far as it is read.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The file as published; fields that are prose or bookkeeping of the publisher are not read.
#[derive(Deserialize)]
pub(super) struct Wire {
    #[serde(rename = "_header")]
    pub(super) header: Header,
    pub(super) rows: Vec<WireRow>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) base: String,
    pub(super) docs_commit: String,
    pub(super) docs_date: String,
}

#[derive(Deserialize)]
pub(super) struct WireRow {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) key: Option<String>,
    #[serde(rename = "type")]
    pub(super) value_type: Option<String>,
    pub(super) etype: Option<String>,
    pub(super) part: String,
    pub(super) change: Vec<String>,
    pub(super) os: BTreeMap<String, WireState>,
    pub(super) c: String,
    pub(super) required: Option<bool>,
    pub(super) file: Option<String>,
    pub(super) values: Option<Vec<serde_json::Value>>,
    pub(super) default: Option<String>,
    #[serde(default)]
    pub(super) conflict: Vec<WireConflict>,
    pub(super) user_enrollment_allowed: Option<Vec<String>>,
    pub(super) allowed_scopes: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WireState {
    pub(super) introduced: Option<String>,
    pub(super) deprecated: Option<String>,
    pub(super) removed: Option<String>,
    pub(super) supervised: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct WireConflict {
    pub(super) os: String,
    pub(super) field: String,
    pub(super) docs: Option<String>,
    pub(super) facts: Option<String>,
}
