//! The adapter itself.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Url;
use scenarios::event::ServerOrigin;
use serde_json::Value;

use super::api::{Api, base};
use super::declarations;
use super::options::NanoMdmOptions;
use super::webhook::{self, Ledgers};
use crate::apns::{Apns, Started};
use crate::enroll::ProfileInvitation;
use crate::protocol::apple::identity::{IdentityIssuer, KeyKind};
use crate::push::PushHub;
use crate::push_listener::PushListener;
use crate::server::ddm::DdmEngine;
use crate::server::http::{self, Listening};
use crate::server::ledger::Ledger;
use crate::server::{
    ALL_RIGHTS, CommandResult, DeclarationView, EnrollmentGrant, EnrollmentId, EnrollmentRequest,
    Invitation, ServerCapabilities, ServerError, ServerUnderTest, ServerView, Signing, StartError,
    Wake, command,
};
use crate::transport::Carrier;

/// A server that speaks `NanoMDM`'s API, with the harness listening for its events, its requests about declarations
/// and its notifications. Dropping it stops the listeners.
#[derive(Debug)]
pub struct NanoMdmServer {
    api: Api,
    device_url: Url,
    mdm_path: String,
    enroll_how: EnrollHow,
    keys: KeyKind,
    certificate_header: Option<String>,
    topic: String,
    origin: ServerOrigin,
    ledgers: Arc<Ledgers>,
    engine: Arc<DdmEngine>,
    hub: PushHub,
    build: Mutex<Option<String>>,
    outstanding: Mutex<HashMap<String, HashSet<String>>>,
    /// Synchronizations asked for so far, by enrollment, so that ids do not depend on the order of work.
    synchronizations: Mutex<HashMap<String, Arc<AtomicU64>>>,
    nonce: u64,
    webhook: Listening,
    dm: Option<Listening>,
    push: Option<PushListener>,
    apns: Option<Started>,
}

/// How devices come under management.
#[derive(Debug)]
enum EnrollHow {
    /// With an identity that the adapter issues.
    Grant(Box<IdentityIssuer>),
    /// By the server's own profile.
    Profile(Box<ProfileInvitation>),
}

impl NanoMdmServer {
    /// Starts the listeners; asks the server nothing yet.
    pub async fn start(options: NanoMdmOptions) -> Result<Arc<Self>, StartError> {
        let api = Api::new(
            &options.url,
            &options.api_key,
            &options.trusted,
            options.timeout,
        )?;
        let device_url = base(options.device_url.as_ref().unwrap_or(&options.url))?;
        if options.enroll.is_none() && device_url.scheme() != "http" {
            return Err(StartError::Url {
                url: device_url.to_string(),
                cause: "without an enrollment profile virtual devices speak plain HTTP; name the server's \
                        plain listener as the device URL, or enroll by profile"
                    .to_owned(),
            });
        }
        let enroll_how = match options.enroll {
            Some(invitation) => EnrollHow::Profile(Box::new(invitation)),
            None => EnrollHow::Grant(Box::new(IdentityIssuer::from_pem(
                &options.identity_ca,
                &options.identity_key,
            )?)),
        };
        let ledgers = Arc::new(Ledgers::default());
        let engine = Arc::new(DdmEngine::new(options.clock.clone()));
        let hub = PushHub::default();
        let clock = options.clock;
        let routes = webhook::routes(ledgers.clone(), options.webhook_hmac_key.as_deref());
        let webhook = http::listen("webhook events", options.webhook_listen, routes).await?;
        let dm = match options.dm_listen {
            None => None,
            Some(address) => {
                let routes = declarations::routes(engine.clone());
                Some(http::listen("declarative management", address, routes).await?)
            }
        };
        let push = match options.push_listen {
            None => None,
            Some(address) => Some(PushListener::start(address, hub.clone()).await?),
        };
        let apns = match options.apns {
            None => None,
            Some(apns) => Some(Apns::start(apns, hub.clone(), clock).await?),
        };
        Ok(Arc::new(Self {
            api,
            device_url,
            mdm_path: options.mdm_path,
            enroll_how,
            keys: options.keys,
            certificate_header: options.certificate_header,
            topic: options.topic,
            origin: options.origin,
            ledgers,
            engine,
            hub,
            build: Mutex::default(),
            outstanding: Mutex::default(),
            synchronizations: Mutex::default(),
            nonce: options.nonce,
            webhook,
            dm,
            push,
            apns,
        }))
    }

    /// What to tell the server as its webhook URL.
    #[must_use]
    pub fn webhook_url(&self) -> String {
        format!("http://{}/webhook", self.webhook.address)
    }

    /// What to tell the server as its URL for declarative management.
    #[must_use]
    pub fn dm_url(&self) -> Option<String> {
        let dm = self.dm.as_ref()?;
        Some(format!("http://{}/dm/", dm.address))
    }

    /// What to tell the server as its push service.
    #[must_use]
    pub fn push_url(&self) -> Option<String> {
        self.push.as_ref().map(PushListener::url)
    }

    /// The stand-in for Apple's push service, when there is one.
    #[must_use]
    pub fn apns(&self) -> Option<&Started> {
        self.apns.as_ref()
    }

    /// Whether the server was told of a push service that the harness sees.
    fn pushes(&self) -> bool {
        self.push.is_some() || self.apns.is_some()
    }

    fn ledger(&self, id: &EnrollmentId) -> Result<Arc<Ledger>, ServerError> {
        self.ledgers
            .of(&id.0)
            .ok_or_else(|| ServerError::Unsupported {
                what: "more enrollments than the harness keeps".to_owned(),
            })
    }

    async fn device_address(&self) -> Result<SocketAddr, ServerError> {
        let unreachable = |cause: String| ServerError::Unreachable {
            url: self.device_url.to_string(),
            cause,
        };
        let host = self
            .device_url
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']']);
        let port = self.device_url.port_or_known_default().unwrap_or(80);
        tokio::net::lookup_host((host, port))
            .await
            .map_err(|error| unreachable(error.to_string()))?
            .next()
            .ok_or_else(|| unreachable("the name has no address".to_owned()))
    }

    fn outstanding(&self) -> MutexGuard<'_, HashMap<String, HashSet<String>>> {
        self.outstanding
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ServerUnderTest for NanoMdmServer {
    fn capabilities(&self) -> ServerCapabilities {
        let build = self.build.lock().unwrap_or_else(PoisonError::into_inner);
        ServerCapabilities {
            name: "nanomdm",
            origin: self.origin,
            build: build.clone(),
            push: self.pushes(),
            declarations: self.dm.is_some(),
            user_channel: true,
            // The real one answers these with 410, 500 and 400.
            user_authenticate: false,
            bootstrap_token: true,
            get_token: false,
            return_to_service: false,
        }
    }

    async fn check(&self) -> Result<(), ServerError> {
        let version = self.api.version().await?;
        *self.build.lock().unwrap_or_else(PoisonError::into_inner) = Some(version);
        self.api.authorized(&self.topic).await
    }

    async fn prepare_enrollment(
        &self,
        request: &EnrollmentRequest,
    ) -> Result<Invitation, ServerError> {
        let issuer = match &self.enroll_how {
            EnrollHow::Grant(issuer) => issuer,
            EnrollHow::Profile(invitation) => {
                let mut invitation = invitation.clone();
                invitation.key = request.identity;
                invitation.push = self.hub.clone();
                return Ok(Invitation::Profile(invitation));
            }
        };
        let address = self.device_address().await?;
        let identity = issuer
            .issue_kind(request.identity, self.keys)
            .map_err(|error| ServerError::Garbage {
                what: "issuing a device identity".to_owned(),
                detail: error.0,
            })?;
        let host = self.device_url.host_str().unwrap_or_default();
        Ok(EnrollmentGrant {
            carrier: Carrier::Socket(address),
            host: match self.device_url.port() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            server_path: self.mdm_path.clone(),
            checkin_path: self.mdm_path.clone(),
            topic: self.topic.clone(),
            access_rights: ALL_RIGHTS,
            signing: match &self.certificate_header {
                None => Signing::MdmSignature(identity),
                Some(header) => Signing::CertificateHeader {
                    header: header.clone(),
                    identity,
                },
            },
            push: self.hub.clone(),
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
        let (_, raw) = command::encode(uuid, command).map_err(|why| ServerError::Status {
            what: format!("enqueue of a command for {id}"),
            status: 400,
            body: why,
        })?;
        self.api.enqueue(&id.0, raw).await?;
        self.outstanding()
            .entry(id.0.clone())
            .or_default()
            .insert(uuid.to_owned());
        Ok(())
    }

    async fn wake(&self, id: &EnrollmentId) -> Result<Wake, ServerError> {
        Ok(match (self.api.push(&id.0).await?, self.pushes()) {
            (Ok(()), _) => Wake::Pushed,
            // Nobody told the server of a push service that the harness sees: devices poll.
            (Err(_), false) => Wake::NotExercised,
            (Err(why), true) => {
                tracing::warn!(why, "the server could not push");
                Wake::Failed
            }
        })
    }

    async fn result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        deadline: Duration,
    ) -> Result<CommandResult, ServerError> {
        let result = self.ledger(id)?.wait_result(uuid, deadline).await;
        let result = result.ok_or_else(|| ServerError::Timeout {
            what: format!("the webhook event with the result of command {uuid} of {id}"),
            after: deadline,
        })?;
        if let Some(outstanding) = self.outstanding().get_mut(&id.0) {
            outstanding.remove(uuid);
        }
        Ok(result)
    }

    async fn set_declarations(
        &self,
        id: &EnrollmentId,
        declarations: &[Value],
    ) -> Result<(), ServerError> {
        if self.dm.is_none() {
            return Err(ServerError::Unsupported {
                what: "declarations (no --dm-listen)".to_owned(),
            });
        }
        self.engine
            .set(&id.0, declarations)
            .map_err(|why| ServerError::Status {
                what: format!("the declarations of {id}"),
                status: 400,
                body: why,
            })?;
        let count = self
            .synchronizations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(id.0.clone())
            .or_default()
            .clone();
        let tokens = self.engine.tokens(&id.0);
        let (uuid, body) = command::synchronize(&id.0, &tokens, self.nonce, &count);
        let (_, raw) = command::encode(&uuid, &body).map_err(|why| ServerError::Status {
            what: format!("the synchronization of {id}"),
            status: 400,
            body: why,
        })?;
        self.api.enqueue(&id.0, raw).await
    }

    async fn declarations(
        &self,
        id: &EnrollmentId,
        reports_before: u64,
        deadline: Duration,
    ) -> Result<DeclarationView, ServerError> {
        if self.dm.is_none() {
            return Err(ServerError::Unsupported {
                what: "declarations (no --dm-listen)".to_owned(),
            });
        }
        self.engine
            .view_after(&id.0, reports_before, deadline)
            .await
            .ok_or_else(|| ServerError::Timeout {
                what: format!("a status report of {id}"),
                after: deadline,
            })
    }

    /// Events arrive after the device has its answer, and late when the server is busy.
    async fn view(
        &self,
        id: &EnrollmentId,
        checkins: usize,
        deadline: Duration,
    ) -> Result<ServerView, ServerError> {
        let ledger = self.ledger(id)?;
        ledger.wait_checkins(checkins, deadline).await;
        Ok(ledger.view())
    }

    /// There is no call that empties a queue. What has been answered needs none; with commands still waiting the
    /// device must enroll again, which empties it.
    async fn reset(&self, id: &EnrollmentId) -> Result<(), ServerError> {
        self.ledger(id)?.clear_results();
        let waiting = self
            .outstanding()
            .remove(&id.0)
            .map_or(0, |uuids| uuids.len());
        if waiting == 0 {
            return Ok(());
        }
        Err(ServerError::Unsupported {
            what: format!(
                "emptying the queue of {id}, in which {waiting} commands may still wait; let the device \
                 enroll again"
            ),
        })
    }
}
