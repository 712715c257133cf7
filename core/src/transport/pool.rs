//! The idle connections of one driver.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::target::Origin;
use super::timekeeper::Timekeeper;
use crate::driver::Executor;

/// A connection that was idle for longer is not used again: a router on the way may have forgotten it. If nobody asks
/// for it any more, it stays open until its server closes it.
const MOST_IDLE: Duration = Duration::from_secs(90);

/// A connection idle for longer is checked for a close by the server before it is used. Within this time a busy runtime
/// would not have seen the close either.
const UNSEEN: Duration = Duration::from_millis(1);

/// The one used last is taken first; when a server has too many, the one idle for longest is closed.
pub(super) struct Pool {
    /// The one of all open connections.
    timekeeper: Mutex<Weak<Timekeeper>>,
    idle: Mutex<Vec<Idle>>,
    /// Held by every open connection, to count them.
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
    /// A connection for it alone.
    Open(Box<Connection>),
    /// One that was idle for a while: the sockets must be checked first, for a runtime that only callers drive has not
    /// done so meanwhile.
    Unseen,
    Nothing,
}

impl Pool {
    pub(super) fn new(most_of_a_server: usize) -> Self {
        let (sweep_is_due, is_closed) = (AtomicBool::new(false), AtomicBool::new(false));
        let (timekeeper, idle, open) = (Mutex::default(), Mutex::default(), Arc::default());
        Self { timekeeper, idle, open, most_of_a_server, sweep_is_due, is_closed }
    }

    /// Counts a connection while this is held.
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

    /// An idle connection to a server, on which nothing has arrived unasked: a late answer, or one too many, would be
    /// taken for the next request's.
    pub(super) fn take(&self, origin: &Arc<Origin>, now: Instant, has_looked: bool) -> Taken {
        // Before the lock, so that they are closed after it.
        let mut closed = Vec::new();
        let mut idle = self.lock();
        expire(&mut idle, now, &mut closed);
        while let Some(at) = idle.iter().rposition(|idle| idle.connection.origin == *origin) {
            if idle.get(at).is_some_and(|idle| now >= idle.connection.fresh_until) {
                closed.push(idle.remove(at));
                continue;
            }
            if !has_looked && idle.get(at).is_some_and(|idle| now.duration_since(idle.since) >= UNSEEN) {
                return Taken::Unseen;
            }
            let mut found = idle.remove(at);
            if found.connection.is_undisturbed() || found.connection.park() {
                found.connection.unpark();
                return Taken::Open(found.connection);
            }
            closed.push(found);
        }
        Taken::Nothing
    }

    /// Keeps a connection, if it can be used again.
    pub(super) fn put(&self, mut connection: Box<Connection>) {
        let mut closed = Vec::new();
        // All under the lock: `close` and a sweep either see it or are seen here.
        let mut idle = self.lock();
        let since = Instant::now();
        if self.is_closed.load(Ordering::Acquire) || since >= connection.fresh_until || !connection.park() {
            drop(idle);
            return drop(connection);
        }
        expire(&mut idle, since, &mut closed);
        let of_same = |idle: &Idle| idle.connection.origin == connection.origin;
        if idle.len() >= self.most_of_a_server
            && idle.iter().filter(|idle| of_same(idle)).count() >= self.most_of_a_server
        {
            closed.extend(idle.iter().position(of_same).map(|oldest| idle.remove(oldest)));
        }
        idle.push(Idle { connection, since });
    }

    /// Closes those to a server that have been idle since before a moment. Does not wait for the lock: this may run under
    /// it, when a waker is dropped that was a call's last owner.
    pub(super) fn leave(&self, origin: &Arc<Origin>, before: Instant) {
        let Ok(mut idle) = self.idle.try_lock() else { return };
        let is_left = |idle: &mut Idle| idle.since < before && idle.connection.origin == *origin;
        let closed: Vec<Idle> = idle.extract_if(.., is_left).collect();
        drop(idle);
        drop(closed);
    }

    /// Closes all of them, and keeps none from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.lock());
        drop(idle);
    }

    /// Schedules one check of the idle connections. Does nothing if the runtime has ended, which ends its connections
    /// too.
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
        let is_closed = |idle: &mut Idle| !idle.connection.is_undisturbed() && !idle.connection.park();
        closed.extend(idle.extract_if(.., is_closed));
    }
}

/// Takes out those that are too old, which stand first.
fn expire(idle: &mut Vec<Idle>, now: Instant, closed: &mut Vec<Idle>) {
    let too_old = idle.iter().take_while(|idle| now.duration_since(idle.since) > MOST_IDLE).count();
    if too_old > 0 {
        closed.extend(idle.drain(..too_old));
    }
}

/// A sweep that is scheduled.
struct Sweep(Option<Arc<Pool>>);

impl Drop for Sweep {
    fn drop(&mut self) {
        let Some(pool) = self.0.take() else { return };
        // The driver has ended, and the connections with it. Does not wait for the lock: this may run under it.
        let idle = pool.idle.try_lock().map(|mut idle| std::mem::take(&mut *idle));
        drop(idle);
        pool.sweep_is_due.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::DuplexStream;
    use url::Url;

    use super::*;
    use crate::transport::target::Direct;

    fn origin(url: &str) -> Arc<Origin> {
        Direct::new(&Url::parse(url).unwrap(), "agent").unwrap().origin
    }

    /// Also the server's end, which closes it when dropped.
    async fn connection(origin: &Arc<Origin>) -> (Box<Connection>, DuplexStream) {
        let (io, server) = tokio::io::duplex(1024);
        (Connection::open(TokioIo::new(io), Arc::clone(origin), Weak::new(), None).await.unwrap(), server)
    }

    #[tokio::test]
    async fn one_that_is_too_old_is_neither_kept_nor_used() {
        let (pool, origin) = (Pool::new(9), origin("http://a.example"));
        let (fresh, _server) = connection(&origin).await;
        assert!(fresh.fresh_until > Instant::now() + Duration::from_secs(200));
        pool.put(fresh);
        assert_eq!(pool.lock().len(), 1);
        let (mut old, _server) = connection(&origin).await;
        old.fresh_until = Instant::now();
        pool.put(old);
        assert_eq!(pool.lock().len(), 1);
        let later = Instant::now();
        pool.lock()[0].connection.fresh_until = later;
        assert!(matches!(pool.take(&origin, later, true), Taken::Nothing));
    }

    #[tokio::test]
    async fn those_of_a_silent_server_are_left_that_were_idle_before() {
        let (pool, silent, other) = (Pool::new(9), origin("http://a.example"), origin("http://b.example"));
        let mut servers = Vec::new();
        for origin in [&silent, &other, &silent] {
            let (connection, server) = connection(origin).await;
            pool.put(connection);
            servers.push(server);
        }
        let began_at = Instant::now();
        let (since, _server) = connection(&silent).await;
        pool.put(since);
        pool.leave(&silent, began_at);
        let left: Vec<_> = pool.lock().iter().map(|idle| idle.connection.origin == silent).collect();
        assert_eq!(left, [false, true]);
    }
}
