//! A checked callback as the Python half holds it.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use smileid_jobs::Naming;

use crate::convert::to_python;

/// What checking a callback returns when it works.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Callback(pub(crate) smileid_jobs::Callback);

#[pymethods]
impl Callback {
    /// The body, byte for byte.
    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.raw())
    }

    /// The whole typed view, new objects in every call.
    fn view<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.0.view(Naming::Snake))
    }
}
