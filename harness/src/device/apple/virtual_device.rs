//! The virtual device on the wire: enrollment, sessions, and what happens at the device itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::capability::{Facts, Scope};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::DeviceModel;
use device_matrix::platform::SchemaOs;
use device_matrix::release::Release;
use plist::Value as Plist;
use scenarios::event::DeviceOrigin;
use scenarios::fault::LostAfter;
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::Value;

use super::core::Core;
use super::ddm::{self, Trigger};
use super::link::Link;
use super::quirks::Quirks;
use super::session::Outgoing;
use super::settings::BehaviorSettings;
use super::wire::garbage;
use super::{effects, profiles};
use crate::device::{DeviceError, DeviceMessage, DeviceUnderTest, Session};
use crate::protocol::apple::checkin::CheckinMessage;
use crate::push::WakeSignal;
use crate::server::{EnrollmentGrant, EnrollmentId, Invitation};

/// What a virtual device is. Everything large is shared.
#[derive(Clone, Debug)]
pub struct DeviceSpec {
    /// The model.
    pub model: Arc<DeviceModel>,
    /// The release it runs.
    pub release: Arc<Release>,
    /// How it comes under management.
    pub enrollment: EnrollmentType,
    /// Whether that makes it supervised.
    pub supervised: bool,
    /// The fact catalogue it answers by.
    pub facts: Arc<Facts>,
    /// Assumptions.
    pub settings: Arc<BehaviorSettings>,
    /// Planted faults.
    pub quirks: Arc<Quirks>,
    /// Everything that identifies it follows from this.
    pub seed: u64,
    /// How long it waits for an answer of the server.
    pub timeout: Duration,
}

impl DeviceSpec {
    /// Planted faults begin and end with releases.
    pub(super) fn tune(&mut self) {
        let (platform, version) = (self.release.platform, &self.release.version.number);
        if let Some(here) = self.quirks.on(platform, version) {
            self.quirks = Arc::new(here);
        }
    }
}

/// A virtual Apple device.
#[derive(Debug)]
pub struct VirtualDevice {
    pub(super) core: Box<Core>,
    pub(super) grant: Option<Arc<EnrollmentGrant>>,
    pub(super) wakes: [Option<WakeSignal>; 2],
    pub(super) messages: Vec<DeviceMessage>,
    /// A result that could not be delivered; it is repeated until it is.
    pub(super) undelivered: Option<Box<Outgoing>>,
    /// The channel on which the last status was `NotNow`.
    pub(super) not_now_on: Option<Scope>,
}

const fn scope_of(channel: ChannelWord) -> Scope {
    match channel {
        ChannelWord::Device => Scope::Device,
        ChannelWord::User => Scope::User,
    }
}

pub(super) const fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::Device => "device",
        Scope::User => "user",
    }
}

impl VirtualDevice {
    /// A device out of the box.
    #[must_use]
    pub fn new(spec: DeviceSpec) -> Self {
        Self {
            core: Box::new(Core::new(spec)),
            grant: None,
            wakes: [None, None],
            messages: Vec::new(),
            undelivered: None,
            not_now_on: None,
        }
    }

    /// The release it runs.
    #[must_use]
    pub fn release(&self) -> &Arc<Release> {
        &self.core.spec.release
    }

    /// Asks the server for a token of a service (`GetToken`, from iOS 17, macOS 14, visionOS 1.1).
    pub async fn get_token(&mut self, service: &str) -> Result<Vec<u8>, DeviceError> {
        let message = CheckinMessage::GetToken(crate::protocol::apple::checkin::GetToken {
            ids: self.core.ids(Scope::Device),
            service_type: service.to_owned(),
            parameters: None,
        });
        let mut link = self.link()?;
        let answer = self.check_in(&mut link, &message).await?;
        self.plist_of(&answer, "GetToken")?
            .get("TokenData")
            .and_then(Plist::as_data)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| garbage("GetToken", "the answer has no `TokenData`"))
    }

    /// Asks the server for the escrowed bootstrap token; `None` when it has none.
    pub async fn get_bootstrap_token(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        let message = CheckinMessage::GetBootstrapToken {
            ids: self.core.ids(Scope::Device),
        };
        let mut link = self.link()?;
        let answer = self.check_in(&mut link, &message).await?;
        let body = self.plist_of(&answer, "GetBootstrapToken")?;
        Ok(body
            .get("BootstrapToken")
            .and_then(Plist::as_data)
            .map(<[u8]>::to_vec))
    }

    /// What comes back after a restart, whoever asked for it.
    pub(super) fn reboot(&mut self) {
        let state = &mut self.core.state;
        state.reboots += 1;
        state.shut_down = false;
        state.lock.locked = state.lock.pin_set
            || (self.core.spec.settings.locked_after_reboot && state.passcode.is_some());
        self.lose_effects(LostAfter::Reboot);
    }

    fn lose_effects(&mut self, after: LostAfter) {
        let lost: Vec<String> = self
            .core
            .spec
            .quirks
            .lost_after(after)
            .map(str::to_owned)
            .collect();
        self.core.state.lost_effects.extend(lost);
    }

    async fn install_pending_update(&mut self) -> Result<(), DeviceError> {
        let Some(pending) = effects::pending_version(&self.core) else {
            return Err(DeviceError::State("no update is pending".to_owned()));
        };
        let Ok(number) = pending.parse() else {
            return Err(DeviceError::State(format!(
                "the pending update `{pending}` names no version"
            )));
        };
        // Facts are compared by number; no source is needed for a build that nobody has named.
        let release = Arc::new(Release {
            platform: self.core.release().platform,
            version: device_matrix::version::OsVersion::released(number),
            builds: Vec::new(),
            date: self.core.release().date,
            sources: Vec::new(),
        });
        self.update_to(release).await
    }
}

pub(super) const fn slot(scope: Scope) -> usize {
    match scope {
        Scope::Device => 0,
        Scope::User => 1,
    }
}

#[async_trait]
impl DeviceUnderTest for VirtualDevice {
    fn origin(&self) -> DeviceOrigin {
        DeviceOrigin::Virtual
    }

    fn enrollment_id(&self, channel: ChannelWord) -> EnrollmentId {
        EnrollmentId(
            self.core
                .ids(scope_of(channel))
                .resolve()
                .unwrap_or_default(),
        )
    }

    async fn enroll(&mut self, grant: &EnrollmentGrant) -> Result<(), DeviceError> {
        if self.core.state.erased.is_some() {
            self.core.boot_out_of_the_box();
        }
        if self.core.state.enrolled {
            self.leave_management();
            self.core.state.token_generation += 1;
        }
        let grant = Arc::new(grant.clone());
        self.grant = Some(Arc::clone(&grant));
        self.core.access_rights = grant.access_rights;
        self.core.state.awaiting_configuration = self.core.spec.settings.await_device_configured
            && matches!(
                self.core.spec.enrollment,
                EnrollmentType::Ade | EnrollmentType::SharedIpad
            );
        let mut link = Link::new(Arc::clone(&grant), self.core.spec.timeout);
        let authenticate = self.authenticate(&grant);
        let answer = self.check_in(&mut link, &authenticate).await?;
        self.empty_answer(&answer, "Authenticate");
        self.tell_token(&mut link, Scope::Device).await?;
        self.core.state.enrolled = true;
        if self.core.is_mac() {
            if self.core.spec.supervised && self.core.runs(SchemaOs::Macos, &[10, 15]) {
                let message = CheckinMessage::SetBootstrapToken {
                    ids: self.core.ids(Scope::Device),
                    token: Some(self.core.derive().secret("bootstrap").to_vec()),
                    awaiting_configuration: None,
                };
                let answer = self.check_in(&mut link, &message).await?;
                self.empty_answer(&answer, "SetBootstrapToken");
                self.core.state.bootstrap_token_escrowed = true;
            }
            if self.core.state.logged_in.is_some() {
                self.open_user_channel(&mut link).await?;
            }
        }
        Ok(())
    }

    async fn enroll_by(&mut self, invitation: &Invitation) -> Result<(), DeviceError> {
        match invitation {
            Invitation::Grant(grant) => self.enroll(grant).await,
            Invitation::Profile(profile) => self.enroll_by_profile(profile).await,
        }
    }

    async fn woken(&mut self, within: Duration) -> bool {
        let [device, user] = &mut self.wakes;
        let wait = async {
            match (device, user) {
                (Some(device), Some(user)) => tokio::select! {
                    woken = device.woken() => woken,
                    woken = user.woken() => woken,
                },
                (Some(signal), None) | (None, Some(signal)) => signal.woken().await,
                (None, None) => std::future::pending().await,
            }
        };
        tokio::time::timeout(within, wait).await.unwrap_or(false)
    }

    async fn session(&mut self, channel: ChannelWord) -> Result<Session, DeviceError> {
        self.run_session(scope_of(channel)).await
    }

    async fn act(&mut self, action: &DeviceAction) -> Result<(), DeviceError> {
        if self.core.state.erased.is_some() {
            return Err(DeviceError::State("it has been erased".to_owned()));
        }
        match action {
            DeviceAction::Reboot => {
                self.reboot();
                Ok(())
            }
            DeviceAction::Unlock => {
                self.core.state.lock = super::state::Lock::default();
                // The last status was `NotNow`, so the device comes back by itself.
                match self.not_now_on.take() {
                    Some(scope) => self.run_session(scope).await.map(|_| ()),
                    None => Ok(()),
                }
            }
            DeviceAction::Lock => {
                self.core.state.lock.locked = true;
                Ok(())
            }
            DeviceAction::SetPasscode(passcode) => {
                self.core.state.passcode = (!passcode.is_empty()).then(|| passcode.clone());
                Ok(())
            }
            DeviceAction::UserLogin(name) => self.log_in(name).await,
            DeviceAction::UserLogout => {
                if self.core.state.logged_in.is_none() {
                    return Err(DeviceError::State("nobody is logged in".to_owned()));
                }
                self.log_out();
                Ok(())
            }
            DeviceAction::InstallPendingUpdate => self.install_pending_update().await,
            DeviceAction::Poll => self.run_session(Scope::Device).await.map(|_| ()),
            DeviceAction::RemoveManagement => self.remove_management().await,
        }
    }

    async fn update_to(&mut self, release: Arc<Release>) -> Result<(), DeviceError> {
        if self.core.state.erased.is_some() {
            return Err(DeviceError::State("it has been erased".to_owned()));
        }
        if release.platform != self.core.release().platform
            && (release.platform.schema_os() != self.core.platform().schema_os())
        {
            return Err(DeviceError::State(format!(
                "it does not run {}",
                release.platform
            )));
        }
        self.core.set_release(release);
        profiles::reevaluate(&mut self.core);
        let version = self.core.version();
        let done = |update: &super::state::ScheduledUpdate| {
            update.version.is_none_or(|wanted| wanted <= version)
        };
        if self
            .core
            .state
            .scheduled_update
            .as_deref()
            .is_some_and(done)
        {
            self.core.state.scheduled_update = None;
        }
        self.reboot();
        self.lose_effects(LostAfter::Update);
        for scope in [Scope::Device, Scope::User] {
            if self.core.state.engine(scope).is_some() {
                ddm::evaluate(&mut self.core, scope);
                self.core.state.engine_mut(scope).capabilities_due = true;
                if self.core.state.enrolled && self.ready(scope).is_ok() {
                    let mut link = self.link()?;
                    self.report(&mut link, scope, Trigger::Changed).await?;
                }
            }
        }
        Ok(())
    }

    fn effects(&self) -> Option<Value> {
        Some(effects::tree(&self.core))
    }

    fn take_messages(&mut self) -> Vec<DeviceMessage> {
        std::mem::take(&mut self.messages)
    }
}

#[cfg(test)]
mod tests {
    use device_matrix::platform::Platform;

    use super::*;
    use crate::device::apple::testing;

    #[test]
    fn an_idle_device_is_small() {
        let spec = DeviceSpec {
            model: testing::model("iPhone17,2", Platform::Ios, &[]),
            release: testing::release(Platform::Ios, "18.0", "22A3354"),
            enrollment: EnrollmentType::Ade,
            supervised: true,
            facts: testing::facts(Vec::new()),
            settings: Arc::default(),
            quirks: Arc::default(),
            seed: 1,
            timeout: Duration::from_secs(1),
        };
        let device = VirtualDevice::new(spec);
        let held = size_of::<VirtualDevice>() + size_of::<Core>() + size_of::<EnrollmentGrant>();
        assert!(held < 2_000, "{held} bytes");
        assert!(device.effects().is_some());
    }
}
