//! Sound JSON, read once and borrowed from the body: texts without escapes stay where they are, numbers keep their digits.
//!
//! The envelope has checked syntax and nesting before anything comes here. Whatever else came would read as null, not panic.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::scan::plain;

/// Integers beyond this are not exact in every host language.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

pub(super) enum Json<'a> {
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

/// Entries in the order received. Of two equal keys the last one counts, as in every host's own parser.
#[derive(Default)]
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

impl<'a> Json<'a> {
    pub(super) fn read(text: &'a str) -> Self {
        Reader { text, at: 0 }.value().unwrap_or(Self::Null)
    }

    pub(super) fn object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    pub(super) fn items(&self) -> &[Json<'a>] {
        if let Self::Array(items) = self { items } else { &[] }
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
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Json<'a>)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn own(&self) -> Map<String, Value> {
        let mut map = Map::with_capacity(self.0.len());
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

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key.as_ref(), value)?;
        }
        map.end()
    }
}

/// Past this many entries a set of keys is cheaper than to look through them; it keeps hostile objects linear.
const FEW: usize = 24;

struct Reader<'a> {
    text: &'a str,
    at: usize,
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
    fn next(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

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

    fn string(&mut self) -> Option<Json<'a>> {
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..)?;
        let mut end = rest.len() - plain(rest).len();
        if *rest.get(end)? == b'"' {
            self.at = start + end + 1;
            return self.text.get(start..start + end).map(|text| Json::Text(Cow::Borrowed(text)));
        }
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
        self.skip(b'{')?;
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
        if self.next()? != b'}' {
            entries.reserve(16);
            loop {
                self.next()?;
                let key = match self.string()? {
                    Json::Text(key) => key,
                    // It must not lose the whole answer.
                    Json::Lone(raw) => Cow::Borrowed(raw),
                    _ => return None,
                };
                self.skip(b':')?;
                let value = self.value()?;
                let earlier = if entries.len() < FEW {
                    entries.iter().position(|(earlier, _)| *earlier == key)
                } else {
                    if places.is_empty() {
                        places.extend(entries.iter().enumerate().map(|(at, (earlier, _))| (earlier.clone(), at)));
                    }
                    let at = *places.entry(key.clone()).or_insert(entries.len());
                    (at < entries.len()).then_some(at)
                };
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
        Some(Object(entries))
    }
}
