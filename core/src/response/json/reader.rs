//! Reads sound JSON.
//!
//! The envelope has checked syntax and nesting before anything comes here. Whatever else came would read as null, not panic.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::known::Known;
use super::scan::plain;
use super::{Entries, Entry, Json, Object};

/// As many entries as results have; a few more would be more bytes than allocators keep at hand.
const USUAL: usize = 18;

/// Past this many keys of one object a map of them is cheaper than to look through all; it keeps hostile objects linear.
const FEW: usize = 24;

/// Past this many objects none is given room in advance: millions of small ones are an attack, not a result.
const MANY: usize = 4096;

/// What a text says, beside what is known from earlier answers.
pub(super) fn read<'a>(text: &'a str, known: &'a [Arc<Known>]) -> Json<'a> {
    Reader { text, at: 0, objects: 0, known }.value().unwrap_or(Json::Null)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// How many objects were read.
    objects: usize,
    known: &'a [Arc<Known>],
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Json<'a>> {
        Some(match self.next()? {
            b'"' => self.string()?,
            b'{' => Json::Object(self.object()?),
            b'[' => Json::Array(self.array()?),
            b't' => self.word("true", Json::Bool(true))?,
            b'f' => self.word("false", Json::Bool(false))?,
            b'n' => self.word("null", Json::Null)?,
            _ => self.number()?,
        })
    }

    /// The next byte that is no white space.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        // Compact JSON has none; nothing else in JSON is below a space.
        let byte = *self.text.as_bytes().get(self.at)?;
        if byte > b' ' { Some(byte) } else { self.next_after_space() }
    }

    #[inline(never)]
    fn next_after_space(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    #[inline(always)]
    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Option<Json<'a>> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn number(&mut self) -> Option<Json<'a>> {
        let rest = self.text.get(self.at..)?;
        let is_of_it = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.bytes().take_while(is_of_it).count();
        self.at += length;
        rest.get(..length).filter(|digits| !digits.is_empty()).map(Json::Number)
    }

    #[inline(always)]
    fn string(&mut self) -> Option<Json<'a>> {
        match self.plain_string() {
            Some(text) => Some(Json::Text(Cow::Borrowed(text))),
            None => self.escaped_string(),
        }
    }

    /// A string without escapes; nothing, and nothing is passed over, for others.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let [b'"', after @ ..] = plain(self.text.as_bytes().get(start..)?) else { return None };
        self.at = self.text.len() - after.len();
        self.text.get(start..self.at - 1)
    }

    #[inline(never)]
    fn escaped_string(&mut self) -> Option<Json<'a>> {
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..)?;
        let mut end = 0;
        while *rest.get(end)? != b'"' {
            end += if rest.get(end) == Some(&b'\\') { 2 } else { 1 };
        }
        let raw = self.text.get(self.at..start + end + 1)?;
        self.at = start + end + 1;
        Some(serde_json::from_str(raw).map_or(Json::Lone(raw), |text| Json::Text(Cow::Owned(text))))
    }

    fn array(&mut self) -> Option<Vec<Json<'a>>> {
        self.skip(b'[')?;
        let mut items = Vec::new();
        if self.next()? != b']' {
            loop {
                items.push(self.value()?);
                if self.next()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.skip(b']')?;
        Some(items)
    }

    fn object(&mut self) -> Option<Object<'a>> {
        if let Some(known) = self.recall() {
            return Some(known);
        }
        self.skip(b'{')?;
        let mut entries: Vec<Entry<'a>> = Vec::new();
        // Made only for many: hashing has its own price to get ready.
        let mut places: Option<HashMap<Cow<'a, str>, usize>> = None;
        // A bit for each key so far: most keys find theirs free, and need not be compared with any.
        let mut marks: u64 = 0;
        if self.next()? != b'}' {
            entries.reserve_exact(if self.objects < MANY { USUAL } else { 1 });
            self.objects += 1;
            loop {
                self.next()?;
                let key = match self.plain_string() {
                    Some(key) => Cow::Borrowed(key),
                    None => match self.escaped_string()? {
                        Json::Text(key) => key,
                        // It must not lose the whole answer.
                        Json::Lone(raw) => Cow::Borrowed(raw),
                        _ => return None,
                    },
                };
                let mark = mark(&key);
                self.skip(b':')?;
                // Most values are texts, which need no call.
                let value = match self.next()? {
                    b'"' => self.string()?,
                    _ => self.value()?,
                };
                let earlier = if marks & mark == 0 && entries.len() < FEW {
                    None
                } else if entries.len() < FEW {
                    entries.iter().position(|(earlier, _)| *earlier == key)
                } else {
                    let known = entries.iter().enumerate().map(|(at, (earlier, _))| (earlier.clone(), at));
                    let places = places.get_or_insert_with(|| known.collect());
                    let at = *places.entry(key.clone()).or_insert(entries.len());
                    (at < entries.len()).then_some(at)
                };
                marks |= mark;
                match earlier.and_then(|at| entries.get_mut(at)) {
                    Some(entry) => entry.1 = value,
                    None => entries.push((key, value)),
                }
                if self.next()? != b',' {
                    break;
                }
                self.at += 1;
            }
        }
        self.skip(b'}')?;
        Some(Object(Entries::Read(entries)))
    }

    /// An object that is known by its text.
    fn recall(&mut self) -> Option<Object<'a>> {
        if self.known.is_empty() {
            return None;
        }
        let (object, length) = Known::recall(self.known, self.text.as_bytes().get(self.at..)?)?;
        self.at += length;
        Some(object)
    }
}

/// One of 64 bits for a key, by its length and both its ends.
#[inline(always)]
fn mark(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let hash = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => u32::from_le_bytes(*first).rotate_left(13) ^ u32::from_le_bytes(*last),
        _ => bytes.iter().fold(0, |hash, byte| hash << 8 | u32::from(*byte)),
    };
    1 << ((hash ^ bytes.len() as u32).wrapping_mul(0x9e37_79b9) >> 26)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millions_of_small_objects_take_little_room() {
        let text = format!("[{}{{}}]", "{\"\":0},".repeat(MANY + 1));
        let Json::Array(items) = read(&text, &[]) else { panic!("it is a list") };
        let room = |item: &Json<'_>| match item {
            Json::Object(Object(Entries::Read(entries))) => entries.capacity(),
            _ => 0,
        };
        assert_eq!((room(&items[0]), room(&items[MANY])), (USUAL, 1));
    }
}
