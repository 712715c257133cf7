//! A status as the Python half holds it; what is not a flag or a text is made when somebody looks.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use smileid_jobs::{ErrorCode, JobStatus, Naming, Part, View};

use crate::arguments::{Any, id};
use crate::failure::entry;
use crate::result_objects::made;

/// What a call returns when it works.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Status(pub(crate) JobStatus);

#[pymethods]
impl Status {
    /// Reads a body that was verified before, for unpickling.
    #[staticmethod]
    fn from_verified<'py>(py: Python<'py>, user_id: Any<'py>, job_id: Any<'py>, raw: &[u8]) -> PyResult<Any<'py>> {
        entry(py, || {
            let (user_id, job_id) = (id("user_id", &user_id)?, id("job_id", &job_id)?);
            Ok(Self(JobStatus::from_verified(&user_id, &job_id, raw.to_vec().into())?))
        })
    }

    #[getter]
    fn job_complete(&self) -> bool {
        self.0.job_complete()
    }

    #[getter]
    fn job_success(&self) -> Option<bool> {
        self.0.job_success()
    }

    #[getter]
    fn code(&self) -> Option<&str> {
        self.0.code()
    }

    #[getter]
    fn user_id(&self) -> &str {
        self.0.user_id()
    }

    #[getter]
    fn job_id(&self) -> &str {
        self.0.job_id()
    }

    #[getter]
    fn timestamp(&self) -> &str {
        self.0.timestamp()
    }

    #[getter]
    fn signature(&self) -> &str {
        self.0.signature()
    }

    /// The body after content decoding.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.raw())
    }

    #[getter]
    fn message(&self) -> Option<&str> {
        self.0.message()
    }

    #[getter]
    fn kyc_receipt(&self) -> Option<&str> {
        self.0.kyc_receipt()
    }

    #[getter]
    fn kyb_receipt(&self) -> Option<&str> {
        self.0.kyb_receipt()
    }

    // The rest are new objects in every call.

    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        made(py, &self.0, Part::Result)
    }

    fn history<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if !self.0.has_history() {
            return Ok(PyTuple::empty(py).into_any());
        }
        made(py, &self.0, Part::History)
    }

    fn image_links<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        made(py, &self.0, Part::ImageLinks)
    }

    /// As JSON text.
    fn extras(&self) -> String {
        self.0.extras().json(Naming::Snake, 0)
    }

    /// What `CallbackDelivery` is made of, in its order.
    fn callback_delivery(&self) -> Option<(bool, u32, Option<u16>, Option<&'static str>)> {
        let delivery = self.0.callback_delivery()?;
        Some((delivery.delivered, delivery.attempts, delivery.http_status, delivery.error.map(ErrorCode::as_str)))
    }

    /// The whole typed view as JSON text.
    fn view(&self) -> String {
        self.0.to_json(Naming::Snake)
    }
}
