//! The push side of the harness: devices register a token and a magic, servers wake them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Where pushes arrive and devices wait for them. A stand-in for Apple's push service on loopback.
#[derive(Clone, Debug, Default)]
pub struct PushHub {
    devices: Arc<Mutex<HashMap<Vec<u8>, Registration>>>,
}

#[derive(Debug)]
struct Registration {
    magic: String,
    wake: watch::Sender<u64>,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The device was woken.
    Woken,
    /// The token is not registered (the push service answers 410).
    Unregistered,
    /// The token is registered with another magic; the device ignores the push.
    WrongMagic,
}

/// A device's end: resolves when a push with its own magic arrives.
#[derive(Clone, Debug)]
pub struct WakeSignal {
    pushes: watch::Receiver<u64>,
}

impl PushHub {
    /// Registers a device's token; an older registration of the token is replaced.
    #[must_use]
    pub fn register(&self, token: &[u8], magic: &str) -> WakeSignal {
        let (wake, pushes) = watch::channel(0);
        self.lock().insert(
            token.to_vec(),
            Registration {
                magic: magic.to_owned(),
                wake,
            },
        );
        WakeSignal { pushes }
    }

    /// Forgets a token.
    pub fn unregister(&self, token: &[u8]) {
        self.lock().remove(token);
    }

    /// Delivers a push.
    #[must_use]
    pub fn push(&self, token: &[u8], magic: &str) -> Pushed {
        match self.lock().get(token) {
            None => Pushed::Unregistered,
            Some(registration) if registration.magic != magic => Pushed::WrongMagic,
            Some(registration) => {
                registration.wake.send_modify(|count| *count += 1);
                Pushed::Woken
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Registration>> {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeSignal {
    /// Waits for a push that has not been seen yet. Returns `false` when the registration is gone.
    pub async fn woken(&mut self) -> bool {
        self.pushes.changed().await.is_ok()
    }

    /// Whether a push is waiting; marks it as seen.
    pub fn take(&mut self) -> bool {
        let waiting = self.pushes.has_changed().unwrap_or(false);
        if waiting {
            self.pushes.mark_unchanged();
        }
        waiting
    }
}
