//! One HTTP/1.1 connection of hyper's, driven by whoever asks on it.
//!
//! No task owns it: a request and the connection it is on are one future. So nobody has to be woken for an answer, dropping
//! the request closes the connection at once, and nothing is left behind when a runtime ends.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::pool::Pool;
use super::target::Origin;
use crate::driver::Executor;
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1};
use hyper::rt::{Read, Write};

/// See the module. Boxed by whoever has it, because it is handed on four times per request.
pub(super) struct Connection {
    pub(super) origin: Arc<Origin>,
    sender: http1::SendRequest<Full<Bytes>>,
    hyper: Hyper,
    alarm: Arc<Alarm>,
    /// The alarm's.
    waker: Waker,
}

/// What writes and reads; gone once the connection has ended.
type Hyper = Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>;

/// A request that was not answered.
type Unanswered = TrySendError<Request<Full<Bytes>>>;

impl Connection {
    /// For whoever polls this.
    pub(super) async fn open<T>(io: T, origin: Arc<Origin>, pool: Weak<Pool>) -> hyper::Result<Box<Self>>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, hyper) = http1::handshake(io).await?;
        let (state, user, executor) = (AtomicU8::new(POLLED), AtomicWaker::new(), Executor::here());
        let alarm = Arc::new(Alarm { state, user, executor, pool });
        let waker = Waker::from(Arc::clone(&alarm));
        Ok(Box::new(Self { origin, sender, hyper: Some(Box::pin(hyper)), alarm, waker }))
    }

    /// Hands a request over, for [`answer`](Self::answer).
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> + use<> {
        self.sender.try_send_request(request)
    }

    /// Waits for the head of a request's answer. A request that was never written comes back with the error, which is boxed
    /// because it is rare and large.
    pub(super) async fn answer(
        &mut self,
        mut answer: Pin<&mut impl Future<Output = Result<Response<Incoming>, Unanswered>>>,
    ) -> Result<Response<Incoming>, Box<Unanswered>> {
        let attempt = |hyper: &mut Hyper, context: &mut Context<'_>| {
            drive(hyper, context);
            answer.as_mut().poll(context).map_err(Box::new)
        };
        Polled { hyper: &mut self.hyper, alarm: &self.alarm, waker: &self.waker }.until_ready(attempt).await
    }

    /// The next part of an answer's body.
    pub(super) async fn frame(&mut self, body: &mut Incoming) -> Option<hyper::Result<Frame<Bytes>>> {
        let attempt = |hyper: &mut Hyper, context: &mut Context<'_>| {
            // Asking for more is what lets hyper read on, and what it reads is there at once: twice saves a wake-up.
            for _ in 0..2 {
                if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
                    return Poll::Ready(frame);
                }
                drive(hyper, context);
            }
            Pin::new(&mut *body).poll_frame(context)
        };
        Polled { hyper: &mut self.hyper, alarm: &self.alarm, waker: &self.waker }.until_ready(attempt).await
    }

    /// Waits for the server's end from now on; whether another request may follow.
    pub(super) fn rest(&mut self) -> bool {
        // First, so that nothing is missed in between; and not only stored, so that what was told before is seen.
        self.alarm.state.swap(RESTING, Ordering::AcqRel);
        // Who used it last may have ended, and is not to be kept in memory.
        drop(self.alarm.user.take());
        drive(&mut self.hyper, &mut Context::from_waker(&self.waker));
        self.hyper.is_some() && self.sender.is_ready()
    }

    /// Ends the rest.
    pub(super) fn rise(&self) {
        self.alarm.state.store(POLLED, Ordering::Release);
    }

    /// Whether nothing has happened since it was left to rest.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.alarm.state.load(Ordering::Acquire) == RESTING
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // What its own end wakes is no news.
        self.rise();
    }
}

fn drive(hyper: &mut Hyper, context: &mut Context<'_>) {
    if hyper.as_mut().is_some_and(|hyper| hyper.as_mut().poll(context).is_ready()) {
        // Whoever waits for an answer hears of the end from hyper.
        *hyper = None;
    }
}

/// A connection that somebody waits for something on.
struct Polled<'a> {
    hyper: &'a mut Hyper,
    alarm: &'a Alarm,
    waker: &'a Waker,
}

impl Polled<'_> {
    /// Makes attempts until one has an outcome. Each drives.
    async fn until_ready<T>(self, mut attempt: impl FnMut(&mut Hyper, &mut Context<'_>) -> Poll<T>) -> T {
        let Self { hyper, alarm, waker } = self;
        std::future::poll_fn(|context| {
            // First, so that nothing is missed in between.
            alarm.user.register(context.waker());
            alarm.state.swap(POLLED, Ordering::AcqRel);
            let outcome = attempt(hyper, &mut Context::from_waker(waker));
            let wait = || alarm.state.compare_exchange(POLLED, AWAITED, Ordering::AcqRel, Ordering::Acquire);
            if outcome.is_pending() && wait().is_err() {
                context.waker().wake_by_ref();
            }
            outcome
        })
        .await
    }
}

/// Nobody uses the connection, and nothing has happened on it.
const RESTING: u8 = 0;
/// Somebody polls it, or is about to poll it again.
const POLLED: u8 = 1;
/// Somebody waits for what happens on it.
const AWAITED: u8 = 2;
/// Something has happened that nobody has seen yet.
const CALLED: u8 = 3;

/// Woken when something happens on the connection, whoever uses it.
///
/// hyper has one waker for all of a connection's life, so none has to be put in another's place. And a great deal that hyper
/// does while it is polled wakes whoever polls it: its user would be polled once more per request, for nothing.
struct Alarm {
    state: AtomicU8,
    user: AtomicWaker,
    executor: Executor,
    pool: Weak<Pool>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        match self.state.swap(CALLED, Ordering::AcqRel) {
            // Mostly, the server has closed it.
            RESTING => {
                if let Some(pool) = self.pool.upgrade() {
                    pool.sweep_on(&self.executor);
                }
            }
            AWAITED => self.user.wake(),
            _ => {}
        }
    }
}
