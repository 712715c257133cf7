//! The verbs: what each may be told, and how it starts.

use std::fmt;
use std::time::Duration;

use super::Client;
use crate::clock::BoxFuture;
use crate::config::{GET_TIMEOUT, POLL_TIMEOUT, RETRY_COUNT};
use crate::error::Result;
use crate::poll::poller::Poller;
use crate::poll::schedule::Schedule;
use crate::request::{Query, StatusOptions};
use crate::response::JobStatus;

macro_rules! status_options {
    ($verb:ident) => {
        impl $verb {
            /// Ask for the user's earlier results too. Default false.
            pub fn return_history(mut self, return_history: bool) -> Self {
                self.options.return_history = return_history;
                self
            }

            /// Ask for links to the selfie and liveness images too. Default false.
            pub fn return_image_links(mut self, return_image_links: bool) -> Self {
                self.options.return_image_links = return_image_links;
                self
            }

            /// The bound of everything this call does: queueing, connecting, retries, sleeps and bodies. `None` is no
            /// bound. Zero asks for exactly one HTTP request. 0 to 30 days.
            pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
                self.timeout = timeout.into();
                self
            }
        }

        impl IntoFuture for $verb {
            type Output = Result<JobStatus>;
            type IntoFuture = BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }

        impl fmt::Debug for $verb {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($verb))
                    .field("options", &self.options)
                    .field("timeout", &self.timeout)
                    .finish_non_exhaustive()
            }
        }
    };
}

/// One query, ready to be awaited: see [`Client::get_job_status`]. Default timeout 30 s.
#[must_use = "a call does nothing until it is awaited"]
pub struct GetJobStatus {
    client: Client,
    user_id: String,
    job_id: String,
    options: StatusOptions,
    timeout: Option<Duration>,
}

status_options!(GetJobStatus);

impl GetJobStatus {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self { client, user_id, job_id, options: StatusOptions::default(), timeout: GET_TIMEOUT.default }
    }

    async fn run(self) -> Result<JobStatus> {
        crate::panic::inject(&self.job_id);
        let engine = &self.client.0.engine;
        let query = Query::new(&engine.signature, &self.user_id, &self.job_id, self.options)?;
        let timeout = self.timeout.map(|timeout| GET_TIMEOUT.check(timeout)).transpose()?;
        let poller = Poller::new(Schedule::new(None, None)?, 0);
        engine.poll(query, poller, timeout).await
    }
}

/// A poll, ready to be awaited: see [`Client::poll_job_status`].
///
/// With the defaults, requests start at 0, 2, 6 and 14 seconds: the first at once, then up to `retry_count` (3) more.
/// At most four, where one official SDK makes five: "3 retries" is taken at its word here.
#[must_use = "a call does nothing until it is awaited"]
pub struct PollJobStatus {
    client: Client,
    user_id: String,
    job_id: String,
    options: StatusOptions,
    timeout: Option<Duration>,
    retry_count: u64,
    initial_delay: Option<Duration>,
    max_delay: Option<Duration>,
}

status_options!(PollJobStatus);

impl PollJobStatus {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self {
            client,
            user_id,
            job_id,
            options: StatusOptions::default(),
            timeout: POLL_TIMEOUT.default,
            retry_count: RETRY_COUNT.default,
            initial_delay: None,
            max_delay: None,
        }
    }

    /// How often to ask again after the first query: 0 to 1000, default 3.
    pub fn retry_count(mut self, retry_count: u64) -> Self {
        self.retry_count = retry_count;
        self
    }

    /// The delay before the first retry; each later one is twice as long. 1 ms to 1 h, default 2 s.
    pub fn initial_delay(mut self, initial_delay: Duration) -> Self {
        self.initial_delay = Some(initial_delay);
        self
    }

    /// The longest delay. 1 ms to 1 h, default 30 s.
    pub fn max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = Some(max_delay);
        self
    }

    async fn run(self) -> Result<JobStatus> {
        crate::panic::inject(&self.job_id);
        let engine = &self.client.0.engine;
        let query = Query::new(&engine.signature, &self.user_id, &self.job_id, self.options)?;
        let timeout = self.timeout.map(|timeout| POLL_TIMEOUT.check(timeout)).transpose()?;
        let retry_count = RETRY_COUNT.check(self.retry_count)?;
        let schedule = Schedule::new(self.initial_delay, self.max_delay)?;
        // A timeout of zero asks for exactly one request.
        let retry_count = if timeout == Some(Duration::ZERO) { 0 } else { retry_count };
        engine.poll(query, Poller::new(schedule, retry_count), timeout).await
    }
}
