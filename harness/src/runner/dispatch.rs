//! The dispatcher: starts executors, counts, records, and is the only one who calls the sink.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scenarios::event::Event;
use tokio::sync::mpsc;
use tokio::task::{Id, JoinSet};

use super::cell::Executor;
use super::desk::{Desk, Writer};
use super::head::{derive_id, started};
use super::health::Health;
use super::input::{Keep, RunError, RunInputs, RunSummary, Sink};
use super::queue::Queue;
use super::resume::Earlier;
use super::work::{CellWork, Report, Shared};
use crate::record::writer::RecordWriter;

/// Reports between executors and dispatcher, and batches between dispatcher and writer, that may wait.
pub(super) const QUEUE: usize = 256;

/// Runs the plan. Ends with a record whatever happens to server and devices; an error means that the record itself
/// could not be kept.
pub async fn run(inputs: RunInputs, sink: &mut dyn Sink) -> Result<RunSummary, RunError> {
    let capabilities = inputs.server.capabilities();
    let id = derive_id(&inputs, &capabilities);
    let (writer, earlier) = open(&inputs.keep, &id)?;
    let messages = earlier.messages;
    let queue = Queue::new(earlier);
    let open_cases = queue.open(&inputs);
    let first = if matches!(inputs.keep, Keep::Resume(_)) {
        Event::Resumed {
            cases_open: open_cases as u64,
        }
    } else {
        started(&inputs, &capabilities, &id)
    };
    let mut desk = Desk {
        sink,
        writer: writer.map(Writer::spawn),
        summary: RunSummary {
            run_id: id,
            cells: inputs.plan.cells.len() as u64,
            cells_enrolled: 0,
            cases: inputs.plan.cases.len() as u64,
            cases_done: (inputs.plan.cases.len() - open_cases) as u64,
            blocked: 0,
            bugs: 0,
            messages,
            requests: 0,
            interrupted: false,
            server_gone: None,
        },
    };
    desk.record(Vec::new(), vec![first]).await?;

    let shared = Arc::new(Shared {
        capabilities,
        health: Health::default(),
        inputs,
    });
    {
        let inputs = &shared.inputs;
        let limit = inputs.options.limits.server;
        shared
            .health
            .look(inputs.server.as_ref(), limit, &inputs.cancel)
            .await;
    }
    let drained = drive(&shared, queue, &mut desk).await;
    if drained.is_ok() {
        let cancelled = shared.inputs.cancel.is_cancelled();
        desk.summary.interrupted = cancelled && desk.summary.cases_done < desk.summary.cases;
        desk.summary.server_gone = shared.health.gone_words();
        let last = if desk.summary.interrupted {
            Event::Interrupted {
                cases_done: desk.summary.cases_done,
            }
        } else {
            Event::RunFinished {
                cases_done: desk.summary.cases_done,
                messages: desk.summary.messages,
            }
        };
        desk.record(Vec::new(), vec![last]).await?;
    }
    let closed = desk.close().await;
    drained.and(closed)
}

/// Keeps as many executors going as there are jobs, and handles their reports.
async fn drive(
    shared: &Arc<Shared>,
    mut queue: Queue,
    desk: &mut Desk<'_>,
) -> Result<(), RunError> {
    let (reports, mut incoming) = mpsc::channel::<Report>(QUEUE);
    let mut running: JoinSet<()> = JoinSet::new();
    let mut in_flight: HashMap<Id, CellWork> = HashMap::new();
    let mut done: HashSet<usize> = HashSet::new();
    let jobs = shared.inputs.options.jobs.max(1);
    loop {
        while running.len() < jobs && !shared.inputs.cancel.is_cancelled() {
            let Some(work) = queue.pop(&shared.inputs) else {
                break;
            };
            let shared = Arc::clone(shared);
            if let Some(executor) = Executor::new(shared, work.index, reports.clone()) {
                let handle = running.spawn(executor.run(work.clone()));
                in_flight.insert(handle.id(), work);
            }
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some(report) = incoming.recv() => desk.report(report, &mut done).await?,
            Some(joined) = running.join_next_with_id() => {
                // What an executor sent before it ended comes first.
                while let Ok(report) = incoming.try_recv() {
                    desk.report(report, &mut done).await?;
                }
                match joined {
                    Ok((id, ())) => {
                        forget(&mut in_flight, id, &mut done);
                    }
                    Err(error) => {
                        let cause = error.to_string();
                        if let Some(work) = in_flight.remove(&error.id()) {
                            desk.bug(shared, &work, &cause, &mut done).await?;
                        }
                    }
                }
            }
        }
    }
    while let Ok(report) = incoming.try_recv() {
        desk.report(report, &mut done).await?;
    }
    Ok(())
}

fn forget(in_flight: &mut HashMap<Id, CellWork>, id: Id, done: &mut HashSet<usize>) {
    if let Some(work) = in_flight.remove(&id) {
        for case in work.cases {
            done.remove(&case.index);
        }
    }
}

fn open(keep: &Keep, id: &str) -> Result<(Option<RecordWriter>, Earlier), RunError> {
    Ok(match keep {
        Keep::Nothing => (None, Earlier::default()),
        Keep::New(dir) => (Some(RecordWriter::create(dir)?), Earlier::default()),
        Keep::Resume(dir) => {
            let earlier = Earlier::read(dir, id)?;
            (Some(RecordWriter::resume(dir)?), earlier)
        }
    })
}
