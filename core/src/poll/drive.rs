//! Runs attempts and pollers over a transport and a clock; every wait in it is bounded and ends with the client.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::poller::{Outcome, Poller, Step};
use crate::clock::Clock;
use crate::config::RETRY_AFTER_INSIDE_ATTEMPT;
use crate::error::{Error, Phase, Result};
use crate::request::Query;
use crate::response::JobStatus;
use crate::retry::{self, Answer};
use crate::signature::Signature;
use crate::transport::{Progress, Transport};

/// What every call of one client shares.
pub(crate) struct Engine {
    pub(crate) signature: Signature,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) connections: Semaphore,
    pub(crate) closed: CancellationToken,
    pub(crate) request_timeout: Duration,
    pub(crate) max_retries: u64,
}

/// The moment at which a verb must end, on the clock's monotonic time.
#[derive(Clone, Copy)]
struct Bound {
    ends_at: Option<Duration>,
    /// `timeout = 0` asks for exactly one HTTP request, bounded by the request's own timeout.
    once: bool,
}

impl Bound {
    fn new(started_at: Duration, timeout: Option<Duration>) -> Self {
        let once = timeout == Some(Duration::ZERO);
        Self { ends_at: timeout.filter(|_| !once).map(|timeout| started_at.saturating_add(timeout)), once }
    }

    fn left(self, now: Duration) -> Option<Duration> {
        if self.once { Some(Duration::ZERO) } else { self.ends_at.map(|ends_at| ends_at.saturating_sub(now)) }
    }

    /// The time left for one request, and whether it is the verb's bound that limits it.
    fn request(self, now: Duration, request_timeout: Duration) -> (Duration, bool) {
        match self.ends_at.map(|ends_at| ends_at.saturating_sub(now)) {
            Some(left) if left < request_timeout => (left, true),
            _ => (request_timeout, false),
        }
    }
}

impl Engine {
    /// Polls until the poller is finished, the bound ends or the client is closed.
    pub(crate) async fn poll(
        &self,
        mut query: Query,
        mut poller: Poller,
        timeout: Option<Duration>,
    ) -> Result<JobStatus> {
        let started_at = self.clock.now();
        let bound = Bound::new(started_at, timeout);
        let result = tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            result = self.run(&mut query, &mut poller, bound) => Some(result),
        };
        let result = result.unwrap_or_else(|| Err(poller.explain(Error::closed())));
        result.map_err(|error| {
            let elapsed = self.clock.now().saturating_sub(started_at);
            error.with_call(&query.user_id, &query.job_id, poller.attempts(), elapsed)
        })
    }

    async fn run(&self, query: &mut Query, poller: &mut Poller, bound: Bound) -> Result<JobStatus> {
        loop {
            let attempt = poller.begin_attempt();
            let outcome = self.attempt(query, bound).await;
            match &outcome.answer {
                Answer::Status(status) => tracing::debug!(attempt, job_complete = status.job_complete(), "answered"),
                Answer::NotReady(error) | Answer::Failed(error) => {
                    tracing::debug!(attempt, code = error.code().as_str(), http_status = error.http_status(), "failed");
                }
            }
            match poller.next(outcome, bound.left(self.clock.now())) {
                Step::Finished(result) => return result,
                Step::Wait(delay) => {
                    tracing::debug!(attempt, delay_ms = delay.as_millis(), "waiting");
                    self.clock.sleep(delay).await;
                }
            }
        }
    }

    /// One attempt: a request and its HTTP retries, each signed for its own moment.
    async fn attempt(&self, query: &mut Query, bound: Bound) -> Outcome {
        let mut retries = 0;
        loop {
            let (answer, retry_after) = self.request(query, bound).await;
            let wait = match &answer {
                Answer::Failed(error) => self.wait_before_retry(error, retries, retry_after, bound),
                Answer::Status(_) | Answer::NotReady(_) => None,
            };
            let Some(wait) = wait else { return Outcome { answer, retry_after } };
            self.clock.sleep(wait).await;
            retries += 1;
        }
    }

    /// How long to wait before the same attempt asks again; `None` ends the attempt.
    fn wait_before_retry(
        &self,
        error: &Error,
        retries: u64,
        retry_after: Option<Duration>,
        bound: Bound,
    ) -> Option<Duration> {
        let floor = retry_after.unwrap_or_default();
        if retries >= retry::retries(error, self.max_retries) || floor > RETRY_AFTER_INSIDE_ATTEMPT {
            return None;
        }
        let wait = retry::backoff(retries, self.clock.chance()).max(floor);
        match bound.left(self.clock.now()) {
            Some(left) if wait >= left => None,
            _ => Some(wait),
        }
    }

    /// One HTTP request, from the queue for a connection to the end of the body.
    async fn request(&self, query: &mut Query, bound: Bound) -> (Answer, Option<Duration>) {
        let failed = |error| (Answer::Failed(error), None);
        let permit = match (self.connections.try_acquire(), bound.ends_at) {
            (Ok(permit), _) => Some(permit),
            (Err(_), None) => self.connections.acquire().await.ok(),
            (Err(_), Some(ends_at)) => tokio::select! {
                biased;
                permit = self.connections.acquire() => permit.ok(),
                () = self.clock.sleep(ends_at.saturating_sub(self.clock.now())) => None,
            },
        };
        let Some(_permit) = permit else { return failed(Error::timeout(Phase::Queue)) };
        let (limit, overall) = bound.request(self.clock.now(), self.request_timeout);
        let body = query.sign(&self.signature, self.clock.wall_ms());
        let progress = Progress::default();
        let response = tokio::select! {
            biased;
            response = self.transport.post(body, &progress) => response,
            () = self.clock.sleep(limit) => Err(Error::timeout(if overall { Phase::Overall } else { progress.phase() })),
        };
        match response {
            Ok(response) => retry::read(response, query, &self.signature, self.clock.wall_ms()),
            Err(error) => failed(error),
        }
    }
}
