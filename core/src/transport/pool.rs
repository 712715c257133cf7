//! Open connections that nobody uses, of one runtime.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::connection::Connection;
use super::target::Origin;

/// A connection that was not used for this long is not used again: what stands in between may have forgotten it.
const MOST_IDLE: Duration = Duration::from_secs(90);

/// The one used last is used first; the one not used for longest goes when there are too many.
pub(super) struct Pool {
    idle: Mutex<Vec<Idle>>,
    most: usize,
    sweep_is_due: AtomicBool,
    is_closed: AtomicBool,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        Self { idle: Mutex::default(), most, sweep_is_due: AtomicBool::new(false), is_closed: AtomicBool::new(false) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An open connection to a server.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.lock();
        let too_old = idle.iter().take_while(|idle| idle.since.elapsed() > MOST_IDLE).count();
        // Closing is not done under the lock.
        let mut closed: Vec<Idle> = idle.drain(..too_old).collect();
        loop {
            let found = idle.iter().rposition(|idle| *idle.connection.origin == *origin)?;
            let mut found = idle.remove(found);
            if found.connection.is_undisturbed() || found.connection.rest() {
                drop(idle);
                drop(closed);
                found.connection.rise();
                return Some(found.connection);
            }
            closed.push(found);
        }
    }

    /// Keeps a connection, if it can be used again.
    pub(super) fn put(&self, mut connection: Connection) {
        if !connection.rest() {
            return;
        }
        let mut idle = self.lock();
        // Under the lock: what is closing now either sees it or is seen.
        if self.is_closed.load(Ordering::Acquire) {
            return;
        }
        let oldest = (idle.len() >= self.most).then(|| idle.remove(0));
        idle.push(Idle { connection, since: Instant::now() });
        drop(idle);
        drop(oldest);
    }

    /// Closes all of them, and keeps none from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    /// Has a runtime look at the connections on which something has happened.
    pub(super) fn sweep_on(self: Arc<Self>, runtime: &Handle) {
        if !self.sweep_is_due.swap(true, Ordering::AcqRel) {
            runtime.spawn(async move { self.sweep() });
        }
    }

    fn sweep(&self) {
        self.sweep_is_due.store(false, Ordering::Release);
        let mut idle = self.lock();
        let is_closed = |idle: &mut Idle| !idle.connection.is_undisturbed() && !idle.connection.rest();
        let closed: Vec<Idle> = idle.extract_if(.., is_closed).collect();
        drop(idle);
        drop(closed);
    }
}
