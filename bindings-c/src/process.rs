//! What belongs to the process and not to a client.

use std::ffi::{CStr, c_char};
use std::time::Duration;

use crate::ffi::value;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

/// The version of the library that is running, such as "0.1.0". Compare it with SMILEID_VERSION, the header's.
///
/// Returns a static string. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Ends all running calls of the process with SMILEID_ERROR_CLIENT_CLOSED and its threads, for which it waits up to
/// grace_ms milliseconds. Never needed: a process may end with calls in flight.
///
/// Clients stay valid: the next call starts anew. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_shutdown(grace_ms: u64) {
    value((), || smileid_core::blocking::shutdown(Duration::from_millis(grace_ms)));
}
