//! What an executor tells the dispatcher.

use scenarios::event::Event;

use super::attempt::Done;
use super::cell::Executor;
use super::work::{CaseWork, Report};
use crate::record::evidence::Evidence;
use crate::step::stop::Stop;
use crate::step::transcript::Scribe;

impl Executor {
    pub(super) async fn enrolled(&self, scribe: Scribe, first: bool) {
        let (messages, requests) = (scribe.len(), scribe.requests());
        let evidence = Evidence::of(&scribe.finish());
        let event = Event::CellEnrolled {
            cell: self.cell_id.clone(),
            evidence: evidence.sha256.clone(),
        };
        self.report(Report {
            evidence: vec![evidence],
            events: vec![event],
            messages,
            requests,
            case: None,
            enrolled: first,
        })
        .await;
    }

    pub(super) async fn ended(&self, case: &CaseWork, attempts: Vec<Done>) {
        let mut report = Report::default();
        for done in attempts {
            report.messages += done.messages;
            report.requests += done.requests;
            report.evidence.push(done.evidence);
            report.events.extend(done.events);
            report.case = Some((case.index, done.ended));
        }
        self.report(report).await;
    }

    /// Every case of the cell ends blocked with the reason why there is no device.
    pub(super) async fn block_cell(&self, cases: &[CaseWork], stop: &Stop, scribe: Scribe) {
        let messages = scribe.len();
        let evidence = Evidence::of(&scribe.finish());
        self.report(Report {
            events: vec![Event::CellBlocked {
                cell: self.cell_id.clone(),
                reason: stop.reason().to_owned(),
                sentence: stop.sentence(),
            }],
            messages,
            ..Report::default()
        })
        .await;
        for case in cases {
            let ended = stop.ended();
            self.report(Report {
                evidence: vec![evidence.clone()],
                events: vec![Event::CaseEnded {
                    case: case.id.clone(),
                    subject: case.subject.clone(),
                    cell: self.cell_id.clone(),
                    attempt: case.first_attempt,
                    ended: ended.clone(),
                    evidence: evidence.sha256.clone(),
                }],
                case: Some((case.index, ended)),
                ..Report::default()
            })
            .await;
        }
    }

    pub(super) async fn report(&self, report: Report) {
        // The dispatcher goes away only when the record can not be written; it says so itself.
        let _ = self.reports.send(report).await;
    }
}
