//! The library's own thread, for what no caller's thread drives.
//!
//! One thread is enough for I/O, timers and reading answers. A second one costs more than it gives: the two take turns at
//! the sockets and wake each other for it, which was measured as five futex calls and an eventfd write per query.

use std::cell::RefCell;
use std::io;
use std::sync::{Mutex, PoisonError, mpsc};
#[cfg(feature = "blocking")]
use std::task::Poll;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

thread_local! {
    /// Whom to wake before this thread sleeps; `None` on all other threads.
    static TO_WAKE: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// A tokio runtime that one thread of its own drives until it is stopped.
#[derive(Debug)]
pub struct Background {
    handle: Handle,
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
            .max_blocking_threads(4)
            .thread_name("smileid-jobs")
            .on_thread_park(wake_all)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let stopping = CancellationToken::new();
        let (ends, ended) = mpsc::channel::<()>();
        let until = stopping.clone();
        thread::Builder::new().name("smileid-jobs".to_owned()).spawn(move || {
            TO_WAKE.set(Some(Vec::new()));
            runtime.block_on(until.cancelled());
            wake_all();
            // A name that is being looked up cannot be interrupted.
            runtime.shutdown_background();
            drop(ends);
        })?;
        Ok(Self { handle, stopping, ended: Mutex::new(ended) })
    }

    /// Where to spawn.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Drops all tasks, and waits for that for at most `grace`.
    pub fn stop(&self, grace: Duration) {
        self.stopping.cancel();
        // Nothing is ever sent: the end of the thread ends the channel.
        let _ = self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(grace);
    }
}

/// Wakes a host once the library's thread has nothing more to do for the moment, so that many completions cost one
/// wake-up; at once when called on another thread.
pub fn wake_when_idle(waker: &Waker) {
    let waits = TO_WAKE.with_borrow_mut(|to_wake| {
        to_wake.as_mut().is_some_and(|to_wake| {
            if !to_wake.iter().any(|other| other.will_wake(waker)) {
                to_wake.push(waker.clone());
            }
            true
        })
    });
    if !waits {
        waker.wake_by_ref();
    }
}

/// Goes on once the library's thread has nothing more to do for the moment; at once on another thread.
#[cfg(feature = "blocking")]
pub(crate) async fn idle() {
    let mut is_waiting = false;
    std::future::poll_fn(|context| {
        if is_waiting {
            return Poll::Ready(());
        }
        is_waiting = true;
        wake_when_idle(context.waker());
        Poll::Pending
    })
    .await;
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
    use std::task::Wake;

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
        let (done, wait) = mpsc::channel();
        background.handle().spawn(async move {
            for _ in 0..10 {
                wake_when_idle(&waker);
                tokio::task::yield_now().await;
            }
            done.send(()).unwrap();
        });
        wait.recv().unwrap();
        background.stop(Duration::from_secs(60));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn on_any_other_thread_it_wakes_at_once() {
        let count = Arc::new(Count::default());
        wake_when_idle(&Waker::from(Arc::clone(&count)));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
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
