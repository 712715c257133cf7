//! What the library logs, on its way to Python's `logging`.
//!
//! Events come up on any thread, the runtime's own ones included, which never enter the interpreter: they wait here until
//! a thread of Python's takes them.

use std::collections::VecDeque;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};

use pyo3::prelude::*;
use smileid_jobs::events::{Event, listen};

/// How many events may wait; more are dropped, the oldest first.
const MOST: usize = 1000;
/// How often a thread asks for the queue. Never for ever: a fork may have copied it while it was held.
const TRIES: u32 = 1000;

struct Waiting {
    pid: u32,
    events: VecDeque<(u8, String)>,
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { pid: 0, events: VecDeque::new() });
/// Whether a look into the queue may find something: every call looks, and few find anything.
static ANY: AtomicBool = AtomicBool::new(false);

fn with_waiting<T>(body: impl FnOnce(&mut VecDeque<(u8, String)>) -> T) -> Option<T> {
    for _ in 0..TRIES {
        let mut waiting = match WAITING.try_lock() {
            Ok(waiting) => waiting,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                std::thread::yield_now();
                continue;
            }
        };
        if waiting.pid != process::id() {
            // What a forked child inherited is the parent's to log.
            waiting.events.clear();
            waiting.pid = process::id();
        }
        return Some(body(&mut waiting.events));
    }
    None
}

fn keep(event: Event) {
    with_waiting(|events| {
        if events.len() >= MOST {
            events.pop_front();
        }
        events.push_back((event.level, event.to_string()));
        ANY.store(true, Ordering::Release);
    });
}

/// Starts or stops keeping events up to a level: 0 none, 1 errors, 2 warnings, 3 information, 4 all that Python has a
/// level for.
#[pyfunction]
pub(crate) fn listen_to_events(level: u8) {
    listen(level, keep);
}

/// Takes all that wait: levels as above, and one line each without ids, keys, links or data.
#[pyfunction]
pub(crate) fn take_events() -> Vec<(u8, String)> {
    if !ANY.swap(false, Ordering::AcqRel) {
        return Vec::new();
    }
    with_waiting(|events| events.drain(..).collect()).unwrap_or_default()
}
