//! An error and its attributes.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use smileid_core::config::DURATIONS;
use smileid_core::{Error as CoreError, IncompleteReason, Phase};

use crate::code::{SMILEID_OK, SMILEID_UNSET, smileid_error_code_name};
use crate::ffi::{bytes, free, value};
use crate::status::Status;
use crate::text::Text;

/// Why a call failed.
///
/// Immutable, and safe to use from any number of threads at the same time. What its getters return is borrowed from
/// it and valid until it is freed; NULL or SMILEID_UNSET is "absent", and what they return for NULL.
pub struct Error {
    error: CoreError,
    texts: Texts,
    last_status: OnceLock<Option<Box<Status>>>,
    last_error: OnceLock<Option<Box<Error>>>,
}

#[derive(Default)]
struct Texts {
    message: Text,
    argument: Text,
    phase: Text,
    reason: Text,
    api_code: Text,
    user_id: Text,
    job_id: Text,
    cause: Text,
}

impl Error {
    pub(crate) fn new(error: CoreError) -> Self {
        Self { error, texts: Texts::default(), last_status: OnceLock::new(), last_error: OnceLock::new() }
    }
}

/// An argument's name in the header's spelling.
fn spelling(argument: &'static str) -> String {
    let unit = if DURATIONS.iter().any(|duration| duration.name == argument) { "_ms" } else { "" };
    format!("{argument}{unit}")
}

fn text(
    error: Option<&Error>,
    cached: impl FnOnce(&Texts) -> &Text,
    read: impl FnOnce(&CoreError) -> Option<&str>,
) -> *const c_char {
    value(ptr::null(), || error.map_or(ptr::null(), |error| cached(&error.texts).get(|| read(&error.error))))
}

fn made_text(
    error: Option<&Error>,
    cached: impl FnOnce(&Texts) -> &Text,
    make: impl FnOnce(&CoreError) -> Option<String>,
) -> *const c_char {
    value(ptr::null(), || error.map_or(ptr::null(), |error| cached(&error.texts).get(|| make(&error.error))))
}

fn millis(error: Option<&Error>, read: impl FnOnce(&CoreError) -> Option<Duration>) -> i64 {
    crate::ffi::millis(value(None, || error.and_then(|error| read(&error.error))))
}

/// The error's number, one of SMILEID_ERROR_*; SMILEID_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_code(error: Option<&Error>) -> i32 {
    value(SMILEID_OK, || error.map_or(SMILEID_OK, |error| error.error.code() as i32))
}

/// The number's stable text, such as "timeout": smileid_error_code_name of smileid_error_code. A static string.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_name(error: Option<&Error>) -> *const c_char {
    smileid_error_code_name(smileid_error_code(error))
}

/// One line that says what happened and what to do, without ids, keys or data.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_message(error: Option<&Error>) -> *const c_char {
    made_text(error, |texts| &texts.message, |core| Some(core.message_naming(spelling)))
}

/// The argument that was refused, without a unit: "initial_delay" for initial_delay_ms. With
/// SMILEID_ERROR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_argument(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.argument, |core| core.argument())
}

/// Where time ran out: "queue", "connect", "response", "body", "server" or "overall". With SMILEID_ERROR_TIMEOUT.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_phase(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.phase, |core| core.phase().map(Phase::as_str))
}

/// Why a wait ended before its job: "deadline", "attempts" or "retry_after_beyond_deadline". With
/// SMILEID_ERROR_JOB_INCOMPLETE.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_reason(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.reason, |core| core.reason().map(IncompleteReason::as_str))
}

/// The HTTP status of the answer, if there was one.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_http_status(error: Option<&Error>) -> i32 {
    value(SMILEID_UNSET, || error.and_then(|error| error.error.http_status()).map_or(SMILEID_UNSET, i32::from))
}

/// 1 when the same call may well succeed if it is made again later, else 0; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_is_transient(error: Option<&Error>) -> i32 {
    value(0, || error.is_some_and(|error| error.error.is_transient()).into())
}

/// Smile ID's own error code, such as "2205", if the answer had one.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_api_code(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.api_code, CoreError::api_code)
}

/// How long the server asked to wait, in milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_retry_after_ms(error: Option<&Error>) -> i64 {
    millis(error, CoreError::retry_after)
}

/// How many attempts were made; HTTP retries inside one attempt do not count.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_attempts(error: Option<&Error>) -> i32 {
    let attempts = |error: &Error| error.error.attempts().map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    value(SMILEID_UNSET, || error.and_then(attempts).unwrap_or(SMILEID_UNSET))
}

/// The time from the start of the call, in milliseconds.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_elapsed_ms(error: Option<&Error>) -> i64 {
    millis(error, CoreError::elapsed)
}

/// The user asked about.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_user_id(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.user_id, CoreError::user_id)
}

/// The job asked about.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_job_id(error: Option<&Error>) -> *const c_char {
    text(error, |texts| &texts.job_id, CoreError::job_id)
}

/// The last status that a poll saw before it failed, borrowed from the error.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_last_status(error: Option<&Error>) -> Option<&Status> {
    value(None, || {
        let error = error?;
        let made = || error.error.last_status().cloned().map(|status| Box::new(Status::new(status)));
        error.last_status.get_or_init(made).as_deref()
    })
}

/// The failure before this one, where a poll went on after it; of a call whose own time was up, what that time ended in.
/// Borrowed from the error.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_last_error(error: Option<&Error>) -> Option<&Error> {
    value(None, || {
        let error = error?;
        let made = || error.error.last_error().cloned().map(|last| Box::new(Error::new(last)));
        error.last_error.get_or_init(made).as_deref()
    })
}

/// The body of the answer that was refused; not NUL-terminated. It can hold personal data and a signature: do not log
/// it.
///
/// length: receives the number of bytes; may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_raw(error: Option<&Error>, length: Option<&mut MaybeUninit<usize>>) -> *const u8 {
    bytes(error, |error| error.error.raw().map(|raw| &raw[..]), length)
}

/// What lies under the error, in one line: a place in the JSON text, or what the network said, without the URL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_cause(error: Option<&Error>) -> *const c_char {
    made_text(error, |texts| &texts.cause, |core| core.cause().map(ToString::to_string))
}

/// Frees an error and all that was borrowed from it. NULL does nothing. Not for the one that smileid_error_last_error
/// returns: that one is the outer error's.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_error_free(error: Option<Box<Error>>) {
    free(error);
}
