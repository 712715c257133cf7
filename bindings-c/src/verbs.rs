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
use crate::options::{NO_LIMIT, PollOptions, StatusOptions};
use crate::pid::pid;
use crate::status::Status;
use crate::text;
use crate::wait_options::WaitOptions;

/// The part of the options that all verbs about one job share.
pub(crate) struct Asked {
    pub(crate) history: bool,
    pub(crate) links: bool,
    pub(crate) job_status: bool,
    pub(crate) callback_url: Option<String>,
    pub(crate) timeout: Option<Duration>,
}

/// Reads that part out of an options struct.
macro_rules! asked {
    ($options:expr) => {{
        $crate::options::reserved($options.reserved)?;
        $crate::verbs::Asked {
            history: $crate::options::flag($options.return_history, "return_history")?,
            links: $crate::options::flag($options.return_image_links, "return_image_links")?,
            job_status: $crate::options::flag($options.return_job_status, "return_job_status")?,
            callback_url: $crate::verbs::given($options.callback_url, "callback_url")?,
            timeout: $crate::options::limit($options.timeout_ms),
        }
    }};
}
pub(crate) use asked;

/// Tells a verb that part.
macro_rules! tell {
    ($call:expr, $asked:expr) => {{
        let asked: $crate::verbs::Asked = $asked;
        let call = $call
            .return_history(asked.history)
            .return_image_links(asked.links)
            .return_job_status(asked.job_status)
            .timeout(asked.timeout);
        match asked.callback_url {
            Some(url) => call.callback_url(url),
            None => call,
        }
    }};
}
pub(crate) use tell;

/// Tells a verb its delays.
macro_rules! pace {
    ($call:expr, $options:expr) => {{
        let call = $call.initial_delay(std::time::Duration::from_millis($options.initial_delay_ms));
        match $crate::options::cap($options.max_delay_ms) {
            Some(max_delay) => call.max_delay(max_delay),
            None => call,
        }
    }};
}
pub(crate) use pace;

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
        let asked = asked!(options);
        let call = client.0.call_in(pid(), |client| tell!(client.get_job_status(user_id, job_id), asked))?;
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
        let asked = asked!(options);
        let call = client.0.call_in(pid(), |client| {
            let poll = tell!(client.poll_job_status(user_id, job_id), asked).retry_count(options.retry_count);
            pace!(poll, options)
        })?;
        finish(call, cancel)
    })
}

/// Waits until the job is complete, and returns its status. A wait that ends before its job is an error,
/// SMILEID_ERROR_JOB_INCOMPLETE, with smileid_error_reason and smileid_error_last_status.
///
/// Parameters, ownership, threads and errors are those of smileid_get_job_status, and SMILEID_ERROR_TOKEN_MISMATCH for a
/// token of another question. smileid_notify makes it ask at once.
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
        let asked = asked!(options);
        let token = given(options.token, "token")?;
        let call = client.0.call_in(pid(), |client| {
            let wait =
                tell!(client.wait_until_complete(user_id, job_id), asked).retry_count(tries(options.retry_count));
            pace!(wait, options).token(token)
        })?;
        finish(call, cancel)
    })
}

/// Reports news about a job, such as a callback: every wait, watch and poll_many of this client that is waiting for this
/// job asks again at once. Without one, nothing is sent.
///
/// client, user_id, job_id: borrowed. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK
/// or the error's number. Any thread; returns at once.
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

/// A number of retries that may be left open.
pub(crate) fn tries(retry_count: u64) -> Option<u64> {
    (retry_count != NO_LIMIT).then_some(retry_count)
}

/// A text that is given or not.
pub(crate) fn given(pointer: *const c_char, argument: &'static str) -> Result<Option<String>> {
    // SAFETY: the header asks for NULL or a NUL-terminated text that lives as long as the call.
    Ok(unsafe { text::optional(pointer, argument) }?.map(str::to_owned))
}

pub(crate) fn known(client: Option<&Client>) -> Result<&Client> {
    client.ok_or_else(|| smileid_core::Error::invalid_argument("client", "expected a client"))
}

pub(crate) fn id<'a>(pointer: *const c_char, argument: &'static str) -> Result<&'a str> {
    // SAFETY: the header asks for NULL or a NUL-terminated text that lives as long as the call.
    unsafe { text::optional(pointer, argument) }.ok().flatten().ok_or_else(|| refuse_id(argument))
}

fn finish(call: PendingCall<JobStatus>, cancel: Option<&CancelToken>) -> Result<Status> {
    wait(call, cancel).map(Status::new)
}

/// Waits for a call that may be cancelled.
pub(crate) fn wait<T: Send + 'static>(call: PendingCall<T>, cancel: Option<&CancelToken>) -> Result<T> {
    match cancel {
        Some(cancel) => call.wait_unless(&cancel.0),
        None => call.wait(),
    }
}
