//! Watches and `poll_many`s as bindings hold them: by a handle that any thread may ask, one after another, and end.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

use crate::error::Result;
use crate::poll::many::{JobOutcome, ManyProgress, ManySession};
use crate::poll::watch::{StatusUpdate, Watch};

/// A [`Watch`] behind a handle. `Send + Sync`; dropping it ends the watch and drops its request.
#[derive(Debug)]
pub struct SharedWatch {
    watch: Arc<Mutex<Option<Watch>>>,
    ended: CancellationToken,
}

impl SharedWatch {
    /// Takes a watch over.
    #[must_use]
    pub fn new(watch: Watch) -> Self {
        Self { watch: Arc::new(Mutex::new(Some(watch))), ended: CancellationToken::new() }
    }

    /// The next update; `None` after the last one and after [`close`](Self::close). Dropping it before its end ends the
    /// watch: a request that nobody waits for any more must not live on.
    pub fn next(&self) -> impl Future<Output = Result<Option<StatusUpdate>>> + Send + use<> {
        let (watch, ended) = (Arc::clone(&self.watch), self.ended.clone());
        async move {
            let mut held = Held { watch: watch.lock_owned().await, goes_on: false };
            let Some(running) = held.watch.as_mut() else { return Ok(None) };
            let update = tokio::select! {
                biased;
                () = ended.cancelled() => None,
                update = running.next() => Some(update.transpose()),
            };
            if let Some(update) = update {
                held.goes_on = true;
                return update;
            }
            *held.watch = None;
            Ok(None)
        }
    }

    /// Ends the watch and drops its request; a second close does nothing.
    pub fn close(&self) {
        self.ended.cancel();
        // Whoever holds it sees the token and drops the watch.
        if let Ok(mut held) = self.watch.try_lock() {
            *held = None;
        }
    }
}

/// A watch while its next update is waited for.
struct Held {
    watch: OwnedMutexGuard<Option<Watch>>,
    goes_on: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.goes_on {
            *self.watch = None;
        }
    }
}

impl Drop for SharedWatch {
    fn drop(&mut self) {
        self.close();
    }
}

/// A [`ManySession`] behind a handle. `Send + Sync`; dropping it drops all of its requests.
#[derive(Debug)]
pub struct SharedMany {
    session: Arc<ManySession>,
    ended: CancellationToken,
}

impl SharedMany {
    /// Takes a session over.
    #[must_use]
    pub fn new(session: ManySession) -> Self {
        Self { session: Arc::new(session), ended: CancellationToken::new() }
    }

    /// Asks on a runtime of its own, whoever takes the outcomes.
    pub fn start_on(&self, runtime: &tokio::runtime::Handle) {
        let _inside = runtime.enter();
        self.session.start();
    }

    /// How many more jobs may be added now; none once it is closed, so that nobody reads on for it.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.is_closed() { 0 } else { self.session.room() }
    }

    /// Whether it was closed: its room alone does not tell that from being full.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Adds a job; one with bad ids has an outcome as well.
    pub fn add(&self, user_id: &str, job_id: &str) {
        self.session.add(user_id, job_id);
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> ManyProgress {
        self.session.progress()
    }

    /// An outcome that is there already.
    #[must_use]
    pub fn try_take(&self) -> Option<JobOutcome> {
        if self.is_closed() { None } else { self.session.try_take() }
    }

    /// Waits for an outcome; `None` when no job is admitted, and after [`close`](Self::close).
    pub fn take(&self) -> impl Future<Output = Result<Option<JobOutcome>>> + Send + use<> {
        let (session, ended) = (Arc::clone(&self.session), self.ended.clone());
        async move {
            tokio::select! {
                biased;
                () = ended.cancelled() => Ok(None),
                outcome = session.take() => Ok(outcome),
            }
        }
    }

    /// Ends all of it and drops its requests; a second close does nothing.
    pub fn close(&self) {
        self.ended.cancel();
        self.session.stop();
    }
}

impl Drop for SharedMany {
    fn drop(&mut self) {
        self.close();
    }
}
