//! A watch and a `poll_many`, by handle.

use pyo3::prelude::*;
use smileid_jobs::blocking::{ProcessMany, ProcessWatch};
use smileid_jobs::panic::guard;

use crate::answer::job_object;
use crate::arguments::{Any, id};
use crate::client::{Waiting, run};
use crate::failure::{Failure, entry};

/// A running watch. Dropping it ends it and drops its request.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Watch(pub(crate) ProcessWatch);

#[pymethods]
impl Watch {
    /// The next update, `None` after the last one, or a `Failure`; with a bridge its call id.
    fn next<'py>(&self, py: Python<'py>, waiting: Waiting<'py>) -> PyResult<Any<'py>> {
        run(py, &waiting, || self.0.next())
    }

    /// Ends it and drops its request.
    fn close(&self) {
        self.0.close();
    }
}

/// A running `poll_many`. Dropping it drops all of its requests.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Many(pub(crate) ProcessMany);

#[pymethods]
impl Many {
    /// How many more jobs may be added now, or a `Failure`.
    fn room<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        entry(py, || self.0.with(smileid_jobs::shared::SharedMany::room))
    }

    /// Adds a job and returns how many more may be added, or a `Failure`.
    fn add<'py>(&self, py: Python<'py>, user_id: Any<'py>, job_id: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let (user_id, job_id) = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            self.0.with(|many| {
                many.add(&user_id, &job_id);
                many.room()
            })
        })
    }

    /// Begins to ask about what was added, before an outcome is waited for; `None` or a `Failure`.
    fn start<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        // To prepare a take is to begin; a call that nobody drives takes nothing.
        entry(py, || self.0.take().map(|_| None::<bool>))
    }

    /// An outcome that is there already, `None` or a `Failure`.
    fn try_take<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        match guard(|| self.0.with(smileid_jobs::shared::SharedMany::try_take)) {
            Ok(outcome) => job_object(py, outcome),
            Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
        }
    }

    /// Waits for an outcome; `None` when no job is admitted, or a `Failure`; with a bridge its call id.
    fn take<'py>(&self, py: Python<'py>, waiting: Waiting<'py>) -> PyResult<Any<'py>> {
        run(py, &waiting, || self.0.take())
    }

    /// Outcomes handed out that are complete, that failed, and jobs that wait; or a `Failure`.
    fn progress<'py>(&self, py: Python<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let progress = self.0.with(smileid_jobs::shared::SharedMany::progress)?;
            Ok((progress.complete, progress.failed, progress.waiting))
        })
    }

    /// Drops all requests.
    fn close(&self) {
        self.0.close();
    }
}
