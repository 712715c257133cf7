//! The one task that asks about all jobs of one [`Parked`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::job::Job;
use super::jobs::Jobs;
use super::{InLine, Observer, Parked, Terms};
use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::{Error, IncompleteReason, Phase, Result};
use crate::panic::guard;
use crate::poll::drive::{Attempt, Bound, Engine};
use crate::poll::many::tell;
use crate::poll::poller::{Decision, Outcome};
use crate::poll::traced::Traced;
use crate::request::{Ids, Query};
use crate::response::JobStatus;
use crate::retry::Answer;
use crate::slab::Slot;

/// The task that asks. However it ends, even with its runtime, every job is given an end.
pub(crate) struct DrivenTask {
    client: Client,
    parked: Arc<Parked>,
    /// Whether it ended by itself: there may be another one since.
    has_ended: bool,
}

impl DrivenTask {
    pub(crate) fn new(client: &Client, parked: &Arc<Parked>) -> Self {
        Self { client: client.clone(), parked: Arc::clone(parked), has_ended: false }
    }

    pub(crate) async fn run(mut self) {
        drive(self.client.engine(), &self.parked).await;
        self.has_ended = true;
    }
}

impl Drop for DrivenTask {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut jobs = self.parked.lock();
        jobs.is_driven = false;
        if !self.parked.are_lone {
            jobs.end();
        }
        drop(jobs);
        let error = if std::thread::panicking() { Error::internal() } else { Error::closed() };
        close(self.client.engine(), &self.parked, &error);
    }
}

/// Asks until nobody listens any more, or until the last lone wait has ended. Ends with the client.
async fn drive(engine: &Engine, parked: &Parked) {
    let mut in_flight = FuturesUnordered::new();
    // Ready when a connection is free although as many attempts are under way as may have one: some of them sleep between
    // their requests.
    let mut free: Option<BoxFuture<'_, ()>> = None;
    let mut is_free = false;
    loop {
        let next_moment = loop {
            let now = engine.clock.now();
            let mut jobs = parked.lock();
            if let Some(slot) = jobs.pop_ended(now) {
                drop(jobs);
                end_in_queue(engine, parked, slot);
                continue;
            }
            let is_full = in_flight.len() >= engine.connections.most_parked();
            let popped = match is_full && !is_free {
                true => None,
                false if parked.has_room_in_line() => jobs.pop_due(now),
                false => jobs.pop_last(),
            };
            let Some(slot) = popped else {
                if parked.are_lone && jobs.is_empty() && in_flight.is_empty() {
                    jobs.release();
                    jobs.is_driven = false;
                    return;
                }
                jobs.queue_due(now);
                break jobs.next_moment();
            };
            is_free &= !is_full;
            if let Some(ask) = begin(&mut jobs, slot, now, parked) {
                let (abort, registration) = AbortHandle::new_pair();
                jobs.attempt_began(slot, abort);
                let asked = AssertUnwindSafe(ask.ask(engine)).catch_unwind();
                let asked = Abortable::new(asked, registration);
                in_flight.push(async move { (slot, asked.await) });
            }
        };
        if !parked.lock().is_queueing() {
            (free, is_free) = (None, false);
        } else if free.is_none() && !is_free && in_flight.len() >= engine.connections.most_parked() {
            free = Some(Box::pin(async { drop(engine.connections.acquire(true).await) }));
        }
        let until_next = async {
            match next_moment {
                Some(moment) => engine.clock.sleep(moment.saturating_sub(engine.clock.now())).await,
                None => std::future::pending().await,
            }
        };
        let until_free = async {
            match &mut free {
                Some(free) => free.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = engine.closed.cancelled() => {
                parked.lock().end();
                return close(engine, parked, &Error::closed());
            }
            Some((slot, asked)) = in_flight.next(), if !in_flight.is_empty() => {
                parked.lock().attempt_ended(slot);
                match asked {
                    Ok(Ok((last_wall_ms, outcome))) => conclude(engine, parked, slot, last_wall_ms, outcome),
                    Ok(Err(_)) => end(engine, parked, slot, Err(Error::internal())),
                    // It was given up.
                    Err(_) => {}
                }
            }
            () = parked.changed.notified() => {}
            () = until_free => {
                free = None;
                is_free = true;
            }
            () = until_next => {}
        }
    }
}

/// What is needed to ask, without holding the lock.
struct Ask<'a> {
    slot: Slot,
    parked: &'a Parked,
    in_line: Option<InLine<'a>>,
    /// The job's bound, if it runs. Under a rate limit it begins with the first query's token, however many jobs stand
    /// before it.
    bound: Option<Bound>,
    ids: Ids,
    terms: Arc<Terms>,
    last_wall_ms: i64,
    traced: Traced,
}

fn begin<'a>(jobs: &mut Jobs, slot: Slot, now: Duration, parked: &'a Parked) -> Option<Ask<'a>> {
    let job = jobs.get_mut(slot)?;
    job.attempts = job.attempts.saturating_add(1);
    let bound = (job.has_started() || parked.rate.is_none()).then(|| job.bound(now));
    let (user_id, job_id) = job.ids();
    let ids = Ids { user_id: user_id.to_owned(), job_id: job_id.to_owned() };
    let traced = Traced { call: job.call, attempt: job.attempts };
    let (terms, last_wall_ms, in_line) = (Arc::clone(&job.terms), job.last_wall_ms, parked.stand_in_line());
    Some(Ask { slot, parked, in_line, bound, ids, terms, last_wall_ms, traced })
}

impl Ask<'_> {
    async fn ask(self, engine: &Engine) -> (i64, Outcome) {
        // The ids were checked when the job was added.
        let mut query = Query::unchecked(self.ids, self.terms.options);
        query.last_wall_ms = self.last_wall_ms;
        let (rate, traced, timeout) = (self.parked.rate.as_ref(), self.traced, self.terms.policy.timeout);
        let ends_at = self.bound.and_then(Bound::of_requests);
        // `None` also if the bound is over before: the attempt finds that out by itself.
        let permit = match rate {
            Some(rate) => engine.until(ends_at, rate.acquire(&*engine.clock)).await,
            None => None,
        };
        drop(self.in_line);
        let starts = || {
            let now = engine.clock.now();
            self.parked.lock().get_mut(self.slot).map_or_else(|| Bound::new(now, timeout), |job| job.bound(now))
        };
        let bound = self.bound.unwrap_or_else(starts);
        let mut attempt = Attempt { query: &mut query, bound, rate, permit, is_parked: true, traced };
        let outcome = engine.traced_requests(&mut attempt).await;
        drop(attempt);
        (query.last_wall_ms, outcome)
    }
}

/// Ends a job whose bound was over before it could be asked about. That counts as an attempt, which got as far as the
/// queue.
fn end_in_queue(engine: &Engine, parked: &Parked, slot: Slot) {
    let mut jobs = parked.lock();
    let Some(job) = jobs.get_mut(slot) else { return };
    job.attempts = job.attempts.saturating_add(1);
    let (traced, terms) = (Traced { call: job.call, attempt: job.attempts }, Arc::clone(&job.terms));
    drop(jobs);
    let answer = Answer::Failed(Error::timeout(Phase::Queue));
    traced.span().in_scope(|| traced.answered(&answer));
    parked.lock().note(slot, answer, &engine.signature);
    end(engine, parked, slot, Err(terms.policy.gave_up(IncompleteReason::Deadline, None)));
}

fn conclude(engine: &Engine, parked: &Parked, slot: Slot, last_wall_ms: i64, outcome: Outcome) {
    let now = engine.clock.now();
    let mut jobs = parked.lock();
    let Some(job) = jobs.get_mut(slot) else { return };
    let terms = Arc::clone(&job.terms);
    let policy = &terms.policy;
    let ends_at = policy.timeout.map(|timeout| job.started_at(now).saturating_add(timeout));
    let result = match policy.decide(&outcome, job.attempts, ends_at, || (now, engine.clock.chance())) {
        Decision::Again(pause) => {
            let traced = Traced { call: job.call, attempt: job.attempts };
            job.last_wall_ms = last_wall_ms;
            jobs.note(slot, outcome.answer, &engine.signature);
            jobs.wait(slot, pause);
            // A log subscriber may call into this client.
            drop(jobs);
            return traced.waiting(pause.until.saturating_sub(now));
        }
        Decision::End => match outcome.answer {
            Answer::Status(status) => Ok(status),
            Answer::Failed(error) | Answer::NotReady(error) => Err(error),
        },
        Decision::GiveUp(reason) => {
            jobs.note(slot, outcome.answer, &engine.signature);
            Err(policy.gave_up(reason, outcome.retry_after))
        }
    };
    drop(jobs);
    end(engine, parked, slot, result);
}

/// Takes a job out and says how it ended.
fn end(engine: &Engine, parked: &Parked, slot: Slot, result: Result<JobStatus>) {
    // A statement of its own, so that the lock is released.
    let job = parked.lock().remove(slot);
    if let Some(job) = job {
        finish(engine, job, result, engine.clock.now());
    }
}

fn finish(engine: &Engine, mut job: Job, result: Result<JobStatus>, now: Duration) {
    // Even if that panics, there is an end to tell.
    let explain = |error| guard(|| Ok(job.explain(error, &engine.signature, now))).unwrap_or_else(|error| error);
    let result = result.map_err(explain);
    match &job.terms.observer {
        Observer::Many(outcomes) => {
            let (user_id, job_id) = job.ids();
            tell(outcomes, user_id, job_id, job.copies, &result);
        }
        Observer::Waits(observer) => {
            let observer = Arc::clone(observer);
            // A panic of the host's must not end the other waits.
            let _ = guard(|| {
                observer.ended(job.call_id, result);
                Ok(())
            });
        }
    }
}

/// Ends every job that is there with an error.
fn close(engine: &Engine, parked: &Parked, error: &Error) {
    let now = engine.clock.now();
    let jobs = parked.lock().drain();
    for mut job in jobs {
        // A wait that queues counts as in an attempt.
        if parked.are_lone && job.is_due(now) {
            job.attempts = job.attempts.saturating_add(1);
        }
        finish(engine, job, Err(error.clone()), now);
    }
}
