//! Head and bands.

use std::collections::BTreeSet;

use device_matrix::known::Known;
use scenarios::event::{DeviceOrigin, ServerOrigin};

use super::model::{
    ContactView, DueJson, Head, OriginCount, ReleaseHead, ServerHead, SignedView, SkippedDay,
};
use super::{Book, DueView, ReleaseView};
use crate::assess::{Assessment, CaseResult, CellResult};
use crate::sign::{SignState, Signed};

/// The filter of a record that names the planted faults of its run.
pub const PLANTED: &str = "fault";

pub(super) fn head(book: &Book<'_>, digest: &str) -> (Head, Vec<&'static str>) {
    let (assessment, inputs) = (book.assessment, book.inputs);
    let origin = assessment.head.server_origin;
    let product_exercised = origin == ServerOrigin::Product;
    let undecided = crate::assess::undecided(assessment);
    let beta = inputs
        .releases
        .iter()
        .any(|release| release.channel != "released");
    let cells_of = |origin: DeviceOrigin| -> Vec<&CellResult> {
        assessment
            .cells
            .iter()
            .filter(|cell| cell.cell.role == "subject" && origin_of(assessment, cell) == origin)
            .collect()
    };
    let looked_at: Vec<&CaseResult> = assessment
        .cases
        .iter()
        .filter(|case| case.seen.is_some())
        .collect();
    let virtual_only = looked_at.is_empty() && cells_of(DeviceOrigin::Device).is_empty();
    let needs_real = inputs.vendor.evidence.final_needs_real_device;
    let planted = assessment.head.filters.contains_key(PLANTED);
    let reasons: Vec<&'static str> = [
        ("planted_fault", planted),
        ("interrupted", !assessment.complete),
        ("beta", beta),
        ("virtual_only", virtual_only && needs_real),
        ("product_not_exercised", !product_exercised),
        ("undecided", undecided > 0),
    ]
    .into_iter()
    .filter_map(|(word, holds)| holds.then_some(word))
    .collect();
    let signoffs = inputs.signoffs;
    let holding = signoffs.holds_for(digest);
    let outdated = holding.is_none() && !signoffs.signed.is_empty();
    let state = match holding.map(|signed| signed.state) {
        Some(SignState::Final) => "final",
        Some(SignState::Corrected) => "corrected",
        Some(SignState::Provisional) => "provisional",
        None if assessment.complete && !reasons.is_empty() => "provisional",
        None => "draft",
    };
    let bands = [
        ("planted_fault", planted),
        ("interrupted", !assessment.complete),
        ("beta", beta),
        ("virtual_only", virtual_only),
        ("product_not_exercised", !product_exercised),
        ("stale_signoff", outdated),
    ]
    .into_iter()
    .filter_map(|(word, holds)| holds.then_some(word))
    .collect();
    let revision = match (holding, signoffs.signed.last()) {
        (Some(signed), _) => signed.revision,
        (None, Some(last)) => last.revision + 1,
        (None, None) => 1,
    };
    let contact = &inputs.vendor.contact;
    let head = Head {
        vendor: inputs.vendor.name.clone(),
        product: inputs.vendor.product.clone(),
        product_build: inputs.product_build.map(str::to_owned),
        guideline: inputs.vendor.report.guideline.clone(),
        target: assessment.head.target.clone(),
        server: ServerHead {
            name: assessment.head.server.clone(),
            build: assessment.head.server_build.clone(),
            origin: match origin {
                ServerOrigin::Reference => "reference",
                ServerOrigin::ThirdParty => "third_party",
                ServerOrigin::Product => "product",
            },
        },
        releases: inputs.releases.iter().map(release).collect(),
        state,
        reasons,
        revision,
        as_of: inputs.as_of.to_string(),
        facts_reach: assessment.facts_reach.clone(),
        device_origin: device_origin(assessment.device_origin),
        origins: [
            DeviceOrigin::Virtual,
            DeviceOrigin::Device,
            DeviceOrigin::Manual,
        ]
        .into_iter()
        .map(|origin| {
            let (cells, cases) = if origin == DeviceOrigin::Manual {
                let cells: BTreeSet<&str> =
                    looked_at.iter().map(|case| case.cell.as_str()).collect();
                (cells.len() as u64, looked_at.len() as u64)
            } else {
                let cells = cells_of(origin);
                let cases = cells.iter().map(|cell| cell.with_evidence).sum();
                (cells.len() as u64, cases)
            };
            OriginCount {
                origin: device_origin(origin),
                cells,
                cases,
            }
        })
        .collect(),
        product_exercised,
        signed: holding.map(signed),
        history: signoffs.signed.iter().map(signed).collect(),
        contact: ContactView {
            name: contact.name.clone(),
            url: contact.url.clone(),
            hours: contact.hours.clone(),
        },
        undecided,
        digest: digest.to_owned(),
    };
    (head, bands)
}

/// A cell that does not say otherwise is of the run's origin.
fn origin_of(assessment: &Assessment, cell: &CellResult) -> DeviceOrigin {
    match cell.cell.device {
        DeviceOrigin::Virtual => assessment.device_origin,
        other => other,
    }
}

const fn device_origin(origin: DeviceOrigin) -> &'static str {
    match origin {
        DeviceOrigin::Virtual => "virtual",
        DeviceOrigin::Device => "device",
        DeviceOrigin::Manual => "manual",
    }
}

fn signed(signed: &Signed) -> SignedView {
    SignedView {
        by: signed.by.clone(),
        on: signed.on.clone(),
        state: signed.state.as_str(),
        revision: signed.revision,
    }
}

fn release(release: &ReleaseView) -> ReleaseHead {
    ReleaseHead {
        id: release.id.clone(),
        name: release.name.clone(),
        channel: release.channel.clone(),
        stage: release.stage,
        builds: release.builds.clone(),
        obtained: match release.obtained {
            Known::Known(date) => Some(date.to_string()),
            Known::Unknown => None,
        },
        obtained_source: release.obtained_source.as_str(),
        due: release.due.as_ref().map(due),
    }
}

fn due(due: &DueView) -> DueJson {
    DueJson {
        acquired: due.acquired.to_string(),
        due: due.due.to_string(),
        counted: due.counted.iter().map(ToString::to_string).collect(),
        skipped: due
            .skipped
            .iter()
            .map(|(date, why)| SkippedDay {
                date: date.to_string(),
                why: why.clone(),
            })
            .collect(),
        state: due.state.clone(),
        provisional: due.provisional,
    }
}
