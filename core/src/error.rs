//! One error type, with the context that support needs and nothing that must stay private.

mod reasons;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use self::reasons::{Cause, IncompleteReason, Phase};
use crate::code::ErrorCode;
use crate::response::JobStatus;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. [`Error::code`] tells what to do about it; the message is one line without ids, keys or data.
///
/// Cheap to clone. `Debug` shows the same as the message plus counts, never ids, bodies or signatures.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: ErrorCode,
    message: Cow<'static, str>,
    argument: Option<&'static str>,
    phase: Option<Phase>,
    reason: Option<IncompleteReason>,
    http_status: Option<u16>,
    api_code: Option<String>,
    retry_after: Option<Duration>,
    user_id: Option<String>,
    job_id: Option<String>,
    attempts: Option<u32>,
    elapsed: Option<Duration>,
    last_status: Option<JobStatus>,
    last_error: Option<Error>,
    raw: Option<Bytes>,
    cause: Option<Cause>,
}

impl Error {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// One line that says what happened and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        self.message_naming(str::to_owned)
    }

    /// The argument that was refused, in Rust's spelling: set with [`ErrorCode::InvalidArgument`].
    #[must_use]
    pub fn argument(&self) -> Option<&'static str> {
        self.0.argument
    }

    /// Where time ran out: set with [`ErrorCode::Timeout`].
    #[must_use]
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// Why the wait ended: set with [`ErrorCode::JobIncomplete`].
    #[must_use]
    pub fn reason(&self) -> Option<IncompleteReason> {
        self.0.reason
    }

    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// Smile ID's own error code, such as `2205`, if the answer had one.
    #[must_use]
    pub fn api_code(&self) -> Option<&str> {
        self.0.api_code.as_deref()
    }

    /// How long the server asked to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The user asked about.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.0.user_id.as_deref()
    }

    /// The job asked about.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        self.0.job_id.as_deref()
    }

    /// How many attempts were made; HTTP retries inside one attempt do not count.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// The time from the start of the call.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// The last status that a polling verb saw before it failed.
    #[must_use]
    pub fn last_status(&self) -> Option<&JobStatus> {
        self.0.last_status.as_ref()
    }

    /// The failure before this one, where a polling verb went on after it; of a call whose own time was up, what that time
    /// ended in.
    #[must_use]
    pub fn last_error(&self) -> Option<&Error> {
        self.0.last_error.as_ref()
    }

    /// The body of the answer that was refused. It can hold personal data and a signature: do not log it.
    #[must_use]
    pub fn raw(&self) -> Option<&Bytes> {
        self.0.raw.as_ref()
    }

    /// What lies under this error.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    /// Whether the same call may well succeed when it is made again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.0.code.is_transient(self.0.http_status)
    }

    /// The message with the refused argument in another language's spelling.
    #[doc(hidden)]
    pub fn message_naming(&self, spelling: impl Fn(&'static str) -> String) -> String {
        match self.0.argument {
            Some(argument) => format!("{}: {}", spelling(argument), self.0.message),
            None => self.0.message.clone().into_owned(),
        }
    }

    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            code,
            message: message.into(),
            argument: None,
            phase: None,
            reason: None,
            http_status: None,
            api_code: None,
            retry_after: None,
            user_id: None,
            job_id: None,
            attempts: None,
            elapsed: None,
            last_status: None,
            last_error: None,
            raw: None,
            cause: None,
        }))
    }

    /// A refused argument; bindings use it for values that their language allows and Rust's types do not.
    #[doc(hidden)]
    pub fn invalid_argument(argument: &'static str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidArgument, expected).with(|inner| inner.argument = Some(argument))
    }

    /// A bug of ours that a guard has caught.
    #[doc(hidden)]
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "the library failed inside; this is a bug, please report it")
    }

    /// The system gives no thread or no event queue for the library's own.
    #[doc(hidden)]
    #[must_use]
    pub fn no_thread(error: &std::io::Error) -> Self {
        let message = "the system gives the library no thread or no event queue; raise this process's limits";
        // The system's own words, which name no path here.
        Self::new(ErrorCode::Internal, message).with_cause(Cause::System { description: error.to_string() })
    }

    /// The call's own token was used.
    #[doc(hidden)]
    pub fn cancelled() -> Self {
        Self::new(ErrorCode::Cancelled, "the call was cancelled")
    }

    /// The client was closed.
    #[doc(hidden)]
    pub fn closed() -> Self {
        Self::new(ErrorCode::ClientClosed, "the client is closed; make a new one")
    }

    /// Something was used in a forked child.
    #[cfg(feature = "blocking")]
    #[doc(hidden)]
    pub fn of_another_process() -> Self {
        Self::new(ErrorCode::ClientClosed, "it belongs to the process that started it; start a new one after fork()")
    }

    pub(crate) fn timeout(phase: Phase) -> Self {
        let message = match phase {
            Phase::Queue => {
                "neither a connection nor a token of rate_limit became free in time; raise max_connections, rate_limit or timeout"
            }
            Phase::Connect => {
                "the server could not be connected to in time; raise connect_timeout or check the network"
            }
            Phase::Response => "the server did not answer in time; try again or raise request_timeout",
            Phase::Body => "the answer began but did not end in time; try again or raise request_timeout",
            Phase::Server => "the server gave up waiting for the request; try again",
            Phase::Overall => "the call's timeout ended; raise timeout or ask again later",
        };
        Self::new(ErrorCode::Timeout, message).with(|inner| inner.phase = Some(phase))
    }

    pub(crate) fn incomplete(reason: IncompleteReason) -> Self {
        let message = match reason {
            IncompleteReason::Deadline => "the job was not complete within the timeout; ask again later",
            IncompleteReason::Attempts => "the job was not complete when the attempts were used up; ask again later",
            IncompleteReason::RetryAfterBeyondDeadline => {
                "the server asked to wait longer than the timeout lets; ask again later"
            }
        };
        Self::new(ErrorCode::JobIncomplete, message).with(|inner| inner.reason = Some(reason))
    }

    /// Adds a remark to the message; it must hold no data.
    pub(crate) fn with_remark(self, remark: &str) -> Self {
        self.with(|inner| inner.message = format!("{}; {remark}", inner.message).into())
    }

    fn with(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn with_cause(self, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        self.with(|inner| inner.cause = Some(cause))
    }

    pub(crate) fn with_answer(self, http_status: u16, raw: Bytes) -> Self {
        self.with(|inner| {
            inner.http_status = Some(http_status);
            inner.raw = Some(raw);
        })
    }

    pub(crate) fn with_http_status(self, http_status: u16) -> Self {
        self.with(|inner| inner.http_status = Some(http_status))
    }

    pub(crate) fn with_raw(self, raw: Bytes) -> Self {
        self.with(|inner| inner.raw = Some(raw))
    }

    pub(crate) fn with_api_code(self, api_code: Option<String>) -> Self {
        self.with(|inner| inner.api_code = api_code)
    }

    pub(crate) fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        self.with(|inner| inner.retry_after = retry_after)
    }

    pub(crate) fn with_last_status(self, last_status: Option<JobStatus>) -> Self {
        self.with(|inner| inner.last_status = last_status)
    }

    pub(crate) fn with_last_error(self, last_error: Option<Error>) -> Self {
        self.with(|inner| inner.last_error = last_error)
    }

    pub(crate) fn with_call(self, user_id: &str, job_id: &str, attempts: u32, elapsed: Duration) -> Self {
        self.with(|inner| {
            inner.user_id = Some(user_id.to_owned());
            inner.job_id = Some(job_id.to_owned());
            inner.attempts = Some(attempts);
            inner.elapsed = Some(elapsed);
        })
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.message())
            .field("phase", &self.0.phase)
            .field("reason", &self.0.reason)
            .field("http_status", &self.0.http_status)
            .field("api_code", &self.0.api_code)
            .field("retry_after", &self.0.retry_after)
            .field("attempts", &self.0.attempts)
            .field("elapsed", &self.0.elapsed)
            .field("last_error", &self.0.last_error)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}
