//! Check-in messages, both directions.
//!
//! Keys and which of them are required: Apple's schema, folder `mdm/checkin`. Presence is only enforced for what a
//! server cannot do without, because real devices leave out keys that the schema calls required.

use plist::{Dictionary, Value};

/// The content type of check-in requests.
pub const CONTENT_TYPE: &str = "application/x-apple-aspen-mdm-checkin";

/// The `UserID` of every user channel on Shared iPad.
pub const SHARED_IPAD_USER: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

/// A check-in message does not have what its type needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("check-in message{}: {problem}", message_type.as_ref().map(|t| format!(" `{t}`")).unwrap_or_default())]
pub struct CheckinError {
    /// `MessageType`, when there is one.
    pub message_type: Option<String>,
    /// What is missing or has the wrong type.
    pub problem: String,
}

/// The keys by which a message names its enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// `UDID`; not under user enrollment.
    pub udid: Option<String>,
    /// `EnrollmentID`; under user enrollment.
    pub enrollment_id: Option<String>,
    /// `UserID`, on a user channel.
    pub user_id: Option<String>,
    /// `UserShortName`, on a user channel.
    pub user_short_name: Option<String>,
    /// `UserLongName`, on a user channel.
    pub user_long_name: Option<String>,
    /// `EnrollmentUserID`, on the user channel of a macOS user enrollment.
    pub enrollment_user_id: Option<String>,
}

impl Ids {
    /// Reads the identifying keys; empty strings count as absent.
    #[must_use]
    pub fn parse(body: &Dictionary) -> Self {
        let text = |key: &str| {
            body.get(key)
                .and_then(Value::as_string)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Self {
            udid: text("UDID"),
            enrollment_id: text("EnrollmentID"),
            user_id: text("UserID"),
            user_short_name: text("UserShortName"),
            user_long_name: text("UserLongName"),
            enrollment_user_id: text("EnrollmentUserID"),
        }
    }

    /// Writes the keys that are present.
    pub fn write(&self, body: &mut Dictionary) {
        for (key, value) in [
            ("UDID", &self.udid),
            ("EnrollmentID", &self.enrollment_id),
            ("EnrollmentUserID", &self.enrollment_user_id),
            ("UserID", &self.user_id),
            ("UserShortName", &self.user_short_name),
            ("UserLongName", &self.user_long_name),
        ] {
            if let Some(value) = value {
                body.insert(key.to_owned(), Value::String(value.clone()));
            }
        }
    }

    /// The id of the device channel: the UDID, else the `EnrollmentID`.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.udid.as_deref().or(self.enrollment_id.as_deref())
    }

    /// The part of the id that names the user: the short name on Shared iPad, else the user's id.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        match self.user_id.as_deref() {
            Some(SHARED_IPAD_USER) => self.user_short_name.as_deref(),
            Some(user) => Some(user),
            None => self.enrollment_user_id.as_deref(),
        }
    }

    /// The id under which servers keep the enrollment: device, or `device:user` (as `NanoMDM` does).
    #[must_use]
    pub fn resolve(&self) -> Option<String> {
        let device = self.device()?;
        Some(match self.user() {
            Some(user) => format!("{device}:{user}"),
            None => device.to_owned(),
        })
    }
}

/// `Authenticate`: a device wants to enroll.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authenticate {
    /// Who it is.
    pub ids: Ids,
    /// Push topic.
    pub topic: String,
    /// Version number the device runs.
    pub os_version: Option<String>,
    /// Build it runs.
    pub build_version: Option<String>,
    /// Model identifier such as `iPhone17,2`.
    pub product_name: Option<String>,
    /// Serial number; not under user enrollment.
    pub serial_number: Option<String>,
    /// IMEI.
    pub imei: Option<String>,
    /// MEID.
    pub meid: Option<String>,
    /// Name of the device (macOS).
    pub device_name: Option<String>,
    /// Model (macOS).
    pub model: Option<String>,
    /// Name of the model (macOS).
    pub model_name: Option<String>,
}

/// `TokenUpdate`: how to push to a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenUpdate {
    /// Who it is.
    pub ids: Ids,
    /// Push topic.
    pub topic: String,
    /// Push token.
    pub token: Vec<u8>,
    /// Push magic.
    pub push_magic: String,
    /// Escrow for clearing the passcode (iOS family, device channel).
    pub unlock_token: Option<Vec<u8>>,
    /// The device waits in Setup Assistant.
    pub awaiting_configuration: Option<bool>,
    /// The user is not at the console (macOS user channel).
    pub not_on_console: Option<bool>,
}

/// `CheckOut`: the device leaves management.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOut {
    /// Who it is.
    pub ids: Ids,
    /// Push topic.
    pub topic: String,
}

/// `DeclarativeManagement`: one request of the declarative protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclarativeManagement {
    /// Who it is.
    pub ids: Ids,
    /// `tokens`, `declaration-items`, `status`, `declaration/KIND/IDENTIFIER`.
    pub endpoint: String,
    /// JSON, for `status`.
    pub data: Option<Vec<u8>>,
}

/// `GetToken`: the device wants a token of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetToken {
    /// Who it is.
    pub ids: Ids,
    /// `com.apple.maid`, `com.apple.watch.pairing`.
    pub service_type: String,
    /// Parameters of the watch pairing service.
    pub parameters: Option<Dictionary>,
}

/// A check-in message.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckinMessage {
    /// The device wants to enroll.
    Authenticate(Authenticate),
    /// The device says how it is pushed to.
    TokenUpdate(TokenUpdate),
    /// The device leaves.
    CheckOut(CheckOut),
    /// The device escrows its bootstrap token; `None` takes it back.
    SetBootstrapToken {
        /// Who it is.
        ids: Ids,
        /// The token.
        token: Option<Vec<u8>>,
        /// The device waits in Setup Assistant.
        awaiting_configuration: Option<bool>,
    },
    /// The device wants its bootstrap token.
    GetBootstrapToken {
        /// Who it is.
        ids: Ids,
    },
    /// The device wants a token of a service.
    GetToken(GetToken),
    /// A user logs in (macOS). Without `digest_response` it asks for a challenge.
    UserAuthenticate {
        /// Who it is.
        ids: Ids,
        /// Answer to the challenge, in the second round.
        digest_response: Option<String>,
    },
    /// One request of the declarative protocol.
    DeclarativeManagement(DeclarativeManagement),
    /// An erased device asks whether it shall come back by itself.
    ReturnToService {
        /// Who it is.
        ids: Ids,
    },
    /// A type that this catalogue does not know.
    Unknown {
        /// `MessageType`.
        message_type: String,
        /// Who it is.
        ids: Ids,
    },
}

impl CheckinMessage {
    /// Reads a message. A type that is not known is [`CheckinMessage::Unknown`], not an error.
    pub fn parse(body: &Dictionary) -> Result<Self, CheckinError> {
        let reader = Reader {
            body,
            message_type: body.get("MessageType").and_then(Value::as_string),
        };
        let message_type = reader.required_text("MessageType")?;
        let ids = Ids::parse(body);
        Ok(match message_type {
            "Authenticate" => Self::Authenticate(Authenticate {
                topic: reader.required_text("Topic")?.to_owned(),
                os_version: reader.text("OSVersion")?,
                build_version: reader.text("BuildVersion")?,
                product_name: reader.text("ProductName")?,
                serial_number: reader.text("SerialNumber")?,
                imei: reader.text("IMEI")?,
                meid: reader.text("MEID")?,
                device_name: reader.text("DeviceName")?,
                model: reader.text("Model")?,
                model_name: reader.text("ModelName")?,
                ids: reader.named(ids)?,
            }),
            "TokenUpdate" => Self::TokenUpdate(TokenUpdate {
                topic: reader.required_text("Topic")?.to_owned(),
                token: reader
                    .data("Token")?
                    .ok_or_else(|| reader.error("`Token` is missing"))?,
                push_magic: reader.required_text("PushMagic")?.to_owned(),
                unlock_token: reader.data("UnlockToken")?,
                awaiting_configuration: reader.boolean("AwaitingConfiguration")?,
                not_on_console: reader.boolean("NotOnConsole")?,
                ids: reader.named(ids)?,
            }),
            "CheckOut" => Self::CheckOut(CheckOut {
                topic: reader.text("Topic")?.unwrap_or_default(),
                ids: reader.named(ids)?,
            }),
            "SetBootstrapToken" => Self::SetBootstrapToken {
                token: reader.data("BootstrapToken")?.filter(|t| !t.is_empty()),
                awaiting_configuration: reader.boolean("AwaitingConfiguration")?,
                ids: reader.named(ids)?,
            },
            "GetBootstrapToken" => Self::GetBootstrapToken {
                ids: reader.named(ids)?,
            },
            "GetToken" => Self::GetToken(GetToken {
                service_type: reader.required_text("TokenServiceType")?.to_owned(),
                parameters: body
                    .get("TokenParameters")
                    .and_then(Value::as_dictionary)
                    .cloned(),
                ids: reader.named(ids)?,
            }),
            "UserAuthenticate" => Self::UserAuthenticate {
                digest_response: reader.text("DigestResponse")?.filter(|t| !t.is_empty()),
                ids: reader.named(ids)?,
            },
            "DeclarativeManagement" => Self::DeclarativeManagement(DeclarativeManagement {
                endpoint: reader.required_text("Endpoint")?.to_owned(),
                data: reader.data("Data")?,
                ids: reader.named(ids)?,
            }),
            "ReturnToService" => Self::ReturnToService {
                ids: reader.named(ids)?,
            },
            other => Self::Unknown {
                message_type: other.to_owned(),
                ids,
            },
        })
    }

    /// `MessageType`.
    #[must_use]
    pub fn message_type(&self) -> &str {
        match self {
            Self::Authenticate(_) => "Authenticate",
            Self::TokenUpdate(_) => "TokenUpdate",
            Self::CheckOut(_) => "CheckOut",
            Self::SetBootstrapToken { .. } => "SetBootstrapToken",
            Self::GetBootstrapToken { .. } => "GetBootstrapToken",
            Self::GetToken(_) => "GetToken",
            Self::UserAuthenticate { .. } => "UserAuthenticate",
            Self::DeclarativeManagement(_) => "DeclarativeManagement",
            Self::ReturnToService { .. } => "ReturnToService",
            Self::Unknown { message_type, .. } => message_type,
        }
    }

    /// Who sent it.
    #[must_use]
    pub const fn ids(&self) -> &Ids {
        match self {
            Self::Authenticate(message) => &message.ids,
            Self::TokenUpdate(message) => &message.ids,
            Self::CheckOut(message) => &message.ids,
            Self::GetToken(message) => &message.ids,
            Self::DeclarativeManagement(message) => &message.ids,
            Self::SetBootstrapToken { ids, .. }
            | Self::GetBootstrapToken { ids }
            | Self::UserAuthenticate { ids, .. }
            | Self::ReturnToService { ids }
            | Self::Unknown { ids, .. } => ids,
        }
    }

    /// The message as it goes on the wire.
    #[must_use]
    pub fn to_plist(&self) -> Dictionary {
        let mut writer = Writer(Dictionary::new());
        writer.text("MessageType", Some(self.message_type()));
        self.ids().write(&mut writer.0);
        match self {
            Self::Authenticate(message) => {
                writer.text("Topic", Some(&message.topic));
                writer.text("OSVersion", message.os_version.as_deref());
                writer.text("BuildVersion", message.build_version.as_deref());
                writer.text("ProductName", message.product_name.as_deref());
                writer.text("SerialNumber", message.serial_number.as_deref());
                writer.text("IMEI", message.imei.as_deref());
                writer.text("MEID", message.meid.as_deref());
                writer.text("DeviceName", message.device_name.as_deref());
                writer.text("Model", message.model.as_deref());
                writer.text("ModelName", message.model_name.as_deref());
            }
            Self::TokenUpdate(message) => {
                writer.text("Topic", Some(&message.topic));
                writer.data("Token", Some(&message.token));
                writer.text("PushMagic", Some(&message.push_magic));
                writer.data("UnlockToken", message.unlock_token.as_deref());
                writer.boolean("AwaitingConfiguration", message.awaiting_configuration);
                writer.boolean("NotOnConsole", message.not_on_console);
            }
            Self::CheckOut(message) => writer.text("Topic", Some(&message.topic)),
            Self::SetBootstrapToken {
                token,
                awaiting_configuration,
                ..
            } => {
                writer.data("BootstrapToken", token.as_deref());
                writer.boolean("AwaitingConfiguration", *awaiting_configuration);
            }
            Self::GetToken(message) => {
                writer.text("TokenServiceType", Some(&message.service_type));
                if let Some(parameters) = &message.parameters {
                    let value = Value::Dictionary(parameters.clone());
                    writer.0.insert("TokenParameters".to_owned(), value);
                }
            }
            Self::UserAuthenticate {
                digest_response, ..
            } => writer.text("DigestResponse", digest_response.as_deref()),
            Self::DeclarativeManagement(message) => {
                writer.text("Endpoint", Some(&message.endpoint));
                writer.data("Data", message.data.as_deref());
            }
            Self::GetBootstrapToken { .. }
            | Self::ReturnToService { .. }
            | Self::Unknown { .. } => {}
        }
        writer.0
    }
}

struct Reader<'a> {
    body: &'a Dictionary,
    message_type: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn error(&self, problem: impl Into<String>) -> CheckinError {
        CheckinError {
            message_type: self.message_type.map(str::to_owned),
            problem: problem.into(),
        }
    }

    fn wrong(&self, key: &str, wanted: &str) -> CheckinError {
        self.error(format!("`{key}` is not {wanted}"))
    }

    fn required_text(&self, key: &str) -> Result<&'a str, CheckinError> {
        match self.body.get(key) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(Value::String(_)) | None => Err(self.error(format!("`{key}` is missing"))),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    fn text(&self, key: &str) -> Result<Option<String>, CheckinError> {
        match self.body.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.wrong(key, "a string")),
        }
    }

    fn data(&self, key: &str) -> Result<Option<Vec<u8>>, CheckinError> {
        match self.body.get(key) {
            None => Ok(None),
            Some(Value::Data(bytes)) => Ok(Some(bytes.clone())),
            Some(_) => Err(self.wrong(key, "data")),
        }
    }

    fn boolean(&self, key: &str) -> Result<Option<bool>, CheckinError> {
        match self.body.get(key) {
            None => Ok(None),
            Some(Value::Boolean(value)) => Ok(Some(*value)),
            Some(_) => Err(self.wrong(key, "a boolean")),
        }
    }

    fn named(&self, ids: Ids) -> Result<Ids, CheckinError> {
        if ids.device().is_none() {
            return Err(self.error("neither `UDID` nor `EnrollmentID` is given"));
        }
        Ok(ids)
    }
}

struct Writer(Dictionary);

impl Writer {
    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0
                .insert(key.to_owned(), Value::String(value.to_owned()));
        }
    }

    fn data(&mut self, key: &str, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), Value::Data(value.to_vec()));
        }
    }

    fn boolean(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), Value::Boolean(value));
        }
    }
}

/// What a server answers to `UserAuthenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserAuthenticateAnswer {
    /// First round; empty means that no token is needed.
    DigestChallenge(String),
    /// Second round.
    AuthToken(String),
}

impl UserAuthenticateAnswer {
    /// Reads the body of the answer; an empty body is an empty challenge.
    #[must_use]
    pub fn parse(body: &Dictionary) -> Self {
        let text = |key: &str| body.get(key).and_then(Value::as_string).map(str::to_owned);
        match text("AuthToken") {
            Some(token) => Self::AuthToken(token),
            None => Self::DigestChallenge(text("DigestChallenge").unwrap_or_default()),
        }
    }

    /// The answer as it goes on the wire.
    #[must_use]
    pub fn to_plist(&self) -> Dictionary {
        let (key, value) = match self {
            Self::DigestChallenge(value) => ("DigestChallenge", value),
            Self::AuthToken(value) => ("AuthToken", value),
        };
        let mut body = Dictionary::new();
        body.insert(key.to_owned(), Value::String(value.clone()));
        body
    }
}

/// What a server answers to `ReturnToService`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnToServiceAnswer {
    /// Whether the device shall come back by itself.
    pub enabled: bool,
    /// Wi-Fi profile to use.
    pub wifi_profile: Option<Vec<u8>>,
    /// Enrollment profile to use.
    pub mdm_profile: Option<Vec<u8>>,
    /// Bootstrap token.
    pub bootstrap_token: Option<Vec<u8>>,
    /// Retry a failed enrollment (27.0).
    pub should_retry_enrollment: Option<bool>,
}

impl ReturnToServiceAnswer {
    /// Reads the body of the answer.
    pub fn parse(body: &Dictionary) -> Result<Self, CheckinError> {
        let inner = body
            .get("ReturnToService")
            .and_then(Value::as_dictionary)
            .ok_or_else(|| CheckinError {
                message_type: Some("ReturnToService".to_owned()),
                problem: "the answer has no `ReturnToService` dictionary".to_owned(),
            })?;
        let reader = Reader {
            body: inner,
            message_type: Some("ReturnToService"),
        };
        Ok(Self {
            enabled: reader
                .boolean("Enabled")?
                .ok_or_else(|| reader.error("`Enabled` is missing"))?,
            wifi_profile: reader.data("WiFiProfileData")?,
            mdm_profile: reader.data("MDMProfileData")?,
            bootstrap_token: reader.data("BootstrapToken")?,
            should_retry_enrollment: reader.boolean("ShouldRetryEnrollment")?,
        })
    }

    /// The answer as it goes on the wire.
    #[must_use]
    pub fn to_plist(&self) -> Dictionary {
        let mut inner = Writer(Dictionary::new());
        inner.boolean("Enabled", Some(self.enabled));
        inner.data("WiFiProfileData", self.wifi_profile.as_deref());
        inner.data("MDMProfileData", self.mdm_profile.as_deref());
        inner.data("BootstrapToken", self.bootstrap_token.as_deref());
        inner.boolean("ShouldRetryEnrollment", self.should_retry_enrollment);
        let mut body = Dictionary::new();
        body.insert("ReturnToService".to_owned(), Value::Dictionary(inner.0));
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Ids {
        Ids {
            udid: Some("U".to_owned()),
            ..Ids::default()
        }
    }

    #[test]
    fn every_message_survives_the_wire() {
        let messages = [
            CheckinMessage::Authenticate(Authenticate {
                ids: ids(),
                topic: "t".to_owned(),
                os_version: Some("18.0".to_owned()),
                ..Authenticate::default()
            }),
            CheckinMessage::TokenUpdate(TokenUpdate {
                ids: ids(),
                topic: "t".to_owned(),
                token: vec![1, 2],
                push_magic: "m".to_owned(),
                unlock_token: Some(vec![3]),
                awaiting_configuration: Some(false),
                not_on_console: None,
            }),
            CheckinMessage::CheckOut(CheckOut {
                ids: ids(),
                topic: "t".to_owned(),
            }),
            CheckinMessage::SetBootstrapToken {
                ids: ids(),
                token: Some(vec![9]),
                awaiting_configuration: None,
            },
            CheckinMessage::GetBootstrapToken { ids: ids() },
            CheckinMessage::GetToken(GetToken {
                ids: ids(),
                service_type: "com.apple.maid".to_owned(),
                parameters: None,
            }),
            CheckinMessage::UserAuthenticate {
                ids: ids(),
                digest_response: Some("r".to_owned()),
            },
            CheckinMessage::DeclarativeManagement(DeclarativeManagement {
                ids: ids(),
                endpoint: "tokens".to_owned(),
                data: None,
            }),
            CheckinMessage::ReturnToService { ids: ids() },
            CheckinMessage::Unknown {
                message_type: "Later".to_owned(),
                ids: ids(),
            },
        ];
        for message in messages {
            assert_eq!(CheckinMessage::parse(&message.to_plist()), Ok(message));
        }
    }

    #[test]
    fn what_a_message_lacks_is_named() {
        let body = |pairs: &[(&str, &str)]| {
            let mut body = Dictionary::new();
            for (key, value) in pairs {
                body.insert((*key).to_owned(), Value::String((*value).to_owned()));
            }
            body
        };
        for (given, problem) in [
            (body(&[]), "`MessageType` is missing"),
            (
                body(&[("MessageType", "Authenticate"), ("UDID", "U")]),
                "`Topic` is missing",
            ),
            (
                body(&[("MessageType", "Authenticate"), ("Topic", "t")]),
                "neither `UDID` nor `EnrollmentID` is given",
            ),
            (
                body(&[
                    ("MessageType", "TokenUpdate"),
                    ("Topic", "t"),
                    ("Token", "text"),
                    ("UDID", "U"),
                ]),
                "`Token` is not data",
            ),
        ] {
            assert_eq!(CheckinMessage::parse(&given).unwrap_err().problem, problem);
        }
    }

    #[test]
    fn ids_resolve_as_servers_keep_them() {
        let shared = Ids {
            user_id: Some(SHARED_IPAD_USER.to_owned()),
            user_short_name: Some("a@example.com".to_owned()),
            ..ids()
        };
        let mac = Ids {
            user_id: Some("GUID".to_owned()),
            user_short_name: Some("a".to_owned()),
            ..ids()
        };
        let user = Ids {
            enrollment_id: Some("E".to_owned()),
            ..Ids::default()
        };
        for (ids, id) in [(shared, "U:a@example.com"), (mac, "U:GUID"), (user, "E")] {
            assert_eq!(ids.resolve().as_deref(), Some(id));
        }
    }
}
