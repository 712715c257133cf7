//! The core's views as Python's dicts, lists and scalars.

use std::fmt;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList};
use serde::ser::{Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use smileid_jobs::{Naming, View};

use crate::string_cache::Texts;

/// A view as new dicts, lists and scalars.
pub(crate) fn plain<'py>(py: Python<'py>, view: &impl View) -> PyResult<Bound<'py, PyAny>> {
    let texts = Texts::new(py);
    Ok(view.serialize_as(Naming::Snake, Builder { py, texts: &texts, is_key: false })?)
}

/// Makes one value. The core bounds the nesting of what it hands out, so that recursion is safe.
#[derive(Clone, Copy)]
struct Builder<'a, 'py> {
    py: Python<'py>,
    texts: &'a Texts<'py>,
    is_key: bool,
}

#[derive(Debug)]
struct Failed(PyErr);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failed {}

impl serde::ser::Error for Failed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(PyTypeError::new_err(message.to_string()))
    }
}

impl From<PyErr> for Failed {
    fn from(error: PyErr) -> Self {
        Self(error)
    }
}

impl From<Failed> for PyErr {
    fn from(error: Failed) -> Self {
        error.0
    }
}

type Made<'py> = Result<Bound<'py, PyAny>, Failed>;

/// For the types that no view has.
fn foreign<T>() -> Result<T, Failed> {
    Err(serde::ser::Error::custom("a view holds no such value"))
}

impl<'a, 'py> Serializer for Builder<'a, 'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Failed;
    type SerializeSeq = Items<'a, 'py>;
    type SerializeMap = Entries<'a, 'py>;
    type SerializeStruct = Entries<'a, 'py>;
    type SerializeTuple = Impossible<Self::Ok, Failed>;
    type SerializeTupleStruct = Impossible<Self::Ok, Failed>;
    type SerializeTupleVariant = Impossible<Self::Ok, Failed>;
    type SerializeStructVariant = Impossible<Self::Ok, Failed>;

    fn serialize_none(self) -> Made<'py> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn serialize_unit(self) -> Made<'py> {
        self.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Made<'py> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Made<'py> {
        value.serialize(self)
    }

    fn serialize_bool(self, value: bool) -> Made<'py> {
        Ok(PyBool::new(self.py, value).to_owned().into_any())
    }

    fn serialize_i64(self, value: i64) -> Made<'py> {
        let whole: Bound<'py, PyInt> = value.into_pyobject(self.py).map_err(PyErr::from)?;
        Ok(whole.into_any())
    }

    fn serialize_u64(self, value: u64) -> Made<'py> {
        let whole: Bound<'py, PyInt> = value.into_pyobject(self.py).map_err(PyErr::from)?;
        Ok(whole.into_any())
    }

    fn serialize_f64(self, value: f64) -> Made<'py> {
        Ok(PyFloat::new(self.py, value).into_any())
    }

    fn serialize_str(self, value: &str) -> Made<'py> {
        Ok(match self.is_key {
            true => self.texts.key(value),
            false => self.texts.value(value),
        }
        .into_any())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Self::SerializeSeq, Failed> {
        Ok(Items { builder: self, items: Vec::with_capacity(length.unwrap_or_default()) })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failed> {
        Ok(Entries { builder: self, dict: PyDict::new(self.py), key: None })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Failed> {
        self.serialize_map(None)
    }

    fn serialize_i8(self, value: i8) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_u8(self, value: u8) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Made<'py> {
        self.serialize_i64(value.into())
    }

    fn serialize_f32(self, value: f32) -> Made<'py> {
        self.serialize_f64(value.into())
    }

    fn serialize_char(self, _: char) -> Made<'py> {
        foreign()
    }

    fn serialize_bytes(self, _: &[u8]) -> Made<'py> {
        foreign()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Made<'py> {
        foreign()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Made<'py> {
        foreign()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Made<'py> {
        foreign()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Failed> {
        foreign()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Failed> {
        foreign()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Failed> {
        foreign()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Failed> {
        foreign()
    }
}

struct Items<'a, 'py> {
    builder: Builder<'a, 'py>,
    items: Vec<Bound<'py, PyAny>>,
}

impl<'py> SerializeSeq for Items<'_, 'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.items.push(value.serialize(self.builder)?);
        Ok(())
    }

    fn end(self) -> Made<'py> {
        Ok(PyList::new(self.builder.py, self.items)?.into_any())
    }
}

struct Entries<'a, 'py> {
    builder: Builder<'a, 'py>,
    dict: Bound<'py, PyDict>,
    key: Option<Bound<'py, PyAny>>,
}

impl<'py> SerializeMap for Entries<'_, 'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Failed;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        self.key = Some(key.serialize(Builder { is_key: true, ..self.builder })?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        let value = value.serialize(self.builder)?;
        self.dict.set_item(self.key.take(), value)?;
        Ok(())
    }

    fn end(self) -> Made<'py> {
        Ok(self.dict.into_any())
    }
}

impl<'py> SerializeStruct for Entries<'_, 'py> {
    type Ok = Bound<'py, PyAny>;
    type Error = Failed;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.serialize_entry(name, value)
    }

    fn end(self) -> Made<'py> {
        SerializeMap::end(self)
    }
}
