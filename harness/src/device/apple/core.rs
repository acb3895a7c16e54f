//! The device without its connection: specification, release and state, and questions to all three.

use std::sync::Arc;

use device_matrix::capability::{
    Applicability, Context, Facts, Kind, Scope, Support, UnknownBecause,
};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::known::Known;
use device_matrix::model::Hardware;
use device_matrix::platform::{Platform, SchemaOs};
use device_matrix::release::Release;
use device_matrix::version::VersionNumber;
use jiff::civil::date;

use super::ids::Derive;
use super::state::State;
use super::virtual_device::DeviceSpec;
use crate::protocol::apple::checkin::{Ids, SHARED_IPAD_USER};

/// The device without its connection.
#[derive(Debug)]
pub(super) struct Core {
    pub spec: DeviceSpec,
    pub state: State,
    /// `AccessRights` of the enrollment; all before there is one.
    pub access_rights: u32,
    ids: Ids,
}

/// All `AccessRights`.
pub(super) const ALL_RIGHTS: u32 = 8191;

impl Core {
    pub(super) fn new(mut spec: DeviceSpec) -> Self {
        spec.tune();
        let derive = Derive(spec.seed);
        let ids = if spec.enrollment.is_user_enrollment() {
            Ids {
                enrollment_id: Some(derive.uuid("enrollment", 0)),
                ..Ids::default()
            }
        } else {
            Ids {
                udid: Some(derive.udid(&spec.model)),
                ..Ids::default()
            }
        };
        let mut core = Self {
            spec,
            state: State::default(),
            access_rights: ALL_RIGHTS,
            ids,
        };
        core.boot_out_of_the_box();
        core
    }

    /// A device as it comes out of the box, or back from being erased.
    pub(super) fn boot_out_of_the_box(&mut self) {
        let reboots = self.state.reboots;
        let generation = self.state.token_generation;
        self.state = State {
            reboots,
            token_generation: generation,
            ..State::default()
        };
        if self.platform() == Platform::Macos {
            self.state.logged_in = Some("alex".to_owned());
            self.state.known_users = vec!["alex".to_owned()];
        }
    }

    pub(super) const fn derive(&self) -> Derive {
        Derive(self.spec.seed)
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.spec.facts
    }

    pub(super) fn release(&self) -> &Release {
        &self.spec.release
    }

    pub(super) fn set_release(&mut self, release: Arc<Release>) {
        self.spec.release = release;
        self.spec.tune();
    }

    pub(super) fn platform(&self) -> Platform {
        self.spec.model.platform
    }

    pub(super) fn is_mac(&self) -> bool {
        self.platform() == Platform::Macos
    }

    pub(super) fn has(&self, what: Hardware) -> bool {
        self.spec.model.has(what)
    }

    pub(super) fn os(&self) -> SchemaOs {
        self.platform().schema_os().unwrap_or(SchemaOs::Ios)
    }

    pub(super) fn version(&self) -> VersionNumber {
        self.release().version.number
    }

    /// Whether the device runs at least this version of this system.
    pub(super) fn runs(&self, os: SchemaOs, parts: &[u32]) -> bool {
        self.os() == os && VersionNumber::new(parts) <= self.version()
    }

    /// Whether the device has user channels.
    pub(super) fn has_user_channel(&self) -> bool {
        self.is_mac() || self.spec.enrollment == EnrollmentType::SharedIpad
    }

    pub(super) fn is_shared_ipad(&self) -> bool {
        self.spec.enrollment == EnrollmentType::SharedIpad
    }

    pub(super) fn context(&self, scope: Scope) -> Context {
        Context {
            platform: self.platform(),
            version: self.version(),
            enrollment: self.spec.enrollment,
            supervised: self.spec.supervised,
            scope,
            access_rights: self.access_rights,
        }
    }

    /// Whether a fact applies to this device; `None` for an OS that no source states.
    pub(super) fn applies(&self, support: Option<&Support>, scope: Scope) -> Applicability {
        support.map_or(
            Applicability::Unknown(UnknownBecause::IntroductionNotStated),
            |support| support.applies(self.os(), &self.context(scope)),
        )
    }

    /// Whether the device takes what is known so far: unknown is decided by settings.
    pub(super) fn takes(&self, applicability: Applicability) -> bool {
        match applicability {
            Applicability::Yes { .. } => true,
            Applicability::No(_) => false,
            Applicability::Unknown(UnknownBecause::IntroductionNotStated) => {
                self.spec.settings.unstated_introduction_counts_as_available
            }
            Applicability::Unknown(_) => self.spec.settings.unstated_mode_counts_as_available,
        }
    }

    /// The best answer over all items with this id; `None` when there is no such item.
    pub(super) fn item_applies(&self, kind: Kind, id: &str, scope: Scope) -> Option<Applicability> {
        let mut best = None;
        for (_, item) in self.facts().find(kind, id) {
            let here = self.applies(item.support(self.platform()), scope);
            if self.takes(here) {
                return Some(here);
            }
            best.get_or_insert(here);
        }
        best
    }

    /// The keys that name this enrollment on a channel.
    pub(super) fn ids(&self, scope: Scope) -> Ids {
        let mut ids = self.ids.clone();
        if scope == Scope::User {
            let name = self.channel_user().to_owned();
            if self.is_shared_ipad() {
                ids.user_id = Some(SHARED_IPAD_USER.to_owned());
            } else if self.spec.enrollment.is_user_enrollment() {
                ids.enrollment_user_id = Some(self.derive().uuid(&format!("user/{name}"), 0));
            } else {
                ids.user_id = Some(self.derive().uuid(&format!("user/{name}"), 0));
            }
            ids.user_long_name = Some(name.clone());
            ids.user_short_name = Some(name);
        }
        ids
    }

    /// The user of the user channel: who is logged in, else who was last, else the one who will be first.
    fn channel_user(&self) -> &str {
        self.state
            .logged_in
            .as_deref()
            .or(self.state.known_users.last().map(String::as_str))
            .unwrap_or("alex")
    }

    /// The build, when a source states it.
    pub(super) fn build(&self) -> Option<&str> {
        match self.release().build() {
            Known::Known(build) => Some(&build.0),
            Known::Unknown => None,
        }
    }

    /// The day the device lives on: the day after its release came out. Devices have no clock of their own, so that
    /// two runs send the same bytes.
    pub(super) fn today(&self) -> jiff::civil::Date {
        self.release()
            .date_jst()
            .known()
            .unwrap_or_else(|| date(2026, 1, 1))
    }

    /// [`Self::today`] at noon as a property-list date and as RFC 3339.
    pub(super) fn now(&self) -> String {
        format!("{}T12:00:00Z", self.today())
    }
}
