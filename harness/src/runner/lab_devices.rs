//! Real devices for the cells that have one, other devices for the rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_matrix::cell::Cell;
use scenarios::event::DeviceOrigin;

use super::input::{DeviceFactory, DeviceOrder};
use crate::device::lab::{LabDevice, LabSpec};
use crate::device::{DeviceError, DeviceUnderTest};

/// Gives each cell its real device, when one is listed for it.
pub struct LabDevices {
    lab: BTreeMap<String, Arc<LabSpec>>,
    others: Arc<dyn DeviceFactory>,
}

impl LabDevices {
    /// Real devices by cell id; `others` makes the rest.
    #[must_use]
    pub fn new(lab: BTreeMap<String, Arc<LabSpec>>, others: Arc<dyn DeviceFactory>) -> Self {
        Self { lab, others }
    }
}

impl DeviceFactory for LabDevices {
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError> {
        match self.lab.get(&order.cell.id()) {
            Some(spec) => Ok(Box::new(LabDevice::new(Arc::clone(spec)))),
            None => self.others.make(order),
        }
    }

    fn origin(&self, cell: &Cell) -> DeviceOrigin {
        if self.lab.contains_key(&cell.id()) {
            DeviceOrigin::Device
        } else {
            self.others.origin(cell)
        }
    }
}
