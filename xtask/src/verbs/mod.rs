//! The verbs, one thin file each.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::exit::{Exit, Stop};

pub(crate) mod agenda;
pub(crate) mod assumptions;
pub(crate) mod bench;
pub(crate) mod ci;
pub(crate) mod devices;
pub(crate) mod due;
pub(crate) mod explain;
pub(crate) mod faults;
pub(crate) mod features;
pub(crate) mod import;
pub(crate) mod lab;
pub(crate) mod lint;
pub(crate) mod matrix;
pub(crate) mod notice;
pub(crate) mod planted;
pub(crate) mod publish;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod server;
pub(crate) mod server_check;
pub(crate) mod sign;
pub(crate) mod snapshot;
pub(crate) mod summary;
pub(crate) mod support;
pub(crate) mod target;
pub(crate) mod triage;
pub(crate) mod under_test;
pub(crate) mod verify;
pub(crate) mod wanted;

/// Prints a published JSON value on standard output.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Stop::new(Exit::Bug, format!("JSON could not be written: {error}")))?;
    println!("{text}");
    Ok(())
}

/// Columns of a terminal that tables for people are made for, at most.
const WIDTH: u16 = 100;

/// A table for people, without a head when `head` is empty: one line a row, no rules between rows; wraps to the width of the terminal, 100 columns at most.
pub(crate) fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if !head.is_empty() {
        table.set_header(head);
    }
    if table.width().is_none_or(|width| width > WIDTH) {
        table.set_width(WIDTH);
    }
    table
}
