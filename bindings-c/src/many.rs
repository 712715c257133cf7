//! Many jobs at once.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::ptr;

use smileid_core::blocking::ProcessMany;
use smileid_core::shared::SharedMany;
use smileid_core::{Error as CoreError, ErrorCode, JobOutcome, ManyProgress, Result};

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::error::Error;
use crate::ffi::{entry, free, hand_out, hand_out_next, value};
use crate::options::{flag, limit};
use crate::status::Status;
use crate::text::Text;
use crate::verbs::{id, known, pace, tries, wait};
use crate::wait_options::ManyOptions;

/// Many jobs that are waited for at once: jobs are added while there is room, outcomes are taken as they come.
///
/// Belongs to the process that made it: in a child made by fork(), its functions say SMILEID_ERROR_CLIENT_CLOSED. Safe to
/// use from any number of threads at the same time.
pub struct Many(ProcessMany);

/// How one of many jobs ended. Immutable, and safe to use from any number of threads at the same time.
pub struct Outcome {
    user_id: (String, Text),
    job_id: (String, Text),
    ended: Ended,
}

enum Ended {
    Complete(Box<Status>),
    Failed(Box<Error>),
}

impl Outcome {
    fn new(outcome: JobOutcome) -> Self {
        let ended = match outcome.result {
            Ok(status) => Ended::Complete(Box::new(Status::new(status))),
            Err(error) => Ended::Failed(Box::new(Error::new(error))),
        };
        Self { user_id: (outcome.user_id, Text::default()), job_id: (outcome.job_id, Text::default()), ended }
    }
}

/// Prepares to wait for many jobs; nothing is sent before the first smileid_many_next.
///
/// client: borrowed for the call. options: borrowed; NULL is all defaults. many: receives the object, which the caller
/// owns and frees with smileid_many_free, before or after the client; NULL on failure. error: receives the error, which
/// the caller owns; may be NULL. Returns SMILEID_OK or the error's number. Any thread; returns at once.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_poll_many(
    client: Option<&Client>,
    options: *const ManyOptions,
    many: Option<&mut MaybeUninit<Option<Box<Many>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(many, "many", error, || {
        let client = known(client)?;
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { ManyOptions::read(options) }?;
        let history = flag(options.return_history, "return_history")?;
        let links = flag(options.return_image_links, "return_image_links")?;
        let rate_limit = Some(options.rate_limit).filter(|rate| *rate != f64::INFINITY);
        let many = client.0.poll_many(|client| {
            let many = client
                .poll_many()
                .return_history(history)
                .return_image_links(links)
                .timeout(limit(options.timeout_ms))
                .retry_count(tries(options.retry_count))
                .max_waiting(options.max_waiting)
                .rate_limit(rate_limit)
                .burst(options.burst);
            pace!(many, options)
        })?;
        Ok(Many(many))
    })
}

/// How many more jobs may be added now, at most max_waiting; 0 once it is closed, for NULL and in a process that did not
/// make it.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_room(many: Option<&Many>) -> usize {
    value(0, || many.and_then(|many| many.0.with(SharedMany::room).ok()).unwrap_or(0))
}

/// Whether it was ended, by smileid_many_close or by a token: 1 or 0. 1 for NULL and in a process that did not make it.
/// Tells whoever waits for room that there will be none.
///
/// many: borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_is_closed(many: Option<&Many>) -> i32 {
    value(1, || many.and_then(|many| many.0.with(SharedMany::is_closed).ok()).map_or(1, i32::from))
}

/// Adds a job. One that is waited for already is not asked about twice; both get the outcome. An id outside of its
/// limits has an outcome too.
///
/// many, user_id, job_id: borrowed for the call. Add while smileid_many_room is above 0: what is added beyond it takes
/// memory. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK,
/// SMILEID_ERROR_INVALID_ARGUMENT for an id that is NULL or no UTF-8, or SMILEID_ERROR_CLIENT_CLOSED in a process that did
/// not make it. Any thread; returns at once.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_add(
    many: Option<&Many>,
    user_id: *const c_char,
    job_id: *const c_char,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    entry(error, || {
        let many = running(many)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        many.0.with(|many| many.add(user_id, job_id))
    })
}

/// Waits for an outcome; they come in the order in which jobs end.
///
/// many: borrowed. cancel: borrowed; may be NULL. Cancelling ends all of it and drops its requests. outcome: receives the
/// outcome, which the caller owns and frees with smileid_outcome_free; NULL when no added job is left, after
/// smileid_many_close and on failure. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK,
/// also for the outcome of a job that failed and at the end, or the error's number. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_next(
    many: Option<&Many>,
    cancel: Option<&CancelToken>,
    outcome: Option<&mut MaybeUninit<Option<Box<Outcome>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out_next(outcome, "outcome", error, || {
        let many = running(many)?;
        // Seen first, for to take is to start asking.
        let next = match many.0.with(|_| cancel.is_some_and(|cancel| cancel.0.is_cancelled()))? {
            true => Err(CoreError::cancelled()),
            false => wait(many.0.take()?, cancel),
        };
        // Otherwise its requests would stay open until it is freed.
        if next.as_ref().is_err_and(|error| error.code() == ErrorCode::Cancelled) {
            many.0.close();
        }
        Ok(next?.map(Outcome::new))
    })
}

/// How far it has come: outcomes handed out that hold a complete status, outcomes handed out that hold an error, and jobs
/// whose outcome was not handed out yet.
///
/// complete, failed, waiting: receive the counts; each may be NULL. All are 0 for NULL and in a process that did not make
/// it. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_progress(
    many: Option<&Many>,
    complete: Option<&mut MaybeUninit<usize>>,
    failed: Option<&mut MaybeUninit<usize>>,
    waiting: Option<&mut MaybeUninit<usize>>,
) {
    let progress = value(ManyProgress::default(), || {
        many.and_then(|many| many.0.with(SharedMany::progress).ok()).unwrap_or_default()
    });
    let counts = [(complete, progress.complete), (failed, progress.failed), (waiting, progress.waiting)];
    for (out, count) in counts {
        if let Some(out) = out {
            out.write(count);
        }
    }
}

/// Ends all of it and drops its requests: a smileid_many_next that waits hands out the end. Returns at once; a second time
/// does nothing.
///
/// many: borrowed; NULL does nothing. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_close(many: Option<&Many>) {
    value((), || many.into_iter().for_each(|many| many.0.close()));
}

/// Ends and frees it. NULL does nothing. No thread may be inside a call with it. Outcomes live on.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_many_free(many: Option<Box<Many>>) {
    free(many);
}

/// The user asked about, borrowed from the outcome; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_outcome_user_id(outcome: Option<&Outcome>) -> *const c_char {
    text(outcome, |outcome| &outcome.user_id)
}

/// The job asked about, borrowed from the outcome; NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_outcome_job_id(outcome: Option<&Outcome>) -> *const c_char {
    text(outcome, |outcome| &outcome.job_id)
}

/// The complete status, borrowed from the outcome; NULL where it holds an error.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_outcome_status(outcome: Option<&Outcome>) -> Option<&Status> {
    value(None, || match &outcome?.ended {
        Ended::Complete(status) => Some(&**status),
        Ended::Failed(_) => None,
    })
}

/// Why there is no complete status, borrowed from the outcome; NULL where there is one.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_outcome_error(outcome: Option<&Outcome>) -> Option<&Error> {
    value(None, || match &outcome?.ended {
        Ended::Complete(_) => None,
        Ended::Failed(error) => Some(&**error),
    })
}

/// Frees an outcome and all that was borrowed from it. NULL does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_outcome_free(outcome: Option<Box<Outcome>>) {
    free(outcome);
}

fn running(many: Option<&Many>) -> Result<&Many> {
    many.ok_or_else(|| CoreError::invalid_argument("many", "expected what smileid_poll_many gave"))
}

fn text(outcome: Option<&Outcome>, read: impl FnOnce(&Outcome) -> &(String, Text)) -> *const c_char {
    value(ptr::null(), || {
        outcome.map_or(ptr::null(), |outcome| {
            let (id, cached) = read(outcome);
            cached.get(|| Some(id))
        })
    })
}
