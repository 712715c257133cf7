//! Runs attempts over a transport and a clock; every wait in it is bounded and ends with the client.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::connections::{Connection, Connections};
use super::limit::{RateLimit, RatePermit};
use super::poller::{Decision, Outcome, Pause, Policy, Seen, Until};
use super::traced::Traced;
use super::wake::Wakes;
use crate::callback_delivery::CallbackUrl;
use crate::clock::Clock;
use crate::config::RETRY_AFTER_INSIDE_ATTEMPT;
use crate::error::{Error, Phase, Result};
use crate::request::{Ids, Query};
use crate::response::JobStatus;
use crate::retry::{self, Answer};
use crate::signature::Signature;
use crate::transport::{HttpRequest, Limit, Progress, Transport};

/// What every call of one client shares.
pub(crate) struct Engine {
    pub(crate) signature: Signature,
    pub(crate) endpoint: HttpRequest,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) connections: Connections,
    pub(crate) closed: CancellationToken,
    pub(crate) wakes: Wakes,
    pub(crate) request_timeout: Duration,
    pub(crate) max_retries: u64,
    pub(crate) max_response_bytes: usize,
}

/// The moment at which a call must end, on the clock's monotonic time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) ends_at: Option<Duration>,
    /// What bounds its requests. `timeout = 0` asks for exactly one HTTP request, bounded by the request's own timeout
    /// only.
    requests_end_at: Option<Duration>,
}

impl Bound {
    pub(crate) fn new(started_at: Duration, timeout: Option<Duration>) -> Self {
        let ends_at = timeout.map(|timeout| started_at.saturating_add(timeout));
        Self { ends_at, requests_end_at: ends_at.filter(|_| timeout != Some(Duration::ZERO)) }
    }

    /// A bound for one last request, however late it is.
    pub(crate) fn once_at(ends_at: Duration) -> Self {
        Self { ends_at: Some(ends_at), requests_end_at: None }
    }

    /// This bound, over, for one last request that must end at `requests_end_at`.
    pub(crate) fn once_until(self, requests_end_at: Duration) -> Self {
        Self { requests_end_at: Some(requests_end_at), ..self }
    }

    pub(crate) fn left(self, now: Duration) -> Option<Duration> {
        self.ends_at.map(|ends_at| ends_at.saturating_sub(now))
    }

    /// The moment that bounds its requests; `None` if only their own limit does.
    pub(crate) fn of_requests(self) -> Option<Duration> {
        self.requests_end_at
    }
}

/// One call about one job, between its attempts.
pub(crate) struct Session {
    pub(crate) query: Query,
    pub(crate) policy: Policy,
    pub(crate) attempts: u32,
    pub(crate) started_at: Duration,
    /// When an earlier step began it, in milliseconds since 1970.
    pub(crate) started_at_wall_ms: Option<i64>,
    pub(crate) bound: Bound,
    pub(crate) seen: Seen,
    pub(crate) callback_url: Option<CallbackUrl>,
    /// A random number that tells one call's events from another's.
    pub(crate) call: u32,
}

/// One attempt about one job. Passed by reference: a future holds what it is given by value twice.
pub(crate) struct Attempt<'a> {
    pub(crate) query: &'a mut Query,
    pub(crate) bound: Bound,
    pub(crate) rate: Option<&'a RateLimit>,
    /// For the first request.
    pub(crate) permit: Option<RatePermit<'a>>,
    pub(crate) is_parked: bool,
    pub(crate) traced: Traced,
}

/// What one attempt of a session came to.
pub(crate) enum AttemptEnd {
    /// The call is over.
    Finished(Result<JobStatus>),
    /// Ask again later.
    Again(Pause),
}

impl Session {
    pub(crate) fn elapsed(&self, now: Duration) -> Duration {
        now.saturating_sub(self.started_at)
    }

    fn fail(&mut self, error: Error, now: Duration) -> Error {
        let (elapsed, Ids { user_id, job_id }) = (self.elapsed(now), &*self.query.ids);
        self.seen.explain(error, user_id, job_id).with_call(user_id, job_id, self.attempts, elapsed)
    }
}

impl Engine {
    pub(crate) fn session(&self, query: Query, policy: Policy, callback_url: Option<CallbackUrl>) -> Session {
        let started_at = self.clock.now();
        let bound = Bound::new(started_at, policy.timeout);
        let call = self.call_number();
        let (started_at_wall_ms, seen) = (None, Seen::default());
        Session { query, policy, attempts: 0, started_at, started_at_wall_ms, bound, seen, callback_url, call }
    }

    /// A random number that tells one call's events from another's, and nothing about its job.
    pub(crate) fn call_number(&self) -> u32 {
        // In [0, 2³²), so the cast keeps it.
        (self.clock.chance() * f64::from(u32::MAX)) as u32
    }

    /// Runs a session to its end.
    pub(crate) async fn run(&self, session: &mut Session) -> Result<JobStatus> {
        // Only waits are woken: the other verbs count their attempts.
        let wake = match session.policy.until {
            Until::Attempts => None,
            Until::Complete => Some(self.wakes.listen(&session.query.ids.user_id, &session.query.ids.job_id)),
        };
        loop {
            // Boxed, so that a wait holds the memory of an attempt only while there is one, and a query none for a
            // pause.
            match Box::pin(self.attempt(session)).await {
                AttemptEnd::Finished(result) => return result,
                AttemptEnd::Again(pause) => {
                    session.seen.shrink();
                    Box::pin(self.pause(session, pause, wake.as_ref().map(|wake| wake.notify()))).await?;
                }
            }
        }
    }

    /// One attempt of a session, and what it means.
    pub(crate) async fn attempt(&self, session: &mut Session) -> AttemptEnd {
        session.attempts = session.attempts.saturating_add(1);
        let Session { call, attempts, bound, ref mut query, .. } = *session;
        let traced = Traced { call, attempt: attempts };
        let mut attempt = Attempt { query, bound, rate: None, permit: None, is_parked: false, traced };
        let outcome = tokio::select! {
            biased;
            () = self.closed.cancelled() => None,
            outcome = self.traced_requests(&mut attempt) => Some(outcome),
        };
        drop(attempt);
        let now = || self.clock.now();
        let Some(outcome) = outcome else { return AttemptEnd::Finished(Err(session.fail(Error::closed(), now()))) };
        match session.policy.decide(&outcome, attempts, session.bound.ends_at, || (now(), self.clock.chance())) {
            Decision::End => AttemptEnd::Finished(match outcome.answer {
                Answer::Status(status) => Ok(match &session.callback_url {
                    // Boxed, because it is rare and large.
                    Some(url) if status.job_complete() => Box::pin(self.deliver_callback(url, &status, bound)).await,
                    _ => status,
                }),
                Answer::Failed(error) | Answer::NotReady(error) => Err(session.fail(error, now())),
            }),
            Decision::GiveUp(reason) => {
                session.seen.note(outcome.answer);
                let error = session.policy.gave_up(reason, outcome.retry_after);
                AttemptEnd::Finished(Err(session.fail(error, now())))
            }
            Decision::Again(pause) => {
                session.seen.note(outcome.answer);
                AttemptEnd::Again(pause)
            }
        }
    }

    /// Waits until the next attempt is due or a wake-up comes, but as long as the server asked at least.
    pub(crate) async fn pause(&self, session: &mut Session, pause: Pause, wake: Option<&Notify>) -> Result<()> {
        let delay = pause.until.saturating_sub(self.clock.now());
        Traced { call: session.call, attempt: session.attempts }.waiting(delay);
        let woken = async {
            match wake {
                Some(wake) => wake.notified().await,
                None => std::future::pending().await,
            }
        };
        let waited = async {
            tokio::select! {
                biased;
                () = self.clock.sleep(delay) => {}
                () = woken => {
                    let floor = pause.not_before.saturating_sub(self.clock.now());
                    if !floor.is_zero() {
                        self.clock.sleep(floor).await;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            () = self.closed.cancelled() => Err(session.fail(Error::closed(), self.clock.now())),
            () = waited => {
                let (now, bound) = (self.clock.now(), session.bound);
                let late = |ends_at| session.policy.late_query_ends_at(pause.until, ends_at, now, self.request_timeout);
                session.bound = bound.ends_at.and_then(late).map_or(bound, |ends_at| bound.once_until(ends_at));
                Ok(())
            }
        }
    }

    /// One attempt: a request and its HTTP retries, each signed for its own moment.
    pub(crate) async fn traced_requests(&self, attempt: &mut Attempt<'_>) -> Outcome {
        let (traced, span) = (attempt.traced, attempt.traced.span());
        let outcome = if span.is_disabled() {
            self.requests(attempt).await
        } else {
            Box::pin(self.requests(attempt)).instrument(span).await
        };
        traced.answered(&outcome.answer);
        outcome
    }

    async fn requests(&self, attempt: &mut Attempt<'_>) -> Outcome {
        let mut retries = 0;
        loop {
            if let (Some(rate), None) = (attempt.rate, &attempt.permit) {
                attempt.permit = self.until(attempt.bound.of_requests(), rate.acquire(&*self.clock)).await;
                if attempt.permit.is_none() {
                    return Outcome { answer: Answer::Failed(Error::timeout(Phase::Queue)), retry_after: None };
                }
            }
            let (answer, retry_after) = self.request(attempt).await;
            let wait = match &answer {
                Answer::Failed(error) => self.wait_before_retry(error, retries, retry_after, attempt.bound),
                Answer::Status(_) | Answer::NotReady(_) => None,
            };
            let Some(wait) = wait else { return Outcome { answer, retry_after } };
            retries += 1;
            if let Answer::Failed(error) = &answer {
                attempt.traced.retrying(error, retries, wait);
            }
            self.clock.sleep(wait).await;
            if attempt.bound.left(self.clock.now()) == Some(Duration::ZERO) {
                // It slept longer than it was to, as a process does that was suspended.
                return Outcome { answer, retry_after };
            }
        }
    }

    /// How long to wait before the same attempt asks again; `None` ends the attempt.
    pub(crate) fn wait_before_retry(
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
        retry::wait(retries, floor, bound.left(self.clock.now()), self.clock.chance())
    }

    /// One HTTP request, from the queue for a connection to the end of the body.
    async fn request(&self, attempt: &mut Attempt<'_>) -> (Answer, Option<Duration>) {
        let failed = |error| (Answer::Failed(error), None);
        let ends_at = attempt.bound.of_requests();
        let Some(_permit) = self.place(attempt.is_parked, ends_at).await else {
            return failed(Error::timeout(Phase::Queue));
        };
        if let Some(permit) = attempt.permit.take() {
            permit.consume(&*self.clock);
        }
        let body = attempt.query.sign(&self.signature, self.clock.wall_ms());
        let response = self.exchange(self.endpoint.with_body(body), ends_at, self.request_timeout).await;
        match response {
            Ok(response) => retry::read(response, attempt.query, &self.signature, &*self.clock),
            Err(error) => failed(error),
        }
    }

    /// A place for one more request of a single call; `None` if there was none in time.
    pub(crate) async fn connection(&self, ends_at: Option<Duration>) -> Option<Connection<'_>> {
        self.place(false, ends_at).await
    }

    async fn place(&self, is_parked: bool, ends_at: Option<Duration>) -> Option<Connection<'_>> {
        match self.connections.try_acquire(is_parked) {
            Some(place) => Some(place),
            None => self.until(ends_at, self.connections.acquire(is_parked)).await?,
        }
    }

    /// What is waited for; `None` if the time is up before.
    pub(crate) async fn until<T>(&self, ends_at: Option<Duration>, wait: impl Future<Output = T>) -> Option<T> {
        let Some(ends_at) = ends_at else { return Some(wait.await) };
        tokio::select! {
            biased;
            value = wait => Some(value),
            () = self.clock.sleep(ends_at.saturating_sub(self.clock.now())) => None,
        }
    }

    /// One HTTP exchange within its own limit and the call's end, whichever comes first.
    pub(crate) async fn exchange(
        &self,
        request: HttpRequest,
        ends_at: Option<Duration>,
        limit: Duration,
    ) -> Result<crate::transport::HttpResponse> {
        let left = ends_at.map(|ends_at| ends_at.saturating_sub(self.clock.now()));
        let limit = match left {
            Some(left) if left < limit => Limit { duration: left, is_overall: true },
            _ => Limit { duration: limit, is_overall: false },
        };
        let (request, progress) = (request.within(limit), Progress::default());
        if self.transport.keeps_time() && self.clock.is_the_machines() {
            return self.transport.send(request, &progress).await;
        }
        tokio::select! {
            biased;
            response = self.transport.send(request, &progress) => response,
            () = self.clock.sleep(limit.duration) => Err(progress.late(limit)),
        }
    }
}
