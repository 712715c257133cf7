//! Queries of a host's event loop, polled on the loop's own thread: the loop watches one descriptor for all of them.
//!
//! The sockets are in an event queue of their own (`sockets`), whose descriptor becomes readable when there is
//! something to do. So the host's loop refers to no socket, which may be closed anywhere. Connections are
//! opened on the library's thread, which also wakes the loop when the earliest deadline comes.

use std::io;
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::hosted::{inside, poll};
use super::registration::{Readiness, Registration};
use super::sockets::Sockets;
use super::tasks::Tasks;
use crate::slab::Slot;

/// At most this much is read per system call.
const READ_BUFFER_BYTES: usize = 128 << 10;

/// How often tasks that wake themselves are polled before the host's loop goes on.
const MAX_SELF_WAKES: usize = 16;

/// For how long, if that comes first: some have much to do each time.
const MOST_SELF_WAKING: Duration = Duration::from_millis(5);

/// How many tasks are polled before the host is told what has ended. glibc's `malloc` caches as many freed blocks of
/// one size, for what the host starts next.
const TASKS_PER_CALLBACK_BATCH: usize = 7;

/// Stands in `ready` when a deadline has come; everything else there is a task's index.
const TIMER_DUE: u32 = u32::MAX;

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// The queries of one event loop of a host. Made and used on the loop's own thread; any thread may wake it and abort
/// calls.
pub struct EventLoop {
    number: u64,
    /// Driven by the library's thread.
    runtime: Mutex<Handle>,
    /// The number of the process's runtime that `runtime` is part of.
    #[cfg(feature = "blocking")]
    follows: AtomicU64,
    sockets: Sockets,
    waker: mio::Waker,
    /// Whether the loop will look at `ready` anyway, and need not be woken.
    is_awake: AtomicBool,
    /// Whether the sockets were checked for the tasks that are being polled now.
    has_looked: AtomicBool,
    tasks: Mutex<Tasks>,
    ready: Mutex<Vec<u32>>,
    alarm: Mutex<Option<Alarm>>,
    /// What is read from a socket goes here first.
    read_buffer: Mutex<Box<[u8]>>,
}

/// The earliest deadline, which the library's thread waits for.
struct Alarm {
    at: Instant,
    task: AbortHandle,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EventLoop {
    /// For the thread that calls it. `runtime` is driven by the library's thread.
    ///
    /// # Errors
    /// When the system gives no event queue.
    pub fn new(runtime: Handle) -> io::Result<Arc<Self>> {
        let (sockets, waker) = Sockets::new()?;
        Ok(Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            runtime: Mutex::new(runtime),
            #[cfg(feature = "blocking")]
            follows: AtomicU64::new(u64::MAX),
            sockets,
            waker,
            is_awake: AtomicBool::new(false),
            has_looked: AtomicBool::new(false),
            tasks: Mutex::default(),
            ready: Mutex::default(),
            alarm: Mutex::default(),
            read_buffer: Mutex::new(vec![0; READ_BUFFER_BYTES].into()),
        }))
    }

    /// The descriptor that is readable when [`turn`](Self::turn) has something to do. Open as long as this lives.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.sockets.fd()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn runtime(&self) -> Handle {
        lock(&self.runtime).clone()
    }

    /// Whether it uses the library's thread of the process's runtime with this number.
    #[cfg(feature = "blocking")]
    pub(crate) fn follows(&self, number: u64) -> bool {
        self.follows.load(Ordering::Relaxed) == number
    }

    /// Uses another thread of the library's from now on, because the one before has ended.
    #[cfg(feature = "blocking")]
    pub(crate) fn follow(&self, runtime: Handle, number: u64) {
        self.follows.store(number, Ordering::Relaxed);
        let mut held = lock(&self.runtime);
        if held.id() != runtime.id() {
            *held = runtime;
            drop(held);
            // The alarm has ended with its thread, and is set anew.
            self.make_ready(TIMER_DUE);
        }
    }

    /// Starts a task. Alone it is polled at once. Beside others it is polled in the next turn: requests that are
    /// written back to back cost less than with the host's own work between them.
    pub fn start(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) -> Slot {
        let (slot, waker, is_alone) = {
            let mut tasks = lock(&self.tasks);
            let (slot, waker) = tasks.add(Box::pin(future), self);
            (slot, waker, tasks.len() == 1)
        };
        let is_now = is_alone && !self.is_awake.swap(true, Ordering::AcqRel);
        waker.wake();
        if is_now {
            self.run(|| ControlFlow::Continue(false));
        }
        slot
    }

    /// Starts a task in the next turn; from any thread.
    pub(super) fn start_later(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        let (_, waker) = lock(&self.tasks).add(Box::pin(future), self);
        waker.wake();
    }

    /// Drops a task that was started. Does nothing after its end.
    pub fn abort(&self, slot: Slot) {
        let task = lock(&self.tasks).remove(slot);
        drop(task);
    }

    /// Checks the sockets and polls the tasks that can go on.
    pub fn turn(self: &Arc<Self>) {
        self.turn_telling(|| ControlFlow::Continue(false));
    }

    /// As [`turn`](Self::turn), for a host that handles ended calls at once: `tell` is called after every few tasks,
    /// and returns whether any had ended. What the host starts then is polled before the next few, so that it re-uses
    /// memory and connections while they are at hand; one by one would cost more, for the server falls asleep in
    /// between. After one such round the host's loop goes on. `tell` breaks off in a forked child: what is left is its
    /// parent's.
    pub fn turn_telling(self: &Arc<Self>, tell: impl FnMut() -> ControlFlow<(), bool>) {
        self.is_awake.store(true, Ordering::Release);
        self.look();
        self.run(tell);
    }

    /// Has the host call [`turn`](Self::turn); from any thread.
    pub fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            // It fails only if the loop has ended.
            let _ = self.waker.wake();
        }
    }

    /// Queues a task for the turn that is running, or for the next one. All that a turn must see goes through this
    /// queue: [`wake`](Self::wake) alone does nothing while the loop is awake.
    pub(super) fn make_ready(&self, index: u32) {
        lock(&self.ready).push(index);
        self.wake();
    }

    /// Checks which sockets are ready: once for all tasks that are polled together, for it is a system call.
    pub(super) fn look(&self) {
        if !self.has_looked.swap(true, Ordering::Relaxed) {
            self.sockets.look();
        }
    }

    /// Polls what is ready, but not for ever.
    fn run(self: &Arc<Self>, mut tell: impl FnMut() -> ControlFlow<(), bool>) {
        let (mut has_told, mut since) = (false, None);
        for round in 0..MAX_SELF_WAKES {
            if self.falls_asleep() {
                return;
            }
            // The clock is not looked at for tasks that need one round.
            if has_told || (round > 0 && since.get_or_insert_with(Instant::now).elapsed() >= MOST_SELF_WAKING) {
                break;
            }
            for batch in self.take_ready().chunks(TASKS_PER_CALLBACK_BATCH) {
                self.go_on(batch);
                match tell() {
                    ControlFlow::Continue(false) => {}
                    ControlFlow::Continue(true) => {
                        has_told = true;
                        // The host may have taken long.
                        self.has_looked.store(false, Ordering::Relaxed);
                        self.go_on(&self.take_ready());
                    }
                    ControlFlow::Break(()) => return,
                }
            }
            self.has_looked.store(false, Ordering::Relaxed);
        }
        self.is_awake.store(false, Ordering::Release);
        self.wake();
    }

    fn take_ready(&self) -> Vec<u32> {
        std::mem::take(&mut *lock(&self.ready))
    }

    fn go_on(self: &Arc<Self>, ready: &[u32]) {
        inside(self, || {
            for &index in ready {
                if index == TIMER_DUE { self.wake_expired() } else { self.poll_task(index) }
            }
        });
    }

    /// Whether nothing is ready: then the loop sleeps until it is woken.
    fn falls_asleep(&self) -> bool {
        if !lock(&self.ready).is_empty() {
            return false;
        }
        self.has_looked.store(false, Ordering::Relaxed);
        self.is_awake.store(false, Ordering::Release);
        // A task that was woken in between has not woken the loop.
        lock(&self.ready).is_empty() || self.is_awake.swap(true, Ordering::AcqRel)
    }

    fn poll_task(self: &Arc<Self>, index: u32) {
        let Some(mut task) = lock(&self.tasks).take(index) else { return };
        let mut context = Context::from_waker(&task.waker);
        let (polled, soonest) = poll(|| task.future.as_mut().poll(&mut context));
        let is_ready = if polled.is_ready() {
            lock(&self.tasks).end(&task)
        } else {
            let (is_ready, _given_up) = lock(&self.tasks).put(task, soonest);
            soonest.into_iter().for_each(|soonest| self.set_alarm(soonest));
            is_ready
        };
        if is_ready {
            self.make_ready(index);
        }
    }

    /// Has the library's thread wake the loop at the earliest deadline.
    fn set_alarm(self: &Arc<Self>, at: Instant) {
        let mut alarm = lock(&self.alarm);
        if alarm.as_ref().is_some_and(|alarm| alarm.at <= at) {
            return;
        }
        let event_loop = Arc::downgrade(self);
        let task = self.runtime().spawn(async move {
            tokio::time::sleep_until(at.into()).await;
            if let Some(event_loop) = event_loop.upgrade() {
                event_loop.make_ready(TIMER_DUE);
            }
        });
        *alarm = Some(Alarm { at, task: task.abort_handle() });
    }

    /// Wakes the tasks whose deadline has come, and sets the alarm for the next one.
    fn wake_expired(self: &Arc<Self>) {
        *lock(&self.alarm) = None;
        let (expired, next) = lock(&self.tasks).expired(Instant::now());
        expired.into_iter().for_each(Wake::wake);
        next.into_iter().for_each(|next| self.set_alarm(next));
    }

    /// Reports a socket's readiness from now on.
    pub(crate) fn register(self: &Arc<Self>, tcp: &TcpStream) -> io::Result<Registration> {
        let readiness = Arc::new(Readiness::default());
        let slot = self.sockets.add(Arc::clone(&readiness));
        // Made first: it deregisters the socket if the system refuses to watch it.
        let registration = Registration::new(Arc::downgrade(self), readiness, slot, tcp.as_raw_fd());
        self.sockets.watch(slot, tcp)?;
        Ok(registration)
    }

    /// Reports it no more.
    pub(super) fn deregister(&self, slot: Slot, fd: RawFd) {
        self.sockets.remove(slot, fd);
    }

    /// What is read from a socket goes here first.
    pub(super) fn read_buffer(&self) -> MutexGuard<'_, Box<[u8]>> {
        lock(&self.read_buffer)
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop").field("number", &self.number).finish_non_exhaustive()
    }
}
