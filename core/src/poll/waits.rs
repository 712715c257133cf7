//! Lone waits that bindings start: while they sleep they are entries of their client's [`Parked`], and no tasks.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::parked::{Added, DrivenTask, NewJob, Observer, Parked, Terms};
use super::poller::Policy;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::request::StatusOptions;
use crate::response::JobStatus;
use crate::slab::Slot;

/// Is told how waits end.
pub trait WaitObserver: Send + Sync + 'static {
    /// A wait has ended: the one that was started with this `call_id`. Called on the thread that drives the runtime, or
    /// on the one that ends it.
    fn ended(self: Arc<Self>, call_id: u64, result: Result<JobStatus>);
}

/// A wait that was started. Dropping it does nothing.
#[derive(Debug)]
pub struct StartedWait {
    parked: Arc<Parked>,
    slot: Slot,
}

impl StartedWait {
    /// Gives the wait up: its request is dropped, and its observer is not told. Does nothing after its end.
    pub fn abort(&self) {
        let (job, is_last) = {
            let mut jobs = self.parked.lock();
            let job = jobs.remove(self.slot);
            (job, jobs.is_empty())
        };
        if job.is_some() && is_last {
            // The driver has nothing more to do.
            self.parked.changed.notify_one();
        }
    }
}

/// What is known of a wait that is about to start.
pub(crate) struct NewWait<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) job_id: &'a str,
    pub(crate) options: StatusOptions,
    pub(crate) policy: Policy,
    pub(crate) observer: Arc<dyn WaitObserver>,
    pub(crate) call_id: u64,
}

impl NewWait<'_> {
    /// Starts it on a runtime, which must be the same for all waits of this client.
    pub(crate) fn start(self, client: &Client, runtime: &Handle) -> Result<StartedWait> {
        let Self { user_id, job_id, options, policy, observer, call_id } = self;
        let (engine, parked) = (client.engine(), client.waits());
        let closed = || Error::closed().with_call(user_id, job_id, 1, Duration::ZERO);
        if engine.closed.is_cancelled() {
            return Err(closed());
        }
        let (now, call) = (engine.clock.now(), engine.call_number());
        let mut jobs = parked.lock();
        let terms = jobs.terms_of_wait(Terms { policy, options, observer: Observer::Waits(observer) });
        let Added::New(slot) = jobs.add(NewJob { user_id, job_id, terms, call_id, call }, now) else {
            return Err(closed());
        };
        let is_driven = std::mem::replace(&mut jobs.is_driven, true);
        drop(jobs);
        if is_driven {
            parked.changed.notify_one();
        } else {
            drop(runtime.spawn(DrivenTask::new(client, parked).run()));
        }
        Ok(StartedWait { parked: Arc::clone(parked), slot })
    }
}
