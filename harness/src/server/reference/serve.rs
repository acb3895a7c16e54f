//! HTTP around the reference server: routes, and the process form.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::put;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::api;
use super::checkin::Answer;
use super::config::{IdentityProof, ServeOptions, TOKEN_CAPABILITY};
use super::core::{Core, Declarations, Refusal};
use super::enrollment::{self, Desk, IdentityBy};
use super::push::Pusher;
use super::webhook::WebhookSender;
use crate::protocol::apple::codec;
use crate::protocol::apple::identity::TrustAnchor;
use crate::scep::RsaKey;
use crate::scep::server::{ScepAuthority, ScepPolicy};
use crate::server::tls::TlsSettings;
use crate::server::{StartError, http};
use crate::{apns, scep};

/// Beginning of the content type of check-ins; everything else is a report.
const CHECKIN_TYPE: &str = "application/x-apple-aspen-mdm-checkin";
/// What property lists are answered as.
const PLIST_TYPE: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");
const JSON_TYPE: HeaderValue = HeaderValue::from_static("application/json");
/// How long calls to other services may take.
const CALL_WITHIN: Duration = Duration::from_secs(5);

/// Every route of the server.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/mdm", put(mdm).post(mdm))
        .route("/checkin", put(checkin).post(checkin))
        .merge(api::routes(&core))
        .layer(DefaultBodyLimit::max(http::LONGEST_BODY))
        .with_state(core)
}

async fn mdm(State(core): State<Arc<Core>>, request: Request) -> Response {
    let is_checkin = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(CHECKIN_TYPE.as_bytes()));
    device(&core, request, is_checkin).await
}

async fn checkin(State(core): State<Arc<Core>>, request: Request) -> Response {
    device(&core, request, true).await
}

async fn device(core: &Core, request: Request, is_checkin: bool) -> Response {
    let (head, body) = request.into_parts();
    let body = match http::body(body).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let answer = async {
        let fingerprint = core.prove(&head.headers, &body)?;
        let message = codec::decode(&body)
            .map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.to_string()))?;
        if is_checkin {
            core.checkin(fingerprint, &message, &body)
                .await
                .and_then(checkin_response)
        } else {
            core.report(fingerprint, message, &body)
                .await
                .map(|next| match next {
                    None => StatusCode::OK.into_response(),
                    Some(raw) => ([(header::CONTENT_TYPE, PLIST_TYPE)], raw).into_response(),
                })
        }
    };
    answer.await.unwrap_or_else(|Refusal(status, why)| {
        tracing::debug!(status = status.as_u16(), why, "a device is refused");
        (status, why).into_response()
    })
}

fn checkin_response(answer: Answer) -> Result<Response, Refusal> {
    Ok(match answer {
        Answer::Empty => StatusCode::OK.into_response(),
        Answer::Status(status, why) => (status, why).into_response(),
        Answer::Json(json) => ([(header::CONTENT_TYPE, JSON_TYPE)], json).into_response(),
        Answer::Plist(answer) => {
            let body = codec::encode_xml(&answer)
                .map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
            ([(header::CONTENT_TYPE, PLIST_TYPE)], body).into_response()
        }
    })
}

/// Serves as a process until `shutdown` resolves; then finishes what is open and posts the remaining events.
pub async fn serve(
    listener: TcpListener,
    mut options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), StartError> {
    let connections = options.connections;
    let tls = options.tls.take();
    let desk = options.enrollment.take().map(|enrollment| {
        let address = listener
            .local_addr()
            .map_or_else(|_| "localhost".to_owned(), |address| address.to_string());
        let scheme = if tls.is_some() { "https" } else { "http" };
        Arc::new(Desk {
            options: enrollment,
            base: format!("{scheme}://{}", options.host.take().unwrap_or(address)),
            server_ca: tls.as_ref().and_then(|tls| tls.ca.clone()),
            sign_message: options.proof == IdentityProof::MdmSignature,
            next: AtomicU64::new(0),
        })
    });
    let acceptor = tls.as_ref().map(TlsSettings::acceptor).transpose()?;
    let scep = authority(&options, desk.as_deref())?;
    let core = Arc::new(core(options)?);
    let mut routes = router(core.clone());
    if let Some(authority) = scep {
        routes = routes.nest("/scep", scep::server::router(authority));
    }
    if let Some(desk) = desk {
        routes = routes.merge(enrollment::routes(desk));
    }
    let stop = CancellationToken::new();
    let served = http::serve_with(listener, acceptor, routes, connections, stop.clone());
    let shutdown = async {
        shutdown.await;
        stop.cancel();
    };
    tokio::join!(served, shutdown);
    if let Some(webhook) = &core.webhook {
        webhook.flush().await;
    }
    Ok(())
}

/// Who gives certificates under `/scep`: the authority that is asked for, else one for the profiles that need it.
fn authority(
    options: &ServeOptions,
    desk: Option<&Desk>,
) -> Result<Option<Arc<ScepAuthority>>, StartError> {
    if let Some(authority) = &options.scep {
        return Ok(Some(Arc::clone(authority)));
    }
    let Some(desk) = desk else { return Ok(None) };
    let IdentityBy::Scep(challenge) = &desk.options.identity else {
        return Ok(None);
    };
    let policy = ScepPolicy {
        challenge: Some(challenge.expose().to_owned()),
        ..ScepPolicy::default()
    };
    let key = Arc::new(RsaKey::generate(None)?);
    let issuer = Arc::clone(&desk.options.issuer);
    let authority = ScepAuthority::new(issuer, key, policy, options.clock.clone())?;
    Ok(Some(authority))
}

/// What the process form shares.
pub(super) fn core(options: ServeOptions) -> Result<Core, StartError> {
    let client = http::client(CALL_WITHIN, &[])?;
    let anchor = TrustAnchor::from_pem(&options.ca_pem)?;
    Ok(Core {
        proof: options.proof,
        anchor,
        clock: options.clock,
        user_authenticate: options.user_authenticate,
        get_token: options
            .server_capabilities
            .iter()
            .any(|word| word == TOKEN_CAPABILITY),
        return_to_service: options.return_to_service,
        quirks: options.quirks,
        declarations: match options.dm_url {
            Some(url) => Declarations::Remote {
                client: client.clone(),
                url,
            },
            None => Declarations::Off,
        },
        pusher: match (options.apns, options.push_url) {
            (Some(apns), _) => Pusher::Url(apns::client(&apns, CALL_WITHIN)?, apns.base()),
            (None, Some(url)) => Pusher::Url(client.clone(), url),
            (None, None) => Pusher::Off,
        },
        webhook: options
            .webhook_url
            .map(|url| WebhookSender::start(client, url, options.webhook_hmac_key)),
        api_key: Some(options.api_key).filter(|key| !key.is_empty()),
        push_certificates: std::sync::Mutex::default(),
        enrollments: std::sync::RwLock::default(),
        bindings: std::sync::Mutex::default(),
        events: std::sync::atomic::AtomicU64::new(1),
    })
}
