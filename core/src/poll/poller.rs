//! The state machine of a polling verb: an attempt's outcome in, what to do next out; pure.

use std::time::Duration;

use super::schedule::Schedule;
use crate::config::RETRY_AFTER_CAP;
use crate::error::{Error, Phase, Result};
use crate::response::JobStatus;
use crate::retry::Answer;

/// What to do next.
pub(crate) enum Step {
    /// Ask again after this long.
    Wait(Duration),
    /// The verb is over.
    Finished(Result<JobStatus>),
}

/// How one attempt ended, its HTTP retries included.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    /// How long the server asked to wait, if it did.
    pub(crate) retry_after: Option<Duration>,
}

/// What a polling verb has seen so far.
pub(crate) struct Poller {
    schedule: Schedule,
    max_attempts: u64,
    attempts: u32,
    last_status: Option<JobStatus>,
    last_error: Option<Error>,
}

impl Poller {
    pub(crate) fn new(schedule: Schedule, retry_count: u64) -> Self {
        Self { schedule, max_attempts: retry_count.saturating_add(1), attempts: 0, last_status: None, last_error: None }
    }

    /// The attempt that is about to start, counted from 1.
    pub(crate) fn begin_attempt(&mut self) -> u32 {
        self.attempts = self.attempts.saturating_add(1);
        self.attempts
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Takes an outcome; `left` is the time to the verb's bound.
    pub(crate) fn next(&mut self, outcome: Outcome, left: Option<Duration>) -> Step {
        let is_last = u64::from(self.attempts) >= self.max_attempts;
        let failure = match outcome.answer {
            Answer::Status(status) if status.job_complete() || is_last => return Step::Finished(Ok(status)),
            Answer::Status(status) => {
                self.last_status = Some(status);
                None
            }
            Answer::Failed(error) if is_last || !error.is_transient() => {
                return Step::Finished(Err(self.explain(error)));
            }
            Answer::NotReady(error) if is_last => return Step::Finished(Err(self.explain(error))),
            Answer::Failed(error) | Answer::NotReady(error) => Some(error),
        };
        let floor = outcome.retry_after.unwrap_or_default().min(RETRY_AFTER_CAP);
        let delay = self.schedule.delay(self.attempts).max(floor);
        if left.is_some_and(|left| delay >= left) {
            // Sleeping until the bound would only delay the same news; a failure says more than that time is up.
            let error = failure.unwrap_or_else(|| Error::timeout(Phase::Overall));
            return Step::Finished(Err(self.explain(error)));
        }
        self.last_error = failure.or(self.last_error.take());
        Step::Wait(delay)
    }

    /// Adds what was seen before the error that ends the verb.
    pub(crate) fn explain(&mut self, error: Error) -> Error {
        error.with_last_status(self.last_status.take()).with_last_error(self.last_error.take())
    }
}
