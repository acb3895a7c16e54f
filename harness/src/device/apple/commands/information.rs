//! `DeviceInformation`.

use device_matrix::capability::{Kind, Role};
use plist::{Dictionary, Value};

use super::super::information;
use super::super::values::{dict, strings};
use super::{Reply, Turn};

/// Answers the queries that the release knows, that the enrollment permits and that the hardware has a value for; the
/// others are left out and the command is acknowledged all the same.
pub(super) fn answer(turn: &mut Turn<'_>) -> Reply {
    let queries = strings(turn.command, "Queries").unwrap_or_default();
    let core = &*turn.core;
    let mut answers = Dictionary::new();
    let Some((_, item)) = core.facts().find(Kind::Command, "DeviceInformation").next() else {
        return Reply::done(dict([("QueryResponses", Value::Dictionary(answers))]));
    };
    // One walk over the catalogue's many queries, however many are asked.
    let mut permitted = vec![false; queries.len()];
    for key in item
        .keys
        .iter()
        .filter(|key| key.enum_value && key.role == Role::Payload)
    {
        for (query, permitted) in queries.iter().zip(&mut permitted) {
            if key.name() == *query {
                *permitted = core.takes(core.applies(key.support(core.platform()), turn.scope));
            }
        }
    }
    for (query, _) in queries
        .iter()
        .zip(permitted)
        .filter(|(_, permitted)| *permitted)
    {
        if let Some(value) = information::value(core, turn.scope, query) {
            answers.insert((*query).to_owned(), value);
        }
    }
    Reply::done(dict([("QueryResponses", Value::Dictionary(answers))]))
}
