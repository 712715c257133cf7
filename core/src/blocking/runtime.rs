//! The runtimes of one process: one that waiting callers drive, and one with a thread of its own for all else.
//!
//! A lone call that its caller waits for runs on the caller's own thread, sockets included, which saves two thread
//! wake-ups per query. What is spawned, calls beside another one, those of clients that may use a proxy, and the
//! drivers of `poll_many` run on the library's own thread, where many completions cost one wake-up. That one is started
//! when first needed. (A runtime for each waiting caller was tried as well: 64 threads that look at one socket each
//! cost twice as much as one thread that looks at all.)

use std::mem::ManuallyDrop;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;

use super::PerProcess;
use crate::background::{Background, Inbox, MOST_BLOCKING, leave_signals_to_others};
use crate::client::Client;
use crate::error::{Error, Result};

static NUMBERS: AtomicU64 = AtomicU64::new(0);

static RUNTIME: ArcSwapOption<ProcessRuntime> = ArcSwapOption::const_empty();

/// The thread that drives a call. Connections belong to one of the two, so a call stays where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunsOn {
    /// Its caller's.
    Caller,
    /// The library's.
    Background,
}

/// The threads that may drive a client's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MayRunOn {
    Any,
    /// Through a proxy, reqwest's writes can raise SIGPIPE, which ends a program that does not ignore it. The library's
    /// thread blocks it.
    BackgroundOnly,
}

impl MayRunOn {
    pub(super) fn of(client: &Client) -> Self {
        if client.engine().transport.may_use_proxy() { Self::BackgroundOnly } else { Self::Any }
    }
}

/// The tokio runtimes of this process.
pub(super) struct ProcessRuntime {
    pub(super) pid: u32,
    pub(super) number: u64,
    /// Ends the calls that no client ends.
    pub(super) stopping: CancellationToken,
    stopped: AtomicBool,
    /// Whose calls it runs.
    clients: Mutex<Vec<Weak<PerProcess>>>,
    /// Threads that are driving a call of theirs.
    waiting: AtomicUsize,
    driven: ManuallyDrop<RwLock<Option<Runtime>>>,
    background: ManuallyDrop<RwLock<Option<Background>>>,
}

impl ProcessRuntime {
    fn start() -> Result<Self> {
        let driven = Builder::new_current_thread()
            .max_blocking_threads(MOST_BLOCKING)
            .thread_name("smileid-jobs")
            // For the threads that write images.
            .on_thread_start(leave_signals_to_others)
            .enable_all()
            .build()
            .map_err(|error| Error::no_thread(&error))?;
        Ok(Self {
            pid: process::id(),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            stopping: CancellationToken::new(),
            stopped: AtomicBool::new(false),
            clients: Mutex::default(),
            waiting: AtomicUsize::new(0),
            driven: ManuallyDrop::new(RwLock::new(Some(driven))),
            background: ManuallyDrop::default(),
        })
    }

    pub(super) fn is_usable(&self) -> bool {
        self.pid == process::id() && !self.is_stopped()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The runtime of this process, made when first asked for.
    pub(super) fn current() -> Result<Arc<Self>> {
        loop {
            let held = RUNTIME.load();
            if let Some(runtime) = held.as_ref().filter(|runtime| runtime.is_usable()) {
                return Ok(Arc::clone(runtime));
            }
            let fresh = Arc::new(Self::start()?);
            let before = RUNTIME.compare_and_swap(&held, Some(Arc::clone(&fresh)));
            if before.as_ref().map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
                leak_if_foreign(before.as_ref());
                return Ok(fresh);
            }
            fresh.stop(Duration::ZERO);
        }
    }

    /// The runtime in use, if there is one of this process.
    pub(super) fn running() -> Option<Arc<Self>> {
        RUNTIME.load_full().filter(|runtime| runtime.is_usable())
    }

    /// Closes a client when this is stopped, so that its calls need not watch two things that end them.
    pub(super) fn serve(&self, client: &Arc<PerProcess>) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(client));
        drop(clients);
        if self.is_stopped() {
            client.close();
        }
    }

    /// The runtime of the library's thread.
    pub(super) fn background(&self) -> Result<Handle> {
        self.of_background(|background| background.handle().clone())
    }

    /// That thread's queue for calls from other threads.
    pub(super) fn inbox(&self) -> Result<Arc<Inbox>> {
        self.of_background(|background| Arc::clone(background.inbox()))
    }

    fn of_background<T>(&self, see: impl Fn(&Background) -> T) -> Result<T> {
        if let Some(running) = &*self.background.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(see(running));
        }
        let mut background = self.background.write().unwrap_or_else(PoisonError::into_inner);
        if background.is_none() && !self.is_stopped() {
            // A failure is not kept: the system may have room later.
            *background = Some(Background::start().map_err(|error| Error::no_thread(&error))?);
        }
        background.as_ref().map(see).ok_or_else(Error::closed)
    }

    /// Where a call that begins now is driven.
    pub(super) fn runs_on(&self, may_run_on: MayRunOn) -> RunsOn {
        let is_alone = || self.waiting.load(Ordering::Acquire) == 0;
        if may_run_on == MayRunOn::Any && is_alone() { RunsOn::Caller } else { RunsOn::Background }
    }

    /// Waits for a call on the calling thread.
    pub(super) fn block_on<T>(&self, runs_on: RunsOn, call: impl Future<Output = Result<T>>) -> Result<T> {
        struct Leave<'a>(&'a ProcessRuntime);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.waiting.fetch_sub(1, Ordering::Release);
            }
        }
        self.waiting.fetch_add(1, Ordering::Acquire);
        let leave = Leave(self);
        if runs_on == RunsOn::Background {
            return self.background()?.block_on(call);
        }
        let driven = self.driven.read().unwrap_or_else(PoisonError::into_inner);
        let Some(runtime) = driven.as_ref() else { return Err(Error::closed()) };
        let result = runtime.block_on(call);
        drop((driven, leave));
        if self.is_stopped() {
            // Whoever stopped it may have found it in use.
            self.drop_driven(Duration::ZERO);
        }
        result
    }

    /// Unless a caller still drives it, who does so then.
    fn drop_driven(&self, grace: Duration) {
        if let Some(driven) = self.driven.try_write().ok().and_then(|mut driven| driven.take()) {
            driven.shutdown_timeout(grace);
        }
    }

    pub(super) fn stop(&self, grace: Duration) {
        self.stopped.store(true, Ordering::SeqCst);
        self.stopping.cancel();
        let clients = std::mem::take(&mut *self.clients.lock().unwrap_or_else(PoisonError::into_inner));
        clients.iter().filter_map(Weak::upgrade).for_each(|client| client.close());
        // Waits for the callers, which leave at once: a call that is polled after its timers are gone would panic.
        let patience = Instant::now() + grace;
        while self.waiting.load(Ordering::Acquire) > 0 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        let left = || patience.saturating_duration_since(Instant::now());
        self.drop_driven(left());
        // Taken out, so that it is dropped, which the fields of this struct are not.
        let background = self.background.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(background) = background {
            background.stop(left());
        }
    }
}

/// Keeps the parent's runtime from ever being dropped here.
fn leak_if_foreign(runtime: Option<&Arc<ProcessRuntime>>) {
    if let Some(runtime) = runtime.filter(|runtime| runtime.pid != process::id()) {
        std::mem::forget(Arc::clone(runtime));
    }
}
