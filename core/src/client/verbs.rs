//! The verbs: what each may be told, and how it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Client;
use crate::callback_delivery::CallbackUrl;
use crate::clock::BoxFuture;
use crate::config::{
    CountArgument, DurationArgument, GET_TIMEOUT, POLL_TIMEOUT, RETRY_COUNT, WAIT_RETRY_COUNT, WAIT_TIMEOUT,
};
use crate::error::Result;
use crate::panic::guard;
use crate::poll::drive::Session;
use crate::poll::poller::{Policy, Until};
use crate::poll::schedule::Schedule;
use crate::poll::step::PollStep;
use crate::poll::waits::{NewWait, StartedWait, WaitObserver};
use crate::poll::watch::Watch;
use crate::request::{Ids, Query, StatusOptions, check_ids};
use crate::response::JobStatus;

/// What a call about one job was told; each verb is a view of it. Boxed in there, because thousands of waits may be under way
/// and most of it is no longer needed by then.
pub(crate) struct Call {
    pub(crate) client: Client,
    user_id: String,
    job_id: String,
    pub(crate) options: StatusOptions,
    return_job_status: bool,
    callback_url: Option<String>,
    polling: Polling,
}

/// The part that all polling verbs share.
#[derive(Clone)]
pub(crate) struct Polling {
    pub(crate) until: Until,
    pub(crate) timeout: Option<Duration>,
    pub(crate) timeout_limits: &'static DurationArgument,
    pub(crate) retry_count: Option<u64>,
    pub(crate) retry_limits: &'static CountArgument,
    pub(crate) initial_delay: Option<Duration>,
    pub(crate) max_delay: Option<Duration>,
}

impl Polling {
    pub(crate) fn waiting() -> Self {
        Self::new(Until::Complete, &WAIT_TIMEOUT, &WAIT_RETRY_COUNT)
    }

    fn new(until: Until, timeout_limits: &'static DurationArgument, retry_limits: &'static CountArgument) -> Self {
        let (timeout, retry_count) = (timeout_limits.default, retry_limits.default);
        Self { until, timeout, timeout_limits, retry_count, retry_limits, initial_delay: None, max_delay: None }
    }

    pub(crate) fn policy(&self) -> Result<Policy> {
        let timeout = self.timeout.map(|timeout| self.timeout_limits.check(timeout)).transpose()?;
        let retry_count = self.retry_count.map(|count| self.retry_limits.check(count)).transpose()?;
        let schedule = Schedule::new(self.initial_delay, self.max_delay)?;
        // A timeout of zero asks for exactly one request.
        let retry_count = if timeout == Some(Duration::ZERO) { Some(0) } else { retry_count };
        let max_attempts = retry_count.map(|count| count.saturating_add(1));
        Ok(Policy { until: self.until, schedule, max_attempts, timeout, together: false })
    }
}

impl Call {
    fn boxed(client: Client, user_id: String, job_id: String, polling: Polling) -> Box<Self> {
        let options = StatusOptions::default();
        Box::new(Self { client, user_id, job_id, options, return_job_status: false, callback_url: None, polling })
    }

    fn session(self) -> (Client, Result<Session>) {
        let Self { client, user_id, job_id, options, callback_url, polling, .. } = self;
        crate::panic::inject(&job_id);
        let session = || {
            let query = Query::new(Ids { user_id, job_id }, options)?;
            let callback_url = callback_url.as_deref().map(CallbackUrl::new).transpose()?;
            Ok(client.engine().session(query, polling.policy()?, callback_url))
        };
        let session = session();
        (client, session)
    }

    fn start(self) -> Result<Started> {
        let (client, session) = self.session();
        Ok((client, session?))
    }

    fn resume(mut self, token: Option<String>) -> Result<Started> {
        // The token's bound holds in place of this call's, which must not make it one attempt either.
        if token.is_some() && self.polling.timeout == Some(Duration::ZERO) {
            self.polling.timeout = None;
        }
        let (client, mut session) = self.start()?;
        if let Some(token) = token {
            client.engine().resume(&mut session, &token)?;
        }
        Ok((client, session))
    }
}

/// A call that says who can drive it, for bindings.
#[doc(hidden)]
pub trait Driven: IntoFuture {
    /// Whether an event loop can drive it, too: it is one query, neither through a proxy nor to other servers, and does
    /// not sleep for long. Everything else needs a tokio runtime.
    fn runs_on_event_loop(&self) -> bool {
        false
    }
}

/// What a call holds on to while it runs.
type Started = (Client, Session);

macro_rules! call_options {
    ($verb:ident, $default:literal $(, $end:expr)?) => {
        impl $verb {
            /// Ask for the user's results so far too. Default false.
            pub fn return_history(mut self, return_history: bool) -> Self {
                self.call.options.return_history = return_history;
                self
            }

            /// Ask for links to the selfie, liveness and ID card images too. Default false.
            pub fn return_image_links(mut self, return_image_links: bool) -> Self {
                self.call.options.return_image_links = return_image_links;
                self
            }

            /// Poll with the default delays until the job is complete or the attempts are used up: for
            /// `get_job_status`. The other verbs wait anyway and take it without effect. Default false.
            pub fn return_job_status(mut self, return_job_status: bool) -> Self {
                self.call.return_job_status = return_job_status;
                self
            }

            /// Deliver the final result to this URL as well, once the job is complete: https, or http on this machine; at
            /// most 2 tries and 10 s, within the call's own bound. The status is returned whatever happens, and
            /// [`callback_delivery`](JobStatus::callback_delivery) says how it went. The delivery includes the answer's
            /// timestamp and signature: while these are fresh, the receiver can send signed requests as you.
            pub fn callback_url(mut self, callback_url: impl Into<String>) -> Self {
                self.call.callback_url = Some(callback_url.into());
                self
            }

            #[doc = concat!("The bound of everything this call does: queueing, connecting, retries, sleeps and bodies. `None` is no bound, zero asks for exactly one HTTP request, however long it queues; `request_timeout` bounds it. 0 to 30 days, default ", $default, "." $(, " ", $end)?)]
            pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
                self.call.polling.timeout = timeout.into();
                self
            }
        }

        impl fmt::Debug for $verb {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($verb))
                    .field("options", &self.call.options)
                    .field("timeout", &self.call.polling.timeout)
                    .finish_non_exhaustive()
            }
        }
    };
}

/// What all waits say of their end.
macro_rules! last_query {
    () => {
        "The last query starts 1 s before the end (half-way, where `timeout` is below 2 s), and the wait ends with its \
         answer."
    };
}

macro_rules! polling_options {
    ($verb:ident, $field:ident $(. $inner:ident)?, $default:literal) => {
        impl $verb {
            #[doc = concat!("How often to ask again after the first query: 0 to 1000, default ", $default, ".")]
            pub fn retry_count(mut self, retry_count: impl Into<Option<u64>>) -> Self {
                self.$field$(.$inner)?.retry_count = retry_count.into();
                self
            }

            /// The delay before the first retry; each later one is twice as long. 1 ms to 1 h, default 2 s.
            pub fn initial_delay(mut self, initial_delay: Duration) -> Self {
                self.$field$(.$inner)?.initial_delay = Some(initial_delay);
                self
            }

            /// The longest delay, at least `initial_delay`. 1 ms to 1 h, default 30 s, which gives way to a longer
            /// `initial_delay`.
            pub fn max_delay(mut self, max_delay: Duration) -> Self {
                self.$field$(.$inner)?.max_delay = Some(max_delay);
                self
            }
        }
    };
}
pub(crate) use polling_options;

macro_rules! awaited {
    ($verb:ident, $run:ident, $output:ty) => {
        impl IntoFuture for $verb {
            type Output = Result<$output>;
            type IntoFuture = BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(async move {
                    let (client, mut session) = self.start()?;
                    client.engine().$run(&mut session).await
                })
            }
        }
    };
}

/// One query, ready to be awaited: see [`Client::get_job_status`].
#[must_use = "a call does nothing until it is awaited"]
pub struct GetJobStatus {
    call: Box<Call>,
}

call_options!(GetJobStatus, "30 s");
awaited!(GetJobStatus, run, JobStatus);

impl Driven for GetJobStatus {
    fn runs_on_event_loop(&self) -> bool {
        let Call { client, return_job_status, callback_url, .. } = &*self.call;
        let engine = client.engine();
        !return_job_status && callback_url.is_none() && engine.transport.is_direct(&engine.endpoint)
    }
}

impl GetJobStatus {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        let polling = Polling { retry_count: Some(0), ..Polling::new(Until::Attempts, &GET_TIMEOUT, &RETRY_COUNT) };
        Self { call: Call::boxed(client, user_id, job_id, polling) }
    }

    fn start(mut self) -> Result<Started> {
        if self.call.return_job_status {
            self.call.polling.retry_count = RETRY_COUNT.default;
        }
        self.call.start()
    }
}

/// A poll, ready to be awaited: see [`Client::poll_job_status`].
///
/// With the defaults, requests start at 0, 2, 6 and 14 seconds: the first at once, then up to `retry_count` (3) more.
/// At most four, where one official SDK makes five: "3 retries" is taken at its word here.
#[must_use = "a call does nothing until it is awaited"]
pub struct PollJobStatus {
    call: Box<Call>,
}

call_options!(
    PollJobStatus,
    "no bound but the attempts",
    "A delay that would outlast it ends the call at once, with the last failure or a timeout."
);
polling_options!(PollJobStatus, call.polling, "3");
awaited!(PollJobStatus, run, JobStatus);

impl Driven for PollJobStatus {}

impl PollJobStatus {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self { call: Call::boxed(client, user_id, job_id, Polling::new(Until::Attempts, &POLL_TIMEOUT, &RETRY_COUNT)) }
    }

    fn start(self) -> Result<Started> {
        self.call.start()
    }
}

/// A wait, ready to be awaited: see [`Client::wait_until_complete`].
#[must_use = "a call does nothing until it is awaited"]
pub struct WaitUntilComplete {
    call: Box<Call>,
    token: Option<String>,
}

call_options!(WaitUntilComplete, "60 s", last_query!());
polling_options!(WaitUntilComplete, call.polling, "no limit");
awaited!(WaitUntilComplete, run, JobStatus);

impl Driven for WaitUntilComplete {}

impl WaitUntilComplete {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self { call: Call::boxed(client, user_id, job_id, Polling::waiting()), token: None }
    }

    /// Go on where a [`poll_step`](Client::poll_step) left off: its attempts and its deadline, in place of `timeout`.
    pub fn token(mut self, token: impl Into<Option<String>>) -> Self {
        self.token = token.into();
        self
    }

    fn start(self) -> Result<Started> {
        self.call.resume(self.token)
    }

    /// Whether [`start_on`](Self::start_on) can start it: most waits neither deliver their result nor go on from a step.
    #[doc(hidden)]
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.token.is_none() && self.call.callback_url.is_none()
    }

    /// Starts a plain wait on a runtime, for bindings: the same one for all waits of a client. While it sleeps it is no
    /// future. `observer` is told its end once, by `call_id`, unless it is given up or an error is returned here.
    ///
    /// # Errors
    /// As the call.
    #[doc(hidden)]
    pub fn start_on(self, runtime: &Handle, observer: Arc<dyn WaitObserver>, call_id: u64) -> Result<StartedWait> {
        guard(|| {
            let Call { client, user_id, job_id, options, polling, .. } = &*self.call;
            crate::panic::inject(job_id);
            check_ids(user_id, job_id)?;
            let (user_id, job_id, options) = (user_id.as_str(), job_id.as_str(), *options);
            NewWait { user_id, job_id, options, policy: polling.policy()?, observer, call_id }.start(client, runtime)
        })
    }
}

/// One step of a wait, ready to be awaited: see [`Client::poll_step`].
#[must_use = "a call does nothing until it is awaited"]
pub struct PollStepCall {
    call: Box<Call>,
    token: Option<String>,
}

call_options!(PollStepCall, "60 s from the first step", last_query!());
polling_options!(PollStepCall, call.polling, "no limit");
awaited!(PollStepCall, step, PollStep);

impl Driven for PollStepCall {}

impl PollStepCall {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self { call: Call::boxed(client, user_id, job_id, Polling::waiting()), token: None }
    }

    /// The token of the step before; the first step has none.
    pub fn token(mut self, token: impl Into<Option<String>>) -> Self {
        self.token = token.into();
        self
    }

    fn start(self) -> Result<Started> {
        self.call.resume(self.token)
    }
}

/// What a watch is told before it starts: see [`Client::watch_job_status`].
#[must_use = "a watch does nothing until its stream is polled"]
pub struct WatchJobStatus {
    call: Box<Call>,
}

call_options!(WatchJobStatus, "60 s", last_query!());
polling_options!(WatchJobStatus, call.polling, "no limit");

impl WatchJobStatus {
    pub(super) fn new(client: Client, user_id: String, job_id: String) -> Self {
        Self { call: Call::boxed(client, user_id, job_id, Polling::waiting()) }
    }

    /// Starts the watch's clock; the first query is sent when the stream is first polled.
    pub fn stream(self) -> Watch {
        let (client, session) = self.call.session();
        Watch::new(client, session)
    }
}
