//! The waker of a connection, whoever uses it, and the deadline of its request.
//!
//! hyper gets one waker for a connection's whole life, so that none has to be replaced. And much that hyper does while
//! it is polled wakes that waker: were it the user's, the user would be polled once more per request, for nothing.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

use futures_util::task::AtomicWaker;

use super::pool::Pool;
use crate::driver::{self, Executor};

/// Nobody uses the connection, and nothing has happened on it.
const PARKED: u8 = 0;
/// Somebody polls it, or is about to poll it again.
const POLLED: u8 = 1;
/// Somebody waits for what happens on it.
const AWAITED: u8 = 2;
/// Something has happened that nobody has seen yet.
const CALLED: u8 = 3;

/// No request has a deadline.
pub(super) const NEVER: u64 = u64::MAX;
/// The request's deadline has come.
const LATE: u64 = 0;

/// The time for a request is up.
pub(super) struct Late;

/// Whether a deadline has come, by a look at the clock.
pub(super) fn is_over(ends_at: Option<Instant>) -> bool {
    ends_at.is_some_and(|ends_at| Instant::now() >= ends_at)
}

/// The waker and deadline of one connection.
pub(super) struct ConnectionWaker {
    state: AtomicU8,
    user: AtomicWaker,
    /// How often something had happened by the end of a poll, each time since it was last waited for.
    in_a_row: AtomicU8,
    executor: Executor,
    pool: Weak<Pool>,
    /// The request's deadline in its timekeeper's nanoseconds, [`NEVER`] or [`LATE`].
    pub(super) ends_at: AtomicU64,
}

impl ConnectionWaker {
    /// Of a connection that is opened and polled here.
    pub(super) fn new(pool: Weak<Pool>) -> Self {
        let (state, user, in_a_row) = (AtomicU8::new(POLLED), AtomicWaker::new(), AtomicU8::new(0));
        Self { state, user, in_a_row, executor: Executor::here(), pool, ends_at: AtomicU64::new(NEVER) }
    }

    /// Polls the connection for its user, who is woken by what happens on it if there is no outcome yet.
    pub(super) fn poll<T>(
        &self,
        user: &Waker,
        ends_at: Option<Instant>,
        poll: impl FnOnce() -> Poll<T>,
    ) -> Poll<Result<T, Late>> {
        // Swapped, not only stored, so that what was written before a wake-up is seen.
        self.state.swap(POLLED, Ordering::AcqRel);
        if let Poll::Ready(outcome) = poll() {
            return Poll::Ready(Ok(outcome));
        }
        if self.ends_at.load(Ordering::Acquire) == LATE {
            return Poll::Ready(Err(Late));
        }
        self.user.register(user);
        if self.state.compare_exchange(POLLED, AWAITED, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // Something has happened meanwhile. While a server sends without end this is so each time, and whoever
            // keeps the time may not have a turn for long.
            if is_over(ends_at) {
                return Poll::Ready(Err(Late));
            }
            if self.in_a_row.fetch_add(1, Ordering::Relaxed) == 0 {
                user.wake_by_ref();
            } else {
                driver::wake_last(user);
            }
        } else {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
        Poll::Pending
    }

    /// Nobody uses the connection from now on.
    pub(super) fn park(&self) {
        self.ends_at.store(NEVER, Ordering::Relaxed);
        // Swapped, not only stored, so that what was written before a wake-up is seen.
        self.state.swap(PARKED, Ordering::AcqRel);
        // The last user may have ended, and must not be kept in memory.
        drop(self.user.take());
    }

    /// Somebody uses it again.
    pub(super) fn unpark(&self) {
        self.state.store(POLLED, Ordering::Release);
    }

    /// Whether nothing has happened since it was parked.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.state.load(Ordering::Acquire) == PARKED
    }

    /// Ends the request that has this deadline, unless another one has begun.
    #[cfg(target_os = "linux")]
    pub(super) fn end(self: &Arc<Self>, ends_at: u64) {
        if self.ends_at.compare_exchange(ends_at, LATE, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.wake_by_ref();
        }
    }
}

impl Wake for ConnectionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        match self.state.swap(CALLED, Ordering::AcqRel) {
            // Mostly, the server has closed it.
            PARKED => {
                if let Some(pool) = self.pool.upgrade() {
                    pool.sweep_on(&self.executor);
                }
            }
            AWAITED => self.user.wake(),
            _ => {}
        }
    }
}
