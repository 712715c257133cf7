//! The way back to JavaScript: one queue and one wake-up per Node environment.
//!
//! The library's thread puts what is finished into the queue and wakes the environment's thread once for all that finished
//! in one turn; that thread empties the queue and hands the whole batch to one JavaScript function. The wake-up keeps the process alive only
//! while a call is running, and a call that JavaScript has given up is taken out at once. Events for the log travel in
//! the same queue (see [`crate::events`]), ahead of what is finished.

use std::cell::RefCell;
#[cfg(unix)]
use std::cell::{Cell, OnceCell};
use std::mem;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use napi::bindgen_prelude::{External, Function, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, sys};
use napi_derive::napi;
#[cfg(unix)]
use smileid_jobs::Driven;
use smileid_jobs::background::{Running, wake_after_turn};
use smileid_jobs::events::Event;
use smileid_jobs::panic::guard_future;
use smileid_jobs::slab::{Slab, Slot};
use smileid_jobs::{GetJobStatus, JobStatus, Result, WaitObserver, WaitUntilComplete};

use crate::batch::Batch;
use crate::completed::Completed;
use crate::events;
#[cfg(unix)]
use crate::hosted::{Hosted, Settle, event_loop};
use crate::runtime;

/// Woken without a value: what there is to say stands in the queue.
pub(crate) type Wake = ThreadsafeFunction<(), Unknown<'static>, Batch, napi::Status, false, true>;

/// How many events wait for a busy environment; what comes on top is counted and dropped.
const MOST_EVENTS: usize = 4096;

/// One environment's bridge. Lives on that environment's thread.
pub(crate) struct Bridge {
    pub(crate) queue: Arc<Queue>,
    pub(crate) wake: Arc<Wake>,
    reports: Arc<Reports>,
    calls: Rc<RefCell<Calls>>,
    /// Made with the first query that there is room for.
    #[cfg(unix)]
    hosted: OnceCell<Option<Hosted>>,
    /// Until then.
    #[cfg(unix)]
    settle: Cell<Option<Settle>>,
}

/// Puts what is finished into an environment's queue and sees to it that it is looked at.
struct Reports {
    queue: Arc<Queue>,
    waker: Waker,
}

impl Reports {
    fn report(&self, call: Slot, result: Result<Completed>) {
        self.queue.push(Finished { call, result });
        wake_after_turn(&self.waker);
    }
}

impl WaitObserver for Reports {
    fn ended(self: Arc<Self>, call_id: u64, result: Result<JobStatus>) {
        self.report(Slot::of_number(call_id), result.map(Into::into));
    }
}

/// Wakes an environment for what is finished, unless it is awake already.
struct QueueWaker {
    queue: Arc<Queue>,
    wake: Arc<Wake>,
}

impl std::task::Wake for QueueWaker {
    fn wake(self: Arc<Self>) {
        if self.queue.must_wake() {
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// What the library's thread and the environment's thread share.
#[derive(Default)]
pub(crate) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    finished: Vec<Finished>,
    events: Vec<Event>,
    /// How many events found no room.
    lost: u64,
    /// Whether a wake-up is on its way already.
    woken: bool,
    /// Set when the environment ends: nobody will look any more.
    closed: bool,
}

pub(crate) struct Finished {
    pub(crate) call: Slot,
    pub(crate) result: Result<Completed>,
}

/// What to give up a call with; nothing where it was refused, and is only to be told so.
type Call = Option<Running>;

/// The calls that JavaScript waits for, by numbers that are used again. Only the environment's thread comes here.
pub(crate) struct Calls {
    running: Slab<Call>,
    /// The wake-up, once it is made: it keeps the process alive while calls are running.
    wake: Option<sys::napi_threadsafe_function>,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is finished. Somebody must wake the environment for it.
    pub(crate) fn push(&self, finished: Finished) {
        let mut waiting = self.lock();
        if !waiting.closed {
            waiting.finished.push(finished);
        }
    }

    #[cfg(unix)]
    pub(crate) fn has_finished(&self) -> bool {
        !self.lock().finished.is_empty()
    }

    /// Whether the environment must be woken; then the caller does it.
    fn must_wake(&self) -> bool {
        let mut waiting = self.lock();
        !waiting.closed && !waiting.finished.is_empty() && !mem::replace(&mut waiting.woken, true)
    }

    /// Adds an event; true if the environment must be woken for it.
    pub(crate) fn push_event(&self, event: Event) -> bool {
        let mut waiting = self.lock();
        if waiting.closed {
            return false;
        }
        if waiting.events.len() < MOST_EVENTS {
            waiting.events.push(event);
        } else {
            waiting.lost += 1;
        }
        !mem::replace(&mut waiting.woken, true)
    }

    /// Takes everything there is.
    pub(crate) fn take(&self, calls: Rc<RefCell<Calls>>) -> Batch {
        let mut waiting = self.lock();
        waiting.woken = false;
        let (finished, mut events) = (mem::take(&mut waiting.finished), mem::take(&mut waiting.events));
        match mem::take(&mut waiting.lost) {
            0 => {}
            lost => events.push(events::lost(lost)),
        }
        Batch { finished, events, calls }
    }
}

impl Calls {
    /// Adds a call, which was told its slot when it began.
    fn add(&mut self, env: &Env, call: Call) -> u32 {
        if let (true, Some(wake)) = (self.running.is_empty(), self.wake) {
            // SAFETY: on the environment's thread, while the bridge that owns the function lives.
            let _ = unsafe { sys::napi_ref_threadsafe_function(env.raw(), wake) };
        }
        number_of(self.running.add(call))
    }

    /// Takes a call out; `None` for one that JavaScript has given up already.
    pub(crate) fn end(&mut self, env: &Env, call: Slot) -> Option<Call> {
        let ended = self.running.remove(call)?;
        if let (true, Some(wake)) = (self.running.is_empty(), self.wake) {
            // SAFETY: as above. Doing it twice is harmless: Node keeps a flag, not a count.
            let _ = unsafe { sys::napi_unref_threadsafe_function(env.raw(), wake) };
        }
        Some(ended)
    }
}

/// The number of a running call in JavaScript, where 0 is that of an event.
pub(crate) fn number_of(call: Slot) -> u32 {
    call.index().saturating_add(1)
}

/// Makes the environment's bridge. `settle` is called with batches: for each call its number, its flags (-1 for an
/// error, -2 for a value that is no status), its handle, error or value, and its code unless the flags hold it; an event has
/// the number 0, its level, its message and its fields. A large batch is one argument, an array. `onLoop` is whether queries
/// may be driven by Node's own loop.
#[napi(ts_args_type = "settle: (...batch: unknown[]) => void, onLoop: boolean", ts_return_type = "BridgeHandle")]
pub(crate) fn create_bridge(
    env: &Env,
    settle: Function<Batch, Unknown<'static>>,
    on_loop: bool,
) -> napi::Result<External<Bridge>> {
    let queue = Arc::new(Queue::default());
    let calls = Rc::new(RefCell::new(Calls { running: Slab::default(), wake: None }));
    #[cfg(unix)]
    let (hosted, settled) = (OnceCell::new(), Cell::new(on_loop.then(|| settle.create_ref()).transpose()?));
    #[cfg(not(unix))]
    let _ = on_loop;
    let (batches, waiting) = (Arc::clone(&queue), Rc::clone(&calls));
    let wake = settle
        .build_threadsafe_function::<()>()
        .callee_handled::<false>()
        .weak::<true>()
        .build_callback(move |_| Ok(batches.take(Rc::clone(&waiting))))?;
    calls.borrow_mut().wake = Some(wake.raw());
    let (closing, waiting) = (Arc::clone(&queue), Rc::clone(&calls));
    // Added after the wake-up, so it runs before Node takes that apart.
    env.add_env_cleanup_hook((), move |()| {
        closing.lock().closed = true;
        events::forget(&closing);
        let mut calls = waiting.borrow_mut();
        calls.wake = None;
        calls.running.drain().flatten().for_each(|call| call.abort());
    })?;
    let wake = Arc::new(wake);
    let waker = Waker::from(Arc::new(QueueWaker { queue: Arc::clone(&queue), wake: Arc::clone(&wake) }));
    let reports = Arc::new(Reports { queue: Arc::clone(&queue), waker });
    Ok(External::new(Bridge {
        queue,
        wake,
        reports,
        calls,
        #[cfg(unix)]
        hosted,
        #[cfg(unix)]
        settle: settled,
    }))
}

/// Drops a running call and its request; nothing is reported for it any more.
#[napi(ts_args_type = "bridge: BridgeHandle, call: number")]
pub(crate) fn cancel(env: &Env, bridge: &External<Bridge>, call: u32) {
    let mut calls = bridge.calls.borrow_mut();
    let slot = call.checked_sub(1).and_then(|index| calls.running.at(index)).map(|(slot, _)| slot);
    if let Some(running) = slot.and_then(|slot| calls.end(env, slot)).flatten() {
        running.abort();
    }
}

impl Bridge {
    /// Runs a call on the runtime; its end will be reported under the number returned, which is never 0.
    pub(crate) fn start<F, T>(&self, env: &Env, call: F) -> u32
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Into<Completed>,
    {
        self.begin(env, |slot| {
            let reports = Arc::clone(&self.reports);
            let call = async move { reports.report(slot, guard_future(call).await.map(Into::into)) };
            runtime::handle().map(|runtime| Running::Task(runtime.spawn(call).abort_handle()))
        })
    }

    /// Starts a query, as [`start`](Self::start) does; on this thread, if that can be done.
    pub(crate) fn ask(&self, env: &Env, query: Result<GetJobStatus>) -> u32 {
        #[cfg(unix)]
        if query.as_ref().is_ok_and(GetJobStatus::runs_on_event_loop)
            && let Some(hosted) = self.hosted(env)
        {
            let number = self.begin(env, |slot| Ok(hosted.start(query?, slot)));
            // It may have ended at once.
            self.reports.waker.wake_by_ref();
            return number;
        }
        self.start(env, async move { query?.await })
    }

    #[cfg(unix)]
    fn hosted(&self, env: &Env) -> Option<&Hosted> {
        if let Some(hosted) = self.hosted.get() {
            return hosted.as_ref();
        }
        // Before anything is decided for good: there may be room for it with a later query.
        let event_loop = event_loop()?;
        let (queue, calls) = (Arc::clone(&self.queue), Rc::clone(&self.calls));
        self.hosted.get_or_init(|| Hosted::new(env, event_loop, queue, calls, self.settle.take()?)).as_ref()
    }

    /// Starts a wait, as [`start`](Self::start) does; while it sleeps it takes less room than another call.
    pub(crate) fn start_wait(&self, env: &Env, wait: Result<WaitUntilComplete>) -> u32 {
        match wait {
            Ok(wait) if wait.is_plain() => self.begin(env, |slot| {
                let reports = Arc::clone(&self.reports);
                wait.start_on(runtime::handle()?, reports, slot.number()).map(Running::Wait)
            }),
            wait => self.start(env, async move { wait?.await }),
        }
    }

    fn begin(&self, env: &Env, start: impl FnOnce(Slot) -> Result<Running>) -> u32 {
        let mut calls = self.calls.borrow_mut();
        let slot = calls.running.next_slot();
        let started = start(slot).map_err(|error| self.reports.report(slot, Err(error)));
        calls.add(env, started.ok())
    }
}
