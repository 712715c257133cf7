//! The library's own thread, for what no caller's thread drives.
//!
//! One thread is enough for I/O, timers and reading answers. A second one costs more than it gives: the two take turns
//! at the sockets and wake each other for it, which was measured as five futex calls and an eventfd write per query.
//!
//! It leaves the host's signals to the host's threads: none of its handlers runs here, and SIGPIPE ends nothing.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::Waker;
use std::time::{Duration, Instant};
use std::{fmt, io, mem, thread};

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::clock::BoxFuture;
#[cfg(unix)]
use crate::driver::event_loop::EventLoop;
use crate::poll::waits::StartedWait;
#[cfg(unix)]
use crate::slab::Slot;

/// Images that are written, which cannot be interrupted: a few that hang must not keep the others waiting. The threads are
/// started when needed, and end when they have nothing to do.
pub(crate) const MOST_BLOCKING: usize = 64;

thread_local! {
    /// Whom to wake once what is ready now has run; `None` on all threads but the library's.
    static TO_WAKE: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// A tokio runtime that one thread of its own drives until it is stopped.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
    inbox: Arc<Inbox>,
    stopping: CancellationToken,
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(MOST_BLOCKING)
            .thread_name("smileid-jobs")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let inbox = Arc::new(Inbox::new(handle.clone()));
        runtime.spawn(Arc::clone(&inbox).spawn_all());
        let stopping = CancellationToken::new();
        let (ends, ended) = mpsc::channel::<()>();
        let (until, handed_over) = (stopping.clone(), Arc::clone(&inbox));
        thread::Builder::new().name("smileid-jobs".to_owned()).spawn(move || {
            leave_signals_to_others();
            TO_WAKE.set(Some(Vec::new()));
            runtime.block_on(until.cancelled());
            wake_all();
            // What blocks cannot be interrupted.
            runtime.shutdown_background();
            handed_over.end();
            // What was dropped there may have had an end to tell.
            wake_all();
            drop(ends);
        })?;
        Ok(Self { handle, inbox, stopping, ended: Mutex::new(ended) })
    }

    /// Where to spawn.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The queue for calls from other threads: one wake-up for all, where `Handle::spawn` makes one system call each.
    #[must_use]
    pub fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// Drops all tasks, and waits for that for at most `grace`.
    pub fn stop(&self, grace: Duration) {
        self.stopping.cancel();
        // Nothing is ever sent: the end of the thread ends the channel.
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(grace);
    }
}

/// What other threads spawn on the library's thread; the first one wakes it for all.
pub struct Inbox {
    runtime: Handle,
    held: Mutex<Held>,
    has_some: Notify,
}

struct Held {
    futures: Vec<BoxFuture<'static, ()>>,
    /// When the first of them came.
    since: Instant,
    has_ended: bool,
}

/// What has waited for this long was left by the thread that was to wake the library's, and was stopped meanwhile.
const LEFT_ALONE: Duration = Duration::from_millis(5);

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

impl Inbox {
    fn new(runtime: Handle) -> Self {
        let held = Held { futures: Vec::new(), since: Instant::now(), has_ended: false };
        Self { runtime, held: Mutex::new(held), has_some: Notify::new() }
    }

    /// Runs it on the library's thread; drops it where that has ended, or ends first.
    pub fn spawn(&self, future: BoxFuture<'static, ()>) {
        let now = Instant::now();
        let mut held = self.lock();
        if held.has_ended {
            return;
        }
        if held.futures.is_empty() {
            held.since = now;
        }
        held.futures.push(future);
        if now.saturating_duration_since(held.since) < LEFT_ALONE {
            drop(held);
            // No system call where somebody has done so before.
            self.has_some.notify_one();
        } else {
            let left = mem::take(&mut held.futures);
            drop(held);
            left.into_iter().for_each(|future| drop(self.runtime.spawn(future)));
        }
    }

    async fn spawn_all(self: Arc<Self>) {
        loop {
            self.has_some.notified().await;
            let taken = mem::take(&mut self.lock().futures);
            for future in taken {
                tokio::spawn(future);
            }
        }
    }

    fn end(&self) {
        let mut held = self.lock();
        held.has_ended = true;
        let left = mem::take(&mut held.futures);
        drop(held);
        drop(left);
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Blocks every signal on this thread, except those that its own faults raise (blocking them kills at once) and
/// SIGPROF.
#[cfg(unix)]
pub(crate) fn leave_signals_to_others() {
    use nix::sys::signal::{SigSet, Signal};
    let mut left = SigSet::all();
    for own in [
        Signal::SIGSEGV,
        Signal::SIGBUS,
        Signal::SIGFPE,
        Signal::SIGILL,
        Signal::SIGTRAP,
        Signal::SIGSYS,
        Signal::SIGABRT,
        Signal::SIGPROF,
    ] {
        left.remove(own);
    }
    // A set made of the system's own signals is not refused.
    let _ = left.thread_block();
}

#[cfg(not(unix))]
pub(crate) fn leave_signals_to_others() {}

/// What runs on the library's thread, or on an event loop's, and can be given up: then its request is dropped and
/// nothing is heard of its end. Dropping it does nothing.
#[derive(Debug)]
pub enum Running {
    /// A call with a task of its own.
    Task(AbortHandle),
    /// A wait that sleeps among others.
    Wait(StartedWait),
    /// A query that an event loop's own thread drives.
    #[cfg(unix)]
    Hosted(Arc<EventLoop>, Slot),
}

impl Running {
    /// Gives it up. Does nothing after its end.
    pub fn abort(&self) {
        match self {
            Self::Task(task) => task.abort(),
            Self::Wait(wait) => wait.abort(),
            #[cfg(unix)]
            Self::Hosted(event_loop, slot) => event_loop.abort(*slot),
        }
    }
}

/// Wakes a host once everything that is ready now on the library's thread has run, so that many completions cost one
/// wake-up; at once when called on another thread.
pub fn wake_after_turn(waker: &Waker) {
    let (waits, is_first) = TO_WAKE.with_borrow_mut(|to_wake| match to_wake {
        None => (false, false),
        Some(to_wake) => {
            let is_first = to_wake.is_empty();
            if !to_wake.iter().any(|other| other.will_wake(waker)) {
                to_wake.push(waker.clone());
            }
            (true, is_first)
        }
    });
    if !waits {
        waker.wake_by_ref();
    } else if is_first {
        // At the end of the queue: waiting until there is nothing to do at all could take for ever.
        match Handle::try_current() {
            Ok(handle) => drop(handle.spawn(async { wake_all() })),
            Err(_) => wake_all(),
        }
    }
}

fn wake_all() {
    // Taken out first: a waker may come here again.
    let to_wake = TO_WAKE.with_borrow_mut(|to_wake| to_wake.as_mut().map(std::mem::take));
    to_wake.into_iter().flatten().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Poll, Wake};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn many_completions_of_one_turn_wake_once() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let background = Background::start().unwrap();
        background.handle().spawn(async move {
            for _ in 0..10 {
                let waker = waker.clone();
                tokio::spawn(async move { wake_after_turn(&waker) });
            }
        });
        while count.0.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        background.stop(Duration::from_secs(60));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_thread_that_is_never_idle_wakes_too() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let background = Background::start().unwrap();
        background.handle().spawn(std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        background.handle().spawn(async move { wake_after_turn(&waker) });
        let patience = std::time::Instant::now() + Duration::from_secs(60);
        while count.0.load(Ordering::SeqCst) == 0 && std::time::Instant::now() < patience {
            thread::yield_now();
        }
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        background.stop(Duration::from_secs(60));
    }

    #[test]
    fn on_any_other_thread_it_wakes_at_once() {
        let count = Arc::new(Count::default());
        wake_after_turn(&Waker::from(Arc::clone(&count)));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_nobody_woke_for_runs_with_what_comes_later() {
        let background = Background::start().unwrap();
        let (ran, has_run) = mpsc::channel();
        let run = |number: u32| {
            let ran = ran.clone();
            Box::pin(async move { ran.send(number).unwrap() })
        };
        // As a thread leaves it that is stopped before it has woken anybody.
        background.inbox().lock().futures.push(run(1));
        background.inbox().lock().since = Instant::now() - 2 * LEFT_ALONE;
        background.inbox().spawn(run(2));
        assert_eq!(has_run.iter().take(2).collect::<Vec<_>>(), [1, 2]);
        background.stop(Duration::from_secs(60));
    }

    #[test]
    fn what_is_handed_over_at_once_runs_and_what_comes_too_late_is_dropped() {
        let background = Background::start().unwrap();
        let inbox = Arc::clone(background.inbox());
        let (ran, has_run) = mpsc::channel();
        let spawn = |number: u32| {
            let ran = ran.clone();
            inbox.spawn(Box::pin(async move { ran.send(number).unwrap() }));
        };
        (0..100).for_each(spawn);
        let all: Vec<u32> = has_run.iter().take(100).collect();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        let (held, dropped) = mpsc::channel::<()>();
        inbox.spawn(Box::pin(async move {
            std::future::pending::<()>().await;
            drop(held);
        }));
        background.stop(Duration::from_secs(60));
        assert!(dropped.recv_timeout(Duration::from_secs(60)).is_err());
        spawn(100);
        drop(ran);
        assert!(has_run.recv().is_err());
    }

    #[test]
    fn stopping_drops_the_tasks() {
        let background = Background::start().unwrap();
        let (held, dropped) = mpsc::channel::<()>();
        background.handle().spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        background.stop(Duration::from_secs(60));
        assert!(dropped.recv_timeout(Duration::from_secs(60)).is_err());
    }
}
