//! One job between its attempts.

use std::sync::Arc;
use std::time::Duration;

use super::Terms;
use super::kept::Kept;
use crate::error::Error;
use crate::poll::drive::Bound;
use crate::response::JobStatus;
use crate::signature::Signature;

/// A job to be added.
pub(crate) struct NewJob<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) job_id: &'a str,
    pub(crate) terms: Arc<Terms>,
    pub(crate) call_id: u64,
    pub(crate) call: u32,
}

/// In place of `started_us` while the bound does not run yet.
const NEVER: u64 = u64::MAX;

/// One job between its attempts.
pub(crate) struct Job {
    /// Both ids in one allocation.
    ids: Box<str>,
    pub(super) terms: Arc<Terms>,
    /// The last verified body: a status is made of it only if it is asked for.
    pub(super) last_body: Option<Kept>,
    pub(super) last_error: Option<Error>,
    /// The number that the wait was started with.
    pub(super) call_id: u64,
    /// When the bound began to run, or [`NEVER`].
    started_us: u64,
    /// When it is due, which is before its bound is over; of a late one, when its only query must have ended.
    pub(super) due_us: u64,
    pub(super) not_before_us: u64,
    pub(super) last_wall_ms: i64,
    /// How often it was added.
    pub(super) copies: u32,
    pub(super) attempts: u32,
    /// A random number that tells one call's events from another's.
    pub(super) call: u32,
    // Ids have at most 256 bytes.
    user_id_bytes: u16,
    pub(super) state: State,
    pub(super) woken: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Asleep,
    /// Due, but no connection or token is free.
    Queued,
    InFlight,
}

impl Job {
    /// A job that is due now. Its bound runs from now on, or from its first query.
    pub(super) fn new(new: NewJob<'_>, now: Duration, runs_already: bool) -> Self {
        let NewJob { user_id, job_id, terms, call_id, call } = new;
        Self {
            ids: [user_id, job_id].concat().into_boxed_str(),
            terms,
            last_body: None,
            last_error: None,
            call_id,
            started_us: if runs_already { micros(now) } else { NEVER },
            due_us: micros(now),
            not_before_us: 0,
            last_wall_ms: i64::MIN,
            copies: 1,
            attempts: 0,
            call,
            user_id_bytes: u16::try_from(user_id.len()).unwrap_or(u16::MAX),
            state: State::Asleep,
            woken: false,
        }
    }

    pub(super) fn ids(&self) -> (&str, &str) {
        self.ids.split_at_checked(self.user_id_bytes.into()).unwrap_or_default()
    }

    /// Whether the bound runs.
    pub(super) fn has_started(&self) -> bool {
        self.started_us != NEVER
    }

    /// When the bound began to run; if it does not run yet, it begins now.
    pub(super) fn started_at(&mut self, now: Duration) -> Duration {
        if self.started_us == NEVER {
            self.started_us = micros(now);
        }
        Duration::from_micros(self.started_us)
    }

    /// When its bound is over, if it runs already. With a timeout of zero there is none: one request, for as long as
    /// that may take.
    fn bound_us(&self) -> Option<u64> {
        let timeout = self.terms.policy.timeout.filter(|timeout| !timeout.is_zero() && self.started_us != NEVER)?;
        Some(self.started_us.saturating_add(micros(timeout)))
    }

    /// When it must have ended: at its bound, or at the end of its late query.
    pub(super) fn ends_us(&self) -> Option<u64> {
        Some(self.bound_us()?.max(self.due_us))
    }

    /// When its last query is due, if its bound runs: early enough for the answer to arrive.
    pub(super) fn last_us(&self, ahead: Duration) -> Option<u64> {
        let margin = self.terms.policy.final_poll_margin().max(ahead);
        Some(self.bound_us()?.saturating_sub(micros(margin)))
    }

    /// Takes note at `now` of what was to be done at `at_us`. True if that has just made it late.
    pub(super) fn notice(&mut self, at_us: u64, now: Duration, request_timeout: Duration) -> bool {
        let Some(bound_us) = self.bound_us().filter(|bound_us| *bound_us > self.due_us) else { return false };
        let (at, ends_at) = (Duration::from_micros(at_us), Duration::from_micros(bound_us));
        let late_end = self.terms.policy.late_query_ends_at(at, ends_at, now, request_timeout);
        self.due_us = late_end.map_or(self.due_us, micros);
        late_end.is_some()
    }

    /// What bounds its next query. If its bound does not run yet, it begins now.
    pub(super) fn bound(&mut self, now: Duration) -> Bound {
        let bound = Bound::new(self.started_at(now), self.terms.policy.timeout);
        match self.bound_us() {
            Some(bound_us) if bound_us <= self.due_us => bound.once_until(Duration::from_micros(self.due_us)),
            _ => bound,
        }
    }

    /// Whether it would be asked about now, were a connection and a token free.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.state == State::Queued || (self.state == State::Asleep && self.due_us <= micros(now))
    }

    /// Adds what was seen before an error.
    pub(super) fn explain(&mut self, error: Error, signature: &Signature, now: Duration) -> Error {
        let elapsed = now.saturating_sub(self.started_at(now));
        let last_error = self.last_error.take();
        let (user_id, job_id) = self.ids();
        let read = |kept: &Kept| JobStatus::from_verified(user_id, job_id, kept.body(signature)).ok();
        let last_status = self.last_body.as_ref().and_then(read);
        let error = error.with_last_status(last_status).with_last_error(last_error);
        error.with_call(user_id, job_id, self.attempts, elapsed)
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
