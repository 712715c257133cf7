//! The verbs.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::time::Duration;

use smileid_core::blocking::PendingCall;
use smileid_core::credentials::refuse_id;
use smileid_core::{JobStatus, Result};

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;
use crate::ffi::{entry, hand_out};
use crate::options::{PollOptions, StatusOptions, WaitOptions, cap, count, flag, limit};
use crate::status::Status;
use crate::text;

/// Asks once how a job stands, and waits for the answer. A job that is not finished and a rejected person are
/// answers, not errors.
///
/// client: borrowed. user_id, job_id: borrowed; 1 to 256 bytes of UTF-8 without control characters. options:
/// borrowed; NULL is all defaults. cancel: borrowed; NULL if the call need not be cancelled. status: receives the
/// status, which the caller owns and frees with smileid_status_free; NULL on failure. error: receives the error,
/// which the caller owns and frees with smileid_error_free; NULL on success; may be NULL. Returns SMILEID_OK or the
/// error's number, any of SMILEID_ERROR_*. Any thread; signals that are handled do not end the call.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_get_job_status(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const StatusOptions,
    cancel: Option<&CancelToken>,
    status: Option<&mut MaybeUninit<Option<Box<Status>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(status, "status", error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { StatusOptions::read(options) }?;
        let history = flag(options.return_history, "return_history")?;
        let links = flag(options.return_image_links, "return_image_links")?;
        let in_sync = flag(options.return_job_status, "return_job_status")?;
        // SAFETY: the header asks for NULL or a text that lives as long as the call.
        let callback_url = unsafe { text::optional(options.callback_url, "callback_url") }?;
        let call = client.0.call(|client| {
            let query = client
                .get_job_status(user_id, job_id)
                .return_history(history)
                .return_image_links(links)
                .return_job_status(in_sync)
                .timeout(limit(options.timeout_ms));
            match callback_url {
                Some(url) => query.callback_url(url),
                None => query,
            }
        })?;
        finish(call, cancel)
    })
}

/// Asks until the job is complete or retry_count retries are used up, and returns the last status either way: look at
/// smileid_status_job_complete. With the defaults, requests start at 0, 2, 6 and 14 seconds.
///
/// Parameters, ownership, threads and errors are those of smileid_get_job_status. An error that ends a poll carries
/// what was seen before: smileid_error_last_status, smileid_error_last_error.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_poll_job_status(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const PollOptions,
    cancel: Option<&CancelToken>,
    status: Option<&mut MaybeUninit<Option<Box<Status>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(status, "status", error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { PollOptions::read(options) }?;
        let history = flag(options.return_history, "return_history")?;
        let links = flag(options.return_image_links, "return_image_links")?;
        let in_sync = flag(options.return_job_status, "return_job_status")?;
        // SAFETY: the header asks for NULL or a text that lives as long as the call.
        let callback_url = unsafe { text::optional(options.callback_url, "callback_url") }?;
        let call = client.0.call(|client| {
            let poll = client
                .poll_job_status(user_id, job_id)
                .return_history(history)
                .return_image_links(links)
                .return_job_status(in_sync)
                .timeout(limit(options.timeout_ms))
                .retry_count(options.retry_count)
                .initial_delay(Duration::from_millis(options.initial_delay_ms));
            let poll = match cap(options.max_delay_ms) {
                Some(max_delay) => poll.max_delay(max_delay),
                None => poll,
            };
            match callback_url {
                Some(url) => poll.callback_url(url),
                None => poll,
            }
        })?;
        finish(call, cancel)
    })
}

/// Waits until the job is complete, at most timeout_ms: the first query at once, then with growing, jittered delays,
/// and a last one shortly before the end. Failures that pass do not end the wait.
///
/// Parameters, ownership, threads and errors are those of smileid_get_job_status. SMILEID_ERROR_JOB_INCOMPLETE when the
/// time or the attempts are used up: smileid_error_reason, smileid_error_last_status, smileid_error_last_error.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_wait_until_complete(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const WaitOptions,
    cancel: Option<&CancelToken>,
    status: Option<&mut MaybeUninit<Option<Box<Status>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(status, "status", error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { WaitOptions::read(options) }?;
        let history = flag(options.return_history, "return_history")?;
        let links = flag(options.return_image_links, "return_image_links")?;
        let in_sync = flag(options.return_job_status, "return_job_status")?;
        // SAFETY: the header asks for NULL or a text that lives as long as the call.
        let callback_url = unsafe { text::optional(options.callback_url, "callback_url") }?;
        let call = client.0.call(|client| {
            let wait = client
                .wait_until_complete(user_id, job_id)
                .return_history(history)
                .return_image_links(links)
                .return_job_status(in_sync)
                .timeout(limit(options.timeout_ms))
                .retry_count(count(options.retry_count))
                .initial_delay(Duration::from_millis(options.initial_delay_ms));
            let wait = match cap(options.max_delay_ms) {
                Some(max_delay) => wait.max_delay(max_delay),
                None => wait,
            };
            match callback_url {
                Some(url) => wait.callback_url(url),
                None => wait,
            }
        })?;
        finish(call, cancel)
    })
}

/// Makes running waits for this job ask now, for example when a callback came in: those of smileid_wait_until_complete
/// with this client. Without one it does nothing. What the server itself asked to wait is still waited for.
///
/// client: borrowed. user_id, job_id: borrowed texts in UTF-8. error: receives the error, which the caller owns; may be
/// NULL. Returns SMILEID_OK or SMILEID_ERROR_INVALID_ARGUMENT. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_notify(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    entry(error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        client.0.with(|client| {
            client.notify(user_id, job_id);
            Ok(())
        })
    })
}

fn known(client: Option<&Client>) -> Result<&Client> {
    client.ok_or_else(|| smileid_core::Error::invalid_argument("client", "expected a client"))
}

fn id<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str> {
    // SAFETY: the header asks for NULL or a NUL-terminated text that lives as long as the call.
    unsafe { text::borrow(pointer) }.ok().flatten().ok_or_else(|| refuse_id(argument))
}

fn finish(call: PendingCall<JobStatus>, cancel: Option<&CancelToken>) -> Result<Status> {
    let status = match cancel {
        Some(cancel) => call.wait_unless(&cancel.0),
        None => call.wait(),
    };
    status.map(Status::new)
}
