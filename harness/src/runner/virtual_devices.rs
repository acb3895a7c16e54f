//! Virtual devices for the cells of a run.

use std::sync::Arc;
use std::time::Duration;

use super::input::{DeviceFactory, DeviceOrder};
use crate::device::apple::quirks::Quirks;
use crate::device::apple::settings::BehaviorSettings;
use crate::device::apple::{DeviceSpec, VirtualDevice};
use crate::device::{DeviceError, DeviceUnderTest};

/// Makes virtual Apple devices.
#[derive(Clone, Debug)]
pub struct VirtualDevices {
    /// Assumptions about what vendors leave open.
    pub settings: Arc<BehaviorSettings>,
    /// Planted faults; none for an honest device.
    pub quirks: Arc<Quirks>,
    /// How long a device waits for an answer of the server.
    pub timeout: Duration,
}

impl VirtualDevices {
    /// Honest devices.
    #[must_use]
    pub fn new(settings: Arc<BehaviorSettings>, timeout: Duration) -> Self {
        Self {
            settings,
            quirks: Arc::new(Quirks::default()),
            timeout,
        }
    }
}

impl DeviceFactory for VirtualDevices {
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError> {
        let cell = &order.cell;
        let (seed, _) = order.seed.as_chunks::<8>();
        Ok(Box::new(VirtualDevice::new(DeviceSpec {
            model: Arc::clone(&cell.model),
            release: Arc::clone(&order.release),
            enrollment: cell.enrollment,
            supervised: cell.supervised,
            facts: Arc::clone(&order.facts),
            settings: Arc::clone(&self.settings),
            quirks: Arc::clone(&self.quirks),
            seed: seed
                .iter()
                .fold(0, |all, part| all ^ u64::from_be_bytes(*part)),
            timeout: self.timeout,
        })))
    }
}
