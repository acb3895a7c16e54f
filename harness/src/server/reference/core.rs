//! What the reference server knows: enrollments, their queues, and who may speak for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use scenarios::fault::About;

use super::config::{IdentityProof, ReturnToServiceAnswer, UserAuthenticate};
use super::push::{PushInfo, Pusher};
use super::queue::{Queue, Queued};
use super::quirks::{Held, ServerQuirks};
use super::webhook::WebhookSender;
use crate::protocol::apple::identity::{
    TrustAnchor, certificate_from_header, verify_certificate, verify_mdm_signature,
};
use crate::server::clock::Clock;
use crate::server::ddm::DdmEngine;
use crate::server::ledger::Ledger;
use crate::server::message::Sender;

/// Most enrollments kept, channels of users included.
const ENROLLMENTS: usize = 400_000;

/// Most users of one device; Shared iPads keep far fewer.
const USERS: usize = 256;

/// Fingerprint of a certificate.
pub(super) type Fingerprint = [u8; 32];

/// A refusal: HTTP status and a line for the person who reads logs.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

/// Who answers declarative management.
#[derive(Debug)]
pub(super) enum Declarations {
    /// The server itself.
    Engine(Arc<DdmEngine>),
    /// Another server; requests are passed on.
    Remote {
        client: reqwest::Client,
        url: String,
    },
    /// Nobody.
    Off,
}

/// Everything that requests share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) proof: IdentityProof,
    pub(super) anchor: TrustAnchor,
    pub(super) clock: Clock,
    pub(super) user_authenticate: UserAuthenticate,
    pub(super) get_token: bool,
    pub(super) return_to_service: Option<ReturnToServiceAnswer>,
    pub(super) quirks: ServerQuirks,
    pub(super) declarations: Declarations,
    pub(super) pusher: Pusher,
    pub(super) webhook: Option<WebhookSender>,
    pub(super) api_key: Option<String>,
    pub(super) push_certificates: Mutex<HashMap<String, String>>,
    pub(super) enrollments: RwLock<HashMap<String, Arc<Enrollment>>>,
    /// Which enrollment a certificate belongs to.
    pub(super) bindings: Mutex<HashMap<Fingerprint, String>>,
    pub(super) events: AtomicU64,
}

/// One channel of one device.
#[derive(Debug, Default)]
pub(super) struct Enrollment {
    pub(super) ledger: Ledger,
    state: Mutex<EnrollmentState>,
}

/// What changes with every request.
#[derive(Debug, Default)]
pub(super) struct EnrollmentState {
    pub(super) queue: Queue,
    pub(super) fingerprint: Option<Fingerprint>,
    pub(super) push: Option<PushInfo>,
    pub(super) token_updates: u32,
    pub(super) bootstrap_token: Option<Vec<u8>>,
    pub(super) users: Vec<String>,
}

impl Enrollment {
    pub(super) fn lock(&self) -> MutexGuard<'_, EnrollmentState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// The enrollment with this id, when there is one.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Enrollment>> {
        self.enrollments
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// The enrollment with this id, made when there is none.
    pub(super) fn get_or_insert(&self, id: &str) -> Result<Arc<Enrollment>, Refusal> {
        if let Some(enrollment) = self.get(id) {
            return Ok(enrollment);
        }
        let mut all = self
            .enrollments
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ENROLLMENTS && !all.contains_key(id) {
            return Err(Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "too many enrollments".to_owned(),
            ));
        }
        Ok(all.entry(id.to_owned()).or_default().clone())
    }

    /// Who made a request, by signature or certificate header.
    pub(super) fn prove(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Option<Fingerprint>, Refusal> {
        let header = |name: &str| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .ok_or_else(|| {
                    Refusal(
                        StatusCode::BAD_REQUEST,
                        format!("the header {name} is missing"),
                    )
                })
        };
        let signer = match &self.proof {
            IdentityProof::None => return Ok(None),
            IdentityProof::MdmSignature => {
                verify_mdm_signature(header("Mdm-Signature")?, body, &self.anchor)
            }
            IdentityProof::CertificateHeader(name) => certificate_from_header(header(name)?)
                .and_then(|der| verify_certificate(&der, &self.anchor)),
        };
        signer
            .map(|signer| Some(signer.fingerprint))
            .map_err(|error| Refusal(StatusCode::BAD_REQUEST, error.0))
    }

    /// Binds a certificate to the device that authenticates with it. A certificate belongs to one device only.
    pub(super) fn bind(
        &self,
        sender: &Sender,
        fingerprint: Option<Fingerprint>,
    ) -> Result<(), Refusal> {
        let enrollment = self.get_or_insert(sender.device())?;
        let Some(fingerprint) = fingerprint else {
            return Ok(());
        };
        let mut bindings = self.bindings.lock().unwrap_or_else(PoisonError::into_inner);
        match bindings.get(&fingerprint) {
            Some(device) if device != sender.device() => Err(Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the certificate belongs to another enrollment".to_owned(),
            )),
            _ => {
                let before = enrollment.lock().fingerprint.replace(fingerprint);
                if let Some(before) = before {
                    bindings.remove(&before);
                }
                bindings.insert(fingerprint, sender.device().to_owned());
                Ok(())
            }
        }
    }

    /// The enrollment that sent a message, when its certificate is the one it enrolled with.
    pub(super) fn enrolled(
        &self,
        sender: &Sender,
        fingerprint: Option<Fingerprint>,
    ) -> Result<Arc<Enrollment>, Refusal> {
        let device = self.get(sender.device()).ok_or_else(|| {
            Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the device is not enrolled".to_owned(),
            )
        })?;
        if self.proof != IdentityProof::None && device.lock().fingerprint != fingerprint {
            return Err(Refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the certificate is not the one the device enrolled with".to_owned(),
            ));
        }
        if sender.parent.is_none() {
            return Ok(device);
        }
        let mut state = device.lock();
        if !state.users.contains(&sender.id) {
            if state.users.len() >= USERS {
                return Err(Refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "too many users on one device".to_owned(),
                ));
            }
            state.users.push(sender.id.clone());
        }
        drop(state);
        self.get_or_insert(&sender.id)
    }

    /// Puts a command into a queue. `raw` is the whole property list.
    pub(super) fn enqueue(
        &self,
        id: &str,
        uuid: &str,
        request_type: &str,
        raw: Bytes,
    ) -> Result<(), String> {
        let enrollment = self.get_or_insert(id).map_err(|refusal| refusal.1)?;
        if self.quirks.swallows(request_type) {
            return Ok(());
        }
        enrollment.lock().queue.push(Queued {
            uuid: uuid.to_owned(),
            request_type: request_type.to_owned(),
            raw,
            repeats: self.quirks.repeats(request_type),
        })
    }

    /// Sends a notification; `Ok` holds the push service's id.
    pub(super) async fn push(&self, id: &str) -> Result<String, String> {
        let info = self
            .get(id)
            .and_then(|enrollment| enrollment.lock().push.clone())
            .ok_or_else(|| "no push info for enrollment".to_owned())?;
        if self.quirks.never_pushes() {
            return Err("the server does not ask for it".to_owned());
        }
        if self.quirks.loses_pushes() {
            return Ok("lost".to_owned());
        }
        self.hold(|about| *about == About::Push).await;
        self.pusher.push(&info).await
    }

    /// Waits as long as the network holds something back.
    pub(super) async fn hold(&self, about: impl Fn(&About) -> bool) {
        match self.quirks.held(about) {
            None => {}
            Some(Held::For(late)) => tokio::time::sleep(late).await,
            Some(Held::ForEver) => std::future::pending().await,
        }
    }

    /// A number for the next event.
    pub(super) fn next_event(&self) -> String {
        format!("{:016x}", self.events.fetch_add(1, Ordering::Relaxed))
    }
}
