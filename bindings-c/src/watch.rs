//! A watch and its updates.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use smileid_core::blocking::ProcessWatch;
use smileid_core::{ErrorCode, StatusUpdate};

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;
use crate::ffi::{free, hand_out, hand_out_next, millis, value};
use crate::status::Status;
use crate::verbs::{asked, id, known, pace, tell, tries, wait};
use crate::wait_options::WaitOptions;

/// What is new about one job, answer by answer.
///
/// Belongs to the process that made it: in a child made by fork(), smileid_watch_next says
/// SMILEID_ERROR_CLIENT_CLOSED. Any thread may use it; updates are handed out one after another.
pub struct Watch(ProcessWatch);

/// One answer about a watched job. Immutable, and safe to use from any number of threads at the same time.
pub struct Update {
    update: StatusUpdate,
    status: Status,
}

/// Prepares a watch; its clock starts now, its first query is sent by the first smileid_watch_next.
///
/// client, user_id, job_id, options: borrowed for the call, as in smileid_wait_until_complete; a token is refused. watch:
/// receives the watch, which the caller owns and frees with smileid_watch_free, before or after the client; NULL on
/// failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number; an
/// option outside of its limits is the first update's error. Any thread; returns at once.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_watch_job_status(
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const WaitOptions,
    watch: Option<&mut MaybeUninit<Option<Box<Watch>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(watch, "watch", error, || {
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { WaitOptions::read(options) }?;
        if !options.token.is_null() {
            return Err(smileid_core::Error::invalid_argument("token", "expected none, for a watch starts anew"));
        }
        let asked = asked!(options);
        let watch = client.0.watch(|client| {
            let watch = tell!(client.watch_job_status(user_id, job_id), asked).retry_count(tries(options.retry_count));
            pace!(watch, options)
        })?;
        Ok(Watch(watch))
    })
}

/// Waits for the next update. The next query is not sent before this is called.
///
/// watch: borrowed. cancel: borrowed; may be NULL. Cancelling ends the watch and drops its request. update: receives the
/// update, which the caller owns and frees with smileid_update_free; NULL after the last one, after smileid_watch_close
/// and on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, also at the end,
/// or the error's number, which ends the watch: SMILEID_ERROR_JOB_INCOMPLETE when the time is up. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_watch_next(
    watch: Option<&Watch>,
    cancel: Option<&CancelToken>,
    update: Option<&mut MaybeUninit<Option<Box<Update>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out_next(update, "update", error, || {
        let watch = watch.ok_or_else(|| smileid_core::Error::invalid_argument("watch", "expected a watch"))?;
        let next = wait(watch.0.next()?, cancel);
        // Otherwise its request would stay open until the watch is freed.
        if next.as_ref().is_err_and(|error| error.code() == ErrorCode::Cancelled) {
            watch.0.close();
        }
        Ok(next?.map(|update| Update { status: Status::new(update.status.clone()), update }))
    })
}

/// Ends a watch and drops its request: a smileid_watch_next that waits hands out the end. Returns at once; a second time
/// does nothing.
///
/// watch: borrowed; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_watch_close(watch: Option<&Watch>) {
    value((), || watch.into_iter().for_each(|watch| watch.0.close()));
}

/// Ends and frees a watch. NULL does nothing. No thread may be inside a call with it. Updates live on.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_watch_free(watch: Option<Box<Watch>>) {
    free(watch);
}

/// The attempt that brought the update, counted from 1; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_attempt(update: Option<&Update>) -> u32 {
    value(0, || update.map_or(0, |update| update.update.attempt))
}

/// The time since the watch began, in milliseconds; SMILEID_UNSET for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_elapsed_ms(update: Option<&Update>) -> i64 {
    millis(value(None, || update.map(|update| update.update.elapsed)))
}

/// The status, borrowed from the update; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_status(update: Option<&Update>) -> Option<&Status> {
    value(None, || update.map(|update| &update.status))
}

/// Whether the status differs from the update before, beyond its timestamp, signature and freshly signed links: 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_changed(update: Option<&Update>) -> i32 {
    value(0, || update.map_or(0, |update| i32::from(update.update.changed)))
}

/// How long until the next query, in milliseconds; SMILEID_UNSET in the last update.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_next_delay_ms(update: Option<&Update>) -> i64 {
    millis(value(None, || update.and_then(|update| update.update.next_delay)))
}

/// Frees an update and all that was borrowed from it. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_update_free(update: Option<Box<Update>>) {
    free(update);
}
