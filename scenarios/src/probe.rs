//! Probes: one schema-valid question per capability, generated from the facts.
//!
//! The virtual device runs on the same facts, so a probe is a self-consistency check: it shows whether the server
//! carries an item to the device unaltered, never whether a feature works. Probes are generated once per release ×
//! enrollment type × capability class, for one cell that stands for the others.

mod generate;
mod instance;

use std::collections::BTreeMap;

use device_matrix::capability::{Context, Facts, ItemIndex, Key, KeyIndex, Kind};
use serde_json::{Value, json};

use crate::scenario::{Action, ChannelWord};

pub use generate::{context, generate};

/// `PayloadIdentifier` of profiles that probes install.
pub const PROFILE: &str = "com.example.probe";
/// `Identifier` of the declaration under probe.
pub const DECLARATION: &str = "com.example.probe.declaration";

/// One vendor item, or one of its keys or enumerated values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Capability {
    /// `file#dotted.path`; without a path for the item itself.
    pub id: String,
    /// The item.
    pub item: ItemIndex,
    /// The key; `None` for the item itself.
    pub key: Option<KeyIndex>,
}

/// What a class of capabilities has in common: how it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// `DeviceInformation` with these queries.
    Query,
    /// A command that reads, one at a time.
    Command,
    /// A profile with one restrictions payload of these keys.
    Restriction,
    /// A profile with one payload of one type and these keys.
    Payload,
    /// A declaration of one type with these keys.
    Declaration,
    /// A subscription to these status items.
    Status,
}

/// A batch of capabilities of one class on one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `query`, `command`, `restriction`, `payload:<type>`, `declaration:<type>`, `status`.
    pub class: String,
    /// How it is asked.
    pub form: Form,
    /// Index of the cell in the plan.
    pub cell: u32,
    /// What is asked; the executor sends all at once and bisects on failure.
    pub batch: Vec<Capability>,
}

/// How much of a class is probed on one release and enrollment type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Release id.
    pub release: String,
    /// Enrollment word.
    pub enrollment: String,
    /// Kind of vendor item, or `query` and `restriction`.
    pub class: String,
    /// Capabilities that apply there.
    pub applicable: usize,
    /// Capabilities that a probe asks for.
    pub probed: usize,
    /// Applicable, not probed: stable reason word and count.
    pub skipped: BTreeMap<&'static str, usize>,
    /// Capabilities of which no source says whether they apply.
    pub unknown: usize,
}

/// One exchange that asks for a batch, and where its traces are.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What to send.
    pub action: Action,
    /// Per capability of the batch: pointer at which the answer shows it.
    pub answers: Vec<Trace>,
    /// What takes it back; `None` when nothing stays.
    pub undo: Option<Action>,
}

/// Where a capability shows that it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Present in the answer to the action at this pointer.
    InAnswer(String),
    /// The answer to the action has status `Acknowledged`; nothing finer can be told.
    Acknowledged,
    /// Present in the device's effect tree at this pointer.
    InEffect(String),
    /// In the status report: the row at this pointer is `valid`.
    ValidIn(String),
}

impl Probe {
    /// The exchange for a part of the batch (all of it, or half of it while bisecting).
    ///
    /// `None` when the facts give no valid instance, such as a key that only exists inside one of several variants.
    #[must_use]
    pub fn request(
        &self,
        facts: &Facts,
        context: &Context,
        part: &[Capability],
    ) -> Option<Request> {
        let first = part.first()?;
        let item = facts.item(first.item);
        let keys: Vec<KeyIndex> = part
            .iter()
            .filter_map(|capability| capability.key)
            .collect();
        let channel = ChannelWord::Device;
        match self.form {
            Form::Query => {
                let names = part.iter().map(|capability| name(facts, capability));
                let queries: Vec<_> = names.collect();
                let answers = queries
                    .iter()
                    .map(|name| Trace::InAnswer(format!("/QueryResponses/{}", escaped(name))))
                    .collect();
                Some(Request {
                    action: Action::Command {
                        request_type: item.id.clone(),
                        args: json!({ "Queries": queries }),
                        channel,
                    },
                    answers,
                    undo: None,
                })
            }
            Form::Command => {
                let mut args = instance::with_keys(facts, first.item, &keys, context)?;
                if let Some(object) = args.as_object_mut() {
                    object.remove("RequestType");
                }
                Some(Request {
                    action: Action::Command {
                        request_type: item.id.clone(),
                        args,
                        channel,
                    },
                    answers: part.iter().map(|_| Trace::Acknowledged).collect(),
                    undo: None,
                })
            }
            Form::Restriction | Form::Payload => {
                let mut payload = instance::with_keys(facts, first.item, &keys, context)?;
                payload
                    .as_object_mut()?
                    .insert("PayloadType".to_owned(), item.id.clone().into());
                let answers = part
                    .iter()
                    .map(|capability| self.payload_trace(facts, capability))
                    .collect();
                Some(Request {
                    action: Action::InstallProfile {
                        identifier: PROFILE.to_owned(),
                        payloads: vec![payload],
                        channel,
                    },
                    answers,
                    undo: Some(Action::RemoveProfile {
                        identifier: PROFILE.to_owned(),
                        channel,
                    }),
                })
            }
            Form::Declaration => {
                let payload = instance::with_keys(facts, first.item, &keys, context)?;
                Some(declared(&item.id, &payload, part.len()))
            }
            Form::Status => Some(subscription(facts, part)),
        }
    }

    fn payload_trace(&self, facts: &Facts, capability: &Capability) -> Trace {
        let item = facts.item(capability.item);
        let Some(key) = capability.key else {
            return Trace::InEffect(format!(
                "/profiles/{PROFILE}/payloads/{}",
                escaped(&item.id)
            ));
        };
        let base = match self.form {
            Form::Restriction => "/restrictions".to_owned(),
            _ => format!("/payloads/{}/0", escaped(&item.id)),
        };
        let path = item.key(key).path.iter().map(String::as_str);
        Trace::InEffect(base + &pointer(path))
    }
}

fn subscription(facts: &Facts, part: &[Capability]) -> Request {
    let names: Vec<_> = part
        .iter()
        .map(|capability| facts.item(capability.item).id.clone())
        .collect();
    let items: Vec<_> = names.iter().map(|name| json!({ "Name": name })).collect();
    let kind = "com.apple.configuration.management.status-subscriptions";
    let mut request = declared(kind, &json!({ "StatusItems": items }), 0);
    request.answers = names
        .iter()
        .map(|name| Trace::InAnswer(format!("/status{}", pointer(name.split('.')))))
        .collect();
    request
}

fn declared(kind: &str, payload: &Value, count: usize) -> Request {
    let row = format!("/declarations/{}", escaped(DECLARATION));
    Request {
        action: Action::Declare {
            declarations: vec![json!({
                "Type": kind,
                "Identifier": DECLARATION,
                "Payload": payload,
            })],
            channel: ChannelWord::Device,
        },
        answers: (0..count).map(|_| Trace::ValidIn(row.clone())).collect(),
        undo: Some(Action::Undeclare {
            identifiers: vec![DECLARATION.to_owned()],
            channel: ChannelWord::Device,
        }),
    }
}

fn name(facts: &Facts, capability: &Capability) -> String {
    let item = facts.item(capability.item);
    capability
        .key
        .map_or_else(|| item.id.clone(), |key| item.key(key).name().to_owned())
}

/// The steps as a JSON pointer.
fn pointer<'a>(steps: impl Iterator<Item = &'a str>) -> String {
    steps.fold(String::new(), |mut out, step| {
        out.push('/');
        out.push_str(&escaped(step));
        out
    })
}

/// A reference token of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// `file#dotted.path`.
pub(crate) fn capability_id(file: &str, key: Option<&Key>) -> String {
    key.map_or_else(|| file.to_owned(), |key| format!("{file}#{}", key.dotted()))
}

/// Kinds that are not probed at all, with the stable reason word.
pub(crate) const fn unprobed(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Command | Kind::Profile | Kind::Declaration | Kind::Status => None,
        Kind::Checkin => Some("sent_by_the_device"),
        Kind::Credential => Some("inside_an_asset"),
        Kind::SkipKey => Some("setup_assistant_only"),
        Kind::Error => Some("answer_of_the_server"),
        Kind::Protocol | Kind::Other => Some("not_addressable"),
    }
}
