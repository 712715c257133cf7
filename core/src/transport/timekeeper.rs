//! Ends requests whose time is up, with a timer that is not set for each of them.
//!
//! A runtime that has a timer to wait for gives its wait for sockets a time limit, which the kernel sets up and takes down
//! again: one query at a time, that is a twentieth of all that a query costs. But limits are seconds long, and nearly all are
//! kept. So one `timerfd` for all connections of a home is set to the earliest moment that one may end at, and left alone when
//! that request is answered: it goes off once per limit's length at most, and is set to what is the earliest by then.

#[cfg(target_os = "linux")]
pub(super) use self::timerfd::Timekeeper;

use crate::driver;

/// Whether who polls this has one. An event loop is one itself; elsewhere each request has a timer of its own.
pub(super) fn is_here() -> bool {
    cfg!(target_os = "linux") && !driver::is_hosted()
}

/// Whether requests need no timers of their own here.
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

    pub(super) fn watch(&self, _: &std::sync::Arc<super::alarm::Alarm>) {
        match *self {}
    }

    pub(super) fn limit(&self, _: &super::alarm::Alarm, _: std::time::Instant, _: std::time::Duration) {
        match *self {}
    }
}

#[cfg(target_os = "linux")]
mod timerfd {
    use std::io;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::net::unix::pipe::Receiver;
    use tokio_util::task::AbortOnDropHandle;

    use crate::transport::alarm::{Alarm, NEVER};

    /// See the module.
    pub(in crate::transport) struct Timekeeper {
        timer: Arc<Timer>,
        /// Waits for the timer to go off.
        _task: AbortOnDropHandle<()>,
    }

    struct Timer {
        /// Not a pipe, but read like one.
        fd: Receiver,
        started_at: Instant,
        /// When it goes off, in nanoseconds since `started_at`.
        set_to: AtomicU64,
        /// Those of all connections that are open.
        alarms: Mutex<Vec<Weak<Alarm>>>,
    }

    impl Timekeeper {
        /// On the runtime that drives the caller.
        pub(in crate::transport) fn start() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let timer = Arc::new(Timer {
                fd: Receiver::from_owned_fd_unchecked(fd)?,
                started_at: Instant::now(),
                set_to: AtomicU64::new(NEVER),
                alarms: Mutex::default(),
            });
            let waits = Arc::clone(&timer);
            let task = tokio::spawn(async move { while waits.run().await.is_ok() {} });
            Ok(Self { timer, _task: AbortOnDropHandle::new(task) })
        }

        /// Keeps the time of a connection's requests, too.
        pub(in crate::transport) fn watch(&self, alarm: &Arc<Alarm>) {
            let mut alarms = self.timer.lock();
            alarms.retain(|alarm| alarm.strong_count() > 0);
            alarms.push(Arc::downgrade(alarm));
        }

        /// From `now` on, a connection that is watched has so long.
        pub(in crate::transport) fn limit(&self, alarm: &Alarm, now: Instant, limit: Duration) {
            // Added to the moment first: for the connection that this was made with, `now` was before it.
            let ends_at = now.checked_add(limit).map_or(NEVER, |ends_at| self.timer.nanos(ends_at)).min(NEVER - 1);
            // A timer that goes off first says that it is not set, and then looks at all alarms: this sees the one, or that
            // sees the other.
            alarm.ends_at.store(ends_at, Ordering::SeqCst);
            if ends_at < self.timer.set_to.load(Ordering::SeqCst) {
                self.timer.set(ends_at);
            }
        }
    }

    impl Timer {
        fn lock(&self) -> MutexGuard<'_, Vec<Weak<Alarm>>> {
            self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn nanos(&self, moment: Instant) -> u64 {
            nanos(moment.saturating_duration_since(self.started_at))
        }

        /// Sets it to an earlier moment.
        fn set(&self, ends_at: u64) {
            // One at a time, so that the timer is set to what is said of it.
            let _alarms = self.lock();
            if ends_at < self.set_to.load(Ordering::SeqCst) {
                self.set_to.store(ends_at, Ordering::SeqCst);
                // No time at all would mean never.
                let left = Duration::from_nanos(ends_at.saturating_sub(self.nanos(Instant::now())).max(1));
                let it_value = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 });
                let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
                // It refuses only what is no timer or no time.
                let _ = timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once);
            }
        }

        /// Waits until it goes off, and does what that means.
        async fn run(&self) -> io::Result<()> {
            self.fd.readable().await?;
            match self.fd.try_read(&mut [0; 8]) {
                Ok(_) => self.go_off(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            Ok(())
        }

        /// Ends what is late, and sets the timer to the earliest of the others.
        fn go_off(&self) {
            let alarms: Vec<Arc<Alarm>> = {
                let alarms = self.lock();
                self.set_to.store(NEVER, Ordering::SeqCst);
                alarms.iter().filter_map(Weak::upgrade).collect()
            };
            let (now, mut next) = (self.nanos(Instant::now()), NEVER);
            for alarm in &alarms {
                let ends_at = alarm.ends_at.load(Ordering::SeqCst);
                if ends_at <= now {
                    alarm.end(ends_at);
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

        use super::Timekeeper;
        use crate::transport::alarm::{Alarm, NEVER};

        const SHORT: Duration = Duration::from_millis(30);
        const LONG: Duration = Duration::from_secs(60);

        /// A connection on which nothing happens.
        fn watched(timekeeper: &Timekeeper) -> Arc<Alarm> {
            let alarm = Arc::new(Alarm::new(Weak::new()));
            timekeeper.watch(&alarm);
            alarm
        }

        /// Waits for something on it, for as long as it has.
        async fn wait(alarm: &Alarm) {
            let waited = poll_fn(|context| alarm.poll(context.waker(), || Poll::<()>::Pending)).await;
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
                let alarm = watched(&timekeeper);
                timekeeper.limit(&alarm, began_at, SHORT * times);
                tokio::spawn(async move {
                    wait(&alarm).await;
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
            let alarm = watched(&timekeeper);
            timekeeper.limit(&alarm, began_at, SHORT);
            assert_eq!(alarm.ends_at.load(Ordering::SeqCst), 0);
            wait(&alarm).await;
        }

        #[tokio::test]
        async fn who_is_answered_in_time_leaves_the_timer_alone() {
            let timekeeper = Timekeeper::start().unwrap();
            let alarm = watched(&timekeeper);
            timekeeper.limit(&alarm, Instant::now(), LONG);
            let first = set_to(&timekeeper);
            for _ in 0..100 {
                alarm.rest();
                alarm.rise();
                timekeeper.limit(&alarm, Instant::now(), LONG);
            }
            assert_eq!(set_to(&timekeeper), first);
        }

        #[tokio::test]
        async fn a_request_is_not_ended_at_the_time_of_the_one_before() {
            let timekeeper = Timekeeper::start().unwrap();
            let alarm = watched(&timekeeper);
            timekeeper.limit(&alarm, Instant::now(), SHORT);
            let first = set_to(&timekeeper);
            alarm.rest();
            alarm.rise();
            timekeeper.limit(&alarm, Instant::now(), LONG);
            assert!(tokio::time::timeout(SHORT * 4, wait(&alarm)).await.is_err());
            // It has gone off, and was set to the request's own.
            assert!(set_to(&timekeeper) > first);
            timekeeper.limit(&alarm, Instant::now(), SHORT);
            wait(&alarm).await;
        }

        #[tokio::test]
        async fn a_timer_that_nobody_needs_is_not_set() {
            let timekeeper = Timekeeper::start().unwrap();
            let alarm = watched(&timekeeper);
            timekeeper.limit(&alarm, Instant::now(), SHORT);
            alarm.rest();
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
            assert_eq!(timekeeper.timer.lock().len(), 1);
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
