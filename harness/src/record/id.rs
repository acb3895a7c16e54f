//! The run's id: the same plan, seed, date, data and server give the same id.

use std::collections::BTreeMap;

use scenarios::event::ServerOrigin;
use scenarios::plan::{Check, Plan};
use serde_json::json;

use super::evidence::{canonical, sha256_hex};

/// What makes two runs the same run.
#[derive(Clone, Copy, Debug)]
pub struct RunKey<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// `smoke`, `pairwise`, `full`.
    pub tier: &'a str,
    /// Filters in force, by name.
    pub filters: &'a BTreeMap<String, String>,
    /// Seed of ids and randomness.
    pub seed: u64,
    /// The date as of which the run looks at the world (ISO 8601).
    pub as_of: &'a str,
    /// Revisions of data files by name.
    pub data: &'a BTreeMap<String, String>,
    /// Name of the server adapter.
    pub server: &'a str,
    /// Origin of the server.
    pub origin: ServerOrigin,
    /// What the server calls itself, when it says so.
    pub server_build: Option<&'a str>,
}

/// Twenty hexadecimal digits derived from `key`.
#[must_use]
pub fn run_id(key: &RunKey<'_>) -> String {
    let cells: Vec<String> = key.plan.cells.iter().map(|cell| cell.id()).collect();
    let cases: Vec<_> = key
        .plan
        .cases
        .iter()
        .map(|case| match case.check {
            Check::Scenario(index) => json!([case.cell, "scenario", index]),
            Check::Probe(index) => json!([case.cell, "probe", index]),
        })
        .collect();
    let document = json!({
        "target": key.plan.target,
        "cells": cells,
        "cases": cases,
        "tier": key.tier,
        "filters": key.filters,
        "seed": key.seed,
        "as_of": key.as_of,
        "data": key.data,
        "server": key.server,
        "server_origin": key.origin,
        "server_build": key.server_build,
    });
    let mut id = sha256_hex(&canonical(&document));
    id.truncate(20);
    id
}
