//! One attempt of a wait, for task queues.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::Duration;

use smileid_core::PollStep;

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;
use crate::ffi::{free, hand_out, millis, value};
use crate::status::Status;
use crate::text::Text;
use crate::verbs::{asked, given, id, known, pace, tell, tries, wait};
use crate::wait_options::WaitOptions;

/// What one step came to. Immutable, and safe to use from any number of threads at the same time.
pub struct Step {
    /// The end, or what the next step needs.
    ended: Result<Box<Status>, Next>,
}

struct Next {
    after: Duration,
    token: String,
    text: Text,
}

impl Step {
    fn new(step: PollStep) -> Option<Self> {
        let ended = match step {
            PollStep::Finished(status) => Ok(Box::new(Status::new(status))),
            PollStep::Again { after, token } => Err(Next { after, token, text: Text::default() }),
            _ => return None,
        };
        Some(Self { ended })
    }
}

/// Asks once and never sleeps: one step of a smileid_wait_until_complete whose waiting is left to the caller, such as a
/// task queue. Unless it is finished, wait smileid_step_after_ms and call again with smileid_step_token in options.token.
///
/// Parameters, threads and errors are those of smileid_wait_until_complete. step: receives the step, which the caller
/// owns and frees with smileid_step_free; NULL on failure.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_poll_step(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const WaitOptions,
    cancel: Option<&CancelToken>,
    step: Option<&mut MaybeUninit<Option<Box<Step>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(step, "step", error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { WaitOptions::read(options) }?;
        let asked = asked!(options);
        let token = given(options.token, "token")?;
        let call = client.0.call(|client| {
            let step = tell!(client.poll_step(user_id, job_id), asked).retry_count(tries(options.retry_count));
            pace!(step, options).token(token)
        })?;
        Step::new(wait(call, cancel)?).ok_or_else(smileid_core::Error::internal)
    })
}

/// Whether the job is complete: 1 or 0; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_step_is_finished(step: Option<&Step>) -> i32 {
    value(0, || step.map_or(0, |step| i32::from(step.ended.is_ok())))
}

/// The complete status, borrowed from the step; NULL unless it is finished.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_step_status(step: Option<&Step>) -> Option<&Status> {
    value(None, || step?.ended.as_deref().ok())
}

/// How long to wait before the next step, in milliseconds; SMILEID_UNSET when finished.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_step_after_ms(step: Option<&Step>) -> i64 {
    millis(value(None, || next(step).map(|next| next.after)))
}

/// The token of the next step, borrowed from the step: at most 128 characters of base64url, without an id, a secret or an
/// answer. NULL when finished.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_step_token(step: Option<&Step>) -> *const c_char {
    value(ptr::null(), || next(step).map_or(ptr::null(), |next| next.text.get(|| Some(&next.token))))
}

/// Frees a step and all that was borrowed from it. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_step_free(step: Option<Box<Step>>) {
    free(step);
}

fn next(step: Option<&Step>) -> Option<&Next> {
    step?.ended.as_ref().err()
}
