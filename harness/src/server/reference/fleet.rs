//! A small stand-in that plays Fleet's public REST API on loopback, with the reference server behind it for devices.
//!
//! Written from Fleet's public API documentation (run MDM command, get MDM command results, get host by identifier, lock,
//! unlock, wipe), read on 2026-11-23. Lock turns on Lost Mode on iOS and iPadOS and locks with a PIN on macOS. Nothing
//! else of Fleet is played: it is for tests of descriptions and for trying one out.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use plist::Dictionary;
use serde_json::{Value, json};

use super::api::command;
use super::config::ServeOptions;
use super::core::Core;
use super::serve::{core, router};
use crate::protocol::apple::codec;
use crate::server::http::{self, Listening};
use crate::server::message::text;
use crate::server::{StartError, command as commands};

/// Most hosts and results kept.
const MOST: usize = 10_000;

/// How the stand-in behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The API token that it takes.
    pub token: String,
    /// PEM of the CA whose device identities it takes.
    pub ca_pem: String,
    /// Every call of the API is answered with a login page.
    pub login_page: bool,
    /// Buttons are accepted and nothing is sent.
    pub idle_buttons: bool,
}

/// A running stand-in; it stops when this is dropped.
#[derive(Debug)]
pub struct FleetStandIn {
    listening: Listening,
}

#[derive(Debug)]
struct Host {
    number: u64,
    serial: String,
    platform: &'static str,
}

#[derive(Debug)]
struct Fleet {
    core: Arc<Core>,
    options: FleetOptions,
    /// By UDID.
    hosts: Mutex<BTreeMap<String, Host>>,
    /// Request type, UDID, state and answer by `CommandUUID`.
    commands: Mutex<HashMap<String, Sent>>,
    number: AtomicU64,
}

#[derive(Clone, Debug)]
struct Sent {
    udid: String,
    request_type: String,
    status: String,
    result: String,
}

impl FleetStandIn {
    /// Starts to listen.
    pub async fn start(options: FleetOptions) -> Result<Self, StartError> {
        let listen = options.listen;
        let core = Arc::new(core(ServeOptions::new("", options.ca_pem.clone()))?);
        let fleet = Arc::new(Fleet {
            core: core.clone(),
            options,
            hosts: Mutex::default(),
            commands: Mutex::default(),
            number: AtomicU64::new(1),
        });
        let devices = router(core).layer(from_fn_with_state(fleet.clone(), observe));
        let api = Router::new()
            .route("/version", get(version))
            .route("/commands/run", post(run))
            .route("/commands/results", get(results))
            .route("/hosts/identifier/{identifier}", get(host))
            .route("/hosts/{id}/{button}", post(button))
            .layer(from_fn_with_state(fleet.clone(), authorize))
            .with_state(fleet);
        let routes = devices.nest("/api/v1/fleet", api);
        Ok(Self {
            listening: http::listen("the Fleet stand-in", listen, routes).await?,
        })
    }

    /// Base URL of the API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address)
    }

    /// `ServerURL` of devices.
    #[must_use]
    pub fn mdm_url(&self) -> String {
        format!("http://{}/mdm", self.listening.address)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn authorize(State(fleet): State<Arc<Fleet>>, request: Request, next: Next) -> Response {
    if fleet.options.login_page {
        return Html("<!doctype html><html><head><title>Log in | Fleet</title></head></html>")
            .into_response();
    }
    let wanted = format!("Bearer {}", fleet.options.token);
    let given = request.headers().get(header::AUTHORIZATION);
    if given.is_none_or(|given| given.as_bytes() != wanted.as_bytes()) {
        let body = json!({ "message": "Authentication required" });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    next.run(request).await
}

/// Looks at what devices say on their way to the server behind.
async fn observe(State(fleet): State<Arc<Fleet>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = match http::body(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let message = codec::decode(&body).ok();
    let answer = next
        .run(Request::from_parts(head, Body::from(body.clone())))
        .await;
    if answer.status().is_success()
        && let Some(message) = message
    {
        fleet.see(&message, &body);
    }
    answer
}

impl Fleet {
    fn see(&self, message: &Dictionary, raw: &Bytes) {
        let id = text(message, "UDID").or_else(|| text(message, "EnrollmentID"));
        let Some(id) = id else {
            return;
        };
        if text(message, "MessageType") == Some("Authenticate") {
            let product = text(message, "ProductName").unwrap_or_default();
            let mut hosts = lock(&self.hosts);
            if hosts.len() < MOST {
                hosts.insert(
                    id.to_owned(),
                    Host {
                        number: self.number.fetch_add(1, Ordering::Relaxed),
                        serial: text(message, "SerialNumber").unwrap_or_default().to_owned(),
                        platform: if product.starts_with("iPhone") {
                            "ios"
                        } else if product.starts_with("iPad") {
                            "ipados"
                        } else {
                            "darwin"
                        },
                    },
                );
            }
        }
        if let (Some(uuid), Some(status)) = (text(message, "CommandUUID"), text(message, "Status"))
            && let Some(sent) = lock(&self.commands).get_mut(uuid)
            && sent.udid == id
        {
            status.clone_into(&mut sent.status);
            sent.result = STANDARD.encode(raw);
        }
    }

    fn send(&self, host: &str, uuid: &str, request_type: &str, raw: Bytes) -> Result<(), String> {
        self.core.enqueue(host, uuid, request_type, raw)?;
        let mut commands = lock(&self.commands);
        if commands.len() < MOST {
            commands.insert(
                uuid.to_owned(),
                Sent {
                    udid: host.to_owned(),
                    request_type: request_type.to_owned(),
                    status: "Pending".to_owned(),
                    result: String::new(),
                },
            );
        }
        Ok(())
    }
}

fn refused(status: StatusCode, why: &str) -> Response {
    let body = json!({ "message": why, "errors": [{ "name": "base", "reason": why }] });
    (status, Json(body)).into_response()
}

async fn version() -> Json<Value> {
    Json(json!({ "version": "stand-in", "branch": "", "revision": "" }))
}

async fn run(State(fleet): State<Arc<Fleet>>, Json(body): Json<Value>) -> Response {
    let raw = body
        .get("command")
        .and_then(Value::as_str)
        .and_then(|text| STANDARD.decode(text).ok());
    let Some(raw) = raw else {
        return refused(StatusCode::BAD_REQUEST, "command is not base64");
    };
    let (uuid, request_type) = match command(&raw) {
        Ok(command) => command,
        Err(why) => return refused(StatusCode::UNPROCESSABLE_ENTITY, &why),
    };
    let hosts = body.get("host_uuids").and_then(Value::as_array);
    for udid in hosts.into_iter().flatten().filter_map(Value::as_str) {
        if !lock(&fleet.hosts).contains_key(udid) {
            return refused(StatusCode::NOT_FOUND, "no such host");
        }
        if let Err(why) = fleet.send(udid, &uuid, &request_type, Bytes::from(raw.clone())) {
            return refused(StatusCode::CONFLICT, &why);
        }
    }
    Json(json!({ "command_uuid": uuid, "request_type": request_type, "platform": "darwin" }))
        .into_response()
}

async fn results(
    State(fleet): State<Arc<Fleet>>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let uuid = query.get("command_uuid").cloned().unwrap_or_default();
    let sent = lock(&fleet.commands).get(&uuid).cloned();
    match sent {
        None => refused(StatusCode::NOT_FOUND, "no such command"),
        Some(sent) => Json(json!({ "results": [{
            "host_uuid": sent.udid,
            "command_uuid": uuid,
            "status": sent.status,
            "request_type": sent.request_type,
            "hostname": sent.udid,
            "result": sent.result,
        }] }))
        .into_response(),
    }
}

async fn host(State(fleet): State<Arc<Fleet>>, Path(identifier): Path<String>) -> Response {
    let hosts = lock(&fleet.hosts);
    let found = hosts
        .iter()
        .find(|(udid, host)| **udid == identifier || host.serial == identifier);
    match found {
        None => refused(StatusCode::NOT_FOUND, "Host was not found in the datastore"),
        Some((udid, host)) => Json(json!({ "host": {
            "id": host.number,
            "uuid": udid,
            "hardware_serial": host.serial,
            "platform": host.platform,
        } }))
        .into_response(),
    }
}

async fn button(
    State(fleet): State<Arc<Fleet>>,
    Path((id, button)): Path<(u64, String)>,
) -> Response {
    let found = lock(&fleet.hosts)
        .iter()
        .find(|(_, host)| host.number == id)
        .map(|(udid, host)| (udid.clone(), host.platform));
    let Some((udid, platform)) = found else {
        return refused(StatusCode::NOT_FOUND, "Host was not found in the datastore");
    };
    let mac = platform == "darwin";
    let command = match (button.as_str(), mac) {
        ("lock", true) => json!({ "RequestType": "DeviceLock", "PIN": "482913" }),
        ("lock", false) => json!({
            "RequestType": "EnableLostMode",
            "Message": "Locked by the organization",
        }),
        ("unlock", false) => json!({ "RequestType": "DisableLostMode" }),
        ("wipe", true) => json!({
            "RequestType": "EraseDevice",
            "PIN": "482913",
            "ObliterationBehavior": "Default",
        }),
        ("wipe", false) => json!({ "RequestType": "EraseDevice" }),
        _ => return refused(StatusCode::NOT_FOUND, "no such route"),
    };
    if !fleet.options.idle_buttons {
        let number = fleet.number.fetch_add(1, Ordering::Relaxed);
        let command_id = format!("0F1EE700-0000-4000-8000-{number:012X}");
        let sent = commands::encode(&command_id, &command).and_then(|(request_type, raw)| {
            fleet.send(&udid, &command_id, &request_type, Bytes::from(raw))
        });
        if let Err(why) = sent {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, &why);
        }
    }
    Json(json!({ "device_status": "unlocked", "pending_action": button })).into_response()
}
