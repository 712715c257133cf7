//! Open connections that nobody uses, of one home.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::target::Origin;
use super::timekeeper::Timekeeper;
use crate::driver::Executor;

/// A connection that was not used for this long is not used again: what stands in between may have forgotten it. One that
/// nobody asks for any more stays until its server closes it.
const MOST_IDLE: Duration = Duration::from_secs(90);

/// What a connection has received is looked at before it is used again after this long. In less, a runtime that is
/// driven all the time would not have looked either.
const UNSEEN: Duration = Duration::from_millis(1);

/// The one used last is used first; of one server's, the one not used for longest goes when there are too many.
pub(super) struct Pool {
    /// The one of all connections that are open.
    timekeeper: Mutex<Weak<Timekeeper>>,
    idle: Mutex<Vec<Idle>>,
    /// Held by every connection that is open.
    open: Arc<()>,
    most_of_a_server: usize,
    sweep_is_due: AtomicBool,
    is_closed: AtomicBool,
}

struct Idle {
    connection: Box<Connection>,
    since: Instant,
}

/// What there is for a request.
pub(super) enum Taken {
    /// A connection of its own.
    Open(Box<Connection>),
    /// One that has rested for a while: whoever drives is to look at the sockets first, for a runtime that only callers drive
    /// has not done so meanwhile.
    Unseen,
    Nothing,
}

impl Pool {
    pub(super) fn new(most_of_a_server: usize) -> Self {
        let (sweep_is_due, is_closed) = (AtomicBool::new(false), AtomicBool::new(false));
        let (timekeeper, idle, open) = (Mutex::default(), Mutex::default(), Arc::default());
        Self { timekeeper, idle, open, most_of_a_server, sweep_is_due, is_closed }
    }

    /// Counts a connection for as long as it is held.
    pub(super) fn count(&self) -> Arc<()> {
        Arc::clone(&self.open)
    }

    /// Whether more than one is open.
    pub(super) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.open) > 2
    }

    /// For a connection that is opened now, on a runtime.
    pub(super) fn timekeeper(&self) -> io::Result<Arc<Timekeeper>> {
        let mut held = self.timekeeper.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(timekeeper) = held.upgrade() {
            return Ok(timekeeper);
        }
        let timekeeper = Arc::new(Timekeeper::start()?);
        *held = Arc::downgrade(&timekeeper);
        Ok(timekeeper)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open connection to a server, on which nothing has come that nobody asked for: an answer that is late, or one too
    /// many, would be taken for the next request's.
    pub(super) fn take(&self, origin: &Arc<Origin>, now: Instant, has_looked: bool) -> Taken {
        // Before the lock, so that they are closed after it.
        let mut closed = Vec::new();
        let mut idle = self.lock();
        expire(&mut idle, now, &mut closed);
        while let Some(at) = idle.iter().rposition(|idle| idle.connection.origin == *origin) {
            if !has_looked && idle.get(at).is_some_and(|idle| now.duration_since(idle.since) >= UNSEEN) {
                return Taken::Unseen;
            }
            let mut found = idle.remove(at);
            if found.connection.is_undisturbed() || found.connection.rest() {
                found.connection.rise();
                return Taken::Open(found.connection);
            }
            closed.push(found);
        }
        Taken::Nothing
    }

    /// Keeps a connection, if it can be used again.
    pub(super) fn put(&self, mut connection: Box<Connection>) {
        let mut closed = Vec::new();
        // All under the lock: what closes or sweeps now either sees it or is seen.
        let mut idle = self.lock();
        if self.is_closed.load(Ordering::Acquire) || !connection.rest() {
            drop(idle);
            return drop(connection);
        }
        let since = Instant::now();
        expire(&mut idle, since, &mut closed);
        let of_same = |idle: &Idle| idle.connection.origin == connection.origin;
        if idle.len() >= self.most_of_a_server
            && idle.iter().filter(|idle| of_same(idle)).count() >= self.most_of_a_server
        {
            closed.extend(idle.iter().position(of_same).map(|oldest| idle.remove(oldest)));
        }
        idle.push(Idle { connection, since });
    }

    /// Closes all of them, and keeps none from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    /// Has somebody look at the connections on which something has happened. Who has ended looks at none: then all of them
    /// are of no use.
    pub(super) fn sweep_on(self: Arc<Self>, executor: &Executor) {
        if !self.sweep_is_due.swap(true, Ordering::AcqRel) {
            let mut sweep = Sweep(Some(self));
            executor.spawn(async move {
                if let Some(pool) = sweep.0.take() {
                    pool.sweep();
                }
            });
        }
    }

    fn sweep(&self) {
        self.sweep_is_due.store(false, Ordering::Release);
        let mut closed = Vec::new();
        let mut idle = self.lock();
        expire(&mut idle, Instant::now(), &mut closed);
        let is_closed = |idle: &mut Idle| !idle.connection.is_undisturbed() && !idle.connection.rest();
        closed.extend(idle.extract_if(.., is_closed));
    }
}

/// Takes out what is too old, which stands first.
fn expire(idle: &mut Vec<Idle>, now: Instant, closed: &mut Vec<Idle>) {
    let too_old = idle.iter().take_while(|idle| now.duration_since(idle.since) > MOST_IDLE).count();
    if too_old > 0 {
        closed.extend(idle.drain(..too_old));
    }
}

/// A sweep that is to come.
struct Sweep(Option<Arc<Pool>>);

impl Drop for Sweep {
    fn drop(&mut self) {
        let Some(pool) = self.0.take() else { return };
        // Whoever was to do it has ended. Not waiting for the lock: this may be under it.
        let idle = pool.idle.try_lock().map(|mut idle| std::mem::take(&mut *idle));
        drop(idle);
        pool.sweep_is_due.store(false, Ordering::Release);
    }
}
