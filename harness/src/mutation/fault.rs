//! Single faults of devices and servers, drawn from what scenarios send and look at, in the words of
//! [`scenarios::fault`].

use std::collections::{BTreeMap, BTreeSet};

use scenarios::commands;
use scenarios::fault::{About, Behavior, Does, ErrorLine, LostAfter, Refusal};
use scenarios::scenario::{Action, Matcher, Scenario, Step};
use serde_json::{Value, json};

/// A fault with the features that can notice it.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What is done wrong.
    pub behavior: Behavior,
    /// Features.
    pub subjects: BTreeSet<String>,
}

/// Faults by their id, in a stable order.
pub type Faults = BTreeMap<String, Candidate>;

fn note(faults: &mut Faults, behavior: Behavior, feature: &str) {
    faults
        .entry(behavior.id())
        .or_insert_with(|| Candidate {
            behavior,
            subjects: BTreeSet::new(),
        })
        .subjects
        .insert(feature.to_owned());
}

fn refused() -> Does {
    Does::Refuse(Refusal::Error(vec![ErrorLine {
        domain: "MCMDMErrorDomain".to_owned(),
        code: 12_008,
        description: "The command failed.".to_owned(),
    }]))
}

/// Faults of devices that the looks of these scenarios should notice.
#[must_use]
pub fn device_faults<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    upgraded: bool,
) -> Faults {
    let mut faults = Faults::new();
    for scenario in scenarios {
        let mut add = |about, does| {
            note(
                &mut faults,
                Behavior::device(about, does),
                &scenario.feature.0,
            );
        };
        for pointer in effect_pointers(&scenario.verify, true) {
            let about = || About::effect(&pointer);
            add(about(), Does::Missing);
            if scenario.survives.reboot {
                add(about(), Does::LostAfter(LostAfter::Reboot));
            }
            if scenario.survives.update && upgraded {
                add(about(), Does::LostAfter(LostAfter::Update));
            }
        }
        for pointer in effect_pointers(&scenario.verify_undone, false) {
            add(About::effect(pointer), Does::Stays);
        }
        for step in &scenario.apply {
            if let Some(request_type) = request_type(&step.action) {
                add(About::command(request_type), Does::AcknowledgeOnly);
                add(About::command(request_type), refused());
            }
            if let Action::Declare { declarations, .. } = &step.action
                && !step.looks.is_empty()
            {
                for declaration_type in declarations.iter().filter_map(declaration_type) {
                    add(
                        About::declaration(declaration_type),
                        Does::Row {
                            active: false,
                            valid: "invalid".to_owned(),
                        },
                    );
                }
            }
        }
        for step in scenario.apply.iter().chain(&scenario.verify) {
            let Action::Command { request_type, .. } = &step.action else {
                continue;
            };
            if !commands::reads(request_type) {
                continue;
            }
            for look in &step.looks {
                if look.pointer == "/Status" || !asks_for_something(&look.matcher) {
                    continue;
                }
                let about = || About::command(request_type);
                add(about(), Does::drop(&look.pointer));
                add(about(), Does::set(&look.pointer, json!("mutated")));
            }
        }
    }
    faults
}

/// Faults of the server in messages that these scenarios send.
#[must_use]
pub fn server_faults<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Faults {
    let mut faults = Faults::new();
    for scenario in scenarios {
        let mut add = |about, does| {
            note(
                &mut faults,
                Behavior::server(about, does),
                &scenario.feature.0,
            );
        };
        for step in &scenario.apply {
            if let Some(request_type) = request_type(&step.action) {
                let about = || About::command(request_type);
                for pointer in command_pointers(&step.action) {
                    add(about(), Does::drop(&pointer));
                    add(about(), Does::set(&pointer, json!("mutated")));
                }
                add(about(), Does::Never);
                add(about(), Does::Http(500));
                add(about(), Does::Garbage);
            }
            if let Action::Declare { declarations, .. } = &step.action {
                for declaration in declarations {
                    let Some(declaration_type) = declaration_type(declaration) else {
                        continue;
                    };
                    for pointer in keys(declaration.get("Payload"), "/Payload") {
                        add(About::declaration(&declaration_type), Does::drop(pointer));
                    }
                    add(About::declaration(declaration_type), Does::Never);
                }
            }
        }
    }
    faults
}

fn effect_pointers(steps: &[Step], asked_for: bool) -> BTreeSet<String> {
    steps
        .iter()
        .filter(|step| matches!(step.action, Action::Effect | Action::Device(_)))
        .flat_map(|step| &step.looks)
        .filter(|look| asks_for_something(&look.matcher) == asked_for)
        .map(|look| look.pointer.clone())
        .collect()
}

/// Whether the matcher is discontent when there is nothing.
const fn asks_for_something(matcher: &Matcher) -> bool {
    !matches!(
        matcher,
        Matcher::Absent | Matcher::NotEquals(_) | Matcher::Lacks(_)
    )
}

fn request_type(action: &Action) -> Option<&str> {
    match action {
        Action::Command { request_type, .. } => Some(request_type),
        Action::InstallProfile { .. } => Some("InstallProfile"),
        _ => None,
    }
}

/// Pointers into the command message: its own keys, or those of the first payload of a profile.
fn command_pointers(action: &Action) -> Vec<String> {
    match action {
        Action::Command { args, .. } => keys(Some(args), "/Command"),
        Action::InstallProfile { payloads, .. } => {
            let mut pointers = keys(payloads.first(), "/Command/Payload/PayloadContent/0");
            pointers.retain(|pointer| !pointer.ends_with("/PayloadType"));
            pointers
        }
        _ => Vec::new(),
    }
}

fn keys(object: Option<&Value>, base: &str) -> Vec<String> {
    let Some(Value::Object(object)) = object else {
        return Vec::new();
    };
    let escaped = |key: &String| key.replace('~', "~0").replace('/', "~1");
    object
        .keys()
        .map(|key| format!("{base}/{}", escaped(key)))
        .collect()
}

fn declaration_type(declaration: &Value) -> Option<String> {
    declaration
        .get("Type")
        .and_then(Value::as_str)
        .map(str::to_owned)
}
