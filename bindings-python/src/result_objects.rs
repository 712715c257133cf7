//! The parts of an answer as the package's own classes, made straight of what the core has read.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyList, PyTuple, PyType};
use smileid_jobs::{Host, JobStatus, Json, Make, Open, Part, Reading};

use crate::arguments::Any;
use crate::dict_cache::{Found, Memories, Shapes};
use crate::slots::{Blank, Slot};
use crate::string_cache::Values;

/// The package's classes, which the core's structs become.
static CLASSES: PyOnceLock<Vec<Class>> = PyOnceLock::new();

struct Class {
    name: String,
    class: Py<PyType>,
    /// Its fields, once one was made.
    slots: PyOnceLock<Vec<Slot>>,
}

/// Takes the classes that views are made of, before the first view is made. They have slots, and no `__init__` has to run.
#[pyfunction]
pub(crate) fn use_classes<'py>(py: Python<'py>, classes: Vec<Bound<'py, PyType>>) -> PyResult<()> {
    let class = |class: Bound<'py, PyType>| {
        Ok(Class { name: class.name()?.to_string(), class: class.unbind(), slots: PyOnceLock::new() })
    };
    let classes = classes.into_iter().map(class).collect::<PyResult<Vec<_>>>()?;
    // The first import's stay: a second one may be put aside again, as tests do, and what came first goes on.
    let _ = CLASSES.set(py, classes);
    Ok(())
}

/// A part as the package's own classes, with tuples for their lists; what Smile ID sent is new dicts and lists.
pub(crate) fn made<'py>(py: Python<'py>, status: &JobStatus, part: Part) -> PyResult<Any<'py>> {
    let shapes = Shapes::new();
    let memories = shapes.memories();
    let reading = &status.reading(part, memories.as_ref().map_or(&[], |memories| memories.known()));
    reading.make(&mut Maker {
        py,
        reading,
        classes: CLASSES.get(py).map_or(&[][..], Vec::as_slice),
        values: Values::new(py),
        variables: 0,
        shapes,
        memories: memories.as_deref(),
        flat: [None, None],
    })
}

/// Makes one part. The core bounds the nesting of what it hands out, so that recursion is safe.
struct Maker<'a, 'py> {
    py: Python<'py>,
    reading: &'a Reading<'a>,
    classes: &'a [Class],
    values: Values<'a, 'py>,
    /// How many values were made that answers do not share.
    variables: usize,
    shapes: Shapes,
    memories: Option<&'a Memories>,
    /// The last dicts without lists and dicts in them. Most are made twice, for a field of ours and in `fields`; nobody
    /// may see in one what was changed in the other.
    flat: [Option<(Open<'a>, Bound<'py, PyDict>)>; 2],
}

struct Begun<'a, 'py> {
    slots: &'a [Slot],
    object: Blank<'py>,
    /// The field after the last one that was set.
    next: usize,
}

impl<'a, 'py> Host<'a> for Maker<'a, 'py> {
    type Made = Any<'py>;
    type View = Begun<'a, 'py>;
    type Error = PyErr;

    fn none(&mut self) -> PyResult<Any<'py>> {
        Ok(self.py.None().into_bound(self.py))
    }

    fn boolean(&mut self, flag: bool) -> PyResult<Any<'py>> {
        Ok(PyBool::new(self.py, flag).to_owned().into_any())
    }

    fn whole(&mut self, number: i64) -> PyResult<Any<'py>> {
        self.variables += 1;
        Ok(number.into_pyobject(self.py)?.into_any())
    }

    fn fraction(&mut self, number: f64) -> PyResult<Any<'py>> {
        self.variables += 1;
        Ok(PyFloat::new(self.py, number).into_any())
    }

    fn text(&mut self, text: &'a str) -> PyResult<Any<'py>> {
        let (text, is_constant) = self.values.text(text);
        self.variables += usize::from(!is_constant);
        Ok(text.into_any())
    }

    fn list(&mut self, items: impl ExactSizeIterator<Item = &'a Json<'a>>) -> PyResult<Any<'py>> {
        let list = PyList::empty(self.py);
        for item in items {
            list.append(item.make(self)?)?;
        }
        Ok(list.into_any())
    }

    fn map(&mut self, open: Open<'a>) -> PyResult<Any<'py>> {
        if let Some(pattern) = self.memories.and_then(|memories| memories.pattern_of(open)) {
            return Ok(pattern.copy(self.py)?.into_any());
        }
        let known = self.flat.iter().flatten().find(|(known, _)| known.is(open));
        if let Some((_, dict)) = known {
            return Ok(dict.copy()?.into_any());
        }
        let keys = open.entries().map(|(key, _)| key);
        let mut is_flat = true;
        let dict = match self.shapes.find(keys.clone()) {
            Found::Shape(shape) => {
                let dict = shape.pattern.copy(self.py)?;
                let (variables, mut constants) = (self.variables, 0);
                for (at, (_, value)) in open.entries().enumerate() {
                    is_flat &= !value.has_parts();
                    let value = value.make(self)?;
                    // Each of them is always the same object.
                    constants = (constants ^ value.as_ptr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                    shape.pattern.set(&dict, at, &value)?;
                }
                // What was recalled does not come here.
                if open.is_actions() && is_flat && variables == self.variables && shape.is_seen_again(constants) {
                    match self.reading.known(open) {
                        Some(known) => self.shapes.remember(known, &dict)?,
                        None => shape.give_up(),
                    }
                }
                dict
            }
            found => {
                let dict = PyDict::new(self.py);
                for (key, value) in open.entries() {
                    is_flat &= !value.has_parts();
                    dict.set_item(key, value.make(self)?)?;
                }
                if let Found::Again(at) = found {
                    self.shapes.learn(at, keys, &dict)?;
                }
                dict
            }
        };
        if is_flat {
            self.flat.rotate_left(1);
            if let Some(last) = self.flat.last_mut() {
                *last = Some((open, dict.clone()));
            }
        }
        Ok(dict.into_any())
    }

    fn tuple<T: Make<'a>>(&mut self, items: impl Iterator<Item = T>) -> PyResult<Any<'py>> {
        let items = items.map(|item| item.make(self)).collect::<PyResult<Vec<_>>>()?;
        Ok(PyTuple::new(self.py, items)?.into_any())
    }

    fn view(&mut self, class: &'static str, names: &'static [&'static str]) -> PyResult<Begun<'a, 'py>> {
        let class = self.classes.iter().find(|known| known.name == class);
        let class = class.ok_or_else(|| PyTypeError::new_err("a view has no such class"))?;
        let bound = class.class.bind(self.py);
        let slots = || names.iter().map(|name| Slot::of(bound, name)).collect::<PyResult<Vec<_>>>();
        let slots = class.slots.get_or_try_init(self.py, slots)?;
        Ok(Begun { slots, object: Blank::of(bound)?, next: 0 })
    }

    fn field(&mut self, view: &mut Begun<'a, 'py>, at: usize, value: Any<'py>) -> PyResult<()> {
        if view.next < at {
            view.pass_to(at)?;
        }
        view.next = at + 1;
        view.set(at, value)
    }

    fn finish(&mut self, mut view: Begun<'a, 'py>) -> PyResult<Any<'py>> {
        view.pass_to(view.slots.len())?;
        Ok(view.object.done())
    }
}

impl<'py> Begun<'_, 'py> {
    #[inline(always)]
    fn set(&self, at: usize, value: Any<'py>) -> PyResult<()> {
        match self.slots.get(at) {
            Some(slot) => self.object.set(slot, value),
            None => Ok(()),
        }
    }

    /// The fields that were passed over are none.
    fn pass_to(&mut self, at: usize) -> PyResult<()> {
        let none = self.object.py().None().into_bound(self.object.py());
        (self.next..at).try_for_each(|at| self.set(at, none.clone()))
    }
}
