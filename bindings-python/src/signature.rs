//! Signing and checking timestamps.

use pyo3::prelude::*;

use crate::arguments::{Any, optional, string};
use crate::failure::entry;

/// Makes and checks signatures for one partner.
#[pyclass(frozen, module = "smileid_jobs._native")]
pub(crate) struct Signature(smileid_jobs::Signature);

#[pymethods]
impl Signature {
    /// A `Signature`, or why not.
    #[staticmethod]
    fn make<'py>(py: Python<'py>, partner_id: Any<'py>, api_key: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let partner_id = string("partner_id", &partner_id)?;
            Ok(Self(smileid_jobs::Signature::new(&partner_id, string("api_key", &api_key)?)?))
        })
    }

    /// The timestamp and its signature; `None` stands for now.
    fn generate<'py>(&self, py: Python<'py>, timestamp: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let signed = self.0.generate_signature(optional("timestamp", &timestamp)?.as_deref());
            Ok((signed.timestamp, signed.signature))
        })
    }

    /// Whether a signature belongs to a timestamp.
    fn confirm<'py>(&self, py: Python<'py>, timestamp: Any<'py>, signature: Any<'py>) -> PyResult<Any<'py>> {
        entry(py, || {
            let (timestamp, signature) = (string("timestamp", &timestamp)?, string("signature", &signature)?);
            Ok(self.0.confirm_signature(&timestamp, &signature))
        })
    }
}
