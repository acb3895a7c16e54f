//! The first line of a record.

use device_matrix::cell::{Arrival, Cell, Role};
use scenarios::event::{CellRecord, DeviceOrigin, Event, SCHEMA_VERSION, SkipRecord};
use scenarios::plan::Plan;

use super::input::RunInputs;
use crate::record::id::{RunKey, run_id};
use crate::server::ServerCapabilities;

pub(super) fn derive_id(inputs: &RunInputs, capabilities: &ServerCapabilities) -> String {
    run_id(&RunKey {
        plan: &inputs.plan,
        tier: &inputs.head.tier,
        filters: &inputs.head.filters,
        seed: inputs.options.seed,
        as_of: &inputs.head.as_of,
        data: &inputs.head.data,
        server: capabilities.name,
        origin: capabilities.origin,
        server_build: capabilities.build.as_deref(),
    })
}

pub(super) fn started(inputs: &RunInputs, capabilities: &ServerCapabilities, id: &str) -> Event {
    let plan: &Plan = &inputs.plan;
    Event::RunStarted {
        schema_version: SCHEMA_VERSION.to_owned(),
        run_id: id.to_owned(),
        target: plan.target.clone(),
        tier: inputs.head.tier.clone(),
        filters: inputs.head.filters.clone(),
        seed: inputs.options.seed,
        as_of: inputs.head.as_of.clone(),
        server: capabilities.name.to_owned(),
        server_build: capabilities.build.clone(),
        server_origin: capabilities.origin,
        server_capabilities: capabilities
            .words()
            .into_iter()
            .chain(inputs.server.words())
            .map(str::to_owned)
            .collect(),
        push: capabilities.push,
        data: inputs.head.data.clone(),
        cells: plan
            .cells
            .iter()
            .map(|cell| cell_record(cell, inputs.devices.origin(cell)))
            .collect(),
        cases: plan.cases.len() as u64,
        skips: plan
            .skips
            .iter()
            .map(|skip| SkipRecord {
                what: skip.what.clone(),
                feature: skip.feature.clone(),
                reason: skip.reason.clone(),
                ja: skip.text.ja.clone(),
                en: skip.text.en.clone(),
            })
            .collect(),
    }
}

fn cell_record(cell: &Cell, device: DeviceOrigin) -> CellRecord {
    CellRecord {
        id: cell.id(),
        role: match cell.role {
            Role::Subject => "subject",
            Role::Comparison => "comparison",
        }
        .to_owned(),
        platform: cell.release.platform.slug().to_owned(),
        release: cell.release.id(),
        build: cell.release.build().known().map(ToString::to_string),
        model: cell.model.id.to_string(),
        enrollment: cell.enrollment.as_str().to_owned(),
        supervised: cell.supervised,
        arrival: cell.arrival.as_str().to_owned(),
        upgraded_from: match &cell.arrival {
            Arrival::Fresh => None,
            Arrival::Upgraded { from } => Some(from.id()),
        },
        device,
    }
}
