//! The tokio runtime of the process, shared by all Node environments in it.
//!
//! napi's own runtime is not used: it starts a thread per core when the module is loaded, and it is shut down when the
//! last environment leaves, so that a worker which starts at that very moment finds none. This one starts with the first
//! call and lives as long as the process: an environment that ends takes its tasks with it (see `bridge`), not the threads.

use std::sync::OnceLock;

use smileid_jobs::{Error, Result};
use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::task::AbortHandle;

/// Enough for I/O, timers and reading answers; results are looked at on JavaScript's threads.
const WORKERS: usize = 2;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Runs a future on the runtime's threads. Aborting it drops the future there.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<AbortHandle> {
    runtime().map(|runtime| runtime.spawn(future).abort_handle()).ok_or_else(Error::internal)
}

/// Lets this thread drop what belongs to the runtime, until the guard goes. Starts none: then nothing belongs to it.
pub(crate) fn enter() -> Option<EnterGuard<'static>> {
    RUNTIME.get()?.as_ref().map(Runtime::enter)
}

fn runtime() -> Option<&'static Runtime> {
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(4)
            .thread_name("smileid-jobs")
            .enable_all()
            .build()
            .ok()
    });
    runtime.as_ref()
}
