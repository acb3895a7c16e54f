//! Makes virtual devices for the runner.

use std::sync::Arc;
use std::time::Duration;

use super::quirks::Quirks;
use super::settings::BehaviorSettings;
use super::virtual_device::{DeviceSpec, VirtualDevice};
use crate::device::{DeviceError, DeviceUnderTest};
use crate::runner::{DeviceFactory, DeviceOrder};

/// How long a virtual device waits for an answer of the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes virtual Apple devices that share everything large.
#[derive(Clone, Debug)]
pub struct VirtualDevices {
    /// Assumptions in force.
    pub settings: Arc<BehaviorSettings>,
    /// Planted faults; none in an honest run.
    pub quirks: Arc<Quirks>,
    /// How long a device waits for an answer.
    pub timeout: Duration,
}

impl VirtualDevices {
    /// Devices as documented and observed, without planted faults.
    #[must_use]
    pub fn honest() -> Self {
        Self {
            settings: Arc::default(),
            quirks: Arc::default(),
            timeout: PATIENCE,
        }
    }
}

impl DeviceFactory for VirtualDevices {
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError> {
        let [a, b, c, d, e, f, g, h, ..] = order.seed;
        Ok(Box::new(VirtualDevice::new(DeviceSpec {
            model: order.cell.model.clone(),
            release: order.release.clone(),
            enrollment: order.cell.enrollment,
            supervised: order.cell.supervised,
            facts: order.facts.clone(),
            settings: self.settings.clone(),
            quirks: self.quirks.clone(),
            seed: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            timeout: self.timeout,
        })))
    }
}
