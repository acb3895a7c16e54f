//! Where devices get their enrollment profile from the reference server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::enroll::{Secret, pkcs12};
use crate::protocol::apple::identity::{IdentityError, IdentityIssuer, KeyKind, open_signed};
use crate::protocol::apple::{codec, profile};
use crate::server::{ALL_RIGHTS, http};

/// Type of enrollment profiles.
const PROFILE_TYPE: &str = "application/x-apple-aspen-config";
/// Identities given out by PKCS#12; later ones repeat earlier ones, so that memory is bounded.
const IDENTITIES: u64 = 1_000_000;
/// Identities of profiles begin here, apart from those that adapters issue.
const FIRST_IDENTITY: u64 = 1 << 40;

/// How a profile gives the identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityBy {
    /// PKCS#12 inside the profile.
    Pkcs12,
    /// SCEP at `/scep`, with this challenge.
    Scep(Secret),
}

/// How the server enrolls devices by profile.
#[derive(Clone, Debug)]
pub struct EnrollmentOptions {
    /// Issues identities; its key must be at hand.
    pub issuer: Arc<IdentityIssuer>,
    /// How the profile gives the identity.
    pub identity: IdentityBy,
    /// Whether profiles are signed, by an identity of the issuer.
    pub signed: bool,
    /// The bearer token of account-driven enrollment; without it there is none.
    pub token: Option<Secret>,
    /// Push topic.
    pub topic: String,
    /// `AccessRights`.
    pub access_rights: u32,
}

impl EnrollmentOptions {
    /// Everything allowed, unsigned, without accounts.
    #[must_use]
    pub fn new(issuer: Arc<IdentityIssuer>, identity: IdentityBy) -> Self {
        Self {
            issuer,
            identity,
            signed: false,
            token: None,
            topic: "com.apple.mgmt.External.harness".to_owned(),
            access_rights: ALL_RIGHTS,
        }
    }
}

/// What the routes share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) options: EnrollmentOptions,
    /// `https://host:port`.
    pub(super) base: String,
    /// PEM of the CA behind the server's own certificate.
    pub(super) server_ca: Option<String>,
    /// Whether devices sign messages; not when their TLS certificate proves who they are.
    pub(super) sign_message: bool,
    pub(super) next: AtomicU64,
}

#[derive(Deserialize)]
struct Mode {
    mode: Option<String>,
}

/// Routes of enrollment.
pub(super) fn routes(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/enroll", get(download).post(automated))
        .route("/enroll/account", post(account))
        .route("/.well-known/com.apple.remotemanagement", get(well_known))
        .with_state(desk)
}

async fn download(State(desk): State<Arc<Desk>>, Query(query): Query<Mode>) -> Response {
    let user = (query.mode.as_deref() == Some("user")).then_some("ManagedAppleID");
    desk.answer(user.map(|key| json!({ key: "user@example.invalid" })))
}

async fn automated(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    match machine(request).await {
        Ok(()) => desk.answer(None),
        Err(refused) => refused,
    }
}

/// Checks signed `MachineInfo`. Who vouches for the device is not asked: only its maker could say.
async fn machine(request: Request) -> Result<(), Response> {
    let body = http::body(request.into_body()).await?;
    let info = open_signed(&body).map_err(|error| refuse(&error.to_string()))?;
    let info = codec::decode(&info.content).map_err(|error| refuse(&error.to_string()))?;
    if !info.contains_key("PRODUCT") {
        return Err(refuse("MachineInfo has no PRODUCT"));
    }
    Ok(())
}

fn refuse(why: &str) -> Response {
    (
        StatusCode::BAD_REQUEST,
        format!("no signed MachineInfo: {why}"),
    )
        .into_response()
}

async fn well_known(State(desk): State<Arc<Desk>>) -> Response {
    if desk.options.token.is_none() {
        let body = json!({ "code": "com.apple.well-known.failed" });
        return (StatusCode::FORBIDDEN, axum::Json(body)).into_response();
    }
    let server = |version: &str, mode: &str| json!({ "Version": version, "BaseURL": format!("{}/enroll/account?mode={mode}", desk.base) });
    let body = json!({ "Servers": [server("mdm-byod", "BYOD"), server("mdm-adde", "ADDE")] });
    axum::Json(body).into_response()
}

async fn account(
    State(desk): State<Arc<Desk>>,
    Query(query): Query<Mode>,
    request: Request,
) -> Response {
    let Some(mode) = query.mode.filter(|mode| mode == "BYOD" || mode == "ADDE") else {
        return (StatusCode::BAD_REQUEST, "the mode is BYOD or ADDE").into_response();
    };
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .map(Secret::new);
    if given.is_none() || given != desk.options.token {
        let challenge = format!(
            "Bearer method=\"apple-as-web\", url=\"{}/login\"",
            desk.base
        );
        let asked = [(header::WWW_AUTHENTICATE, challenge)];
        return (StatusCode::UNAUTHORIZED, asked).into_response();
    }
    match machine(request).await {
        Ok(()) => desk.answer(Some(
            json!({ "EnrollmentMode": mode, "AssignedManagedAppleID": "user@example.invalid" }),
        )),
        Err(refused) => refused,
    }
}

impl Desk {
    fn answer(&self, more: Option<Value>) -> Response {
        match self.profile(more) {
            Ok(bytes) => ([(header::CONTENT_TYPE, PROFILE_TYPE)], bytes).into_response(),
            Err(error) => {
                tracing::warn!(%error, "no enrollment profile can be made");
                (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
            }
        }
    }

    fn profile(&self, more: Option<Value>) -> Result<Vec<u8>, IdentityError> {
        const IDENTITY: &str = "5D0A4B1C-51AD-4F5E-9B1C-0B4F3C2E7A11";
        let options = &self.options;
        let mut payloads = vec![self.identity(IDENTITY)?];
        if let Some(pem) = &self.server_ca {
            payloads.push(json!({
                "PayloadType": "com.apple.security.root",
                "PayloadContent": { "$data": STANDARD.encode(pem) },
            }));
        }
        let mut mdm = json!({
            "PayloadType": "com.apple.mdm",
            "ServerURL": format!("{}/mdm", self.base),
            "CheckInURL": format!("{}/checkin", self.base),
            "Topic": options.topic,
            "AccessRights": options.access_rights,
            "IdentityCertificateUUID": IDENTITY,
            "SignMessage": self.sign_message,
            "CheckOutWhenRemoved": true,
            "ServerCapabilities": ["com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"],
        });
        if let (Some(Value::Object(more)), Some(mdm)) = (more, mdm.as_object_mut()) {
            mdm.extend(more);
        }
        payloads.push(mdm);
        let bytes = profile::build_xml("com.example.harness.enrollment", &payloads)
            .map_err(|error| IdentityError(error.to_string()))?;
        if options.signed {
            options.issuer.issue(FIRST_IDENTITY - 1)?.signed(&bytes)
        } else {
            Ok(bytes)
        }
    }

    fn identity(&self, uuid: &str) -> Result<Value, IdentityError> {
        Ok(match &self.options.identity {
            IdentityBy::Scep(challenge) => json!({
                "PayloadType": "com.apple.security.scep",
                "PayloadUUID": uuid,
                "PayloadContent": {
                    "URL": format!("{}/scep", self.base),
                    "Name": "harness",
                    "Subject": [[["O", "Verification harness"]], [["CN", "Virtual device"]]],
                    "Challenge": challenge.expose(),
                    "Keysize": 2048,
                    "Key Type": "RSA",
                    "Key Usage": 5,
                },
            }),
            IdentityBy::Pkcs12 => {
                let number = self.next.fetch_add(1, Ordering::Relaxed) % IDENTITIES;
                let identity = self
                    .options
                    .issuer
                    .issue_kind(FIRST_IDENTITY + number, KeyKind::P256)?;
                let word = uuid::Uuid::new_v4().simple().to_string();
                let key = identity.key().serialize_der();
                let container = pkcs12::write(&key, identity.certificate_der(), &word)
                    .map_err(|error| IdentityError(error.to_string()))?;
                json!({
                    "PayloadType": "com.apple.security.pkcs12",
                    "PayloadUUID": uuid,
                    "Password": word,
                    "PayloadContent": { "$data": STANDARD.encode(container) },
                })
            }
        })
    }
}
