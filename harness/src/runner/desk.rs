//! The dispatcher's desk: the counts, the sink, and the way to the record.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use scenarios::event::{Ended, Event, Transcript};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::dispatch::QUEUE;
use super::input::{RunError, RunSummary, Sink};
use super::work::{CellWork, Report, Shared};
use crate::record::evidence::Evidence;
use crate::record::reader::RecordError;
use crate::record::writer::RecordWriter;

/// What the dispatcher owns: the counts, the sink, the way to the record.
pub(super) struct Desk<'a> {
    pub(super) sink: &'a mut dyn Sink,
    pub(super) writer: Option<Writer>,
    pub(super) summary: RunSummary,
}

impl Desk<'_> {
    pub(super) async fn report(
        &mut self,
        report: Report,
        done: &mut HashSet<usize>,
    ) -> Result<(), RunError> {
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
    pub(super) async fn bug(
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

    pub(super) async fn record(
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

    pub(super) async fn close(mut self) -> Result<RunSummary, RunError> {
        if let Some(writer) = self.writer.take() {
            writer.close().await?;
        }
        Ok(self.summary)
    }
}

/// How long the writer lets batches gather; far below what the queue holds.
const GATHER: Duration = Duration::from_millis(2);

/// What is written together.
struct Batch {
    evidence: Vec<Evidence>,
    events: Vec<Event>,
}

/// The way to the one thread that writes.
pub(super) struct Writer {
    batches: mpsc::Sender<Batch>,
    thread: JoinHandle<Result<(), RecordError>>,
}

impl Writer {
    pub(super) fn spawn(mut record: RecordWriter) -> Self {
        let (batches, mut incoming) = mpsc::channel::<Batch>(QUEUE);
        let thread = tokio::task::spawn_blocking(move || {
            let mut batches = Vec::with_capacity(QUEUE);
            while incoming.blocking_recv_many(&mut batches, QUEUE) > 0 {
                for batch in batches.drain(..) {
                    for evidence in &batch.evidence {
                        record.evidence(evidence)?;
                    }
                    for event in &batch.events {
                        record.event(event)?;
                    }
                }
                if incoming.is_empty() {
                    // Nobody waits: what is known should be on disk when the process dies.
                    record.flush()?;
                    // Then let some gather: to be woken for each case costs as much as to write it.
                    thread::sleep(GATHER);
                }
            }
            record.flush()
        });
        Self { batches, thread }
    }

    pub(super) async fn close(self) -> Result<(), RunError> {
        drop(self.batches);
        match self.thread.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(RunError::Writer(error.to_string())),
        }
    }
}
