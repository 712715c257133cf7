//! Watches and many jobs, as the Python half iterates them.

use pyo3::prelude::*;
use pyo3::types::{PySequence, PyString};
use smileid_jobs::blocking::{ProcessMany, ProcessWatch};
use smileid_jobs::panic::guard;
use smileid_jobs::{Error, Result};

use crate::arguments::{Any, id};
use crate::failure::entry;
use crate::outcome::Outcome;
use crate::waiting::{Waiting, answer};

/// A running watch.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Watch(pub(crate) ProcessWatch);

#[pymethods]
impl Watch {
    /// The next update, `None` at the end, or a `Failure`; with a bridge its `Call`.
    fn next<'py>(&self, py: Python<'py>, waiting: Waiting<'py>) -> PyResult<Any<'py>> {
        answer(py, &waiting, || self.0.next())
    }

    /// Ends it and drops its request.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// A running `poll_many`.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Many(pub(crate) ProcessMany);

#[pymethods]
impl Many {
    /// Whether another job may be added now.
    fn has_room(&self) -> bool {
        self.0.with(|many| many.room() > 0).unwrap_or(false)
    }

    /// Adds a pair of ids, or says what is wrong with it.
    fn add<'py>(&self, py: Python<'py>, job: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let (user_id, job_id) = pair(&job)?;
            self.0.with(|many| many.add(&user_id, &job_id))?;
            // `()` would be an empty tuple.
            Ok(None::<bool>)
        })
    }

    /// An outcome that is there already, or `None`.
    fn try_take<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        let taken = guard(|| self.0.with(smileid_jobs::shared::SharedMany::try_take));
        Outcome::of(taken).into_python(py)
    }

    /// The next outcome, `None` at the end, or a `Failure`; with a bridge its `Call`.
    fn take<'py>(&self, py: Python<'py>, waiting: Waiting<'py>) -> PyResult<Any<'py>> {
        answer(py, &waiting, || self.0.take())
    }

    /// `complete, failed, waiting`
    fn progress(&self) -> (usize, usize, usize) {
        let progress = self.0.with(smileid_jobs::shared::SharedMany::progress).unwrap_or_default();
        (progress.complete, progress.failed, progress.waiting)
    }

    /// Ends it and drops its requests.
    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// A `(user_id, job_id)` of a list of jobs.
fn pair(job: &Any<'_>) -> Result<(String, String)> {
    let refuse = || Error::invalid_argument("jobs", "expected pairs of user_id and job_id");
    if job.is_instance_of::<PyString>() {
        return Err(refuse());
    }
    let pair = job.cast::<PySequence>().map_err(|_| refuse())?;
    if !pair.len().is_ok_and(|length| length == 2) {
        return Err(refuse());
    }
    let item = |at| pair.get_item(at).map_err(|_| refuse());
    Ok((id("user_id", &item(0)?)?, id("job_id", &item(1)?)?))
}
