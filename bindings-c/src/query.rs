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
use crate::ffi::hand_out;
use crate::options::{PollOptions, StatusOptions, flag, limit};
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
        let call = client.0.call(|client| {
            client
                .get_job_status(user_id, job_id)
                .return_history(history)
                .return_image_links(links)
                .timeout(limit(options.timeout_ms))
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
        let call = client.0.call(|client| {
            let poll = client
                .poll_job_status(user_id, job_id)
                .return_history(history)
                .return_image_links(links)
                .timeout(limit(options.timeout_ms))
                .retry_count(options.retry_count)
                .initial_delay(Duration::from_millis(options.initial_delay_ms));
            match options.max_delay() {
                Some(max_delay) => poll.max_delay(max_delay),
                None => poll,
            }
        })?;
        finish(call, cancel)
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
