//! The client; its builder and its verbs are in the files beside.

mod builder;
mod many;
mod verbs;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::ClientBuilder;
pub use many::PollMany;
#[doc(hidden)]
pub use verbs::Driven;
pub use verbs::{GetJobStatus, PollJobStatus, PollStepCall, WaitUntilComplete, WatchJobStatus};

use crate::callback::Callback;
use crate::config::MAX_AGE;
use crate::download::DownloadImages;
use crate::error::Result;
use crate::poll::drive::Engine;
use crate::poll::parked::Parked;
use crate::response::JobStatus;

/// Asks Smile ID how jobs ended.
///
/// Cheap to clone; clones share connections, limits and [`close`](Self::close). `Send + Sync`: one client serves a
/// whole program. Needs a tokio runtime with I/O and time while a call runs. Dropping a call's future drops its
/// request. `Debug` shows the partner id and the server, never the key.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    engine: Engine,
    /// Where its lone waits sleep.
    waits: Arc<Parked>,
    partner_id: String,
    server: String,
}

impl Client {
    /// Starts a client for one partner. An environment or a base URL is required.
    pub fn builder(partner_id: impl Into<String>, api_key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::empty().partner_id(partner_id).api_key(api_key)
    }

    /// A client from `SMILEID_PARTNER_ID`, `SMILEID_API_KEY`, and `SMILEID_ENVIRONMENT` or `SMILEID_BASE_URL`.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) names what is missing or out of its limits.
    /// [`io`](crate::ErrorCode::Io): this machine's CA certificates cannot be read.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env().build()
    }

    /// Asks once how a job stands.
    ///
    /// ```no_run
    /// # async fn example(client: smileid_jobs::Client) -> smileid_jobs::Result<()> {
    /// let status = client.get_job_status("user-1", "job-1").return_history(true).await?;
    /// println!("complete: {}", status.job_complete());
    /// # Ok(()) }
    /// ```
    pub fn get_job_status(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> GetJobStatus {
        GetJobStatus::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Asks until the job is complete or `retry_count` retries are used up, and returns the last status either way. A
    /// `Retry-After` that is longer than the next delay takes its place, and up to as long again is added to it.
    pub fn poll_job_status(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> PollJobStatus {
        PollJobStatus::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Waits until the job is complete, at most `timeout` (60 s): the first query at once, then with growing, jittered
    /// delays, and a last one shortly before the end. Transient failures do not end the wait, permanent ones do.
    /// A wait that slept past its end, because its process was suspended, asks once more, for as long as one request may
    /// take.
    ///
    /// Fails with [`job_incomplete`](crate::ErrorCode::JobIncomplete) when the time is up: the error carries the last
    /// status, the last failure, the attempts and the time spent.
    pub fn wait_until_complete(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> WaitUntilComplete {
        WaitUntilComplete::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Waits as [`wait_until_complete`](Self::wait_until_complete) does and hands out every answer as it arrives. The
    /// next query is not sent before the last update was taken; dropping the stream ends the watch.
    pub fn watch_job_status(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> WatchJobStatus {
        WatchJobStatus::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Waits for many jobs and hands out outcomes in the order of completion. One driver task and one timer structure
    /// serve all of them; nothing stops the rest when one fails. A job that is waited for already is not asked about
    /// twice; both get the outcome.
    ///
    /// ```no_run
    /// # async fn example(client: smileid_jobs::Client) -> smileid_jobs::Result<()> {
    /// let jobs = (0..100_000).map(|n| ("user-1".to_owned(), format!("job-{n}")));
    /// let mut outcomes = client.poll_many().rate_limit(50.0).stream(jobs);
    /// while let Some(outcome) = outcomes.next().await {
    ///     let outcome = outcome?;
    ///     println!("{}", outcome.result.is_ok());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn poll_many(&self) -> PollMany {
        PollMany::new(self.clone())
    }

    /// Makes one attempt of a wait and returns a token for the next one: for task queues, where a wait must not live in
    /// a process. The token is at most 128 characters and holds no id, no secret and no answer.
    pub fn poll_step(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> PollStepCall {
        PollStepCall::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Makes running waits for this job ask now, for example when a callback came in: `wait_until_complete`,
    /// `watch_job_status` and `poll_many` of this client and its clones. Without one it does nothing. What the server
    /// itself asked to wait is still waited for.
    pub fn notify(&self, user_id: &str, job_id: &str) {
        let engine = &self.0.engine;
        engine.wakes.notify(user_id, job_id, engine.clock.now());
    }

    /// Downloads every image that a status links to, those of the ID card too: https only, no redirects, nothing of
    /// ours sent along, JPEG and PNG by content, at most 16 MiB each and 64 in all. Texts that stand for no link
    /// (empty, `N/A`, `Not Available`) are passed over. Ask for the status with `return_image_links` first.
    pub fn download_images(&self, status: &JobStatus) -> DownloadImages {
        DownloadImages::new(self.clone(), status.clone())
    }

    /// Reads a callback's body and checks its signature and, with `max_age`, its age: 0 to 30 days, `None` is no limit.
    /// A timestamp further than that in the future is refused too. What that proves and what not: see [`Callback`].
    ///
    /// # Errors
    /// [`invalid_response`](crate::ErrorCode::InvalidResponse) when it is not a callback,
    /// [`response_too_large`](crate::ErrorCode::ResponseTooLarge) when it is too large for one,
    /// [`signature_mismatch`](crate::ErrorCode::SignatureMismatch) or
    /// [`legacy_signature`](crate::ErrorCode::LegacySignature) when its signature proves nothing,
    /// [`callback_expired`](crate::ErrorCode::CallbackExpired) when it is outside of `max_age` or its age is unknown,
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) when `max_age` is outside of its limits.
    pub fn verify_callback(&self, body: &[u8], max_age: Option<Duration>) -> Result<Callback> {
        let max_age = max_age.map(|max_age| MAX_AGE.check(max_age)).transpose()?;
        let engine = &self.0.engine;
        if body.len() > engine.max_response_bytes {
            return Err(crate::transport::too_large());
        }
        Callback::read(body, &engine.signature, max_age, engine.clock.wall_ms())
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn waits(&self) -> &Arc<Parked> {
        &self.0.waits
    }

    /// Ends running calls with [`client_closed`](crate::ErrorCode::ClientClosed), within milliseconds, closes idle
    /// connections and refuses new calls. For all clones; a second close does nothing.
    pub fn close(&self) {
        self.0.engine.closed.cancel();
        self.0.engine.transport.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.engine.closed.is_cancelled()
    }

    /// The partner id, for what a binding shows of a client.
    #[doc(hidden)]
    #[must_use]
    pub fn partner_id(&self) -> &str {
        &self.0.partner_id
    }

    /// The server's origin, for what a binding shows of a client.
    #[doc(hidden)]
    #[must_use]
    pub fn server(&self) -> &str {
        &self.0.server
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("partner_id", &self.0.partner_id)
            .field("server", &self.0.server)
            .finish_non_exhaustive()
    }
}
