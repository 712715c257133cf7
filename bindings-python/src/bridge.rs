//! Completions on their way to an event loop: a queue, and one wake-up per batch.
//!
//! The library's thread puts completions into the queue and writes one byte into a pipe for all that completed in one turn;
//! it never enters the interpreter. The loop's thread reads the byte and takes all there is.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use smileid_jobs::Result;
use smileid_jobs::background::wake_after_turn;
use tokio::task::AbortHandle;

use crate::answer::{Answer, to_outcome};
use crate::arguments::Any;
use crate::exit::outside;

/// What the library's thread knows of a bridge. Both ends of the pipe are here, so that nobody writes to a closed one.
pub(crate) struct Queue {
    completions: Mutex<Vec<(u64, Result<Answer>)>>,
    /// Whether a byte is in the pipe, or about to be.
    woken: AtomicBool,
    stopped: AtomicBool,
    next_token: AtomicU64,
    reader: PipeReader,
    writer: PipeWriter,
}

impl Queue {
    pub(crate) fn next_token(&self) -> u64 {
        self.next_token.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn complete(self: Arc<Self>, token: u64, result: Result<Answer>) {
        self.completions.lock().unwrap_or_else(PoisonError::into_inner).push((token, result));
        if !self.woken.load(Ordering::Acquire) {
            wake_after_turn(&Waker::from(self));
        }
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

    fn take(&self) -> Vec<(u64, Result<Answer>)> {
        // Before the queue is emptied: a completion that comes in between wakes the loop once more.
        self.woken.store(false, Ordering::Release);
        std::mem::take(&mut *self.completions.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for Queue {
    fn wake(self: Arc<Self>) {
        self.wake_loop();
    }
}

/// One event loop's queue, in the process that made it.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Bridge {
    queue: Arc<Queue>,
    pid: u32,
}

impl Bridge {
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    fn is_own(&self) -> bool {
        self.pid == process::id()
    }
}

#[pymethods]
impl Bridge {
    #[new]
    fn new() -> PyResult<Self> {
        let (reader, writer) = pipe().map_err(|error| PyOSError::new_err(error.kind().to_string()))?;
        Ok(Self {
            queue: Arc::new(Queue {
                completions: Mutex::default(),
                woken: AtomicBool::new(false),
                stopped: AtomicBool::new(false),
                next_token: AtomicU64::new(0),
                reader,
                writer,
            }),
            pid: process::id(),
        })
    }

    /// Whether it was made in this process. A forked child shares the pipe and must leave it alone.
    #[getter]
    fn is_usable(&self) -> bool {
        self.is_own()
    }

    /// The descriptor that becomes readable when there is something to drain; `None` where loops cannot watch one.
    fn fileno(&self) -> Option<i32> {
        #[cfg(unix)]
        return Some(std::os::fd::AsRawFd::as_raw_fd(&self.queue.reader));
        #[cfg(not(unix))]
        return None;
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

    /// Ends `wait`, for good.
    fn stop(&self) {
        if self.is_own() {
            self.queue.stopped.store(true, Ordering::Release);
            self.queue.wake_loop();
        }
    }

    /// Takes everything that has completed. `waited` says that `wait` has taken the wake-up already.
    fn drain<'py>(&self, py: Python<'py>, waited: bool) -> PyResult<Vec<(u64, Any<'py>)>> {
        if !self.is_own() {
            return Ok(Vec::new());
        }
        // Without a byte on its way this would block the loop: a nested loop may have taken it.
        if !waited && self.queue.woken.load(Ordering::Acquire) {
            self.queue.take_byte();
        }
        self.queue.take().into_iter().map(|(token, result)| Ok((token, to_outcome(py, result)?))).collect()
    }
}

/// A call that runs on the library's thread.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Call {
    pub(crate) token: u64,
    pub(crate) handle: AbortHandle,
    pub(crate) pid: u32,
}

#[pymethods]
impl Call {
    /// The name under which its completion comes out of the bridge.
    #[getter]
    fn token(&self) -> u64 {
        self.token
    }

    /// Drops the call's request. Nothing in a forked child, where it is the parent's.
    fn abort(&self) {
        if self.pid == process::id() {
            self.handle.abort();
        }
    }
}
