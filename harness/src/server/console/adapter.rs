//! A described console as a server under test.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use device_matrix::platform::Platform;
use reqwest::Url;
use scenarios::event::ServerOrigin;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::client::{Answer, Client};
use super::description::{Button, Call, Console, Device, PageBy};
use super::extract;
use super::secrets::Secrets;
use crate::enroll::ProfileInvitation;
use crate::protocol::apple::identity::{IdentityIssuer, KeyKind};
use crate::push::PushHub;
use crate::server::{
    ALL_RIGHTS, ActionCall, Carried, CommandResult, DeclarationView, EnrollmentGrant, EnrollmentId,
    EnrollmentRequest, Introduction, Invitation, Performed, ServerCapabilities, ServerError,
    ServerUnderTest, ServerView, Signing, StartError, Wake, command, http,
};
use crate::transport::Carrier;

/// What a description leaves to the place where it is used.
pub struct ConsoleOptions {
    /// Folder that paths in the description are relative to.
    pub root: PathBuf,
    /// Whose server it is: [`ServerOrigin::Product`] only for the product itself.
    pub origin: ServerOrigin,
    /// Gives environment variables.
    pub env: fn(&str) -> Option<String>,
    /// Base URL instead of the described one.
    pub base_url: Option<String>,
    /// PEM of the CA that identities come from, and of its key, instead of the described files.
    pub identity: Option<(String, String)>,
    /// `ServerURL` instead of the described one.
    pub server_url: Option<String>,
    /// The enrollment profile that devices enroll by; without it they get an identity that the harness issues.
    pub enroll: Option<ProfileInvitation>,
}

/// A described console.
pub struct ConsoleServer {
    pub(super) client: Client,
    origin: ServerOrigin,
    /// Only devices need it: its absence is told when one enrolls.
    issuer: Result<IdentityIssuer, String>,
    server_url: Option<Url>,
    invitation: Option<ProfileInvitation>,
    hub: PushHub,
    build: Mutex<Option<String>>,
    devices: Mutex<HashMap<EnrollmentId, Introduction>>,
    outstanding: Mutex<HashMap<EnrollmentId, HashSet<String>>>,
}

impl ConsoleServer {
    /// Reads secrets and keys; connects to nothing yet.
    pub fn start(mut console: Console, options: &ConsoleOptions) -> Result<Arc<Self>, StartError> {
        let url = |text: &str| {
            Url::parse(text)
                .ok()
                .filter(|url| matches!(url.scheme(), "http" | "https"))
                .ok_or_else(|| StartError::Url {
                    url: text.to_owned(),
                    cause: "it is not a web address".to_owned(),
                })
        };
        if let Some(base) = &options.base_url {
            console.base_url = url(base)?;
        }
        let unusable = |cause: String| StartError::Described { cause };
        let secrets =
            Secrets::read(&console.secrets, &options.root, &options.env).map_err(unusable)?;
        let trusted = match &console.ca {
            None => Vec::new(),
            Some(path) => vec![read(&options.root, path)?],
        };
        let enroll = &console.enroll;
        let issuer = match (&options.identity, &enroll.identity_ca, &enroll.identity_key) {
            (Some((ca, key)), _, _) => {
                IdentityIssuer::from_pem(ca, key).map_err(|error| error.to_string())
            }
            (None, Some(ca), Some(key)) => read(&options.root, ca)
                .and_then(|ca| Ok((ca, read(&options.root, key)?)))
                .and_then(|(ca, key)| Ok(IdentityIssuer::from_pem(&ca, &key)?))
                .map_err(|error| error.to_string()),
            _ => Err("`identity_ca` and `identity_key` are missing".to_owned()),
        };
        let server_url = match &options.server_url {
            Some(text) => Some(url(text)?),
            None => console.enroll.server_url.clone(),
        };
        let http = http::client(console.timeout, &trusted)?;
        Ok(Arc::new(Self {
            client: Client::new(console, secrets, http),
            origin: options.origin,
            issuer,
            server_url,
            invitation: options.enroll.clone(),
            hub: PushHub::default(),
            build: Mutex::default(),
            devices: Mutex::default(),
            outstanding: Mutex::default(),
        }))
    }

    /// The description.
    #[must_use]
    pub fn console(&self) -> &Console {
        &self.client.console
    }

    /// Finds a device in the console: `device` with its id, serial number, UDID and described fields.
    pub(super) async fn device(
        &self,
        known: &Introduction,
        id: &str,
    ) -> Result<Value, ServerError> {
        let Some(described) = &self.console().device else {
            return Ok(json!({
                "id": id,
                "udid": known.udid.as_deref().unwrap_or(id),
                "serial": known.serial.as_deref().unwrap_or_default(),
                "enrollment_id": id,
            }));
        };
        let deadline = Instant::now() + described.within;
        loop {
            if let Some(device) = self.look_up(described, known, id).await? {
                return Ok(device);
            }
            if Instant::now() >= deadline {
                return Err(self.client.garbage(
                    &described.call,
                    &described.id.place.to_string(),
                    &format!(
                        "it shows no device with the serial number {} or the UDID {}",
                        known.serial.as_deref().unwrap_or("(none)"),
                        known.udid.as_deref().unwrap_or(id)
                    ),
                ));
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// All pages, until one shows the device.
    async fn look_up(
        &self,
        described: &Device,
        known: &Introduction,
        id: &str,
    ) -> Result<Option<Value>, ServerError> {
        let mut device = Map::new();
        device.insert(
            "serial".to_owned(),
            json!(known.serial.as_deref().unwrap_or_default()),
        );
        device.insert(
            "udid".to_owned(),
            json!(known.udid.as_deref().unwrap_or(id)),
        );
        device.insert("enrollment_id".to_owned(), json!(id));
        let mut page = json!({ "number": 0, "offset": 0, "cursor": "" });
        if let Some(PageBy::Number { first }) = described.page.as_ref().map(|page| &page.by) {
            page["number"] = json!(first);
        }
        let mut call = described.call.clone();
        let mut seen = HashSet::new();
        for _ in 0..described.page.as_ref().map_or(1, |page| page.most) {
            let variables = json!({ "device": device, "page": page });
            let answer = self
                .client
                .call(&call, &variables, |status| {
                    described.missing.contains(&status)
                })
                .await?;
            if described.missing.contains(&answer.status) {
                return Ok(None);
            }
            if let Some(found) = self
                .client
                .take(&call, &described.id, &answer, &variables)?
            {
                let found = extract::as_text(&found).ok_or_else(|| {
                    self.client.garbage(
                        &call,
                        &described.id.place.to_string(),
                        "the id is neither a text nor a number",
                    )
                })?;
                device.insert("id".to_owned(), json!(found));
                for (name, field) in &described.fields {
                    let value = self.client.must(&call, field, &answer, &variables)?;
                    device.insert(name.clone(), value);
                }
                return Ok(Some(Value::Object(device)));
            }
            let Some(by) = described.page.as_ref().map(|page| &page.by) else {
                return Ok(None);
            };
            let number = |key: &str| page[key].as_u64().unwrap_or_default();
            match by {
                PageBy::Number { .. } => page["number"] = json!(number("number") + 1),
                PageBy::Offset { size } => page["offset"] = json!(number("offset") + size),
                PageBy::Cursor(next) | PageBy::Link(next) => {
                    let next = self.client.take(&call, next, &answer, &variables)?;
                    let Some(next) = next
                        .as_ref()
                        .and_then(extract::as_text)
                        .filter(|next| !next.is_empty())
                    else {
                        return Ok(None);
                    };
                    // A page that leads to itself would go on for ever.
                    if !seen.insert(next.clone()) {
                        return Ok(None);
                    }
                    if matches!(by, PageBy::Cursor(_)) {
                        page["cursor"] = json!(next);
                    } else {
                        self.follow(&mut call, &next)?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// The next page by its address; credentials go to no other server.
    fn follow(&self, call: &mut Call, next: &str) -> Result<(), ServerError> {
        let base = &self.console().base_url;
        let url = base
            .join(next)
            .ok()
            .filter(|url| url.origin() == base.origin())
            .ok_or_else(|| {
                let why = format!("the next page `{next}` is on another server");
                self.client.garbage(call, &call.place.to_string(), &why)
            })?;
        let path = url.path().strip_prefix(base.path().trim_end_matches('/'));
        call.path = path
            .unwrap_or(url.path())
            .trim_start_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect();
        call.query = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        Ok(())
    }

    fn introduction(&self, id: &EnrollmentId) -> Introduction {
        lock(&self.devices).get(id).cloned().unwrap_or_default()
    }

    /// Variables of a call about a device and a command.
    async fn about(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        raw: &Value,
    ) -> Result<Value, ServerError> {
        let device = self.device(&self.introduction(id), &id.0).await?;
        let refused = |why: String| ServerError::Status {
            what: format!("a command for {id}"),
            status: 400,
            body: why,
        };
        let (request_type, plist) = command::encode(uuid, raw).map_err(refused)?;
        let profile = raw
            .pointer("/Payload/$data")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Ok(json!({
            "device": device,
            "command": {
                "uuid": uuid,
                "request_type": request_type,
                "plist_base64": STANDARD.encode(&plist),
                "plist_xml": String::from_utf8_lossy(&plist),
            },
            "profile": { "base64": profile },
        }))
    }

    fn button(&self, action: &str) -> Option<&Button> {
        self.console().actions.get(action)
    }

    pub(super) fn unsupported(&self, what: &str) -> ServerError {
        ServerError::Unsupported {
            what: format!(
                "{what} ({} does not describe it)",
                self.console().enroll.place.file
            ),
        }
    }

    /// One look at a result: `None` while it is pending.
    pub(super) async fn look(&self, variables: &Value) -> Result<Option<Value>, ServerError> {
        let Some(described) = &self.console().result else {
            return Err(self.unsupported("results"));
        };
        let call = &described.call;
        let answer: Answer = self
            .client
            .call(call, variables, |status| {
                described.missing.contains(&status)
            })
            .await?;
        if described.missing.contains(&answer.status) {
            return Ok(None);
        }
        let state = self
            .client
            .take(call, &described.state, &answer, variables)?;
        let Some(state) = state.as_ref().and_then(extract::as_text) else {
            return Ok(None);
        };
        if described.pending.contains(&state) {
            return Ok(None);
        }
        if !described.done.contains(&state) {
            let why = format!("the state `{state}` is in neither `pending` nor `done`");
            return Err(self
                .client
                .garbage(call, &described.state.place.to_string(), &why));
        }
        self.client
            .must(call, &described.body, &answer, variables)
            .map(Some)
    }
}

#[async_trait]
impl ServerUnderTest for ConsoleServer {
    fn capabilities(&self) -> ServerCapabilities {
        ServerCapabilities {
            name: "console",
            origin: self.origin,
            build: lock(&self.build).clone(),
            push: false,
            declarations: false,
            user_channel: false,
            user_authenticate: false,
            bootstrap_token: false,
            get_token: false,
            return_to_service: false,
        }
    }

    fn carries(&self, action: &str, platform: Platform) -> Carried {
        match self.button(action) {
            Some(button)
                if button.platforms.is_empty()
                    || button.platforms.iter().any(|slug| slug == platform.slug()) =>
            {
                Carried::Button
            }
            None if self.console().raw_actions => Carried::Raw,
            Some(_) | None => Carried::No,
        }
    }

    fn raw_commands(&self) -> bool {
        self.console().command.is_some()
    }

    fn shows_results(&self) -> bool {
        self.console().result.is_some()
    }

    fn shows_check_ins(&self) -> bool {
        false
    }

    fn words(&self) -> Vec<&'static str> {
        let mut words = Vec::new();
        if !self.console().actions.is_empty() {
            words.push("actions_by_button");
        }
        if self.raw_commands() {
            words.push("raw_commands");
        }
        words.push(if self.shows_results() {
            "results_by_server"
        } else {
            "results_by_device"
        });
        words
    }

    fn introduce(&self, id: &EnrollmentId, device: &Introduction) {
        lock(&self.devices).insert(id.clone(), device.clone());
        // A new enrollment starts empty.
        lock(&self.outstanding).remove(id);
    }

    async fn check(&self) -> Result<(), ServerError> {
        self.client.login().await?;
        let console = self.console();
        let mut build = format!("{} ({})", console.name, console.revision);
        if let Some(version) = &console.version {
            let none = json!({});
            let answer = self.client.call(&version.call, &none, |_| false).await?;
            let value = self
                .client
                .must(&version.call, &version.value, &answer, &none)?;
            let value = extract::as_text(&value).unwrap_or_default();
            let value: String = value.chars().filter(|c| !c.is_control()).take(80).collect();
            build = format!("{} {value} ({})", console.name, console.revision);
        }
        *lock(&self.build) = Some(build);
        Ok(())
    }

    async fn prepare_enrollment(
        &self,
        request: &EnrollmentRequest,
    ) -> Result<Invitation, ServerError> {
        if let Some(invitation) = &self.invitation {
            let mut invitation = Box::new(invitation.clone());
            invitation.key = request.identity;
            invitation.push = self.hub.clone();
            return Ok(Invitation::Profile(invitation));
        }
        let enroll = &self.console().enroll;
        let wrong = |detail: String| ServerError::Garbage {
            what: format!("[enroll] ({})", enroll.place),
            detail,
        };
        let Some(server) = &self.server_url else {
            return Err(ServerError::Unsupported {
                what: format!(
                    "enrollment ({}); give `server_url`, `identity_ca` and `identity_key`, or `profile`, there",
                    enroll.place
                ),
            });
        };
        if server.scheme() != "http" {
            return Err(wrong(format!(
                "virtual devices reach {server} by plain HTTP only; name the server's plain listener"
            )));
        }
        let issuer = self.issuer.as_ref().map_err(|why| wrong(why.clone()))?;
        let identity = issuer
            .issue_kind(request.identity, KeyKind::P256)
            .map_err(|error| wrong(error.0))?;
        let checkin = match &enroll.checkin_url {
            Some(url) if url.origin() == server.origin() => url.path(),
            Some(url) => return Err(wrong(format!("{url} is on another server than {server}"))),
            None => server.path(),
        };
        Ok(EnrollmentGrant {
            carrier: Carrier::Socket(address(server).await?),
            host: match server.port() {
                Some(port) => format!("{}:{port}", server.host_str().unwrap_or_default()),
                None => server.host_str().unwrap_or_default().to_owned(),
            },
            server_path: server.path().to_owned(),
            checkin_path: checkin.to_owned(),
            topic: enroll.topic.clone(),
            access_rights: ALL_RIGHTS,
            signing: Signing::MdmSignature(identity),
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
        let Some(call) = &self.console().command else {
            return Err(self.unsupported("raw commands"));
        };
        let variables = self.about(id, uuid, command).await?;
        self.client.call(call, &variables, |_| false).await?;
        lock(&self.outstanding)
            .entry(id.clone())
            .or_default()
            .insert(uuid.to_owned());
        Ok(())
    }

    /// The console pushes by itself, if at all; devices poll.
    async fn wake(&self, _id: &EnrollmentId) -> Result<Wake, ServerError> {
        Ok(Wake::NotExercised)
    }

    async fn result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
        deadline: Duration,
    ) -> Result<CommandResult, ServerError> {
        let Some(described) = &self.console().result else {
            return Err(self.unsupported("results"));
        };
        let end = Instant::now() + deadline;
        let device = self.device(&self.introduction(id), &id.0).await?;
        let variables = json!({ "device": device, "command": { "uuid": uuid } });
        let mut pause = described.first;
        loop {
            if let Some(body) = self.look(&variables).await? {
                if let Some(waiting) = lock(&self.outstanding).get_mut(id) {
                    waiting.remove(uuid);
                }
                return Ok(CommandResult { body });
            }
            if Instant::now() + pause > end {
                return Err(ServerError::Timeout {
                    what: format!(
                        "{}, the result of command {uuid}",
                        Client::what(&described.call)
                    ),
                    after: deadline,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(described.most);
        }
    }

    async fn perform(
        &self,
        id: &EnrollmentId,
        call: ActionCall<'_>,
    ) -> Result<Performed, ServerError> {
        let Some(button) = self.button(call.action) else {
            return Err(self.unsupported(&format!("the action {}", call.action)));
        };
        let mut variables = self.about(id, "", call.command).await?;
        variables["args"] = call.args.clone();
        variables["action"] = json!(call.action);
        let mut uuid = None;
        for (position, request) in button.calls.iter().enumerate() {
            let answer = self.client.call(request, &variables, |_| false).await?;
            if position + 1 == button.calls.len()
                && let Some(described) = &button.uuid
            {
                let value = self.client.must(request, described, &answer, &variables)?;
                uuid = extract::as_text(&value);
            }
        }
        let request_type = call.command.get("RequestType").and_then(Value::as_str);
        Ok(Performed {
            sends: if button.sends.is_empty() {
                request_type.into_iter().map(str::to_owned).collect()
            } else {
                button.sends.clone()
            },
            uuid,
            within: button.within,
            every: button.every,
        })
    }

    async fn set_declarations(
        &self,
        _id: &EnrollmentId,
        _declarations: &[Value],
    ) -> Result<(), ServerError> {
        Err(self.unsupported("declarations"))
    }

    async fn declarations(
        &self,
        _id: &EnrollmentId,
        _reports_before: u64,
        _deadline: Duration,
    ) -> Result<DeclarationView, ServerError> {
        Err(self.unsupported("declarations"))
    }

    async fn view(
        &self,
        _id: &EnrollmentId,
        _checkins: usize,
        _deadline: Duration,
    ) -> Result<ServerView, ServerError> {
        Err(self.unsupported("what the server saw of check-ins"))
    }

    /// No console is asked to empty a queue: what may still wait needs a new enrollment.
    async fn reset(&self, id: &EnrollmentId) -> Result<(), ServerError> {
        let waiting = lock(&self.outstanding)
            .remove(id)
            .map_or(0, |uuids| uuids.len());
        if waiting == 0 {
            return Ok(());
        }
        Err(self.unsupported(&format!(
            "emptying the queue of {id}, in which {waiting} commands may still wait"
        )))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(root: &Path, path: &Path) -> Result<String, StartError> {
    let path = root.join(path);
    fs::read_to_string(&path).map_err(|error| StartError::Described {
        cause: format!("{}: {error}", path.display()),
    })
}

async fn address(url: &Url) -> Result<SocketAddr, ServerError> {
    let unreachable = |cause: String| ServerError::Unreachable {
        url: url.to_string(),
        cause,
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    tokio::net::lookup_host((host, url.port_or_known_default().unwrap_or(80)))
        .await
        .map_err(|error| unreachable(error.to_string()))?
        .next()
        .ok_or_else(|| unreachable("the name has no address".to_owned()))
}
