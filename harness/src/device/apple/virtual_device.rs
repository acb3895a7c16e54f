//! The virtual device on the wire: enrollment, sessions, and what happens at the device itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::capability::{Facts, Scope};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::{DeviceModel, Hardware};
use device_matrix::platform::SchemaOs;
use device_matrix::release::Release;
use plist::{Dictionary, Value as Plist};
use scenarios::event::{DeviceOrigin, Direction};
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::Value;

use super::commands::{self, After};
use super::core::Core;
use super::ddm::{self, Held, Trigger};
use super::link::{Endpoint, HttpAnswer, Link};
use super::quirks::{LostAfter, Quirks};
use super::settings::BehaviorSettings;
use super::state::Source;
use super::{effects, gate, information, profiles};
use crate::device::{DeviceError, DeviceMessage, DeviceUnderTest, MessageBody, Session};
use crate::protocol::apple::checkin::{
    Authenticate, CheckOut, CheckinMessage, DeclarativeManagement, ReturnToServiceAnswer,
    TokenUpdate, UserAuthenticateAnswer,
};
use crate::protocol::apple::codec;
use crate::protocol::apple::command::{CommandEnvelope, CommandResponse, Status};
use crate::protocol::apple::ddm::{
    Declaration, DeclarationItemsResponse, DeclarationKind, TokensResponse, Validity,
};
use crate::push::WakeSignal;
use crate::server::{EnrollmentGrant, EnrollmentId};

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

/// A virtual Apple device.
#[derive(Debug)]
pub struct VirtualDevice {
    core: Box<Core>,
    grant: Option<Arc<EnrollmentGrant>>,
    wakes: [Option<WakeSignal>; 2],
    messages: Vec<DeviceMessage>,
    /// A result that could not be delivered; it is repeated until it is.
    undelivered: Option<Box<Outgoing>>,
    /// The channel on which the last status was `NotNow`.
    not_now_on: Option<Scope>,
}

/// A message of the command loop on its way to the server.
#[derive(Debug)]
struct Outgoing {
    scope: Scope,
    what: String,
    body: Dictionary,
    after: Option<After>,
    /// A final result, which is repeated until it is delivered.
    is_result: bool,
}

const fn scope_of(channel: ChannelWord) -> Scope {
    match channel {
        ChannelWord::Device => Scope::Device,
        ChannelWord::User => Scope::User,
    }
}

const fn word(scope: Scope) -> &'static str {
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

    fn link(&self) -> Result<Link, DeviceError> {
        let grant = self
            .grant
            .clone()
            .ok_or_else(|| DeviceError::State("it is not enrolled".to_owned()))?;
        Ok(Link::new(grant, self.core.spec.timeout))
    }

    fn log(
        &mut self,
        direction: Direction,
        what: &str,
        status: Option<u16>,
        body: MessageBody,
        bytes: usize,
    ) {
        self.messages.push(DeviceMessage {
            direction,
            what: what.to_owned(),
            http_status: status,
            body,
            bytes: bytes as u64,
        });
    }

    /// Sends a body and notes both directions; the answer's body is noted by whoever decodes it.
    async fn send(
        &mut self,
        link: &mut Link,
        endpoint: Endpoint<'_>,
        what: &str,
        body: Dictionary,
    ) -> Result<HttpAnswer, DeviceError> {
        let bytes = codec::encode_xml(&body).map_err(|error| {
            DeviceError::State(format!("its {what} can not be encoded: {error}"))
        })?;
        self.log(
            Direction::ToServer,
            what,
            None,
            MessageBody::Plist(body),
            bytes.len(),
        );
        link.send(endpoint, what, bytes).await
    }

    async fn check_in(
        &mut self,
        link: &mut Link,
        message: &CheckinMessage,
    ) -> Result<HttpAnswer, DeviceError> {
        let what = match message {
            CheckinMessage::DeclarativeManagement(message) => message.endpoint.clone(),
            other => other.message_type().to_owned(),
        };
        let answer = self
            .send(link, Endpoint::Checkin, &what, message.to_plist())
            .await?;
        self.accepted(&answer, &what)?;
        Ok(answer)
    }

    /// Turns an HTTP status that is no success into an error, and leaves management where the status says so.
    fn accepted(&mut self, answer: &HttpAnswer, what: &str) -> Result<(), DeviceError> {
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let detail =
            String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
        let body = if answer.body.is_empty() {
            MessageBody::Empty
        } else {
            decoded(&answer.body)
        };
        let code = error_code(&body);
        self.log(
            Direction::ToDevice,
            what,
            Some(answer.status),
            body,
            answer.body.len(),
        );
        let unenroll = answer.status == 401
            || (answer.status == 403
                && code.as_deref() == Some("com.apple.unrecognized.device")
                && gate::modern_unenroll(&self.core));
        if unenroll && self.core.state.enrolled {
            self.leave_management();
        }
        Err(DeviceError::Status {
            what: what.to_owned(),
            status: answer.status,
            detail: code.unwrap_or(detail),
        })
    }

    /// The property list of an answer; an empty body is an empty dictionary.
    fn plist_of(&mut self, answer: &HttpAnswer, what: &str) -> Result<Dictionary, DeviceError> {
        if answer.body.is_empty() {
            self.log(
                Direction::ToDevice,
                what,
                Some(answer.status),
                MessageBody::Empty,
                0,
            );
            return Ok(Dictionary::new());
        }
        match codec::decode(&answer.body) {
            Ok(body) => {
                let shown = MessageBody::Plist(body.clone());
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Ok(body)
            }
            Err(error) => {
                let shown = undecodable(&answer.body);
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Err(garbage(what, &error.to_string()))
            }
        }
    }

    /// The JSON of an answer of declarative management.
    fn json_of<T: serde::de::DeserializeOwned>(
        &mut self,
        answer: &HttpAnswer,
        what: &str,
    ) -> Result<T, DeviceError> {
        match serde_json::from_slice::<Value>(&answer.body) {
            Ok(body) => {
                let shown = MessageBody::Json(body.clone());
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                serde_json::from_value(body).map_err(|error| garbage(what, &error.to_string()))
            }
            Err(error) => {
                let shown = undecodable(&answer.body);
                self.log(
                    Direction::ToDevice,
                    what,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Err(garbage(what, &error.to_string()))
            }
        }
    }

    fn empty_answer(&mut self, answer: &HttpAnswer, what: &str) {
        let body = if answer.body.is_empty() {
            MessageBody::Empty
        } else {
            decoded(&answer.body)
        };
        self.log(
            Direction::ToDevice,
            what,
            Some(answer.status),
            body,
            answer.body.len(),
        );
    }

    fn authenticate(&self, grant: &EnrollmentGrant) -> CheckinMessage {
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

    fn token_update(&mut self, grant: &EnrollmentGrant, scope: Scope) -> CheckinMessage {
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

    async fn tell_token(&mut self, link: &mut Link, scope: Scope) -> Result<(), DeviceError> {
        let message = self.token_update(&link.grant().clone(), scope);
        let answer = self.check_in(link, &message).await?;
        self.empty_answer(&answer, "TokenUpdate");
        Ok(())
    }

    fn forget_tokens(&mut self) {
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

    fn leave_management(&mut self) {
        self.forget_tokens();
        self.core.state.leave_management();
        self.undelivered = None;
        self.not_now_on = None;
    }

    /// Opens the user channel: on a Mac after `UserAuthenticate`, which a server may decline with 410.
    async fn open_user_channel(&mut self, link: &mut Link) -> Result<(), DeviceError> {
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
    async fn user_authenticated(&mut self, link: &mut Link) -> Result<bool, DeviceError> {
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

    /// What comes back after a restart, whoever asked for it.
    fn reboot(&mut self) {
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

    /// What happens once an answer is delivered. `true` ends the session.
    fn follow(&mut self, after: After) -> bool {
        match after {
            After::Synchronize => false,
            After::Restart => {
                self.reboot();
                true
            }
            After::ShutDown => {
                self.core.state.shut_down = true;
                true
            }
            After::LogOut => {
                self.log_out();
                false
            }
            After::Erase => {
                let erased = self.core.state.erased;
                self.leave_management();
                self.core.boot_out_of_the_box();
                self.core.state.erased = erased;
                true
            }
        }
    }

    fn log_out(&mut self) {
        self.core.state.logged_in = None;
        self.core.state.user_channel_open = false;
        self.core.state.user_engine = None;
        self.wakes[slot(Scope::User)] = None;
    }

    /// Delivers one message of the command loop and returns the server's next command.
    async fn deliver(
        &mut self,
        link: &mut Link,
        what: &str,
        body: Dictionary,
    ) -> Result<Option<CommandEnvelope>, DeviceError> {
        let answer = self.send(link, Endpoint::Command, what, body).await?;
        self.accepted(&answer, what)?;
        if answer.body.is_empty() {
            self.log(
                Direction::ToDevice,
                "empty",
                Some(answer.status),
                MessageBody::Empty,
                0,
            );
            return Ok(None);
        }
        match codec::decode(&answer.body) {
            Ok(body) => {
                let name = body
                    .get("Command")
                    .and_then(Plist::as_dictionary)
                    .and_then(|command| command.get("RequestType"))
                    .and_then(Plist::as_string)
                    .unwrap_or("command")
                    .to_owned();
                let shown = MessageBody::Plist(body.clone());
                self.log(
                    Direction::ToDevice,
                    &name,
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                CommandEnvelope::parse(body)
                    .map(Some)
                    .map_err(|error| garbage(what, &error.to_string()))
            }
            Err(error) => {
                let shown = undecodable(&answer.body);
                self.log(
                    Direction::ToDevice,
                    "command",
                    Some(answer.status),
                    shown,
                    answer.body.len(),
                );
                Err(garbage(what, &error.to_string()))
            }
        }
    }

    fn idle(&self, scope: Scope) -> Outgoing {
        let response = CommandResponse {
            ids: self.core.ids(scope),
            status: Status::Idle,
            uuid: None,
            errors: Vec::new(),
            keys: Dictionary::new(),
        };
        Outgoing {
            scope,
            what: "Idle".to_owned(),
            body: response.into_plist(),
            after: None,
            is_result: false,
        }
    }

    async fn run_session(&mut self, scope: Scope) -> Result<Session, DeviceError> {
        self.ready(scope)?;
        let mut link = self.link()?;
        let mut session = Session::default();
        let mut synchronize = false;
        let mut refused = Vec::new();
        let repeated = self.undelivered.take_if(|kept| kept.scope == scope);
        let mut out = repeated.map_or_else(|| self.idle(scope), |kept| *kept);
        for _ in 0..=self.core.spec.settings.max_commands_per_session {
            let body = std::mem::take(&mut out.body);
            let next = match self.deliver(&mut link, &out.what, body).await {
                Err(error) => {
                    self.keep(out, &error);
                    return Err(error);
                }
                Ok(next) => next,
            };
            session.answered += u32::from(out.is_result);
            if let Some(after) = out.after {
                synchronize |= after == After::Synchronize;
                if after == After::Erase {
                    self.ask_return_to_service(&mut link).await?;
                }
                if self.follow(after) {
                    return Ok(session);
                }
            }
            let Some(envelope) = next else { break };
            match self
                .carry_out(&mut link, scope, &envelope, &mut refused)
                .await?
            {
                Some(next) => out = next,
                None => break,
            }
        }
        session.not_now = u32::try_from(refused.len()).unwrap_or(u32::MAX);
        if synchronize {
            self.synchronize(&mut link, scope).await?;
        } else {
            self.report(&mut link, scope, Trigger::Changed).await?;
        }
        Ok(session)
    }

    /// A supervised, automatically enrolled device asks before it is erased whether it shall come back by itself
    /// (iOS 26, visionOS 26), when the command did not say so.
    async fn ask_return_to_service(&mut self, link: &mut Link) -> Result<(), DeviceError> {
        let core = &self.core;
        let may = core.spec.settings.return_to_service_check_in
            && core.spec.supervised
            && core.spec.enrollment == EnrollmentType::Ade
            && (core.runs(SchemaOs::Ios, &[26]) || core.runs(SchemaOs::Visionos, &[26]));
        let told = core
            .state
            .erased
            .is_some_and(|erased| erased.return_to_service);
        if !may || told {
            return Ok(());
        }
        let message = CheckinMessage::ReturnToService {
            ids: core.ids(Scope::Device),
        };
        let answer = self.check_in(link, &message).await?;
        let body = self.plist_of(&answer, "ReturnToService")?;
        let answer = ReturnToServiceAnswer::parse(&body)
            .map_err(|error| garbage("ReturnToService", &error.to_string()))?;
        if let Some(erased) = &mut self.core.state.erased {
            erased.return_to_service = answer.enabled;
        }
        Ok(())
    }

    /// Keeps a result that the connection lost, so that it is repeated.
    fn keep(&mut self, mut out: Outgoing, error: &DeviceError) {
        let lost = matches!(
            error,
            DeviceError::Unreachable(_) | DeviceError::Timeout { .. }
        );
        if !(lost && out.is_result) {
            return;
        }
        let sent = self
            .messages
            .iter()
            .rev()
            .find(|message| message.direction == Direction::ToServer);
        if let Some(MessageBody::Plist(body)) = sent.map(|message| &message.body) {
            out.body = body.clone();
            self.undelivered = Some(Box::new(out));
        }
    }

    /// Carries out a command; `None` ends the session without an answer.
    async fn carry_out(
        &mut self,
        link: &mut Link,
        scope: Scope,
        envelope: &CommandEnvelope,
        refused: &mut Vec<String>,
    ) -> Result<Option<Outgoing>, DeviceError> {
        let name = envelope.request_type().unwrap_or("command").to_owned();
        if self.core.spec.quirks.never_answers(&name) {
            return Ok(None);
        }
        if self.core.spec.quirks.sends_garbage(&name) {
            const GARBAGE: &str = "\u{0}not a property list";
            let shown = MessageBody::Undecodable(GARBAGE.to_owned());
            self.log(Direction::ToServer, &name, None, shown, GARBAGE.len());
            let bytes = GARBAGE.as_bytes().to_vec();
            let answer = link.send(Endpoint::Command, &name, bytes).await?;
            self.accepted(&answer, &name)?;
            return Ok(None);
        }
        let reply = commands::answer(&mut self.core, envelope, scope);
        let not_now = reply.status == Status::NotNow;
        self.not_now_on = not_now.then_some(scope);
        if not_now {
            if refused.contains(&envelope.uuid) {
                // The server insists; the device comes back later.
                return Ok(None);
            }
            refused.push(envelope.uuid.clone());
        }
        let mut keys = reply.keys;
        if self.core.is_mac() && self.core.spec.settings.mac_repeats_request_type {
            keys.insert("RequestType".to_owned(), Plist::String(name.clone()));
        }
        let response = CommandResponse {
            ids: self.core.ids(scope),
            status: reply.status,
            uuid: Some(envelope.uuid.clone()),
            errors: reply.errors,
            keys,
        };
        Ok(Some(Outgoing {
            scope,
            what: name,
            body: response.into_plist(),
            after: reply.after,
            is_result: !not_now,
        }))
    }

    fn ready(&self, scope: Scope) -> Result<(), DeviceError> {
        let state = |text: &str| Err(DeviceError::State(text.to_owned()));
        if self.core.state.erased.is_some() {
            return state("it has been erased");
        }
        if self.core.state.shut_down {
            return state("it is shut down");
        }
        if !self.core.state.enrolled {
            return state("it is not enrolled");
        }
        if scope == Scope::User && !self.core.state.user_channel_open {
            return state(
                "it has no user channel, nobody is logged in, or the server declined the user",
            );
        }
        Ok(())
    }

    async fn declarative(
        &mut self,
        link: &mut Link,
        scope: Scope,
        endpoint: String,
        data: Option<Vec<u8>>,
    ) -> Result<HttpAnswer, DeviceError> {
        let message = CheckinMessage::DeclarativeManagement(DeclarativeManagement {
            ids: self.core.ids(scope),
            endpoint,
            data,
        });
        self.check_in(link, &message).await
    }

    /// Synchronizes declarations until the server's token is stable, then reports.
    async fn synchronize(&mut self, link: &mut Link, scope: Scope) -> Result<(), DeviceError> {
        let mut changed = false;
        let mut stable = false;
        for _ in 0..=self.core.spec.settings.max_sync_rounds {
            let answer = self
                .declarative(link, scope, "tokens".to_owned(), None)
                .await?;
            let tokens: TokensResponse = self.json_of(&answer, "tokens")?;
            let token = tokens.sync_tokens.declarations_token;
            if self
                .core
                .state
                .engine(scope)
                .and_then(|engine| engine.token.as_deref())
                == Some(&token)
            {
                stable = true;
                break;
            }
            changed = true;
            self.fetch(link, scope).await?;
        }
        if !stable {
            return Err(garbage(
                "tokens",
                "the declarations token changes with every synchronization, so the device never comes to an end",
            ));
        }
        if changed {
            commands::remember_kept(&mut self.core);
            ddm::evaluate(&mut self.core, scope);
            self.install_legacy(link, scope).await?;
            self.core.state.lost_effects.clear();
        }
        if changed || self.core.spec.settings.status_report_when_unchanged {
            self.report(link, scope, Trigger::Synchronized).await?;
        }
        Ok(())
    }

    /// Fetches the manifest and what is new in it.
    async fn fetch(&mut self, link: &mut Link, scope: Scope) -> Result<(), DeviceError> {
        let answer = self
            .declarative(link, scope, "declaration-items".to_owned(), None)
            .await?;
        let items: DeclarationItemsResponse = self.json_of(&answer, "declaration-items")?;
        let mut old = std::mem::take(&mut self.core.state.engine_mut(scope).declarations);
        let mut held = Vec::new();
        for kind in DeclarationKind::ALL {
            for row in items.declarations.of(kind) {
                let same = old.iter().position(|known| {
                    known.kind == kind
                        && known.declaration.identifier == row.identifier
                        && known.declaration.server_token == row.server_token
                });
                if let Some(index) = same {
                    held.push(old.swap_remove(index));
                    continue;
                }
                let endpoint = format!("declaration/{}/{}", kind.endpoint_word(), row.identifier);
                let answer = match self.declarative(link, scope, endpoint.clone(), None).await {
                    // Gone since the manifest was written.
                    Err(DeviceError::Status { status: 404, .. }) => continue,
                    other => other?,
                };
                let declaration: Declaration = self.json_of(&answer, &endpoint)?;
                held.push(Held {
                    kind,
                    declaration,
                    active: false,
                    valid: Validity::Unknown,
                    reasons: Vec::new(),
                    profile_failed: false,
                });
            }
        }
        let engine = self.core.state.engine_mut(scope);
        engine.declarations = held;
        engine.token = Some(items.declarations_token);
        Ok(())
    }

    /// Installs the profiles that `legacy` configurations in force refer to.
    async fn install_legacy(&mut self, link: &mut Link, scope: Scope) -> Result<(), DeviceError> {
        let wanted: Vec<(String, String)> = self
            .core
            .state
            .engine(scope)
            .into_iter()
            .flat_map(|engine| &engine.declarations)
            .filter(|held| held.in_force())
            .filter(|held| {
                held.declaration
                    .declaration_type
                    .starts_with("com.apple.configuration.legacy")
            })
            .filter_map(|held| {
                let url = held.declaration.payload.get("ProfileURL")?.as_str()?;
                Some((held.declaration.identifier.clone(), url.to_owned()))
            })
            .collect();
        let mut failed = false;
        for (identifier, url) in wanted {
            let source = Source::Declaration(identifier.clone());
            if self
                .core
                .state
                .profiles
                .iter()
                .any(|profile| profile.source == source)
            {
                continue;
            }
            // Only the server itself is asked; the virtual device reaches no other host.
            let path = url.split_once("://").map_or(url.as_str(), |(_, rest)| {
                rest.find('/').map_or("/", |slash| &rest[slash..])
            });
            let bytes = match link.send(Endpoint::Get(path), "profile", Vec::new()).await {
                Ok(answer) if answer.status == 200 => answer.body,
                _ => bytes::Bytes::new(),
            };
            if profiles::install(&mut self.core, &bytes, scope, source).is_err() {
                failed = true;
                let engine = self.core.state.engine_mut(scope);
                for held in &mut engine.declarations {
                    held.profile_failed |= held.declaration.identifier == identifier;
                }
            }
        }
        if failed {
            ddm::evaluate(&mut self.core, scope);
        }
        Ok(())
    }

    async fn report(
        &mut self,
        link: &mut Link,
        scope: Scope,
        trigger: Trigger,
    ) -> Result<(), DeviceError> {
        let Some(report) = ddm::report(&mut self.core, scope, trigger) else {
            return Ok(());
        };
        let data = serde_json::to_vec(&report).map_err(|error| {
            DeviceError::State(format!("its status report can not be encoded: {error}"))
        })?;
        let answer = self
            .declarative(link, scope, "status".to_owned(), Some(data))
            .await?;
        self.empty_answer(&answer, "status");
        Ok(())
    }

    async fn log_in(&mut self, name: &str) -> Result<(), DeviceError> {
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

    async fn remove_management(&mut self) -> Result<(), DeviceError> {
        let result = if self.core.spec.settings.check_out_when_removed {
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

const fn slot(scope: Scope) -> usize {
    match scope {
        Scope::Device => 0,
        Scope::User => 1,
    }
}

fn garbage(what: &str, detail: &str) -> DeviceError {
    DeviceError::Garbage {
        what: what.to_owned(),
        detail: detail.to_owned(),
    }
}

fn undecodable(bytes: &[u8]) -> MessageBody {
    MessageBody::Undecodable(String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned())
}

fn decoded(bytes: &[u8]) -> MessageBody {
    if let Ok(body) = codec::decode(bytes) {
        return MessageBody::Plist(body);
    }
    match serde_json::from_slice(bytes) {
        Ok(body) => MessageBody::Json(body),
        Err(_) => undecodable(bytes),
    }
}

/// The `code` of a 403 body, which may be JSON or a property list.
fn error_code(body: &MessageBody) -> Option<String> {
    match body {
        MessageBody::Json(body) => body.get("code")?.as_str().map(str::to_owned),
        MessageBody::Plist(body) => body.get("code")?.as_string().map(str::to_owned),
        _ => None,
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
