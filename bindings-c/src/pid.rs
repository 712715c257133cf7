//! Which process this is, asked for once per fork(): to ask is a system call, and each query needs to know.
//!
//! What goes past fork()'s handlers, `_Fork()` and a bare system call, is not counted: in such a child nothing may be called
//! that is not async-signal-safe, and no function here is.

#[cfg(not(unix))]
pub(crate) use std::process::id as pid;

#[cfg(unix)]
pub(crate) use self::unix::pid;

#[cfg(unix)]
mod unix {
    use std::process;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    /// How many forks lie between the process that first asked and this one.
    static FORKS: AtomicU32 = AtomicU32::new(0);

    /// The number of forks that the lower half was asked after, and the process' id.
    static KNOWN: AtomicU64 = AtomicU64::new(u64::MAX);

    unsafe extern "C" fn count() {
        FORKS.fetch_add(1, Ordering::Relaxed);
    }

    /// The id of this process.
    pub(crate) fn pid() -> u32 {
        static ARE_COUNTED: OnceLock<bool> = OnceLock::new();
        // SAFETY: the handler is a function of this library, and touches nothing but a number. It goes with the library.
        let are_counted = *ARE_COUNTED.get_or_init(|| unsafe { libc::pthread_atfork(None, None, Some(count)) == 0 });
        let forks = u64::from(FORKS.load(Ordering::Relaxed));
        let known = KNOWN.load(Ordering::Relaxed);
        if are_counted && known >> 32 == forks {
            return (known & u64::from(u32::MAX)) as u32;
        }
        let pid = process::id();
        KNOWN.store(forks << 32 | u64::from(pid), Ordering::Relaxed);
        pid
    }
}
