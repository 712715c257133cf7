//! Where a call's end is waited for: on this thread, or on an event loop.

use std::process;
use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use smileid_jobs::Result;
use smileid_jobs::blocking::PendingCall;
use smileid_jobs::panic::guard;

use crate::arguments::Any;
use crate::bridge::{Bridge, Call};
use crate::exit::{Return, outside};
use crate::failure::entry;
use crate::outcome::Outcome;

/// How long the main thread waits before it looks for signals again.
const SLICE: Duration = Duration::from_millis(50);

/// Where a call's end is waited for.
#[derive(FromPyObject)]
pub(crate) enum Waiting<'py> {
    /// On an event loop.
    Bridge(Bound<'py, Bridge>),
    /// Here, on a thread that signal handlers run on or not.
    Here(bool),
}

/// A call's end as a Python object, or with a bridge its `Call`.
pub(crate) fn answer<'py, T>(
    py: Python<'py>,
    waiting: &Waiting<'py>,
    call: impl Fn() -> Result<PendingCall<T>>,
) -> PyResult<Any<'py>>
where
    T: Into<Outcome> + Send + 'static,
{
    match waiting {
        Waiting::Bridge(bridge) => entry(py, || start(call()?, bridge.get())),
        Waiting::Here(interruptible) => {
            // The guard must see the whole way back to Python.
            let waited = guard(|| Ok(wait(py, *interruptible, call)));
            let (result, _return) = waited.unwrap_or_else(|error| Ok((Err(error), None)))?;
            Outcome::of(result).into_python(py)
        }
    }
}

fn start<T>(call: PendingCall<T>, bridge: &Bridge) -> Result<Call>
where
    T: Into<Outcome> + Send + 'static,
{
    let queue = Arc::clone(bridge.queue());
    let token = queue.next_token();
    let handle = call.spawn(move |result| queue.complete(token, Outcome::of(result)))?;
    Ok(Call { token, handle, pid: process::id() })
}

type Waited<T> = (Result<T>, Option<Return>);

/// Waits for a call on this thread. An exception out of a signal handler drops the call and its request.
fn wait<T: Send + 'static>(
    py: Python<'_>,
    interruptible: bool,
    call: impl Fn() -> Result<PendingCall<T>>,
) -> PyResult<Waited<T>> {
    let mut pending = match call() {
        Ok(pending) => pending,
        Err(error) => return Ok((Err(error), None)),
    };
    if !interruptible {
        let (result, back) = outside(py, || pending.wait());
        return Ok((result, Some(back)));
    }
    let pid = process::id();
    loop {
        let (result, back) = outside(py, || pending.wait_for(SLICE));
        if let Some(result) = result {
            return Ok((result, Some(back)));
        }
        py.check_signals()?;
        if process::id() != pid {
            // The handler has forked, and this is the child: the call under way is the parent's.
            std::mem::forget(pending);
            return wait(py, interruptible, call);
        }
    }
}
