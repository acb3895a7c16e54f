//! The whole runner against the ceilings.

use std::any::Any;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::crypto;
use super::echo;
use super::exchange::{self, Exchange, device_information};
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
    /// Options for a person who waits about a minute. A run of fewer cells is over in a fraction of a second, and then
    /// measures its beginning and its end.
    pub const USUAL: Self = Self {
        sample: Duration::from_secs(2),
        connections: 32,
        cells: 256,
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

/// How planning fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Cases planned.
    pub cases: usize,
    /// How long that took.
    pub took: Duration,
}

/// Makes what is measured: devices, the reference server, plans.
#[async_trait]
pub trait Plant: Send + Sync {
    /// Inputs of a run of this shape, with a server of its own; `None` when it can not be made.
    async fn inputs(&self, shape: Shape) -> Option<RunInputs>;

    /// Enrolls devices side by side with the server, with P-256 identities that were issued before the clock starts.
    async fn enroll(&self, devices: usize) -> Option<Duration>;

    /// Makes enrolled devices, with a connection kept open or not, without the memory of a server. They are held until
    /// the memory was read.
    async fn hold(&self, devices: usize, connected: bool) -> Option<Box<dyn Any + Send>>;

    /// Signs a body as a device does, with the envelope that travels.
    fn sign(&self, body: &[u8]) -> Option<Vec<u8>>;

    /// Verifies it as the server does.
    fn verify(&self, body: &[u8], signature: &[u8]) -> bool;

    /// Loads and lints all data; `false` when that failed.
    fn load(&self) -> bool;

    /// Plans at least a million cases.
    fn plan_a_million(&self) -> Option<Planned>;
}

/// Measures ceilings and the runner in turns, and compares their medians.
pub async fn run(
    plant: Option<&dyn Plant>,
    options: BenchOptions,
    scratch: &Path,
) -> io::Result<BenchReport> {
    let Some(plant) = plant else {
        let bare = [Bare::measure(options, options.sample).await?];
        return Ok(BenchReport {
            schema_version: SCHEMA_VERSION.to_owned(),
            ceilings: ceilings(&bare, None, options)?,
            bars: Vec::new(),
        });
    };
    // Memory comes first: what earlier work gave back to the allocator would be used again and not be seen.
    let memory = memory(plant, options).await;
    let scale = scale(plant, options, scratch).await;
    let mut machines = Vec::new();
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        machines.push(Bare::measure(options, options.sample / ROUNDS).await?);
        let scratch = scratch.join(format!("round-{round}"));
        rounds.push(Round::measure(plant, options, &scratch).await);
    }
    let ceilings = ceilings(&machines, Some(plant), options)?;
    let mut bars = throughput(&rounds, &ceilings);
    bars.push(enrollments(plant, options).await);
    bars.extend(memory);
    bars.push(load(plant));
    bars.push(plan(plant));
    bars.extend(scale);
    Ok(BenchReport {
        schema_version: SCHEMA_VERSION.to_owned(),
        ceilings,
        bars,
    })
}

/// Rounds of ceilings and runs in turns: a machine that slows down for a while slows both down.
const ROUNDS: u32 = 3;

fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// The bare exchanges of one round.
struct Bare {
    echo: f64,
    socket: Exchange,
    duplex: Exchange,
}

impl Bare {
    async fn measure(options: BenchOptions, sample: Duration) -> io::Result<Self> {
        Ok(Self {
            echo: echo::per_second(options.connections, sample).await?,
            socket: exchange::over_socket(options.connections, sample).await?,
            duplex: exchange::over_duplex(options.connections, sample).await?,
        })
    }
}

fn ceilings(
    bare: &[Bare],
    plant: Option<&dyn Plant>,
    options: BenchOptions,
) -> io::Result<Ceilings> {
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
    let crypto = whole.or_else(|| crypto::p256(&body, batch));
    let typical = |pick: fn(&Bare) -> f64| median(bare.iter().map(pick)).unwrap_or(0.0);
    Ok(Ceilings {
        cores: machine::cores(),
        echo_per_second: typical(|bare| bare.echo),
        socket_per_second: typical(|bare| bare.socket.per_second),
        duplex_per_second: typical(|bare| bare.duplex.per_second),
        message_cpu_micros: median(bare.iter().filter_map(|bare| bare.duplex.cpu_micros)),
        sign_micros: crypto.map(|(sign, _)| sign),
        verify_micros: crypto.map(|(_, verify)| verify),
        signature_is_whole: whole.is_some(),
    })
}

/// How a run fared.
struct Ran {
    summary: RunSummary,
    seconds: f64,
    /// The most resident memory during the run, in bytes.
    peak: Option<u64>,
}

impl Ran {
    /// Exchanges on the wire per second, one request and its answer each, as the ceilings count them.
    fn exchanges_per_second(&self) -> f64 {
        self.summary.requests as f64 / self.seconds
    }
}

/// The runs of one round.
struct Round {
    socket: Result<Ran, String>,
    duplex: Result<Ran, String>,
    signed: Result<Ran, String>,
    silent: Result<Ran, String>,
}

impl Round {
    async fn measure(plant: &dyn Plant, options: BenchOptions, scratch: &Path) -> Self {
        let shape = |socket, signed| Shape {
            socket,
            signed,
            cells: options.cells,
            cases: options.cases,
        };
        let keep = |name: &str| Keep::New(scratch.join(name));
        Self {
            socket: measure(plant, shape(true, false), keep("socket")).await,
            duplex: measure(plant, shape(false, false), keep("duplex")).await,
            signed: measure(plant, shape(false, true), keep("signed")).await,
            silent: measure(plant, shape(false, false), Keep::Nothing).await,
        }
    }
}

type Run = fn(&Round) -> &Result<Ran, String>;

/// Exchanges per second, typical of the rounds that could be run.
fn rate(rounds: &[Round], run: Run) -> Option<f64> {
    let ran = rounds.iter().filter_map(|round| run(round).as_ref().ok());
    median(ran.map(Ran::exchanges_per_second))
}

fn why(rounds: &[Round], run: Run) -> String {
    let failed = rounds
        .iter()
        .find_map(|round| run(round).as_ref().err().cloned());
    failed.unwrap_or_default()
}

fn throughput(rounds: &[Round], ceilings: &Ceilings) -> Vec<Bar> {
    const HALF: &str = "every other exchange of a run is a poll with a short body; the bare exchange carries a long one \
                        each time";
    let cost = rounds.iter().filter_map(|round| {
        let (with, without) = (round.duplex.as_ref().ok()?, round.silent.as_ref().ok()?);
        let rate = without.exchanges_per_second();
        (rate > 0.0).then(|| 1.0 - with.exchanges_per_second() / rate)
    });
    vec![
        Bar::ratio(
            "socket_unsigned",
            "exchanges/s of the whole runner over the socket, as a share of the bare exchange",
            rate(rounds, |round| &round.socket),
            Some(ceilings.socket_per_second),
            Wanted::AtLeast,
            0.60,
        )
        .noted(HALF)
        .because(why(rounds, |round| &round.socket)),
        Bar::ratio(
            "duplex_unsigned",
            "exchanges/s of the whole runner in-process, as a share of the bare exchange",
            rate(rounds, |round| &round.duplex),
            Some(ceilings.duplex_per_second),
            Wanted::AtLeast,
            0.55,
        )
        .noted(HALF)
        .because(why(rounds, |round| &round.duplex)),
        Bar::ratio(
            "signed_p256",
            "signed exchanges/s in-process, as a share of cores ÷ (message CPU + sign + verify)",
            rate(rounds, |round| &round.signed),
            ceilings.signed_per_second(),
            Wanted::AtLeast,
            0.70,
        )
        .because(why(rounds, |round| &round.signed)),
        Bar::fixed(
            "recording",
            "share of throughput that recording costs",
            median(cost).map(|cost| cost.max(0.0)),
            Wanted::AtMost,
            0.10,
        )
        .because(why(rounds, |round| &round.silent)),
    ]
}

async fn enrollments(plant: &dyn Plant, options: BenchOptions) -> Bar {
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        took.extend(plant.enroll(options.devices).await);
    }
    let value = median(took.iter().map(Duration::as_secs_f64))
        .map(|seconds| options.devices as f64 / seconds.max(f64::MIN_POSITIVE));
    Bar::fixed(
        "enrollments",
        "enrollments/s with pre-issued P-256 identities",
        value,
        Wanted::AtLeast,
        1_000.0,
    )
    .because("the devices could not be made")
}

/// So many times more devices are idle than connected: they are so small that half-filled pages would show.
const IDLE: usize = 4;

async fn memory(plant: &dyn Plant, options: BenchOptions) -> [Bar; 2] {
    const WHY: &str =
        "the system does not tell this process's memory, or the devices could not be made";
    // The first batch fills caches and pools that all devices share.
    let first = plant.hold(options.devices / 10 + 1, true).await;
    let bytes = |before: Option<u64>, after: Option<u64>, devices: usize| {
        Some(after?.saturating_sub(before?) as f64 / devices.max(1) as f64)
    };
    let many = options.devices * IDLE;
    let start = machine::resident();
    let idle = plant.hold(many, false).await;
    let between = machine::resident();
    // What was made before stays, so that no memory is used again.
    let connected = plant.hold(options.devices, true).await;
    let end = machine::resident();
    drop(first);
    let of = |held: bool, bytes: Option<f64>| bytes.filter(|_| held);
    [
        Bar::fixed(
            "memory_idle",
            "bytes per idle device, its own identity included, without the server's",
            of(idle.is_some(), bytes(start, between, many)),
            Wanted::AtMost,
            3.0 * 1024.0,
        )
        .because(WHY),
        Bar::fixed(
            "memory_connected",
            "bytes per connected device, its own identity included, without the server's",
            of(connected.is_some(), bytes(between, end, options.devices)),
            Wanted::AtMost,
            24.0 * 1024.0,
        )
        .because(WHY),
    ]
}

fn load(plant: &dyn Plant) -> Bar {
    let samples: Option<Vec<f64>> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let loaded = plant.load();
            loaded.then(|| start.elapsed().as_secs_f64() * 1_000.0)
        })
        .collect();
    Bar::fixed(
        "start_up",
        "milliseconds to load and lint all data",
        samples.and_then(median),
        Wanted::AtMost,
        300.0,
    )
    .because("the data has errors")
}

fn plan(plant: &dyn Plant) -> Bar {
    let planned = plant.plan_a_million().filter(|planned| planned.cases > 0);
    let value = planned.map(|planned| planned.took.as_secs_f64() * 1e6 / planned.cases as f64);
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
            match (first.peak, second.peak) {
                (Some(before), Some(after)) if before > 0 => Some(after as f64 / before as f64),
                _ => None,
            },
        ),
        _ => (None, None),
    };
    let megabytes = |ran: &Result<Ran, String>| {
        let peak = ran.as_ref().ok().and_then(|ran| ran.peak);
        peak.unwrap_or(0) / (1024 * 1024)
    };
    let peaks = format!(
        "at most {} MB resident with {small} cells, {} MB with {large}; the plan, the facts and the server's memory of \
         its enrollments are part of it",
        megabytes(&first),
        megabytes(&second)
    );
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
        .noted(peaks)
        .because(why),
    ]
}

async fn measure(plant: &dyn Plant, shape: Shape, keep: Keep) -> Result<Ran, String> {
    let mut inputs = plant
        .inputs(shape)
        .await
        .ok_or_else(|| "a run of this shape can not be made".to_owned())?;
    inputs.keep = keep;
    let watch = machine::Watch::start();
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
        peak: watch.peak(),
    })
}
