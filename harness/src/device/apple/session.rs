//! The command loop: idle, command, answer, until the server has no more.

use device_matrix::capability::Scope;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::SchemaOs;
use plist::{Dictionary, Value as Plist};
use scenarios::event::Direction;

use super::commands::{self, After};
use super::ddm::Trigger;
use super::link::{Endpoint, Link};
use super::virtual_device::VirtualDevice;
use super::wire::{garbage, undecodable};
use crate::device::{DeviceError, MessageBody, Session};
use crate::protocol::apple::checkin::{CheckinMessage, ReturnToServiceAnswer};
use crate::protocol::apple::codec;
use crate::protocol::apple::command::{CommandEnvelope, CommandResponse, Status};

/// A message of the command loop on its way to the server.
#[derive(Debug)]
pub(super) struct Outgoing {
    scope: Scope,
    what: String,
    body: Dictionary,
    after: Option<After>,
    /// A final result, which is repeated until it is delivered.
    is_result: bool,
}

impl VirtualDevice {
    /// Delivers one message of the command loop and returns the server's next command.
    pub(super) async fn deliver(
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

    pub(super) fn idle(&self, scope: Scope) -> Outgoing {
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

    pub(super) async fn run_session(&mut self, scope: Scope) -> Result<Session, DeviceError> {
        self.ready(scope)?;
        let mut link = self.link()?;
        let session = self.converse(&mut link, scope).await?;
        self.rest(link);
        Ok(session)
    }

    async fn converse(&mut self, link: &mut Link, scope: Scope) -> Result<Session, DeviceError> {
        let mut session = Session::default();
        let mut synchronize = false;
        let mut refused = Vec::new();
        let repeated = self.undelivered.take_if(|kept| kept.scope == scope);
        let mut out = repeated.map_or_else(|| self.idle(scope), |kept| *kept);
        for _ in 0..=self.core.spec.settings.max_commands_per_session {
            let body = std::mem::take(&mut out.body);
            let next = match self.deliver(link, &out.what, body).await {
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
                    self.ask_return_to_service(link).await?;
                }
                if self.follow(after) {
                    link.hang_up();
                    return Ok(session);
                }
            }
            let Some(envelope) = next else { break };
            match self.carry_out(link, scope, &envelope, &mut refused).await? {
                Some(next) => out = next,
                None => break,
            }
        }
        session.not_now = u32::try_from(refused.len()).unwrap_or(u32::MAX);
        if synchronize {
            self.synchronize(link, scope).await?;
        } else {
            self.report(link, scope, Trigger::Changed).await?;
        }
        Ok(session)
    }

    /// A supervised, automatically enrolled device asks before it is erased whether it shall come back by itself
    /// (iOS 26, visionOS 26), when the command did not say so.
    pub(super) async fn ask_return_to_service(
        &mut self,
        link: &mut Link,
    ) -> Result<(), DeviceError> {
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
    pub(super) fn keep(&mut self, mut out: Outgoing, error: &DeviceError) {
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
    pub(super) async fn carry_out(
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

    /// What happens once an answer is delivered. `true` ends the session.
    pub(super) fn follow(&mut self, after: After) -> bool {
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

    pub(super) fn ready(&self, scope: Scope) -> Result<(), DeviceError> {
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
}
