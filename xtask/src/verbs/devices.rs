//! `devices`: many virtual devices, enrolled and answering.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use device_matrix::cell::Role;
use harness::crowd::{self, CrowdFigures, CrowdOptions};
use harness::enroll::{Ask, Secret};
use harness::push_listener::PushListener;
use harness::runner::DeviceOrder;
use harness::step::ids;
use serde::Serialize;

use super::target::Asked;
use super::under_test::{self, pem};
use super::verify::{cores, interrupted};
use crate::cli::{DevicesArgs, TierWord};
use crate::clock;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;

/// RSA keys that a crowd shares at most.
const KEYS: usize = 16;

/// The published figures.
#[derive(Serialize)]
struct Published<'a> {
    schema_version: u32,
    target: &'a str,
    figures: &'a CrowdFigures,
}

/// Keeps devices.
pub(crate) fn run(arguments: &DevicesArgs, data: &Data, lang: Lang, terminal: Terminal) -> Outcome {
    let orders = orders(arguments, data)?;
    let trusted: Vec<String> = arguments
        .tls_ca
        .iter()
        .map(|path| pem(path))
        .collect::<Result<_, _>>()?;
    let keys = KEYS.min(orders.len());
    let mut invitation = under_test::profile_invitation(&arguments.enroll, &trusted, keys)?;
    invitation.token = arguments.enroll_token.clone().map(Secret::new);
    if arguments.enroll_download {
        invitation.ask = Ask::Download;
    }
    let stay = match (arguments.stay, arguments.serve) {
        (Some(seconds), _) => Some(Duration::from_secs(seconds)),
        // As long as anybody wants: ten years.
        (None, true) => Some(Duration::from_hours(10 * 365 * 24)),
        (None, false) => None,
    };
    let options = CrowdOptions {
        rate: arguments.rate,
        side_by_side: cores() * 32,
        stay,
        tell_every: Duration::from_millis(if terminal.watched { 250 } else { 5_000 }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let figures = runtime.block_on(async {
        let _push = match arguments.push_listen {
            None => None,
            Some(address) => Some(
                PushListener::start(address, invitation.push.clone())
                    .await
                    .map_err(|error| Stop::usage(error.to_string()))?,
            ),
        };
        let devices = Arc::new(under_test::devices());
        let tell = |figures: &CrowdFigures| {
            let line = line(figures, lang);
            if terminal.watched {
                eprint!("\r\u{1b}[K{line}");
            } else {
                eprintln!("{line}");
            }
        };
        let cancel = interrupted();
        let figures =
            crowd::keep(orders, devices, Arc::new(invitation), options, cancel, tell).await;
        Ok::<_, Stop>(figures)
    })?;
    if terminal.watched {
        eprintln!();
    }
    if arguments.json {
        super::print_json(&Published {
            schema_version: 1,
            target: &arguments.target,
            figures: &figures,
        })?;
    } else {
        println!("{}", summary(&figures, lang));
    }
    Ok(if figures.enrolled == 0 {
        Exit::Unavailable
    } else if figures.not_enrolled > 0 || !figures.errors.is_empty() {
        Exit::No
    } else {
        Exit::Yes
    })
}

/// Devices over the cells of the target, in turn.
fn orders(arguments: &DevicesArgs, data: &Data) -> Result<Vec<DeviceOrder>, Stop> {
    let asked = Asked {
        target: Some(&arguments.target),
        tier: TierWord::Pairwise,
        models: &arguments.model,
        enrollments: &arguments.enrollment,
        as_of: clock::as_of(None),
    };
    let (_, matrix) = asked.expand(&data.catalog)?;
    let cells: Vec<_> = matrix
        .cells
        .iter()
        .filter(|cell| cell.role == Role::Subject)
        .collect();
    if cells.is_empty() {
        return Err(Stop::usage(format!(
            "no device runs {} in this way; `cargo xtask matrix {}` shows what there is",
            arguments.target, arguments.target
        )));
    }
    let seed = arguments.seed;
    Ok((0..arguments.count)
        .zip(cells.iter().cycle())
        .map(|(number, cell)| DeviceOrder {
            cell: Arc::clone(cell),
            release: Arc::clone(&cell.release),
            seed: ids::derive(seed, &["devices", &number.to_string()]),
            facts: Arc::clone(&data.facts),
        })
        .collect())
}

fn line(figures: &CrowdFigures, lang: Lang) -> String {
    let errors: u64 = figures.errors.values().sum();
    let (enrolled, devices) = (figures.enrolled, figures.devices);
    let (polls, commands) = (figures.polls_per_second, figures.commands_per_second);
    let (p50, p99) = (figures.session_ms.p50, figures.session_ms.p99);
    match lang {
        Lang::Ja => format!(
            "登録 {enrolled}/{devices} · ポーリング {polls:.1}/秒 · コマンド {commands:.1}/秒 · 所要 p50 {p50:.1} ms p99 {p99:.1} ms · エラー {errors}"
        ),
        Lang::En => format!(
            "enrolled {enrolled}/{devices} · {polls:.1} polls/s · {commands:.1} commands/s · session p50 {p50:.1} ms p99 {p99:.1} ms · errors {errors}"
        ),
    }
}

fn summary(figures: &CrowdFigures, lang: Lang) -> String {
    let mut text = line(figures, lang);
    let seconds = figures.enrolled_after_seconds;
    // Writing to a string can not fail.
    let _ = match lang {
        Lang::Ja => write!(text, "\n全台の登録まで {seconds:.1} 秒"),
        Lang::En => write!(text, "\nenrolled after {seconds:.1} s"),
    };
    for (kind, count) in &figures.errors {
        let sentence = figures.sentences.get(kind).map_or("", String::as_str);
        let _ = write!(text, "\n{kind}: {count}\n  {sentence}");
    }
    text
}
