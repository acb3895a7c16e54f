//! The plant of virtual devices and the reference server.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use device_matrix::capability::Facts;
use device_matrix::cell::Cell;
use device_matrix::known::Text;
use device_matrix::model::{DeviceModel, ModelId};
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use scenarios::feature::FeatureId;
use scenarios::plan::{Case, Check, Plan};
use scenarios::scenario::{
    Action, ChannelWord, Condition, Look, Matcher, Scenario, ScenarioId, Step, Survives,
};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::exchange::device_information;
use super::machine;
use super::mute::Mute;
use super::subject::{Planned, Plant, Shape};
use crate::device::DeviceUnderTest;
use crate::protocol::apple::codec;
use crate::protocol::apple::identity::{ClientIdentity, IdentityIssuer, verify_mdm_signature};
use crate::runner::{
    DeviceFactory, DeviceOrder, Keep, RunHead, RunInputs, RunOptions, VirtualDevices,
};
use crate::server::reference::{IdentityProof, ReferenceConfig, ReferenceServer};
use crate::server::{EnrollmentGrant, EnrollmentRequest, ServerUnderTest};
use crate::step::ids::derive;
use crate::transport::{Carrier, Connection};

/// Devices that enroll side by side.
const SIDE_BY_SIDE: usize = 64;
/// Commands of one case.
const COMMANDS: usize = 4;

/// Answers whether all data could be loaded and linted.
pub type Load = Box<dyn Fn() -> bool + Send + Sync>;
/// Plans and tells how many cases it took how long.
pub type PlanMany = Box<dyn Fn() -> Option<Planned> + Send + Sync>;

/// Virtual devices of one model against the embedded reference server.
pub struct ReferencePlant {
    /// The cell that every device is a copy of.
    pub cell: Arc<Cell>,
    /// The facts devices behave by.
    pub facts: Arc<Facts>,
    /// Makes devices.
    pub devices: VirtualDevices,
    /// The server to start for every run.
    pub server: ReferenceConfig,
    /// Loads and lints all data.
    pub load: Load,
    /// Plans at least a million cases.
    pub plan: PlanMany,
}

/// A device and what it holds open.
struct Held {
    _device: Box<dyn DeviceUnderTest>,
    _connection: Option<SendRequest<Full<Bytes>>>,
}

impl ReferencePlant {
    async fn start(&self, socket: bool, signed: bool) -> Option<Arc<ReferenceServer>> {
        let mut config = self.server.clone();
        if !signed {
            config.proof = IdentityProof::None;
        }
        if socket {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            ReferenceServer::embedded_on(config, address).await.ok()
        } else {
            ReferenceServer::embedded(config).ok()
        }
    }

    /// Enrolls devices side by side, with the server or with another peer in its place.
    async fn enrolled(
        &self,
        devices: usize,
        server: &Arc<ReferenceServer>,
        peer: Option<&Carrier>,
        connected: bool,
    ) -> Option<Vec<Held>> {
        let mut held: Vec<Held> = Vec::with_capacity(devices);
        let mut working = JoinSet::new();
        for number in 0..devices as u64 {
            if working.len() >= SIDE_BY_SIDE {
                held.push(working.join_next().await?.ok()??);
            }
            let order = DeviceOrder {
                cell: Arc::clone(&self.cell),
                release: Arc::clone(&self.cell.release),
                seed: derive(number, &["bench"]),
                facts: Arc::clone(&self.facts),
            };
            let mut device = self.devices.make(&order).ok()?;
            let (server, peer) = (Arc::clone(server), peer.cloned());
            let kind = self.cell.enrollment;
            working.spawn(async move {
                let request = EnrollmentRequest {
                    id: device.enrollment_id(ChannelWord::Device),
                    kind,
                    identity: number,
                };
                let mut grant = server
                    .prepare_enrollment(&request)
                    .await
                    .ok()?
                    .into_grant()?;
                if let Some(peer) = peer {
                    grant.carrier = peer;
                }
                device.enroll(&grant).await.ok()?;
                drop(device.take_messages());
                let connection = if connected {
                    Some(connect(&grant).await?)
                } else {
                    None
                };
                Some(Held {
                    _device: device,
                    _connection: connection,
                })
            });
        }
        while let Some(done) = working.join_next().await {
            held.push(done.ok()??);
        }
        Some(held)
    }

    fn identity(&self) -> Option<Arc<ClientIdentity>> {
        self.server.issuer.issue(0).ok()
    }

    /// The cell's model under another name, so that every cell has an id of its own.
    fn cells(&self, count: usize) -> Vec<Arc<Cell>> {
        (0..count)
            .map(|number| {
                let mut cell = Cell::clone(&self.cell);
                let mut model = DeviceModel::clone(&self.cell.model);
                model.id = ModelId(format!("{}-{number}", self.cell.model.id));
                cell.model = Arc::new(model);
                Arc::new(cell)
            })
            .collect()
    }
}

#[async_trait]
impl Plant for ReferencePlant {
    async fn inputs(&self, shape: Shape) -> Option<RunInputs> {
        let server = self.start(shape.socket, shape.signed).await?;
        let cells = self.cells(shape.cells);
        // Identities are issued beforehand, as the bar says.
        for number in 0..cells.len() {
            self.server.issuer.issue(number as u64).ok()?;
        }
        let cases = (0..u32::try_from(cells.len()).ok()?)
            .flat_map(|cell| {
                (0..u32::try_from(shape.cases).unwrap_or(u32::MAX)).map(move |check| Case {
                    cell,
                    check: Check::Scenario(check),
                })
            })
            .collect();
        let scenarios: Vec<Scenario> = (0..shape.cases).map(inventory).collect();
        Some(RunInputs {
            plan: Arc::new(Plan {
                target: "bench".to_owned(),
                cells,
                cases,
                probes: Vec::new(),
                coverage: Vec::new(),
                skips: Vec::new(),
            }),
            scenarios: scenarios.into(),
            probes: Vec::new().into(),
            facts: Arc::clone(&self.facts),
            server,
            devices: Arc::new(self.devices.clone()),
            head: RunHead {
                tier: "full".to_owned(),
                filters: BTreeMap::new(),
                as_of: "2000-01-01".to_owned(),
                data: BTreeMap::new(),
            },
            options: RunOptions::usual(0, machine::cores()),
            keep: Keep::Nothing,
            cancel: CancellationToken::new(),
        })
    }

    async fn enroll(&self, devices: usize) -> Option<Duration> {
        let server = self.start(false, true).await?;
        for number in 0..devices as u64 {
            self.server.issuer.issue(number).ok()?;
        }
        let start = Instant::now();
        let held = self.enrolled(devices, &server, None, false).await?;
        let took = start.elapsed();
        drop(held);
        Some(took)
    }

    async fn hold(&self, devices: usize, connected: bool) -> Option<Box<dyn Any + Send>> {
        // Identities of its own, so that each device's is counted, and a peer that keeps nothing.
        let mut config = self.server.clone();
        config.issuer = Arc::new(IdentityIssuer::generate().ok()?);
        let server = ReferenceServer::embedded(config).ok()?;
        let mute = Mute::start();
        let carrier = mute.carrier();
        let held = self
            .enrolled(devices, &server, Some(&carrier), connected)
            .await?;
        Some(Box::new((held, server, mute)))
    }

    fn sign(&self, body: &[u8]) -> Option<Vec<u8>> {
        let signature = self.identity()?.mdm_signature(body).ok()?;
        Some(signature.into_bytes())
    }

    fn verify(&self, body: &[u8], signature: &[u8]) -> bool {
        let anchor = self.server.issuer.trust_anchor();
        std::str::from_utf8(signature)
            .is_ok_and(|header| verify_mdm_signature(header, body, &anchor).is_ok())
    }

    fn load(&self) -> bool {
        (self.load)()
    }

    fn plan_a_million(&self) -> Option<Planned> {
        (self.plan)()
    }
}

/// Opens a connection, makes one exchange on it, as a device does, and leaves it open.
async fn connect(grant: &EnrollmentGrant) -> Option<SendRequest<Full<Bytes>>> {
    let mut sender = match grant.carrier.dial().await.ok()? {
        Connection::Duplex(stream) => handshake(stream).await?,
        Connection::Tcp(stream) => handshake(stream).await?,
        Connection::Tls(stream) => handshake(stream).await?,
    };
    let body = codec::encode_xml(&device_information()).ok()?;
    let request = Request::put(grant.server_path.as_str())
        .header("host", grant.host.as_str())
        .body(Full::new(Bytes::from(body)))
        .ok()?;
    let response = sender.send_request(request).await.ok()?;
    response.into_body().collect().await.ok()?;
    Some(sender)
}

async fn handshake<S>(stream: S) -> Option<SendRequest<Full<Bytes>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    Some(sender)
}

/// A case that asks for a phone's usual inventory a few times.
fn inventory(number: usize) -> Scenario {
    // As many as the bare exchange has, so that bodies are about as long.
    let queries = [
        "UDID",
        "SerialNumber",
        "DeviceName",
        "OSVersion",
        "BuildVersion",
        "ModelName",
        "Model",
        "ProductName",
        "DeviceCapacity",
        "AvailableDeviceCapacity",
        "BatteryLevel",
        "CellularTechnology",
        "IsSupervised",
        "IsDeviceLocatorServiceEnabled",
        "IsActivationLockEnabled",
        "IsDoNotDisturbInEffect",
        "IsCloudBackupEnabled",
        "IsMDMLostModeEnabled",
        "IsNetworkTethered",
        "IsRoaming",
        "IsMultiUser",
        "EASDeviceIdentifier",
        "iTunesStoreAccountIsActive",
        "LastCloudBackupDate",
        "ActivationLockManageable",
        "AwaitingConfiguration",
        "DiagnosticSubmissionEnabled",
        "AppAnalyticsEnabled",
        "ModemFirmwareVersion",
        "WiFiMAC",
        "BluetoothMAC",
        "ServiceSubscriptions",
        "DataRoamingEnabled",
        "VoiceRoamingEnabled",
        "PersonalHotspotEnabled",
        "SubscriberCarrierNetwork",
        "CurrentCarrierNetwork",
        "OrganizationInfo",
        "MDMOptions",
        "DevicePropertiesAttestation",
    ];
    let step = Step {
        when: Condition::default(),
        action: Action::Command {
            request_type: "DeviceInformation".to_owned(),
            args: json!({ "Queries": queries.as_slice() }),
            channel: ChannelWord::Device,
        },
        named: None,
        looks: vec![Look {
            part: "inventory".to_owned(),
            pointer: "/Status".to_owned(),
            matcher: Matcher::Equals(json!("Acknowledged")),
        }],
    };
    Scenario {
        id: ScenarioId(format!("bench-{number}")),
        feature: FeatureId("bench".to_owned()),
        title: Text {
            ja: "計測".to_owned(),
            en: "bench".to_owned(),
        },
        applies: Vec::new(),
        destructive: false,
        smoke: false,
        survives: Survives::default(),
        parts: Vec::new(),
        apply: vec![step; COMMANDS],
        verify: Vec::new(),
        undo: Vec::new(),
        verify_undone: Vec::new(),
    }
}

/// How long a device of the plant waits for an answer.
pub const TIMEOUT: Duration = Duration::from_secs(30);
