//! What `poll_many` may be told.

use std::fmt;
use std::time::Duration;

use super::Client;
use super::verbs::{Polling, polling_options};
use crate::config::{BURST, MAX_WAITING, check_rate};
use crate::error::Result;
use crate::poll::limit::RateLimit;
use crate::poll::many::{ManyOptions, ManySession, PollManyStream};
use crate::poll::poller::Policy;
use crate::request::StatusOptions;

/// What a `poll_many` is told before it starts: see [`Client::poll_many`].
#[derive(Clone)]
#[must_use = "nothing is asked before the stream is polled"]
pub struct PollMany {
    client: Client,
    options: StatusOptions,
    polling: Polling,
    max_waiting: u64,
    rate_limit: Option<f64>,
    burst: u64,
}

polling_options!(PollMany, polling, "no limit");

impl PollMany {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            options: StatusOptions::default(),
            polling: Polling::waiting(),
            max_waiting: MAX_WAITING.default.unwrap_or_default(),
            rate_limit: None,
            burst: BURST.default.unwrap_or_default(),
        }
    }

    /// Ask for the users' results so far too. Default false.
    pub fn return_history(mut self, return_history: bool) -> Self {
        self.options.return_history = return_history;
        self
    }

    /// Ask for links to the selfie, liveness and ID card images too. Default false.
    pub fn return_image_links(mut self, return_image_links: bool) -> Self {
        self.options.return_image_links = return_image_links;
        self
    }

    /// The bound of each job, from its own first query. `None` is no bound, zero asks once. 0 to 30 days, default 60 s.
    /// The last query starts 1 s before the end (half-way, where `timeout` is below 2 s), and the wait ends with its
    /// answer.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.polling.timeout = timeout.into();
        self
    }

    /// How many jobs are admitted at a time: 1 to 1000000, default 10000. More are read as some are handed out.
    pub fn max_waiting(mut self, max_waiting: u64) -> Self {
        self.max_waiting = max_waiting;
        self
    }

    /// At most this many HTTP requests a second, retries included: from one in 30 days to 1000000. Default no limit.
    pub fn rate_limit(mut self, rate_limit: impl Into<Option<f64>>) -> Self {
        self.rate_limit = rate_limit.into();
        self
    }

    /// How many requests may go out at once after a pause, under a rate limit. 1 to 1000000, default 1.
    pub fn burst(mut self, burst: u64) -> Self {
        self.burst = burst;
        self
    }

    /// Starts with an input that is read as there is room, on the thread that polls the stream, and for about 1 ms at a
    /// time. Jobs are asked about from the first one on.
    pub fn stream<I>(self, jobs: I) -> PollManyStream<I::IntoIter>
    where
        I: IntoIterator,
    {
        PollManyStream::new(jobs.into_iter(), self.session())
    }

    /// Starts without an input, for bindings.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) when an option is outside of its limits.
    #[doc(hidden)]
    pub fn session(self) -> Result<ManySession> {
        let policy = Policy { together: true, ..self.polling.policy()? };
        // In range, so both fit.
        let max_waiting = usize::try_from(MAX_WAITING.check(self.max_waiting)?).unwrap_or(usize::MAX);
        let burst = u32::try_from(BURST.check(self.burst)?).unwrap_or(u32::MAX);
        let rate = self.rate_limit.map(check_rate).transpose()?.map(|rate| RateLimit::new(rate, burst));
        let call = self.client.engine().call_number();
        let options = ManyOptions { policy, options: self.options, max_waiting, rate, call };
        Ok(ManySession::new(self.client, options))
    }
}

impl fmt::Debug for PollMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollMany").field("max_waiting", &self.max_waiting).finish_non_exhaustive()
    }
}
