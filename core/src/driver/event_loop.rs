//! Queries of a host's event loop, polled on the loop's own thread: the loop watches one descriptor for all of them.
//!
//! The sockets are in an event queue of their own (`sockets`), whose descriptor becomes readable when there is something to do.
//! So nothing of the loop's refers to a socket that may be closed anywhere. Names are looked up and connections are opened on
//! the library's thread, which also wakes the loop when the earliest deadline comes.

use std::io;
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake};
use std::time::Instant;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::hosted::{inside, poll};
use super::seat::{Place, Seat};
use super::sockets::Sockets;
use super::tasks::Tasks;
use crate::slab::Slot;

/// How much is read per system call.
const ROOM: usize = 128 << 10;

/// How often what has woken itself is polled before the loop has its turn again.
const ROUNDS: usize = 16;

/// How many tasks are polled before a host is told what has ended: so many pieces of memory of a size `malloc` has at hand.
const FEW: usize = 7;

/// What is ready when a deadline has come; everything else is a task's place.
const LATE: u32 = u32::MAX;

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// See the module. Made and used on one thread, the loop's; waking it and giving up calls is for any thread.
pub struct EventLoop {
    number: u64,
    /// The library's thread.
    runtime: Mutex<Handle>,
    /// Which of a process' runtimes that is of.
    #[cfg(feature = "blocking")]
    follows: AtomicU64,
    sockets: Sockets,
    waker: mio::Waker,
    /// Whether the loop comes here anyway.
    is_awake: AtomicBool,
    /// Whether the sockets were looked at for what is being polled now.
    has_looked: AtomicBool,
    tasks: Mutex<Tasks>,
    ready: Mutex<Vec<u32>>,
    alarm: Mutex<Option<Alarm>>,
    /// What is read goes here first.
    room: Mutex<Box<[u8]>>,
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
    /// For the thread that calls it. `runtime` is the library's thread.
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
            room: Mutex::new(vec![0; ROOM].into()),
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

    /// Whether it goes on with the thread of that one of the process' runtimes.
    #[cfg(feature = "blocking")]
    pub(crate) fn follows(&self, number: u64) -> bool {
        self.follows.load(Ordering::Relaxed) == number
    }

    /// Goes on with another thread of the library's, where the one before has ended.
    #[cfg(feature = "blocking")]
    pub(crate) fn follow(&self, runtime: Handle, number: u64) {
        self.follows.store(number, Ordering::Relaxed);
        let mut held = lock(&self.runtime);
        if held.id() != runtime.id() {
            *held = runtime;
            drop(held);
            // The alarm has ended with its thread, and is set anew.
            self.rouse(LATE);
        }
    }

    /// Starts something. Alone it is polled at once. Beside others it is polled with all that the next turn has to do: requests
    /// that are written one after the other cost less than between all that a host does for each.
    pub fn start(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) -> Slot {
        let (slot, rouse, is_alone) = {
            let mut tasks = lock(&self.tasks);
            let (slot, rouse) = tasks.add(Box::pin(future), self);
            (slot, rouse, tasks.len() == 1)
        };
        let is_now = is_alone && !self.is_awake.swap(true, Ordering::AcqRel);
        rouse.wake();
        if is_now {
            self.run(|| ControlFlow::Continue(false));
        }
        slot
    }

    /// Starts something when the loop has its turn; for any thread.
    pub(super) fn start_later(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        let (_, rouse) = lock(&self.tasks).add(Box::pin(future), self);
        rouse.wake();
    }

    /// Drops something that was started. Does nothing after its end.
    pub fn abort(&self, slot: Slot) {
        let task = lock(&self.tasks).remove(slot);
        drop(task);
    }

    /// Sees what has happened and polls what can go on.
    pub fn turn(self: &Arc<Self>) {
        self.turn_telling(|| ControlFlow::Continue(false));
    }

    /// As [`turn`](Self::turn), for a host that uses what has ended at once: after every few tasks it is asked to, and says
    /// whether there was something. What it starts then is polled before the next few, so that it takes over memory and
    /// connections while they are at hand; one by one that would cost more, for the server falls asleep in between. After a
    /// round of that its loop has its turn. A host that has become another process breaks off: what is left is its parent's.
    pub fn turn_telling(self: &Arc<Self>, tell: impl FnMut() -> ControlFlow<(), bool>) {
        self.is_awake.store(true, Ordering::Release);
        self.look();
        self.run(tell);
    }

    /// Has the host call [`turn`](Self::turn); from any thread.
    pub fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            // Only a loop that has ended is not woken by it.
            let _ = self.waker.wake();
        }
    }

    /// Has something looked at when the loop has its turn, or by what is being run now. So everything that is to be seen
    /// there goes this way: a loop that is awake is not woken, whoever made it so.
    pub(super) fn rouse(&self, index: u32) {
        lock(&self.ready).push(index);
        self.wake();
    }

    /// Sees which sockets are ready; once for all that is polled together, for it is a system call.
    pub(super) fn look(&self) {
        if !self.has_looked.swap(true, Ordering::Relaxed) {
            self.sockets.look();
        }
    }

    /// Polls what is ready, but not for ever.
    fn run(self: &Arc<Self>, mut tell: impl FnMut() -> ControlFlow<(), bool>) {
        let mut has_told = false;
        for _ in 0..ROUNDS {
            if self.falls_asleep() {
                return;
            }
            if has_told {
                break;
            }
            for few in self.take_ready().chunks(FEW) {
                self.go_on(few);
                match tell() {
                    ControlFlow::Continue(false) => {}
                    ControlFlow::Continue(true) => {
                        has_told = true;
                        // Whom it told may have taken long.
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
                if index == LATE { self.wake_the_late() } else { self.poll_task(index) }
            }
        });
    }

    /// Whether nothing is ready: then somebody must wake the loop.
    fn falls_asleep(&self) -> bool {
        if !lock(&self.ready).is_empty() {
            return false;
        }
        self.has_looked.store(false, Ordering::Relaxed);
        self.is_awake.store(false, Ordering::Release);
        // What was woken in between has relied on this turn.
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
            self.rouse(index);
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
                event_loop.rouse(LATE);
            }
        });
        *alarm = Some(Alarm { at, task: task.abort_handle() });
    }

    /// Wakes whose deadline has come, and sets the alarm for the next one.
    fn wake_the_late(self: &Arc<Self>) {
        *lock(&self.alarm) = None;
        let (late, next) = lock(&self.tasks).late(Instant::now());
        late.into_iter().for_each(Wake::wake);
        next.into_iter().for_each(|next| self.set_alarm(next));
    }

    /// Tells a socket's readiness from now on.
    pub(crate) fn seat(self: &Arc<Self>, tcp: &TcpStream) -> io::Result<Seat> {
        let place = Arc::new(Place::default());
        let slot = self.sockets.add(Arc::clone(&place));
        // It leaves its place where the system refuses to watch.
        let seat = Seat::new(Arc::downgrade(self), place, slot, tcp.as_raw_fd());
        self.sockets.watch(slot, tcp)?;
        Ok(seat)
    }

    /// Tells it no more.
    pub(super) fn leave(&self, slot: Slot, fd: RawFd) {
        self.sockets.remove(slot, fd);
    }

    /// Where what is read goes first.
    pub(super) fn room(&self) -> MutexGuard<'_, Box<[u8]>> {
        lock(&self.room)
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop").field("number", &self.number).finish_non_exhaustive()
    }
}
