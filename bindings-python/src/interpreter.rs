//! One interpreter of a process has the library: its clients, its thread and its end are the process's own.

#![allow(unsafe_code, reason = "an interpreter is known by its id, which only C tells")]

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
#[cfg(not(all(windows, feature = "abi3")))]
use pyo3::ffi;
use pyo3::prelude::*;

const NOBODY: i64 = -1;

static OWNER: AtomicI64 = AtomicI64::new(NOBODY);

/// Takes the library for this interpreter, unless another one has it: the end of either would end the calls of both.
pub(crate) fn claim(py: Python<'_>) -> PyResult<()> {
    let own = current(py);
    match OWNER.compare_exchange(NOBODY, own, Ordering::SeqCst, Ordering::SeqCst) {
        Err(owner) if owner != own => Err(PyImportError::new_err(
            "smileid_jobs works in one interpreter of a process, and another one has imported it already",
        )),
        _ => Ok(()),
    }
}

#[cfg(not(all(windows, feature = "abi3")))]
fn current(_py: Python<'_>) -> i64 {
    // SAFETY: This thread holds an interpreter, which is therefore there.
    unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) }
}

/// The stable ABI of 3.9 does not tell on Windows.
#[cfg(all(windows, feature = "abi3"))]
fn current(_py: Python<'_>) -> i64 {
    NOBODY
}
