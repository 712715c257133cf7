//! How often fork() has led here, so that a callback's queries need not ask the kernel which process they are in.
//!
//! What goes past fork()'s handlers, `_Fork()` and a bare system call, is not counted: in such a child nothing may be called
//! that is not async-signal-safe, and no function here is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

static FORKS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// The number of forks between the process that first asked and this one; `None` where the system does not tell.
pub(crate) fn so_far() -> Option<u32> {
    static IS_TOLD: OnceLock<bool> = OnceLock::new();
    // SAFETY: the handler is a function of this library, and touches nothing but a number. It goes with the library.
    let is_told = *IS_TOLD.get_or_init(|| unsafe { libc::pthread_atfork(None, None, Some(count)) == 0 });
    is_told.then(|| FORKS.load(Ordering::Relaxed))
}
