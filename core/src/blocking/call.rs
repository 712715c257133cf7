//! Calls that were prepared: waited for on the caller's thread, or spawned.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::runtime::{MayRunOn, ProcessRuntime, RunsOn};
#[cfg(unix)]
use crate::background::Running;
use crate::client::Driven;
use crate::clock::BoxFuture;
use crate::driver;
#[cfg(unix)]
use crate::driver::event_loop::EventLoop;
use crate::error::{Error, Result};
use crate::panic::{guard, guard_future, guard_then};

/// A call that was prepared and can be waited for, in one go or in slices. Dropping it drops its request.
pub struct PendingCall<T> {
    runtime: Arc<ProcessRuntime>,
    may_run_on: MayRunOn,
    /// Whether an event loop may drive it.
    runs_on_event_loop: bool,
    /// `None` once it has ended or was handed over. Whoever waits for it catches its panics, and so does the guard
    /// around it where it is spawned.
    future: Option<BoxFuture<'static, Result<T>>>,
    /// Set once somebody has begun to wait for it.
    runs_on: Option<RunsOn>,
}

impl<T: Send + 'static> PendingCall<T> {
    /// A client's call, which ends with the client.
    pub(super) fn of<F>(runtime: Arc<ProcessRuntime>, may_run_on: MayRunOn, call: F) -> Self
    where
        F: Driven<Output = Result<T>, IntoFuture = BoxFuture<'static, Result<T>>>,
    {
        let runs_on_event_loop = call.runs_on_event_loop();
        Self { runtime, may_run_on, runs_on_event_loop, future: Some(call.into_future()), runs_on: None }
    }

    /// A stream's call, which ends with the runtime.
    pub(super) fn new(
        runtime: Arc<ProcessRuntime>,
        may_run_on: MayRunOn,
        future: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Self {
        let stopping = runtime.stopping.clone();
        let future: BoxFuture<'static, Result<T>> = Box::pin(async move {
            tokio::select! {
                biased;
                () = stopping.cancelled() => Err(Error::closed()),
                result = future => result,
            }
        });
        Self { runtime, may_run_on, runs_on_event_loop: false, future: Some(future), runs_on: None }
    }

    /// Whether an event loop's own thread can drive it.
    #[must_use]
    pub fn runs_on_event_loop(&self) -> bool {
        self.runs_on_event_loop
    }

    /// Where the call is driven, as the first wait for it decides.
    fn runs_on(&mut self) -> Result<RunsOn> {
        if let Some(runs_on) = self.runs_on {
            return Ok(runs_on);
        }
        let runs_on = self.runtime.runs_on(self.may_run_on);
        if runs_on == RunsOn::Background {
            // All of it goes there: this thread is woken once, with the end.
            let future = self.future.take().ok_or_else(Error::internal)?;
            let (mut done, ended) = oneshot::channel();
            let call = async move {
                let result = tokio::select! {
                    biased;
                    // Its caller has given it up.
                    () = done.closed() => return,
                    result = guard_future(future) => result,
                };
                // First the others that are ready, so that all callers whose calls have ended are woken at once.
                driver::yield_to_ready().await;
                let _ = done.send(result);
            };
            self.runtime.inbox()?.spawn(Box::pin(call));
            // Nothing is sent only when the runtime is being stopped.
            self.future = Some(Box::pin(async move { ended.await.unwrap_or_else(|_| Err(Error::closed())) }));
        }
        self.runs_on = Some(runs_on);
        Ok(runs_on)
    }

    /// Waits on the calling thread until the call ends.
    ///
    /// # Errors
    /// The call's own.
    pub fn wait(mut self) -> Result<T> {
        guard(|| {
            let runs_on = self.runs_on()?;
            let future = self.future.take().ok_or_else(Error::internal)?;
            self.runtime.block_on(runs_on, future)
        })
    }

    /// Waits on the calling thread for a while; `None` when the call has not ended yet.
    pub fn wait_for(&mut self, slice: Duration) -> Option<Result<T>> {
        let waited = guard(|| {
            let runs_on = self.runs_on()?;
            let future = self.future.as_mut().ok_or_else(Error::internal)?;
            self.runtime.block_on(runs_on, async move {
                let ended = tokio::time::timeout(slice, future).await.ok().transpose();
                if matches!(ended, Ok(None)) {
                    // A runtime forgets at the end of its `block_on` what asked to be polled once the others had their turn.
                    // It is woken before this goes on; else parts of the call could sleep through all later slices.
                    tokio::task::yield_now().await;
                }
                ended
            })
        });
        let ended = waited.transpose();
        if ended.is_some() {
            self.future = None;
        }
        ended
    }

    /// Waits on the calling thread until the call or `cancel` ends.
    ///
    /// # Errors
    /// The call's own, or [`cancelled`](crate::ErrorCode::Cancelled).
    pub fn wait_unless(mut self, cancel: &CancellationToken) -> Result<T> {
        guard(|| {
            // Checked first: runs_on() may already start the call on the library's thread.
            if cancel.is_cancelled() {
                return Err(Error::cancelled());
            }
            let runs_on = self.runs_on()?;
            let future = self.future.take().ok_or_else(Error::internal)?;
            self.runtime.block_on(runs_on, unless_cancelled(cancel.clone(), future))
        })
    }

    /// Lets the token end it too, with [`cancelled`](crate::ErrorCode::Cancelled), wherever it runs.
    #[must_use]
    pub fn unless(mut self, cancel: CancellationToken) -> Self {
        if let Some(future) = self.future.take() {
            self.future = Some(Box::pin(unless_cancelled(cancel, future)));
        }
        self
    }

    /// Runs the call on the library's own thread and hands its end to `done`, there or on the thread that stops it.
    /// Aborting drops the request and `done`.
    ///
    /// # Errors
    /// [`client_closed`](crate::ErrorCode::ClientClosed) when the process is about to end; then `done` is not called.
    pub fn spawn(mut self, done: impl FnOnce(Result<T>) + Send + 'static) -> Result<AbortHandle> {
        let future = self.future.take().ok_or_else(Error::internal)?;
        let background = self.runtime.background()?;
        let mut telling = Telling { runtime: self.runtime, done: Some(done), of: PhantomData };
        let task = background.spawn(guard_then(future, move |result| telling.tell(result)));
        Ok(task.abort_handle())
    }
}

async fn unless_cancelled<T>(cancel: CancellationToken, call: BoxFuture<'static, Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::cancelled()),
        result = call => result,
    }
}

/// Tells a call's end once, even if a shutdown drops the call before it has run.
struct Telling<T, D: FnOnce(Result<T>)> {
    runtime: Arc<ProcessRuntime>,
    done: Option<D>,
    of: PhantomData<fn(T)>,
}

impl<T, D: FnOnce(Result<T>)> Telling<T, D> {
    fn tell(&mut self, result: Result<T>) {
        if let Some(done) = self.done.take() {
            done(result);
        }
    }
}

impl<T, D: FnOnce(Result<T>)> Drop for Telling<T, D> {
    fn drop(&mut self) {
        // Nobody is told of an aborted call.
        if self.runtime.is_stopped() {
            self.tell(Err(Error::closed()));
        }
    }
}

#[cfg(unix)]
impl<T: Send + 'static> PendingCall<T> {
    /// Runs the call on the event loop's own thread, which must be the calling one, and hands its end to `done`, there.
    ///
    /// # Errors
    /// `internal` for a call that does not [run on event loops](Self::runs_on_event_loop), and
    /// [`client_closed`](crate::ErrorCode::ClientClosed) when the process is about to end; then `done` is not called.
    pub fn start_in(
        mut self,
        event_loop: &Arc<EventLoop>,
        done: impl FnOnce(Result<T>) + Send + 'static,
    ) -> Result<Running> {
        let future = self.future.take().filter(|_| self.runs_on_event_loop).ok_or_else(Error::internal)?;
        // After a shutdown, the loop has outlived the thread that opens its connections.
        if self.runtime.is_stopped() || !event_loop.follows(self.runtime.number) {
            event_loop.follow(self.runtime.background()?, self.runtime.number);
        }
        let slot = event_loop.start(guard_then(future, done));
        Ok(Running::Hosted(Arc::clone(event_loop), slot))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use futures_util::stream::FuturesUnordered;

    use super::*;

    #[test]
    fn a_part_that_lets_others_go_first_goes_on_in_the_next_slice() {
        let slice = Duration::from_millis(20);
        let part = async move {
            let in_the_slice = tokio::time::Instant::now() + slice / 2;
            tokio::time::sleep(slice / 4).await;
            // Not polled until both are over, the slice and the time to go on, it gives way at the slice's very end.
            std::thread::sleep(slice * 2);
            tokio::time::sleep_until(in_the_slice).await;
            driver::give_way().await;
        };
        // Polls a part only if that part was woken, as downloads of several images do.
        let mut parts: FuturesUnordered<_> = std::iter::once(part).collect();
        let call = async move { Ok(parts.next().await) };
        let mut call = PendingCall::new(ProcessRuntime::current().unwrap(), MayRunOn::Any, call);
        let ended = (0..20).find_map(|_| call.wait_for(slice));
        assert!(matches!(ended, Some(Ok(Some(())))), "it slept through all slices");
    }
}
