//! Steps and looks.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::DeValue;

use super::condition::condition;
use super::reader::{self, Reader, Report, json};
use super::scenario::{Place, Places};
use crate::action::{ActionTable, Named};
use crate::codes;
use crate::effects;
use crate::scenario::{Action, ChannelWord, DeviceAction, Look, Matcher, Step};

const ACTIONS: [&str; 9] = [
    "action",
    "command",
    "install_profile",
    "remove_profile",
    "declare",
    "undeclare",
    "device",
    "effect",
    "server_view",
];

const DEVICE_WORDS: [&str; 9] = [
    "reboot",
    "unlock",
    "lock",
    "user_logout",
    "install_pending_update",
    "poll",
    "remove_management",
    "set_passcode",
    "user_login",
];

const MATCHERS: [&str; 10] = [
    "present",
    "absent",
    "equals",
    "not_equals",
    "one_of",
    "contains",
    "lacks",
    "at_least",
    "at_most",
    "not_empty",
];

pub(crate) fn step(
    mut reader: Reader<'_, '_>,
    actions: &ActionTable,
    places: &mut Places,
    report: &mut Report<'_>,
) -> Option<Step> {
    let span = reader.span();
    let when = reader
        .table("when", report)
        .map(|mut inner| {
            let when = condition(&mut inner, report);
            inner.finish(report);
            when
        })
        .unwrap_or_default();
    let done = action(&mut reader, actions, report);
    let effect = matches!(done, Some((Action::Effect, _)));
    let mut looks = Vec::new();
    for inner in reader.tables("look", report) {
        let span = inner.span();
        if let Some(look) = look(inner, effect, report) {
            places.looks.push(Place {
                name: look.part.clone(),
                span,
            });
            looks.push(look);
        }
    }
    // The list of known keys in a complaint should name all actions, whichever was given.
    for key in ACTIONS {
        let _ = reader.value(key);
    }
    let _ = (reader.value("args"), reader.value("channel"));
    reader.finish(report);
    places.steps.push(span);
    let (action, named) = done?;
    Some(Step {
        when,
        action,
        named,
        looks,
    })
}

fn action(
    reader: &mut Reader<'_, '_>,
    actions: &ActionTable,
    report: &mut Report<'_>,
) -> Option<(Action, Option<Named>)> {
    let given: Vec<_> = ACTIONS.into_iter().filter(|key| reader.has(key)).collect();
    let [one] = given[..] else {
        let message = if given.is_empty() {
            "the step does nothing".to_owned()
        } else {
            format!("the step does several things: {}", given.join(", "))
        };
        report.error_help(
            codes::ONE_ACTION,
            reader.span(),
            message,
            format!("give exactly one of {}", ACTIONS.join(", ")),
        );
        return None;
    };
    let channel = channel(reader, report);
    if one == "action" {
        return named(reader, channel, actions, report);
    }
    if one != "command" && reader.has("args") {
        report.error(
            codes::UNKNOWN_KEY,
            reader.span(),
            format!("`args` belongs to `command` or `action`, not to `{one}`"),
        );
    }
    let action = match one {
        "command" => {
            let (request_type, _) = reader.string("command", report)?;
            let args = reader.value("args").map_or_else(
                || Value::Object(serde_json::Map::new()),
                |value| json(value, report),
            );
            Some(Action::Command {
                request_type: request_type.to_owned(),
                args,
                channel,
            })
        }
        "install_profile" => {
            let mut inner = reader.table("install_profile", report)?;
            let (identifier, _) = inner.required("identifier", report);
            let payloads = payloads(&mut inner, "payloads", "PayloadType", report);
            inner.finish(report);
            Some(Action::InstallProfile {
                identifier: identifier.to_owned(),
                payloads,
                channel,
            })
        }
        "remove_profile" => {
            let (identifier, _) = reader.string("remove_profile", report)?;
            Some(Action::RemoveProfile {
                identifier: identifier.to_owned(),
                channel,
            })
        }
        "declare" => Some(Action::Declare {
            declarations: payloads(reader, "declare", "Type", report),
            channel,
        }),
        "undeclare" => Some(Action::Undeclare {
            identifiers: reader
                .strings("undeclare", report)
                .into_iter()
                .map(|(text, _)| text.to_owned())
                .collect(),
            channel,
        }),
        "device" => device(reader.value("device")?, report).map(Action::Device),
        "effect" => flag(reader, "effect", report).then_some(Action::Effect),
        _ => flag(reader, "server_view", report).then_some(Action::ServerView),
    };
    action.map(|action| (action, None))
}

/// An action by name: the raw step that it stands for, and its name.
fn named(
    reader: &mut Reader<'_, '_>,
    channel: ChannelWord,
    actions: &ActionTable,
    report: &mut Report<'_>,
) -> Option<(Action, Option<Named>)> {
    let (id, span) = reader.string("action", report)?;
    let Some(row) = actions.row(id) else {
        report.error_help(
            codes::UNKNOWN_ACTION,
            span,
            format!("unknown action `{id}`"),
            codes::help(id, actions.ids()),
        );
        return None;
    };
    let mut args = Map::new();
    if let Some(inner) = reader.table("args", report) {
        let known = row.arguments();
        for (name, span, value) in inner.entries() {
            if !known.contains(&name) {
                report.error_help(
                    codes::UNKNOWN_ACTION,
                    span,
                    format!("action `{id}` has no argument `{name}`"),
                    codes::help(name, known.iter().copied()),
                );
            }
            args.insert(name.to_owned(), json(value, report));
        }
    }
    match row.raw(&args, channel) {
        Ok(action) => Some((
            action,
            Some(Named {
                action: id.to_owned(),
                args: Value::Object(args),
            }),
        )),
        Err(why) => {
            report.error(codes::MISSING_KEY, span, why);
            None
        }
    }
}

fn flag(reader: &mut Reader<'_, '_>, key: &'static str, report: &mut Report<'_>) -> bool {
    let read = reader.boolean(key, report);
    if read == Some(false) {
        report.error(
            codes::ONE_ACTION,
            reader.span(),
            format!("`{key} = false` does nothing; remove the step"),
        );
    }
    read == Some(true)
}

fn channel(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> ChannelWord {
    match reader.string("channel", report) {
        None | Some(("device", _)) => ChannelWord::Device,
        Some(("user", _)) => ChannelWord::User,
        Some((word, span)) => {
            report.error_help(
                codes::UNKNOWN_WORD,
                span,
                format!("unknown channel `{word}`"),
                codes::help(word, ["device", "user"]),
            );
            ChannelWord::Device
        }
    }
}

fn payloads(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    typed_by: &str,
    report: &mut Report<'_>,
) -> Vec<Value> {
    let mut out = Vec::new();
    let array = reader.array(key, report);
    if array.is_empty() {
        report.error(
            codes::MISSING_KEY,
            reader.span(),
            format!("`{key}` needs at least one entry"),
        );
    }
    for value in array {
        let read = json(value, report);
        if read.get(typed_by).and_then(Value::as_str).is_none() {
            report.error(
                codes::MISSING_KEY,
                value.span(),
                format!("an entry of `{key}` lacks `{typed_by}`"),
            );
        }
        out.push(read);
    }
    out
}

fn device(value: &Spanned<DeValue<'_>>, report: &mut Report<'_>) -> Option<DeviceAction> {
    if value.get_ref().is_table() {
        let mut inner = reader::table(value, "device", report)?;
        let passcode = inner.string("set_passcode", report);
        let login = inner.string("user_login", report);
        let span = inner.span();
        inner.finish(report);
        return match (passcode, login) {
            (Some((code, _)), None) => Some(DeviceAction::SetPasscode(code.to_owned())),
            (None, Some((user, _))) => Some(DeviceAction::UserLogin(user.to_owned())),
            _ => {
                report.error_help(
                    codes::ONE_ACTION,
                    span,
                    "`device` does exactly one thing".to_owned(),
                    "give `set_passcode` or `user_login`".to_owned(),
                );
                None
            }
        };
    }
    let (word, span) = reader::string(value, "device", report)?;
    match word {
        "reboot" => Some(DeviceAction::Reboot),
        "unlock" => Some(DeviceAction::Unlock),
        "lock" => Some(DeviceAction::Lock),
        "user_logout" => Some(DeviceAction::UserLogout),
        "install_pending_update" => Some(DeviceAction::InstallPendingUpdate),
        "poll" => Some(DeviceAction::Poll),
        "remove_management" => Some(DeviceAction::RemoveManagement),
        _ => {
            report.error_help(
                codes::UNKNOWN_WORD,
                span,
                format!("unknown device action `{word}`"),
                codes::help(word, DEVICE_WORDS),
            );
            None
        }
    }
}

fn look(mut reader: Reader<'_, '_>, effect: bool, report: &mut Report<'_>) -> Option<Look> {
    let (part, _) = reader.required("part", report);
    let (pointer, span) = reader.required("at", report);
    pointer_is_good(pointer, &span, effect, report);
    let matcher = matcher(&mut reader, report);
    for key in MATCHERS {
        let _ = reader.value(key);
    }
    reader.finish(report);
    Some(Look {
        part: part.to_owned(),
        pointer: pointer.to_owned(),
        matcher: matcher?,
    })
}

pub(super) fn pointer_is_good(
    pointer: &str,
    span: &Range<usize>,
    effect: bool,
    report: &mut Report<'_>,
) {
    let bad_escape = pointer
        .split('~')
        .skip(1)
        .any(|rest| !rest.starts_with(['0', '1']));
    if !pointer.starts_with('/') || bad_escape {
        report.error_help(
            codes::BAD_POINTER,
            span.clone(),
            format!("`{pointer}` is not a JSON pointer"),
            "write it like `/restrictions/allowCamera`".to_owned(),
        );
        return;
    }
    let root = pointer[1..].split('/').next().unwrap_or("");
    if effect && !effects::ROOTS.contains(&root) {
        report.error_help(
            codes::BAD_POINTER,
            span.clone(),
            format!("the effect tree has no root `{root}`"),
            codes::help(root, effects::ROOTS),
        );
    }
}

fn matcher(reader: &mut Reader<'_, '_>, report: &mut Report<'_>) -> Option<Matcher> {
    let given: Vec<_> = MATCHERS.into_iter().filter(|key| reader.has(key)).collect();
    let [one] = given[..] else {
        let message = if given.is_empty() {
            "the look judges nothing".to_owned()
        } else {
            format!("the look judges by several matchers: {}", given.join(", "))
        };
        report.error_help(
            codes::ONE_MATCHER,
            reader.span(),
            message,
            format!("give exactly one of {}", MATCHERS.join(", ")),
        );
        return None;
    };
    match one {
        "present" => flag(reader, "present", report).then_some(Matcher::Present),
        "absent" => flag(reader, "absent", report).then_some(Matcher::Absent),
        "not_empty" => flag(reader, "not_empty", report).then_some(Matcher::NotEmpty),
        "one_of" => Some(Matcher::OneOf(
            reader
                .array("one_of", report)
                .into_iter()
                .map(|value| json(value, report))
                .collect(),
        )),
        "equals" => Some(Matcher::Equals(json(reader.value("equals")?, report))),
        "not_equals" => Some(Matcher::NotEquals(json(
            reader.value("not_equals")?,
            report,
        ))),
        "contains" => Some(Matcher::Contains(json(reader.value("contains")?, report))),
        "lacks" => Some(Matcher::Lacks(json(reader.value("lacks")?, report))),
        "at_least" => number(reader.value("at_least")?, report).map(Matcher::AtLeast),
        _ => number(reader.value("at_most")?, report).map(Matcher::AtMost),
    }
}

fn number(value: &Spanned<DeValue<'_>>, report: &mut Report<'_>) -> Option<f64> {
    let read = json(value, report).as_f64();
    if read.is_none() {
        report.error(
            codes::WRONG_TYPE,
            value.span(),
            format!("a bound is a number, not {}", value.get_ref().type_str()),
        );
    }
    read
}
