//! The dispatcher: starts executors, counts, records, and is the only one who calls the sink.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use device_matrix::cell::{Arrival, Cell, Role};
use scenarios::event::{CellRecord, Ended, Event, SCHEMA_VERSION, SkipRecord, Transcript};
use scenarios::plan::{Check, Plan};
use tokio::sync::mpsc;
use tokio::task::{Id, JoinHandle, JoinSet};

use super::cell::{CaseWork, CellWork, Executor, Report, Shared};
use super::health::Health;
use super::input::{Keep, RunError, RunInputs, RunSummary, Sink};
use super::resume::Earlier;
use crate::record::evidence::Evidence;
use crate::record::id::{RunKey, run_id};
use crate::record::reader::RecordError;
use crate::record::writer::RecordWriter;
use crate::server::ServerCapabilities;

/// Reports between executors and dispatcher, and batches between dispatcher and writer, that may wait.
const QUEUE: usize = 256;

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

/// What the dispatcher owns: the counts, the sink, the way to the record.
struct Desk<'a> {
    sink: &'a mut dyn Sink,
    writer: Option<Writer>,
    summary: RunSummary,
}

impl Desk<'_> {
    async fn report(&mut self, report: Report, done: &mut HashSet<usize>) -> Result<(), RunError> {
        self.summary.messages += report.messages;
        self.summary.requests += report.requests;
        self.summary.cells_enrolled += u64::from(report.enrolled);
        if let Some((index, ended)) = &report.case {
            done.insert(*index);
            match ended {
                Ended::Completed => self.summary.cases_done += 1,
                Ended::Blocked { .. } => {
                    self.summary.cases_done += 1;
                    self.summary.blocked += 1;
                }
                Ended::Bug { .. } => {
                    self.summary.cases_done += 1;
                    self.summary.bugs += 1;
                }
                Ended::Interrupted => {}
            }
        }
        self.record(report.evidence, report.events).await
    }

    /// An executor fell over: its open cases end as bugs of the harness, not as answers about the release.
    async fn bug(
        &mut self,
        shared: &Shared,
        work: &CellWork,
        cause: &str,
        done: &mut HashSet<usize>,
    ) -> Result<(), RunError> {
        let cell = shared
            .inputs
            .plan
            .cells
            .get(work.index)
            .map_or_else(String::new, |cell| cell.id());
        let evidence = Evidence::of(&Transcript::default());
        for case in &work.cases {
            if done.remove(&case.index) {
                continue;
            }
            let ended = Ended::Bug {
                message: format!("the executor of the cell fell over: {cause}"),
            };
            let event = Event::CaseEnded {
                case: case.id.clone(),
                subject: case.subject.clone(),
                cell: cell.clone(),
                attempt: case.first_attempt,
                ended: ended.clone(),
                evidence: evidence.sha256.clone(),
            };
            let report = Report {
                evidence: vec![evidence.clone()],
                events: vec![event],
                case: Some((case.index, ended)),
                ..Report::default()
            };
            self.report(report, done).await?;
            done.remove(&case.index);
        }
        Ok(())
    }

    async fn record(
        &mut self,
        evidence: Vec<Evidence>,
        events: Vec<Event>,
    ) -> Result<(), RunError> {
        for evidence in &evidence {
            self.sink.evidence(evidence);
        }
        for event in &events {
            self.sink.event(event);
        }
        let Some(writer) = &self.writer else {
            return Ok(());
        };
        if writer
            .batches
            .send(Batch { evidence, events })
            .await
            .is_err()
        {
            // The writer stopped; it knows why.
            return match self.writer.take() {
                Some(writer) => writer.close().await.and(Err(RunError::Writer(
                    "it accepts nothing any more".to_owned(),
                ))),
                None => Ok(()),
            };
        }
        Ok(())
    }

    async fn close(mut self) -> Result<RunSummary, RunError> {
        if let Some(writer) = self.writer.take() {
            writer.close().await?;
        }
        Ok(self.summary)
    }
}

/// What is written together.
struct Batch {
    evidence: Vec<Evidence>,
    events: Vec<Event>,
}

/// The way to the one thread that writes.
struct Writer {
    batches: mpsc::Sender<Batch>,
    thread: JoinHandle<Result<(), RecordError>>,
}

impl Writer {
    fn spawn(mut record: RecordWriter) -> Self {
        let (batches, mut incoming) = mpsc::channel::<Batch>(QUEUE);
        let thread = tokio::task::spawn_blocking(move || {
            while let Some(batch) = incoming.blocking_recv() {
                for evidence in &batch.evidence {
                    record.evidence(evidence)?;
                }
                for event in &batch.events {
                    record.event(event)?;
                }
                if incoming.is_empty() {
                    // Nobody waits: what is known should be on disk when the process dies.
                    record.flush()?;
                }
            }
            record.flush()
        });
        Self { batches, thread }
    }

    async fn close(self) -> Result<(), RunError> {
        drop(self.batches);
        match self.thread.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(RunError::Writer(error.to_string())),
        }
    }
}

fn open(keep: &Keep, id: &str) -> Result<(Option<RecordWriter>, Earlier), RunError> {
    Ok(match keep {
        Keep::Nothing => (None, Earlier::default()),
        Keep::New(dir) => (Some(RecordWriter::create(dir)?), Earlier::default()),
        Keep::Resume(dir) => {
            let dir: &PathBuf = dir;
            let earlier = Earlier::read(dir, id)?;
            (Some(RecordWriter::resume(dir)?), earlier)
        }
    })
}

/// The cases that are still open, one cell at a time in the order of the plan: memory follows the cells in flight.
struct Queue {
    earlier: Earlier,
    next: usize,
}

impl Queue {
    fn new(earlier: Earlier) -> Self {
        Self { earlier, next: 0 }
    }

    /// Number of cases that are still open.
    fn open(&self, inputs: &RunInputs) -> usize {
        let cases = &inputs.plan.cases;
        if self.earlier.cases.is_empty() {
            return cases.len();
        }
        let open = |index: &usize| self.case(inputs, *index).is_some();
        (0..cases.len()).filter(open).count()
    }

    /// The next cell with open cases.
    fn pop(&mut self, inputs: &RunInputs) -> Option<CellWork> {
        let cases = &inputs.plan.cases;
        while let Some(first) = cases.get(self.next) {
            let cell = first.cell;
            let start = self.next;
            let len = cases[start..]
                .iter()
                .take_while(|case| case.cell == cell)
                .count();
            self.next += len;
            let cases: Vec<CaseWork> = (start..start + len)
                .filter_map(|index| self.case(inputs, index))
                .collect();
            if !cases.is_empty() {
                return Some(CellWork {
                    index: cell as usize,
                    cases,
                });
            }
        }
        None
    }

    /// The case at a position of the plan when it is still open.
    fn case(&self, inputs: &RunInputs, index: usize) -> Option<CaseWork> {
        let case = inputs.plan.cases.get(index)?;
        let cell = inputs.plan.cells.get(case.cell as usize)?;
        let (id, subject) = name(inputs, case.check, cell);
        let (last, completed) = self.earlier.cases.get(&id).copied().unwrap_or_default();
        (!completed).then(|| CaseWork {
            index,
            id,
            subject,
            check: case.check,
            first_attempt: last + 1,
        })
    }
}

/// Case id and subject.
fn name(inputs: &RunInputs, check: Check, cell: &Cell) -> (String, String) {
    match check {
        Check::Scenario(index) => match inputs.scenarios.get(index as usize) {
            Some(scenario) => (
                format!("{}@{cell}", scenario.id.0),
                scenario.feature.0.clone(),
            ),
            None => (format!("scenario-{index}@{cell}"), String::new()),
        },
        Check::Probe(index) => match inputs.probes.get(index as usize) {
            Some(probe) => (
                format!("probe:{}@{cell}", probe.class()),
                probe.class().to_owned(),
            ),
            None => (format!("probe:{index}@{cell}"), String::new()),
        },
    }
}

fn derive_id(inputs: &RunInputs, capabilities: &ServerCapabilities) -> String {
    run_id(&RunKey {
        plan: &inputs.plan,
        tier: &inputs.head.tier,
        filters: &inputs.head.filters,
        seed: inputs.options.seed,
        as_of: &inputs.head.as_of,
        data: &inputs.head.data,
        server: capabilities.name,
        origin: capabilities.origin,
        server_build: capabilities.build.as_deref(),
    })
}

fn started(inputs: &RunInputs, capabilities: &ServerCapabilities, id: &str) -> Event {
    let words = [
        ("push", capabilities.push),
        ("declarations", capabilities.declarations),
        ("user_channel", capabilities.user_channel),
        ("user_authenticate", capabilities.user_authenticate),
        ("bootstrap_token", capabilities.bootstrap_token),
        ("get_token", capabilities.get_token),
        ("return_to_service", capabilities.return_to_service),
    ];
    let plan: &Plan = &inputs.plan;
    Event::RunStarted {
        schema_version: SCHEMA_VERSION.to_owned(),
        run_id: id.to_owned(),
        target: plan.target.clone(),
        tier: inputs.head.tier.clone(),
        filters: inputs.head.filters.clone(),
        seed: inputs.options.seed,
        as_of: inputs.head.as_of.clone(),
        server: capabilities.name.to_owned(),
        server_build: capabilities.build.clone(),
        server_origin: capabilities.origin,
        server_capabilities: words
            .iter()
            .filter(|(_, declared)| *declared)
            .map(|(word, _)| (*word).to_owned())
            .collect(),
        push: capabilities.push,
        data: inputs.head.data.clone(),
        cells: plan.cells.iter().map(|cell| cell_record(cell)).collect(),
        cases: plan.cases.len() as u64,
        skips: plan
            .skips
            .iter()
            .map(|skip| SkipRecord {
                what: skip.what.clone(),
                feature: skip.feature.clone(),
                reason: skip.reason.clone(),
                ja: skip.text.ja.clone(),
                en: skip.text.en.clone(),
            })
            .collect(),
    }
}

fn cell_record(cell: &Cell) -> CellRecord {
    CellRecord {
        id: cell.id(),
        role: match cell.role {
            Role::Subject => "subject",
            Role::Comparison => "comparison",
        }
        .to_owned(),
        platform: cell.release.platform.slug().to_owned(),
        release: cell.release.id(),
        build: cell.release.build().known().map(ToString::to_string),
        model: cell.model.id.to_string(),
        enrollment: cell.enrollment.as_str().to_owned(),
        supervised: cell.supervised,
        arrival: cell.arrival.as_str().to_owned(),
        upgraded_from: match &cell.arrival {
            Arrival::Fresh => None,
            Arrival::Upgraded { from } => Some(from.id()),
        },
    }
}
