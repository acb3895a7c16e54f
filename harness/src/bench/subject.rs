//! The whole runner against the ceilings.

use std::any::Any;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::crypto;
use super::echo;
use super::exchange::{self, device_information};
use super::machine;
use super::report::{Bar, BenchReport, Ceilings, SCHEMA_VERSION, Wanted};
use crate::protocol::apple::codec;
use crate::runner::{self, Keep, NoSink, RunInputs, RunSummary};

/// How long and how wide to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BenchOptions {
    /// Time of one sample of a ceiling.
    pub sample: Duration,
    /// Connections of the ceilings.
    pub connections: usize,
    /// Cells of one run.
    pub cells: usize,
    /// Cases of one cell.
    pub cases: usize,
    /// Devices held for the memory figures.
    pub devices: usize,
    /// Cells of the smaller and the larger run that must be in line.
    pub scale: (usize, usize),
}

impl BenchOptions {
    /// Options for a person who waits about half a minute.
    pub const USUAL: Self = Self {
        sample: Duration::from_secs(2),
        connections: 32,
        cells: 512,
        cases: 16,
        devices: 2_000,
        scale: (1_000, 10_000),
    };
}

/// What a measured run consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Over a socket in place of the in-process pipe.
    pub socket: bool,
    /// Messages carry `Mdm-Signature`.
    pub signed: bool,
    /// Cells.
    pub cells: usize,
    /// Cases of one cell.
    pub cases: usize,
}

/// Makes what is measured: devices, the reference server, plans.
#[async_trait]
pub trait Plant: Send + Sync {
    /// Inputs of a run of this shape, with a server of its own; `None` when it can not be made.
    async fn inputs(&self, shape: Shape) -> Option<RunInputs>;

    /// Enrolls devices with pre-issued P-256 identities, side by side, and keeps their connections open or not. They
    /// are held until the memory was read.
    async fn hold(&self, devices: usize, connected: bool) -> Option<Box<dyn Any + Send>>;

    /// Signs a body as a device does, with the envelope that travels.
    fn sign(&self, body: &[u8]) -> Option<Vec<u8>>;

    /// Verifies it as the server does.
    fn verify(&self, body: &[u8], signature: &[u8]) -> bool;

    /// Loads and lints all data; `false` when that failed.
    fn load(&self) -> bool;

    /// Plans at least a million cases and returns their number.
    fn plan_a_million(&self) -> Option<usize>;
}

/// Measures ceilings, then the runner, and compares.
pub async fn run(
    plant: Option<&dyn Plant>,
    options: BenchOptions,
    scratch: &Path,
) -> io::Result<BenchReport> {
    let ceilings = ceilings(plant, options).await?;
    let bars = match plant {
        Some(plant) => bars(plant, options, &ceilings, scratch).await,
        None => Vec::new(),
    };
    Ok(BenchReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        ceilings,
        bars,
    })
}

async fn ceilings(plant: Option<&dyn Plant>, options: BenchOptions) -> io::Result<Ceilings> {
    let echo_per_second = echo::per_second(options.connections, options.sample).await?;
    let socket = exchange::over_socket(options.connections, options.sample).await?;
    let duplex = exchange::over_duplex(options.connections, options.sample).await?;
    let body = codec::encode_xml(&device_information()).map_err(io::Error::other)?;
    let batch = options.sample / 4;
    let whole = plant.and_then(|plant| {
        let signature = plant.sign(&body)?;
        if !plant.verify(&body, &signature) {
            return None;
        }
        let sign = crypto::micros(batch, || {
            let _ = plant.sign(&body);
        });
        let verify = crypto::micros(batch, || {
            let _ = plant.verify(&body, &signature);
        });
        Some((sign, verify))
    });
    let bare = whole.or_else(|| crypto::p256(&body, batch));
    Ok(Ceilings {
        cores: machine::cores(),
        echo_per_second,
        socket_per_second: socket.per_second,
        duplex_per_second: duplex.per_second,
        message_cpu_micros: duplex.cpu_micros,
        sign_micros: bare.map(|(sign, _)| sign),
        verify_micros: bare.map(|(_, verify)| verify),
        signature_is_whole: whole.is_some(),
    })
}

/// How a run fared.
struct Ran {
    summary: RunSummary,
    seconds: f64,
    resident: Option<u64>,
}

impl Ran {
    /// Exchanges on the wire per second, one request and its answer each, as the ceilings count them.
    fn exchanges_per_second(&self) -> f64 {
        self.summary.requests as f64 / self.seconds
    }
}

async fn bars(
    plant: &dyn Plant,
    options: BenchOptions,
    ceilings: &Ceilings,
    scratch: &Path,
) -> Vec<Bar> {
    let shape = |socket, signed| Shape {
        socket,
        signed,
        cells: options.cells,
        cases: options.cases,
    };
    let dir = |name: &str| Keep::New(scratch.join(name));
    let per_second = |ran: &Result<Ran, String>| ran.as_ref().ok().map(Ran::exchanges_per_second);
    let why = |ran: &Result<Ran, String>| ran.as_ref().err().cloned().unwrap_or_default();

    let socket = measure(plant, shape(true, false), dir("socket")).await;
    let duplex = measure(plant, shape(false, false), dir("duplex")).await;
    let signed = measure(plant, shape(false, true), dir("signed")).await;
    let silent = measure(plant, shape(false, false), Keep::Nothing).await;
    let mut bars = vec![
        Bar::ratio(
            "socket_unsigned",
            "exchanges/s of the whole runner over the socket, as a share of the bare exchange",
            per_second(&socket),
            Some(ceilings.socket_per_second),
            Wanted::AtLeast,
            0.60,
        )
        .because(why(&socket)),
        Bar::ratio(
            "duplex_unsigned",
            "exchanges/s of the whole runner in-process, as a share of the bare exchange",
            per_second(&duplex),
            Some(ceilings.duplex_per_second),
            Wanted::AtLeast,
            0.55,
        )
        .because(why(&duplex)),
        Bar::ratio(
            "signed_p256",
            "signed exchanges/s in-process, as a share of cores ÷ (message CPU + sign + verify)",
            per_second(&signed),
            ceilings.signed_per_second(),
            Wanted::AtLeast,
            0.70,
        )
        .because(why(&signed)),
        Bar::fixed(
            "recording",
            "share of throughput that recording costs",
            match (per_second(&duplex), per_second(&silent)) {
                (Some(with), Some(without)) if without > 0.0 => {
                    Some((1.0 - with / without).max(0.0))
                }
                _ => None,
            },
            Wanted::AtMost,
            0.10,
        )
        .because(why(&silent)),
    ];
    bars.push(enrollments(plant, options).await);
    bars.push(memory(plant, options, false).await);
    bars.push(memory(plant, options, true).await);
    bars.push(load(plant));
    bars.push(plan(plant));
    bars.extend(scale(plant, options, scratch).await);
    bars
}

async fn enrollments(plant: &dyn Plant, options: BenchOptions) -> Bar {
    let start = Instant::now();
    let held = plant.hold(options.devices, false).await;
    let seconds = start.elapsed().as_secs_f64();
    let value = held
        .is_some()
        .then(|| options.devices as f64 / seconds.max(f64::MIN_POSITIVE));
    Bar::fixed(
        "enrollments",
        "enrollments/s with pre-issued P-256 identities",
        value,
        Wanted::AtLeast,
        1_000.0,
    )
    .because("the devices could not be made")
}

async fn memory(plant: &dyn Plant, options: BenchOptions, connected: bool) -> Bar {
    let (name, what, bar) = if connected {
        (
            "memory_connected",
            "bytes per connected device",
            24.0 * 1024.0,
        )
    } else {
        ("memory_idle", "bytes per idle device", 3.0 * 1024.0)
    };
    // The first batch fills caches and pools that all devices share.
    drop(plant.hold(options.devices / 10 + 1, connected).await);
    let before = machine::resident();
    let held = plant.hold(options.devices, connected).await;
    let after = machine::resident();
    let value = match (before, after, &held) {
        (Some(before), Some(after), Some(_)) => {
            Some(after.saturating_sub(before) as f64 / options.devices.max(1) as f64)
        }
        _ => None,
    };
    drop(held);
    Bar::fixed(name, what, value, Wanted::AtMost, bar)
        .because("the system does not tell this process's memory, or the devices could not be made")
}

fn load(plant: &dyn Plant) -> Bar {
    let start = Instant::now();
    let value = plant
        .load()
        .then(|| start.elapsed().as_secs_f64() * 1_000.0);
    Bar::fixed(
        "start_up",
        "milliseconds to load and lint all data",
        value,
        Wanted::AtMost,
        300.0,
    )
    .because("the data has errors")
}

fn plan(plant: &dyn Plant) -> Bar {
    let start = Instant::now();
    let cases = plant.plan_a_million();
    let seconds = start.elapsed().as_secs_f64();
    let value = cases
        .filter(|cases| *cases > 0)
        .map(|cases| seconds * 1e6 / cases as f64);
    Bar::fixed(
        "plan",
        "seconds to plan a million cases",
        value,
        Wanted::AtMost,
        1.0,
    )
    .because("nothing was planned")
}

/// Time must grow with the cells, and memory must not.
async fn scale(plant: &dyn Plant, options: BenchOptions, scratch: &Path) -> [Bar; 2] {
    let (small, large) = options.scale;
    let shape = |cells| Shape {
        socket: false,
        signed: false,
        cells,
        cases: 1,
    };
    let first = measure(plant, shape(small), Keep::New(scratch.join("small"))).await;
    let second = measure(plant, shape(large), Keep::New(scratch.join("large"))).await;
    let growth = large as f64 / small.max(1) as f64;
    let (time, memory) = match (&first, &second) {
        (Ok(first), Ok(second)) => (
            Some(second.seconds / first.seconds / growth),
            match (first.resident, second.resident) {
                (Some(before), Some(after)) if before > 0 => Some(after as f64 / before as f64),
                _ => None,
            },
        ),
        _ => (None, None),
    };
    let why = first.err().or(second.err()).unwrap_or_default();
    [
        Bar::fixed(
            "linear_time",
            "growth of time over growth of cells",
            time,
            Wanted::AtMost,
            1.2,
        )
        .because(why.clone()),
        Bar::fixed(
            "flat_memory",
            "growth of memory while cells grow tenfold",
            memory,
            Wanted::AtMost,
            1.5,
        )
        .because(why),
    ]
}

async fn measure(plant: &dyn Plant, shape: Shape, keep: Keep) -> Result<Ran, String> {
    let mut inputs = plant
        .inputs(shape)
        .await
        .ok_or_else(|| "a run of this shape can not be made".to_owned())?;
    inputs.keep = keep;
    let start = Instant::now();
    let summary = runner::run(inputs, &mut NoSink)
        .await
        .map_err(|error| error.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    if summary.blocked > 0 || summary.bugs > 0 {
        // A run that did not do its work is quick and says nothing.
        return Err(format!(
            "{} cases ended blocked and {} in bugs",
            summary.blocked, summary.bugs
        ));
    }
    Ok(Ran {
        summary,
        seconds,
        resident: machine::resident(),
    })
}
