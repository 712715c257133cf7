//! Sound JSON, read once and borrowed from the body: texts without escapes stay where they are, numbers keep their digits.
//!
//! The envelope has checked syntax and nesting before anything comes here. Whatever else came would read as null, not panic.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::making::{Host, Make};
use super::parts::Open;
use super::scan::{plain, value};
use crate::config::MAX_NESTING;

/// Integers beyond this are not exact in every host language.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

#[doc(hidden)]
pub enum Json<'a> {
    Null,
    Bool(bool),
    /// By its digits.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// A string that no text type holds, for it has a lone surrogate: by its JSON text.
    Lone(&'a str),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

type Entry<'a> = (Cow<'a, str>, Json<'a>);

/// Entries in the order received. Of two equal keys the last one counts, as in every host's own parser.
#[doc(hidden)]
pub struct Object<'a>(Entries<'a>);

enum Entries<'a> {
    Read(Vec<Entry<'a>>),
    /// Of an object that was read in an earlier answer.
    Known(&'a [Entry<'a>]),
}

impl<'a> Json<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        Self::read_beside(text, &[])
    }

    /// The same beside what is known from earlier answers.
    pub(super) fn read_beside(text: &'a str, known: &'a [Arc<Known>]) -> Self {
        Reader { text, at: 0, known }.value().unwrap_or(Self::Null)
    }

    pub(super) fn object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub(super) fn items(&self) -> &[Json<'a>] {
        if let Self::Array(items) = self { items } else { &[] }
    }

    /// Whether it is a list or an object.
    #[must_use]
    pub fn has_parts(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }

    pub(super) fn string(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A string, or a number by its digits.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Number(digits) = self { Some(digits) } else { self.string() }
    }

    /// A boolean, or `"true"` and `"false"` in any case.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Text(word) if word.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(word) if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A finite number, or its decimal text.
    pub(super) fn number(&self) -> Option<f64> {
        let text = self.text()?;
        // `parse` also takes `inf` and `nan`, which are no decimal texts.
        let decimal = text.bytes().any(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &f64| decimal && number.is_finite())
    }

    /// A whole number, also written as `6.0`, or its digits as text.
    pub(super) fn integer(&self) -> Option<i64> {
        let whole = match self {
            Self::Number(digits) => digits.strip_suffix(".0").unwrap_or(digits),
            other => other.string()?,
        };
        whole.parse().ok().filter(|number: &i64| number.unsigned_abs() <= MAX_SAFE_INTEGER)
    }

    /// The texts of an array, or nothing.
    pub(super) fn texts(&self) -> Vec<&str> {
        self.items().iter().filter_map(Self::text).collect()
    }

    /// The value of its own. What no host type can hold stands as its JSON text: integers beyond ±(2⁵³ − 1), numbers
    /// beyond a double, strings with a lone surrogate.
    pub(super) fn own(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(digits) => match exact(digits) {
                Some(Exact::Whole(whole)) => whole.into(),
                Some(Exact::Fraction(number)) => number.into(),
                None => Value::from(*digits),
            },
            Self::Text(text) => Value::from(text.as_ref()),
            Self::Lone(raw) => Value::from(*raw),
            Self::Array(items) => items.iter().map(Self::own).collect(),
            Self::Object(object) => Value::Object(object.own()),
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Json<'a>)> + Clone {
        self.as_slice().iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(super) fn as_slice(&self) -> &[Entry<'a>] {
        match &self.0 {
            Entries::Read(entries) => entries,
            Entries::Known(entries) => entries,
        }
    }

    fn own(&self) -> Map<String, Value> {
        let mut map = Map::with_capacity(self.as_slice().len());
        map.extend(self.entries().map(|(key, value)| (key.to_owned(), value.own())));
        map
    }
}

enum Exact {
    Whole(i64),
    Fraction(f64),
}

/// A number that every host type holds.
fn exact(digits: &str) -> Option<Exact> {
    if digits.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || digits == "-0" {
        return digits.parse().ok().filter(|number: &f64| number.is_finite()).map(Exact::Fraction);
    }
    let whole: i64 = digits.parse().ok()?;
    (whole.unsigned_abs() <= MAX_SAFE_INTEGER).then_some(Exact::Whole(whole))
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(digits) => match exact(digits) {
                Some(Exact::Whole(whole)) => serializer.serialize_i64(whole),
                Some(Exact::Fraction(number)) => serializer.serialize_f64(number),
                None => serializer.serialize_str(digits),
            },
            Self::Text(text) => serializer.serialize_str(text),
            Self::Lone(raw) => serializer.serialize_str(raw),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl<'a> Make<'a> for &'a Json<'a> {
    fn make<H: Host<'a>>(&self, host: &mut H) -> Result<H::Made, H::Error> {
        match self {
            Json::Null => host.none(),
            Json::Bool(flag) => host.boolean(*flag),
            Json::Number(digits) => match exact(digits) {
                Some(Exact::Whole(whole)) => host.whole(whole),
                Some(Exact::Fraction(number)) => host.fraction(number),
                None => host.text(digits),
            },
            Json::Text(text) => host.text(text),
            Json::Lone(raw) => host.text(raw),
            Json::Array(items) => host.list(items.iter()),
            Json::Object(object) => host.map(Open::all(object)),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.as_slice().len()))?;
        for (key, value) in self.as_slice() {
            map.serialize_entry(key.as_ref(), value)?;
        }
        map.end()
    }
}

/// As many entries as results have; a few more would be more bytes than allocators keep at hand.
const USUAL: usize = 18;

/// Past this many entries a set of keys is cheaper than to look through them; it keeps hostile objects linear.
const FEW: usize = 24;

struct Reader<'a> {
    text: &'a str,
    at: usize,
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
            entries.reserve(USUAL);
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
        let rest = self.text.as_bytes().get(self.at..)?;
        let start = rest.first_chunk().copied().map(u128::from_le_bytes)?;
        // All of an object ends where it ends, whatever follows.
        let mut alike = self.known.iter().filter(|known| known.start == start);
        let known = alike.find(|known| rest.starts_with(known.text.as_bytes()))?;
        self.at += known.text.len();
        Some(Object(Entries::Known(&known.entries)))
    }
}

/// An object that many answers have, word by word: it need not be read again.
#[doc(hidden)]
pub struct Known {
    /// As it stands in answers.
    text: Box<str>,
    start: u128,
    entries: Vec<Entry<'static>>,
}

impl Known {
    /// Longer ones are not worth their memory.
    const LONGEST: usize = 2048;

    /// An object out of this text that has nothing but texts, flags and nulls in it. Nothing for others, and for those
    /// whose text says more than what was read of it.
    pub(super) fn of(text: &str, open: Open<'_>) -> Option<Self> {
        let (first, _) = open.entries().next()?;
        // The first key stands in the text, unless it has escapes: right behind the brace.
        let key = (first.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
        let from = text.get(..key)?.strip_suffix('"')?.trim_end().strip_suffix('{')?.len();
        let rest = text.get(from..)?.as_bytes();
        let length = rest.len() - value(rest, MAX_NESTING)?.len();
        let text = text.get(from..from + length).filter(|text| text.len() <= Self::LONGEST)?;
        let own = |(key, value): (&str, &Json<'_>)| {
            let value = match value {
                Json::Null => Json::Null,
                Json::Bool(flag) => Json::Bool(*flag),
                Json::Text(text) => Json::Text(Cow::Owned(text.as_ref().to_owned())),
                _ => return None,
            };
            Some((Cow::Owned(key.to_owned()), value))
        };
        let entries = open.entries().map(own).collect::<Option<Vec<_>>>()?;
        let known = Object(Entries::Known(&entries));
        let told = serde_json::to_string(&known).ok()?;
        let without_space = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
        if without_space(text) != without_space(&told) {
            return None;
        }
        let start = text.as_bytes().first_chunk().copied().map(u128::from_le_bytes)?;
        Some(Self { text: text.into(), start, entries })
    }

    /// Whether an object was recalled by this.
    #[must_use]
    pub fn is(&self, open: Open<'_>) -> bool {
        open.is_all(&self.entries)
    }

    /// Whether both are of the same text.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.text == other.text
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

    fn known(text: &str) -> Option<Known> {
        Known::of(text, Open::actions(&Json::read(text)))
    }

    #[test]
    fn what_is_known_is_read_as_if_it_were_not() {
        let text = r#"{"Verify_ID":"Passed","Compare" : null, "ọ":true}"#.to_owned();
        let all = [known(&text).map(Arc::new).unwrap()];
        for body in [
            text.clone(),
            format!(r#"[{text},{{"Actions":{text}, "a":{text}}},7]"#),
            text.replace("true", "false"),
            text.replace("Passed", "Passe"),
            text.replace('}', r#","more":1}"#),
            text.replace(" :", ":"),
            r#"{"a":"#.to_owned() + &text,
            text.get(..30).unwrap().to_owned(),
        ] {
            assert_eq!(Json::read_beside(&body, &all).own(), Json::read(&body).own(), "{body}");
        }
        let Json::Object(object) = Json::read_beside(&text, &all) else { panic!() };
        assert!(all[0].is(Open::all(&object)));
        assert!(!all[0].is(Open::rest(&object, &["Compare"])));
        assert!(!all[0].is(Open::actions(&Json::read(&text))));
    }

    #[test]
    fn only_an_object_that_says_no_more_than_was_read_is_known() {
        assert!(known(r#"{"Verify_ID":"Passed","Compare":"Not  Done"}"#).is_some());
        for text in [
            r#"{"Verify_ID":"Passed","Verify_ID":"Passed"}"#,
            r#"{"Verify_ID":"Pass\u0065d","Compare":null}"#,
            r#"{"V\u0065rify_ID":"Passed","Compare":null}"#,
            r#"{"Verify_ID":"Passed","Compare":7}"#,
            r#"{"Verify_ID":"Passed","Compare":[]}"#,
            r#"{"Verify_ID":"Passed","Compare":"\ud800"}"#,
            r#"{"short":true}"#,
            "{}",
            "[]",
            &format!(r#"{{"Verify_ID":"{}"}}"#, "long ".repeat(1000)),
        ] {
            assert!(known(text).is_none(), "{text}");
        }
    }
}
