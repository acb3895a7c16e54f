//! JSON of the API that `NanoMDM` has, and of its webhook events (the form of `MicroMDM`), as seen at revision 1d5fcf4.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Answer of `/v1/enqueue` and `/v1/push`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApiAnswer {
    /// What became of each enrollment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) status: BTreeMap<String, ApiStatus>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) no_push: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) push_error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) command_error: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) command_uuid: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) request_type: String,
}

/// What became of one enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApiStatus {
    /// The push service's id of the notification.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) push_result: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) push_error: String,
    /// Why the command was not queued; empty when it was, whatever the HTTP status says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) command_error: String,
}

/// Answer of `/version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: String,
}

/// Answer of `/v1/pushcert`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushCertificate {
    pub(crate) topic: String,
    /// RFC 3339.
    pub(crate) not_after: String,
}

/// A webhook event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookEvent {
    /// `mdm.` and the message type, or `mdm.Connect`.
    pub(crate) topic: String,
    #[serde(default)]
    pub(crate) event_id: String,
    /// RFC 3339.
    #[serde(default)]
    pub(crate) created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkin_event: Option<CheckinEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acknowledge_event: Option<AcknowledgeEvent>,
}

/// Ids of an enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventIds {
    pub(crate) id: String,
    #[serde(rename = "type", default)]
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
}

/// A check-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckinEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<EventIds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) udid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enrollment_id: Option<String>,
    /// The property list, base64.
    pub(crate) raw_payload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_update_tally: Option<u32>,
}

/// A report of the command loop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AcknowledgeEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ids: Option<EventIds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) udid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) enrollment_id: Option<String>,
    pub(crate) status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) command_uuid: Option<String>,
    /// The property list, base64.
    pub(crate) raw_payload: String,
}
