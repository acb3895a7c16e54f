//! Real devices of `lab.toml`, put in the place of virtual ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use device_matrix::cell::{Cell, Role};
use device_matrix::diag::{self, SourceFile};
use device_matrix::matrix::Matrix;
use harness::device::lab::{LabSpec, Safety};
use harness::runner::{DeviceFactory, LabDevices};
use jiff::civil::Date;

use super::publish;
use super::target::Asked;
use crate::cli::TierWord;
use crate::data::Data;
use crate::exit::{Exit, Stop};

/// Largest list that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The real devices of a run, by cell.
#[derive(Default)]
pub(crate) struct Lab {
    specs: BTreeMap<String, Arc<LabSpec>>,
}

impl Lab {
    /// Reads the list and adds the cells of its devices to the matrix.
    pub(crate) fn add(
        path: &Path,
        matrix: &mut Matrix,
        data: &Data,
        as_of: Date,
    ) -> Result<Self, Stop> {
        let text = publish::read_bounded(path, MAX_BYTES)
            .map_err(|error| Stop::usage(format!("{}: {error}", path.display())))?;
        let entries = reports::lab::load(path, &text).map_err(|found| {
            let source = SourceFile {
                path: path.to_owned(),
                text,
            };
            Stop::new(Exit::BadData, diag::render(&found, &[source], false))
        })?;
        let mut specs = BTreeMap::new();
        for entry in entries {
            let id = entry.cell();
            if !matrix.cells.iter().any(|cell| cell.id() == id) {
                let cell = known(&entry, data, as_of)?.ok_or_else(|| {
                    Stop::new(
                        Exit::BadData,
                        format!(
                            "{}: `{}` would be the cell {id}, which does not exist; `cargo xtask matrix {} --tier full` shows what does",
                            path.display(),
                            entry.name,
                            entry.release
                        ),
                    )
                })?;
                matrix.cells.push(cell);
            }
            let spec = LabSpec {
                name: entry.name,
                enrollment: entry.enrollment_id,
                user: entry.user_id,
                safety: Safety {
                    allow: entry.allow,
                    only: entry.only,
                },
                patience: Duration::from_secs(u64::from(entry.answer_seconds)),
            };
            specs.insert(id, Arc::new(spec));
        }
        // Cells of the subject come first, each part in the order of ids.
        matrix
            .cells
            .sort_by_key(|cell| (cell.role != Role::Subject, cell.id()));
        Ok(Self { specs })
    }

    /// Devices of which those of the list are real.
    pub(crate) fn devices(self, others: Arc<dyn DeviceFactory>) -> Arc<dyn DeviceFactory> {
        if self.specs.is_empty() {
            others
        } else {
            Arc::new(LabDevices::new(self.specs, others))
        }
    }
}

fn known(
    entry: &reports::lab::LabEntry,
    data: &Data,
    as_of: Date,
) -> Result<Option<Arc<Cell>>, Stop> {
    let (_, matrix) = Asked {
        target: Some(&entry.release),
        tier: TierWord::Full,
        models: std::slice::from_ref(&entry.model),
        enrollments: std::slice::from_ref(&entry.enrollment),
        as_of,
    }
    .expand(&data.catalog)?;
    let id = entry.cell();
    Ok(matrix
        .cells
        .into_iter()
        .find(|cell| cell.id() == id && cell.role == Role::Subject))
}
