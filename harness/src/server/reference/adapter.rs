//! The reference server as a server under test, embedded in the run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use scenarios::event::ServerOrigin;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::config::{IdentityProof, ReferenceConfig, TOKEN_CAPABILITY, UserAuthenticate};
use super::core::{Core, Declarations, Enrollment};
use super::push::Pusher;
use super::serve::router;
use crate::protocol::apple::identity::{IdentityIssuer, KeyKind};
use crate::push::PushHub;
use crate::server::ddm::DdmEngine;
use crate::server::{
    ALL_RIGHTS, CommandResult, DeclarationView, EnrollmentGrant, EnrollmentId, EnrollmentRequest,
    Invitation, ServerCapabilities, ServerError, ServerUnderTest, ServerView, Signing, StartError,
    Wake, command, http,
};
use crate::transport::{Carrier, duplex_listener};

/// The reference server in the same process. Dropping it stops it once no device holds a grant.
#[derive(Debug)]
pub struct ReferenceServer {
    core: Arc<Core>,
    engine: Arc<DdmEngine>,
    carrier: Carrier,
    host: String,
    issuer: Arc<IdentityIssuer>,
    keys: KeyKind,
    push: PushHub,
    topic: String,
    /// Synchronizations asked for so far, by enrollment, so that ids do not depend on the order of work.
    synchronizations: Mutex<HashMap<String, Arc<AtomicU64>>>,
    _stop: Option<DropGuard>,
}

impl ReferenceServer {
    /// Starts a server that devices reach through in-process pipes.
    pub fn embedded(config: ReferenceConfig) -> Result<Arc<Self>, StartError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let (dialer, listener) = duplex_listener();
        let host = "reference.invalid".to_owned();
        let server = Self::new(config, Carrier::Duplex(dialer), host, None);
        runtime.spawn(http::serve_duplex(listener, router(server.core.clone())));
        Ok(Arc::new(server))
    }

    /// Starts a server that devices reach through a socket.
    pub async fn embedded_on(
        config: ReferenceConfig,
        address: SocketAddr,
    ) -> Result<Arc<Self>, StartError> {
        let failed = |cause: std::io::Error| StartError::Listen {
            purpose: "devices",
            address,
            cause: cause.to_string(),
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let server = Self::new(
            config,
            Carrier::Socket(address),
            address.to_string(),
            Some(stop.clone().drop_guard()),
        );
        let router = router(server.core.clone());
        tokio::spawn(http::serve(listener, router, http::CONNECTIONS, stop));
        Ok(Arc::new(server))
    }

    fn new(
        config: ReferenceConfig,
        carrier: Carrier,
        host: String,
        stop: Option<DropGuard>,
    ) -> Self {
        let engine = Arc::new(DdmEngine::new(config.clock.clone()));
        let core = Arc::new(Core {
            proof: config.proof,
            anchor: config.issuer.trust_anchor(),
            clock: config.clock,
            user_authenticate: config.user_authenticate,
            get_token: config
                .server_capabilities
                .iter()
                .any(|word| word == TOKEN_CAPABILITY),
            return_to_service: config.return_to_service,
            quirks: config.quirks,
            declarations: Declarations::Engine(engine.clone()),
            pusher: Pusher::Hub(config.push.clone(), AtomicU64::new(1)),
            webhook: None,
            api_key: None,
            push_certificates: Mutex::default(),
            enrollments: RwLock::default(),
            bindings: Mutex::default(),
            events: AtomicU64::new(1),
        });
        Self {
            core,
            engine,
            carrier,
            host,
            issuer: config.issuer,
            keys: config.keys,
            push: config.push,
            topic: config.topic,
            synchronizations: Mutex::default(),
            _stop: stop,
        }
    }

    fn enrollment(&self, id: &EnrollmentId) -> Result<Arc<Enrollment>, ServerError> {
        self.core
            .get_or_insert(&id.0)
            .map_err(|refusal| ServerError::Status {
                what: format!("the enrollment {id}"),
                status: refusal.0.as_u16(),
                body: refusal.1,
            })
    }
}

#[async_trait]
impl ServerUnderTest for ReferenceServer {
    fn capabilities(&self) -> ServerCapabilities {
        ServerCapabilities {
            name: "reference",
            origin: ServerOrigin::Reference,
            build: Some(env!("CARGO_PKG_VERSION").to_owned()),
            push: true,
            declarations: true,
            user_channel: true,
            user_authenticate: self.core.user_authenticate != UserAuthenticate::Gone,
            bootstrap_token: true,
            get_token: self.core.get_token,
            return_to_service: self.core.return_to_service.is_some(),
        }
    }

    async fn check(&self) -> Result<(), ServerError> {
        Ok(())
    }

    async fn prepare_enrollment(
        &self,
        request: &EnrollmentRequest,
    ) -> Result<Invitation, ServerError> {
        let identity = self
            .issuer
            .issue_kind(request.identity, self.keys)
            .map_err(|error| ServerError::Garbage {
                what: "issuing a device identity".to_owned(),
                detail: error.0,
            })?;
        Ok(EnrollmentGrant {
            carrier: self.carrier.clone(),
            host: self.host.clone(),
            server_path: "/mdm".to_owned(),
            checkin_path: "/checkin".to_owned(),
            topic: self.topic.clone(),
            access_rights: ALL_RIGHTS,
            signing: match &self.core.proof {
                IdentityProof::MdmSignature => Signing::MdmSignature(identity),
                IdentityProof::CertificateHeader(header) => Signing::CertificateHeader {
                    header: header.clone(),
                    identity,
                },
                IdentityProof::None => Signing::None,
            },
            push: self.push.clone(),
            check_out_when_removed: None,
        }
        .into())
    }

    async fn enqueue(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        command: &Value,
    ) -> Result<(), ServerError> {
        let what = || format!("enqueue of a command for {id}");
        let (request_type, raw) =
            command::encode(uuid, command).map_err(|why| refused(what(), why))?;
        self.core
            .enqueue(&id.0, uuid, &request_type, Bytes::from(raw))
            .map_err(|why| refused(what(), why))
    }

    async fn wake(&self, id: &EnrollmentId) -> Result<Wake, ServerError> {
        Ok(match self.core.push(&id.0).await {
            Ok(_) => Wake::Pushed,
            Err(_) => Wake::Failed,
        })
    }

    async fn result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        deadline: Duration,
    ) -> Result<CommandResult, ServerError> {
        self.enrollment(id)?
            .ledger
            .wait_result(uuid, deadline)
            .await
            .ok_or_else(|| ServerError::Timeout {
                what: format!("the result of command {uuid} of {id}"),
                after: deadline,
            })
    }

    async fn set_declarations(
        &self,
        id: &EnrollmentId,
        declarations: &[Value],
    ) -> Result<(), ServerError> {
        self.engine
            .set(&id.0, declarations)
            .map_err(|why| refused(format!("the declarations of {id}"), why))?;
        let count = self
            .synchronizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(id.0.clone())
            .or_default()
            .clone();
        let (uuid, body) = command::synchronize(&id.0, &self.engine.tokens(&id.0), 0, &count);
        self.enqueue(id, &uuid, &body).await
    }

    async fn declarations(
        &self,
        id: &EnrollmentId,
        reports_before: u64,
        deadline: Duration,
    ) -> Result<DeclarationView, ServerError> {
        self.engine
            .view_after(&id.0, reports_before, deadline)
            .await
            .ok_or_else(|| ServerError::Timeout {
                what: format!("a status report of {id}"),
                after: deadline,
            })
    }

    async fn view(
        &self,
        id: &EnrollmentId,
        _checkins: usize,
        _deadline: Duration,
    ) -> Result<ServerView, ServerError> {
        Ok(self.enrollment(id)?.ledger.view())
    }

    async fn reset(&self, id: &EnrollmentId) -> Result<(), ServerError> {
        let enrollment = self.enrollment(id)?;
        enrollment.lock().queue.clear();
        enrollment.ledger.clear_results();
        Ok(())
    }
}

/// What the HTTP API would answer to a request that makes no sense.
fn refused(what: String, why: String) -> ServerError {
    ServerError::Status {
        what,
        status: 400,
        body: why,
    }
}
