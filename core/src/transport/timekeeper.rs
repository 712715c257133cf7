//! `tokio::time` gives the runtime's wait for sockets a time limit for each request; this sets one timerfd per client and
//! runtime instead.
//!
//! The kernel sets such a limit up and takes it down again: one query at a time, that is a twentieth of all that a
//! query costs. But limits are seconds long, and nearly all are kept. So the timer is set to the earliest deadline of
//! all connections, and left alone when that request is answered: it goes off once per limit's length at most, and is
//! then set to the earliest deadline left.

#[cfg(target_os = "linux")]
pub(super) use self::timerfd::Timekeeper;

use crate::driver;

/// Whether the current runtime uses a [`Timekeeper`]. Event loops keep time themselves.
pub(super) fn is_here() -> bool {
    cfg!(target_os = "linux") && !driver::is_hosted()
}

/// Whether requests need no timer of their own here.
pub(super) fn is_kept() -> bool {
    cfg!(target_os = "linux") || driver::is_hosted()
}

#[cfg(not(target_os = "linux"))]
pub(super) enum Timekeeper {}

#[cfg(not(target_os = "linux"))]
impl Timekeeper {
    pub(super) fn start() -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    pub(super) fn watch(&self, _: &std::sync::Arc<super::connection_waker::ConnectionWaker>) {
        match *self {}
    }

    pub(super) fn limit(
        &self,
        _: &super::connection_waker::ConnectionWaker,
        _: std::time::Instant,
        _: std::time::Duration,
    ) {
        match *self {}
    }
}

#[cfg(target_os = "linux")]
mod timerfd {
    use std::future::poll_fn;
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
    use std::task::{Context, Poll, ready};
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::net::unix::pipe::Receiver;
    use tokio_util::task::AbortOnDropHandle;

    use crate::transport::connection_waker::{ConnectionWaker, NEVER};

    /// The timer of one runtime's requests.
    pub(in crate::transport) struct Timekeeper {
        timer: Arc<Timer>,
        /// Waits for the timer to go off.
        _task: AbortOnDropHandle<()>,
    }

    struct Timer {
        /// A timerfd, which is read like a pipe. `None` once its timekeeper has ended: the task ends only when somebody
        /// drives the runtime, which may be never.
        fd: Mutex<Option<Receiver>>,
        started_at: Instant,
        /// When it goes off, in nanoseconds since `started_at`.
        set_to: AtomicU64,
        /// All that are open.
        connections: Mutex<Vec<Weak<ConnectionWaker>>>,
    }

    impl Timekeeper {
        /// On the runtime that drives the caller.
        pub(in crate::transport) fn start() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let timer = Arc::new(Timer {
                fd: Mutex::new(Some(Receiver::from_owned_fd_unchecked(fd)?)),
                started_at: Instant::now(),
                set_to: AtomicU64::new(NEVER),
                connections: Mutex::default(),
            });
            let waits = Arc::clone(&timer);
            let task = tokio::spawn(async move { while poll_fn(|context| waits.run(context)).await.is_ok() {} });
            Ok(Self { timer, _task: AbortOnDropHandle::new(task) })
        }

        /// Keeps the deadlines of this connection's requests, too.
        pub(in crate::transport) fn watch(&self, connection: &Arc<ConnectionWaker>) {
            let mut connections = lock(&self.timer.connections);
            connections.retain(|connection| connection.strong_count() > 0);
            connections.push(Arc::downgrade(connection));
        }

        /// Sets the deadline of the request on a watched connection.
        pub(in crate::transport) fn limit(&self, connection: &ConnectionWaker, now: Instant, limit: Duration) {
            // Added to `now` first, which for the first connection is before `started_at`.
            let ends_at = now.checked_add(limit).map_or(NEVER, |ends_at| self.timer.nanos(ends_at)).min(NEVER - 1);
            // A timer that goes off first marks itself as not set and then reads all deadlines: either this sees the
            // mark, or it sees this deadline.
            connection.ends_at.store(ends_at, Ordering::SeqCst);
            if ends_at < self.timer.set_to.load(Ordering::SeqCst) {
                self.timer.set(ends_at);
            }
        }
    }

    impl Drop for Timekeeper {
        fn drop(&mut self) {
            let fd = lock(&self.timer.fd).take();
            drop(fd);
        }
    }

    fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Timer {
        fn nanos(&self, moment: Instant) -> u64 {
            nanos(moment.saturating_duration_since(self.started_at))
        }

        /// Sets it to an earlier moment.
        fn set(&self, ends_at: u64) {
            // Under the lock, so that the timer and `set_to` agree.
            let _connections = lock(&self.connections);
            if ends_at < self.set_to.load(Ordering::SeqCst) {
                self.set_to.store(ends_at, Ordering::SeqCst);
                // Zero would disarm it.
                let left = Duration::from_nanos(ends_at.saturating_sub(self.nanos(Instant::now())).max(1));
                let it_value = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
                let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
                if let Some(fd) = &*lock(&self.fd) {
                    // It fails only for what is no timer or no time.
                    let _ = timerfd_settime(fd, TimerfdTimerFlags::empty(), &once);
                }
            }
        }

        /// Waits until it goes off, and handles that.
        fn run(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            let read = {
                let fd = lock(&self.fd);
                let Some(fd) = &*fd else { return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())) };
                ready!(fd.poll_read_ready(context))?;
                fd.try_read(&mut [0; 8])
            };
            match read {
                Ok(_) => self.go_off(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            Poll::Ready(Ok(()))
        }

        /// Ends the requests that are late, and sets the timer to the earliest deadline left.
        fn go_off(&self) {
            let connections: Vec<Arc<ConnectionWaker>> = {
                let connections = lock(&self.connections);
                self.set_to.store(NEVER, Ordering::SeqCst);
                connections.iter().filter_map(Weak::upgrade).collect()
            };
            let (now, mut next) = (self.nanos(Instant::now()), NEVER);
            for connection in &connections {
                let ends_at = connection.ends_at.load(Ordering::SeqCst);
                if ends_at <= now {
                    connection.end(ends_at);
                } else {
                    next = next.min(ends_at);
                }
            }
            if next < NEVER {
                self.set(next);
            }
        }
    }

    fn nanos(duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
    }

    #[cfg(test)]
    mod tests {
        use std::future::poll_fn;
        use std::sync::atomic::Ordering;
        use std::sync::{Arc, Weak};
        use std::task::Poll;
        use std::time::{Duration, Instant};

        use super::{Timekeeper, lock};
        use crate::transport::connection_waker::{ConnectionWaker, NEVER};

        const SHORT: Duration = Duration::from_millis(30);
        const LONG: Duration = Duration::from_secs(60);

        /// A connection on which nothing happens.
        fn watched(timekeeper: &Timekeeper) -> Arc<ConnectionWaker> {
            let connection = Arc::new(ConnectionWaker::new(Weak::new()));
            timekeeper.watch(&connection);
            connection
        }

        /// Waits for something on it, for as long as it has.
        async fn wait(connection: &ConnectionWaker) {
            let waited = poll_fn(|context| connection.poll(context.waker(), None, || Poll::<()>::Pending)).await;
            assert!(waited.is_err());
        }

        fn set_to(timekeeper: &Timekeeper) -> u64 {
            timekeeper.timer.set_to.load(Ordering::SeqCst)
        }

        #[tokio::test]
        async fn each_ends_at_its_own_time() {
            let timekeeper = Timekeeper::start().unwrap();
            let began_at = Instant::now();
            let waits = [3, 1, 2].map(|times| {
                let connection = watched(&timekeeper);
                timekeeper.limit(&connection, began_at, SHORT * times);
                tokio::spawn(async move {
                    wait(&connection).await;
                    (times, began_at.elapsed())
                })
            });
            for waited in waits {
                let (times, took) = waited.await.unwrap();
                assert!(took >= SHORT * times && took < LONG / 2, "{times} times: {took:?}");
            }
        }

        #[tokio::test]
        async fn what_went_by_before_there_was_a_timer_counts() {
            let began_at = Instant::now();
            tokio::time::sleep(SHORT * 2).await;
            let timekeeper = Timekeeper::start().unwrap();
            let connection = watched(&timekeeper);
            timekeeper.limit(&connection, began_at, SHORT);
            assert_eq!(connection.ends_at.load(Ordering::SeqCst), 0);
            wait(&connection).await;
        }

        #[tokio::test]
        async fn who_is_answered_in_time_leaves_the_timer_alone() {
            let timekeeper = Timekeeper::start().unwrap();
            let connection = watched(&timekeeper);
            timekeeper.limit(&connection, Instant::now(), LONG);
            let first = set_to(&timekeeper);
            for _ in 0..100 {
                connection.park();
                connection.unpark();
                timekeeper.limit(&connection, Instant::now(), LONG);
            }
            assert_eq!(set_to(&timekeeper), first);
        }

        #[tokio::test]
        async fn a_request_is_not_ended_at_the_time_of_the_one_before() {
            let timekeeper = Timekeeper::start().unwrap();
            let connection = watched(&timekeeper);
            timekeeper.limit(&connection, Instant::now(), SHORT);
            let first = set_to(&timekeeper);
            connection.park();
            connection.unpark();
            timekeeper.limit(&connection, Instant::now(), LONG);
            assert!(tokio::time::timeout(SHORT * 4, wait(&connection)).await.is_err());
            // It has gone off, and was set to the request's own.
            assert!(set_to(&timekeeper) > first);
            timekeeper.limit(&connection, Instant::now(), SHORT);
            wait(&connection).await;
        }

        #[tokio::test]
        async fn a_timer_that_nobody_needs_is_not_set() {
            let timekeeper = Timekeeper::start().unwrap();
            let connection = watched(&timekeeper);
            timekeeper.limit(&connection, Instant::now(), SHORT);
            connection.park();
            tokio::time::sleep(SHORT * 4).await;
            assert_eq!(set_to(&timekeeper), NEVER);
        }

        #[tokio::test]
        async fn closed_connections_are_forgotten() {
            let timekeeper = Timekeeper::start().unwrap();
            for _ in 0..10 {
                drop(watched(&timekeeper));
            }
            let _open = watched(&timekeeper);
            assert_eq!(lock(&timekeeper.timer.connections).len(), 1);
        }

        #[tokio::test]
        async fn a_limit_that_is_over_ends_at_once_and_one_without_end_never() {
            let timekeeper = Timekeeper::start().unwrap();
            let (over, endless) = (watched(&timekeeper), watched(&timekeeper));
            timekeeper.limit(&over, Instant::now(), Duration::ZERO);
            timekeeper.limit(&endless, Instant::now(), Duration::MAX);
            wait(&over).await;
            assert!(tokio::time::timeout(SHORT, wait(&endless)).await.is_err());
        }
    }
}
