//! A device that understands a handful of made-up commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::capability::{Facts, Kind};
use device_matrix::release::Release;
use harness::device::{DeviceError, DeviceMessage, DeviceUnderTest, MessageBody, Session};
use harness::protocol::apple::codec;
use harness::runner::{DeviceFactory, DeviceOrder};
use harness::server::{EnrollmentGrant, EnrollmentId};
use scenarios::event::{DeviceOrigin, Direction};
use scenarios::scenario::{ChannelWord, DeviceAction};
use serde_json::{Value, json};

use super::server::FakeServer;

/// Secrets that the device sends; none may be found in a record.
pub(crate) const SECRETS: [&str; 5] = [
    "s3cr3t-unlock",
    "s3cr3t-magic",
    "s3cr3t-push-token",
    "s3cr3t-wifi",
    "s3cr3t-pin",
];

pub(crate) struct FakeFactory {
    pub(crate) server: Arc<FakeServer>,
    /// A real device shows no effects.
    pub(crate) blind: bool,
    /// A planted fault: this setting never takes effect although it is acknowledged and reads back.
    pub(crate) inert: Option<&'static str>,
}

struct FakeDevice {
    id: EnrollmentId,
    server: Arc<FakeServer>,
    blind: bool,
    inert: Option<&'static str>,
    release: Arc<Release>,
    facts: Arc<Facts>,
    settings: BTreeMap<String, Value>,
    stumbled: bool,
    reboots: u32,
    messages: Vec<DeviceMessage>,
}

impl DeviceFactory for FakeFactory {
    fn make(&self, order: &DeviceOrder) -> Result<Box<dyn DeviceUnderTest>, DeviceError> {
        let mut id = String::new();
        for byte in &order.seed[..8] {
            let _ = write!(id, "{byte:02X}");
        }
        Ok(Box::new(FakeDevice {
            id: EnrollmentId(id),
            server: Arc::clone(&self.server),
            blind: self.blind,
            inert: self.inert,
            release: Arc::clone(&order.release),
            facts: Arc::clone(&order.facts),
            settings: BTreeMap::new(),
            stumbled: false,
            reboots: 0,
            messages: Vec::new(),
        }))
    }
}

impl FakeDevice {
    fn say(&mut self, direction: Direction, what: &str, body: &Value) {
        let Ok(plist::Value::Dictionary(dictionary)) = codec::from_json(body) else {
            panic!("not a dictionary: {body}");
        };
        self.messages.push(DeviceMessage {
            direction,
            what: what.to_owned(),
            http_status: (direction == Direction::ToDevice).then_some(200),
            body: MessageBody::Plist(dictionary),
            bytes: 1,
        });
    }

    fn answer(&mut self, command: &Value) -> Value {
        let text = |key: &str| {
            command
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let error =
            json!({"Status": "Error", "ErrorChain": [{"ErrorDomain": "Fake", "ErrorCode": 4}]});
        let done = json!({"Status": "Acknowledged"});
        let request_type = text("RequestType");
        let known = self
            .facts
            .find(Kind::Command, &request_type)
            .all(|(_, item)| {
                item.support(self.release.platform)
                    .is_some_and(|support| support.available(&self.release.version.number).is_yes())
            });
        if !known {
            return error;
        }
        match request_type.as_str() {
            "Set" => {
                self.settings.insert(text("Key"), command["Value"].clone());
                done
            }
            "Unset" if text("Key") == "sticky" => error,
            "Unset" => {
                self.settings.remove(&text("Key"));
                done
            }
            "DeviceInformation" => {
                json!({"Status": "Acknowledged", "Settings": self.settings, "Release": self.release.id()})
            }
            "Stumble" if !self.stumbled => {
                self.stumbled = true;
                error
            }
            "Batch" => {
                let keys = command["Keys"].as_array().cloned().unwrap_or_default();
                let bad = keys
                    .iter()
                    .any(|key| key.as_str().is_some_and(|key| key.starts_with("bad")));
                if bad {
                    error
                } else {
                    json!({"Status": "Acknowledged", "Answers": keys.iter().filter_map(|key| key.as_str())
                        .filter(|key| !key.starts_with("mute")).map(|key| (key.to_owned(), json!(1)))
                        .collect::<serde_json::Map<_, _>>()})
                }
            }
            "Stumble" | "InstallProfile" | "RemoveProfile" => done,
            "Later" => json!({"Status": "NotNow"}),
            "Panic" => panic!("a bug in a device"),
            "Reveal" => {
                json!({"Status": "Acknowledged", "UnlockToken": "s3cr3t-unlock", "PushMagic": "s3cr3t-magic"})
            }
            _ => error,
        }
    }

    fn synchronize(&mut self) {
        let id = self.id.clone();
        let declarations = self.server.with(&id, |queue| {
            std::mem::take(&mut queue.changed).then(|| queue.declarations.clone())
        });
        let Some(declarations) = declarations else {
            return;
        };
        let mut rows = BTreeMap::new();
        for declaration in &declarations {
            let identifier = declaration["Identifier"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let mut seen = declaration.clone();
            seen["ServerToken"] = json!("1");
            self.messages.push(DeviceMessage {
                direction: Direction::ToDevice,
                what: "declaration".to_owned(),
                http_status: Some(200),
                body: MessageBody::Json(seen),
                bytes: 1,
            });
            rows.insert(identifier, json!({"active": true, "valid": "valid"}));
        }
        self.messages.push(DeviceMessage {
            direction: Direction::ToServer,
            what: "status".to_owned(),
            http_status: None,
            body: MessageBody::Json(json!({"StatusItems": rows})),
            bytes: 1,
        });
        self.server.with(&id, |queue| {
            queue.view.declarations = rows;
            queue.view.reports += 1;
        });
    }
}

#[async_trait]
impl DeviceUnderTest for FakeDevice {
    fn origin(&self) -> DeviceOrigin {
        DeviceOrigin::Virtual
    }

    fn enrollment_id(&self, _channel: ChannelWord) -> EnrollmentId {
        self.id.clone()
    }

    async fn enroll(&mut self, _grant: &EnrollmentGrant) -> Result<(), DeviceError> {
        let udid = self.id.0.clone();
        self.say(
            Direction::ToServer,
            "TokenUpdate",
            &json!({"MessageType": "TokenUpdate", "UDID": udid, "Token": {"$data": "czNjcjN0LXB1c2gtdG9rZW4="},
                    "PushMagic": "s3cr3t-magic"}),
        );
        Ok(())
    }

    async fn woken(&mut self, _within: Duration) -> bool {
        let id = self.id.clone();
        self.server
            .with(&id, |queue| std::mem::take(&mut queue.pushed))
    }

    async fn session(&mut self, _channel: ChannelWord) -> Result<Session, DeviceError> {
        self.server
            .alive()
            .map_err(|error| DeviceError::Unreachable(error.to_string()))?;
        let id = self.id.clone();
        let mut session = Session::default();
        for (uuid, command) in self
            .server
            .with(&id, |queue| std::mem::take(&mut queue.waiting))
        {
            // Lets other cells run in between, so that the order of work differs from run to run.
            tokio::task::yield_now().await;
            self.say(
                Direction::ToDevice,
                "command",
                &json!({"CommandUUID": uuid, "Command": command}),
            );
            if command["RequestType"] == "Hang" {
                std::future::pending::<()>().await;
            }
            let mut answer = self.answer(&command);
            answer["CommandUUID"] = json!(uuid);
            let status = answer["Status"].as_str().unwrap_or_default().to_owned();
            self.say(Direction::ToServer, &status, &answer);
            if status == "NotNow" {
                session.not_now += 1;
            } else {
                session.answered += 1;
                self.server
                    .with(&id, |queue| queue.results.insert(uuid, answer));
            }
        }
        self.synchronize();
        Ok(session)
    }

    async fn act(&mut self, action: &DeviceAction) -> Result<(), DeviceError> {
        if *action == DeviceAction::Reboot {
            self.reboots += 1;
            self.settings.remove("volatile");
        }
        Ok(())
    }

    async fn update_to(&mut self, release: Arc<Release>) -> Result<(), DeviceError> {
        self.release = release;
        self.settings.remove("lost_by_update");
        Ok(())
    }

    fn effects(&self) -> Option<Value> {
        let mut settings = self.settings.clone();
        if let Some(inert) = self.inert {
            settings.remove(inert);
        }
        (!self.blind).then(|| json!({"settings": settings, "power": {"reboots": self.reboots}}))
    }

    fn take_messages(&mut self) -> Vec<DeviceMessage> {
        std::mem::take(&mut self.messages)
    }
}
