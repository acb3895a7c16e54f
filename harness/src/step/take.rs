//! Takes one step: calls to the server and the device in the order in which a product would make them.

use std::time::Duration;

use device_matrix::cell::Cell;
use scenarios::action::Named;
use scenarios::commands;
use scenarios::event::Direction;
use scenarios::scenario::{Action, ChannelWord, DeviceAction, Scenario, Step};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ids::Ids;
use super::rig::{Limits, Rig};
use super::stop::{Stop, limited};
use super::transcript::{Received, Scribe};
use crate::device::{DeviceError, MessageBody};
use crate::protocol::apple::{codec, profile};
use crate::server::{
    ActionCall, Carried, DeclarationView, EnrollmentId, ServerCapabilities, ServerError,
    ServerUnderTest, Wake,
};

/// Everything a step needs.
pub struct Pass<'a> {
    /// The device.
    pub rig: &'a mut Rig,
    /// The server.
    pub server: &'a dyn ServerUnderTest,
    /// What the server's adapter declares.
    pub capabilities: &'a ServerCapabilities,
    /// The cell.
    pub cell: &'a Cell,
    /// Ids of this attempt.
    pub ids: &'a mut Ids,
    /// The transcript of this attempt.
    pub scribe: &'a mut Scribe,
    /// How long to wait for what.
    pub limits: Limits,
    /// Ends everything early.
    pub cancel: &'a CancellationToken,
}

/// What a step's looks are at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The looked-at value; `None` when it can not be seen, as an effect on a real device.
    pub value: Option<Value>,
    /// Its message in the transcript, when it was one.
    pub message: Option<u32>,
    /// The `CommandUUID`, when the step sent a command.
    pub command: Option<String>,
}

/// The first thing a scenario needs that the server's adapter does not declare.
#[must_use]
pub fn unsupported(scenario: &Scenario, capabilities: &ServerCapabilities) -> Option<&'static str> {
    scenario
        .apply
        .iter()
        .chain(&scenario.verify)
        .chain(&scenario.undo)
        .chain(&scenario.verify_undone)
        .find_map(|step| unsupported_action(&step.action, capabilities))
}

/// What an action needs that the server's adapter does not declare.
#[must_use]
pub fn unsupported_action(
    action: &Action,
    capabilities: &ServerCapabilities,
) -> Option<&'static str> {
    let channel = match action {
        Action::Declare { channel, .. } | Action::Undeclare { channel, .. } => {
            if !capabilities.declarations {
                return Some("declarative management");
            }
            channel
        }
        Action::Command { channel, .. }
        | Action::InstallProfile { channel, .. }
        | Action::RemoveProfile { channel, .. } => channel,
        Action::Device(_) | Action::Effect | Action::ServerView => return None,
    };
    (*channel == ChannelWord::User && !capabilities.user_channel).then_some("user channels")
}

impl Pass<'_> {
    /// Takes a step of a scenario: by the server's own button where it names an action and the server has one.
    pub async fn step(&mut self, step: &Step) -> Result<Seen, Stop> {
        let platform = self.rig.release.platform;
        if let Some(named) = &step.named {
            match self.server.carries(&named.action, platform) {
                Carried::Raw => {}
                Carried::Button => return self.perform(named, &step.action).await,
                Carried::No => {
                    return Err(Stop::Server(ServerError::Unsupported {
                        what: format!("the action {}", named.action),
                    }));
                }
            }
        }
        if !self.server.raw_commands()
            && let Action::Command { request_type, .. } = &step.action
            && commands::reads(request_type)
        {
            // The server asks devices what it wants to know, not what we would: that answer can not be seen.
            return Ok(Seen::default());
        }
        self.take(&step.action).await
    }

    /// Takes a step and returns what its looks are at.
    pub async fn take(&mut self, action: &Action) -> Result<Seen, Stop> {
        if let Some(what) = unsupported_action(action, self.capabilities) {
            return Err(Stop::Server(ServerError::Unsupported {
                what: what.to_owned(),
            }));
        }
        if let Some((command, channel)) = raw_command(action, self.rig)? {
            return self.command(&command, channel).await;
        }
        match action {
            Action::Declare {
                declarations,
                channel,
            } => {
                let id = self.rig.device.enrollment_id(*channel);
                let all = self.rig.declare(&id, declarations);
                self.synchronize(&id, &all, *channel).await
            }
            Action::Undeclare {
                identifiers,
                channel,
            } => {
                let id = self.rig.device.enrollment_id(*channel);
                let left = self.rig.undeclare(&id, identifiers);
                self.synchronize(&id, &left, *channel).await
            }
            Action::Device(action) => self.act(action).await,
            Action::Effect => Ok(self.effects()),
            Action::ServerView => self.server_view().await,
            Action::Command { .. }
            | Action::InstallProfile { .. }
            | Action::RemoveProfile { .. } => {
                Err(Stop::Bug("a command was not made into one".to_owned()))
            }
        }
    }

    /// Presses the server's button and looks at the command of the server's own that reaches the device.
    async fn perform(&mut self, named: &Named, action: &Action) -> Result<Seen, Stop> {
        let Some((command, channel)) = raw_command(action, self.rig)? else {
            return Err(Stop::Bug(format!(
                "the action {} comes to no command",
                named.action
            )));
        };
        let id = self.rig.device.enrollment_id(channel);
        let call = ActionCall {
            action: &named.action,
            args: &named.args,
            command: &command,
        };
        let before = self.scribe.received().len();
        let performed = limited(
            self.cancel,
            self.limits.server,
            "asking for an action",
            self.server.perform(&id, call),
        )
        .await??;
        let sends: Vec<&str> = performed.sends.iter().map(String::as_str).collect();
        self.scribe.action(&named.action, &named.args, &sends);
        let deadline = Instant::now() + performed.within;
        let received = loop {
            self.come(&id, channel).await?;
            let fits = |received: &&Received| match &performed.uuid {
                Some(uuid) => received.uuid == *uuid,
                None => performed.sends.contains(&received.request_type),
            };
            let found = self.scribe.received()[before..].iter().find(fits).cloned();
            let now = Instant::now();
            if found.is_some() || now >= deadline {
                break found;
            }
            let pause = performed.every.min(deadline - now);
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Stop::Interrupted),
                () = tokio::time::sleep(pause) => {}
            }
        };
        let Some(received) = received else {
            // The server took the request and nothing came of it: an answer without anything in it.
            return Ok(Seen {
                value: Some(json!({})),
                message: None,
                command: None,
            });
        };
        let not_now = received
            .body
            .as_ref()
            .and_then(|body| body.get("Status"))
            .and_then(Value::as_str)
            == Some("NotNow");
        if !not_now && self.server.shows_results() {
            return self
                .result(&id, received.uuid, received.answer, &command)
                .await;
        }
        Ok(Seen {
            value: received.body.or_else(|| Some(json!({}))),
            message: received.answer,
            command: Some(received.uuid),
        })
    }

    async fn result(
        &mut self,
        id: &EnrollmentId,
        uuid: String,
        message: Option<u32>,
        command: &Value,
    ) -> Result<Seen, Stop> {
        let patience = self.patience();
        let result = limited(
            self.cancel,
            patience + self.limits.server,
            "the result of a command",
            self.server.result(id, &uuid, patience),
        )
        .await?;
        let result = match result {
            Err(ServerError::Timeout { .. }) => return Err(self.lost(&uuid, command)),
            result => result?,
        };
        Ok(Seen {
            value: Some(result.body),
            message,
            command: Some(uuid),
        })
    }

    async fn command(&mut self, command: &Value, channel: ChannelWord) -> Result<Seen, Stop> {
        let id = self.rig.device.enrollment_id(channel);
        let uuid = self.ids.uuid();
        self.scribe
            .command(&uuid, command, !self.server.shows_results());
        limited(
            self.cancel,
            self.limits.server,
            "queuing a command",
            self.server.enqueue(&id, &uuid, command),
        )
        .await??;
        self.come(&id, channel).await?;
        let fate = self.scribe.fate(&uuid);
        let answer = fate.and_then(|fate| fate.answer);
        if let Some(body) = fate.and_then(|fate| fate.body.as_ref())
            && body.get("Status").and_then(Value::as_str) == Some("NotNow")
        {
            // Not final: the server goes on waiting, and the device comes back by itself later.
            return Ok(Seen {
                value: Some(body.clone()),
                message: answer,
                command: Some(uuid),
            });
        }
        if !self.server.shows_results() {
            let value = fate.and_then(|fate| fate.body.clone());
            return Ok(Seen {
                value: value.or_else(|| Some(json!({}))),
                message: answer,
                command: Some(uuid),
            });
        }
        self.result(&id, uuid, answer, command).await
    }

    /// How long the server may take to have an answer of the device.
    fn patience(&self) -> Duration {
        self.rig.device.patience().unwrap_or(self.limits.result)
    }

    /// Where a command got lost, after a session in which the device could have taken it.
    fn lost(&self, uuid: &str, command: &Value) -> Stop {
        let name = command
            .get("RequestType")
            .and_then(Value::as_str)
            .unwrap_or("the command");
        if self.rig.device.enrolled() {
            return Stop::NoAnswer(format!(
                "the server has no answer to {name} after {} s. See whether the device is on, unlocked and online",
                self.patience().as_secs_f64()
            ));
        }
        match self.scribe.fate(uuid) {
            Some(fate) if fate.answer.is_some() => Stop::Server(ServerError::Timeout {
                what: format!("the result of {name}, which the device has sent,"),
                after: self.limits.result,
            }),
            Some(fate) if fate.arrived => Stop::Silent(format!(
                "the device took {name} and never answered it. Repeat it, and compare with the release before"
            )),
            _ => Stop::NotDelivered(format!(
                "the server accepted {name} and did not hand it to the device when it came. Look for the command in \
                 the server's queue and log"
            )),
        }
    }

    /// Wakes the device, or lets it poll where nobody can push, and lets it have its session.
    async fn come(&mut self, id: &EnrollmentId, channel: ChannelWord) -> Result<(), Stop> {
        let wake = limited(
            self.cancel,
            self.limits.server,
            "asking for a push",
            self.server.wake(id),
        )
        .await??;
        match wake {
            Wake::Pushed => {
                let woken = limited(
                    self.cancel,
                    self.limits.push * 2,
                    "waiting for a push",
                    self.rig.device.woken(self.limits.push),
                )
                .await?;
                if !woken {
                    return Err(Stop::Push(format!(
                        "the server reports a push, but none reached the device within {} s. Check the push \
                         certificate, the topic and the way to the push service",
                        self.limits.push.as_secs_f64()
                    )));
                }
            }
            Wake::NotExercised => {}
            Wake::Failed => {
                return Err(Stop::Push(
                    "the server could not push to the device. Check its push certificate and the way to the push \
                     service"
                        .to_owned(),
                ));
            }
        }
        self.session(channel).await
    }

    async fn session(&mut self, channel: ChannelWord) -> Result<(), Stop> {
        let done = limited(
            self.cancel,
            self.limits.session,
            "the device's session with the server",
            self.rig.device.session(channel),
        )
        .await;
        // What was exchanged before an error is evidence too.
        let messages = self.rig.take_messages();
        let said = messages
            .iter()
            .rfind(|message| message.direction == Direction::ToServer);
        let garbage = said
            .filter(|message| matches!(message.body, MessageBody::Undecodable(_)))
            .map(|message| message.what.clone());
        self.scribe.device(messages);
        match (done?, garbage) {
            // Whoever turns garbage away does well.
            (Err(DeviceError::Status { status, .. }), Some(what)) => Err(Stop::Garbage(format!(
                "the device answered {what} with something unreadable, and the server turned it away with HTTP \
                 {status}. Look at the bytes in the evidence"
            ))),
            (done, _) => Ok(done.map(|_| ())?),
        }
    }

    async fn synchronize(
        &mut self,
        id: &EnrollmentId,
        declarations: &[Value],
        channel: ChannelWord,
    ) -> Result<Seen, Stop> {
        let before = self.scribe.status_reports();
        let unseen = self.rig.device.enrolled();
        if unseen {
            // Reports of before this run must not pass for an answer.
            let known = limited(
                self.cancel,
                self.limits.server,
                "reading declarative status",
                self.server.declarations(id, 0, Duration::ZERO),
            )
            .await?;
            if let Ok(view) = known {
                self.rig.keep_view(id, view);
            }
        }
        self.scribe.declarations(declarations);
        limited(
            self.cancel,
            self.limits.server,
            "handing in declarations",
            self.server.set_declarations(id, declarations),
        )
        .await??;
        self.come(id, channel).await?;
        let sent = self.scribe.status_reports() - before;
        self.rig.reported(id, sent);
        let message = self.scribe.last();
        // Every report that the device sent must have arrived; when none was seen, one may still come.
        let (after, deadline) = if sent > 0 {
            (self.rig.reports(id).saturating_sub(1), self.limits.result)
        } else if unseen {
            (self.rig.reports(id), self.patience())
        } else {
            (self.rig.reports(id), self.limits.settle)
        };
        let view = limited(
            self.cancel,
            deadline + self.limits.server,
            "reading declarative status",
            self.server.declarations(id, after, deadline),
        )
        .await?;
        let view = match view {
            Ok(view) => {
                self.rig.keep_view(id, view.clone());
                view
            }
            // The device has nothing new to say, so the last report is still the latest.
            Err(ServerError::Timeout { .. }) if unseen => {
                return Err(Stop::NoAnswer(format!(
                    "no status report came after the declarations within {} s. See whether the device is on and online",
                    deadline.as_secs_f64()
                )));
            }
            Err(ServerError::Timeout { .. }) if sent == 0 => self.rig.latest_view(id),
            Err(error) => return Err(error.into()),
        };
        Ok(Seen {
            value: Some(declarative(view)),
            message,
            command: None,
        })
    }

    async fn act(&mut self, action: &DeviceAction) -> Result<Seen, Stop> {
        if *action == DeviceAction::Poll {
            return self.poll().await;
        }
        let done = limited(
            self.cancel,
            self.limits.session,
            "something at the device",
            self.rig.device.act(action),
        )
        .await;
        self.scribe.device(self.rig.take_messages());
        done??;
        Ok(self.effects())
    }

    async fn poll(&mut self) -> Result<Seen, Stop> {
        self.session(ChannelWord::Device).await?;
        Ok(self.effects())
    }

    fn effects(&self) -> Seen {
        Seen {
            value: self.rig.device.effects(),
            message: None,
            command: None,
        }
    }

    async fn server_view(&mut self) -> Result<Seen, Stop> {
        let id = self.rig.device.enrollment_id(ChannelWord::Device);
        let view = limited(
            self.cancel,
            self.limits.result + self.limits.server,
            "asking what the server saw",
            self.server
                .view(&id, self.rig.checkins(), self.limits.result),
        )
        .await??;
        Ok(Seen {
            value: Some(json!({
                "checkins": view.checkins,
                "token_updates": view.token_updates,
                "bootstrap_token": view.bootstrap_token,
            })),
            message: None,
            command: None,
        })
    }
}

/// The command that a step comes to, when it is one.
fn raw_command(action: &Action, rig: &Rig) -> Result<Option<(Value, ChannelWord)>, Stop> {
    Ok(Some(match action {
        Action::Command {
            request_type,
            args,
            channel,
        } => (command(request_type, args, rig)?, *channel),
        Action::InstallProfile {
            identifier,
            payloads,
            channel,
        } => {
            let bytes = profile::build_xml(identifier, payloads)
                .map_err(|error| Stop::Bug(format!("profile `{identifier}`: {error}")))?;
            let command = json!({
                "RequestType": "InstallProfile",
                "Payload": codec::to_json(&plist::Value::Data(bytes)),
            });
            (command, *channel)
        }
        Action::RemoveProfile {
            identifier,
            channel,
        } => (
            json!({ "RequestType": "RemoveProfile", "Identifier": identifier }),
            *channel,
        ),
        _ => return Ok(None),
    }))
}

/// `RequestType` first, then the keys of the scenario; `{"$escrow": KEY}` is what the device handed over.
fn command(request_type: &str, args: &Value, rig: &Rig) -> Result<Value, Stop> {
    let mut command = Map::new();
    command.insert(
        "RequestType".to_owned(),
        Value::String(request_type.to_owned()),
    );
    match args {
        Value::Null => {}
        Value::Object(keys) => {
            for (key, value) in keys {
                let value = match value.get("$escrow").and_then(Value::as_str) {
                    None => value.clone(),
                    Some(name) => rig.escrowed(name).cloned().ok_or_else(|| {
                        Stop::Device(DeviceError::State(format!(
                            "it has handed over no {name}, which {request_type} needs"
                        )))
                    })?,
                };
                command.insert(key.clone(), value);
            }
        }
        _ => {
            return Err(Stop::Bug(format!(
                "the arguments of {request_type} are not an object"
            )));
        }
    }
    Ok(Value::Object(command))
}

fn declarative(view: DeclarationView) -> Value {
    let rows: Map<String, Value> = view.declarations.into_iter().collect();
    json!({ "declarations": rows, "status": view.status })
}
