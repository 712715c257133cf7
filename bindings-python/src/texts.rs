//! Python texts that are made once: Smile ID's keys for good, and short values for as long as one view is made.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;
use pyo3::types::PyString;

const KEYS: usize = 512;
/// Longer keys are not Smile ID's own.
const LONGEST_KEY: usize = 48;
const VALUES: usize = 64;
/// Longer values are told by heart less often than they would be compared.
const LONGEST_VALUE: usize = 16;

type Key = Option<(Box<str>, Py<PyString>)>;
type Value<'py> = Option<(usize, [u8; LONGEST_VALUE], Bound<'py, PyString>)>;

/// The same few dozen in every answer. Only keys are kept: values are people's.
static ALL_KEYS: Mutex<Vec<Key>> = Mutex::new(Vec::new());

/// What is known while one view is made.
pub(crate) struct Texts<'py> {
    py: Python<'py>,
    keys: Option<RefCell<MutexGuard<'static, Vec<Key>>>>,
    values: RefCell<[Value<'py>; VALUES]>,
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
        Self { py, keys: keys.map(filled), values: RefCell::new([const { None }; VALUES]) }
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

    /// Most values stand twice in a view, in a field of ours and in `fields`, and many say `Passed`.
    pub(crate) fn value(&self, text: &str) -> Bound<'py, PyString> {
        let mut bytes = [0; LONGEST_VALUE];
        let Some(start) = bytes.get_mut(..text.len()) else { return self.made(text) };
        start.copy_from_slice(text.as_bytes());
        let Ok(mut values) = self.values.try_borrow_mut() else { return self.made(text) };
        let Some(slot) = values.get_mut(hash(text) % VALUES) else { return self.made(text) };
        if let Some((_, _, value)) = slot.as_ref().filter(|known| known.0 == text.len() && known.1 == bytes) {
            return value.clone();
        }
        let value = self.made(text);
        *slot = Some((text.len(), bytes, value.clone()));
        value
    }

    fn made(&self, text: &str) -> Bound<'py, PyString> {
        PyString::new(self.py, text)
    }
}

/// By both ends and the length, which tell Smile ID's keys apart; what collides is made anew each time.
fn hash(text: &str) -> usize {
    let bytes = text.as_bytes();
    let hash = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first).rotate_left(29) ^ u64::from_le_bytes(*last),
        _ => bytes.iter().fold(0, |hash, byte| hash << 8 | u64::from(*byte)),
    };
    // The constant of Fibonacci hashing, whose upper bits are the good ones.
    ((hash ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize
}
