//! `bench`: the machine's ceilings, and the harness against them.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_matrix::cell::{Arrival, Cell, Role};
use device_matrix::model::{DeviceModel, ModelId};
use harness::bench::plant::{PlanMany, ReferencePlant, TIMEOUT};
use harness::bench::report::Wanted;
use harness::bench::{self, Bar, BenchOptions, BenchReport, Planned};
use harness::runner::VirtualDevices;
use jiff::civil::{Date, date};
use scenarios::plan::{self, Filters};

use super::target::Asked;
use super::under_test;
use crate::cli::{BenchArgs, TierWord};
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::workspace::Workspace;

/// The date on which the bench looks at the catalogue, so that it measures the same cells on every day.
const AS_OF: Date = date(2025, 1, 1);
/// Cases that a large plan has at least.
const MANY: usize = 1_000_000;

/// Measures and shows; figures are ratios in one run and never decide an exit code.
pub(crate) fn run(arguments: &BenchArgs, workspace: &Workspace, data: Data, lang: Lang) -> Outcome {
    let options = BenchOptions {
        sample: Duration::from_secs_f64(arguments.seconds.clamp(0.1, 60.0)),
        ..BenchOptions::USUAL
    };
    // Records are written where those of a run are: in the workspace, not in a file system in memory.
    let target = workspace.root.join("target");
    let scratch = target.join(format!("bench-{}", std::process::id()));
    fs::create_dir_all(&scratch).map_err(|error| Stop::io(&scratch, &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let plant = plant(workspace.clone(), data)?;
    let report = runtime.block_on(bench::run(Some(&plant), options, &scratch));
    fs::remove_dir_all(&scratch).map_err(|error| Stop::io(&scratch, &error))?;
    let report = report.map_err(|error| Stop::io(&scratch, &error))?;
    if arguments.json {
        super::print_json(&report)?;
    } else {
        print(&report, lang);
    }
    Ok(Exit::Yes)
}

fn plant(workspace: Workspace, data: Data) -> Result<ReferencePlant, Stop> {
    let cell = cells(
        &data,
        "ios18.1",
        &["iPhone17,2".to_owned()],
        &["ade".to_owned()],
    )?
    .into_iter()
    .find(|cell| cell.role == Role::Subject && cell.arrival == Arrival::Fresh)
    .ok_or_else(|| Stop::new(Exit::BadData, "no cell ios18.1/iPhone17,2/ade/fresh"))?;
    let many = cells(&data, "ios18", &[], &[])?;
    Ok(ReferencePlant {
        cell,
        facts: Arc::clone(&data.facts),
        devices: VirtualDevices::new(Arc::default(), TIMEOUT),
        server: under_test::reference_config(crate::clock::as_of(None))?,
        load: Box::new(move || matches!(Data::load(&workspace), Ok(Ok(_)))),
        plan: plan_many(data, many),
    })
}

fn cells(
    data: &Data,
    target: &str,
    models: &[String],
    enrollments: &[String],
) -> Result<Vec<Arc<Cell>>, Stop> {
    let asked = Asked {
        target: Some(target),
        tier: TierWord::Full,
        models,
        enrollments,
        as_of: AS_OF,
    };
    Ok(asked.expand(&data.catalog)?.1.cells)
}

/// Plans the full matrix of a generation, for as many times its models as a million cases need. Making the cells is
/// not part of the figure: it is what the matrix does.
fn plan_many(data: Data, cells: Vec<Arc<Cell>>) -> PlanMany {
    Box::new(move || {
        let build = |cells: &[Arc<Cell>]| {
            let (suite, facts) = (&data.suite, &data.facts);
            plan::build(
                "bench",
                cells,
                Vec::new(),
                suite,
                facts,
                &Filters::default(),
            )
        };
        let once = build(&cells).cases.len();
        let times = MANY.checked_div(once)? + 1;
        let many: Vec<Arc<Cell>> = (0..times)
            .flat_map(|time| cells.iter().map(move |cell| copy(cell, time)))
            .collect();
        let start = Instant::now();
        let planned = build(&many);
        Some(Planned {
            took: start.elapsed(),
            cases: planned.cases.len(),
        })
    })
}

/// The cell on a model of another name.
fn copy(cell: &Cell, time: usize) -> Arc<Cell> {
    let mut copy = cell.clone();
    copy.model = Arc::new(DeviceModel {
        id: ModelId(format!("{}-{time}", cell.model.id)),
        ..DeviceModel::clone(&cell.model)
    });
    Arc::new(copy)
}

/// How a figure is shown.
#[derive(Clone, Copy)]
enum Unit {
    PerSecond,
    Share,
    Bytes,
    Milliseconds,
    Seconds,
    Times,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond => format!("{value:.0}/s"),
            Self::Share => format!("{:.1} %", value * 100.0),
            Self::Bytes => format!("{value:.0} B"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Seconds => format!("{value:.2} s"),
            Self::Times => format!("× {value:.2}"),
        }
    }
}

/// Names for people by the stable name of a bar.
const BARS: [(&str, Unit, &str, &str); 11] = [
    (
        "socket_unsigned",
        Unit::PerSecond,
        "署名なし・ソケット",
        "unsigned, socket",
    ),
    (
        "duplex_unsigned",
        Unit::PerSecond,
        "署名なし・プロセス内",
        "unsigned, in-process",
    ),
    (
        "signed_p256",
        Unit::PerSecond,
        "P-256署名・プロセス内",
        "P-256-signed, in-process",
    ),
    (
        "recording",
        Unit::Share,
        "記録のコスト",
        "cost of recording",
    ),
    ("enrollments", Unit::PerSecond, "登録", "enrollments"),
    (
        "memory_idle",
        Unit::Bytes,
        "待機中デバイスのメモリー",
        "memory per idle device",
    ),
    (
        "memory_connected",
        Unit::Bytes,
        "接続中デバイスのメモリー",
        "memory per connected device",
    ),
    (
        "start_up",
        Unit::Milliseconds,
        "全データの読込みと検査",
        "loading and linting all data",
    ),
    (
        "plan",
        Unit::Seconds,
        "100万ケースの計画",
        "planning a million cases",
    ),
    (
        "linear_time",
        Unit::Times,
        "セル10倍での時間の伸び(対セル)",
        "growth of time over growth of cells",
    ),
    (
        "flat_memory",
        Unit::Times,
        "セル10倍でのメモリーの伸び",
        "growth of memory with ten times the cells",
    ),
];

fn print(report: &BenchReport, lang: Lang) {
    println!("{}", ceilings(report, lang));
    let head = match lang {
        Lang::Ja => ["項目", "実測", "上限", "比", "基準", "", "注"],
        Lang::En => ["figure", "measured", "ceiling", "ratio", "bar", "", "note"],
    };
    let mut table = super::table(&head);
    for bar in &report.bars {
        table.add_row(row(bar, lang));
    }
    println!("{table}");
    println!(
        "{}",
        lang.pick(
            "比は同じ回の上限に対するもので、数値は終了コードに影響しません。",
            "ratios are to ceilings of the same run; no figure decides the exit code",
        )
    );
}

fn ceilings(report: &BenchReport, lang: Lang) -> String {
    let ceilings = &report.ceilings;
    let micros =
        |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.1} µs"));
    format!(
        "{} {} · {} {:.0}/s · {} {:.0}/s · {} {:.0}/s, {} · {} {} · {} {}",
        lang.pick("コア", "cores"),
        ceilings.cores,
        lang.pick("HTTPエコー", "HTTP echo"),
        ceilings.echo_per_second,
        lang.pick("素のやり取り・ソケット", "bare exchange, socket"),
        ceilings.socket_per_second,
        lang.pick("プロセス内", "in-process"),
        ceilings.duplex_per_second,
        micros(ceilings.message_cpu_micros),
        lang.pick("署名", "sign"),
        micros(ceilings.sign_micros),
        lang.pick("検証", "verify"),
        micros(ceilings.verify_micros),
    )
}

fn row(bar: &Bar, lang: Lang) -> [String; 7] {
    let known = BARS.iter().find(|(name, ..)| *name == bar.name);
    let (unit, name) = known.map_or((Unit::Times, bar.name.as_str()), |(_, unit, ja, en)| {
        (*unit, lang.pick(ja, en))
    });
    let dash = || "–".to_owned();
    let relation = match bar.wanted {
        Wanted::AtLeast => "≥",
        Wanted::AtMost => "≤",
    };
    // A ratio is compared as a share; a figure without a ceiling in its own unit.
    let of = if bar.ceiling.is_some() {
        Unit::Share
    } else {
        unit
    };
    let ratio = bar.ratio.filter(|_| bar.ceiling.is_some());
    [
        name.to_owned(),
        bar.value.map_or_else(dash, |value| unit.show(value)),
        bar.ceiling.map_or_else(dash, |value| unit.show(value)),
        ratio.map_or_else(dash, |ratio| Unit::Share.show(ratio)),
        format!("{relation} {}", of.show(bar.bar)),
        match bar.met {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        }
        .to_owned(),
        bar.note.clone().unwrap_or_default(),
    ]
}
