//! The authority's side: routes to mount in a server, and what it decides as settings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use x509_cert::Certificate;

use super::RsaKey;
use crate::protocol::apple::identity::{IdentityError, IdentityIssuer, is_rsa};
use crate::protocol::scep::message::{self, Incoming, MessageType, Outgoing, PkiStatus, Signer};
use crate::protocol::scep::request::{self, Parsed};
use crate::protocol::scep::{certificate, envelope, oids};
use crate::server::clock::Clock;
use crate::server::http;

/// Most requests that wait for approval.
const PENDING: usize = 10_000;
/// Seconds of a day.
const DAY: i64 = 24 * 3600;

/// What the authority announces with `GetCACaps`: everything that it can do.
pub const EVERY_CAPABILITY: [&str; 6] = [
    "POSTPKIOperation",
    "Renewal",
    "SHA-1",
    "SHA-256",
    "DES3",
    "AES",
];

/// A planted fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScepFault {
    /// Every request is refused with this `failInfo` (0 badAlg … 4 badCertId).
    Refuse(u8),
    /// The certificate is for another key.
    WrongKey,
    /// The certificate ended the day before.
    Expired,
    /// The certificate comes from a CA that `GetCACert` does not name.
    ForeignIssuer,
    /// Success without a certificate.
    NoCertificate,
    /// The answer to an earlier request: its nonce does not fit.
    Replay,
    /// A login page instead of SCEP.
    LoginPage,
    /// An HTTP error.
    HttpStatus(u16),
    /// An empty body.
    Nothing,
    /// The request is taken and never answered.
    Silence,
}

/// What the authority decides.
#[derive(Clone, Debug)]
pub struct ScepPolicy {
    /// The challenge password; without one every request is as good.
    pub challenge: Option<String>,
    /// How often a device is told "pending" before it gets its certificate.
    pub pending_polls: u32,
    /// The words of `GetCACaps`; none: the operation is answered with 404.
    pub capabilities: Vec<String>,
    /// How long certificates are valid, in days.
    pub valid_days: u32,
    /// A planted fault.
    pub fault: Option<ScepFault>,
}

impl Default for ScepPolicy {
    fn default() -> Self {
        Self {
            challenge: None,
            pending_polls: 0,
            capabilities: EVERY_CAPABILITY.map(str::to_owned).to_vec(),
            valid_days: 365,
            fault: None,
        }
    }
}

/// An authority that gives certificates from an issuer of device identities.
#[derive(Debug)]
pub struct ScepAuthority {
    issuer: Arc<IdentityIssuer>,
    issuer_certificate: Certificate,
    /// What requests are encrypted for and answers signed with: the CA itself, or a registration authority.
    key: Arc<RsaKey>,
    certificate: Vec<u8>,
    chain: Vec<Vec<u8>>,
    policy: ScepPolicy,
    clock: Clock,
    state: Mutex<Issued>,
    /// Issues from nowhere, for [`ScepFault::ForeignIssuer`].
    foreign: Option<IdentityIssuer>,
}

#[derive(Debug, Default)]
struct Issued {
    count: u64,
    pending: HashMap<String, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    request: Parsed,
    polls_left: u32,
}

impl ScepAuthority {
    /// An authority for an issuer. An issuer with an RSA key answers itself; with another key it makes a registration
    /// authority with `registration_key`, which then decrypts and signs (RFC 8894 §2.1.3).
    pub fn new(
        issuer: Arc<IdentityIssuer>,
        registration_key: Arc<RsaKey>,
        policy: ScepPolicy,
        clock: Clock,
    ) -> Result<Arc<Self>, IdentityError> {
        let ca = issuer.certificate_der()?;
        let issuer_certificate = certificate::read(&ca)?;
        let (key, own, chain) = if is_rsa(issuer.signing_key()) {
            let key = RsaKey::from_pkcs8_der(issuer.signing_key().serialized_der())?;
            (Arc::new(key), ca.clone(), vec![ca])
        } else {
            let own = registration_authority(&issuer, &issuer_certificate, &registration_key)?;
            (registration_key, own.clone(), vec![own, ca])
        };
        let foreign = match policy.fault {
            Some(ScepFault::ForeignIssuer) => Some(IdentityIssuer::generate()?),
            _ => None,
        };
        Ok(Arc::new(Self {
            issuer,
            issuer_certificate,
            key,
            certificate: own,
            chain,
            policy,
            clock,
            state: Mutex::default(),
            foreign,
        }))
    }

    /// DER of the certificates that `GetCACert` gives.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    fn certify(&self, request: &Parsed) -> Result<Vec<u8>, IdentityError> {
        let number = {
            let mut state = self.lock();
            state.count += 1;
            state.count
        };
        let now = self.clock.now().as_second();
        let (not_before, not_after) = match self.policy.fault {
            Some(ScepFault::Expired) => (now - 30 * DAY, now - DAY),
            _ => (now - DAY, now + i64::from(self.policy.valid_days) * DAY),
        };
        let other;
        let key = if self.policy.fault == Some(ScepFault::WrongKey) {
            other = certificate::public_key(self.key.pair());
            &other
        } else {
            &request.key
        };
        let foreign;
        let (issuer, issuer_certificate) = match &self.foreign {
            Some(issuer) => {
                foreign = certificate::read(&issuer.certificate_der()?)?;
                (issuer, &foreign)
            }
            None => (self.issuer.as_ref(), &self.issuer_certificate),
        };
        let mut extensions = request.extensions.clone();
        let basic = certificate::extension(oids::BASIC_CONSTRAINTS, true, &[0x30, 0x00]);
        extensions.extend([basic, certificate::client_authentication()]);
        // Different authorities in one process must not give the same number twice for one issuer.
        let mut serial = vec![0x40];
        serial.extend(envelope::random(8)?);
        serial.extend_from_slice(&number.to_be_bytes());
        certificate::issue(
            &certificate::Parts {
                serial: &serial,
                issuer: &certificate::der_of(issuer_certificate.tbs_certificate().subject())?,
                subject: &request.subject,
                key,
                not_before,
                not_after,
                extensions,
            },
            issuer.signing_key(),
        )
    }

    /// Answers a `PKIOperation`; `Err` is an HTTP answer, for messages that can not even be read.
    fn operate(&self, bytes: &[u8]) -> Result<Vec<u8>, (StatusCode, String)> {
        let bad = |error: IdentityError| (StatusCode::BAD_REQUEST, error.0);
        let internal = |error: IdentityError| (StatusCode::INTERNAL_SERVER_ERROR, error.0);
        let message =
            message::decode(bytes, std::slice::from_ref(&self.issuer_certificate)).map_err(bad)?;
        let (status, content) = self.decide(&message).map_err(internal)?;
        let mut recipient_nonce = message.sender_nonce.clone();
        if self.policy.fault == Some(ScepFault::Replay) {
            recipient_nonce.reverse();
            recipient_nonce.push(0);
        }
        let nonce = envelope::random(16).map_err(internal)?;
        message::encode(
            &Outgoing {
                kind: MessageType::CertRep,
                transaction: &message.transaction,
                sender_nonce: &nonce,
                recipient_nonce: Some(&recipient_nonce),
                status: Some(&status),
                content: content.as_deref(),
            },
            &Signer {
                key: &self.key,
                certificate: &self.certificate,
                sha256: message.sha256,
            },
        )
        .map_err(internal)
    }

    fn decide(&self, message: &Incoming) -> Result<(PkiStatus, Option<Vec<u8>>), IdentityError> {
        let refuse = |code: u8, text: &str| {
            Ok((
                PkiStatus::Failure(code.to_string(), Some(text.to_owned())),
                None,
            ))
        };
        if let Some(ScepFault::Refuse(code)) = self.policy.fault {
            return refuse(code, "refused by a planted fault");
        }
        let sealed = message.content.as_deref().unwrap_or_default();
        let (content, cipher) = match envelope::open(sealed, &self.key) {
            Ok(opened) => opened,
            Err(error) => return refuse(1, &error.0),
        };
        let parsed = match message.kind {
            MessageType::CertRep => return refuse(2, "a CertRep is no request"),
            MessageType::CertPoll => {
                let mut state = self.lock();
                let Some(waiting) = state.pending.get_mut(&message.transaction) else {
                    return refuse(4, "no request of this transaction waits");
                };
                waiting.polls_left = waiting.polls_left.saturating_sub(1);
                if waiting.polls_left > 0 {
                    return Ok((PkiStatus::Pending, None));
                }
                let request = waiting.request.clone();
                state.pending.remove(&message.transaction);
                request
            }
            MessageType::PkcsReq | MessageType::RenewalReq => {
                let parsed = match request::decode(&content) {
                    Ok(parsed) => parsed,
                    Err(error) => return refuse(2, &error.0),
                };
                let renews = message.kind == MessageType::RenewalReq
                    && certificate::issued_by(&message.signer, &self.issuer_certificate).is_ok();
                if self.policy.challenge.is_some()
                    && self.policy.challenge != parsed.challenge
                    && !renews
                {
                    return refuse(2, "the challenge password is wrong");
                }
                if self.policy.pending_polls > 0 {
                    let mut state = self.lock();
                    if state.pending.len() >= PENDING {
                        return refuse(2, "too many requests wait");
                    }
                    state.pending.insert(
                        message.transaction.clone(),
                        Waiting {
                            request: parsed,
                            polls_left: self.policy.pending_polls,
                        },
                    );
                    return Ok((PkiStatus::Pending, None));
                }
                parsed
            }
        };
        let certificates = match self.policy.fault {
            Some(ScepFault::NoCertificate) => Vec::new(),
            _ => vec![self.certify(&parsed)?],
        };
        let bundle = certificate::bundle(&certificates);
        let sealed = envelope::seal(&bundle, &message.signer, cipher)?;
        Ok((PkiStatus::Success, Some(sealed)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Issued> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn registration_authority(
    issuer: &IdentityIssuer,
    ca: &Certificate,
    key: &RsaKey,
) -> Result<Vec<u8>, IdentityError> {
    let subject = request::subject(&[vec![(
        "CN".to_owned(),
        "Verification harness registration authority".to_owned(),
    )]])?;
    let (not_before, not_after) = certificate::validity(ca);
    certificate::issue(
        &certificate::Parts {
            serial: &[0x30],
            issuer: &certificate::der_of(ca.tbs_certificate().subject())?,
            subject: &subject,
            key: &certificate::public_key(key.pair()),
            not_before,
            not_after,
            extensions: vec![certificate::key_usage(
                super::DIGITAL_SIGNATURE | super::KEY_ENCIPHERMENT,
            )],
        },
        issuer.signing_key(),
    )
}

/// Makes an issuer with an RSA key, as small authorities are, for peers that know no registration authority.
pub fn rsa_issuer(key: &RsaKey) -> Result<IdentityIssuer, IdentityError> {
    rcgen::KeyPair::try_from(key.pair().serialized_der())
        .map_err(|error| IdentityError(format!("the RSA key cannot be used: {error}")))
        .and_then(IdentityIssuer::generate_with)
}

#[derive(Deserialize)]
struct Asked {
    operation: Option<String>,
    message: Option<String>,
}

/// The routes, at `/`: mount them with `Router::nest("/scep", …)` or as they are.
pub fn router(authority: Arc<ScepAuthority>) -> Router {
    let answers = get(answer).post(answer);
    Router::new()
        .route("/", answers.clone())
        // The program that every example of the protocol names.
        .route("/pkiclient.exe", answers)
        .with_state(authority)
}

async fn answer(
    State(authority): State<Arc<ScepAuthority>>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let post = request.method() == Method::POST;
    let body = match http::body(request.into_body()).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let typed = |kind: &'static str, body: Vec<u8>| {
        (
            [(header::CONTENT_TYPE, HeaderValue::from_static(kind))],
            body,
        )
            .into_response()
    };
    match &authority.policy.fault {
        Some(ScepFault::LoginPage) => {
            return typed(
                "text/html",
                b"<!DOCTYPE html><title>Sign in</title><form></form>".to_vec(),
            );
        }
        Some(ScepFault::HttpStatus(status)) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return (status, "a planted fault").into_response();
        }
        Some(ScepFault::Nothing) => return StatusCode::OK.into_response(),
        Some(ScepFault::Silence) => std::future::pending::<()>().await,
        _ => {}
    }
    match asked.operation.as_deref() {
        Some("GetCACaps") if authority.policy.capabilities.is_empty() => {
            StatusCode::NOT_FOUND.into_response()
        }
        Some("GetCACaps") => typed(
            "text/plain",
            authority.policy.capabilities.join("\n").into_bytes(),
        ),
        Some("GetCACert") => match authority.chain.as_slice() {
            [only] => typed("application/x-x509-ca-cert", only.clone()),
            chain => typed("application/x-x509-ca-ra-cert", certificate::bundle(chain)),
        },
        Some("PKIOperation") => {
            let message = if post {
                Ok(body.to_vec())
            } else {
                // Some clients leave `+` as it is, which a query reads as a space.
                let text = asked.message.unwrap_or_default().replace(' ', "+");
                STANDARD.decode(text)
            };
            let Ok(message) = message else {
                return (StatusCode::BAD_REQUEST, "the message is not base64").into_response();
            };
            // Decryption and signature take a millisecond or two of one core.
            let work = tokio::task::spawn_blocking(move || authority.operate(&message));
            match work.await {
                Ok(Ok(answer)) => typed("application/x-pki-message", answer),
                Ok(Err(refusal)) => refusal.into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        _ => (
            StatusCode::BAD_REQUEST,
            "operation must be GetCACaps, GetCACert or PKIOperation",
        )
            .into_response(),
    }
}
