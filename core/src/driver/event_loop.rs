//! Queries of a host's event loop, polled on the loop's own thread: the loop watches one descriptor for all of them.
//!
//! The sockets are in an event queue of this module's own, whose descriptor becomes readable when there is something to do.
//! So nothing of the loop's refers to a socket that may be closed anywhere. Names are looked up and connections are opened on
//! the library's thread, which also wakes the loop when the earliest deadline comes.

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Events, Token};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::hosted::poll_in;
use super::seat::{News, Place, Seat};
use crate::clock::BoxFuture;
use crate::slab::{Slab, Slot};

/// How many sockets are looked at per system call.
const EVENTS: usize = 256;

/// How much is read per system call.
const ROOM: usize = 128 << 10;

/// How often what has woken itself is polled before the loop has its turn again.
const ROUNDS: usize = 16;

/// What is ready when a deadline has come; everything else is a task's place.
const LATE: u32 = u32::MAX;

/// The token of the wake-up; a socket's is its place.
const WOKEN: Token = Token(usize::MAX);

static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// See the module. Made and used on one thread, the loop's; waking it and giving up calls is for any thread.
pub struct EventLoop {
    number: u64,
    /// The library's thread.
    runtime: Mutex<Handle>,
    fd: RawFd,
    queue: Mutex<Queue>,
    waker: mio::Waker,
    /// Whether the loop comes here anyway.
    is_awake: AtomicBool,
    seats: Mutex<Slab<Arc<Place>>>,
    tasks: Mutex<Slab<Task>>,
    /// One for each place a task has had.
    wakers: Mutex<Vec<Waker>>,
    ready: Mutex<Vec<u32>>,
    alarm: Mutex<Option<Alarm>>,
    /// What is read goes here first.
    room: Mutex<Box<[u8]>>,
}

struct Queue {
    poll: mio::Poll,
    events: Events,
}

/// What the loop drives.
struct Task {
    /// Not there while it is polled.
    future: Option<BoxFuture<'static, ()>>,
    wakes_at: Option<Instant>,
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

/// Wakes what is in one place of the tasks.
struct Rouse {
    event_loop: Weak<EventLoop>,
    index: u32,
}

impl Wake for Rouse {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.rouse(self.index);
        }
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
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WOKEN)?;
        Ok(Arc::new(Self {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            runtime: Mutex::new(runtime),
            fd: poll.as_raw_fd(),
            queue: Mutex::new(Queue { poll, events: Events::with_capacity(EVENTS) }),
            waker,
            is_awake: AtomicBool::new(false),
            seats: Mutex::default(),
            tasks: Mutex::default(),
            wakers: Mutex::default(),
            ready: Mutex::default(),
            alarm: Mutex::default(),
            room: Mutex::new(vec![0; ROOM].into()),
        }))
    }

    /// The descriptor that is readable when [`turn`](Self::turn) has something to do. Open as long as this lives.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn runtime(&self) -> Handle {
        lock(&self.runtime).clone()
    }

    /// Goes on with another thread of the library's, where the one before has ended.
    #[cfg(feature = "blocking")]
    pub(crate) fn follow(&self, runtime: Handle) {
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
        let (slot, is_alone) = {
            let mut tasks = lock(&self.tasks);
            (tasks.add(Task { future: Some(Box::pin(future)), wakes_at: None }), tasks.len() == 1)
        };
        if is_alone && !self.is_awake.swap(true, Ordering::AcqRel) {
            lock(&self.ready).push(slot.index());
            self.run();
        } else {
            self.rouse(slot.index());
        }
        slot
    }

    /// Starts something when the loop has its turn; for any thread.
    pub(super) fn start_later(&self, future: impl Future<Output = ()> + Send + 'static) {
        let slot = lock(&self.tasks).add(Task { future: Some(Box::pin(future)), wakes_at: None });
        self.rouse(slot.index());
    }

    /// Drops something that was started. Does nothing after its end.
    pub fn abort(&self, slot: Slot) {
        let task = lock(&self.tasks).remove(slot);
        drop(task);
    }

    /// Sees what has happened and polls what can go on.
    pub fn turn(self: &Arc<Self>) {
        self.is_awake.store(true, Ordering::Release);
        self.look();
        self.run();
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
    fn rouse(&self, index: u32) {
        lock(&self.ready).push(index);
        self.wake();
    }

    /// Sees which sockets are ready.
    pub(super) fn look(&self) {
        let mut places = Vec::new();
        loop {
            let mut queue = lock(&self.queue);
            let Queue { poll, events } = &mut *queue;
            if poll.poll(events, Some(Duration::ZERO)).is_err() {
                return;
            }
            let seen = events.iter().count();
            {
                let seats = lock(&self.seats);
                // The token is a place's index, so the cast loses nothing.
                let of = |event: &Event| seats.at(event.token().0 as u32).map(|(_, place)| Arc::clone(place));
                let told = |event: &Event| Some((of(event)?, News::of(event)));
                places.extend(events.iter().filter(|event| event.token() != WOKEN).filter_map(told));
            }
            drop(queue);
            places.drain(..).for_each(|(place, news): (Arc<Place>, News)| place.tell(news));
            if seen < EVENTS {
                return;
            }
        }
    }

    /// Polls what is ready, but not for ever.
    fn run(self: &Arc<Self>) {
        for _ in 0..ROUNDS {
            let ready = std::mem::take(&mut *lock(&self.ready));
            if ready.is_empty() {
                self.is_awake.store(false, Ordering::Release);
                // What was woken in between has relied on this turn.
                if lock(&self.ready).is_empty() || self.is_awake.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
            ready
                .into_iter()
                .for_each(|index| if index == LATE { self.wake_the_late() } else { self.poll_task(index) });
        }
        self.is_awake.store(false, Ordering::Release);
        self.wake();
    }

    fn poll_task(self: &Arc<Self>, index: u32) {
        let taken = {
            let mut tasks = lock(&self.tasks);
            let slot = tasks.at(index).map(|(slot, _)| slot);
            slot.and_then(|slot| Some((slot, tasks.get_mut(slot)?.future.take()?)))
        };
        let Some((slot, mut future)) = taken else { return };
        let waker = self.waker(index);
        let mut context = Context::from_waker(&waker);
        let (polled, soonest) = poll_in(self, || future.as_mut().poll(&mut context));
        let mut tasks = lock(&self.tasks);
        match tasks.get_mut(slot).filter(|_| polled.is_pending()) {
            Some(task) => {
                task.future = Some(future);
                task.wakes_at = soonest;
                drop(tasks);
                soonest.into_iter().for_each(|soonest| self.set_alarm(soonest));
            }
            None => {
                // It has ended, or was given up meanwhile.
                let ended = tasks.remove(slot);
                drop((tasks, future, ended));
            }
        }
    }

    fn waker(self: &Arc<Self>, index: u32) -> Waker {
        let mut wakers = lock(&self.wakers);
        while wakers.len() <= index as usize {
            let index = wakers.len() as u32;
            wakers.push(Waker::from(Arc::new(Rouse { event_loop: Arc::downgrade(self), index })));
        }
        wakers[index as usize].clone()
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
        let now = Instant::now();
        let (mut late, mut next) = (Vec::new(), None::<Instant>);
        {
            let tasks = lock(&self.tasks);
            for (slot, task) in tasks.entries() {
                match task.wakes_at {
                    Some(at) if at <= now => late.push(slot.index()),
                    Some(at) => next = Some(next.map_or(at, |next| next.min(at))),
                    None => {}
                }
            }
        }
        lock(&self.ready).append(&mut late);
        next.into_iter().for_each(|next| self.set_alarm(next));
    }

    /// Tells a socket's readiness from now on.
    pub(crate) fn seat(self: &Arc<Self>, tcp: &TcpStream) -> io::Result<Seat> {
        let place = Arc::new(Place::default());
        let slot = lock(&self.seats).add(Arc::clone(&place));
        let seat = Seat::new(Arc::downgrade(self), place, slot, tcp.as_raw_fd());
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        let token = Token(slot.index() as usize);
        lock(&self.queue).poll.registry().register(&mut SourceFd(&tcp.as_raw_fd()), token, both)?;
        Ok(seat)
    }

    /// Tells it no more.
    pub(super) fn leave(&self, slot: Slot, fd: RawFd) {
        let _ = lock(&self.queue).poll.registry().deregister(&mut SourceFd(&fd));
        lock(&self.seats).remove(slot);
    }

    /// Where what is read goes first.
    pub(super) fn room(&self) -> MutexGuard<'_, Box<[u8]>> {
        lock(&self.room)
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // Connections that rest here learn that nobody looks at them any more.
        lock(&self.seats).drain().for_each(|place| place.tell(News::END));
    }
}

impl std::fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLoop").field("number", &self.number).finish_non_exhaustive()
    }
}
