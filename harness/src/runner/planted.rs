//! Virtual devices of which those in a fault's reach misbehave.

use std::sync::Arc;

use scenarios::fault::{Behavior, Fault, Reach};

use super::input::{DeviceFactory, DeviceOrder};
use super::virtual_devices::VirtualDevices;
use crate::device::apple::quirks::{Planted, Quirks};
use crate::device::{DeviceError, DeviceUnderTest};

/// Makes virtual devices; each has the faults whose reach it is in, from the release on which they begin.
#[derive(Clone, Debug)]
pub struct PlantedDevices {
    devices: VirtualDevices,
    faults: Vec<(Reach, Vec<Behavior>)>,
}

impl PlantedDevices {
    /// These devices with these faults.
    pub fn new<'a>(devices: VirtualDevices, faults: impl IntoIterator<Item = &'a Fault>) -> Self {
        Self {
            devices,
            faults: faults
                .into_iter()
                .map(|fault| (fault.reach.clone(), fault.behaviors.clone()))
                .collect(),
        }
    }
}

impl DeviceFactory for PlantedDevices {
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError> {
        let planted = self
            .faults
            .iter()
            .filter(|(reach, _)| reach.fits(&order.cell))
            .map(|(reach, behaviors)| Planted {
                on: reach.cells.on.clone(),
                behaviors: behaviors.clone(),
            });
        let devices = VirtualDevices {
            quirks: Arc::new(Quirks::planted(planted.collect())),
            ..self.devices.clone()
        };
        devices.make(order)
    }
}
