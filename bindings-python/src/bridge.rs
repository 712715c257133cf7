//! Completions on their way to an event loop: a queue, and one wake-up per batch.
//!
//! The library's thread puts completions into the queue and writes one byte into a pipe for all that completed in one turn;
//! it never enters the interpreter. The loop's thread reads the byte and takes what there is, a good many at most. Queries do
//! without that thread where loops can watch a descriptor: they are driven in [`Bridge::drain`], by the loop's own.

use std::collections::VecDeque;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
#[cfg(unix)]
use std::mem::ManuallyDrop;
use std::process;
#[cfg(unix)]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use smileid_jobs::background::{Running, wake_after_turn};
use smileid_jobs::blocking::PendingCall;
#[cfg(unix)]
use smileid_jobs::driver::event_loop::EventLoop;
use smileid_jobs::slab::{Slab, Slot};
use smileid_jobs::{Error, JobStatus, Result, WaitObserver};

use crate::answer::{Answer, to_outcome};
use crate::arguments::Any;
#[cfg(unix)]
use crate::exit::is_ending;
use crate::exit::{outside, stay_away};
use crate::failure::{Failure, entry};

/// How many ends a loop is told of in one turn: each may cost its program some ten microseconds, and others on the loop have
/// their turns in between.
const MOST_A_TURN: usize = 500;

type Completions = VecDeque<(u64, Result<Answer>)>;

/// What the library's thread knows of a bridge. Both ends of the pipe are here, so that nobody writes to a closed one.
pub(crate) struct Queue {
    completions: Mutex<Completions>,
    /// Whether a byte is in the pipe, or about to be.
    woken: AtomicBool,
    stopped: AtomicBool,
    reader: PipeReader,
    writer: PipeWriter,
}

impl Queue {
    /// For whoever is about to take what there is.
    pub(crate) fn add(&self, call_id: u64, result: Result<Answer>) {
        self.lock().push_back((call_id, result));
    }

    pub(crate) fn complete(self: Arc<Self>, call_id: u64, result: Result<Answer>) {
        self.add(call_id, result);
        if !self.woken.load(Ordering::Acquire) {
            wake_after_turn(&Waker::from(self));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Completions> {
        self.completions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_loop(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            // At most one byte is ever in the pipe, so this never blocks.
            let _ = (&self.writer).write_all(&[1]);
        }
    }

    fn take_byte(&self) {
        let _ = (&self.reader).read_exact(&mut [0]);
    }

    /// Takes what may be told in one turn, and the byte of the wake-up if there is one on its way; `waited` says that `wait`
    /// has taken that. For what stays there is another wake-up.
    fn take(&self, waited: bool) -> Completions {
        // In one step, and before the queue is emptied: a completion that comes after it writes a byte of its own, which
        // would stay in the pipe for ever if this said once more that there is none. Without a byte on its way it would
        // block the loop to take one: a nested loop may have done so.
        if self.woken.swap(false, Ordering::AcqRel) && !waited {
            self.take_byte();
        }
        let mut all = self.lock();
        if all.len() <= MOST_A_TURN {
            return std::mem::take(&mut *all);
        }
        let first = all.drain(..MOST_A_TURN).collect();
        drop(all);
        self.wake_loop();
        first
    }
}

impl WaitObserver for Queue {
    fn ended(self: Arc<Self>, call_id: u64, result: Result<JobStatus>) {
        self.complete(call_id, result.map(Answer::Status));
    }
}

impl Wake for Queue {
    fn wake(self: Arc<Self>) {
        self.wake_loop();
    }
}

/// One event loop's queue and the calls that the loop waits for, in the process that made it.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Bridge {
    queue: Arc<Queue>,
    /// No object of Python's is dropped while they are locked, because that may come back here.
    calls: Mutex<Slab<Expected>>,
    /// What drives queries on the loop's thread, once the loop watches its descriptor.
    #[cfg(unix)]
    hosted: ManuallyDrop<OnceLock<Arc<EventLoop>>>,
    pid: u32,
}

/// A call that runs on the library's thread.
struct Expected {
    running: Running,
    /// The loop's future for its end.
    future: Py<PyAny>,
}

impl Bridge {
    /// Starts a call for a future of the loop's: it is told its id and the queue for its end.
    pub(crate) fn begin(
        &self,
        future: &Bound<'_, PyAny>,
        start: impl FnOnce(u64, Arc<Queue>) -> Result<Running>,
    ) -> Result<u64> {
        if !self.is_own() {
            return Err(Error::of_another_process());
        }
        // Locked, so that nobody else takes the place. No Python runs in here, and nobody asks for the interpreter.
        let mut calls = self.lock();
        let call_id = calls.next_slot().number();
        let running = start(call_id, Arc::clone(&self.queue))?;
        calls.add(Expected { running, future: future.clone().unbind() });
        drop(calls);
        // A query may have ended at once, or let another one end.
        if !self.queue.lock().is_empty() {
            self.queue.wake_loop();
        }
        Ok(call_id)
    }

    /// Starts a call; a query is driven here, if the loop does that.
    pub(crate) fn start<T: Into<Answer> + Send + 'static>(
        &self,
        future: &Bound<'_, PyAny>,
        call: PendingCall<T>,
    ) -> Result<u64> {
        self.begin(future, |call_id, queue| {
            #[cfg(unix)]
            if let Some(event_loop) = self.hosted.get().filter(|_| call.runs_on_event_loop()) {
                return call.start_in(event_loop, move |result| queue.add(call_id, result.map(Into::into)));
            }
            call.spawn(move |result| queue.complete(call_id, result.map(Into::into))).map(Running::Task)
        })
    }

    fn is_own(&self) -> bool {
        self.pid == process::id()
    }

    /// Only for its own process: in a child somebody may hold it for ever.
    fn lock(&self) -> MutexGuard<'_, Slab<Expected>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, call_id: u64) -> Option<Expected> {
        self.lock().remove(Slot::of_number(call_id))
    }

    fn end_all(&self) {
        if self.is_own() {
            let all: Vec<Expected> = self.lock().drain().collect();
            all.iter().for_each(|call| call.running.abort());
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.end_all();
        // In a forked child it is the parent's: closing its sockets there would take them out of the parent's event queue.
        #[cfg(unix)]
        if self.is_own() {
            self.hosted.take();
        }
    }
}

#[pymethods]
impl Bridge {
    /// A bridge, or why not.
    #[staticmethod]
    fn make(py: Python<'_>) -> PyResult<Any<'_>> {
        entry(py, || {
            let (reader, writer) = pipe().map_err(|error| Error::no_thread(&error))?;
            Ok(Self {
                queue: Arc::new(Queue {
                    completions: Mutex::default(),
                    woken: AtomicBool::new(false),
                    stopped: AtomicBool::new(false),
                    reader,
                    writer,
                }),
                calls: Mutex::default(),
                #[cfg(unix)]
                hosted: ManuallyDrop::default(),
                pid: process::id(),
            })
        })
    }

    /// Ends the wait for a call: drops its request, if it has not come to its end. Nothing in a forked child, where it is the
    /// parent's.
    fn end(&self, call_id: u64) {
        if self.is_own()
            && let Some(call) = self.take(call_id)
        {
            call.running.abort();
        }
    }

    /// The descriptor that becomes readable when there is something to drain; `None` where loops cannot watch one.
    fn fileno(&self) -> Option<i32> {
        #[cfg(unix)]
        return Some(std::os::fd::AsRawFd::as_raw_fd(&self.queue.reader));
        #[cfg(not(unix))]
        return None;
    }

    /// Drives queries on the loop's thread from now on: the descriptor that it must watch for that too; `None` where it cannot
    /// be done, as in a process that is about to end.
    fn host(&self) -> Option<i32> {
        #[cfg(unix)]
        if self.is_own()
            && !is_ending()
            && let Ok(event_loop) = smileid_jobs::blocking::event_loop()
        {
            return Some(self.hosted.get_or_init(|| event_loop).fd());
        }
        None
    }

    /// Waits until there is something to drain; false when it was stopped. For a thread that stands in where loops
    /// cannot watch a descriptor.
    fn wait(&self, py: Python<'_>) -> bool {
        if !self.is_own() {
            return false;
        }
        let queue = Arc::clone(&self.queue);
        let (running, _return) = outside(py, move || {
            queue.take_byte();
            !queue.stopped.load(Ordering::Acquire)
        });
        running
    }

    /// Ends `wait`, for good, and all calls.
    fn stop(&self) {
        if self.is_own() {
            self.end_all();
            self.queue.stopped.store(true, Ordering::Release);
            self.queue.wake_loop();
        }
    }

    /// Drives queries, and takes what has completed, up to [`MOST_A_TURN`]: futures and what they end with. `waited` says that
    /// `wait` has taken the wake-up already.
    fn drain<'py>(&self, py: Python<'py>, waited: bool) -> PyResult<Vec<(Py<PyAny>, Any<'py>)>> {
        if !self.is_own() {
            return Ok(Vec::new());
        }
        let _return = stay_away(py);
        #[cfg(unix)]
        self.hosted.get().into_iter().for_each(EventLoop::turn);
        let mut ended = Vec::new();
        for (call_id, result) in self.queue.take(waited) {
            // Nobody waits any more for one that was given up meanwhile.
            if let Some(Expected { future, .. }) = self.take(call_id) {
                // One that cannot be told as it is does not keep the others waiting.
                let outcome = to_outcome(py, result)
                    .or_else(|_| Ok::<_, PyErr>(Bound::new(py, Failure(Error::internal()))?.into_any()))?;
                ended.push((future, outcome));
            }
        }
        Ok(ended)
    }

    // The futures are seen by Python's collector: a loop that is left behind is part of a cycle through them.

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        // Whoever holds it is using it.
        let Ok(calls) = self.calls.try_lock() else { return Ok(()) };
        calls.values().try_for_each(|call| visit.call(&call.future))
    }

    fn __clear__(&self) {
        self.end_all();
    }
}
