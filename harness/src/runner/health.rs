//! Whether the server is still there: asked once after an error, known to everybody afterwards.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::server::ServerUnderTest;
use crate::step::stop::{Stop, limited};

/// The server's health.
#[derive(Debug, Default)]
pub(super) struct Health {
    gone: OnceLock<(String, String)>,
    checks: AtomicU64,
    checking: Mutex<()>,
}

impl Health {
    /// The stable word and the sentence when the server is known to be gone.
    pub(super) fn gone(&self) -> Option<Stop> {
        self.gone.get().map(|(reason, sentence)| Stop::Gone {
            reason: reason.clone(),
            sentence: sentence.clone(),
        })
    }

    /// The same as plain words.
    pub(super) fn gone_words(&self) -> Option<(String, String)> {
        self.gone.get().cloned()
    }

    /// Looks once whether the server is there. Those who come while somebody looks share the finding.
    pub(super) async fn look(
        &self,
        server: &dyn ServerUnderTest,
        limit: Duration,
        cancel: &CancellationToken,
    ) {
        let before = self.checks.load(Ordering::Acquire);
        let _guard = self.checking.lock().await;
        if self.gone.get().is_some() || self.checks.load(Ordering::Acquire) != before {
            return;
        }
        let found = match limited(
            cancel,
            limit,
            "asking whether the server is there",
            server.check(),
        )
        .await
        {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Stop::Server(error)),
            Err(Stop::Interrupted) => return,
            Err(stop) => Some(stop),
        };
        if let Some(stop) = found {
            let _ = self.gone.set((stop.reason().to_owned(), stop.sentence()));
        }
        self.checks.fetch_add(1, Ordering::Release);
    }
}
