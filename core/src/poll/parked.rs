//! Jobs that wait: entries of one slab, with one timer structure and one task for all of them, and a future only for
//! those that are being asked about. Each `poll_many` has a set of its own, and each client one for all of its lone
//! waits.

mod driver;
mod job;
mod jobs;
mod kept;
mod times;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

pub(crate) use self::driver::DrivenTask;
pub(crate) use self::job::NewJob;
pub(crate) use self::jobs::{Added, Jobs};
use super::limit::RateLimit;
use super::many::JobOutcome;
use super::poller::Policy;
use super::waits::WaitObserver;
use crate::request::StatusOptions;

/// What thousands of jobs share: how they are asked about, and who is told of their ends.
pub(crate) struct Terms {
    pub(crate) policy: Policy,
    pub(crate) options: StatusOptions,
    pub(crate) observer: Observer,
}

/// Who is told of a job's end.
pub(crate) enum Observer {
    /// The stream of a `poll_many`.
    Many(mpsc::UnboundedSender<JobOutcome>),
    /// Whoever started waits one by one.
    Waits(Arc<dyn WaitObserver>),
}

/// The jobs of one `poll_many`, or the lone waits of one client, and what drives them.
pub(crate) struct Parked {
    jobs: Mutex<Jobs>,
    /// Something was added, woken or taken out.
    pub(crate) changed: Notify,
    rate: Option<RateLimit>,
    /// How many jobs stand in line for a token. Of those that can wait only one does, so that a last query is soon
    /// served.
    in_line: AtomicUsize,
    /// Whether they are lone waits: then the driver ends when there are none.
    are_lone: bool,
}

impl Parked {
    pub(crate) fn of_many(rate: Option<RateLimit>, request_timeout: Duration) -> Self {
        Self::new(rate, request_timeout, false)
    }

    pub(crate) fn of_waits(request_timeout: Duration) -> Self {
        Self::new(None, request_timeout, true)
    }

    fn new(rate: Option<RateLimit>, request_timeout: Duration, are_lone: bool) -> Self {
        let ahead = rate.as_ref().map(RateLimit::two_intervals).unwrap_or_default();
        let jobs = Mutex::new(Jobs::with_last_queries(ahead, request_timeout));
        Self { jobs, changed: Notify::new(), rate, in_line: AtomicUsize::new(0), are_lone }
    }

    /// Whether a job that can wait may stand in line for a token.
    fn has_room_in_line(&self) -> bool {
        self.rate.is_none() || self.in_line.load(Ordering::Acquire) == 0
    }

    /// Stands in line for a token, if there is a limit, until the returned guard is dropped.
    fn stand_in_line(&self) -> Option<InLine<'_>> {
        self.rate.as_ref()?;
        self.in_line.fetch_add(1, Ordering::AcqRel);
        Some(InLine(self))
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

/// A place in line for a token.
struct InLine<'a>(&'a Parked);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.in_line.fetch_sub(1, Ordering::AcqRel);
        self.0.changed.notify_one();
    }
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked").finish_non_exhaustive()
    }
}
