//! Commands and the devices' answers to them.

use plist::{Dictionary, Value};

use super::checkin::Ids;

/// The content type of a device's answers.
pub const CONTENT_TYPE: &str = "application/x-apple-aspen-mdm";

/// A command or an answer does not have what it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CommandError(pub String);

/// A command as it stands in a server's answer: `{CommandUUID, Command: {RequestType, …}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandEnvelope {
    /// `CommandUUID`.
    pub uuid: String,
    /// `Command`, with its `RequestType`. `None` when the envelope has none: the device answers
    /// `CommandFormatError`.
    pub command: Option<Dictionary>,
}

impl CommandEnvelope {
    /// Reads an envelope. Without `CommandUUID` nobody could be answered, so that is an error.
    pub fn parse(mut body: Dictionary) -> Result<Self, CommandError> {
        let uuid = match body.remove("CommandUUID") {
            Some(Value::String(uuid)) if !uuid.is_empty() => uuid,
            Some(Value::String(_)) | None => {
                return Err(CommandError("`CommandUUID` is missing".to_owned()));
            }
            Some(_) => return Err(CommandError("`CommandUUID` is not a string".to_owned())),
        };
        let command = match body.remove("Command") {
            Some(Value::Dictionary(command)) => Some(command),
            _ => None,
        };
        Ok(Self { uuid, command })
    }

    /// `RequestType`, when there is one.
    #[must_use]
    pub fn request_type(&self) -> Option<&str> {
        self.command
            .as_ref()?
            .get("RequestType")
            .and_then(Value::as_string)
    }

    /// The envelope as it goes on the wire.
    #[must_use]
    pub fn to_plist(&self) -> Dictionary {
        let mut body = Dictionary::new();
        body.insert("CommandUUID".to_owned(), Value::String(self.uuid.clone()));
        if let Some(command) = &self.command {
            body.insert("Command".to_owned(), Value::Dictionary(command.clone()));
        }
        body
    }
}

/// `Status` of a device's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// The device is there and has no answer to give.
    Idle,
    /// The command was carried out.
    Acknowledged,
    /// The command was refused or failed.
    Error,
    /// The command could not be understood.
    CommandFormatError,
    /// Not now; the server sends it again.
    NotNow,
}

impl Status {
    /// Every value with its word on the wire.
    pub const WORDS: [(Self, &'static str); 5] = [
        (Self::Idle, "Idle"),
        (Self::Acknowledged, "Acknowledged"),
        (Self::Error, "Error"),
        (Self::CommandFormatError, "CommandFormatError"),
        (Self::NotNow, "NotNow"),
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, word)| word)
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(value, _)| *value)
    }

    /// Whether the server is done with the command.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Acknowledged | Self::Error | Self::CommandFormatError
        )
    }
}

/// One entry of an `ErrorChain`; the first is the top-level error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorItem {
    /// `ErrorDomain`.
    pub domain: String,
    /// `ErrorCode`.
    pub code: i64,
    /// `LocalizedDescription`.
    pub description: String,
    /// `USEnglishDescription`; missing on macOS.
    pub us_english: Option<String>,
}

impl ErrorItem {
    /// The entry as it goes on the wire.
    #[must_use]
    pub fn to_plist(&self) -> Dictionary {
        let mut item = Dictionary::new();
        item.insert("ErrorCode".to_owned(), Value::Integer(self.code.into()));
        item.insert("ErrorDomain".to_owned(), Value::String(self.domain.clone()));
        item.insert(
            "LocalizedDescription".to_owned(),
            Value::String(self.description.clone()),
        );
        if let Some(text) = &self.us_english {
            item.insert(
                "USEnglishDescription".to_owned(),
                Value::String(text.clone()),
            );
        }
        item
    }

    /// Reads an entry; what is missing is empty.
    #[must_use]
    pub fn parse(item: &Dictionary) -> Self {
        let text = |key: &str| item.get(key).and_then(Value::as_string).map(str::to_owned);
        Self {
            domain: text("ErrorDomain").unwrap_or_default(),
            code: item
                .get("ErrorCode")
                .and_then(Value::as_signed_integer)
                .unwrap_or_default(),
            description: text("LocalizedDescription").unwrap_or_default(),
            us_english: text("USEnglishDescription"),
        }
    }
}

/// What a device sends to the command endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandResponse {
    /// Who it is.
    pub ids: Ids,
    /// Status.
    pub status: Status,
    /// The command answered; absent with `Idle`.
    pub uuid: Option<String>,
    /// `ErrorChain`; empty is absent.
    pub errors: Vec<ErrorItem>,
    /// Response keys.
    pub keys: Dictionary,
}

impl CommandResponse {
    /// The message as it goes on the wire.
    #[must_use]
    pub fn into_plist(self) -> Dictionary {
        let mut body = self.keys;
        body.insert(
            "Status".to_owned(),
            Value::String(self.status.as_str().to_owned()),
        );
        if let Some(uuid) = self.uuid {
            body.insert("CommandUUID".to_owned(), Value::String(uuid));
        }
        if !self.errors.is_empty() {
            let chain = self
                .errors
                .iter()
                .map(|item| Value::Dictionary(item.to_plist()))
                .collect();
            body.insert("ErrorChain".to_owned(), Value::Array(chain));
        }
        self.ids.write(&mut body);
        body
    }

    /// Reads a device's message. Unknown keys stay in `keys`.
    pub fn parse(mut body: Dictionary) -> Result<Self, CommandError> {
        let ids = Ids::parse(&body);
        if ids.device().is_none() {
            return Err(CommandError(
                "neither `UDID` nor `EnrollmentID` is given".to_owned(),
            ));
        }
        let status = match body.remove("Status") {
            Some(Value::String(word)) => Status::from_word(&word)
                .ok_or_else(|| CommandError(format!("`Status` is `{word}`, which is no status")))?,
            _ => return Err(CommandError("`Status` is missing".to_owned())),
        };
        let uuid = match body.remove("CommandUUID") {
            Some(Value::String(uuid)) if !uuid.is_empty() => Some(uuid),
            _ => None,
        };
        if uuid.is_none() && status != Status::Idle {
            return Err(CommandError("`CommandUUID` is missing".to_owned()));
        }
        let errors = match body.remove("ErrorChain") {
            Some(Value::Array(chain)) => chain
                .iter()
                .filter_map(Value::as_dictionary)
                .map(ErrorItem::parse)
                .collect(),
            _ => Vec::new(),
        };
        for key in [
            "UDID",
            "EnrollmentID",
            "UserID",
            "UserShortName",
            "UserLongName",
            "EnrollmentUserID",
        ] {
            body.remove(key);
        }
        Ok(Self {
            ids,
            status,
            uuid,
            errors,
            keys: body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_survives_the_wire() {
        let mut keys = Dictionary::new();
        keys.insert("MessageResult".to_owned(), Value::String("Success".into()));
        let answer = CommandResponse {
            ids: Ids {
                udid: Some("U".to_owned()),
                ..Ids::default()
            },
            status: Status::Error,
            uuid: Some("C".to_owned()),
            errors: vec![ErrorItem {
                domain: "MCMDMErrorDomain".to_owned(),
                code: 12021,
                description: "x".to_owned(),
                us_english: None,
            }],
            keys,
        };
        assert_eq!(
            CommandResponse::parse(answer.clone().into_plist()),
            Ok(answer)
        );
    }

    #[test]
    fn an_envelope_without_a_command_is_kept_for_the_device_to_refuse() {
        let mut body = Dictionary::new();
        assert!(CommandEnvelope::parse(body.clone()).is_err());
        body.insert("CommandUUID".to_owned(), Value::String("C".to_owned()));
        let envelope = CommandEnvelope::parse(body).unwrap();
        assert_eq!(envelope.command, None);
        assert_eq!(envelope.request_type(), None);
    }
}
