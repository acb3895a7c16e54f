//! What the system says of this process: CPU time and memory. Only Linux tells; elsewhere the figures are unknown.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

/// CPU time of all threads that live, user and system.
#[must_use]
pub fn cpu_time() -> Option<Duration> {
    let mut total = 0_u64;
    for entry in fs::read_dir("/proc/self/task").ok()? {
        let path = entry.ok()?.path().join("schedstat");
        // A thread may end between listing and reading.
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        total += text.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(total))
}

/// Resident memory in bytes.
#[must_use]
pub fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Watches the resident memory while something runs.
#[derive(Debug)]
pub struct Watch {
    peak: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

impl Watch {
    /// Begins to watch on the current runtime.
    #[must_use]
    pub fn start() -> Self {
        let peak = Arc::new(AtomicU64::new(0));
        let mut task = JoinSet::new();
        let seen = Arc::clone(&peak);
        task.spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while let Some(bytes) = resident() {
                seen.fetch_max(bytes, Ordering::Relaxed);
                ticks.tick().await;
            }
        });
        Self { peak, _task: task }
    }

    /// The most so far, in bytes; `None` where the system does not tell.
    #[must_use]
    pub fn peak(&self) -> Option<u64> {
        let now = resident()?;
        Some(self.peak.fetch_max(now, Ordering::Relaxed).max(now))
    }
}

/// Cores this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
