//! Many jobs at once: one driver and one timer structure for all of them, outcomes in the order of completion.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::limit::RateLimit;
use super::parked::{Added, DrivenTask, NewJob, Observer, Parked, Terms};
use super::poller::Policy;
use crate::client::Client;
use crate::driver;
use crate::error::{Error, Result};
use crate::request::{StatusOptions, check_ids};
use crate::response::JobStatus;

/// How one of many jobs ended: its own ids, and a status or an error. `Debug` shows no ids.
#[derive(Clone)]
#[non_exhaustive]
pub struct JobOutcome {
    /// The user asked about.
    pub user_id: String,
    /// The job asked about.
    pub job_id: String,
    /// The complete status, or why there is none.
    pub result: Result<JobStatus>,
}

impl std::fmt::Debug for JobOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobOutcome").field("result", &self.result).finish_non_exhaustive()
    }
}

/// How far a `poll_many` has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManyProgress {
    /// Outcomes handed out that hold a complete status.
    pub complete: usize,
    /// Outcomes handed out that hold an error.
    pub failed: usize,
    /// Jobs admitted whose outcome was not handed out yet.
    pub waiting: usize,
}

/// What every job of one `poll_many` shares.
pub(crate) struct ManyOptions {
    pub(crate) policy: Policy,
    pub(crate) options: StatusOptions,
    pub(crate) max_waiting: usize,
    pub(crate) rate: Option<RateLimit>,
    /// A random number that tells one call's events from another's.
    pub(crate) call: u32,
}

/// A running `poll_many` without its input: jobs are added while there is room, outcomes are taken.
///
/// `Send + Sync`. Dropping it drops all of its requests.
pub struct ManySession {
    shared: Arc<Shared>,
    outcomes: tokio::sync::Mutex<mpsc::UnboundedReceiver<JobOutcome>>,
    progress: Mutex<ManyProgress>,
    driver: Mutex<Driver>,
}

/// The task that asks.
enum Driver {
    Idle,
    Running(AbortHandle),
    Stopped,
}

struct Shared {
    client: Client,
    terms: Arc<Terms>,
    parked: Arc<Parked>,
    max_waiting: usize,
    call: u32,
    done: mpsc::UnboundedSender<JobOutcome>,
    admitted: AtomicUsize,
}

impl ManySession {
    pub(crate) fn new(client: Client, options: ManyOptions) -> Self {
        let (done, outcomes) = mpsc::unbounded_channel();
        let ManyOptions { policy, options, max_waiting, rate, call } = options;
        let terms = Arc::new(Terms { policy, options, observer: Observer::Many(done.clone()) });
        let parked = Arc::new(Parked::of_many(rate, client.engine().request_timeout));
        client.engine().wakes.listen_all(&parked);
        let shared = Arc::new(Shared { client, terms, parked, max_waiting, call, done, admitted: AtomicUsize::new(0) });
        Self {
            shared,
            outcomes: tokio::sync::Mutex::new(outcomes),
            progress: Mutex::default(),
            driver: Mutex::new(Driver::Idle),
        }
    }

    /// How many more jobs may be added now.
    #[must_use]
    pub fn room(&self) -> usize {
        self.shared.max_waiting.saturating_sub(self.shared.admitted.load(Ordering::Acquire))
    }

    /// Adds a job. One that is waited for already is not asked about twice; both get the outcome. Bad ids have an
    /// outcome as well.
    pub fn add(&self, user_id: &str, job_id: &str) {
        self.shared.admitted.fetch_add(1, Ordering::AcqRel);
        if let Err(error) = check_ids(user_id, job_id) {
            return tell(&self.shared.done, user_id, job_id, 1, &Err(error));
        }
        let Shared { client, terms, parked, call, done, .. } = &*self.shared;
        let job = NewJob { user_id, job_id, terms: Arc::clone(terms), call_id: 0, call: *call };
        // A statement of its own, so that the lock is released.
        let added = parked.lock().add_or_count(job, client.engine().clock.now());
        match added {
            Added::New(_) => parked.changed.notify_one(),
            Added::Again => {}
            Added::TooLate => {
                let error = Error::closed().with_call(user_id, job_id, 0, Duration::ZERO);
                tell(done, user_id, job_id, 1, &Err(error));
            }
        }
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> ManyProgress {
        let waiting = self.shared.admitted.load(Ordering::Acquire);
        ManyProgress { waiting, ..*self.progress.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Waits for an outcome; `None` when no job is admitted.
    pub async fn take(&self) -> Option<JobOutcome> {
        let mut outcomes = self.outcomes.lock().await;
        if self.shared.admitted.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.start();
        let outcome = outcomes.recv().await;
        self.count(outcome.as_slice());
        outcome
    }

    /// An outcome that is there already.
    pub fn try_take(&self) -> Option<JobOutcome> {
        let outcome = self.outcomes.try_lock().ok()?.try_recv().ok()?;
        self.count(std::slice::from_ref(&outcome));
        Some(outcome)
    }

    /// Drops all requests; nothing is asked any more.
    pub fn stop(&self) {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Driver::Running(task) = std::mem::replace(&mut *driver, Driver::Stopped) {
            // Nobody is told of these.
            let jobs = self.shared.parked.lock().drain();
            task.abort();
            drop(jobs);
        }
    }

    fn poll_take(&mut self, context: &mut Context<'_>) -> Poll<Option<JobOutcome>> {
        if self.shared.admitted.load(Ordering::Acquire) == 0 {
            return Poll::Ready(None);
        }
        self.start();
        let outcome = std::task::ready!(self.outcomes.get_mut().poll_recv(context));
        self.count(outcome.as_slice());
        Poll::Ready(outcome)
    }

    fn now(&self) -> Duration {
        self.shared.client.engine().clock.now()
    }

    fn count(&self, taken: &[JobOutcome]) {
        let failed = taken.iter().filter(|outcome| outcome.result.is_err()).count();
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.failed += failed;
        progress.complete += taken.len() - failed;
        self.shared.admitted.fetch_sub(taken.len(), Ordering::AcqRel);
    }

    /// Begins to ask, on the runtime that the caller is in.
    pub(crate) fn start(&self) {
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Driver::Idle = *driver {
            let Shared { client, parked, .. } = &*self.shared;
            let task = tokio::spawn(DrivenTask::new(client, parked).run());
            *driver = Driver::Running(task.abort_handle());
        }
    }
}

impl Drop for ManySession {
    fn drop(&mut self) {
        self.stop();
    }
}

impl std::fmt::Debug for ManySession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ManySession").field("progress", &self.progress()).finish_non_exhaustive()
    }
}

/// Hands the same outcome to everybody who asked for the job.
pub(crate) fn tell(
    outcomes: &mpsc::UnboundedSender<JobOutcome>,
    user_id: &str,
    job_id: &str,
    copies: u32,
    result: &Result<JobStatus>,
) {
    for _ in 0..copies {
        let outcome = JobOutcome { user_id: user_id.to_owned(), job_id: job_id.to_owned(), result: result.clone() };
        // Nobody listens only when everything is being dropped.
        let _ = outcomes.send(outcome);
    }
}

/// How long jobs are read before an outcome is looked for, and before others have their turn.
const READ_AT_ONCE: Duration = Duration::from_millis(1);
/// How many times as long as jobs were read they are not read again while an outcome is ready, which would wait for an
/// input that blocks.
const READ_PAUSE: u32 = 10;

/// A stream of outcomes: see [`Client::poll_many`]. Dropping it drops all of its requests.
#[must_use = "nothing is asked before the stream is polled"]
pub struct PollManyStream<I> {
    input: Option<I>,
    session: std::result::Result<ManySession, Option<Error>>,
    /// When jobs are read again although an outcome is ready, on the clock's monotonic time.
    reads_at: Duration,
}

impl<I> PollManyStream<I> {
    pub(crate) fn new(input: I, session: Result<ManySession>) -> Self {
        Self { input: Some(input), session: session.map_err(Some), reads_at: Duration::ZERO }
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> ManyProgress {
        self.session.as_ref().map(ManySession::progress).unwrap_or_default()
    }
}

impl<I, U, J> PollManyStream<I>
where
    I: Iterator<Item = (U, J)> + Unpin,
    U: AsRef<str>,
    J: AsRef<str>,
{
    /// The next outcome; `None` when every job has had its own.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument), once and first, when an option is outside of its
    /// limits.
    pub async fn next(&mut self) -> Option<Result<JobOutcome>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<I, U, J> Stream for PollManyStream<I>
where
    I: Iterator<Item = (U, J)> + Unpin,
    U: AsRef<str>,
    J: AsRef<str>,
{
    type Item = Result<JobOutcome>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let session = match &mut this.session {
            Ok(session) => session,
            Err(error) => return Poll::Ready(error.take().map(Err)),
        };
        let Some(input) = &mut this.input else {
            return session.poll_take(context).map(|outcome| outcome.map(Ok));
        };
        let began = session.now();
        if began < this.reads_at
            && let Poll::Ready(Some(outcome)) = session.poll_take(context)
        {
            return Poll::Ready(Some(Ok(outcome)));
        }
        // Jobs are read here and nowhere else: on the consumer's thread, as far as there is room.
        let mut now = began;
        let mut has_more = true;
        while has_more && session.room() > 0 && now.saturating_sub(began) <= READ_AT_ONCE {
            match input.next() {
                Some((user_id, job_id)) => {
                    session.add(user_id.as_ref(), job_id.as_ref());
                    // The next job may take its time.
                    session.start();
                }
                None => has_more = false,
            }
            now = session.now();
        }
        this.reads_at = now.saturating_add(now.saturating_sub(began).saturating_mul(READ_PAUSE));
        if !has_more {
            this.input = None;
        }
        let outcome = session.poll_take(context);
        if has_more && outcome.is_pending() && session.room() > 0 {
            // Not at once: a runtime whose tasks are always ready seldom looks at its sockets.
            driver::wake_last(context.waker());
        }
        outcome.map(|outcome| outcome.map(Ok))
    }
}

impl<I> std::fmt::Debug for PollManyStream<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PollManyStream").field("progress", &self.progress()).finish_non_exhaustive()
    }
}
