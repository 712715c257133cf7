//! Queries on the environment's own thread: its loop watches one descriptor for all of them, so that no other thread has to
//! be woken for a query, nor this one for its answer.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use napi::Env;
use napi::bindgen_prelude::{FunctionRef, Unknown};
use smileid_jobs::GetJobStatus;
use smileid_jobs::background::Running;
use smileid_jobs::driver::event_loop::EventLoop;
use smileid_jobs::panic::guard_then;
use smileid_jobs::slab::Slot;

use crate::batch::Batch;
use crate::bridge::{Calls, Finished, Queue};
use crate::fd_watch::{Watched, Watcher};
use crate::runtime;

/// What queries run on; `None` while the system has no room for it.
pub(crate) fn event_loop() -> Option<Arc<EventLoop>> {
    EventLoop::new(runtime::handle().ok()?.clone()).ok()
}

/// What tells JavaScript what is finished.
pub(crate) type Settle = FunctionRef<Batch, Unknown<'static>>;

/// An environment's queries.
pub(crate) struct Hosted {
    event_loop: Arc<EventLoop>,
    queue: Arc<Queue>,
    _watched: Watched,
}

/// What is done when the descriptor can be read from.
struct Turns {
    event_loop: Arc<EventLoop>,
    queue: Arc<Queue>,
    calls: Rc<RefCell<Calls>>,
    settle: Settle,
}

impl Watcher for Turns {
    fn turn(&self) -> bool {
        self.event_loop.turn();
        self.queue.has_finished()
    }

    fn deliver(&self, env: &Env) -> napi::Result<()> {
        let batch = self.queue.take(Rc::clone(&self.calls));
        self.settle.borrow_back(env)?.call(batch).map(drop)
    }
}

impl Hosted {
    /// `None` where it cannot be done, as without libuv: then queries run on the library's thread.
    pub(crate) fn new(
        env: &Env,
        event_loop: Arc<EventLoop>,
        queue: Arc<Queue>,
        calls: Rc<RefCell<Calls>>,
        settle: Settle,
    ) -> Option<Self> {
        let turns = Turns { event_loop: Arc::clone(&event_loop), queue: Arc::clone(&queue), calls, settle };
        let watched = Watched::new(env, event_loop.fd(), Rc::new(turns)).ok()?;
        Some(Self { event_loop, queue, _watched: watched })
    }

    /// Starts a query.
    pub(crate) fn start(&self, query: GetJobStatus, call: Slot) -> Running {
        let queue = Arc::clone(&self.queue);
        let task = self.event_loop.start(guard_then(query.into_future(), move |result| {
            queue.push(Finished { call, result: result.map(Into::into) });
        }));
        Running::Hosted(Arc::clone(&self.event_loop), task)
    }
}
