//! The lab of virtual devices and the reference server.

use std::sync::Arc;

use scenarios::fault::Behavior;

use super::run::Lab;
use crate::device::apple::quirks::Quirks;
use crate::runner::{DeviceFactory, VirtualDevices};
use crate::server::ServerUnderTest;
use crate::server::reference::{ReferenceConfig, ReferenceServer, ServerQuirks};

/// Virtual devices and an embedded reference server for every run.
#[derive(Clone, Debug)]
pub struct ReferenceLab {
    /// Honest devices.
    pub devices: VirtualDevices,
    /// An honest server.
    pub server: ReferenceConfig,
}

impl Lab for ReferenceLab {
    fn server(&self, fault: Option<&Behavior>) -> Option<Arc<dyn ServerUnderTest>> {
        let mut config = self.server.clone();
        config.quirks = ServerQuirks::new(fault.cloned());
        Some(ReferenceServer::embedded(config).ok()?)
    }

    fn devices(&self, fault: Option<&Behavior>) -> Option<Arc<dyn DeviceFactory>> {
        let mut devices = self.devices.clone();
        devices.quirks = Arc::new(Quirks::new(fault.cloned().into_iter().collect()));
        Some(Arc::new(devices))
    }
}
