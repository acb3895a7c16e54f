//! `server check`: tries a described server, and names the first line that does not fit.

use harness::server::ServerError;
use harness::server::console::check::{Checked, check};
use serde::Serialize;

use super::under_test::{self, ConsoleOverrides};
use crate::cli::ServerCheckArgs;
use crate::data::Data;
use crate::exit::{Exit, Outcome, Stop};
use crate::lang::Lang;
use crate::terminal::Terminal;
use crate::workspace::Workspace;

#[derive(Debug, Serialize)]
struct ExchangeJson<'a> {
    call: &'a str,
    place: &'a str,
    request: &'a str,
    answer: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct TriedJson<'a> {
    what: &'a str,
    ok: bool,
    reason: Option<&'a str>,
    error: Option<String>,
    exchanges: Vec<ExchangeJson<'a>>,
}

#[derive(Debug, Serialize)]
struct CheckJson<'a> {
    schema_version: u32,
    server: &'a str,
    ok: bool,
    tried: Vec<TriedJson<'a>>,
    not_tried: &'a [String],
}

/// Tries each call once. Nothing is sent that would reach a device.
pub(crate) fn run(arguments: &ServerCheckArgs, workspace: &Workspace, lang: Lang) -> Outcome {
    let color = Terminal::detect(|name| std::env::var(name).ok()).color;
    let data = Data::load_or_stop(workspace, color)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::new(Exit::Bug, format!("no runtime: {error}")))?;
    let given = ConsoleOverrides {
        url: arguments.url.clone(),
        ..ConsoleOverrides::default()
    };
    let checked = runtime.block_on(async {
        let server = under_test::console(&arguments.name, &data, &workspace.root, given)?;
        Ok::<_, Stop>(check(&server, arguments.device.as_deref()).await)
    })?;
    if arguments.json {
        super::print_json(&published(&arguments.name, &checked))?;
    } else {
        show(&checked, lang);
    }
    let error = checked.tried.iter().find_map(|tried| tried.error.as_ref());
    Ok(match error {
        None => Exit::Yes,
        Some(ServerError::Unreachable { .. } | ServerError::Timeout { .. }) => Exit::Unavailable,
        Some(_) => Exit::No,
    })
}

fn published<'a>(server: &'a str, checked: &'a Checked) -> CheckJson<'a> {
    CheckJson {
        schema_version: 1,
        server,
        ok: checked.tried.iter().all(|tried| tried.error.is_none()),
        tried: checked
            .tried
            .iter()
            .map(|tried| TriedJson {
                what: tried.what,
                ok: tried.error.is_none(),
                reason: tried.error.as_ref().map(ServerError::reason),
                error: tried.error.as_ref().map(ToString::to_string),
                exchanges: tried
                    .traces
                    .iter()
                    .map(|trace| ExchangeJson {
                        call: &trace.label,
                        place: &trace.place,
                        request: &trace.request,
                        answer: trace.answer.as_deref(),
                    })
                    .collect(),
            })
            .collect(),
        not_tried: &checked.left,
    }
}

fn show(checked: &Checked, lang: Lang) {
    for tried in &checked.tried {
        for trace in &tried.traces {
            println!("[{}] {}", trace.label, trace.place);
            for line in trace.request.lines() {
                println!("  > {line}");
            }
            let answer = trace.answer.as_deref();
            println!(
                "  < {}",
                answer.unwrap_or(lang.pick("（応答なし）", "(no answer)"))
            );
        }
        match &tried.error {
            None => println!("{}: {}", tried.what, lang.pick("適合", "fits")),
            Some(error) => println!(
                "{}: {}: {error}",
                tried.what,
                lang.pick("不適合", "does not fit")
            ),
        }
    }
    if !checked.left.is_empty() {
        println!(
            "{} {}",
            lang.pick(
                "送信していない呼出し（端末に届くもの、または端末の指定が必要なもの）:",
                "not tried, because it would reach a device or needs one:"
            ),
            checked.left.join(", ")
        );
    }
}
