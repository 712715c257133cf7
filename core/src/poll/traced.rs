//! What is logged about a call: its random number, attempts, delays, codes and statuses. Never an id or a hash of one.

use std::time::Duration;

use crate::error::Error;
use crate::retry::Answer;

/// Names the attempt that an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traced {
    pub(crate) call: u32,
    pub(crate) attempt: u32,
}

impl Traced {
    /// What the events of an attempt are in.
    pub(crate) fn span(self) -> tracing::Span {
        tracing::debug_span!("attempt", call = self.call, attempt = self.attempt)
    }

    pub(crate) fn answered(self, answer: &Answer) {
        let Self { call, attempt } = self;
        match answer {
            Answer::Status(status) => tracing::debug!(call, attempt, job_complete = status.job_complete(), "answered"),
            Answer::NotReady(error) | Answer::Failed(error) => {
                let (code, class) = (error.code().as_str(), error.code().class());
                tracing::debug!(call, attempt, code, class, http_status = error.http_status(), "failed");
            }
        }
    }

    pub(crate) fn retrying(self, error: &Error, retry: u64, delay: Duration) {
        let Self { call, attempt } = self;
        let (code, class, delay_ms) = (error.code().as_str(), error.code().class(), millis(delay));
        tracing::debug!(call, attempt, retry, code, class, http_status = error.http_status(), delay_ms, "retrying");
    }

    pub(crate) fn waiting(self, delay: Duration) {
        let Self { call, attempt } = self;
        tracing::debug!(call, attempt, delay_ms = millis(delay), "waiting");
    }
}

fn millis(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
}
