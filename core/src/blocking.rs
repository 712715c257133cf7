//! The process slot: what the Python and C libraries hold in place of a [`Client`], safe across `fork()`.
//!
//! After a fork only the forking thread lives on: a runtime made before has no workers, and its sockets belong to the
//! parent. So the runtime and every client carry the process id they were made under and are made anew in a child.
//! What belongs to another process is leaked, never dropped: dropping would edit the parent's epoll set. No lock is
//! taken before the process id was compared, because a lock of the parent's may be held for ever.

mod call;
mod runtime;
mod stream;

use std::mem::ManuallyDrop;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;

pub use self::call::PendingCall;
use self::runtime::{MayRunOn, ProcessRuntime};
pub use self::stream::{ProcessMany, ProcessStream, ProcessWatch};
use crate::background::Running;
use crate::client::{Client, ClientBuilder, Driven, PollMany, WaitUntilComplete, WatchJobStatus};
use crate::clock::{self, BoxFuture};
#[cfg(unix)]
use crate::driver::event_loop::EventLoop;
use crate::error::{Error, Result};
use crate::panic::guard;
use crate::poll::waits::WaitObserver;
use crate::shared::{SharedMany, SharedWatch};

/// Ends all calls of this process with `client_closed` and waits up to `grace` for their connections. Clients still
/// work afterwards: the next call starts anew.
pub fn shutdown(grace: Duration) {
    if let Some(runtime) = ProcessRuntime::running() {
        runtime.stop(grace);
    }
}

/// An event loop of this process for [`PendingCall::start_in`]: see [`EventLoop`].
///
/// # Errors
/// [`client_closed`](crate::ErrorCode::ClientClosed) when the process is about to end, and `internal` when the system
/// gives no event queue.
#[cfg(unix)]
pub fn event_loop() -> Result<Arc<EventLoop>> {
    EventLoop::new(ProcessRuntime::current()?.background()?).map_err(|error| Error::no_thread(&error))
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
    fn is_usable(&self, pid: u32) -> bool {
        // The runtime is of the same process.
        self.pid == pid && self.runtime.get().is_none_or(|runtime| !runtime.is_stopped())
    }

    fn runtime(self: &Arc<Self>) -> Result<&Arc<ProcessRuntime>> {
        match self.runtime.get() {
            Some(runtime) => Ok(runtime),
            None => {
                let runtime = ProcessRuntime::current()?;
                let runtime = self.runtime.get_or_init(|| runtime);
                runtime.serve(self);
                Ok(runtime)
            }
        }
    }

    /// Ends its calls.
    fn close(&self) {
        self.client.close();
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
        let builder = builder.settled_as(&client);
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

    /// The client of a process, which is the one that this runs in.
    fn of(&self, pid: u32) -> Result<Arc<PerProcess>> {
        loop {
            let held = self.slot.load();
            if let Some(current) = held.as_ref().filter(|current| current.is_usable(pid)) {
                return Ok(Arc::clone(current));
            }
            let fresh = Arc::new(PerProcess::new(self.builder.clone().build()?));
            let before = self.slot.compare_and_swap(&held, Some(Arc::clone(&fresh)));
            if before.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
                if let Some(before) = before.as_ref().filter(|before| before.pid != pid) {
                    std::mem::forget(Arc::clone(before));
                    clock::part_from_parent();
                }
                if self.is_closed() {
                    fresh.close();
                }
                return Ok(fresh);
            }
        }
    }

    /// The client and its runtime, for something that waits.
    fn running(&self, pid: u32) -> Result<(Client, Arc<ProcessRuntime>)> {
        if self.is_closed() {
            return Err(Error::closed());
        }
        let current = self.of(pid)?;
        Ok((current.client.clone(), Arc::clone(current.runtime()?)))
    }

    /// Runs what needs neither a connection nor a thread, such as checking a callback; after a close too.
    ///
    /// # Errors
    /// The body's own.
    pub fn with<T>(&self, body: impl FnOnce(&Client) -> Result<T>) -> Result<T> {
        guard(|| body(&self.of(process::id())?.client))
    }

    /// Prepares a watch.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) after [`close`](Self::close). Refused arguments are the first
    /// update's error.
    pub fn watch(&self, watch: impl FnOnce(&Client) -> WatchJobStatus) -> Result<ProcessWatch> {
        guard(|| {
            let (client, runtime) = self.running(process::id())?;
            let may_run_on = MayRunOn::of(&client);
            Ok(ProcessStream::new(runtime, may_run_on, SharedWatch::new(watch(&client).stream())))
        })
    }

    /// Prepares a `poll_many`; after [`close`](Self::close) every job's outcome says so.
    ///
    /// # Errors
    /// [`invalid_argument`](crate::ErrorCode::InvalidArgument) when an option is outside of its limits.
    pub fn poll_many(&self, many: impl FnOnce(&Client) -> PollMany) -> Result<ProcessMany> {
        guard(|| {
            let current = self.of(process::id())?;
            let (client, runtime) = (&current.client, Arc::clone(current.runtime()?));
            let may_run_on = MayRunOn::of(client);
            Ok(ProcessStream::new(runtime, may_run_on, SharedMany::new(many(client).session()?)))
        })
    }

    /// Prepares a call; nothing is sent before it is waited for.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) after [`close`](Self::close).
    pub fn call<T, F>(&self, call: impl FnOnce(&Client) -> F) -> Result<PendingCall<T>>
    where
        T: Send + 'static,
        F: Driven<Output = Result<T>, IntoFuture = BoxFuture<'static, Result<T>>>,
    {
        self.call_in(process::id(), call)
    }

    /// As [`call`](Self::call), for an entry that has asked which process it runs in: that is a system call.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_in<T, F>(&self, pid: u32, call: impl FnOnce(&Client) -> F) -> Result<PendingCall<T>>
    where
        T: Send + 'static,
        F: Driven<Output = Result<T>, IntoFuture = BoxFuture<'static, Result<T>>>,
    {
        guard(|| {
            let (client, runtime) = self.running(pid)?;
            Ok(PendingCall::of(runtime, MayRunOn::of(&client), call(&client)))
        })
    }

    /// Starts a wait on the library's own thread; `observer` is told its end there, by `call_id`.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) after [`close`](Self::close) or when the process is about to
    /// end, and refused arguments; then `observer` is not told.
    pub fn start_wait<H: WaitObserver>(
        &self,
        wait: impl FnOnce(&Client) -> WaitUntilComplete,
        observer: Arc<H>,
        call_id: u64,
    ) -> Result<Running> {
        guard(|| {
            let (client, runtime) = self.running(process::id())?;
            let wait = wait(&client);
            if wait.is_plain() {
                return wait.start_on(&runtime.background()?, observer, call_id).map(Running::Wait);
            }
            let call = PendingCall::of(runtime, MayRunOn::of(&client), wait);
            call.spawn(move |result| observer.ended(call_id, result)).map(Running::Task)
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
        held.close();
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
