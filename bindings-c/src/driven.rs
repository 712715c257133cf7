//! What drives the queries of an event loop, where there are descriptors to watch.

#[cfg(not(unix))]
pub(crate) use self::nowhere::Driven;
#[cfg(unix)]
pub(crate) use self::unix::Driven;

#[cfg(unix)]
mod unix {
    use std::cell::Cell;
    use std::ffi::c_int;
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use smileid_core::blocking::{PendingCall, event_loop};
    use smileid_core::driver::event_loop::EventLoop;
    use smileid_core::{JobStatus, Result};
    use tokio_util::sync::{CancellationToken, DropGuard};

    use crate::event_loop::Ends;
    use crate::ffi::value;
    use crate::pid;

    type Ended = (Ends, Result<JobStatus>);

    /// The driver of one event loop's queries, with the ends that it has yet to tell.
    pub(crate) struct Driven {
        event_loop: Arc<EventLoop>,
        ended: Arc<Mutex<Vec<Ended>>>,
        in_turn: AtomicBool,
        /// Drops the requests of those that run on the library's thread.
        freed: DropGuard,
    }

    fn lock(ended: &Mutex<Vec<Ended>>) -> MutexGuard<'_, Vec<Ended>> {
        ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Driven {
        pub(crate) fn new() -> Result<Self> {
            Ok(Self {
                event_loop: event_loop()?,
                ended: Arc::default(),
                in_turn: AtomicBool::new(false),
                freed: CancellationToken::new().drop_guard(),
            })
        }

        pub(crate) fn fd(&self) -> c_int {
            self.event_loop.fd()
        }

        pub(crate) fn start(&self, call: PendingCall<JobStatus>, ends: Ends) -> Result<()> {
            let ended = Arc::clone(&self.ended);
            if call.runs_on_event_loop() {
                call.start_in(&self.event_loop, move |result| lock(&ended).push((ends, result)))?;
            } else {
                // The loop may be freed before the end, but then nobody wants to hear of it.
                let event_loop = Arc::downgrade(&self.event_loop);
                call.unless(self.freed.token().clone()).spawn(move |result| {
                    lock(&ended).push((ends, result));
                    event_loop.upgrade().into_iter().for_each(|event_loop| event_loop.wake());
                })?;
            }
            self.leave();
            Ok(())
        }

        /// Has its turn in the process that made it.
        pub(crate) fn turn(&self) -> usize {
            if self.in_turn.swap(true, Ordering::Relaxed) {
                return 0;
            }
            let pid = pid::pid();
            let (mut count, mut telling, is_own) = (0, Vec::new(), Cell::new(true));
            let mut tell = || {
                std::mem::swap(&mut telling, &mut *lock(&self.ended));
                if telling.is_empty() {
                    return ControlFlow::Continue(false);
                }
                for (ends, result) in telling.drain(..) {
                    let (ends, result): Ended = (ends, result);
                    ends.tell(result);
                    count += 1;
                    // A callback may have forked. What is still to do or to tell is the parent's.
                    if pid::pid() != pid {
                        is_own.set(false);
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(true)
            };
            value((), || self.event_loop.turn_telling(&mut tell));
            if is_own.get() {
                // What has ended elsewhere.
                let _ = tell();
            }
            self.in_turn.store(false, Ordering::Relaxed);
            if is_own.get() {
                self.leave();
            }
            count
        }

        /// A query may have ended as it was started, or let another one end: the next turn tells of it.
        fn leave(&self) {
            if !self.in_turn.load(Ordering::Relaxed) && !lock(&self.ended).is_empty() {
                self.event_loop.wake();
            }
        }
    }
}

#[cfg(not(unix))]
mod nowhere {
    use std::ffi::c_int;

    use smileid_core::blocking::PendingCall;
    use smileid_core::{Error, JobStatus, Result};

    use crate::event_loop::Ends;

    /// There is none.
    pub(crate) enum Driven {}

    impl Driven {
        pub(crate) fn new() -> Result<Self> {
            Err(Error::invalid_argument("event_loop", "expected a Unix; elsewhere, call from threads"))
        }

        pub(crate) fn fd(&self) -> c_int {
            match *self {}
        }

        pub(crate) fn start(&self, _: PendingCall<JobStatus>, _: Ends) -> Result<()> {
            match *self {}
        }

        pub(crate) fn turn(&self) -> usize {
            match *self {}
        }
    }
}
