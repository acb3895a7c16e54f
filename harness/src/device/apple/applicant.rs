//! The virtual device on its way to an enrollment profile.

use device_matrix::capability::Scope;
use device_matrix::model::Hardware;
use device_matrix::platform::{Platform, SchemaOs};
use device_matrix::version::VersionNumber;

use super::virtual_device::VirtualDevice;
use crate::device::{DeviceError, DeviceUnderTest as _};
use crate::enroll::tls::Demands;
use crate::enroll::{Applicant, ProfileInvitation, accept};

/// From this generation on devices hold every server to ATS (Apple, releases of autumn 2026).
const ATS_FROM: [u32; 1] = [27];

impl VirtualDevice {
    /// Gets the profile and the identity, and enrolls with them.
    pub(super) async fn enroll_by_profile(
        &mut self,
        invitation: &ProfileInvitation,
    ) -> Result<(), DeviceError> {
        if self.core.state.erased.is_some() {
            self.core.boot_out_of_the_box();
        }
        let applicant = self.applicant();
        let mut log = Vec::new();
        let grant = accept(&applicant, invitation, &mut log).await;
        self.messages.append(&mut log);
        self.enroll(&grant?).await
    }

    fn applicant(&self) -> Applicant {
        let core = &self.core;
        let spec = &core.spec;
        let derive = core.derive();
        let by_user = spec.enrollment.is_user_enrollment();
        let cellular = core.has(Hardware::Cellular) && !by_user && core.os() == SchemaOs::Ios;
        let label = format!("{} {}", core.platform(), core.version());
        Applicant {
            kind: spec.enrollment,
            by_user,
            udid: core.ids(Scope::Device).udid,
            serial: (!by_user).then(|| derive.serial(&spec.model)),
            imei: cellular.then(|| derive.imei(0)),
            product: spec.model.id.0.clone(),
            family: match core.platform() {
                Platform::Ipados => "iPad",
                Platform::Macos => "Mac",
                Platform::Visionos => "RealityDevice",
                Platform::Watchos => "Watch",
                Platform::Tvos => "AppleTV",
                _ => "iPhone",
            },
            version: core.version().to_string(),
            build: core.build().map(str::to_owned),
            can_request_update: core.runs(SchemaOs::Ios, &[17])
                || core.runs(SchemaOs::Macos, &[14]),
            demands: if VersionNumber::new(&ATS_FROM) <= core.version() {
                Demands::Ats(label)
            } else {
                Demands::Older(label)
            },
            timeout: spec.timeout,
        }
    }
}
