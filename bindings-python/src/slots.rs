//! Instances of the package's frozen classes with slots, made without `__init__` and filled past their `__setattr__`.
//!
//! To set an attribute by its name costs more than to make most values, so values are written straight into an instance's
//! memory. This relies on CPython's object layout, which abi3 does not promise: a slot is one pointer among the
//! `__basicsize__` bytes at the object's address, null while it is empty, and at the same place in all instances of a class.
//!
//! The place of each slot is found at run time, once: the slot is set by its name in an instance that nobody else sees, and
//! these bytes, but for the first two words, are searched for the address of what it was set to. Only if that stands there
//! exactly once is it the slot's place; otherwise this slot is set by its name in every instance. That the other instances
//! are laid out as the one that was searched is not looked at again.

#![allow(unsafe_code, reason = "an instance is filled in its memory")]

use pyo3::ffi::{self, PyObject};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyType};

use crate::arguments::Any;

/// What an instance has in its memory at least: a count of references and its class.
const HEADER: usize = 2;

/// A slot of a class.
pub(crate) struct Slot {
    name: Py<PyString>,
    /// Where it is in an instance, in pointers; `None` where it was not found, and it is set by its name.
    place: Option<usize>,
}

impl Slot {
    pub(crate) fn of(class: &Bound<'_, PyType>, name: &str) -> PyResult<Self> {
        let py = class.py();
        let mut slot = Self { name: PyString::intern(py, name).unbind(), place: None };
        let (blank, probe) = (Blank::of(class)?, PyList::empty(py).into_any());
        blank.set(&slot, probe.clone())?;
        let bytes: usize = class.getattr(intern!(py, "__basicsize__"))?.extract()?;
        // SAFETY: The instance has that many bytes, which are aligned for pointers and were all written when it was made.
        let is_at = |place: &usize| unsafe { blank.words().add(*place).read() == probe.as_ptr() };
        let mut places = (HEADER..bytes / size_of::<*mut PyObject>()).filter(is_at);
        slot.place = places.next().filter(|_| places.next().is_none());
        Ok(slot)
    }
}

/// An instance whose slots are empty, and that nobody else has yet.
pub(crate) struct Blank<'py>(Any<'py>);

impl<'py> Blank<'py> {
    /// As `object.__new__` makes one, which is the `__new__` of a class that was written in Python and has none.
    pub(crate) fn of(class: &Bound<'py, PyType>) -> PyResult<Self> {
        // SAFETY: The class is borrowed from a `Bound`, so that it lives and the interpreter is held. What comes back is a new
        // reference, or null with an exception set.
        unsafe {
            let object = ffi::PyType_GenericAlloc(class.as_type_ptr(), 0);
            Bound::from_owned_ptr_or_err(class.py(), object).map(Self)
        }
    }

    /// Sets a slot of its class that is empty as yet.
    #[inline(always)]
    pub(crate) fn set(&self, slot: &Slot, value: Any<'py>) -> PyResult<()> {
        if let Some(place) = slot.place {
            // SAFETY: The place was found in an instance of the same class, so it is within this one and holds a reference
            // or null. Nobody else has the instance, and the reference that is given up here is the slot's from now on.
            unsafe { self.words().add(place).write(value.into_ptr()) };
            return Ok(());
        }
        self.set_by_name(slot, &value)
    }

    #[cold]
    fn set_by_name(&self, slot: &Slot, value: &Any<'py>) -> PyResult<()> {
        // SAFETY: All three are borrowed from what owns them, and the name is a `str`. The slot takes a reference of its own.
        let set = unsafe { ffi::PyObject_GenericSetAttr(self.0.as_ptr(), slot.name.as_ptr(), value.as_ptr()) };
        if set == 0 { Ok(()) } else { Err(PyErr::fetch(self.0.py())) }
    }

    pub(crate) fn py(&self) -> Python<'py> {
        self.0.py()
    }

    pub(crate) fn done(self) -> Any<'py> {
        self.0
    }

    fn words(&self) -> *mut *mut PyObject {
        self.0.as_ptr().cast()
    }
}
