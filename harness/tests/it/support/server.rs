//! A server that keeps queues in memory, and can die or corrupt on order.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use harness::push::PushHub;
use harness::server::{
    CommandResult, DeclarationView, EnrollmentGrant, EnrollmentId, EnrollmentRequest, Invitation,
    ServerCapabilities, ServerError, ServerUnderTest, ServerView, Signing, Wake,
};
use harness::transport::{Carrier, duplex_listener};
use scenarios::event::ServerOrigin;
use serde_json::Value;

#[derive(Default)]
pub(crate) struct FakeServer {
    pub(crate) queues: Mutex<HashMap<EnrollmentId, Queue>>,
    /// Dies when this many commands were queued.
    pub(crate) dies_after: Option<u64>,
    /// Refuses this many times with HTTP 500 before it behaves.
    pub(crate) hiccups: AtomicU64,
    /// Changes the value of this key on its way to the device.
    pub(crate) corrupts: Option<&'static str>,
    pub(crate) no_declarations: bool,
    pub(crate) polls: bool,
    pub(crate) dead: AtomicBool,
    pub(crate) enqueued: AtomicU64,
    pub(crate) checks: AtomicU64,
    pub(crate) enrollments: AtomicU64,
}

#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) waiting: Vec<(String, Value)>,
    pub(crate) results: HashMap<String, Value>,
    pub(crate) declarations: Vec<Value>,
    pub(crate) changed: bool,
    pub(crate) view: DeclarationView,
    pub(crate) pushed: bool,
}

impl FakeServer {
    pub(crate) fn with<T>(&self, id: &EnrollmentId, f: impl FnOnce(&mut Queue) -> T) -> T {
        f(self
            .queues
            .lock()
            .expect("lock")
            .entry(id.clone())
            .or_default())
    }

    pub(crate) fn alive(&self) -> Result<(), ServerError> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(ServerError::Unreachable {
                url: "http://127.0.0.1:9".to_owned(),
                cause: "connection refused".to_owned(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl ServerUnderTest for FakeServer {
    fn capabilities(&self) -> ServerCapabilities {
        ServerCapabilities {
            name: "fake",
            origin: ServerOrigin::Reference,
            build: None,
            push: !self.polls,
            declarations: !self.no_declarations,
            user_channel: false,
            user_authenticate: false,
            bootstrap_token: true,
            get_token: false,
            return_to_service: false,
        }
    }

    async fn check(&self) -> Result<(), ServerError> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        self.alive()
    }

    async fn prepare_enrollment(
        &self,
        _request: &EnrollmentRequest,
    ) -> Result<Invitation, ServerError> {
        self.alive()?;
        self.enrollments.fetch_add(1, Ordering::SeqCst);
        let (dialer, _listener) = duplex_listener();
        Ok(EnrollmentGrant {
            carrier: Carrier::Duplex(dialer),
            host: "mdm.example".to_owned(),
            server_path: "/mdm".to_owned(),
            checkin_path: "/checkin".to_owned(),
            topic: "com.example".to_owned(),
            access_rights: 8191,
            signing: Signing::None,
            push: PushHub::default(),
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
        let count = self.enqueued.fetch_add(1, Ordering::SeqCst) + 1;
        if self.dies_after.is_some_and(|limit| count > limit) {
            self.dead.store(true, Ordering::SeqCst);
        }
        self.alive()?;
        let hiccup = self
            .hiccups
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if hiccup.is_ok() {
            return Err(ServerError::Status {
                what: "queuing a command".to_owned(),
                status: 500,
                body: "database is locked".to_owned(),
            });
        }
        let mut command = command.clone();
        if let Some(key) = self.corrupts
            && let Some(value) = command.get_mut(key)
        {
            *value = Value::String("corrupted".to_owned());
        }
        self.with(id, |queue| queue.waiting.push((uuid.to_owned(), command)));
        Ok(())
    }

    async fn wake(&self, id: &EnrollmentId) -> Result<Wake, ServerError> {
        self.alive()?;
        if self.polls {
            return Ok(Wake::NotExercised);
        }
        self.with(id, |queue| queue.pushed = true);
        Ok(Wake::Pushed)
    }

    async fn result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        deadline: Duration,
    ) -> Result<CommandResult, ServerError> {
        self.alive()?;
        let found = self.with(id, |queue| queue.results.get(uuid).cloned());
        found
            .map(|body| CommandResult { body })
            .ok_or(ServerError::Timeout {
                what: "the result of a command".to_owned(),
                after: deadline,
            })
    }

    async fn set_declarations(
        &self,
        id: &EnrollmentId,
        declarations: &[Value],
    ) -> Result<(), ServerError> {
        self.alive()?;
        self.with(id, |queue| {
            queue.declarations = declarations.to_vec();
            queue.changed = true;
        });
        Ok(())
    }

    async fn declarations(
        &self,
        id: &EnrollmentId,
        reports_before: u64,
        deadline: Duration,
    ) -> Result<DeclarationView, ServerError> {
        self.alive()?;
        let view = self.with(id, |queue| queue.view.clone());
        if view.reports <= reports_before {
            return Err(ServerError::Timeout {
                what: "a status report".to_owned(),
                after: deadline,
            });
        }
        Ok(view)
    }

    async fn view(
        &self,
        _id: &EnrollmentId,
        _checkins: usize,
        _deadline: Duration,
    ) -> Result<ServerView, ServerError> {
        self.alive()?;
        Ok(ServerView {
            checkins: vec!["Authenticate".to_owned(), "TokenUpdate".to_owned()],
            token_updates: 1,
            bootstrap_token: true,
        })
    }

    async fn reset(&self, id: &EnrollmentId) -> Result<(), ServerError> {
        self.with(id, |queue| *queue = Queue::default());
        Ok(())
    }
}
