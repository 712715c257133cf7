//! The library's thread of this process, shared by all Node environments in it.
//!
//! napi's own runtime is not used: it starts a thread per core when the module is loaded, and it is shut down when the
//! last environment leaves, so that a worker which starts at that very moment finds none. This one starts with the first
//! call and lives as long as the process: an environment that ends takes its tasks with it (see `bridge`), not the thread.

use std::sync::OnceLock;

use smileid_jobs::background::Background;
use smileid_jobs::{Error, Result};
use tokio::runtime::{EnterGuard, Handle};

static BACKGROUND: OnceLock<Option<Background>> = OnceLock::new();

/// The library's thread, started with the first call.
pub(crate) fn handle() -> Result<&'static Handle> {
    let background = BACKGROUND.get_or_init(|| Background::start().ok());
    background.as_ref().map(Background::handle).ok_or_else(Error::internal)
}

/// Lets this thread drop what belongs to the runtime, until the guard goes. Starts none: then nothing belongs to it.
pub(crate) fn enter() -> Option<EnterGuard<'static>> {
    BACKGROUND.get()?.as_ref().map(|own| own.handle().enter())
}
