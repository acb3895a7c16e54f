//! A server that does what a test scripts, over the in-process carrier, and facts small enough to read.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use device_matrix::capability::{Facts, Item, Kind, ValueType};
use device_matrix::enrollment::EnrollmentType;
use device_matrix::model::{DeviceModel, Hardware};
use device_matrix::platform::{Platform, SchemaOs};
use device_matrix::release::Release;
use harness::device::DeviceUnderTest as _;
use harness::device::apple::quirks::Quirks;
use harness::device::apple::settings::BehaviorSettings;
use harness::device::apple::testing::{
    ItemExt as _, SupportExt as _, facts, item, model, release, since,
};
use harness::device::apple::{DeviceSpec, VirtualDevice};
use harness::protocol::apple::{codec, profile};
use harness::push::PushHub;
use harness::server::{EnrollmentGrant, Signing};
use harness::transport::{Carrier, duplex_listener};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use scenarios::fault::Behavior;
use scenarios::scenario::ChannelWord;
use serde_json::{Value, json};

/// What the server remembers and will say.
#[derive(Default)]
pub(crate) struct Script {
    /// Every request: path, content type, body as JSON.
    pub(crate) seen: Vec<(String, String, Value)>,
    /// Commands that wait.
    pub(crate) queue: VecDeque<Vec<u8>>,
    /// Commands answered `NotNow`, sent again with the next `Idle`.
    deferred: VecDeque<Vec<u8>>,
    last: Option<Vec<u8>>,
    /// Declarations by kind word.
    pub(crate) declarations: Vec<Value>,
    /// Raw answers by `MessageType` or endpoint, in place of the usual one: status and body.
    pub(crate) raw: HashMap<String, (u16, Vec<u8>)>,
    /// Connections are cut after this many bytes of the next answer.
    pub(crate) drop_next_result: bool,
    /// The declarations token never comes to rest.
    pub(crate) restless: bool,
    counter: u64,
}

/// The server's end.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) script: Arc<Mutex<Script>>,
    pub(crate) grant: EnrollmentGrant,
}

impl Server {
    pub(crate) fn start() -> Self {
        let script: Arc<Mutex<Script>> = Arc::default();
        let (dialer, mut listener) = duplex_listener();
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Some(stream) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                    let connection = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service);
                    drop(connection.await);
                });
            }
        });
        let grant = EnrollmentGrant {
            carrier: Carrier::Duplex(dialer),
            host: "mdm.example.com".to_owned(),
            server_path: "/mdm".to_owned(),
            checkin_path: "/checkin".to_owned(),
            topic: "com.apple.mgmt.External.test".to_owned(),
            access_rights: 8191,
            signing: Signing::None,
            push: PushHub::default(),
            check_out_when_removed: None,
        };
        Self { script, grant }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Script) -> T) -> T {
        look(&mut self.script.lock().unwrap())
    }

    /// Queues a command given as JSON.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "calls read better without a borrow"
    )]
    pub(crate) fn queue(&self, uuid: &str, command: Value) {
        let envelope = json!({"CommandUUID": uuid, "Command": command});
        let bytes = plist_bytes(&envelope);
        self.with(|script| script.queue.push_back(bytes));
    }

    /// What devices have answered to commands.
    pub(crate) fn answers(&self) -> Vec<Value> {
        self.with(|script| {
            let results = script
                .seen
                .iter()
                .filter(|(path, _, body)| path == "/mdm" && body.get("CommandUUID").is_some());
            results.map(|(_, _, body)| body.clone()).collect()
        })
    }

    /// Names of check-in messages in their order; declarative requests by endpoint.
    pub(crate) fn checkins(&self) -> Vec<String> {
        self.with(|script| {
            let checkins = script.seen.iter().filter(|(path, _, _)| path == "/checkin");
            checkins.map(|(_, _, body)| name(body)).collect()
        })
    }

    /// The check-in messages with this name.
    pub(crate) fn checkin(&self, wanted: &str) -> Vec<Value> {
        self.with(|script| {
            let checkins = script
                .seen
                .iter()
                .filter(|(path, _, body)| path == "/checkin" && name(body) == wanted);
            checkins.map(|(_, _, body)| body.clone()).collect()
        })
    }

    /// The status reports, decoded.
    pub(crate) fn reports(&self) -> Vec<Value> {
        let decode = |body: &Value| {
            let data = codec::from_json(&body["Data"]).unwrap();
            serde_json::from_slice(data.as_data().unwrap()).unwrap()
        };
        self.checkin("status").iter().map(decode).collect()
    }
}

fn name(body: &Value) -> String {
    let of = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
    of("Endpoint")
        .or_else(|| of("MessageType"))
        .unwrap_or_default()
}

pub(crate) fn plist_bytes(value: &Value) -> Vec<u8> {
    let plist = codec::from_json(value).unwrap();
    codec::encode_xml(plist.as_dictionary().unwrap()).unwrap()
}

async fn answer(
    script: Arc<Mutex<Script>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let path = request.uri().path().to_owned();
    let header = request.headers().get("content-type");
    let kind = header
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
        .to_owned();
    let bytes = request
        .into_body()
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let body = codec::decode(&bytes).map_or(Value::Null, |body| codec::dictionary_to_json(&body));
    let mut script = script.lock().unwrap();
    let is_result = path == "/mdm" && body.get("CommandUUID").is_some();
    if is_result && script.drop_next_result {
        script.drop_next_result = false;
        return Err(std::io::Error::other("cut"));
    }
    script.seen.push((path.clone(), kind, body.clone()));
    let (status, bytes) = if path == "/mdm" {
        command(&mut script, &body)
    } else {
        checkin(&mut script, &body)
    };
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
    Ok(response)
}

fn command(script: &mut Script, body: &Value) -> (u16, Vec<u8>) {
    if let Some(raw) = script.raw.get("command") {
        return raw.clone();
    }
    match body["Status"].as_str() {
        Some("NotNow") => {
            if let Some(last) = script.last.take() {
                script.deferred.push_back(last);
            }
        }
        Some("Idle") => {
            let deferred = std::mem::take(&mut script.deferred);
            for bytes in deferred.into_iter().rev() {
                script.queue.push_front(bytes);
            }
        }
        _ => {}
    }
    script.last = script.queue.pop_front();
    (200, script.last.clone().unwrap_or_default())
}

fn checkin(script: &mut Script, body: &Value) -> (u16, Vec<u8>) {
    let name = name(body);
    if let Some(raw) = script.raw.get(&name) {
        return raw.clone();
    }
    if body["MessageType"] != "DeclarativeManagement" {
        return (200, Vec::new());
    }
    script.counter += 1;
    let token = if script.restless {
        script.counter.to_string()
    } else {
        let all = serde_json::to_string(&script.declarations).unwrap();
        format!("{}-{}", script.declarations.len(), all.len())
    };
    let kind = |declaration: &Value| {
        declaration["Type"]
            .as_str()
            .unwrap()
            .split('.')
            .nth(2)
            .unwrap()
            .to_owned()
    };
    let answer = match name.as_str() {
        "tokens" => {
            json!({"SyncTokens": {"Timestamp": "2026-01-01T00:00:00Z", "DeclarationsToken": token}})
        }
        "declaration-items" => {
            let rows = |word: &str| -> Vec<Value> {
                let all = script
                    .declarations
                    .iter()
                    .filter(|declaration| kind(declaration) == word);
                all.map(|d| json!({"Identifier": d["Identifier"], "ServerToken": d["ServerToken"]}))
                    .collect()
            };
            json!({"DeclarationsToken": token, "Declarations": {
                "Activations": rows("activation"), "Configurations": rows("configuration"),
                "Assets": rows("asset"), "Management": rows("management"),
            }})
        }
        "status" => return (200, Vec::new()),
        other => {
            let wanted = other.rsplit('/').next().unwrap();
            match script
                .declarations
                .iter()
                .find(|declaration| declaration["Identifier"] == wanted)
            {
                Some(declaration) => declaration.clone(),
                None => return (404, Vec::new()),
            }
        }
    };
    (200, serde_json::to_vec(&answer).unwrap())
}

/// What a test varies.
pub(crate) struct Setup {
    pub(crate) model: Arc<DeviceModel>,
    pub(crate) release: Arc<Release>,
    pub(crate) enrollment: EnrollmentType,
    pub(crate) supervised: bool,
    pub(crate) settings: BehaviorSettings,
    pub(crate) quirks: Vec<Behavior>,
    pub(crate) access_rights: u32,
}

impl Setup {
    pub(crate) fn iphone(version: &str) -> Self {
        Self {
            model: model(
                "iPhone17,2",
                Platform::Ios,
                &[Hardware::Cellular, Hardware::Battery],
            ),
            release: release(Platform::Ios, version, "22A3354"),
            enrollment: EnrollmentType::Ade,
            supervised: true,
            settings: BehaviorSettings::default(),
            quirks: Vec::new(),
            access_rights: 8191,
        }
    }

    pub(crate) fn mac(version: &str) -> Self {
        Self {
            model: model(
                "Mac14,2",
                Platform::Macos,
                &[Hardware::AppleSilicon, Hardware::Battery],
            ),
            release: release(Platform::Macos, version, "24A335"),
            ..Self::iphone("18.0")
        }
    }

    pub(crate) fn unsupervised(mut self, enrollment: EnrollmentType) -> Self {
        self.supervised = false;
        self.enrollment = enrollment;
        self
    }

    pub(crate) fn quirk(mut self, quirk: Behavior) -> Self {
        self.quirks.push(quirk);
        self
    }

    pub(crate) fn device(self) -> VirtualDevice {
        VirtualDevice::new(DeviceSpec {
            model: self.model,
            release: self.release,
            enrollment: self.enrollment,
            supervised: self.supervised,
            facts: catalogue(),
            settings: Arc::new(self.settings),
            quirks: Arc::new(Quirks::new(self.quirks)),
            seed: 7,
            timeout: Duration::from_secs(5),
        })
    }

    /// A server and a device enrolled with it.
    pub(crate) async fn enrolled(self) -> (Server, VirtualDevice) {
        let mut server = Server::start();
        server.grant.access_rights = self.access_rights;
        let mut device = self.device();
        device.enroll(&server.grant).await.unwrap();
        (server, device)
    }
}

/// Sends one command and returns the device's answer.
pub(crate) async fn command_to(
    server: &Server,
    device: &mut VirtualDevice,
    command: Value,
) -> Value {
    let before = server.answers().len();
    server.queue(&format!("uuid-{before}"), command);
    device.session(ChannelWord::Device).await.unwrap();
    server.answers().get(before).cloned().unwrap_or_default()
}

/// `InstallProfile` of these payloads.
pub(crate) fn install(identifier: &str, payloads: &[Value]) -> Value {
    let bytes = profile::build_xml(identifier, payloads).unwrap();
    let data = codec::to_json(&plist::Value::Data(bytes));
    json!({"RequestType": "InstallProfile", "Payload": data})
}

/// The chain of an answer as `(domain, code)`.
pub(crate) fn chain(answer: &Value) -> Vec<(String, i64)> {
    let chain = answer["ErrorChain"].as_array().cloned().unwrap_or_default();
    chain
        .iter()
        .map(|item| {
            let domain = item["ErrorDomain"].as_str().unwrap_or_default().to_owned();
            (domain, item["ErrorCode"].as_i64().unwrap_or_default())
        })
        .collect()
}

const APPLE: [SchemaOs; 5] = SchemaOs::ALL;

fn commands() -> Vec<Item> {
    let ever = since("1");
    let plain = |id: &str| item(Kind::Command, id, &since("1"));
    let supervised = |id: &str| {
        item(
            Kind::Command,
            id,
            &since("9.3").supervised().no_user_enrollment(),
        )
    };
    vec![
        plain("InstallProfile").required("", "Payload", ValueType::Data, &ever),
        plain("RemoveProfile").required("", "Identifier", ValueType::String, &ever),
        plain("ProfileList"),
        plain("CertificateList"),
        item(
            Kind::Command,
            "Restrictions",
            &ever.clone().no_user_enrollment(),
        ),
        plain("SecurityInfo"),
        plain("DeclarativeManagement").only(&APPLE),
        item(
            Kind::Command,
            "DeviceLock",
            &ever.clone().right(4).device_only(),
        ),
        item(
            Kind::Command,
            "EraseDevice",
            &ever.clone().right(8).no_user_enrollment(),
        ),
        plain("ClearPasscode").required("", "UnlockToken", ValueType::Data, &ever),
        supervised("EnableLostMode"),
        supervised("DisableLostMode"),
        supervised("RestartDevice"),
        plain("InstallApplication")
            .key("", "iTunesStoreID", ValueType::Integer, &ever)
            .key(
                "",
                "InstallAsManaged",
                ValueType::Boolean,
                &since("11.0").no_user_enrollment(),
            ),
        plain("ManagedApplicationList"),
        plain("RemoveApplication").required("", "Identifier", ValueType::String, &ever),
        item(
            Kind::Command,
            "ScheduleOSUpdate",
            &since("9.0").supervised().deprecated("26.0").removed("27.0"),
        ),
        item(
            Kind::Command,
            "AvailableOSUpdates",
            &since("9.0").deprecated("26.0").removed("27.0"),
        ),
        plain("BrandNewCommand"),
        plain("Settings")
            .required("", "Settings", ValueType::Array, &ever)
            .placeholder("Settings", "DeviceName", ValueType::Dictionary)
            .required(
                "Settings.DeviceName",
                "DeviceName",
                ValueType::String,
                &since("9.0").supervised(),
            )
            .key(
                "Settings",
                "Bluetooth",
                ValueType::Dictionary,
                &since("11.3").supervised(),
            )
            .required(
                "Settings.Bluetooth",
                "Enabled",
                ValueType::Boolean,
                &since("11.3"),
            ),
        plain("DeviceInformation")
            .required("", "Queries", ValueType::Array, &ever)
            .placeholder("Queries", "QueriesItem", ValueType::String)
            .value("Queries.QueriesItem", "OSVersion", &ever)
            .value(
                "Queries.QueriesItem",
                "SerialNumber",
                &ever.clone().no_user_enrollment(),
            )
            .value(
                "Queries.QueriesItem",
                "IMEI",
                &since("4").removed("26.0").right(32),
            )
            .value(
                "Queries.QueriesItem",
                "ServiceSubscriptions",
                &since("12").right(32),
            )
            .value("Queries.QueriesItem", "EthernetMAC", &since("7"))
            .value("Queries.QueriesItem", "IsMDMLostModeEnabled", &since("9.3")),
    ]
}

fn profiles() -> Vec<Item> {
    let ever = since("1");
    vec![
        item(Kind::Profile, "com.apple.applicationaccess", &ever)
            .key("", "allowCamera", ValueType::Boolean, &since("4"))
            .key(
                "",
                "allowAppInstallation",
                ValueType::Boolean,
                &since("4").supervised(),
            )
            .key(
                "",
                "allowListedAppBundleIDs",
                ValueType::Array,
                &since("9.3").supervised(),
            )
            .key(
                "",
                "forceDelayedSoftwareUpdates",
                ValueType::Boolean,
                &since("11.3").supervised().removed("27.0"),
            )
            .key(
                "",
                "enforcedSoftwareUpdateDelay",
                ValueType::Integer,
                &since("11.3").supervised().removed("27.0"),
            )
            .key("", "allowLater", ValueType::Boolean, &since("26.0")),
        item(
            Kind::Profile,
            "com.apple.mobiledevice.passwordpolicy",
            &ever,
        )
        .key("", "forcePIN", ValueType::Boolean, &ever)
        .key("", "minLength", ValueType::Integer, &ever),
        item(
            Kind::Profile,
            "com.apple.security.firewall",
            &since("10.12"),
        )
        .required("", "EnableFirewall", ValueType::Boolean, &since("10.12"))
        .key(
            "",
            "EnableLogging",
            ValueType::Boolean,
            &since("12.0").removed("15.0"),
        )
        .only(&[SchemaOs::Macos]),
        item(
            Kind::Profile,
            "com.apple.app.lock",
            &since("6.0").supervised(),
        ),
        item(
            Kind::Profile,
            "com.apple.SoftwareUpdate",
            &since("10.7").removed("27.0"),
        )
        .only(&[SchemaOs::Macos]),
    ]
}

fn declarations() -> Vec<Item> {
    let d = |id: &str, support| item(Kind::Declaration, id, &support);
    let s = |id: &str, support| item(Kind::Status, id, &support);
    vec![
        d("com.apple.activation.simple", since("15.0"))
            .required(
                "",
                "StandardConfigurations",
                ValueType::Array,
                &since("15.0"),
            )
            .key("", "Predicate", ValueType::String, &since("15.0")),
        d("com.apple.configuration.passcode.settings", since("15.0"))
            .key("", "RequirePasscode", ValueType::Boolean, &since("15.0"))
            .key("", "MinimumLength", ValueType::Integer, &since("15.0")),
        d("com.apple.configuration.account.mail", since("15.0"))
            .required("", "HostName", ValueType::String, &since("15.0"))
            .key(
                "",
                "UserIdentityAssetReference",
                ValueType::String,
                &since("15.0"),
            )
            .assets(&["com.apple.asset.useridentity"]),
        d("com.apple.asset.useridentity", since("15.0")).key(
            "",
            "FullName",
            ValueType::String,
            &since("15.0"),
        ),
        d("com.apple.asset.data", since("17.0")),
        d("com.apple.management.properties", since("15.0")),
        d("com.apple.configuration.app.settings", since("27.0")),
        d(
            "com.apple.configuration.softwareupdate.enforcement.specific",
            since("17.0").enrollments(&["supervised"]),
        )
        .required("", "TargetOSVersion", ValueType::String, &since("17.0")),
        d(
            "com.apple.configuration.softwareupdate.settings",
            since("18.0").enrollments(&["supervised"]),
        )
        .key("", "Deferrals", ValueType::Dictionary, &since("18.0"))
        .key(
            "Deferrals",
            "CombinedPeriodInDays",
            ValueType::Integer,
            &since("18.0"),
        ),
        d(
            "com.apple.configuration.management.status-subscriptions",
            since("15.0"),
        )
        .required("", "StatusItems", ValueType::Array, &since("15.0"))
        .placeholder("StatusItems", "StatusItem", ValueType::Dictionary)
        .required(
            "StatusItems.StatusItem",
            "Name",
            ValueType::String,
            &since("15.0"),
        ),
        s(
            "device.identifier.serial-number",
            since("15.0").enrollments(&["supervised", "device"]),
        ),
        s("device.model.family", since("15.0")),
        s("device.operating-system.version", since("15.0")),
        s("passcode.is-compliant", since("16.0")),
        s("management.declarations", since("15.0")),
        s("management.client-capabilities", since("15.0")),
    ]
}

/// The facts of these tests: a small cut of the vendor's catalogue, and one command that no model knows.
pub(crate) fn catalogue() -> Arc<Facts> {
    facts(
        [commands(), profiles(), declarations()]
            .into_iter()
            .flatten()
            .collect(),
    )
}
