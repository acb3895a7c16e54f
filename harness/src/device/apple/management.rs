//! Coming under management and leaving it: identity, push tokens, user channels.

use device_matrix::capability::Scope;
use device_matrix::model::Hardware;
use device_matrix::platform::SchemaOs;

use super::information;
use super::link::Link;
use super::virtual_device::{VirtualDevice, slot, word};
use crate::device::DeviceError;
use crate::protocol::apple::checkin::{
    Authenticate, CheckOut, CheckinMessage, TokenUpdate, UserAuthenticateAnswer,
};
use crate::server::EnrollmentGrant;

impl VirtualDevice {
    pub(super) fn authenticate(&self, grant: &EnrollmentGrant) -> CheckinMessage {
        let core = &self.core;
        let spec = &core.spec;
        let hidden = spec.enrollment.is_user_enrollment();
        let derive = core.derive();
        let cellular = core.has(Hardware::Cellular) && !hidden && core.os() == SchemaOs::Ios;
        let mac = core.is_mac();
        CheckinMessage::Authenticate(Authenticate {
            ids: core.ids(Scope::Device),
            topic: grant.topic.clone(),
            os_version: Some(core.version().to_string()),
            build_version: core.build().map(str::to_owned),
            product_name: Some(spec.model.id.0.clone()),
            serial_number: (!hidden).then(|| derive.serial(&spec.model)),
            imei: cellular.then(|| derive.imei(0)),
            meid: cellular.then(|| derive.imei(0).chars().take(14).collect()),
            device_name: mac.then(|| information::device_name(core).to_owned()),
            model: mac.then(|| spec.model.id.0.clone()),
            model_name: mac.then(|| spec.model.family().to_owned()),
        })
    }

    pub(super) fn token_update(&mut self, grant: &EnrollmentGrant, scope: Scope) -> CheckinMessage {
        let core = &self.core;
        let generation = core.state.token_generation;
        let derive = core.derive();
        let token = derive.push_token(word(scope), generation);
        let magic = derive.push_magic(word(scope), generation);
        let escrow = scope == Scope::Device
            && !core.is_mac()
            && !core.is_shared_ipad()
            && !core.spec.enrollment.is_user_enrollment();
        let message = TokenUpdate {
            ids: core.ids(scope),
            topic: grant.topic.clone(),
            token: token.to_vec(),
            push_magic: magic.clone(),
            unlock_token: escrow.then(|| derive.unlock_token(generation)),
            awaiting_configuration: (scope == Scope::Device)
                .then_some(core.state.awaiting_configuration),
            not_on_console: (core.is_mac() && scope == Scope::User).then_some(false),
        };
        self.wakes[slot(scope)] = Some(grant.push.register(&token, &magic));
        CheckinMessage::TokenUpdate(message)
    }

    pub(super) async fn tell_token(
        &mut self,
        link: &mut Link,
        scope: Scope,
    ) -> Result<(), DeviceError> {
        let message = self.token_update(&link.grant().clone(), scope);
        let answer = self.check_in(link, &message).await?;
        self.empty_answer(&answer, "TokenUpdate");
        Ok(())
    }

    pub(super) fn forget_tokens(&mut self) {
        if let Some(grant) = &self.grant {
            for scope in [Scope::Device, Scope::User] {
                let token = self
                    .core
                    .derive()
                    .push_token(word(scope), self.core.state.token_generation);
                grant.push.unregister(&token);
            }
        }
        self.wakes = [None, None];
    }

    pub(super) fn leave_management(&mut self) {
        self.forget_tokens();
        self.core.state.leave_management();
        self.undelivered = None;
        self.not_now_on = None;
    }

    /// Opens the user channel: on a Mac after `UserAuthenticate`, which a server may decline with 410.
    pub(super) async fn open_user_channel(&mut self, link: &mut Link) -> Result<(), DeviceError> {
        if self.core.is_mac() && !self.user_authenticated(link).await? {
            return Ok(());
        }
        let declined =
            |error: &DeviceError| matches!(error, DeviceError::Status { status: 410, .. });
        match self.tell_token(link, Scope::User).await {
            Err(error) if declined(&error) => {
                self.wakes[slot(Scope::User)] = None;
                Ok(())
            }
            Err(error) => Err(error),
            Ok(()) => {
                self.core.state.user_channel_open = true;
                Ok(())
            }
        }
    }

    /// `UserAuthenticate` in two rounds; `false` when the server does not manage the user this time.
    pub(super) async fn user_authenticated(
        &mut self,
        link: &mut Link,
    ) -> Result<bool, DeviceError> {
        let mut digest_response = None;
        loop {
            let second = digest_response.is_some();
            let message = CheckinMessage::UserAuthenticate {
                ids: self.core.ids(Scope::User),
                digest_response: digest_response.take(),
            };
            let answer = match self.check_in(link, &message).await {
                Err(DeviceError::Status { status: 410, .. }) => return Ok(false),
                other => other?,
            };
            let body = self.plist_of(&answer, "UserAuthenticate")?;
            match UserAuthenticateAnswer::parse(&body) {
                UserAuthenticateAnswer::DigestChallenge(challenge)
                    if !challenge.is_empty() && !second =>
                {
                    // Nobody's password is known here; the answer has the form of a digest.
                    digest_response = Some(format!("response to {challenge}"));
                }
                _ => return Ok(true),
            }
        }
    }

    pub(super) async fn log_in(&mut self, name: &str) -> Result<(), DeviceError> {
        if !self.core.has_user_channel() {
            return Err(DeviceError::State("it has no users who log in".to_owned()));
        }
        self.core.state.logged_in = Some(name.to_owned());
        self.core.state.user_channel_open = false;
        if !self
            .core
            .state
            .known_users
            .iter()
            .any(|known| known == name)
        {
            self.core.state.known_users.push(name.to_owned());
        }
        if !self.core.state.enrolled {
            return Ok(());
        }
        let mut link = self.link()?;
        self.open_user_channel(&mut link).await
    }

    pub(super) fn log_out(&mut self) {
        self.core.state.logged_in = None;
        self.core.state.user_channel_open = false;
        self.core.state.user_engine = None;
        self.wakes[slot(Scope::User)] = None;
    }

    pub(super) async fn remove_management(&mut self) -> Result<(), DeviceError> {
        let asked = self
            .grant
            .as_ref()
            .and_then(|grant| grant.check_out_when_removed);
        let result = if asked.unwrap_or(self.core.spec.settings.check_out_when_removed) {
            let mut link = self.link()?;
            let message = CheckinMessage::CheckOut(CheckOut {
                ids: self.core.ids(Scope::Device),
                topic: link.grant().topic.clone(),
            });
            match self.check_in(&mut link, &message).await {
                Ok(answer) => {
                    self.empty_answer(&answer, "CheckOut");
                    Ok(())
                }
                Err(error) => Err(error),
            }
        } else {
            Ok(())
        };
        // Best effort: management goes whatever the server says.
        self.leave_management();
        result
    }
}
