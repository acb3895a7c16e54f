//! Who is at fault for a lost part: signs gathered from the messages and the facts, and a table of decisions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_matrix::capability::{Applicability, Context, Facts, Kind, Role, Scope};
use device_matrix::known::Ternary;
use scenarios::event::{Author, Direction, LookKind, Message, PERFORM, Transcript};
use scenarios::scenario::{Action, ChannelWord, Scenario, Step};
use serde_json::Value;

use super::context::CellView;
use super::types::{Fault, Party};
use crate::record::{Attempt, LookRecord};

/// Most details kept with a finding.
const MAX_DETAILS: usize = 6;

/// Checks a message or payload against the capability data of an exact release.
///
/// Closures of the same shape implement it.
pub trait MessageCheck: Sync {
    /// Violations in words, empty when the message is as the release expects it.
    fn violations(&self, subject: &Subject<'_>, context: &Context) -> Vec<String>;
}

impl<F> MessageCheck for F
where
    F: Fn(&Subject<'_>, &Context) -> Vec<String> + Sync,
{
    fn violations(&self, subject: &Subject<'_>, context: &Context) -> Vec<String> {
        self(subject, context)
    }
}

/// A message or payload to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Kind of the vendor item.
    pub kind: Kind,
    /// Its id on the wire.
    pub id: &'a str,
    /// Request or answer.
    pub role: Role,
    /// Body as JSON.
    pub body: &'a Value,
}

/// What the messages and the facts show of a lost part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field per sign of the decision table"
)]
pub struct Signs {
    /// A message reached the device otherwise than it was handed in.
    pub altered: bool,
    /// A message that the product wrote does not fit the release.
    pub product_violation: bool,
    /// A message or payload that the harness wrote does not fit the release.
    pub harness_violation: bool,
    /// An answer of the device does not fit the release.
    pub device_violation: bool,
    /// Whether everything used applies to this release, enrollment type and channel by the facts.
    pub applies: Ternary,
    /// Only what the server saw is not as expected, although the device sent something.
    pub only_server_view: bool,
    /// The server answered the device's request for a declaration with an error.
    pub withheld: bool,
    /// The server took an action and no command of it reached the device.
    pub action_lost: bool,
    /// Something was delivered to the device.
    pub delivered: bool,
    /// The transcript can be read.
    pub transcript: bool,
}

/// A row of the decision table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Stable word, also the name of the text that explains it.
    pub because: &'static str,
    /// Who is at fault.
    pub party: Party,
    /// When the row holds.
    pub holds: fn(&Signs) -> bool,
}

/// The decision table; the first row that holds decides. The last one always does.
pub const ROWS: [Row; 12] = [
    Row {
        because: "no_transcript",
        party: Party::Undetermined,
        holds: |signs| !signs.transcript,
    },
    Row {
        because: "altered_on_the_way",
        party: Party::Product,
        holds: |signs| signs.altered,
    },
    Row {
        because: "product_message_violates_facts",
        party: Party::Product,
        holds: |signs| signs.product_violation,
    },
    Row {
        because: "action_sent_nothing",
        party: Party::Product,
        holds: |signs| signs.action_lost,
    },
    Row {
        because: "server_did_not_take_notice",
        party: Party::Product,
        holds: |signs| signs.only_server_view,
    },
    Row {
        because: "server_withheld_declaration",
        party: Party::Product,
        holds: |signs| signs.withheld,
    },
    Row {
        because: "facts_say_not_applicable",
        party: Party::HarnessData,
        holds: |signs| signs.applies == Ternary::No,
    },
    Row {
        because: "harness_message_violates_facts",
        party: Party::HarnessData,
        holds: |signs| signs.harness_violation,
    },
    Row {
        because: "never_delivered",
        party: Party::Undetermined,
        holds: |signs| !signs.delivered,
    },
    Row {
        because: "device_answer_violates_facts",
        party: Party::Os,
        holds: |signs| signs.device_violation,
    },
    Row {
        because: "valid_message_and_available",
        party: Party::Os,
        holds: |signs| signs.applies == Ternary::Yes,
    },
    Row {
        because: "facts_unknown",
        party: Party::Undetermined,
        holds: |_| true,
    },
];

/// The first row that holds.
#[must_use]
pub fn decide(signs: &Signs) -> &'static Row {
    ROWS.iter()
        .find(|row| (row.holds)(signs))
        .unwrap_or(&ROWS[ROWS.len() - 1])
}

/// Who is at fault when a case is blocked, by the reason word of the record.
#[must_use]
pub fn blocked_party(reason: &str) -> Party {
    match reason {
        "server_unreachable" | "server_timeout" | "push_unavailable" => Party::ExternalService,
        // The server was there and did its part wrongly.
        "server_error" | "server_garbage" | "command_not_delivered" => Party::Product,
        "device_silent" | "device_garbage" => Party::Os,
        _ => Party::Undetermined,
    }
}

/// Everything needed to look for signs.
pub(crate) struct Scene<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) cell: &'a CellView<'a>,
    pub(crate) facts: &'a Facts,
    pub(crate) check: &'a dyn MessageCheck,
    pub(crate) transcript: Option<&'a Transcript>,
}

/// Decides who is at fault for a part that is lost in `attempt`.
pub(crate) fn fault(scene: &Scene<'_>, attempt: &Attempt, part: &str) -> Fault {
    let mut details = Vec::new();
    let signs = signs(scene, attempt, part, &mut details);
    let row = decide(&signs);
    details.truncate(MAX_DETAILS);
    Fault {
        party: row.party,
        because: row.because,
        details,
    }
}

fn signs(scene: &Scene<'_>, attempt: &Attempt, part: &str, details: &mut Vec<String>) -> Signs {
    let Some(transcript) = scene.transcript else {
        return Signs {
            altered: false,
            product_violation: false,
            harness_violation: false,
            device_violation: false,
            applies: Ternary::Unknown,
            only_server_view: false,
            withheld: false,
            action_lost: false,
            delivered: false,
            transcript: false,
        };
    };
    let delivered: Vec<(&Message, Subject<'_>)> = transcript
        .messages
        .iter()
        .filter(|message| message.direction == Direction::ToDevice)
        .filter_map(|message| Some((message, subject(&message.body)?)))
        .collect();
    let mut altered = false;
    for (message, handed_in) in transcript
        .messages
        .iter()
        .filter_map(|message| Some((message, message.handed_in.as_ref()?)))
    {
        altered = true;
        for difference in snapshots::diff::diff(handed_in, &message.body)
            .iter()
            .take(3)
        {
            details.push(format!(
                "#{} {} {}",
                message.seq, message.what, difference.path
            ));
        }
    }
    let context = scene.cell.context(Scope::Device);
    let mut product_violation = false;
    for (message, subject) in &delivered {
        if content_author(message, transcript) == Author::Product {
            let found = scene.check.violations(subject, &context);
            product_violation |= !found.is_empty();
            details.extend(
                found
                    .into_iter()
                    .map(|text| format!("#{} {text}", message.seq)),
            );
        }
    }
    let mut device_violation = false;
    for (message, subject) in transcript.messages.iter().filter_map(answer) {
        let found = scene.check.violations(&subject, &context);
        device_violation |= !found.is_empty();
        details.extend(
            found
                .into_iter()
                .map(|text| format!("#{} {text}", message.seq)),
        );
    }
    let mut harness_violation = false;
    let pressed = transcript.messages.iter().any(is_press);
    let mut applies = Ternary::Yes;
    for used in used(scene.scenario, scene.cell) {
        let context = scene.cell.context(used.scope);
        let subject = Subject {
            kind: used.kind,
            id: &used.id,
            role: Role::Payload,
            body: &used.body,
        };
        match applicability(scene.facts, used.kind, &used.id, &context) {
            Ternary::No => {
                applies = Ternary::No;
                details.push(format!(
                    "{} {}: not applicable",
                    used.kind.as_str(),
                    used.id
                ));
            }
            Ternary::Unknown if applies == Ternary::Yes => applies = Ternary::Unknown,
            _ => {}
        }
        // A button of the product decides by itself what it sends.
        if used.named && pressed {
            continue;
        }
        let found = scene.check.violations(&subject, &context);
        harness_violation |= !found.is_empty();
        details.extend(found);
    }
    let failed = || {
        attempt
            .looks
            .iter()
            .filter(|look| look.part == part && look.judged == scenarios::event::Judged::Fail)
    };
    let sent = transcript
        .messages
        .iter()
        .any(|m| m.direction == Direction::ToServer);
    Signs {
        altered,
        product_violation,
        harness_violation,
        device_violation,
        applies,
        only_server_view: sent
            && failed().count() > 0
            && failed().all(|look| {
                look.kind == LookKind::ServerView || device_said_otherwise(look, transcript)
            }),
        withheld: transcript.messages.iter().any(|message| {
            message.direction == Direction::ToDevice
                && message.what.starts_with("declaration/")
                && message.http_status.is_some_and(|status| status >= 400)
        }),
        action_lost: transcript
            .messages
            .iter()
            .filter(|message| is_press(message))
            .any(|press| lost(press, &delivered)),
        delivered: !delivered.is_empty(),
        transcript: true,
    }
}

/// Whether the device's last word about a declaration differs from what the server showed of it.
fn device_said_otherwise(look: &LookRecord, transcript: &Transcript) -> bool {
    if look.kind != LookKind::DeclarationStatus {
        return false;
    }
    let Some((identifier, field)) = look
        .pointer
        .strip_prefix("/declarations/")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let said = transcript
        .messages
        .iter()
        .rev()
        .filter(|message| message.direction == Direction::ToServer)
        .find_map(|message| row(&report(&message.body)?, identifier));
    said.and_then(|row| row.get(field).cloned())
        .is_some_and(|said| said != look.seen)
}

/// The status report in a check-in.
fn report(body: &Value) -> Option<Value> {
    let data = body.pointer("/Data/$data")?.as_str()?;
    serde_json::from_slice(&STANDARD.decode(data).ok()?).ok()
}

/// The row of a declaration in a status report.
fn row(report: &Value, identifier: &str) -> Option<Value> {
    report
        .pointer("/StatusItems/management/declarations")?
        .as_object()?
        .values()
        .filter_map(Value::as_array)
        .flatten()
        .find(|row| row.get("identifier").and_then(Value::as_str) == Some(identifier))
        .cloned()
}

fn is_press(message: &Message) -> bool {
    message.direction == Direction::ToOperatorApi && message.what == PERFORM
}

/// Whether nothing that the action was expected to send came after it.
fn lost(press: &Message, delivered: &[(&Message, Subject<'_>)]) -> bool {
    let sends = press.body.get("sends").and_then(Value::as_array);
    !delivered.iter().any(|(message, subject)| {
        message.seq > press.seq
            && sends.is_some_and(|sends| sends.iter().any(|one| one == subject.id))
    })
}

/// Whose words a delivered message carries: what the harness handed in and the server passed on unaltered stays the
/// harness's.
fn content_author(message: &Message, transcript: &Transcript) -> Author {
    if message.author != Author::Product {
        return message.author;
    }
    let Some(request) = request_type(&message.body) else {
        return Author::Product;
    };
    transcript
        .messages
        .iter()
        .filter(|other| {
            other.direction == Direction::ToOperatorApi && other.author != Author::Product
        })
        .find(|other| other.what == request || request_type(&other.body) == Some(request))
        .map_or(Author::Product, |other| other.author)
}

/// A command or a declaration as it stands in a message to the device.
fn subject(body: &Value) -> Option<Subject<'_>> {
    if let Some(id) = request_type(body) {
        return Some(Subject {
            kind: Kind::Command,
            id,
            role: Role::Payload,
            body: body.get("Command").unwrap_or(body),
        });
    }
    body.get("Identifier")?;
    Some(Subject {
        kind: Kind::Declaration,
        id: body.get("Type")?.as_str()?,
        role: Role::Payload,
        body: body.get("Payload")?,
    })
}

/// An acknowledged answer to a command, as far as it was kept whole.
fn answer(message: &Message) -> Option<(&Message, Subject<'_>)> {
    let acknowledged = message.direction == Direction::ToServer
        && message.author == Author::Device
        && message.body.get("CommandUUID").is_some()
        && message.body.get("Status").and_then(Value::as_str) == Some("Acknowledged");
    let whole = || !message.body.to_string().contains("\"$redacted\"");
    (acknowledged && whole()).then(|| {
        let subject = Subject {
            kind: Kind::Command,
            id: &message.what,
            role: Role::Response,
            body: &message.body,
        };
        (message, subject)
    })
}

fn request_type(body: &Value) -> Option<&str> {
    body.get("Command")
        .unwrap_or(body)
        .get("RequestType")
        .and_then(Value::as_str)
}

struct Used {
    kind: Kind,
    id: String,
    body: Value,
    scope: Scope,
    /// The scenario names an action, for which the server may have a button of its own.
    named: bool,
}

/// What a scenario uses to bring its feature about on a cell, by its own words.
fn used(scenario: &Scenario, cell: &CellView<'_>) -> Vec<Used> {
    let mut out = Vec::new();
    let steps = scenario.apply.iter().chain(&scenario.verify);
    for Step {
        action,
        named: button,
        ..
    } in steps.filter(|step| cell.holds(&step.when))
    {
        let before = out.len();
        match action {
            Action::Command {
                request_type,
                args,
                channel,
            } => out.push(Used {
                kind: Kind::Command,
                id: request_type.clone(),
                body: args.clone(),
                scope: scope(*channel),
                named: false,
            }),
            Action::InstallProfile {
                payloads, channel, ..
            } => out.extend(named(payloads, "PayloadType", Kind::Profile, *channel)),
            Action::Declare {
                declarations,
                channel,
            } => out.extend(named(declarations, "Type", Kind::Declaration, *channel)),
            Action::RemoveProfile { .. }
            | Action::Undeclare { .. }
            | Action::Device(_)
            | Action::Effect
            | Action::ServerView => {}
        }
        for used in &mut out[before..] {
            used.named = button.is_some();
        }
    }
    out
}

fn named<'a>(
    bodies: &'a [Value],
    key: &'static str,
    kind: Kind,
    channel: ChannelWord,
) -> impl Iterator<Item = Used> + 'a {
    bodies.iter().filter_map(move |body| {
        let id = body.get(key)?.as_str()?.to_owned();
        let body = match kind {
            Kind::Declaration => body.get("Payload").cloned().unwrap_or(Value::Null),
            _ => body.clone(),
        };
        Some(Used {
            kind,
            id,
            body,
            scope: scope(channel),
            named: false,
        })
    })
}

const fn scope(channel: ChannelWord) -> Scope {
    match channel {
        ChannelWord::Device => Scope::Device,
        ChannelWord::User => Scope::User,
    }
}

/// Whether an item applies, whichever of its files says so.
fn applicability(facts: &Facts, kind: Kind, id: &str, context: &Context) -> Ternary {
    let Some(os) = context.platform.schema_os() else {
        return Ternary::Unknown;
    };
    let mut answer = Ternary::Unknown;
    for (_, item) in facts.find(kind, id) {
        match item
            .support(context.platform)
            .map(|support| support.applies(os, context))
        {
            Some(Applicability::Yes { .. }) => return Ternary::Yes,
            Some(Applicability::No(_)) => answer = Ternary::No,
            Some(Applicability::Unknown(_)) | None => {}
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn innocent() -> Signs {
        Signs {
            altered: false,
            product_violation: false,
            harness_violation: false,
            device_violation: false,
            applies: Ternary::Yes,
            only_server_view: false,
            withheld: false,
            action_lost: false,
            delivered: true,
            transcript: true,
        }
    }

    #[test]
    fn every_row_decides_something() {
        let base = innocent();
        let cases = [
            (
                "no_transcript",
                Party::Undetermined,
                Signs {
                    transcript: false,
                    altered: true,
                    ..base.clone()
                },
            ),
            (
                "altered_on_the_way",
                Party::Product,
                Signs {
                    altered: true,
                    applies: Ternary::No,
                    ..base.clone()
                },
            ),
            (
                "product_message_violates_facts",
                Party::Product,
                Signs {
                    product_violation: true,
                    harness_violation: true,
                    ..base.clone()
                },
            ),
            (
                "action_sent_nothing",
                Party::Product,
                Signs {
                    action_lost: true,
                    ..base.clone()
                },
            ),
            (
                "server_did_not_take_notice",
                Party::Product,
                Signs {
                    only_server_view: true,
                    ..base.clone()
                },
            ),
            (
                "server_withheld_declaration",
                Party::Product,
                Signs {
                    withheld: true,
                    ..base.clone()
                },
            ),
            (
                "facts_say_not_applicable",
                Party::HarnessData,
                Signs {
                    applies: Ternary::No,
                    ..base.clone()
                },
            ),
            (
                "harness_message_violates_facts",
                Party::HarnessData,
                Signs {
                    harness_violation: true,
                    ..base.clone()
                },
            ),
            (
                "never_delivered",
                Party::Undetermined,
                Signs {
                    delivered: false,
                    ..base.clone()
                },
            ),
            (
                "device_answer_violates_facts",
                Party::Os,
                Signs {
                    device_violation: true,
                    applies: Ternary::Unknown,
                    ..base.clone()
                },
            ),
            ("valid_message_and_available", Party::Os, base.clone()),
            (
                "facts_unknown",
                Party::Undetermined,
                Signs {
                    applies: Ternary::Unknown,
                    ..base.clone()
                },
            ),
        ];
        let mut tested = Vec::new();
        for (because, party, signs) in cases {
            let row = decide(&signs);
            assert_eq!((row.because, row.party), (because, party), "{signs:?}");
            tested.push(row.because);
        }
        assert_eq!(tested, ROWS.map(|row| row.because));
    }

    #[test]
    fn what_is_outside_is_external() {
        assert_eq!(blocked_party("push_unavailable"), Party::ExternalService);
        assert_eq!(blocked_party("server_unreachable"), Party::ExternalService);
        assert_eq!(blocked_party("server_unauthorized"), Party::Undetermined);
        assert_eq!(blocked_party("server_garbage"), Party::Product);
        assert_eq!(blocked_party("command_not_delivered"), Party::Product);
        assert_eq!(blocked_party("device_silent"), Party::Os);
    }
}
