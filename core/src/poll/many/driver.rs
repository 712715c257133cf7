//! The one task that asks about all jobs of a `poll_many`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::Shared;
use super::jobs::{Job, Slot};
use super::kept::Kept;
use crate::error::{Error, Result};
use crate::poll::drive::Bound;
use crate::poll::poller::{Decision, Outcome};
use crate::poll::traced::Traced;
use crate::request::Query;
use crate::response::JobStatus;
use crate::retry::Answer;

/// Asks until nobody listens any more. Ends with the client.
pub(super) async fn drive(shared: Arc<Shared>) {
    let engine = shared.client.engine();
    let mut in_flight = FuturesUnordered::new();
    loop {
        let next_due = loop {
            if in_flight.len() >= engine.max_connections {
                break None;
            }
            let now = engine.clock.now();
            let mut jobs = shared.lock();
            match jobs.pop_due(now) {
                Some(slot) => {
                    let asked = jobs.get_mut(slot).map(|job| begin(job, now));
                    drop(jobs);
                    if let Some((query, started_at)) = asked {
                        in_flight.push(ask(&shared, slot, query, started_at));
                    }
                }
                None => break jobs.next_due(),
            }
        };
        let until_due = async {
            match next_due {
                Some(due) => engine.clock.sleep(due.saturating_sub(engine.clock.now())).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = engine.closed.cancelled() => return close(&shared),
            Some((slot, query, outcome)) = in_flight.next(), if !in_flight.is_empty() => {
                conclude(&shared, slot, &query, outcome);
            }
            () = shared.changed.notified() => {}
            () = until_due => {}
        }
    }
}

/// What is needed to ask, without holding the lock.
struct Ask {
    user_id: String,
    job_id: String,
    last_wall_ms: i64,
    attempt: u32,
}

fn begin(job: &mut Job, now: Duration) -> (Ask, Duration) {
    job.attempts = job.attempts.saturating_add(1);
    let started_at = *job.started_at.get_or_insert(now);
    let (user_id, job_id) = job.ids();
    let (user_id, job_id) = (user_id.to_owned(), job_id.to_owned());
    (Ask { user_id, job_id, last_wall_ms: job.last_wall_ms, attempt: job.attempts }, started_at)
}

async fn ask(shared: &Shared, slot: Slot, ask: Ask, started_at: Duration) -> (Slot, Query, Outcome) {
    let engine = shared.client.engine();
    // The ids were checked when the job was added.
    let mut query = Query::unchecked(&engine.signature, &ask.user_id, &ask.job_id, shared.options.options);
    query.last_wall_ms = ask.last_wall_ms;
    let bound = Bound::new(started_at, shared.options.policy.timeout);
    let traced = Traced { call: shared.options.call, attempt: ask.attempt };
    let outcome = engine.attempt(&mut query, bound, shared.options.rate.as_ref(), traced).await;
    (slot, query, outcome)
}

fn conclude(shared: &Shared, slot: Slot, query: &Query, outcome: Outcome) {
    let engine = shared.client.engine();
    let policy = &shared.options.policy;
    let now = engine.clock.now();
    let mut jobs = shared.lock();
    let Some(job) = jobs.get_mut(slot) else { return };
    let started_at = job.started_at.unwrap_or(now);
    let ends_at = policy.timeout.map(|timeout| started_at.saturating_add(timeout));
    let decision = policy.decide(&outcome, job.attempts, ends_at, now, engine.clock.chance());
    if let Decision::Again(pause) = decision {
        Traced { call: shared.options.call, attempt: job.attempts }.waiting(pause.until.saturating_sub(now));
        job.last_wall_ms = query.last_wall_ms;
        jobs.note(slot, outcome.answer);
        jobs.wait(slot, pause);
        return;
    }
    let result = match (decision, outcome.answer) {
        (Decision::End, Answer::Status(status)) => Ok(status),
        (Decision::End, Answer::Failed(error) | Answer::NotReady(error)) => Err(error),
        (Decision::GiveUp(reason), answer) => {
            jobs.note(slot, answer);
            Err(policy.gave_up(reason))
        }
        (Decision::Again(_), _) => return,
    };
    let Some(job) = jobs.remove(slot) else { return };
    drop(jobs);
    finish(shared, &job, result, now);
}

fn finish(shared: &Shared, job: &Job, result: Result<JobStatus>, now: Duration) {
    let (user_id, job_id) = job.ids();
    let result = result.map_err(|error| {
        let last_status = job
            .last_body
            .as_ref()
            .map(Kept::body)
            .and_then(|body| JobStatus::from_verified(user_id, job_id, body).ok());
        let elapsed = now.saturating_sub(job.started_at.unwrap_or(now));
        error.with_last_status(last_status).with_last_error(job.last_error.clone()).with_call(
            user_id,
            job_id,
            job.attempts,
            elapsed,
        )
    });
    shared.finish(user_id, job_id, job.copies, &result);
}

/// The client was closed: every job has an outcome all the same.
fn close(shared: &Shared) {
    let now = shared.client.engine().clock.now();
    let jobs = shared.lock().drain();
    for job in jobs {
        finish(shared, &job, Err(Error::closed()), now);
    }
}
