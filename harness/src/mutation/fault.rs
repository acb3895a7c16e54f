//! Misbehaviors of devices and servers, drawn from what scenarios send and look at.
//!
//! They are stated in neutral words; whoever makes devices and servers turns them into quirks of their own.

use std::collections::{BTreeMap, BTreeSet};

use device_matrix::known::Text;
use scenarios::commands;
use scenarios::scenario::{Action, Matcher, Scenario, Step};
use serde_json::Value;

/// What a device does wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceFault {
    /// What lies at this pointer of the effect tree never comes into force, although it is acknowledged and reads back.
    EffectMissing {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// What was taken back stays in force.
    EffectStays {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// What is in force is lost by a restart.
    LostByReboot {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// What is in force is lost by an update in place.
    LostByUpdate {
        /// JSON pointer into the effect tree.
        pointer: String,
    },
    /// The command is acknowledged and not carried out.
    AcknowledgesOnly {
        /// The command.
        request_type: String,
    },
    /// The command is refused with an error.
    Refuses {
        /// The command.
        request_type: String,
    },
    /// The answer lacks a key.
    DropsKey {
        /// The command.
        request_type: String,
        /// JSON pointer into the answer.
        pointer: String,
    },
    /// The answer has another value.
    WrongValue {
        /// The command.
        request_type: String,
        /// JSON pointer into the answer.
        pointer: String,
    },
    /// The row of a declaration says `invalid` although it is in force.
    FalselyInvalid {
        /// Declaration type.
        declaration_type: String,
    },
}

/// What a server does wrong to messages on their way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerFault {
    /// A key of a command is left out. The pointer may lead into a profile's data.
    DropsCommandKey {
        /// The command.
        request_type: String,
        /// JSON pointer into the message.
        pointer: String,
    },
    /// A key of a command gets another value.
    ChangesCommandKey {
        /// The command.
        request_type: String,
        /// JSON pointer into the message.
        pointer: String,
    },
    /// A command is accepted and never delivered.
    LosesCommand {
        /// The command.
        request_type: String,
    },
    /// The delivery of a command ends in HTTP 500.
    FailsCommand {
        /// The command.
        request_type: String,
    },
    /// A key of a declaration is left out.
    DropsDeclarationKey {
        /// Declaration type.
        declaration_type: String,
        /// JSON pointer into the declaration.
        pointer: String,
    },
    /// A declaration is in the manifest and not found.
    LosesDeclaration {
        /// Declaration type.
        declaration_type: String,
    },
}

/// Faults in a stable order, each with the features that can notice it.
pub type Faults<F> = BTreeMap<F, BTreeSet<String>>;

impl DeviceFault {
    /// Stable name.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::EffectMissing { pointer } => format!("effect_missing:{pointer}"),
            Self::EffectStays { pointer } => format!("effect_stays:{pointer}"),
            Self::LostByReboot { pointer } => format!("lost_by_reboot:{pointer}"),
            Self::LostByUpdate { pointer } => format!("lost_by_update:{pointer}"),
            Self::AcknowledgesOnly { request_type } => format!("acknowledges_only:{request_type}"),
            Self::Refuses { request_type } => format!("refuses:{request_type}"),
            Self::DropsKey {
                request_type,
                pointer,
            } => format!("drops_key:{request_type}{pointer}"),
            Self::WrongValue {
                request_type,
                pointer,
            } => format!("wrong_value:{request_type}{pointer}"),
            Self::FalselyInvalid { declaration_type } => {
                format!("falsely_invalid:{declaration_type}")
            }
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (ja, en) = match self {
            Self::EffectMissing { pointer } => (
                format!("端末で {pointer} が効かない（応答と読み戻しは正常）"),
                format!(
                    "{pointer} never takes effect on the device, though it is acknowledged and reads back"
                ),
            ),
            Self::EffectStays { pointer } => (
                format!("端末で {pointer} が解除後も残る"),
                format!("{pointer} stays in force on the device after it was taken back"),
            ),
            Self::LostByReboot { pointer } => (
                format!("端末で {pointer} が再起動で失われる"),
                format!("{pointer} is lost by a restart of the device"),
            ),
            Self::LostByUpdate { pointer } => (
                format!("端末で {pointer} が OS 更新で失われる"),
                format!("{pointer} is lost by an update of the device"),
            ),
            Self::AcknowledgesOnly { request_type } => (
                format!("端末が {request_type} に成功と答えて実行しない"),
                format!("the device acknowledges {request_type} and does nothing"),
            ),
            Self::Refuses { request_type } => (
                format!("端末が {request_type} をエラーで拒む"),
                format!("the device refuses {request_type}"),
            ),
            Self::DropsKey {
                request_type,
                pointer,
            } => (
                format!("端末の {request_type} の応答に {pointer} がない"),
                format!("the device's answer to {request_type} lacks {pointer}"),
            ),
            Self::WrongValue {
                request_type,
                pointer,
            } => (
                format!("端末の {request_type} の応答で {pointer} の値が違う"),
                format!("the device's answer to {request_type} has another value at {pointer}"),
            ),
            Self::FalselyInvalid { declaration_type } => (
                format!("端末が有効な {declaration_type} を invalid と報告する"),
                format!("the device reports {declaration_type} as invalid although it is in force"),
            ),
        };
        Text { ja, en }
    }
}

impl ServerFault {
    /// Stable name.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::DropsCommandKey {
                request_type,
                pointer,
            } => format!("drops_key:{request_type}{pointer}"),
            Self::ChangesCommandKey {
                request_type,
                pointer,
            } => format!("changes_key:{request_type}{pointer}"),
            Self::LosesCommand { request_type } => format!("loses:{request_type}"),
            Self::FailsCommand { request_type } => format!("fails:{request_type}"),
            Self::DropsDeclarationKey {
                declaration_type,
                pointer,
            } => format!("drops_key:{declaration_type}{pointer}"),
            Self::LosesDeclaration { declaration_type } => format!("loses:{declaration_type}"),
        }
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> Text {
        let (ja, en) = match self {
            Self::DropsCommandKey {
                request_type: what,
                pointer,
            }
            | Self::DropsDeclarationKey {
                declaration_type: what,
                pointer,
            } => (
                format!("サーバが {what} の {pointer} を落とす"),
                format!("the server leaves {pointer} out of {what}"),
            ),
            Self::ChangesCommandKey {
                request_type,
                pointer,
            } => (
                format!("サーバが {request_type} の {pointer} を書き換える"),
                format!("the server changes {pointer} of {request_type}"),
            ),
            Self::LosesCommand { request_type: what }
            | Self::LosesDeclaration {
                declaration_type: what,
            } => (
                format!("サーバが {what} を届けない"),
                format!("the server never delivers {what}"),
            ),
            Self::FailsCommand { request_type } => (
                format!("サーバが {request_type} の配信で HTTP 500 を返す"),
                format!("the server ends the delivery of {request_type} in HTTP 500"),
            ),
        };
        Text { ja, en }
    }
}

/// Faults of devices that the looks of these scenarios should notice.
#[must_use]
pub fn device_faults<'a>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    upgraded: bool,
) -> Faults<DeviceFault> {
    let mut faults = Faults::new();
    for scenario in scenarios {
        let mut add = |fault: DeviceFault| {
            faults
                .entry(fault)
                .or_default()
                .insert(scenario.feature.0.clone());
        };
        for pointer in effect_pointers(&scenario.verify, true) {
            add(DeviceFault::EffectMissing {
                pointer: pointer.clone(),
            });
            if scenario.survives.reboot {
                add(DeviceFault::LostByReboot {
                    pointer: pointer.clone(),
                });
            }
            if scenario.survives.update && upgraded {
                add(DeviceFault::LostByUpdate { pointer });
            }
        }
        for pointer in effect_pointers(&scenario.verify_undone, false) {
            add(DeviceFault::EffectStays { pointer });
        }
        for step in &scenario.apply {
            if let Some(request_type) = request_type(&step.action) {
                let request_type = request_type.to_owned();
                add(DeviceFault::AcknowledgesOnly {
                    request_type: request_type.clone(),
                });
                add(DeviceFault::Refuses { request_type });
            }
            if let Action::Declare { declarations, .. } = &step.action
                && !step.looks.is_empty()
            {
                for declaration_type in declarations.iter().filter_map(declaration_type) {
                    add(DeviceFault::FalselyInvalid { declaration_type });
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
                add(DeviceFault::DropsKey {
                    request_type: request_type.clone(),
                    pointer: look.pointer.clone(),
                });
                add(DeviceFault::WrongValue {
                    request_type: request_type.clone(),
                    pointer: look.pointer.clone(),
                });
            }
        }
    }
    faults
}

/// Faults of the server in messages that these scenarios send.
#[must_use]
pub fn server_faults<'a>(scenarios: impl IntoIterator<Item = &'a Scenario>) -> Faults<ServerFault> {
    let mut faults = Faults::new();
    for scenario in scenarios {
        let mut add = |fault: ServerFault| {
            faults
                .entry(fault)
                .or_default()
                .insert(scenario.feature.0.clone());
        };
        for step in &scenario.apply {
            if let Some(request_type) = request_type(&step.action) {
                let request_type = request_type.to_owned();
                for pointer in command_pointers(&step.action) {
                    add(ServerFault::DropsCommandKey {
                        request_type: request_type.clone(),
                        pointer: pointer.clone(),
                    });
                    add(ServerFault::ChangesCommandKey {
                        request_type: request_type.clone(),
                        pointer,
                    });
                }
                add(ServerFault::LosesCommand {
                    request_type: request_type.clone(),
                });
                add(ServerFault::FailsCommand { request_type });
            }
            if let Action::Declare { declarations, .. } = &step.action {
                for declaration in declarations {
                    let Some(declaration_type) = declaration_type(declaration) else {
                        continue;
                    };
                    for pointer in keys(declaration.get("Payload"), "/Payload") {
                        add(ServerFault::DropsDeclarationKey {
                            declaration_type: declaration_type.clone(),
                            pointer,
                        });
                    }
                    add(ServerFault::LosesDeclaration { declaration_type });
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
