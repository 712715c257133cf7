//! One HTTP/1.1 connection of hyper's, driven by whoever asks on it.
//!
//! No task owns it: a request and the connection it is on are one future. So nobody has to be woken for an answer, dropping
//! the request closes the connection at once, and nothing is left behind when a runtime ends.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::pool::Pool;
use super::target::Origin;
use crate::driver::Executor;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1};
use hyper::rt::{Read, Write};

/// See the module.
pub(super) struct Connection {
    pub(super) origin: Arc<Origin>,
    sender: http1::SendRequest<Full<Bytes>>,
    /// Writes and reads; gone once the connection has ended.
    driver: Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
    rest: Arc<Rest>,
    resting: Waker,
}

impl Connection {
    /// For whoever polls this.
    pub(super) async fn open<T>(io: T, origin: Arc<Origin>, pool: Weak<Pool>) -> hyper::Result<Self>
    where
        T: Read + Write + Unpin + Send + 'static,
    {
        let (sender, driver) = http1::handshake(io).await?;
        let rest = Arc::new(Rest { undisturbed: AtomicBool::new(false), executor: Executor::here(), pool });
        let resting = Waker::from(Arc::clone(&rest));
        Ok(Self { origin, sender, driver: Some(Box::pin(driver)), rest, resting })
    }

    /// Sends a request and waits for the head of its answer. A request that was never written comes back with the error.
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>> {
        // Handed over here and not when it is polled: the future has no room for it.
        let answer = self.sender.try_send_request(request);
        let driver = &mut self.driver;
        async move {
            let mut answer = pin!(answer);
            std::future::poll_fn(|context| {
                drive(driver, context);
                answer.as_mut().poll(context)
            })
            .await
        }
    }

    /// The next part of an answer's body.
    pub(super) async fn frame(&mut self, body: &mut Incoming) -> Option<hyper::Result<Frame<Bytes>>> {
        std::future::poll_fn(|context| {
            // Asking for more is what lets hyper read on, and what it reads is there at once: twice saves a wake-up.
            for _ in 0..2 {
                if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
                    return Poll::Ready(frame);
                }
                drive(&mut self.driver, context);
            }
            Pin::new(&mut *body).poll_frame(context)
        })
        .await
    }

    /// Waits for the server's end from now on; whether another request may follow.
    pub(super) fn rest(&mut self) -> bool {
        // First, so that nothing is missed in between.
        self.rest.undisturbed.store(true, Ordering::Release);
        drive(&mut self.driver, &mut Context::from_waker(&self.resting));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Ends the rest.
    pub(super) fn rise(&self) {
        self.rest.undisturbed.store(false, Ordering::Release);
    }

    /// Whether nothing has happened since it was left to rest.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.rest.undisturbed.load(Ordering::Acquire)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // What its own end wakes is no news.
        self.rise();
    }
}

fn drive(driver: &mut Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>, context: &mut Context<'_>) {
    if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(context).is_ready()) {
        // Whoever waits for an answer hears of the end from hyper.
        *driver = None;
    }
}

/// Woken when something happens on a connection that nobody uses: mostly the server closes it.
struct Rest {
    undisturbed: AtomicBool,
    executor: Executor,
    pool: Weak<Pool>,
}

impl Wake for Rest {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.undisturbed.swap(false, Ordering::AcqRel)
            && let Some(pool) = self.pool.upgrade()
        {
            pool.sweep_on(&self.executor);
        }
    }
}
