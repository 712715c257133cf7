//! How threads that wait outside of the interpreter come back to it, or stay away once it ends.
//!
//! A daemon thread that asks for the interpreter while it is being finalised is unwound by Python before 3.14, through
//! Rust's frames, which aborts the process. So from the `atexit` hook on no waiting thread comes back, and the hook
//! waits for those that are on their way.

use std::cell::Cell;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use smileid_jobs::blocking;

/// How long connections may take to end, and how long threads may take to come back.
const GRACE: Duration = Duration::from_millis(500);

const ENDING: u64 = 1 << 31;
const COUNT: u64 = ENDING - 1;
const PID_SHIFT: u32 = 32;

/// The process id (high half), whether the interpreter ends, and how many threads are on their way back. The id stands
/// there because a forked child inherits the count but not the threads.
static STATE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether this thread has run the `atexit` hook: then it is the one that ends the interpreter.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// The state of this process before `change`.
fn update(change: impl Fn(u64) -> u64) -> u64 {
    let own = u64::from(process::id()) << PID_SHIFT;
    let mut before = STATE.load(Ordering::SeqCst);
    loop {
        let ours = if before & !(ENDING | COUNT) == own { before } else { own };
        match STATE.compare_exchange_weak(before, change(ours), Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => return ours,
            Err(now) => before = now,
        }
    }
}

/// Whether the `atexit` hook has run: nothing may be started any more.
pub(crate) fn is_ending() -> bool {
    let state = STATE.load(Ordering::SeqCst);
    // What a child inherits counts only if it is the child's own: see `STATE`.
    state & ENDING != 0 && state >> PID_SHIFT == u64::from(process::id())
}

/// Does not come back where the interpreter ends and this is another thread, a daemon with an event loop: of whatever it was
/// told now it would only complain.
pub(crate) fn stay_away(py: Python<'_>) {
    if is_ending() && !ENDS.get() {
        py.detach(park);
    }
}

fn park() {
    loop {
        thread::park();
    }
}

/// Held by a thread from before it comes back to the interpreter until its native call returns.
pub(crate) struct Return {
    pid: u64,
}

impl Return {
    /// Announces a thread that has waited. Does not come back once the interpreter ends.
    pub(crate) fn announce() -> Self {
        let before = update(|state| if state & ENDING != 0 { state } else { state + 1 });
        if before & ENDING != 0 {
            park();
        }
        Self { pid: before >> PID_SHIFT }
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        // A signal handler may have forked in between: then the child has no one on the way, whether it has found that out yet
        // or not. So nobody has to ask whose process this is, which is a system call.
        let is_counted = |state: u64| state >> PID_SHIFT == self.pid && state & COUNT != 0;
        let _ = STATE.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| is_counted(state).then(|| state - 1));
    }
}

/// Runs something that may take long without the interpreter. The guard is to be held until the native call returns.
pub(crate) fn outside<T: Send>(py: Python<'_>, body: impl FnOnce() -> T + Send) -> (T, Return) {
    py.detach(|| {
        let value = body();
        (value, Return::announce())
    })
}

/// Ends all work of this process. For the package's `atexit` hook: no call works afterwards.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>) {
    ENDS.set(true);
    update(|state| state | ENDING);
    py.detach(|| {
        blocking::shutdown(GRACE);
        let patience = Instant::now() + GRACE;
        while update(|state| state) & COUNT != 0 && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    });
}
