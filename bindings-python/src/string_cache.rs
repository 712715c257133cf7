//! Python texts that are made once: Smile ID's keys and words for good, and other values for as long as one view is made.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyString};

const KEYS: usize = 512;
/// Longer keys are not Smile ID's own.
pub(crate) const LONGEST_KEY: usize = 48;
const VALUES: usize = 64;
/// As many values as a result has that no other has.
const USUAL: usize = 16;

type Key = Option<(Box<str>, Py<PyString>)>;

/// The same few dozen in every answer. Only keys are kept: values are people's.
static ALL_KEYS: Mutex<Vec<Key>> = Mutex::new(Vec::new());

/// What nearly every answer says, and never about whom.
const WORDS: [&str; 20] = [
    "Approved",
    "Completed",
    "Enroll User",
    "Failed",
    "Not Applicable",
    "Not Available",
    "Not Done",
    "Not Returned",
    "Not Verified",
    "Passed",
    "Rejected",
    "Returned",
    "Under Review",
    "Verified",
    "DIVA",
    "SAIA",
    "WebAPI",
    "1.0.0",
    "false",
    "true",
];
const PLACES: usize = 256;

type Word = Option<(Name, Py<PyString>)>;

static ALL_WORDS: PyOnceLock<Vec<Word>> = PyOnceLock::new();

/// A text in three numbers: its length with both its ends, where these are all of it, or with its address.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    length: usize,
    start: u64,
    end: u64,
}

impl Name {
    /// Nothing where both ends are not all of it.
    fn of(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (start, end) = match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(_), Some(_)) if bytes.len() > 16 => return None,
            (Some(start), Some(end)) => (u64::from_le_bytes(*start), u64::from_le_bytes(*end)),
            _ => (bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
        };
        Some(Self { length: bytes.len(), start, end })
    }

    fn at_home(text: &str) -> Self {
        Self { length: text.len(), start: text.as_ptr() as u64, end: 0 }
    }

    /// By the upper bits of a product, which are the good ones: with these, each word has a place of its own.
    fn hash(self) -> usize {
        let mixed = self.start ^ self.end.rotate_left(29) ^ self.length as u64;
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
    }
}

/// The values of one view, each made once: most stand in it twice, and many say `Passed`.
pub(crate) struct Values<'a, 'py> {
    py: Python<'py>,
    known: Vec<(Name, Bound<'py, PyString>)>,
    /// Where each one is known, counted from one: few bytes to clear, for most views are small.
    places: [u8; VALUES],
    words: &'static [Word],
    /// Nobody can end a text while its address is known here.
    borrowed: std::marker::PhantomData<&'a str>,
}

impl<'a, 'py> Values<'a, 'py> {
    pub(crate) fn new(py: Python<'py>) -> Self {
        let words = ALL_WORDS.get_or_init(py, || words(py));
        Self { py, known: Vec::with_capacity(USUAL), places: [0; VALUES], words, borrowed: std::marker::PhantomData }
    }

    /// A text that lives as long as this does, and whether it is one of the words that answers share.
    pub(crate) fn text(&mut self, text: &'a str) -> (Bound<'py, PyString>, bool) {
        let name = Name::of(text).unwrap_or_else(|| Name::at_home(text));
        self.named(name, text)
    }

    /// Any text.
    pub(crate) fn passing_text(&mut self, text: &str) -> Bound<'py, PyString> {
        match Name::of(text) {
            Some(name) => self.named(name, text).0,
            None => PyString::new(self.py, text),
        }
    }

    fn named(&mut self, name: Name, text: &str) -> (Bound<'py, PyString>, bool) {
        let hash = name.hash();
        if let Some(Some((word, value))) = self.words.get(hash % PLACES)
            && *word == name
        {
            return (value.bind(self.py).clone(), true);
        }
        let Some(place) = self.places.get_mut(hash % VALUES) else { return (PyString::new(self.py, text), false) };
        match self.known.get_mut(usize::from(*place).wrapping_sub(1)) {
            Some((known, value)) if *known == name => (value.clone(), false),
            Some(other) => {
                let value = PyString::new(self.py, text);
                *other = (name, value.clone());
                (value, false)
            }
            None => {
                let value = PyString::new(self.py, text);
                self.known.push((name, value.clone()));
                *place = self.known.len() as u8;
                (value, false)
            }
        }
    }
}

/// Of two words in one place the first one stays.
fn words(py: Python<'_>) -> Vec<Word> {
    let mut all: Vec<Word> = Vec::new();
    all.resize_with(PLACES, || None);
    for word in WORDS {
        let Some(name) = Name::of(word) else { continue };
        if let Some(slot @ None) = all.get_mut(name.hash() % PLACES) {
            *slot = Some((name, PyString::intern(py, word).unbind()));
        }
    }
    all
}

/// Whether an object is one of those that many answers share.
pub(crate) fn is_constant(value: &Bound<'_, PyAny>) -> bool {
    let mut words = ALL_WORDS.get(value.py()).into_iter().flatten().flatten();
    value.is_none() || value.is_instance_of::<PyBool>() || words.any(|(_, word)| word.is(value))
}

/// What is known while one view is made as dicts.
pub(crate) struct Texts<'py> {
    py: Python<'py>,
    keys: Option<RefCell<MutexGuard<'static, Vec<Key>>>>,
    values: RefCell<Values<'static, 'py>>,
}

impl<'py> Texts<'py> {
    /// Never waits: who comes second, another thread or a finalizer in the midst of this one, makes new texts.
    pub(crate) fn new(py: Python<'py>) -> Self {
        let keys = match ALL_KEYS.try_lock() {
            Ok(keys) => Some(keys),
            Err(TryLockError::Poisoned(keys)) => Some(keys.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let filled = |mut keys: MutexGuard<'static, Vec<Key>>| {
            keys.resize_with(KEYS, || None);
            RefCell::new(keys)
        };
        Self { py, keys: keys.map(filled), values: RefCell::new(Values::new(py)) }
    }

    pub(crate) fn key(&self, text: &str) -> Bound<'py, PyString> {
        let keys = self.keys.as_ref().filter(|_| text.len() <= LONGEST_KEY);
        let Some(mut keys) = keys.and_then(|keys| keys.try_borrow_mut().ok()) else { return self.made(text) };
        // Two places for each key: among a few dozen keys, some share their first one.
        let first = hash(text) % KEYS;
        let mut place = first;
        for at in [first, first ^ 1] {
            match keys.get(at) {
                Some(Some((known, key))) if **known == *text => return key.bind(self.py).clone(),
                Some(None) => place = at,
                _ => {}
            }
        }
        let key = self.made(text);
        if let Some(slot) = keys.get_mut(place) {
            *slot = Some((text.into(), key.clone().unbind()));
        }
        key
    }

    pub(crate) fn value(&self, text: &str) -> Bound<'py, PyString> {
        self.values.try_borrow_mut().map_or_else(|_| self.made(text), |mut values| values.passing_text(text))
    }

    fn made(&self, text: &str) -> Bound<'py, PyString> {
        PyString::new(self.py, text)
    }
}

/// By both ends and the length, which tell Smile ID's keys apart; what collides is made anew each time.
pub(crate) fn hash(text: &str) -> usize {
    let bytes = text.as_bytes();
    let hash = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first).rotate_left(29) ^ u64::from_le_bytes(*last),
        _ => bytes.iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte)),
    };
    // The constant of Fibonacci hashing, whose upper bits are the good ones.
    ((hash ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}
