//! The HTTP API that consoles use: the shapes and status codes of `NanoMDM`.

use std::sync::{Arc, PoisonError};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use der::asn1::ObjectIdentifier;
use der::{Decode as _, DecodePem as _, Encode as _};
use plist::Value;
use serde::Deserialize;
use x509_cert::Certificate;

use super::core::Core;
use crate::protocol::apple::codec;
use crate::server::http;
use crate::server::message::text;
use crate::server::wire::{ApiAnswer, ApiStatus, PushCertificate, Version};

/// The API's only user.
pub(super) const USER: &str = "nanomdm";
/// Most enrollments addressed at once.
const MOST_IDS: usize = 1000;
/// `UID` of a certificate's subject (RFC 4519), which holds the push topic.
const UID: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1");

/// Routes of the API; without a key there are none.
pub(super) fn routes(core: &Arc<Core>) -> Router<Arc<Core>> {
    let version = get(|| async {
        Json(Version {
            version: format!("harness-reference/{}", env!("CARGO_PKG_VERSION")),
        })
    });
    let open = Router::new().route("/version", version);
    if core.api_key.is_none() {
        return open;
    }
    let guarded = Router::new()
        .route("/v1/enqueue/{ids}", put(enqueue).post(enqueue))
        .route("/v1/push/{ids}", get(push))
        .route(
            "/v1/pushcert",
            put(set_push_certificate).get(push_certificate),
        )
        .layer(from_fn_with_state(core.clone(), authorize));
    open.merge(guarded)
}

async fn authorize(State(core): State<Arc<Core>>, request: Request, next: Next) -> Response {
    if allowed(&core, request.headers()) {
        return next.run(request).await;
    }
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Basic realm=\"nanomdm\"")],
        "Unauthorized\n",
    )
        .into_response()
}

fn allowed(core: &Core, headers: &HeaderMap) -> bool {
    let Some(key) = &core.api_key else {
        return false;
    };
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| STANDARD.decode(value.trim()).ok());
    // Digests are compared, so that the time taken tells nothing about the key.
    let digest = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes);
    given.is_some_and(|given| {
        digest(&given).as_ref() == digest(format!("{USER}:{key}").as_bytes()).as_ref()
    })
}

#[derive(Deserialize)]
struct EnqueueQuery {
    nopush: Option<String>,
}

async fn enqueue(
    State(core): State<Arc<Core>>,
    Path(ids): Path<String>,
    Query(query): Query<EnqueueQuery>,
    request: Request,
) -> Response {
    let body = match http::body(request.into_body()).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let (uuid, request_type) = match command(&body) {
        Ok(command) => command,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    let no_push = query.nopush.is_some_and(|value| value != "0");
    let mut answer = ApiAnswer {
        no_push,
        command_uuid: uuid.clone(),
        request_type: request_type.clone(),
        ..ApiAnswer::default()
    };
    for id in addressed(&ids) {
        let mut status = ApiStatus::default();
        if let Err(why) = core.enqueue(id, &uuid, &request_type, body.clone()) {
            status.command_error = why;
        }
        answer.status.insert(id.to_owned(), status);
    }
    if !no_push {
        push_all(&core, &mut answer).await;
    }
    json(&answer)
}

async fn push(State(core): State<Arc<Core>>, Path(ids): Path<String>) -> Response {
    let mut answer = ApiAnswer::default();
    for id in addressed(&ids) {
        answer.status.insert(id.to_owned(), ApiStatus::default());
    }
    push_all(&core, &mut answer).await;
    json(&answer)
}

async fn push_all(core: &Core, answer: &mut ApiAnswer) {
    for (id, status) in &mut answer.status {
        match core.push(id).await {
            Ok(result) => status.push_result = result,
            Err(why) => status.push_error = why,
        }
    }
}

/// 200 when all went well, 207 when some, 500 when none.
fn json(answer: &ApiAnswer) -> Response {
    let bad = answer
        .status
        .values()
        .filter(|status| !status.push_error.is_empty() || !status.command_error.is_empty())
        .count();
    let status = match bad {
        0 => StatusCode::OK,
        bad if bad < answer.status.len() => StatusCode::MULTI_STATUS,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, Json(answer)).into_response()
}

fn addressed(ids: &str) -> impl Iterator<Item = &str> {
    ids.split(',').filter(|id| !id.is_empty()).take(MOST_IDS)
}

/// `CommandUUID` and `RequestType` of a command.
pub(super) fn command(body: &[u8]) -> Result<(String, String), String> {
    let message = codec::decode(body).map_err(|error| format!("the command: {error}"))?;
    let uuid = text(&message, "CommandUUID")
        .filter(|uuid| !uuid.is_empty() && uuid.len() <= 255)
        .ok_or("the command has no CommandUUID")?;
    let request_type = message
        .get("Command")
        .and_then(Value::as_dictionary)
        .and_then(|command| text(command, "RequestType"))
        .filter(|request_type| !request_type.is_empty())
        .ok_or("the command has no Command.RequestType")?;
    Ok((uuid.to_owned(), request_type.to_owned()))
}

async fn set_push_certificate(State(core): State<Arc<Core>>, body: Bytes) -> Response {
    let Some((topic, not_after)) = push_topic(&body) else {
        return (
            StatusCode::BAD_REQUEST,
            "a PEM certificate whose subject has a UID, and its key, are expected",
        )
            .into_response();
    };
    core.push_certificates
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(topic.clone(), not_after.clone());
    Json(PushCertificate { topic, not_after }).into_response()
}

#[derive(Deserialize)]
struct TopicQuery {
    topic: Option<String>,
}

async fn push_certificate(
    State(core): State<Arc<Core>>,
    Query(query): Query<TopicQuery>,
) -> Response {
    let topic = query.topic.unwrap_or_default();
    let found = core
        .push_certificates
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&topic)
        .cloned();
    match found {
        Some(not_after) => Json(PushCertificate { topic, not_after }).into_response(),
        None => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "no such push certificate",
        )
            .into_response(),
    }
}

/// The push topic of a certificate (DER): the `UID` of its subject.
pub(crate) fn push_topic_of(der: &[u8]) -> Option<String> {
    topic_of(&Certificate::from_der(der).ok()?)
}

fn topic_of(certificate: &Certificate) -> Option<String> {
    certificate
        .tbs_certificate()
        .subject()
        .iter_rdn()
        .flat_map(x509_cert::name::RelativeDistinguishedName::iter)
        .find(|attribute| attribute.oid == UID)
        .and_then(|attribute| String::from_utf8(attribute.value.value().to_vec()).ok())
}

fn push_topic(pem: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(pem).ok()?;
    let begin = text.find("-----BEGIN CERTIFICATE-----")?;
    let end = "-----END CERTIFICATE-----";
    let stop = begin + text[begin..].find(end)? + end.len();
    let certificate = Certificate::from_pem(&text[begin..stop]).ok()?;
    let tbs = certificate.tbs_certificate();
    let topic = topic_of(&certificate)?;
    // The certificate must also survive being written again, so that nothing unreadable is kept.
    certificate.to_der().ok()?;
    let seconds = i64::try_from(tbs.validity().not_after.to_unix_duration().as_secs()).ok()?;
    let not_after = jiff::Timestamp::from_second(seconds).ok()?;
    Some((topic, not_after.to_string()))
}
