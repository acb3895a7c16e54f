//! Actions: what an administrator asks a product to do, and the command of the protocol that it comes to.

use std::collections::BTreeMap;

use device_matrix::known::Text;
use serde_json::{Map, Value};

use crate::scenario::{Action, ChannelWord};

/// An action by name, with its arguments, as a scenario asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Id in the action table, such as `remote-lock`.
    pub action: String,
    /// Arguments by their names in the table: always an object.
    pub args: Value,
}

/// One row of the action table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// Stable id.
    pub id: String,
    /// Name for people.
    pub name: Text,
    /// `RequestType` of the command it comes to.
    pub request_type: String,
    /// Key of the command by name of the argument.
    pub args: BTreeMap<String, String>,
}

/// The actions that scenarios and descriptions of servers may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionTable {
    /// Rows, in the order of the file.
    pub rows: Vec<ActionRow>,
}

/// Arguments from which a profile is made, by the command that takes it.
const PROFILE_ARGS: [(&str, &[&str]); 2] = [
    ("InstallProfile", &["identifier", "payloads"]),
    ("RemoveProfile", &["identifier"]),
];

impl ActionRow {
    /// Names of all arguments.
    #[must_use]
    pub fn arguments(&self) -> Vec<&str> {
        match PROFILE_ARGS
            .iter()
            .find(|(command, _)| *command == self.request_type)
        {
            Some((_, names)) => names.to_vec(),
            None => self.args.keys().map(String::as_str).collect(),
        }
    }

    /// The raw step of an action; `Err` says what is wrong with its arguments.
    pub fn raw(&self, args: &Map<String, Value>, channel: ChannelWord) -> Result<Action, String> {
        let identifier = || {
            args.get("identifier")
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| format!("`{}` needs the argument `identifier`", self.id))
        };
        match self.request_type.as_str() {
            "InstallProfile" => {
                let payloads = args
                    .get("payloads")
                    .and_then(Value::as_array)
                    .filter(|payloads| !payloads.is_empty())
                    .ok_or_else(|| format!("`{}` needs the argument `payloads`", self.id))?;
                if payloads
                    .iter()
                    .any(|payload| payload.get("PayloadType").and_then(Value::as_str).is_none())
                {
                    return Err("an entry of `payloads` lacks `PayloadType`".to_owned());
                }
                Ok(Action::InstallProfile {
                    identifier: identifier()?,
                    payloads: payloads.clone(),
                    channel,
                })
            }
            "RemoveProfile" => Ok(Action::RemoveProfile {
                identifier: identifier()?,
                channel,
            }),
            request_type => Ok(Action::Command {
                request_type: request_type.to_owned(),
                args: Value::Object(
                    args.iter()
                        .filter_map(|(name, value)| {
                            Some((self.args.get(name)?.clone(), value.clone()))
                        })
                        .collect(),
                ),
                channel,
            }),
        }
    }
}

impl ActionTable {
    /// The row with this id.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<&ActionRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.rows.iter().map(|row| row.id.as_str())
    }
}
