//! The client; its builder and its verbs are in the files beside.

mod builder;
mod verbs;

use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;

pub use builder::ClientBuilder;
pub use verbs::{GetJobStatus, PollJobStatus};

use crate::error::Result;
use crate::poll::drive::Engine;

/// Asks Smile ID how jobs ended.
///
/// Cheap to clone; clones share connections, limits and [`close`](Self::close). `Send + Sync`: one client serves a
/// whole program. Needs a tokio runtime with I/O and time while a call runs. Dropping a call's future drops its
/// request. `Debug` shows the partner id and the server, never the key.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    engine: Engine,
    partner_id: String,
    server: String,
}

impl Client {
    /// Starts a client for one partner. An environment or a base URL is required.
    pub fn builder(partner_id: impl Into<String>, api_key: impl Into<SecretString>) -> ClientBuilder {
        ClientBuilder::empty().partner_id(partner_id).api_key(api_key)
    }

    /// A client from `SMILEID_PARTNER_ID`, `SMILEID_API_KEY`, and `SMILEID_ENVIRONMENT` or `SMILEID_BASE_URL`.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) names what is missing or out of its limits.
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

    /// Asks until the job is complete or `retry_count` retries are used up, and returns the last status either way.
    pub fn poll_job_status(&self, user_id: impl Into<String>, job_id: impl Into<String>) -> PollJobStatus {
        PollJobStatus::new(self.clone(), user_id.into(), job_id.into())
    }

    /// Ends running calls with [`client_closed`](crate::ErrorCode::ClientClosed), within milliseconds, and refuses
    /// new ones. For all clones; a second close does nothing.
    pub fn close(&self) {
        self.0.engine.closed.cancel();
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
