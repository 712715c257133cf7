//! One HTTP/1.1 connection of hyper's, driven by whoever asks on it.
//!
//! No task owns it: a request and the connection it is on are one future. So nobody has to be woken for an answer, dropping
//! the request closes the connection at once, and nothing is left behind when a runtime ends.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1};
use hyper::rt::{Read, Write};

use super::alarm::{Alarm, Late};
use super::pool::Pool;
use super::target::Origin;
use super::timekeeper::Timekeeper;
use crate::driver;

/// See the module. Boxed by whoever has it, because it is handed on four times per request.
pub(super) struct Connection {
    pub(super) origin: Arc<Origin>,
    sender: http1::SendRequest<Full<Bytes>>,
    hyper: Hyper,
    alarm: Arc<Alarm>,
    /// The alarm's.
    waker: Waker,
    timekeeper: Option<Arc<Timekeeper>>,
    /// When its request must have ended, if an event loop keeps the time.
    ends_at: Option<Instant>,
    /// Tells the pool that it is open.
    _open: Option<Arc<()>>,
}

/// What writes and reads; gone once the connection has ended.
type Hyper = Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>;

/// A request that was not answered.
type Unanswered = TrySendError<Request<Full<Bytes>>>;

impl Connection {
    /// For whoever polls this.
    pub(super) async fn open<T>(
        io: T,
        origin: Arc<Origin>,
        pool: Weak<Pool>,
        timekeeper: Option<Arc<Timekeeper>>,
    ) -> hyper::Result<Box<Self>>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, hyper) = http1::handshake(io).await?;
        let open = pool.upgrade().map(|pool| pool.count());
        let alarm = Arc::new(Alarm::new(pool));
        let waker = Waker::from(Arc::clone(&alarm));
        if let Some(timekeeper) = &timekeeper {
            timekeeper.watch(&alarm);
        }
        Ok(Box::new(Self {
            origin,
            sender,
            hyper: Some(Box::pin(hyper)),
            alarm,
            waker,
            timekeeper,
            ends_at: None,
            _open: open,
        }))
    }

    /// What is asked on it from `now` on has so long, if somebody here keeps the time.
    pub(super) fn limit(&mut self, now: Instant, limit: Duration) {
        match &self.timekeeper {
            Some(timekeeper) => timekeeper.limit(&self.alarm, now, limit),
            None => self.ends_at = if driver::is_hosted() { now.checked_add(limit) } else { None },
        }
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
    ) -> Result<Result<Response<Incoming>, Box<Unanswered>>, Late> {
        self.until_ready(|hyper, context| {
            drive(hyper, context);
            answer.as_mut().poll(context).map_err(Box::new)
        })
        .await
    }

    /// The next part of an answer's body.
    pub(super) async fn frame(&mut self, body: &mut Incoming) -> Result<Option<hyper::Result<Frame<Bytes>>>, Late> {
        self.until_ready(|hyper, context| {
            // Asking for more is what lets hyper read on, and what it reads is there at once: twice saves a wake-up.
            for _ in 0..2 {
                if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
                    return Poll::Ready(frame);
                }
                drive(hyper, context);
            }
            Pin::new(&mut *body).poll_frame(context)
        })
        .await
    }

    /// Makes attempts until one has an outcome. Each drives.
    async fn until_ready<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Hyper, &mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Late> {
        let Self { hyper, alarm, waker, ends_at, .. } = self;
        std::future::poll_fn(|context| {
            let polled = alarm.poll(context.waker(), || attempt(hyper, &mut Context::from_waker(waker)));
            if polled.is_pending() && ends_at.is_some_and(|ends_at| driver::poll_until(ends_at).is_ready()) {
                return Poll::Ready(Err(Late));
            }
            polled
        })
        .await
    }

    /// Waits for the server's end from now on; whether another request may follow.
    pub(super) fn rest(&mut self) -> bool {
        // First, so that nothing is missed in between.
        self.alarm.rest();
        drive(&mut self.hyper, &mut Context::from_waker(&self.waker));
        self.hyper.is_some() && self.sender.is_ready()
    }

    /// Ends the rest.
    pub(super) fn rise(&self) {
        self.alarm.rise();
    }

    /// Whether nothing has happened since it was left to rest.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.alarm.is_undisturbed()
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
