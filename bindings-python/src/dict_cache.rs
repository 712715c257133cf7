//! The keys of Smile ID's objects and of our own classes, which are the same ones in nearly every answer: a dict that has
//! them already is copied and filled, instead of growing key by key.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use smileid_jobs::{Known, Open};

use crate::arguments::Any;
use crate::string_cache::{LONGEST_KEY, hash, is_constant};

const SHAPES: usize = 64;
/// Objects with more keys are not Smile ID's own.
const MOST_KEYS: usize = 64;

/// Products differ in how many verdicts on each step are common.
const MEMORIES: usize = 16;

const NEVER: u64 = 2;

static ALL: Mutex<All> = Mutex::new(All { slots: Vec::new(), memories: None });

struct All {
    slots: Vec<Slot>,
    memories: Option<Arc<Memories>>,
}

#[derive(Default)]
struct Slot {
    /// What stood here last, by its hash. Keys are kept only once they came twice in a row here: those that an app made up
    /// for one person's answer seldom do.
    seen: u64,
    shape: Option<Arc<Shape>>,
}

/// A kind of object that Smile ID sends.
pub(crate) struct Shape {
    texts: Vec<Box<str>>,
    pub(crate) pattern: Pattern,
    /// Which constants stood in the last `Actions` that had nothing else, by a hash.
    seen: AtomicU64,
}

/// The `Actions` that many answers share word for word: they are told by their text, and neither read nor made again.
///
/// They say nothing about a person: their keys are Smile ID's own, and their values are flags, nulls and words that all
/// answers share. The text of other objects is not kept, because a key in it may be personal data, as in
/// `{"jane@example.org":"Rejected"}`.
#[derive(Default, Clone)]
pub(crate) struct Memories {
    known: Vec<Arc<Known>>,
    patterns: Vec<Arc<Pattern>>,
    /// Which one the next one takes the place of, once all places are taken.
    oldest: usize,
}

/// A dict to copy: the keys of the one it was made of, and of its values only flags, nulls and words that all answers share,
/// such as `Passed`.
pub(crate) struct Pattern {
    keys: Vec<Py<PyString>>,
    held: Vec<Py<PyAny>>,
    dict: Py<PyDict>,
}

/// What is known of an object's keys.
pub(crate) enum Found {
    Shape(Arc<Shape>),
    /// Nothing yet, but it is worth while to tell what was made, and that it belongs here.
    Again(usize),
    Nothing,
}

/// What is known while one part is made.
pub(crate) struct Shapes(Option<MutexGuard<'static, All>>);

impl Shapes {
    /// Never waits: who comes second, another thread or a finalizer in the midst of this one, does without.
    pub(crate) fn new() -> Self {
        let mut all = match ALL.try_lock() {
            Ok(all) => all,
            Err(TryLockError::Poisoned(all)) => all.into_inner(),
            Err(TryLockError::WouldBlock) => return Self(None),
        };
        if all.slots.is_empty() {
            all.slots.resize_with(SHAPES, Slot::default);
        }
        Self(Some(all))
    }

    pub(crate) fn memories(&self) -> Option<Arc<Memories>> {
        self.0.as_ref()?.memories.clone()
    }

    /// Looks for an object with these keys, which are all different.
    pub(crate) fn find<'k>(&mut self, mut keys: impl Iterator<Item = &'k str> + Clone) -> Found {
        let all = keys.clone();
        let (_, most) = keys.size_hint();
        let (Some(all_shapes), Some(first)) = (&mut self.0, keys.next()) else { return Found::Nothing };
        // Products differ in how many keys their objects have.
        let at = (hash(first) ^ most.unwrap_or_default()) % SHAPES;
        let Some(slot) = all_shapes.slots.get_mut(at) else { return Found::Nothing };
        let known = slot.shape.as_ref().filter(|shape| all.clone().eq(shape.texts.iter().map(AsRef::as_ref)));
        if let Some(shape) = known {
            return Found::Shape(Arc::clone(shape));
        }
        let all = all.fold(0, |all: u64, key| (all ^ hash(key) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        if slot.seen == all {
            return Found::Again(at);
        }
        slot.seen = all;
        Found::Nothing
    }

    /// Takes what was made of an object that was seen before.
    pub(crate) fn learn<'k>(
        &mut self,
        at: usize,
        texts: impl Iterator<Item = &'k str>,
        made: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let texts: Vec<Box<str>> = texts.map(Into::into).collect();
        if texts.len() <= MOST_KEYS && texts.iter().all(|text| text.len() <= LONGEST_KEY) {
            let shape = Shape { texts, pattern: Pattern::of(made)?, seen: AtomicU64::new(0) };
            if let Some(slot) = self.0.as_mut().and_then(|all| all.slots.get_mut(at)) {
                slot.shape = Some(Arc::new(shape));
            }
        }
        Ok(())
    }

    /// Takes what was made of `Actions` that hold constants only.
    pub(crate) fn remember(&mut self, known: Known, made: &Bound<'_, PyDict>) -> PyResult<()> {
        let Some(all) = &mut self.0 else { return Ok(()) };
        let mut memories = all.memories.as_deref().cloned().unwrap_or_default();
        if memories.known.iter().any(|earlier| earlier.is_like(&known)) {
            return Ok(());
        }
        let (known, pattern) = (Arc::new(known), Arc::new(Pattern::of(made)?));
        if memories.known.len() < MEMORIES {
            memories.known.push(known);
            memories.patterns.push(pattern);
        } else {
            let at = memories.oldest % MEMORIES;
            memories.oldest = at + 1;
            memories.known.splice(at..=at, [known]);
            memories.patterns.splice(at..=at, [pattern]);
        }
        all.memories = Some(Arc::new(memories));
        Ok(())
    }
}

impl Shape {
    /// Whether the last `Actions` that held constants only held the same ones. An odd number stands for these.
    pub(crate) fn is_seen_again(&self, constants: u64) -> bool {
        let seen = self.seen.load(Ordering::Relaxed);
        if seen != NEVER {
            self.seen.store(constants, Ordering::Relaxed);
        }
        seen == constants
    }

    /// No `Actions` of this shape are worth another try: those that came have a text that nothing can be told by.
    pub(crate) fn give_up(&self) {
        self.seen.store(NEVER, Ordering::Relaxed);
    }
}

impl Memories {
    pub(crate) fn known(&self) -> &[Arc<Known>] {
        &self.known
    }

    /// What an object was recalled by.
    pub(crate) fn pattern_of(&self, open: Open<'_>) -> Option<&Pattern> {
        let at = self.known.iter().position(|known| known.is(open))?;
        self.patterns.get(at).map(Arc::as_ref)
    }
}

impl Pattern {
    pub(crate) fn of(made: &Bound<'_, PyDict>) -> PyResult<Self> {
        let py = made.py();
        let (mut keys, mut held) = (Vec::with_capacity(made.len()), Vec::with_capacity(made.len()));
        let dict = PyDict::new(py);
        for (key, value) in made {
            let value = if is_constant(&value) { value } else { py.None().into_bound(py) };
            dict.set_item(&key, &value)?;
            keys.push(key.cast_into()?.unbind());
            held.push(value.unbind());
        }
        Ok(Self { keys, held, dict: dict.unbind() })
    }

    pub(crate) fn copy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.dict.bind(py).copy()
    }

    /// Sets a value in a copy.
    pub(crate) fn set(&self, copy: &Bound<'_, PyDict>, at: usize, value: &Any<'_>) -> PyResult<()> {
        match (self.keys.get(at), self.held.get(at)) {
            (Some(key), Some(held)) if !held.is(value) => copy.set_item(key.bind(copy.py()), value),
            _ => Ok(()),
        }
    }
}
