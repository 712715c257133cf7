//! Jobs that wait: entries of one slab, with one timer structure and one task for all of them, and a future only for those
//! that are being asked about. Each `poll_many` has such a place of its own, and each client one for all of its lone waits.

mod driver;
mod job;
mod jobs;
mod kept;
mod times;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

pub(crate) use self::driver::DrivenTask;
pub(crate) use self::job::NewJob;
pub(crate) use self::jobs::{Added, Jobs};
use super::limit::RateLimit;
use super::many::JobOutcome;
use super::poller::Policy;
use super::waits::HearsWaits;
use crate::request::StatusOptions;

/// What thousands of jobs share: how they are asked about, and who hears of their ends.
pub(crate) struct Terms {
    pub(crate) policy: Policy,
    pub(crate) options: StatusOptions,
    pub(crate) hears: Hears,
}

/// Who hears of a job's end.
pub(crate) enum Hears {
    /// The stream of a `poll_many`.
    Many(mpsc::UnboundedSender<JobOutcome>),
    /// Whoever started waits one by one.
    Waits(Arc<dyn HearsWaits>),
}

/// The place where jobs wait.
pub(crate) struct Parked {
    jobs: Mutex<Jobs>,
    /// Something was added, woken or taken out.
    pub(crate) changed: Notify,
    rate: Option<RateLimit>,
    /// Whether they are waits of their own: then the driver ends when there are none, and an attempt that sleeps between
    /// its requests keeps nobody waiting.
    are_lone: bool,
}

impl Parked {
    pub(crate) fn of_many(rate: Option<RateLimit>) -> Self {
        Self { jobs: Mutex::default(), changed: Notify::new(), rate, are_lone: false }
    }

    pub(crate) fn of_waits() -> Self {
        Self { jobs: Mutex::default(), changed: Notify::new(), rate: None, are_lone: true }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks about a job now, for everybody who waits for it here.
    pub(crate) fn wake(&self, user_id: &str, job_id: &str, now: Duration) {
        if self.lock().wake(user_id, job_id, now) {
            self.changed.notify_one();
        }
    }
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").finish_non_exhaustive()
    }
}
