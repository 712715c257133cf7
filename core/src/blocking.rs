//! The process slot: what the Python and C libraries hold in place of a [`Client`], safe across `fork()`.
//!
//! After a fork only the forking thread lives on: a runtime made before has no workers, and its sockets belong to the
//! parent. So the runtime and every client carry the process id they were made under and are made anew in a child.
//! What belongs to another process is leaked, never dropped: dropping would edit the parent's epoll set. No lock is
//! taken before the process id was compared, because a lock of the parent's may be held for ever.

mod runtime;

use std::mem::ManuallyDrop;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use self::runtime::{Lane, ProcessRuntime};
use crate::background::turn;
use crate::client::{Client, ClientBuilder, PollMany, WatchJobStatus};
use crate::clock::BoxFuture;
use crate::error::{Error, Result};
use crate::panic::{guard, guard_future};
use crate::poll::many::JobOutcome;
use crate::poll::watch::StatusUpdate;
use crate::shared::{SharedMany, SharedWatch};

/// Ends all calls of this process with `client_closed` and waits up to `grace` for their connections. Clients still
/// work afterwards: the next call starts anew.
pub fn shutdown(grace: Duration) {
    if let Some(runtime) = ProcessRuntime::running() {
        runtime.stop(grace);
    }
}

/// A [`Client`] of one process, with the runtime of its calls once there was one.
struct PerProcess {
    pid: u32,
    runtime: OnceLock<Arc<ProcessRuntime>>,
    client: Client,
}

impl PerProcess {
    fn new(client: Client) -> Self {
        Self { pid: process::id(), runtime: OnceLock::new(), client }
    }

    /// Connections end with their runtime, so a client does not outlive it.
    fn is_usable(&self) -> bool {
        self.pid == process::id() && self.runtime.get().is_none_or(|runtime| runtime.is_usable())
    }

    fn runtime(&self) -> Result<&Arc<ProcessRuntime>> {
        match self.runtime.get() {
            Some(runtime) => Ok(runtime),
            None => {
                let runtime = ProcessRuntime::current()?;
                Ok(self.runtime.get_or_init(|| runtime))
            }
        }
    }
}

/// A client for languages without a runtime of their own. `Send + Sync`; works on in a forked child.
pub struct ProcessClient {
    builder: ClientBuilder,
    partner_id: String,
    server: String,
    closed: AtomicBool,
    slot: ManuallyDrop<ArcSwapOption<PerProcess>>,
}

impl ProcessClient {
    /// Checks the settings; starts no thread.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) names the setting that is missing or out of its limits.
    pub fn new(builder: ClientBuilder) -> Result<Self> {
        let client = builder.clone().build()?;
        let (partner_id, server) = (client.partner_id().to_owned(), client.server().to_owned());
        let slot = ManuallyDrop::new(ArcSwapOption::from_pointee(PerProcess::new(client)));
        Ok(Self { builder, partner_id, server, closed: AtomicBool::new(false), slot })
    }

    /// The partner id, which is no secret.
    #[must_use]
    pub fn partner_id(&self) -> &str {
        &self.partner_id
    }

    /// The origin of the server that is asked.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    fn current(&self) -> Result<Arc<PerProcess>> {
        loop {
            let held = self.slot.load();
            if let Some(current) = held.as_ref().filter(|current| current.is_usable()) {
                return Ok(Arc::clone(current));
            }
            let fresh = Arc::new(PerProcess::new(self.builder.clone().build()?));
            let before = self.slot.compare_and_swap(&held, Some(Arc::clone(&fresh)));
            if before.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
                if let Some(before) = before.as_ref().filter(|before| before.pid != process::id()) {
                    std::mem::forget(Arc::clone(before));
                }
                if self.is_closed() {
                    fresh.client.close();
                }
                return Ok(fresh);
            }
        }
    }

    /// The client and its runtime, for something that waits.
    fn running(&self) -> Result<(Client, Arc<ProcessRuntime>)> {
        if self.is_closed() {
            return Err(Error::closed());
        }
        let current = self.current()?;
        Ok((current.client.clone(), Arc::clone(current.runtime()?)))
    }

    /// Runs what needs neither a connection nor a thread, such as checking a callback; after a close too.
    ///
    /// # Errors
    /// The body's own.
    pub fn with<T>(&self, body: impl FnOnce(&Client) -> Result<T>) -> Result<T> {
        guard(|| body(&self.current()?.client))
    }

    /// Prepares a watch.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) after [`close`](Self::close). Refused arguments are the first
    /// update's error.
    pub fn watch(&self, watch: impl FnOnce(&Client) -> WatchJobStatus) -> Result<ProcessWatch> {
        guard(|| {
            let (client, runtime) = self.running()?;
            Ok(ProcessStream { runtime, stream: Some(SharedWatch::new(watch(&client).stream())) })
        })
    }

    /// Prepares a `poll_many`; after [`close`](Self::close) every job's outcome says so.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) when an option is outside of its limits.
    pub fn poll_many(&self, many: impl FnOnce(&Client) -> PollMany) -> Result<ProcessMany> {
        guard(|| {
            let current = self.current()?;
            let (client, runtime) = (&current.client, Arc::clone(current.runtime()?));
            let many = SharedMany::new(many(client).session()?);
            Ok(ProcessStream { runtime, stream: Some(many) })
        })
    }

    /// Prepares a call; nothing is sent before it is waited for.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) after [`close`](Self::close).
    pub fn call<T, F>(&self, call: impl FnOnce(&Client) -> F) -> Result<PendingCall<T>>
    where
        T: Send + 'static,
        F: IntoFuture<Output = Result<T>>,
        F::IntoFuture: Send + 'static,
    {
        guard(|| {
            let (client, runtime) = self.running()?;
            Ok(PendingCall::new(runtime, call(&client).into_future()))
        })
    }

    /// Ends running calls with `client_closed`, refuses new ones and closes idle connections.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let Some(held) = self.slot.swap(None) else { return };
        if held.pid != process::id() {
            std::mem::forget(held);
            return;
        }
        held.client.close();
        let runtime = held.runtime.get().cloned();
        drop(held);
        if let Some(runtime) = runtime {
            runtime.settle();
        }
    }

    /// Whether [`close`](Self::close) was called, in this process or before the fork.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for ProcessClient {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for ProcessClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.builder.fmt(f)
    }
}

/// A watch or a `poll_many` of one process. In a forked child it is the parent's: every use is refused, and it is leaked
/// rather than dropped.
pub struct ProcessStream<S> {
    runtime: Arc<ProcessRuntime>,
    /// Always there but while it is dropped.
    stream: Option<S>,
}

/// See [`Client::watch_job_status`].
pub type ProcessWatch = ProcessStream<SharedWatch>;
/// See [`Client::poll_many`].
pub type ProcessMany = ProcessStream<SharedMany>;

impl<S> ProcessStream<S> {
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
        self.with(|stream| PendingCall::new(Arc::clone(&self.runtime), call(stream)))
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

    /// Ends it; nothing where it is another process's.
    pub fn close(&self) {
        if self.with(SharedWatch::close).is_ok() {
            self.runtime.settle();
        }
    }
}

impl ProcessMany {
    /// Prepares to wait for an outcome: see [`SharedMany::take`].
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) in a process that did not start it.
    pub fn take(&self) -> Result<PendingCall<Option<JobOutcome>>> {
        // On the library's own thread, so that it goes on asking while the consumer is busy with an outcome. Not before the
        // first outcome is wanted: until then nothing is asked.
        self.with(|many| self.runtime.background().map(|background| many.start_on(&background)))??;
        self.call(SharedMany::take)
    }

    /// Ends it; nothing where it is another process's.
    pub fn close(&self) {
        let _ = self.with(SharedMany::close);
    }
}

impl<S> Drop for ProcessStream<S> {
    fn drop(&mut self) {
        let stream = self.stream.take();
        if self.runtime.pid == process::id() {
            drop(stream);
            self.runtime.settle();
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

/// A call that was prepared and can be waited for, in one go or in slices. Dropping it drops its request.
pub struct PendingCall<T> {
    runtime: Arc<ProcessRuntime>,
    /// Gone once it has ended or was handed over.
    future: Option<BoxFuture<'static, Result<T>>>,
    /// Set once somebody has begun to wait for it.
    lane: Option<Lane>,
}

impl<T: Send + 'static> PendingCall<T> {
    fn new(runtime: Arc<ProcessRuntime>, future: impl Future<Output = Result<T>> + Send + 'static) -> Self {
        let stopping = runtime.stopping.clone();
        let future: BoxFuture<'static, Result<T>> = Box::pin(guard_future(async move {
            tokio::select! {
                biased;
                () = stopping.cancelled() => Err(Error::closed()),
                result = future => result,
            }
        }));
        Self { runtime, future: Some(future), lane: None }
    }

    /// Where the call is driven, from the first wait for it on.
    fn lane(&mut self) -> Result<Lane> {
        if let Some(lane) = self.lane {
            return Ok(lane);
        }
        let lane = self.runtime.lane();
        if lane == Lane::Background {
            // All of it goes there: this thread is woken once, with the end.
            let future = self.future.take().ok_or_else(Error::internal)?;
            let (done, ended) = oneshot::channel();
            let task = self.runtime.background()?.spawn(async move {
                let result = future.await;
                // All callers whose calls have ended are woken at once.
                turn().await;
                let _ = done.send(result);
            });
            let task = AbortOnDrop(task.abort_handle());
            self.future = Some(Box::pin(async move {
                let _task = task;
                // Nothing is sent only when the runtime is being stopped.
                ended.await.unwrap_or_else(|_| Err(Error::closed()))
            }));
        }
        self.lane = Some(lane);
        Ok(lane)
    }

    /// Waits on the calling thread until the call ends.
    ///
    /// # Errors
    /// The call's own.
    pub fn wait(mut self) -> Result<T> {
        guard(|| {
            let lane = self.lane()?;
            let future = self.future.take().ok_or_else(Error::internal)?;
            self.runtime.block_on(lane, future)
        })
    }

    /// Waits on the calling thread for a while; `None` when the call has not ended yet.
    pub fn wait_for(&mut self, slice: Duration) -> Option<Result<T>> {
        let waited = guard(|| {
            let lane = self.lane()?;
            let future = self.future.as_mut().ok_or_else(Error::internal)?;
            self.runtime.block_on(lane, async move { tokio::time::timeout(slice, future).await.ok().transpose() })
        });
        let ended = waited.transpose();
        if ended.is_some() {
            self.future = None;
        }
        ended
    }

    /// Waits on the calling thread until the call or `cancel` ends.
    ///
    /// # Errors
    /// The call's own, or [`cancelled`](crate::ErrorCode::Cancelled).
    pub fn wait_unless(mut self, cancel: &CancellationToken) -> Result<T> {
        guard(|| {
            let lane = self.lane()?;
            let future = self.future.take().ok_or_else(Error::internal)?;
            self.runtime.block_on(lane, async move {
                tokio::select! {
                    biased;
                    () = cancel.cancelled() => Err(Error::cancelled()),
                    result = future => result,
                }
            })
        })
    }

    /// Runs the call on the library's own thread and hands its end to `done`, there. Aborting drops the request and
    /// `done`.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) when the process is about to end; then `done` is not called.
    pub fn spawn(mut self, done: impl FnOnce(Result<T>) + Send + 'static) -> Result<AbortHandle> {
        let future = self.future.take().ok_or_else(Error::internal)?;
        let task = self.runtime.background()?.spawn(async move { done(future.await) });
        Ok(task.abort_handle())
    }
}

/// Drops a task's future with the wait for it.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Drop for PendingCall<T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            drop(future);
            if self.lane == Some(Lane::Caller) {
                self.runtime.settle();
            }
        }
    }
}
