//! Servers under test: what the harness asks of a server, whatever product it is.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use device_matrix::enrollment::EnrollmentType;
use device_matrix::platform::Platform;
use scenarios::event::ServerOrigin;
use serde_json::Value;

pub mod clock;
mod command;
pub mod console;
mod ddm;
pub(crate) mod http;
pub mod lacks;
mod ledger;
pub(crate) use ledger::COUNTED;
mod message;
pub mod nanomdm;
pub mod reference;
pub mod tls;
mod wire;

use crate::protocol::apple::identity::IdentityError;
use crate::push::PushHub;
use crate::transport::Carrier;

/// Every right of an MDM enrollment (the sum of all bits of `AccessRights`).
pub const ALL_RIGHTS: u32 = 8191;

/// Why a listener or client of the harness could not be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// An address can not be listened on.
    #[error(
        "cannot listen on {address} for {purpose}: {cause}. Choose another address or stop what uses it"
    )]
    Listen {
        /// Who would have connected.
        purpose: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: String,
    },
    /// A URL can not be used.
    #[error(
        "the URL `{url}` cannot be used: {cause}. Give it as http://host:port or https://host:port"
    )]
    Url {
        /// The URL.
        url: String,
        /// Why not.
        cause: String,
    },
    /// A certificate or key can not be used.
    #[error("{0}. Give a CA certificate and its key as PEM")]
    Identity(#[from] IdentityError),
    /// The HTTP client can not be made.
    #[error("the HTTP client cannot be made: {cause}. Check the trusted certificates")]
    Client {
        /// Why not.
        cause: String,
    },
    /// Something that a description names can not be had.
    #[error("{cause}")]
    Described {
        /// What, and what to do.
        cause: String,
    },
    /// There is no asynchronous runtime around the call.
    #[error("the server must be started inside a tokio runtime")]
    NoRuntime,
}

/// An error with its causes, which HTTP clients leave out of their messages.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The id by which a server knows an enrollment: the UDID or `EnrollmentID`, with `:UserID` for a user channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnrollmentId(pub String);

impl fmt::Display for EnrollmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an adapter can do; the runner asks for nothing else, and the report says what was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one declaration per ability")]
pub struct ServerCapabilities {
    /// Name of the adapter, such as `reference` or `nanomdm`.
    pub name: &'static str,
    /// Origin of the server's answers.
    pub origin: ServerOrigin,
    /// What the server calls itself, when it says so.
    pub build: Option<String>,
    /// Pushes wake devices; without it devices poll.
    pub push: bool,
    /// Declarations can be assigned and status reports read.
    pub declarations: bool,
    /// User channels are accepted.
    pub user_channel: bool,
    /// `UserAuthenticate` is answered with a challenge.
    pub user_authenticate: bool,
    /// Bootstrap tokens are kept and given back.
    pub bootstrap_token: bool,
    /// `GetToken` is answered.
    pub get_token: bool,
    /// `ReturnToService` check-ins are answered.
    pub return_to_service: bool,
}

impl ServerCapabilities {
    /// The words of what is declared, as the record keeps them.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        [
            ("push", self.push),
            ("declarations", self.declarations),
            ("user_channel", self.user_channel),
            ("user_authenticate", self.user_authenticate),
            ("bootstrap_token", self.bootstrap_token),
            ("get_token", self.get_token),
            ("return_to_service", self.return_to_service),
        ]
        .into_iter()
        .filter_map(|(word, declared)| declared.then_some(word))
        .collect()
    }
}

/// A device that wants to enroll.
#[derive(Clone, Debug)]
pub struct EnrollmentRequest {
    /// UDID or `EnrollmentID`.
    pub id: EnrollmentId,
    /// How it enrolls.
    pub kind: EnrollmentType,
    /// Number of the identity in the pool, so that two devices never share one.
    pub identity: u64,
}

/// How a device proves who it is.
#[derive(Clone, Debug)]
pub enum Signing {
    /// `Mdm-Signature`: detached CMS over the body.
    MdmSignature(Arc<crate::protocol::apple::identity::ClientIdentity>),
    /// The certificate in a header, as a TLS proxy would pass it on (RFC 9440).
    CertificateHeader {
        /// Header name.
        header: String,
        /// The identity whose certificate is sent.
        identity: Arc<crate::protocol::apple::identity::ClientIdentity>,
    },
    /// Nothing.
    None,
}

/// What the enrollment profile would tell the device.
#[derive(Clone, Debug)]
pub struct EnrollmentGrant {
    /// How to reach the server.
    pub carrier: Carrier,
    /// `Host` header.
    pub host: String,
    /// Path of the command endpoint.
    pub server_path: String,
    /// Path of the check-in endpoint.
    pub checkin_path: String,
    /// Push topic.
    pub topic: String,
    /// `AccessRights` bits.
    pub access_rights: u32,
    /// Proof of identity.
    pub signing: Signing,
    /// Where the device waits for pushes.
    pub push: PushHub,
    /// `CheckOutWhenRemoved`; `None` leaves it to the device's settings.
    pub check_out_when_removed: Option<bool>,
}

/// How a device comes under management.
#[derive(Clone, Debug)]
pub enum Invitation {
    /// Everything the device needs, as if it had read the enrollment profile already.
    Grant(Box<EnrollmentGrant>),
    /// The device gets an enrollment profile and reads it as a real one does.
    Profile(Box<crate::enroll::ProfileInvitation>),
}

impl Invitation {
    /// The grant, when the server gave one.
    #[must_use]
    pub fn into_grant(self) -> Option<EnrollmentGrant> {
        match self {
            Self::Grant(grant) => Some(*grant),
            Self::Profile(_) => None,
        }
    }
}

impl From<EnrollmentGrant> for Invitation {
    fn from(grant: EnrollmentGrant) -> Self {
        Self::Grant(Box::new(grant))
    }
}

/// The outcome of asking for a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A push was sent; the device should come.
    Pushed,
    /// This server can not push here; the device polls.
    NotExercised,
    /// The server tried and failed.
    Failed,
}

/// A device's answer to a command as the server saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandResult {
    /// The answer as JSON (`Status`, `ErrorChain`, response keys).
    pub body: Value,
}

/// What the server saw of an enrollment's check-ins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerView {
    /// Message types in the order of arrival.
    pub checkins: Vec<String>,
    /// Number of `TokenUpdate`s since the last `Authenticate`.
    pub token_updates: u32,
    /// Whether a bootstrap token is escrowed.
    pub bootstrap_token: bool,
}

/// The latest state reported by declarative management.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeclarationView {
    /// Rows of `management.declarations` by identifier.
    pub declarations: BTreeMap<String, Value>,
    /// Status items, nested as reported.
    pub status: Value,
    /// Number of status reports received so far.
    pub reports: u64,
}

/// Why a server did not play its part. Each ends a case as `blocked`, never as a pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// No connection.
    #[error(
        "no connection to {url}: {cause}. Check that the server is running and that the URL and port are right"
    )]
    Unreachable {
        /// URL or address tried.
        url: String,
        /// What the system said.
        cause: String,
    },
    /// No answer in time.
    #[error("{what} got no answer from the server within {} s. Check the server's load and its log", after.as_secs())]
    Timeout {
        /// What was asked.
        what: String,
        /// How long the harness waited.
        after: Duration,
    },
    /// 401 or 403.
    #[error("{what} was refused with HTTP {status}. Check the API key or account, and its rights")]
    Unauthorized {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
    },
    /// Another HTTP error.
    #[error(
        "{what} was answered with HTTP {status}: {body}. Look into the server's log at this time"
    )]
    Status {
        /// What was asked.
        what: String,
        /// HTTP status.
        status: u16,
        /// Beginning of the body.
        body: String,
    },
    /// An answer that does not fit the protocol.
    #[error(
        "{what} was answered with something else than expected: {detail}. Check that the URL is the server's API"
    )]
    Garbage {
        /// What was asked.
        what: String,
        /// What did not fit, and where.
        detail: String,
    },
    /// The adapter does not declare the capability.
    #[error("this server is not asked for {what}: its adapter does not declare it")]
    Unsupported {
        /// What was wanted.
        what: String,
    },
}

impl ServerError {
    /// The stable word of [`scenarios::event::Ended::Blocked`].
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "server_unreachable",
            Self::Timeout { .. } => "server_timeout",
            Self::Unauthorized { .. } => "server_unauthorized",
            Self::Status { .. } => "server_error",
            Self::Garbage { .. } => "server_garbage",
            Self::Unsupported { .. } => "unsupported_by_server",
        }
    }
}

/// How a server does what a scenario asks for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// As the raw command of the protocol.
    Raw,
    /// By a button of its own.
    Button,
    /// Not at all, as far as anybody has described.
    No,
}

/// What a device says of itself when it enrolls; consoles find it by this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// Serial number; user enrollments have none.
    pub serial: Option<String>,
    /// UDID; user enrollments have none.
    pub udid: Option<String>,
}

/// An action that a server is asked for by name.
#[derive(Clone, Copy, Debug)]
pub struct ActionCall<'a> {
    /// Id in the action table, such as `remote-lock`.
    pub action: &'a str,
    /// Arguments by name: an object.
    pub args: &'a Value,
    /// The raw command that the action comes to, with its `RequestType`.
    pub command: &'a Value,
}

/// What a server answered to an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// `RequestType`s of which one must now reach the device.
    pub sends: Vec<String>,
    /// `CommandUUID` of the command that will reach the device, when the server says so.
    pub uuid: Option<String>,
    /// How long the server may take until the command waits for the device.
    pub within: Duration,
    /// How often the device comes to look meanwhile.
    pub every: Duration,
}

/// A server under test. Methods are called for many enrollments at the same time.
#[async_trait]
pub trait ServerUnderTest: Send + Sync {
    /// What the adapter can do.
    fn capabilities(&self) -> ServerCapabilities;

    /// Asks whether the server is there and may be used, before anything runs.
    async fn check(&self) -> Result<(), ServerError>;

    /// Prepares the server for a device and says how the device reaches it.
    async fn prepare_enrollment(
        &self,
        request: &EnrollmentRequest,
    ) -> Result<Invitation, ServerError>;

    /// Queues a command. `uuid` is the `CommandUUID`, `command` its keys as JSON, `RequestType` included.
    async fn enqueue(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        command: &Value,
    ) -> Result<(), ServerError>;

    /// Wakes the device.
    async fn wake(&self, id: &EnrollmentId) -> Result<Wake, ServerError>;

    /// The final result of a command; waits until `deadline` from now. `NotNow` is not final.
    async fn result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        deadline: Duration,
    ) -> Result<CommandResult, ServerError>;

    /// Replaces the declarations of an enrollment and asks the device to synchronize.
    async fn set_declarations(
        &self,
        id: &EnrollmentId,
        declarations: &[Value],
    ) -> Result<(), ServerError>;

    /// The latest declarative state, once more than `reports_before` reports have arrived.
    async fn declarations(
        &self,
        id: &EnrollmentId,
        reports_before: u64,
        deadline: Duration,
    ) -> Result<DeclarationView, ServerError>;

    /// What the server saw of check-ins, once it has seen `checkins` of the messages `Authenticate`, `TokenUpdate` and
    /// `CheckOut`; after `deadline` what it has seen so far.
    async fn view(
        &self,
        id: &EnrollmentId,
        checkins: usize,
        deadline: Duration,
    ) -> Result<ServerView, ServerError>;

    /// How the server does an action on devices of a platform. Servers without buttons carry the raw command.
    fn carries(&self, _action: &str, _platform: Platform) -> Carried {
        Carried::Raw
    }

    /// Whether raw commands can be queued at all.
    fn raw_commands(&self) -> bool {
        true
    }

    /// Whether the server shows what devices answered. Without it the device's own side of the exchange is looked at.
    fn shows_results(&self) -> bool {
        true
    }

    /// Whether the server shows which check-ins it saw.
    fn shows_check_ins(&self) -> bool {
        true
    }

    /// More words on what the adapter can do, for the record.
    fn words(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Tells the server's adapter what a device said of itself when it enrolled.
    fn introduce(&self, _id: &EnrollmentId, _device: &Introduction) {}

    /// Presses the server's own button for an action.
    async fn perform(
        &self,
        _id: &EnrollmentId,
        call: ActionCall<'_>,
    ) -> Result<Performed, ServerError> {
        Err(ServerError::Unsupported {
            what: format!("the action {}", call.action),
        })
    }

    /// Forgets what is queued for an enrollment.
    async fn reset(&self, id: &EnrollmentId) -> Result<(), ServerError>;
}
