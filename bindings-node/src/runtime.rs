//! The library's thread of this process, shared by all Node environments in it.
//!
//! napi's own runtime is not used: it starts a thread per core when the module is loaded, and it is shut down when the
//! last environment leaves, so that a worker which starts at that very moment finds none. This one starts with the first
//! call and lives as long as the process: an environment that ends takes its tasks with it (see `bridge`), not the thread.

use std::sync::{Mutex, OnceLock, PoisonError};

use smileid_jobs::background::Background;
use smileid_jobs::{Error, Result};
use tokio::runtime::{EnterGuard, Handle};

static BACKGROUND: OnceLock<Background> = OnceLock::new();

/// Held by whoever starts it.
static STARTING: Mutex<()> = Mutex::new(());

/// The library's thread, started with the first call.
pub(crate) fn handle() -> Result<&'static Handle> {
    if let Some(own) = BACKGROUND.get() {
        return Ok(own.handle());
    }
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let own = match BACKGROUND.get() {
        Some(own) => own,
        None => {
            // A failure is not kept: what the system has no room for now, it may have later.
            let started = Background::start().map_err(|error| Error::no_thread(&error))?;
            BACKGROUND.get_or_init(|| started)
        }
    };
    Ok(own.handle())
}

/// Lets this thread drop what belongs to the runtime, until the guard goes. Starts none: then nothing belongs to it.
pub(crate) fn enter() -> Option<EnterGuard<'static>> {
    BACKGROUND.get().map(|own| own.handle().enter())
}
