//! What drives a call: a tokio runtime, or a host's own thread without one.
//!
//! Handing a query to a runtime's thread and its answer back costs two thread switches, and as much again in system
//! calls to wake the threads. So an event loop drives its queries on its own thread, and the host watches one
//! descriptor for all of them (`event_loop`). Futures get time and a socket's readiness through this module, from the
//! event loop that polls them or else from tokio. A future stays with the driver that first polled it.
//!
//! For threads that wait for one call each this was tried too, with `poll(2)`: one alone cost the same as with a
//! runtime, and 64 of them a quarter more than with one thread that watches all sockets.

#[cfg(all(unix, feature = "background"))]
pub mod event_loop;
#[cfg(all(unix, feature = "background"))]
pub(crate) mod registration;
#[cfg(all(unix, feature = "background"))]
mod sockets;
#[cfg(all(unix, feature = "background"))]
mod tasks;

#[cfg(all(unix, feature = "background"))]
pub(crate) use self::hosted::*;
#[cfg(not(all(unix, feature = "background")))]
pub(crate) use self::never_hosted::*;

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime;
use tokio_util::task::AbortOnDropHandle;

/// What drives a connection. Polled from anywhere else it would never be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DriverId {
    /// A tokio runtime; `None` outside of one, where no connection can be opened.
    Runtime(Option<runtime::Id>),
    /// An event loop, by its number.
    #[cfg(all(unix, feature = "background"))]
    EventLoop(u64),
}

impl DriverId {
    pub(crate) fn here() -> Self {
        hosted_driver_id()
            .unwrap_or_else(|| Self::Runtime(runtime::Handle::try_current().ok().map(|handle| handle.id())))
    }
}

/// Knows whether a driver has ended, and keeps none from it.
pub(crate) enum Witness {
    /// A task that does nothing, and ends with its runtime at the latest; `None` outside of one.
    Runtime(Option<AbortOnDropHandle<()>>),
    #[cfg(all(unix, feature = "background"))]
    EventLoop(std::sync::Weak<event_loop::EventLoop>),
}

impl Witness {
    /// Of the driver here.
    pub(crate) fn here() -> Self {
        #[cfg(all(unix, feature = "background"))]
        if let Some(event_loop) = with(std::sync::Arc::downgrade) {
            return Self::EventLoop(event_loop);
        }
        let runtime = runtime::Handle::try_current().ok();
        Self::Runtime(runtime.map(|runtime| AbortOnDropHandle::new(runtime.spawn(std::future::pending()))))
    }

    pub(crate) fn has_ended(&self) -> bool {
        match self {
            Self::Runtime(task) => task.as_ref().is_none_or(AbortOnDropHandle::is_finished),
            #[cfg(all(unix, feature = "background"))]
            Self::EventLoop(event_loop) => event_loop.strong_count() == 0,
        }
    }
}

/// Ends after a duration, whoever drives it.
pub(crate) async fn sleep(duration: Duration) {
    if is_hosted() {
        hosted_sleep(duration).await;
    } else {
        tokio::time::sleep(duration).await;
    }
}

/// Gives the driver a chance to see socket events that have arrived since it last looked.
pub(crate) async fn look() {
    if is_hosted() {
        hosted_look();
    } else {
        tokio::task::yield_now().await;
    }
}

/// On a runtime of one thread, lets all ready tasks go first: answers that have arrived are read before more is asked,
/// so that requests are written back to back. A server on the same machine, such as a sidecar, is then woken once for
/// all of them; waking it for each costs the sender a sixth of a query. Does nothing on event loops, which do so
/// anyway.
pub(crate) async fn go_last() {
    // Outside of a task (`block_on`) there is nothing to let go first, and waking it, like waking another thread, takes
    // a system call.
    let is_alone = |handle: runtime::Handle| handle.runtime_flavor() == runtime::RuntimeFlavor::CurrentThread;
    if !is_hosted() && tokio::task::try_id().is_some() && runtime::Handle::try_current().is_ok_and(is_alone) {
        yield_to_ready().await;
    }
}

/// Lets everything else have a turn, time and sockets included.
pub(crate) async fn give_way() {
    if is_hosted() {
        yield_to_ready().await;
    } else {
        tokio::task::yield_now().await;
    }
}

/// Has a task polled again once everything else had a turn, on a runtime also time and sockets.
pub(crate) fn wake_last(waker: &Waker) {
    // The first poll of this does nothing else.
    let _ = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(waker));
}

/// Goes on once everything that is ready now has run. Unlike tokio's `yield_now`, it does not check the sockets in
/// between.
pub(crate) async fn yield_to_ready() {
    let mut had_turn = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut had_turn, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Checks a runtime's sockets, and lets the tasks that own them handle what has arrived.
pub(crate) async fn catch_up() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

/// Runs work for a connection that nobody is polling.
pub(crate) enum Executor {
    Runtime(runtime::Handle),
    #[cfg(all(unix, feature = "background"))]
    EventLoop(std::sync::Weak<event_loop::EventLoop>),
}

impl Executor {
    /// For a connection that is opened here.
    pub(crate) fn here() -> Self {
        hosted_executor().unwrap_or_else(|| Self::Runtime(runtime::Handle::current()))
    }

    /// Drops the future if the driver has ended.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        match self {
            Self::Runtime(runtime) => drop(runtime.spawn(future)),
            #[cfg(all(unix, feature = "background"))]
            Self::EventLoop(event_loop) => {
                if let Some(event_loop) = event_loop.upgrade() {
                    event_loop.start_later(future);
                }
            }
        }
    }
}

/// Without event loops, there is only tokio.
#[cfg(not(all(unix, feature = "background")))]
mod never_hosted {
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use super::{DriverId, Executor};

    pub(crate) fn is_hosted() -> bool {
        false
    }

    pub(super) fn hosted_look() {}

    pub(super) fn hosted_executor() -> Option<Executor> {
        None
    }

    pub(super) fn hosted_driver_id() -> Option<DriverId> {
        None
    }

    pub(super) async fn hosted_sleep(_: Duration) {}

    pub(crate) fn poll_until(_: Instant) -> Poll<()> {
        Poll::Pending
    }
}

#[cfg(all(unix, feature = "background"))]
mod hosted {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use tokio_util::task::AbortOnDropHandle;

    use super::event_loop::EventLoop;
    use super::{DriverId, Executor};

    thread_local! {
        static HERE: Here = const { Here { event_loop: RefCell::new(None), soonest: Cell::new(None) } };
    }

    struct Here {
        /// The event loop whose task this thread polls.
        event_loop: RefCell<Option<Arc<EventLoop>>>,
        /// The earliest deadline of what is being polled.
        soonest: Cell<Option<Instant>>,
    }

    /// Runs code whose futures get time and readiness from this event loop.
    pub(super) fn inside<T>(event_loop: &Arc<EventLoop>, run: impl FnOnce() -> T) -> T {
        struct Restore<'a>(&'a Here, Option<Arc<EventLoop>>, Option<Instant>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.event_loop.replace(self.1.take());
                self.0.soonest.set(self.2);
            }
        }
        HERE.with(|here| {
            let before = here.event_loop.replace(Some(Arc::clone(event_loop)));
            let _restore = Restore(here, before, here.soonest.take());
            run()
        })
    }

    /// Polls something inside of an event loop. Also returns its earliest deadline.
    pub(super) fn poll<T>(poll: impl FnOnce() -> Poll<T>) -> (Poll<T>, Option<Instant>) {
        HERE.with(|here| {
            here.soonest.set(None);
            (poll(), here.soonest.take())
        })
    }

    /// Looks at the event loop whose task this thread polls, if there is one.
    pub(crate) fn with<T>(see: impl FnOnce(&Arc<EventLoop>) -> T) -> Option<T> {
        HERE.with(|here| here.event_loop.borrow().as_ref().map(see))
    }

    pub(crate) fn is_hosted() -> bool {
        with(|_| ()).is_some()
    }

    pub(super) fn hosted_driver_id() -> Option<DriverId> {
        with(|event_loop| DriverId::EventLoop(event_loop.number()))
    }

    pub(super) fn hosted_executor() -> Option<Executor> {
        with(|event_loop| Executor::EventLoop(Arc::downgrade(event_loop)))
    }

    pub(super) fn hosted_look() {
        with(|event_loop| event_loop.look());
    }

    pub(super) async fn hosted_sleep(duration: Duration) {
        // For ever, if that is beyond the machine's time.
        let Some(ends_at) = Instant::now().checked_add(duration) else { return std::future::pending().await };
        poll_fn(|_| poll_until(ends_at)).await;
    }

    /// Ready once the moment has come; until then, has the event loop poll the current task again at that moment.
    pub(crate) fn poll_until(ends_at: Instant) -> Poll<()> {
        if Instant::now() >= ends_at {
            return Poll::Ready(());
        }
        HERE.with(|Here { soonest, .. }| {
            soonest.set(Some(soonest.get().map_or(ends_at, |soonest| soonest.min(ends_at))));
        });
        Poll::Pending
    }

    /// Runs a future that needs tokio, such as opening a socket, on the library's thread and waits for it; `None` when
    /// that has ended.
    pub(crate) async fn on_runtime<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Option<T> {
        with(|event_loop| AbortOnDropHandle::new(event_loop.runtime().spawn(future)))?.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What two tasks say, of which the first one goes last.
    async fn said() -> Vec<&'static str> {
        let said = Arc::new(Mutex::new(Vec::new()));
        let say = |text| {
            let said = Arc::clone(&said);
            move || said.lock().unwrap().push(text)
        };
        let (begins, goes_on, other) = (say("begins"), say("goes on"), say("other"));
        let first = tokio::spawn(async move {
            begins();
            go_last().await;
            goes_on();
        });
        let second = tokio::spawn(async move { other() });
        first.await.unwrap();
        second.await.unwrap();
        Arc::try_unwrap(said).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn a_task_that_goes_last_lets_those_go_first_that_are_ready() {
        assert_eq!(said().await, ["begins", "other", "goes on"]);
    }

    #[test]
    fn nobody_goes_last_where_that_would_wake_a_thread() {
        let at_once = || {
            let mut context = Context::from_waker(Waker::noop());
            pin!(go_last()).poll(&mut context).is_ready()
        };
        assert!(at_once());
        let alone = runtime::Builder::new_current_thread().build().unwrap();
        assert!(alone.block_on(async { at_once() }));
        assert!(!alone.block_on(async move { tokio::spawn(async move { at_once() }).await.unwrap() }));
        let many = runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert!(many.block_on(async move { tokio::spawn(async move { at_once() }).await.unwrap() }));
    }
}
