//! A stream of what is new about one job.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;

use super::drive::{AttemptEnd, Engine, Session};
use super::poller::Pause;
use super::wake::Wake;
use crate::client::Client;
use crate::clock::BoxFuture;
use crate::error::{Error, Result};
use crate::response::JobStatus;

/// One answer about a watched job, handed out when it arrives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatusUpdate {
    /// The attempt that brought it, counted from 1.
    pub attempt: u32,
    /// The time since the watch began.
    pub elapsed: Duration,
    /// The status; complete in the last update, unless the watch runs out of time.
    pub status: JobStatus,
    /// Whether it differs from the update before, beyond its timestamp, signature and freshly signed links.
    pub changed: bool,
    /// How long until the next query; `None` in the last update.
    pub next_delay: Option<Duration>,
}

/// A watch between two updates.
pub(crate) struct WatchState {
    session: Session,
    wake: Wake,
    pause: Option<Pause>,
    previous: Option<JobStatus>,
    /// Why the watch is over, to be handed out after its last answer.
    ending: Option<Error>,
    is_over: bool,
}

impl Engine {
    pub(crate) fn watch(&self, session: Session) -> WatchState {
        let wake = self.wakes.listen(&session.query.ids.user_id, &session.query.ids.job_id);
        WatchState { session, wake, pause: None, previous: None, ending: None, is_over: false }
    }

    /// The next update. Transient failures are not updates; the next query is not sent before this is called.
    pub(crate) async fn next_update(&self, watch: &mut WatchState) -> Option<Result<StatusUpdate>> {
        if let Some(error) = watch.ending.take() {
            return Some(Err(error));
        }
        while !watch.is_over {
            if let Some(pause) = watch.pause.take()
                && let Err(error) = self.pause(&mut watch.session, pause, Some(watch.wake.notify())).await
            {
                watch.is_over = true;
                return Some(Err(error));
            }
            let before = watch.session.seen.last_status.take();
            match self.attempt(&mut watch.session).await {
                AttemptEnd::Finished(Ok(status)) => {
                    watch.is_over = true;
                    return Some(Ok(self.update(watch, status, None)));
                }
                AttemptEnd::Finished(Err(error)) => {
                    watch.is_over = true;
                    return Some(match error.last_status().cloned() {
                        // The last answer is an update too, even if there is no time for another query.
                        Some(status) => {
                            watch.ending = Some(error);
                            Ok(self.update(watch, status, None))
                        }
                        None => Err(error.with_last_status(before)),
                    });
                }
                AttemptEnd::Again(pause) => {
                    watch.pause = Some(pause);
                    match watch.session.seen.last_status.clone() {
                        Some(status) => return Some(Ok(self.update(watch, status, Some(pause)))),
                        None => watch.session.seen.last_status = before,
                    }
                }
            }
        }
        None
    }

    fn update(&self, watch: &mut WatchState, status: JobStatus, pause: Option<Pause>) -> StatusUpdate {
        let now = self.clock.now();
        let changed = watch.previous.as_ref().is_none_or(|previous| previous.differs_from(&status));
        watch.previous = Some(status.clone());
        StatusUpdate {
            attempt: watch.session.attempts,
            elapsed: watch.session.elapsed(now),
            status,
            changed,
            next_delay: pause.map(|pause| pause.until.saturating_sub(now)),
        }
    }
}

type Next = (Box<WatchState>, Option<Result<StatusUpdate>>);

/// A stream of updates: see [`Client::watch_job_status`]. Dropping it drops its request.
#[must_use = "nothing is asked before the stream is polled"]
pub struct Watch {
    client: Client,
    state: Stage,
}

enum Stage {
    Refused(Error),
    Idle(Box<WatchState>),
    Asking(BoxFuture<'static, Next>),
    Over,
}

impl Watch {
    pub(crate) fn new(client: Client, session: Result<Session>) -> Self {
        let state = match session {
            Ok(session) => Stage::Idle(Box::new(client.engine().watch(session))),
            Err(error) => Stage::Refused(error),
        };
        Self { client, state }
    }

    /// The next update; `None` after the last one.
    ///
    /// # Errors
    /// [`job_incomplete`](crate::ErrorCode::JobIncomplete) when the time is up, and permanent failures; either ends the
    /// stream.
    pub async fn next(&mut self) -> Option<Result<StatusUpdate>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Watch {
    type Item = Result<StatusUpdate>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::mem::replace(&mut self.state, Stage::Over) {
                Stage::Over => return Poll::Ready(None),
                Stage::Refused(error) => return Poll::Ready(Some(Err(error))),
                Stage::Idle(mut watch) => {
                    let client = self.client.clone();
                    self.state = Stage::Asking(Box::pin(async move {
                        let update = client.engine().next_update(&mut watch).await;
                        (watch, update)
                    }));
                }
                Stage::Asking(mut next) => match next.as_mut().poll(context) {
                    Poll::Pending => {
                        self.state = Stage::Asking(next);
                        return Poll::Pending;
                    }
                    Poll::Ready((watch, update)) => {
                        if update.is_some() {
                            self.state = Stage::Idle(watch);
                        }
                        return Poll::Ready(update);
                    }
                },
            }
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
