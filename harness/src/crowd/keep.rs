//! Enrolls devices side by side and keeps them answering.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scenarios::scenario::ChannelWord;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::figures::{CrowdFigures, Tally};
use crate::device::{DeviceError, DeviceUnderTest};
use crate::enroll::ProfileInvitation;
use crate::runner::{DeviceFactory, DeviceOrder};
use crate::server::Invitation;
use crate::step::stop::Stop;

/// How a crowd behaves.
#[derive(Clone, Copy, Debug)]
pub struct CrowdOptions {
    /// Sessions a second over all devices; without it devices come only when they are pushed.
    pub rate: Option<f64>,
    /// Devices that enroll or talk at the same time.
    pub side_by_side: usize,
    /// How long devices stay after the last one has enrolled; none: they leave at once.
    pub stay: Option<Duration>,
    /// How often figures are told.
    pub tell_every: Duration,
}

/// Makes a device for each order, lets each enroll by the invitation, and keeps them until their time is over or until
/// `cancel`. `tell` hears figures in between.
pub async fn keep(
    orders: Vec<DeviceOrder>,
    devices: Arc<dyn DeviceFactory>,
    invitation: Arc<ProfileInvitation>,
    options: CrowdOptions,
    cancel: CancellationToken,
    mut tell: impl FnMut(&CrowdFigures),
) -> CrowdFigures {
    let count = orders.len();
    let tally = Arc::new(Tally::new(count as u64));
    let over = cancel.child_token();
    let shared = Arc::new(Shared {
        tally: Arc::clone(&tally),
        turns: Semaphore::new(options.side_by_side.max(1)),
        over: over.clone(),
        pause: options
            .rate
            .filter(|rate| *rate > 0.0)
            .map(|rate| Duration::from_secs_f64((count as f64 / rate).min(86_400.0))),
        stays: options.stay.is_some(),
    });
    let tracker = TaskTracker::new();
    for (number, order) in orders.into_iter().enumerate() {
        let (devices, invitation) = (Arc::clone(&devices), Arc::clone(&invitation));
        let shared = Arc::clone(&shared);
        // Spread over the first round, so that devices do not come all at once.
        let first = shared
            .pause
            .map(|pause| pause.mul_f64(number as f64 / count.max(1) as f64));
        tracker.spawn(async move {
            let device = enroll(
                &shared,
                &order,
                devices.as_ref(),
                &invitation,
                number as u64,
            )
            .await;
            if let Some(device) = device
                && shared.stays
            {
                serve(&shared, device, first).await;
            }
        });
    }
    tracker.close();
    let mut tick = tokio::time::interval(options.tell_every);
    let mut until = None;
    loop {
        tokio::select! {
            () = tracker.wait() => break,
            () = over.cancelled() => break,
            _ = tick.tick() => {}
        }
        let figures = tally.figures();
        tell(&figures);
        if figures.enrolled + figures.not_enrolled >= count as u64 {
            let end = *until.get_or_insert_with(|| {
                options
                    .stay
                    .map_or_else(Instant::now, |stay| Instant::now() + stay)
            });
            if Instant::now() >= end {
                break;
            }
        }
    }
    let figures = tally.figures();
    over.cancel();
    tracker.wait().await;
    figures
}

struct Shared {
    tally: Arc<Tally>,
    turns: Semaphore,
    over: CancellationToken,
    pause: Option<Duration>,
    stays: bool,
}

/// Waits without a poll of its own: long enough that it never matters.
const NEVER: Duration = Duration::from_hours(24);

async fn enroll(
    shared: &Shared,
    order: &DeviceOrder,
    devices: &dyn DeviceFactory,
    invitation: &ProfileInvitation,
    number: u64,
) -> Option<Box<dyn DeviceUnderTest>> {
    let _turn = tokio::select! {
        turn = shared.turns.acquire() => turn.ok()?,
        () = shared.over.cancelled() => return None,
    };
    let started = Instant::now();
    let enrolled = async {
        let mut device = devices.make(order)?;
        let mut invitation = invitation.clone();
        invitation.key = number;
        let invitation = Invitation::Profile(Box::new(invitation));
        device.enroll_by(&invitation).await?;
        drop(device.take_messages());
        Ok::<_, DeviceError>(device)
    };
    let enrolled = tokio::select! {
        enrolled = Box::pin(enrolled) => enrolled,
        () = shared.over.cancelled() => return None,
    };
    match enrolled {
        Ok(device) => {
            shared.tally.enrolled(started.elapsed());
            Some(device)
        }
        Err(error) => {
            let stop = Stop::from(error);
            shared.tally.not_enrolled(stop.reason(), &stop.sentence());
            None
        }
    }
}

async fn serve(shared: &Shared, mut device: Box<dyn DeviceUnderTest>, first: Option<Duration>) {
    let mut wait = first;
    loop {
        tokio::select! {
            _ = device.woken(wait.unwrap_or(NEVER)) => {}
            () = shared.over.cancelled() => return,
        }
        wait = shared.pause;
        let session = async {
            let turn = shared.turns.acquire().await;
            let started = Instant::now();
            let session = device.session(ChannelWord::Device).await;
            drop(turn);
            (session, started.elapsed())
        };
        // Boxed, so that a device that waits does not hold room for its next session.
        let (session, took) = tokio::select! {
            session = Box::pin(session) => session,
            () = shared.over.cancelled() => return,
        };
        drop(device.take_messages());
        match session {
            Ok(session) => shared.tally.session(took, session.answered),
            Err(error) => {
                let gone = matches!(error, DeviceError::State(_));
                let stop = Stop::from(error);
                shared.tally.failed(stop.reason(), &stop.sentence());
                if gone {
                    return;
                }
            }
        }
    }
}
