//! One HTTP/1.1 connection of hyper's, driven by whoever asks on it.
//!
//! No task owns it: a request and the connection it is on are one future. So no other task has to be woken for an
//! answer, dropping the request closes the connection at once, and nothing is left behind when a runtime ends.

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

use super::connection_waker::{ConnectionWaker, Late, is_over};
use super::pool::Pool;
use super::target::Origin;
use super::timekeeper::Timekeeper;
use crate::clock::{Clock, SystemClock};
use crate::driver;

/// No connection is used again that was opened earlier: one in steady use would never follow its server's name to another
/// address.
pub(super) const MOST_AGE: Duration = Duration::from_secs(300);

/// So much less of it is left to chance: connections that were opened together are not renewed together.
const JITTER: f64 = 0.1;

/// An open connection. Always boxed, because it is moved four times per request.
pub(super) struct Connection {
    pub(super) origin: Arc<Origin>,
    sender: http1::SendRequest<Full<Bytes>>,
    hyper: Hyper,
    connection_waker: Arc<ConnectionWaker>,
    /// The same one, in the form that hyper takes.
    waker: Waker,
    timekeeper: Option<Arc<Timekeeper>>,
    /// Whether an event loop drives it, which keeps the deadline too.
    is_hosted: bool,
    /// The deadline of its request.
    ends_at: Option<Instant>,
    /// Until when it is used again.
    pub(super) fresh_until: Instant,
    /// Counts it among the pool's open ones.
    _open: Option<Arc<()>>,
}

/// What writes and reads; `None` once the connection has ended.
type Hyper = Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>;

/// A request that was not answered.
type Unanswered = TrySendError<Request<Full<Bytes>>>;

impl Connection {
    /// Begins HTTP on a stream. The connection belongs to the driver that polls this.
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
        let connection_waker = Arc::new(ConnectionWaker::new(pool));
        let waker = Waker::from(Arc::clone(&connection_waker));
        if let Some(timekeeper) = &timekeeper {
            timekeeper.watch(&connection_waker);
        }
        Ok(Box::new(Self {
            origin,
            sender,
            hyper: Some(Box::pin(hyper)),
            connection_waker,
            waker,
            timekeeper,
            is_hosted: driver::is_hosted(),
            ends_at: None,
            fresh_until: Instant::now() + lifetime(SystemClock.chance()),
            _open: open,
        }))
    }

    /// Sets the next request's deadline.
    pub(super) fn limit(&mut self, now: Instant, limit: Duration) {
        self.ends_at = now.checked_add(limit);
        if let Some(timekeeper) = &self.timekeeper {
            timekeeper.limit(&self.connection_waker, now, limit);
        }
    }

    /// Hands a request over, for [`answer`](Self::answer).
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> + use<> {
        self.sender.try_send_request(request)
    }

    /// Waits for the head of a request's answer. A request that was never written comes back with the error, which is
    /// boxed because it is rare and large.
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
            // Polling the body lets hyper read on, and what it reads is there at once: trying again saves a wake-up.
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

    /// Lets others go first, while a body goes on and on.
    pub(super) async fn give_way(&mut self) -> Result<(), Late> {
        driver::give_way().await;
        if is_over(self.ends_at) { Err(Late) } else { Ok(()) }
    }

    /// Repeats an attempt, which drives the connection too, until it has an outcome.
    async fn until_ready<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Hyper, &mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Late> {
        let Self { hyper, connection_waker, waker, is_hosted, ends_at, .. } = self;
        std::future::poll_fn(|context| {
            let attempt = || attempt(hyper, &mut Context::from_waker(waker));
            let polled = connection_waker.poll(context.waker(), *ends_at, attempt);
            if *is_hosted
                && polled.is_pending()
                && ends_at.is_some_and(|ends_at| driver::poll_until(ends_at).is_ready())
            {
                return Poll::Ready(Err(Late));
            }
            polled
        })
        .await
    }

    /// Leaves it idle, and notices from now on if the server closes it. Whether it can be used again.
    pub(super) fn park(&mut self) -> bool {
        // First, so that nothing is missed in between.
        self.connection_waker.park();
        drive(&mut self.hyper, &mut Context::from_waker(&self.waker));
        self.hyper.is_some() && self.sender.is_ready()
    }

    /// Uses it again.
    pub(super) fn unpark(&self) {
        self.connection_waker.unpark();
    }

    /// Whether nothing has happened since it was parked.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.connection_waker.is_undisturbed()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A wake-up by its own end must not start a sweep.
        self.unpark();
    }
}

fn lifetime(chance: f64) -> Duration {
    MOST_AGE.mul_f64(1.0 - JITTER * chance)
}

fn drive(hyper: &mut Hyper, context: &mut Context<'_>) {
    if hyper.as_mut().is_some_and(|hyper| hyper.as_mut().poll(context).is_ready()) {
        // hyper tells whoever waits for an answer.
        *hyper = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_renewed_after_four_and_a_half_to_five_minutes() {
        assert_eq!([0.0, 1.0].map(lifetime), [300, 270].map(Duration::from_secs));
    }
}
