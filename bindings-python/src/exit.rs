//! How threads that wait outside of the interpreter come back to it, or stay away once it ends.
//!
//! A daemon thread that asks for the interpreter while it is being finalised is unwound by Python before 3.14, through
//! Rust's frames, which aborts the process. So no waiting thread comes back once all handlers of `atexit` have run, and
//! the last thing that is done before the interpreter goes down is to wait for those that are on their way.
//!
//! Between the package's own handler and then, those of other packages may still join such a thread.

use std::cell::Cell;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use smileid_jobs::blocking;

/// How long connections may take to end, and how long threads may take to come back.
const GRACE: Duration = Duration::from_millis(500);

/// How long threads stay away while other handlers of `atexit` run. Most of those are through at once, and a daemon that
/// nobody waits for would only complain of what ends its call.
const PATIENCE: Duration = Duration::from_secs(1);

const ENDING: u64 = 1 << 31;
const SEALED: u64 = 1 << 30;
const COUNT: u64 = SEALED - 1;
const PID_SHIFT: u32 = 32;

/// The process id (high half), whether the interpreter ends and is about to go down, and how many threads are on their way
/// back. The id stands there because a forked child inherits the count but not the threads.
static STATE: AtomicU64 = AtomicU64::new(0);

/// When the `atexit` hook ran. A forked child that inherits it is only less patient.
static ENDS_SINCE: OnceLock<Instant> = OnceLock::new();

thread_local! {
    /// Whether this thread has run the `atexit` hook: then it is the one that ends the interpreter.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// The state of this process before `change`.
fn update(change: impl Fn(u64) -> u64) -> u64 {
    let own = u64::from(process::id()) << PID_SHIFT;
    let mut before = STATE.load(Ordering::SeqCst);
    loop {
        let ours = if before & !(ENDING | SEALED | COUNT) == own { before } else { own };
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

/// Keeps a thread with an event loop away as [`Return::announce`] does, unless it is the one that ends the interpreter.
/// The guard, if there is one, is to be held until the native call returns.
pub(crate) fn stay_away(py: Python<'_>) -> Option<Return> {
    (is_ending() && !ENDS.get()).then(|| py.detach(Return::announce))
}

fn park() -> ! {
    loop {
        thread::park();
    }
}

/// Held by a thread from before it comes back to the interpreter until its native call returns.
pub(crate) struct Return {
    pid: u64,
}

impl Return {
    /// Announces a thread that has waited. Once the interpreter ends that takes until [`PATIENCE`] is over, and from [`seal`] on
    /// the thread does not come back.
    pub(crate) fn announce() -> Self {
        let mut bars = ENDING;
        loop {
            let before = update(|state| if state & bars == 0 { state + 1 } else { state });
            if before & bars == 0 {
                return Self { pid: before >> PID_SHIFT };
            }
            if before & SEALED != 0 {
                park();
            }
            thread::sleep(ENDS_SINCE.get().map_or(PATIENCE, |since| PATIENCE.saturating_sub(since.elapsed())));
            bars = SEALED;
        }
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
    ENDS_SINCE.get_or_init(Instant::now);
    update(|state| state | ENDING);
    py.detach(|| blocking::shutdown(GRACE));
}

/// Lets no thread come back any more, and waits for those that are on their way. For when all handlers of `atexit` have run;
/// does nothing where the hook has not.
#[pyfunction]
pub(crate) fn seal(py: Python<'_>) {
    if !is_ending() {
        return;
    }
    update(|state| state | SEALED);
    py.detach(|| {
        let patience = Instant::now() + GRACE;
        while update(|state| state) & COUNT != 0 && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    });
}
