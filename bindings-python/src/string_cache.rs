//! Python texts that are made once: Smile ID's words for good, and other values for as long as one part is made.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyString};

/// Longer keys are not Smile ID's own.
pub(crate) const LONGEST_KEY: usize = 48;
const VALUES: usize = 64;
/// As many values as a result has that no other has.
const USUAL: usize = 16;

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
