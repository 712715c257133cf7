//! Errors on their way to the classes of `errors.py`.

use pyo3::BoundObject;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use smileid_jobs::panic::guard;
use smileid_jobs::{Cause, Error, Result};

use crate::status::Status;

/// What a call returns when it fails: the fields of the exception to raise.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Failure(pub(crate) Error);

/// Category, line and column.
type JsonCause = (&'static str, usize, usize);

#[pymethods]
impl Failure {
    /// The stable code, by which the exception's class is chosen.
    #[getter]
    fn code(&self) -> &'static str {
        self.0.code().as_str()
    }

    /// One line, without ids, keys or data.
    #[getter]
    fn message(&self) -> String {
        self.0.message()
    }

    /// The exception's attributes; durations in seconds.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let error = &self.0;
        let fields = PyDict::new(py);
        fields.set_item("argument", error.argument())?;
        fields.set_item("phase", error.phase().map(|phase| phase.as_str()))?;
        fields.set_item("reason", error.reason().map(|reason| reason.as_str()))?;
        fields.set_item("http_status", error.http_status())?;
        fields.set_item("api_code", error.api_code())?;
        fields.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
        fields.set_item("user_id", error.user_id())?;
        fields.set_item("job_id", error.job_id())?;
        fields.set_item("attempts", error.attempts())?;
        fields.set_item("elapsed", error.elapsed().map(|elapsed| elapsed.as_secs_f64()))?;
        fields.set_item("is_transient", error.is_transient())?;
        fields.set_item("raw", error.raw().map(|raw| PyBytes::new(py, raw)))?;
        Ok(fields)
    }

    /// The last status that a polling verb saw.
    #[getter]
    fn last_status(&self) -> Option<Status> {
        self.0.last_status().cloned().map(Status)
    }

    /// The failure before this one.
    #[getter]
    fn last_error(&self) -> Option<Failure> {
        self.0.last_error().cloned().map(Failure)
    }

    /// What lies under the error: a text, and where JSON is wrong.
    #[getter]
    fn cause(&self) -> Option<(String, Option<JsonCause>)> {
        self.0.cause().map(|cause| match cause {
            Cause::Json { category, line, column } => (cause.to_string(), Some((*category, *line, *column))),
            _ => (cause.to_string(), None),
        })
    }
}

/// Runs the body of a native function: what fails in it, or panics, comes out as a `Failure` in the value's place.
pub(crate) fn entry<'py, T>(py: Python<'py>, body: impl FnOnce() -> Result<T>) -> PyResult<Bound<'py, PyAny>>
where
    T: IntoPyObject<'py>,
    PyErr: From<T::Error>,
{
    match guard(body) {
        Ok(value) => Ok(value.into_pyobject(py)?.into_any().into_bound()),
        Err(error) => Ok(Bound::new(py, Failure(error))?.into_any()),
    }
}
