//! The native half of the Python package `smileid_jobs`; private to it.
//!
//! Nothing here runs Python code, signal handlers of the main thread aside: a function that fails returns a `Failure`
//! for the Python half to raise. A daemon thread that Python ends while it waits for the interpreter would otherwise be
//! unwound through Rust's frames, which aborts the process.

#![deny(unsafe_code)]

mod answer;
mod arguments;
mod bridge;
mod client;
mod dict_cache;
mod events;
mod exit;
mod failure;
mod interpreter;
mod result_objects;
mod signature;
mod slots;
mod status;
mod streams;
mod string_cache;
mod verb_arguments;

/// What the package `smileid_jobs` is built on.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::bridge::Bridge;
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::events::{listen_to_events, take_events};
    #[pymodule_export]
    use super::exit::{seal, shutdown};
    #[pymodule_export]
    use super::failure::Failure;
    #[pymodule_export]
    use super::result_objects::use_classes;
    #[pymodule_export]
    use super::signature::Signature;
    #[pymodule_export]
    use super::status::Status;
    #[pymodule_export]
    use super::streams::{Many, Watch};

    /// The version of the library.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::interpreter::claim(module.py())
    }
}
