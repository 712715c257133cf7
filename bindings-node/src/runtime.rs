//! The tokio runtime of the process, shared by all Node environments in it.
//!
//! napi's own runtime is not used: it starts a thread per core when the module is loaded, and it is shut down when the
//! last environment leaves, so that a worker which starts at that very moment finds none. This one starts with the first
//! call and lives as long as the process: an environment that ends takes its tasks with it (see `bridge`), not the threads.

use std::sync::OnceLock;

use smileid_jobs::{Error, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

/// One thread: each query would be handed from worker to worker otherwise. Results are looked at on JavaScript's threads.
const WORKERS: usize = 1;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Runs a future on the runtime's threads. Aborting it drops the future there.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) -> Result<AbortHandle> {
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(4)
            .thread_name("smileid-jobs")
            .enable_all()
            .build()
            .ok()
    });
    runtime.as_ref().map(|runtime| runtime.spawn(future).abort_handle()).ok_or_else(Error::internal)
}
