//! Watches and `poll_many`s of one process.

use std::process;
use std::sync::Arc;

use super::call::PendingCall;
use super::runtime::{MayRunOn, ProcessRuntime};
use crate::error::{Error, Result};
use crate::panic::guard;
use crate::poll::many::JobOutcome;
use crate::poll::watch::StatusUpdate;
use crate::shared::{SharedMany, SharedWatch};

/// A watch or a `poll_many` of one process. In a forked child it is the parent's: every use is refused, and it is
/// leaked rather than dropped.
pub struct ProcessStream<S> {
    runtime: Arc<ProcessRuntime>,
    may_run_on: MayRunOn,
    /// `None` only while it is dropped.
    stream: Option<S>,
}

/// See [`Client::watch_job_status`](crate::Client::watch_job_status).
pub type ProcessWatch = ProcessStream<SharedWatch>;
/// See [`Client::poll_many`](crate::Client::poll_many).
pub type ProcessMany = ProcessStream<SharedMany>;

impl<S> ProcessStream<S> {
    pub(super) fn new(runtime: Arc<ProcessRuntime>, may_run_on: MayRunOn, stream: S) -> Self {
        Self { runtime, may_run_on, stream: Some(stream) }
    }

    fn own(&self) -> Option<&S> {
        self.stream.as_ref().filter(|_| self.runtime.pid == process::id())
    }

    /// Looks at the stream without waiting.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) in a process that did not start it.
    pub fn with<T>(&self, body: impl FnOnce(&S) -> T) -> Result<T> {
        guard(|| self.own().map(body).ok_or_else(Error::of_another_process))
    }

    fn call<T, F>(&self, call: impl FnOnce(&S) -> F) -> Result<PendingCall<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.with(|stream| PendingCall::new(Arc::clone(&self.runtime), self.may_run_on, call(stream)))
    }
}

impl ProcessWatch {
    /// Prepares to wait for the next update: see [`SharedWatch::next`].
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) in a process that did not start it.
    pub fn next(&self) -> Result<PendingCall<Option<StatusUpdate>>> {
        self.call(SharedWatch::next)
    }

    /// Ends it; does nothing in a process that did not start it.
    pub fn close(&self) {
        let _ = self.with(SharedWatch::close);
    }
}

impl ProcessMany {
    /// Prepares to wait for an outcome: see [`SharedMany::take`].
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) in a process that did not start it.
    pub fn take(&self) -> Result<PendingCall<Option<JobOutcome>>> {
        // On the library's own thread, so that it goes on asking while the consumer is busy with an outcome. Not before
        // the first outcome is wanted: until then nothing is asked.
        self.with(|many| self.runtime.background().map(|background| many.start_on(&background)))??;
        self.call(SharedMany::take)
    }

    /// Ends it; does nothing in a process that did not start it.
    pub fn close(&self) {
        let _ = self.with(SharedMany::close);
    }
}

impl<S> Drop for ProcessStream<S> {
    fn drop(&mut self) {
        let stream = self.stream.take();
        if self.runtime.pid == process::id() {
            drop(stream);
        } else {
            std::mem::forget((stream, Arc::clone(&self.runtime)));
        }
    }
}

impl<S> std::fmt::Debug for ProcessStream<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessStream").finish_non_exhaustive()
    }
}
