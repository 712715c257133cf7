//! What the library logs, on its way to a function of the program's.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use smileid_core::events::{Event, listen};

use crate::ffi::value;
use crate::text::c_string;

/// Nothing.
pub const SMILEID_LOG_OFF: i32 = 0;
/// Errors.
pub const SMILEID_LOG_ERROR: i32 = 1;
/// Warnings too.
pub const SMILEID_LOG_WARNING: i32 = 2;
/// Nothing more so far.
pub const SMILEID_LOG_INFO: i32 = 3;
/// What calls do too: attempts, retries, delays, deliveries.
pub const SMILEID_LOG_DEBUG: i32 = 4;
/// Everything.
pub const SMILEID_LOG_TRACE: i32 = 5;

/// Takes one line of the library's log. level: the line's, SMILEID_LOG_ERROR to SMILEID_LOG_TRACE. message: borrowed for
/// the call, such as "answered attempt=1"; no key, id, link, signature or data. user_data: what was registered.
///
/// Called on any thread, the library's own too, and on several at the same time. It must not call this library, throw,
/// longjmp or block for long.
pub type LogCallback = Option<extern "C" fn(level: i32, message: *const c_char, user_data: *mut c_void)>;

struct Listener {
    callback: extern "C" fn(i32, *const c_char, *mut c_void),
    user_data: *mut c_void,
}

// SAFETY: the library never looks behind `user_data`, and the header says on which threads the callback gets it.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

/// Swapped without a lock: one that another thread holds during a fork would never be free in the child.
static LISTENER: ArcSwapOption<Listener> = ArcSwapOption::const_empty();

/// Hands the library's log to a function, for the whole process. Quiet until then, and while off next to free.
///
/// level: SMILEID_LOG_OFF to SMILEID_LOG_TRACE; beyond them counts as the nearest. callback: called until another one is
/// set; NULL is none. user_data: passed on; it must outlive the last call: a thread may still be inside the callback when
/// this returns. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_set_log_callback(level: i32, callback: LogCallback, user_data: *mut c_void) {
    value((), || {
        let level = callback.map_or(SMILEID_LOG_OFF, |_| level.clamp(SMILEID_LOG_OFF, SMILEID_LOG_TRACE));
        LISTENER.store(callback.map(|callback| Arc::new(Listener { callback, user_data })));
        listen(u8::try_from(level).unwrap_or(0), hear);
    });
}

fn hear(event: Event) {
    // A panic of ours must not end the call that logs.
    value((), || {
        if let Some(listener) = LISTENER.load_full() {
            let line = c_string(&event.to_string());
            (listener.callback)(i32::from(event.level), line.as_ptr(), listener.user_data);
        }
    });
}
