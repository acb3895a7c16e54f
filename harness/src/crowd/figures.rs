//! What a crowd of devices did, as figures.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::bench::machine;

/// Longest time that is told apart, in microseconds; longer ones count as this.
const LONGEST: u64 = 120_000_000;
/// Significant digits of times.
const DIGITS: u8 = 2;

/// Percentiles of a time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// Half took no longer.
    pub p50: f64,
    /// Nine in ten took no longer.
    pub p90: f64,
    /// Ninety-nine in a hundred took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// Figures so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CrowdFigures {
    /// Devices wanted.
    pub devices: u64,
    /// Devices that are enrolled.
    pub enrolled: u64,
    /// Devices that could not enroll.
    pub not_enrolled: u64,
    /// Seconds since the first device began.
    pub seconds: f64,
    /// Seconds until the last device that enrolled so far had.
    pub enrolled_after_seconds: f64,
    /// Sessions with the server.
    pub polls: u64,
    /// Sessions a second since enrollment.
    pub polls_per_second: f64,
    /// Commands answered finally.
    pub commands: u64,
    /// Commands a second since enrollment.
    pub commands_per_second: f64,
    /// How long an enrollment took.
    pub enrollment_ms: Latency,
    /// How long a session took.
    pub session_ms: Latency,
    /// Errors by kind: the stable words of the record.
    pub errors: BTreeMap<String, u64>,
    /// The first sentence of each kind of error.
    pub sentences: BTreeMap<String, String>,
    /// Memory of this process before the first device in bytes, where the system tells.
    pub resident_before_bytes: Option<u64>,
    /// Memory of this process in bytes, where the system tells.
    pub resident_bytes: Option<u64>,
}

/// Figures in the making.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    figures: CrowdFigures,
    enrollments: Histogram<u64>,
    sessions: Histogram<u64>,
    enrolled_at: Instant,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(LONGEST, DIGITS)
        .or_else(|_| Histogram::new(1))
        .unwrap_or_else(|_| unreachable!("one digit is always allowed"))
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).map_or(LONGEST, |took| took.clamp(1, LONGEST))
}

fn latency(of: &Histogram<u64>) -> Latency {
    let ms = |micros: u64| micros as f64 / 1000.0;
    if of.is_empty() {
        return Latency::default();
    }
    Latency {
        p50: ms(of.value_at_quantile(0.5)),
        p90: ms(of.value_at_quantile(0.9)),
        p99: ms(of.value_at_quantile(0.99)),
        max: ms(of.max()),
    }
}

impl Tally {
    pub(super) fn new(devices: u64) -> Self {
        let now = Instant::now();
        Self {
            started: now,
            inner: Mutex::new(Inner {
                figures: CrowdFigures {
                    devices,
                    resident_before_bytes: machine::resident(),
                    ..CrowdFigures::default()
                },
                enrollments: histogram(),
                sessions: histogram(),
                enrolled_at: now,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enrolled(&self, took: Duration) {
        let mut inner = self.lock();
        inner.figures.enrolled += 1;
        inner.enrolled_at = Instant::now();
        inner.enrollments.saturating_record(micros(took));
    }

    pub(super) fn not_enrolled(&self, kind: &str, sentence: &str) {
        let mut inner = self.lock();
        inner.figures.not_enrolled += 1;
        inner.failed(kind, sentence);
    }

    pub(super) fn session(&self, took: Duration, commands: u32) {
        let mut inner = self.lock();
        inner.figures.polls += 1;
        inner.figures.commands += u64::from(commands);
        inner.sessions.saturating_record(micros(took));
    }

    pub(super) fn failed(&self, kind: &str, sentence: &str) {
        self.lock().failed(kind, sentence);
    }

    pub(super) fn figures(&self) -> CrowdFigures {
        let inner = self.lock();
        let mut figures = inner.figures.clone();
        figures.seconds = self.started.elapsed().as_secs_f64();
        figures.enrolled_after_seconds = (inner.enrolled_at - self.started).as_secs_f64();
        let serving = (figures.seconds - figures.enrolled_after_seconds).max(0.001);
        figures.polls_per_second = figures.polls as f64 / serving;
        figures.commands_per_second = figures.commands as f64 / serving;
        figures.enrollment_ms = latency(&inner.enrollments);
        figures.session_ms = latency(&inner.sessions);
        figures.resident_bytes = machine::resident();
        figures
    }
}

impl Inner {
    fn failed(&mut self, kind: &str, sentence: &str) {
        *self.figures.errors.entry(kind.to_owned()).or_default() += 1;
        if !self.figures.sentences.contains_key(kind) {
            let sentences = &mut self.figures.sentences;
            sentences.insert(kind.to_owned(), sentence.to_owned());
        }
    }
}
