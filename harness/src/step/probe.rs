//! Probes: sends a batch of capabilities, and halves it on failure until every one is told apart.

use scenarios::event::ProbeResult;
use scenarios::probe::Trace;
use scenarios::scenario::Action;
use serde_json::Value;

use super::stop::Stop;
use super::take::{Pass, Seen};

/// Requests one probe may send: enough to tell every capability of a batch apart, and an end for a device that
/// answers at random.
fn request_budget(capabilities: usize) -> usize {
    capabilities.saturating_mul(3).saturating_add(8)
}

/// What the runner needs to know of a probe. The suite's own type implements it.
pub trait ProbeSource: Send + Sync {
    /// Class, the middle of the case id `probe:class@cell`.
    fn class(&self) -> &str;

    /// Ids (`file#dotted.path`) of the capabilities in the batch, in a stable order.
    fn capabilities(&self) -> Vec<String>;

    /// The request that exercises the capabilities at `chosen` positions; `None` when these can not be sent without
    /// others.
    fn request(&self, chosen: &[usize]) -> Option<ProbeRequest>;
}

/// One exchange of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRequest {
    /// What to send.
    pub action: Action,
    /// Where each chosen capability shows that it arrived, in the order of `chosen`.
    pub traces: Vec<Trace>,
    /// What takes it back; `None` when nothing stays.
    pub undo: Option<Action>,
}

/// How one request fared.
enum Taken {
    /// Arrived as it was handed in, and the device took it.
    Yes(Seen),
    /// Arrived, and the device refused it, saying why.
    Refused(Option<String>),
    /// Arrived with another body.
    Altered,
    /// Did not arrive.
    Missing,
    /// The device asked to come back later.
    NotNow,
}

/// Runs a probe. The results cover every capability, also when the run stops in the middle: what was not reached
/// says so.
pub async fn run(pass: &mut Pass<'_>, probe: &dyn ProbeSource) -> (Vec<ProbeResult>, Option<Stop>) {
    let names = probe.capabilities();
    let mut results: Vec<Option<ProbeResult>> = vec![None; names.len()];
    let mut budget = request_budget(names.len());
    let mut open: Vec<Vec<usize>> = vec![(0..names.len()).collect()];
    let mut stop = None;
    while let Some(batch) = open.pop() {
        if batch.is_empty() {
            continue;
        }
        let Some(request) = probe.request(&batch) else {
            if batch.len() == 1 {
                set(
                    &mut results,
                    &names,
                    batch[0],
                    "not_reached",
                    Some("can not be sent alone".to_owned()),
                );
            } else {
                halve(&batch, &mut open);
            }
            continue;
        };
        if budget == 0 {
            break;
        }
        budget -= 1;
        let taken = match send(pass, &request.action).await {
            Ok(taken) => taken,
            Err(error) => {
                stop = Some(error);
                break;
            }
        };
        match taken {
            Taken::Yes(seen) => {
                let effects = pass.rig.device.effects();
                for (order, &position) in batch.iter().enumerate() {
                    let trace = request.traces.get(order).unwrap_or(&Trace::Acknowledged);
                    let (result, detail) = shown(trace, &seen, effects.as_ref());
                    set(&mut results, &names, position, result, detail);
                }
            }
            Taken::Refused(detail) if batch.len() == 1 => {
                set(&mut results, &names, batch[0], "refused", detail);
            }
            Taken::Altered if batch.len() == 1 => {
                let detail = Some("the server changed it on its way".to_owned());
                set(&mut results, &names, batch[0], "dropped", detail);
            }
            Taken::Refused(_) | Taken::Altered => halve(&batch, &mut open),
            Taken::Missing | Taken::NotNow => {
                let detail = if matches!(taken, Taken::NotNow) {
                    "the device answered NotNow"
                } else {
                    "the server did not deliver it"
                };
                for &position in &batch {
                    set(
                        &mut results,
                        &names,
                        position,
                        "not_reached",
                        Some(detail.to_owned()),
                    );
                }
            }
        }
        if let Some(undo) = &request.undo
            && let Err(error) = pass.take(undo).await
        {
            stop = Some(error);
            break;
        }
    }
    let results = results
        .into_iter()
        .zip(&names)
        .map(|(result, name)| {
            result.unwrap_or_else(|| ProbeResult {
                capability: name.clone(),
                result: "not_reached".to_owned(),
                detail: stop.as_ref().map(|stop| stop.reason().to_owned()),
            })
        })
        .collect();
    (results, stop)
}

async fn send(pass: &mut Pass<'_>, action: &Action) -> Result<Taken, Stop> {
    let altered_before = pass.scribe.altered_declarations().len();
    let seen = pass.take(action).await?;
    if let Action::Declare { declarations, .. } = action {
        if pass.scribe.altered_declarations().len() > altered_before {
            return Ok(Taken::Altered);
        }
        return Ok(declared(declarations, seen));
    }
    let answer = seen.value.as_ref().unwrap_or(&Value::Null);
    let fate = seen
        .command
        .as_ref()
        .and_then(|uuid| pass.scribe.fate(uuid));
    if fate.is_some_and(|fate| fate.altered) {
        return Ok(Taken::Altered);
    }
    Ok(match answer.get("Status").and_then(Value::as_str) {
        Some("Acknowledged") => Taken::Yes(seen),
        Some("NotNow") => Taken::NotNow,
        Some(status) => Taken::Refused(Some(reason(status, answer))),
        None => Taken::Missing,
    })
}

/// A declaration is taken when the device's report calls every one of the batch valid.
fn declared(declarations: &[Value], seen: Seen) -> Taken {
    let rows = seen
        .value
        .as_ref()
        .and_then(|value| value.get("declarations"));
    for declaration in declarations {
        let Some(identifier) = declaration.get("Identifier").and_then(Value::as_str) else {
            continue;
        };
        let Some(row) = rows.and_then(|rows| rows.get(identifier)) else {
            return Taken::Missing;
        };
        let valid = row.get("valid").and_then(Value::as_str);
        if valid == Some("invalid") {
            let code = row.pointer("/reasons/0/code").and_then(Value::as_str);
            return Taken::Refused(Some(code.unwrap_or("invalid").to_owned()));
        }
    }
    Taken::Yes(seen)
}

fn shown(trace: &Trace, seen: &Seen, effects: Option<&Value>) -> (&'static str, Option<String>) {
    let answer = |pointer: &str| seen.value.as_ref().and_then(|value| value.pointer(pointer));
    let missing = match trace {
        Trace::Acknowledged => None,
        Trace::InAnswer(pointer) if answer(pointer).is_some() => None,
        Trace::InAnswer(pointer) => Some(format!("the answer has no {pointer}")),
        Trace::ValidIn(pointer) => {
            let row = answer(pointer);
            let valid = row.and_then(|row| row.get("valid")).and_then(Value::as_str);
            (valid != Some("valid")).then(|| format!("{pointer} is {}", valid.unwrap_or("absent")))
        }
        // What can not be seen is not held against the capability.
        Trace::InEffect(pointer) => effects
            .is_some_and(|effects| effects.pointer(pointer).is_none())
            .then(|| format!("{pointer} is not in force")),
    };
    missing.map_or(("carried", None), |detail| ("no_effect", Some(detail)))
}

fn reason(status: &str, answer: &Value) -> String {
    let code = answer
        .pointer("/ErrorChain/0/ErrorCode")
        .and_then(Value::as_i64);
    let domain = answer
        .pointer("/ErrorChain/0/ErrorDomain")
        .and_then(Value::as_str);
    match (domain, code) {
        (Some(domain), Some(code)) => format!("{domain} {code}"),
        _ => status.to_owned(),
    }
}

fn halve(batch: &[usize], open: &mut Vec<Vec<usize>>) {
    let (left, right) = batch.split_at(batch.len() / 2);
    // The left half is popped first, so that results and messages come in order.
    open.push(right.to_vec());
    open.push(left.to_vec());
}

fn set(
    results: &mut [Option<ProbeResult>],
    names: &[String],
    position: usize,
    result: &str,
    detail: Option<String>,
) {
    if let (Some(slot), Some(name)) = (results.get_mut(position), names.get(position)) {
        *slot = Some(ProbeResult {
            capability: name.clone(),
            result: result.to_owned(),
            detail,
        });
    }
}
