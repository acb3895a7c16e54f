//! Tries each call of a description once, and says which line is the first that does not fit.

use serde_json::json;

use super::adapter::ConsoleServer;
use super::client::Trace;
use crate::server::{Introduction, ServerError, ServerUnderTest as _};

/// One thing that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was tried: `login`, `version`, `device`, `result`, `enroll`.
    pub what: &'static str,
    /// The exchanges, without secrets.
    pub traces: Vec<Trace>,
    /// Why it does not fit.
    pub error: Option<ServerError>,
}

/// What was tried, and what was left alone because it would change something.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// In order; the first with an error is the last.
    pub tried: Vec<Tried>,
    /// Calls that were not sent: `command`, `actions.…`.
    pub left: Vec<String>,
}

/// Tries login and version and, for the device with the serial number or UDID `device`, whether it is found and how a
/// result reads. Commands and buttons are not pressed: they would reach a device.
pub async fn check(server: &ConsoleServer, device: Option<&str>) -> Checked {
    let mut checked = Checked::default();
    server.client.trace();
    let mut note = |what, error: Option<ServerError>| {
        let good = error.is_none();
        checked.tried.push(Tried {
            what,
            traces: server.client.traces(),
            error,
        });
        good
    };
    let mut good = note("login", server.client.login().await.err());
    if good && server.console().version.is_some() {
        good = note("version", server.check().await.err());
    }
    let mut left = Vec::new();
    match device {
        None => left.push("device (give --device SERIAL)".to_owned()),
        Some(name) if good => {
            let known = Introduction {
                serial: Some(name.to_owned()),
                udid: Some(name.to_owned()),
            };
            let found = server.device(&known, name).await;
            let variables = found.as_ref().ok().cloned();
            good = note("device", found.err());
            if let (true, Some(found), true) = (good, variables, server.shows_results()) {
                // A command that nobody has sent: the answer must read as pending.
                let variables = json!({
                    "device": found,
                    "command": { "uuid": "00000000-0000-4000-8000-000000000000" },
                });
                note("result", server.look(&variables).await.err());
            }
        }
        Some(_) => {}
    }
    if server.raw_commands() {
        left.push("command".to_owned());
    }
    left.extend(
        server
            .console()
            .actions
            .keys()
            .map(|id| format!("actions.{id}")),
    );
    checked.left = left;
    checked
}
