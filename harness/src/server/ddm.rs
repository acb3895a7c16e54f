//! A declarative-management engine: declarations per enrollment, their tokens, and the status that came back.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::DeclarationView;
use super::clock::Clock;

/// Most enrollments the engine keeps.
const ENROLLMENTS: usize = 200_000;
/// Most JSON nodes of status kept per enrollment; beyond it only the latest report is kept.
const STATUS_NODES: usize = 100_000;

/// The four kinds: the word in the endpoint, and the array's name in `declaration-items`.
const KINDS: [(&str, &str); 4] = [
    ("activation", "Activations"),
    ("configuration", "Configurations"),
    ("asset", "Assets"),
    ("management", "Management"),
];

/// What a device is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DdmAnswer {
    /// JSON.
    Json(Vec<u8>),
    /// 200 without a body.
    Empty,
    /// There is no such endpoint or declaration.
    NotFound,
    /// The request does not make sense.
    Bad(String),
}

/// How a status report is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ingest {
    /// Merged into what is known.
    Merge,
    /// Counted only: the server keeps showing what it knew, which is nothing at first.
    CountOnly,
}

/// Declarations and status of many enrollments.
#[derive(Debug)]
pub(crate) struct DdmEngine {
    clock: Clock,
    enrollments: RwLock<HashMap<String, Arc<Enrollment>>>,
}

#[derive(Debug, Default)]
struct Enrollment {
    state: Mutex<State>,
    reported: Notify,
}

#[derive(Debug, Default)]
struct State {
    declarations: BTreeMap<String, Declaration>,
    token: String,
    changed_at: Timestamp,
    view: DeclarationView,
}

#[derive(Debug)]
struct Declaration {
    kind: &'static str,
    server_token: String,
    body: Value,
}

impl DdmEngine {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            enrollments: RwLock::default(),
        }
    }

    /// Replaces the declarations of an enrollment; on an error nothing changes.
    pub(crate) fn set(&self, id: &str, declarations: &[Value]) -> Result<(), String> {
        let mut next = BTreeMap::new();
        for (position, given) in declarations.iter().enumerate() {
            let declaration =
                declaration(given).map_err(|error| format!("declaration {position}: {error}"))?;
            let identifier = text(given, "Identifier").unwrap_or_default().to_owned();
            if next.insert(identifier.clone(), declaration).is_some() {
                return Err(format!(
                    "declaration {position}: the identifier `{identifier}` is used twice"
                ));
            }
        }
        let enrollment = self
            .get_or_insert(id)
            .ok_or_else(|| "too many enrollments".to_owned())?;
        let mut state = enrollment.lock();
        state.declarations = next;
        let token = state.fingerprint();
        if token != state.token {
            state.token = token;
            state.changed_at = self.clock.now();
        }
        Ok(())
    }

    /// The `SyncTokens` document, as the command `DeclarativeManagement` carries it.
    pub(crate) fn tokens(&self, id: &str) -> Vec<u8> {
        match self.get(id) {
            Some(enrollment) => enrollment.lock().tokens(),
            None => State::default().with_token().tokens(),
        }
    }

    /// Answers one request of a device. `data` is the body of a status report.
    pub(crate) fn answer(
        &self,
        id: &str,
        endpoint: &str,
        data: Option<&[u8]>,
        ingest: Ingest,
    ) -> DdmAnswer {
        match endpoint.split_once('/') {
            None if endpoint == "tokens" => DdmAnswer::Json(self.tokens(id)),
            None if endpoint == "declaration-items" => {
                let items = match self.get(id) {
                    Some(enrollment) => enrollment.lock().items(),
                    None => State::default().with_token().items(),
                };
                DdmAnswer::Json(items)
            }
            None if endpoint == "status" => self.status(id, data.unwrap_or_default(), ingest),
            Some(("declaration", rest)) => rest
                .split_once('/')
                .and_then(|(kind, identifier)| {
                    let enrollment = self.get(id)?;
                    let state = enrollment.lock();
                    let declaration = state.declarations.get(identifier)?;
                    (declaration.kind == kind).then(|| to_bytes(&declaration.body))
                })
                .map_or(DdmAnswer::NotFound, DdmAnswer::Json),
            _ => DdmAnswer::NotFound,
        }
    }

    /// The latest view once more than `before` reports have arrived; `None` when they do not arrive in time.
    pub(crate) async fn view_after(
        &self,
        id: &str,
        before: u64,
        within: Duration,
    ) -> Option<DeclarationView> {
        let enrollment = self.get_or_insert(id)?;
        let deadline = Instant::now() + within;
        let mut reported = pin!(enrollment.reported.notified());
        loop {
            reported.as_mut().enable();
            let view = {
                let state = enrollment.lock();
                (state.view.reports > before).then(|| state.view.clone())
            };
            if view.is_some() {
                return view;
            }
            tokio::time::timeout_at(deadline, reported.as_mut())
                .await
                .ok()?;
            reported.set(enrollment.reported.notified());
        }
    }

    fn status(&self, id: &str, data: &[u8], ingest: Ingest) -> DdmAnswer {
        // The parser refuses documents nested deeper than 128 levels; the body's length is bounded by the caller.
        let report = match serde_json::from_slice::<Value>(data) {
            Ok(Value::Object(report)) => report,
            Ok(_) => return DdmAnswer::Bad("the status report is not an object".to_owned()),
            Err(error) => {
                return DdmAnswer::Bad(format!("the status report is not JSON: {error}"));
            }
        };
        let Some(enrollment) = self.get_or_insert(id) else {
            return DdmAnswer::Bad("too many enrollments".to_owned());
        };
        let mut state = enrollment.lock();
        state.view.reports += 1;
        if ingest == Ingest::Merge {
            state.ingest(&report);
        }
        drop(state);
        enrollment.reported.notify_waiters();
        DdmAnswer::Empty
    }

    fn get(&self, id: &str) -> Option<Arc<Enrollment>> {
        self.enrollments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    fn get_or_insert(&self, id: &str) -> Option<Arc<Enrollment>> {
        if let Some(enrollment) = self.get(id) {
            return Some(enrollment);
        }
        let mut all = self
            .enrollments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ENROLLMENTS && !all.contains_key(id) {
            return None;
        }
        Some(
            all.entry(id.to_owned())
                .or_insert_with(|| {
                    Arc::new(Enrollment {
                        state: Mutex::new(State::default().with_token()),
                        reported: Notify::new(),
                    })
                })
                .clone(),
        )
    }
}

impl Enrollment {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn with_token(mut self) -> Self {
        self.token = self.fingerprint();
        self
    }

    fn fingerprint(&self) -> String {
        let mut all = String::new();
        for (identifier, declaration) in &self.declarations {
            let _ = writeln!(all, "{identifier}\n{}", declaration.server_token);
        }
        hash(all.as_bytes())
    }

    fn tokens(&self) -> Vec<u8> {
        to_bytes(&json!({
            "SyncTokens": {
                "Timestamp": rfc3339(self.changed_at),
                "DeclarationsToken": self.token,
            }
        }))
    }

    fn items(&self) -> Vec<u8> {
        let mut kinds = Map::new();
        for (kind, array) in KINDS {
            let rows = self
                .declarations
                .iter()
                .filter(|(_, declaration)| declaration.kind == kind)
                .map(|(identifier, declaration)| {
                    json!({ "Identifier": identifier, "ServerToken": declaration.server_token })
                })
                .collect();
            kinds.insert(array.to_owned(), Value::Array(rows));
        }
        to_bytes(&json!({ "Declarations": kinds, "DeclarationsToken": self.token }))
    }

    fn ingest(&mut self, report: &Map<String, Value>) {
        let full = report.get("FullReport") == Some(&Value::Bool(true));
        if full {
            self.view.status = Value::Null;
            self.view.declarations.clear();
        }
        let Some(items) = report.get("StatusItems").filter(|items| items.is_object()) else {
            return;
        };
        if let Some(Value::Object(kinds)) = items.pointer("/management/declarations") {
            let mut mentioned = Vec::new();
            for row in kinds.values().filter_map(Value::as_array).flatten() {
                let Some(identifier) = text(row, "identifier") else {
                    continue;
                };
                mentioned.push(identifier.to_owned());
                if row.get("_removed") == Some(&Value::Bool(true)) {
                    self.view.declarations.remove(identifier);
                } else {
                    self.view
                        .declarations
                        .insert(identifier.to_owned(), row.clone());
                }
            }
            // A row that the device no longer tells of, of a declaration that is no longer assigned, is history.
            let assigned = &self.declarations;
            self.view.declarations.retain(|identifier, _| {
                assigned.contains_key(identifier) || mentioned.contains(identifier)
            });
        }
        merge(&mut self.view.status, items);
        if nodes(&self.view.status) > STATUS_NODES {
            self.view.status = items.clone();
        }
    }
}

fn declaration(given: &Value) -> Result<Declaration, String> {
    let kind_of = text(given, "Type").ok_or("`Type` is missing or is not a string")?;
    let identifier = text(given, "Identifier")
        .filter(|identifier| !identifier.is_empty())
        .ok_or("`Identifier` is missing or is not a string")?;
    let payload = match given.get("Payload") {
        None => Value::Object(Map::new()),
        Some(payload @ Value::Object(_)) => payload.clone(),
        Some(_) => return Err("`Payload` is not an object".to_owned()),
    };
    // What no kind's prefix fits is offered as a configuration, so that the device can judge it.
    let kind = KINDS
        .iter()
        .find(|(kind, _)| kind_of.starts_with(&format!("com.apple.{kind}.")))
        .map_or("configuration", |(kind, _)| kind);
    let mut body = json!({ "Type": kind_of, "Identifier": identifier, "Payload": payload });
    let server_token = match text(given, "ServerToken") {
        Some(token) => token.to_owned(),
        None => hash(canonical(&body).as_bytes()),
    };
    body["ServerToken"] = Value::String(server_token.clone());
    Ok(Declaration {
        kind,
        server_token,
        body,
    })
}

/// Merges a status report: objects by key, arrays of objects with an `identifier` by it, all else replaces.
fn merge(known: &mut Value, new: &Value) {
    match (known, new) {
        (Value::Object(known), Value::Object(new)) => {
            for (key, value) in new {
                match known.get_mut(key) {
                    Some(slot) => merge(slot, value),
                    None => {
                        known.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(known), Value::Array(new))
            if !new.is_empty() && new.iter().all(|item| text(item, "identifier").is_some()) =>
        {
            let mut rows: BTreeMap<String, usize> = known
                .iter()
                .enumerate()
                .filter_map(|(at, row)| Some((text(row, "identifier")?.to_owned(), at)))
                .collect();
            for row in new {
                let identifier = text(row, "identifier").unwrap_or_default();
                if let Some(at) = rows.get(identifier) {
                    known[*at] = row.clone();
                } else {
                    rows.insert(identifier.to_owned(), known.len());
                    known.push(row.clone());
                }
            }
            known.retain(|row| row.get("_removed") != Some(&Value::Bool(true)));
        }
        (known, new) => *known = new.clone(),
    }
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(object) => 1 + object.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// JSON with sorted keys, so that the order of writing does not change a token.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let members: Vec<_> = sorted
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::String(key.clone()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

/// The first half of a SHA-256, hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref()[..16]
        .iter()
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// RFC 3339 to the second, as Apple's examples write it.
fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn engine() -> DdmEngine {
        DdmEngine::new(Clock::fixed(Timestamp::UNIX_EPOCH))
    }

    fn report(engine: &DdmEngine, body: &Value) {
        let answer = engine.answer("U", "status", Some(&to_bytes(body)), Ingest::Merge);
        assert_eq!(answer, DdmAnswer::Empty);
    }

    fn rows(engine: &DdmEngine) -> Vec<String> {
        let enrollment = engine.get("U").expect("known");
        let state = enrollment.lock();
        state.view.declarations.keys().cloned().collect()
    }

    fn status(rows: &Value) -> Value {
        json!({ "StatusItems": { "management": { "declarations": { "configurations": rows } } } })
    }

    #[test]
    fn rows_come_and_go_with_reports_and_assignments() {
        let engine = engine();
        let declare = |names: &[&str]| {
            let all: Vec<_> = names
                .iter()
                .map(|name| json!({ "Type": "com.apple.configuration.x", "Identifier": name }))
                .collect();
            engine.set("U", &all).expect("set");
        };
        declare(&["a", "b"]);
        report(
            &engine,
            &status(&json!([{ "identifier": "a" }, { "identifier": "b" }])),
        );
        assert_eq!(rows(&engine), ["a", "b"]);
        // Only what changed is told.
        report(
            &engine,
            &status(&json!([{ "identifier": "a", "active": true }])),
        );
        assert_eq!(rows(&engine), ["a", "b"]);
        report(
            &engine,
            &status(&json!([{ "identifier": "a", "_removed": true }])),
        );
        assert_eq!(rows(&engine), ["b"]);
        // No longer assigned and no longer told of.
        declare(&["a"]);
        report(&engine, &status(&json!([{ "identifier": "a" }])));
        assert_eq!(rows(&engine), ["a"]);
        report(
            &engine,
            &json!({ "FullReport": true, "StatusItems": { "device": {} } }),
        );
        assert!(rows(&engine).is_empty());
    }

    #[test]
    fn status_items_are_merged_and_bounded() {
        let engine = engine();
        let item = |value: &Value| json!({ "StatusItems": { "mdm": { "app": value } } });
        report(
            &engine,
            &item(&json!([{ "identifier": "x", "v": 1 }, { "identifier": "y" }])),
        );
        report(
            &engine,
            &item(&json!([{ "identifier": "x", "v": 2 }, { "identifier": "y", "_removed": true }])),
        );
        report(
            &engine,
            &json!({ "StatusItems": { "device": { "name": "n" } } }),
        );
        let view = engine.get("U").expect("known").lock().view.clone();
        assert_eq!(
            view.status,
            json!({ "mdm": { "app": [{ "identifier": "x", "v": 2 }] }, "device": { "name": "n" } })
        );
        assert_eq!(view.reports, 3);
        for round in 0..4 {
            let many: Map<_, _> = (0..40_000)
                .map(|n| (format!("{round}-{n}"), Value::Null))
                .collect();
            report(&engine, &json!({ "StatusItems": many }));
        }
        let view = engine.get("U").expect("known").lock().view.clone();
        assert!(nodes(&view.status) <= STATUS_NODES);
    }

    #[test]
    fn what_is_no_declaration_is_refused_and_changes_nothing() {
        let engine = engine();
        let good = json!({ "Type": "com.apple.asset.data", "Identifier": "a" });
        engine.set("U", std::slice::from_ref(&good)).expect("set");
        let before = engine.tokens("U");
        for bad in [
            json!({ "Identifier": "a" }),
            json!({ "Type": "t" }),
            json!({ "Type": "t", "Identifier": "" }),
            json!({ "Type": "t", "Identifier": "a", "Payload": [] }),
            json!("text"),
        ] {
            assert!(
                engine.set("U", std::slice::from_ref(&bad)).is_err(),
                "{bad}"
            );
        }
        assert!(engine.set("U", &[good.clone(), good]).is_err());
        assert_eq!(engine.tokens("U"), before);
    }

    #[test]
    fn an_enrollment_that_nobody_knows_has_nothing_to_do() {
        let engine = engine();
        let tokens = engine.tokens("nobody");
        engine.set("nobody", &[]).expect("set");
        assert_eq!(engine.tokens("nobody"), tokens);
    }

    proptest! {
        #[test]
        fn the_order_of_keys_and_declarations_changes_no_token(
            keys in proptest::collection::btree_map("[a-z]{1,4}", 0_i32..9, 1..6)
        ) {
            let forward: Map<_, _> = keys.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
            let backward: Map<_, _> = keys.iter().rev().map(|(k, v)| (k.clone(), json!(v))).collect();
            let of = |payload: &Map<String, Value>, identifier: &str| json!({
                "Type": "com.apple.configuration.x", "Identifier": identifier, "Payload": payload
            });
            let engine = engine();
            engine.set("U", &[of(&forward, "a"), of(&forward, "b")]).expect("set");
            let first = engine.tokens("U");
            engine.set("U", &[of(&backward, "b"), of(&backward, "a")]).expect("set");
            prop_assert_eq!(&engine.tokens("U"), &first);
            engine.set("U", &[of(&forward, "a")]).expect("set");
            prop_assert_ne!(&engine.tokens("U"), &first);
        }

        #[test]
        fn no_report_makes_the_engine_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = engine().answer("U", "status", Some(&bytes), Ingest::Merge);
        }
    }
}
