//! Servers that go away, people who interrupt, cases that hang or fall over.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use harness::record::reader::{RecordError, RecordReader};
use harness::runner::{Keep, run};
use scenarios::event::{Ended, Event};

use crate::support::server::FakeServer;
use crate::support::suite::{Heard, asking, cells, endings, setting, world};

fn reasons(events: &[Event]) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for (_, _, ended) in endings(events) {
        let word = match ended {
            Ended::Blocked { reason, .. } => reason,
            Ended::Completed => "completed".to_owned(),
            Ended::Interrupted => "interrupted".to_owned(),
            Ended::Bug { .. } => "bug".to_owned(),
        };
        *reasons.entry(word).or_default() += 1;
    }
    reasons
}

#[tokio::test]
async fn a_server_that_dies_blocks_the_rest_and_is_asked_once() {
    let server = FakeServer {
        dies_after: Some(50),
        ..FakeServer::default()
    };
    let scenarios = vec![setting("a", "a"), setting("b", "b"), setting("c", "c")];
    let world = world(server, cells(12), scenarios);
    let (summary, events) = world.run().await;
    let reasons = reasons(&events);
    assert_eq!(
        reasons.values().sum::<usize>(),
        36,
        "every case ends: {reasons:?}"
    );
    assert!(reasons["completed"] >= 1);
    assert_eq!(reasons["completed"] + reasons["server_unreachable"], 36);
    for (case, _, ended) in endings(&events) {
        if let Ended::Blocked { sentence, .. } = ended {
            assert!(
                sentence.contains("Check that the server is running"),
                "{case}: {sentence}"
            );
        }
    }
    assert_eq!(
        world.server.checks.load(Ordering::SeqCst),
        2,
        "before the run, and once after the first error"
    );
    assert_eq!(
        summary.server_gone.map(|(reason, _)| reason).as_deref(),
        Some("server_unreachable")
    );
    assert!(matches!(events.last(), Some(Event::RunFinished { .. })));
}

#[tokio::test]
async fn a_server_that_was_never_there_blocks_everything_at_once() {
    let server = FakeServer::default();
    server.dead.store(true, Ordering::SeqCst);
    let (summary, events) = world(server, cells(3), vec![setting("a", "a")]).run().await;
    assert_eq!(summary.blocked, 3);
    assert_eq!(summary.cells_enrolled, 0);
    let blocked = events
        .iter()
        .filter(|event| matches!(event, Event::CellBlocked { .. }))
        .count();
    assert_eq!(blocked, 3);
}

#[tokio::test]
async fn a_hiccup_blocks_one_case_and_no_other() {
    let server = FakeServer {
        hiccups: AtomicU64::new(1),
        ..FakeServer::default()
    };
    let (summary, events) = world(server, cells(1), vec![setting("a", "a"), setting("b", "b")])
        .run()
        .await;
    assert_eq!(
        reasons(&events),
        BTreeMap::from([("completed".to_owned(), 1), ("server_error".to_owned(), 1)])
    );
    assert_eq!(summary.server_gone, None);
}

#[tokio::test]
async fn a_device_that_hangs_ends_blocked_in_time() {
    let mut world = world(
        FakeServer::default(),
        cells(1),
        vec![asking("hanging", "Hang"), setting("a", "a")],
    );
    world.inputs.options.limits.session = std::time::Duration::from_millis(20);
    let (_, events) = world.run().await;
    assert_eq!(
        reasons(&events),
        BTreeMap::from([
            ("completed".to_owned(), 1),
            ("server_timeout".to_owned(), 1)
        ])
    );
}

#[tokio::test]
async fn what_the_adapter_does_not_declare_is_not_asked_for() {
    let mut scenario = setting("declared", "declared");
    scenario.apply = vec![crate::support::suite::step(
        scenarios::scenario::Action::Declare {
            declarations: Vec::new(),
            channel: scenarios::scenario::ChannelWord::Device,
        },
        &[],
    )];
    let server = FakeServer {
        no_declarations: true,
        ..FakeServer::default()
    };
    let world = world(server, cells(1), vec![scenario]);
    let (_, events) = world.run().await;
    assert_eq!(
        reasons(&events),
        BTreeMap::from([("unsupported_by_server".to_owned(), 1)])
    );
    assert_eq!(world.server.enqueued.load(Ordering::SeqCst), 0);
    assert_eq!(
        world.server.checks.load(Ordering::SeqCst),
        1,
        "nobody suspects the server"
    );
}

#[tokio::test]
async fn a_bug_in_one_cell_is_a_bug_and_spares_the_others() {
    let scenarios = vec![setting("a", "a"), asking("falling", "Panic")];
    let (summary, events) = world(FakeServer::default(), cells(2), scenarios)
        .run()
        .await;
    assert_eq!(
        reasons(&events),
        BTreeMap::from([("bug".to_owned(), 2), ("completed".to_owned(), 2)])
    );
    assert_eq!(summary.bugs, 2);
}

#[tokio::test]
async fn an_interrupted_run_is_continued_and_nothing_counts_twice() {
    let base = tempfile::tempdir().expect("a folder");
    let scenarios = || {
        vec![
            setting("a", "a"),
            asking("flaky", "Stumble"),
            setting("c", "c"),
        ]
    };
    let mut first = world(FakeServer::default(), cells(6), scenarios()).keep(base.path());
    first.inputs.options.jobs = 2;
    let mut heard = Heard {
        cancel_after: Some((5, first.inputs.cancel.clone())),
        ..Heard::default()
    };
    let summary = run(first.inputs.clone(), &mut heard)
        .await
        .expect("a record");
    assert!(summary.interrupted);
    assert!(summary.cases_done < 18);
    let events: Vec<Event> = RecordReader::open(base.path())
        .expect("record")
        .map(|event| event.expect("event"))
        .collect();
    assert!(
        matches!(events.last(), Some(Event::Interrupted { .. })),
        "{:?}",
        events.last()
    );
    let done_before = summary.cases_done;

    let mut second = world(FakeServer::default(), cells(6), scenarios());
    second.inputs.keep = Keep::Resume(base.path().to_owned());
    let (summary, _) = second.run().await;
    assert_eq!(summary.cases_done, 18);
    let events: Vec<Event> = RecordReader::open(base.path())
        .expect("record")
        .map(|event| event.expect("event"))
        .collect();
    assert!(events.iter().any(|event| *event
        == Event::Resumed {
            cases_open: 18 - done_before
        }));
    let mut keys: Vec<_> = endings(&events)
        .into_iter()
        .map(|(case, attempt, _)| (case, attempt))
        .collect();
    let len = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), len, "no attempt is there twice");
    let completed: std::collections::BTreeSet<_> = endings(&events)
        .into_iter()
        .filter(|(_, _, ended)| *ended == Ended::Completed)
        .map(|(case, _, _)| case)
        .collect();
    assert_eq!(completed.len(), 18);
    let total: u64 = events
        .iter()
        .filter_map(|event| match event {
            Event::CaseEnded { evidence, .. } | Event::CellEnrolled { evidence, .. } => Some(
                harness::record::reader::evidence(base.path(), evidence)
                    .expect("evidence")
                    .messages
                    .len() as u64,
            ),
            _ => None,
        })
        .sum();
    let last = events.last().cloned();
    assert_eq!(
        last,
        Some(Event::RunFinished {
            cases_done: 18,
            messages: total
        })
    );
}

#[tokio::test]
async fn a_blocked_case_is_run_again_by_resume_and_a_completed_one_is_not() {
    let base = tempfile::tempdir().expect("a folder");
    let server = FakeServer {
        dies_after: Some(6),
        ..FakeServer::default()
    };
    let mut first =
        world(server, cells(2), vec![setting("a", "a"), setting("b", "b")]).keep(base.path());
    first.inputs.options.jobs = 1;
    let (summary, _) = first.run().await;
    assert_eq!(summary.blocked, 2);
    let mut second = world(
        FakeServer::default(),
        cells(2),
        vec![setting("a", "a"), setting("b", "b")],
    );
    second.inputs.keep = Keep::Resume(base.path().to_owned());
    let (summary, events) = second.run().await;
    assert_eq!(
        reasons(&events),
        BTreeMap::from([("completed".to_owned(), 2)])
    );
    assert!(endings(&events).iter().all(|(_, attempt, _)| *attempt == 2));
    assert_eq!(summary.cases_done, 4);
}

#[tokio::test]
async fn another_plan_does_not_continue_a_record() {
    let base = tempfile::tempdir().expect("a folder");
    let _ = world(FakeServer::default(), cells(1), vec![setting("a", "a")])
        .keep(base.path())
        .run()
        .await;
    let mut other = world(FakeServer::default(), cells(2), vec![setting("a", "a")]);
    other.inputs.keep = Keep::Resume(base.path().to_owned());
    let error = run(other.inputs.clone(), &mut Heard::default())
        .await
        .expect_err("another run");
    assert!(
        matches!(
            error,
            harness::runner::RunError::Record(RecordError::AnotherRun { .. })
        ),
        "{error}"
    );
}
