//! Queries on a program's own event loop.

use std::ffi::{c_char, c_int, c_void};
use std::mem::{ManuallyDrop, MaybeUninit};

use smileid_core::panic::guard;
use smileid_core::{Error as CoreError, JobStatus, Result};

use crate::cancel::CancelToken;
use crate::client::Client;
use crate::code::SMILEID_OK;
use crate::driven::Driven;
use crate::error::Error;
use crate::ffi::{entry, free, hand_out, value};
use crate::options::StatusOptions;
use crate::pid::pid;
use crate::status::Status;
use crate::verbs::{asked, id, known, tell};

/// Queries that a program's own event loop (poll, epoll, libevent, asio) drives, without a thread for each: the loop watches
/// one descriptor for all of them.
///
/// One thread at a time may use it; tokens are cancelled and clients closed from any thread. Belongs to the process that
/// made it: in a child made by fork(), its functions say SMILEID_ERROR_CLIENT_CLOSED or do nothing. It outlives
/// smileid_shutdown, which ends its queries.
pub struct EventLoop {
    pid: u32,
    /// Always there but while it is freed.
    driven: ManuallyDrop<Option<Driven>>,
}

impl EventLoop {
    /// What drives it, in the process that made it.
    fn own(&self) -> Option<&Driven> {
        self.driven.as_ref().filter(|_| self.pid == pid())
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // In a forked child it is the parent's: to close its sockets would take them out of the parent's event queue.
        if self.pid == pid() {
            self.driven.take();
        }
    }
}

/// Takes the end of a query. user_data: what the query was started with. code: SMILEID_OK or the error's number. status: the
/// status, which the callback owns and frees with smileid_status_free; NULL on failure. error: the error, which the callback
/// owns and frees with smileid_error_free; NULL on success.
///
/// Called by smileid_event_loop_turn, on the thread that called it. It may start queries, cancel tokens, and close and free
/// clients. It must not free the event loop, throw or longjmp.
pub type EndedCallback =
    Option<extern "C" fn(user_data: *mut c_void, code: i32, status: Option<Box<Status>>, error: Option<Box<Error>>)>;

/// Whom to tell the end of a query.
#[cfg_attr(not(unix), allow(dead_code, reason = "nothing is started there"))]
pub(crate) struct Ends {
    done: extern "C" fn(*mut c_void, i32, Option<Box<Status>>, Option<Box<Error>>),
    user_data: *mut c_void,
}

// SAFETY: the library never looks behind `user_data`, and the callback gets it only on the thread that has its turn.
unsafe impl Send for Ends {}

#[cfg_attr(not(unix), allow(dead_code, reason = "nothing is started there"))]
impl Ends {
    pub(crate) fn tell(self, result: Result<JobStatus>) {
        let (code, status, error) = match guard(|| result.map(|status| Box::new(Status::new(status)))) {
            Ok(status) => (SMILEID_OK, Some(status), None),
            Err(error) => (error.code() as i32, None, Some(Box::new(Error::new(error)))),
        };
        (self.done)(self.user_data, code, status, error);
    }
}

/// Makes an event loop; it sends nothing, and watches no descriptor of the program's.
///
/// event_loop: receives the event loop, which the caller owns and frees with smileid_event_loop_free; NULL on failure. error:
/// receives the error, which the caller owns; may be NULL. Returns SMILEID_OK or the error's number: SMILEID_ERROR_INTERNAL
/// where the system gives no descriptors or no thread, SMILEID_ERROR_CLIENT_CLOSED when smileid_shutdown comes meanwhile,
/// SMILEID_ERROR_INVALID_ARGUMENT for NULL and on systems that are no Unix. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_event_loop_new(
    event_loop: Option<&mut MaybeUninit<Option<Box<EventLoop>>>>,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    hand_out(event_loop, "event_loop", error, || {
        Ok(EventLoop { pid: pid(), driven: ManuallyDrop::new(Some(Driven::new()?)) })
    })
}

/// The descriptor to watch for reading, for as long as the event loop lives: it is readable from when there is something to
/// do until smileid_event_loop_turn has done it, so watch it level-triggered, as poll() does.
///
/// event_loop: borrowed. Returns the descriptor, borrowed too: only watch it, and stop before smileid_event_loop_free; -1
/// for NULL and in a process that did not make it.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_event_loop_fd(event_loop: Option<&EventLoop>) -> c_int {
    value(-1, || event_loop.and_then(EventLoop::own).map_or(-1, Driven::fd))
}

/// Does what there is to do, and calls the callbacks of the queries that have ended. Never waits: what is left, and what
/// ends meanwhile, makes the descriptor readable again. A turn without need does no harm.
///
/// event_loop: borrowed. Returns how many callbacks it called; 0 for NULL, in a process that did not make it, and from
/// within a callback, where it does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_event_loop_turn(event_loop: Option<&EventLoop>) -> usize {
    value(0, || event_loop.and_then(EventLoop::own).map_or(0, Driven::turn))
}

/// Frees an event loop and drops its running queries with their requests; their callbacks are not called. NULL does
/// nothing. Not from a callback of its own. In a child made by fork() it is left to the parent, and only forgotten.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_event_loop_free(event_loop: Option<Box<EventLoop>>) {
    free(event_loop);
}

/// Like smileid_get_job_status, but returns at once: the end is told to done, exactly once, by a smileid_event_loop_turn
/// and never from within this function.
///
/// event_loop: borrowed; it must live on until the end, or the query ends with it, untold. client, user_id, job_id, options:
/// borrowed for the call, as in smileid_get_job_status; to free the client ends the query with
/// SMILEID_ERROR_CLIENT_CLOSED. cancel: borrowed for the call; may be NULL. Cancelling it from any thread, also after it was
/// given here, ends the query with SMILEID_ERROR_CANCELLED; it may be freed at once. done: must not be NULL. user_data:
/// passed on. error: receives the error, which the caller owns; may be NULL. Returns SMILEID_OK, or the number of an error
/// that was seen at once, such as SMILEID_ERROR_INVALID_ARGUMENT for a text that is no UTF-8 or SMILEID_ERROR_CLIENT_CLOSED;
/// then done is not called. An id or an option outside of its limits is told to done.
///
/// A query with return_job_status or callback_url, or through a proxy, runs on the library's own thread, and its end is told
/// in the same way.
#[unsafe(no_mangle)]
pub extern "C" fn smileid_get_job_status_start(
    event_loop: Option<&EventLoop>,
    client: Option<&Client>,
    user_id: *const c_char,
    job_id: *const c_char,
    options: *const StatusOptions,
    cancel: Option<&CancelToken>,
    done: EndedCallback,
    user_data: *mut c_void,
    error: Option<&mut MaybeUninit<Option<Box<Error>>>>,
) -> i32 {
    entry(error, || {
        let event_loop = event_loop
            .ok_or_else(|| CoreError::invalid_argument("event_loop", "expected what smileid_event_loop_new gave"))?;
        let driven = event_loop.own().ok_or_else(CoreError::of_another_process)?;
        let client = known(client)?;
        let (user_id, job_id) = (id(user_id, "user_id")?, id(job_id, "job_id")?);
        // SAFETY: the header asks for NULL or initialised options.
        let options = unsafe { StatusOptions::read(options) }?;
        let asked = asked!(options);
        let done = done.ok_or_else(|| CoreError::invalid_argument("done", "expected a function to tell the end to"))?;
        let call = client.0.call_in(pid(), |client| tell!(client.get_job_status(user_id, job_id), asked))?;
        let call = match cancel {
            Some(cancel) => call.unless(cancel.0.clone()),
            None => call,
        };
        driven.start(call, Ends { done, user_data })
    })
}
