//! Cells and data for tests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::diag;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::Known;
use device_matrix::model::{DeviceModel, Hardware, ModelId};
use device_matrix::platform::Platform;
use device_matrix::release::Release;
use scenarios::suite::{Suite, read_sources};

/// The committed suite.
pub(crate) fn suite() -> Suite {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = read_sources(&root).expect("the data is there");
    Suite::load(&sources)
        .unwrap_or_else(|found| panic!("{}", diag::render(&found, &sources, false)))
}

/// A release.
pub(crate) fn release(platform: Platform, version: &str) -> Arc<Release> {
    Arc::new(Release {
        platform,
        version: version.parse().expect("a version"),
        builds: Vec::new(),
        date: Known::Unknown,
        sources: Vec::new(),
    })
}

/// A model with hardware.
pub(crate) fn model(platform: Platform, id: &str, hardware: &[Hardware]) -> Arc<DeviceModel> {
    Arc::new(DeviceModel {
        id: ModelId(id.to_owned()),
        platform,
        name: id.to_owned(),
        released: Known::Unknown,
        chip: Known::Unknown,
        hardware: hardware.iter().copied().collect::<BTreeSet<_>>(),
        majors: Vec::new(),
        sources: Vec::new(),
    })
}

/// A subject cell: `("iOS", "26.0", Ade)`.
pub(crate) fn cell(platform: Platform, version: &str, enrollment: EnrollmentType) -> Arc<Cell> {
    let (id, hardware): (&str, &[Hardware]) = match platform {
        Platform::Ios => ("iPhone17,2", &[Hardware::Cellular, Hardware::Battery]),
        Platform::Ipados => ("iPad14,3", &[Hardware::Battery, Hardware::SharedIpad]),
        Platform::Macos => ("Mac16,1", &[Hardware::Battery, Hardware::AppleSilicon]),
        _ => ("AppleTV14,1", &[]),
    };
    Arc::new(Cell {
        release: release(platform, version),
        model: model(platform, id, hardware),
        enrollment,
        supervised: matches!(enrollment, EnrollmentType::Ade | EnrollmentType::SharedIpad)
            || platform == Platform::Macos && !enrollment.is_user_enrollment(),
        arrival: Arrival::Fresh,
        role: Role::Subject,
    })
}
