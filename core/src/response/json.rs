//! Sound JSON, read once and borrowed from the body: texts without escapes stay where they are, numbers keep their digits.

pub(super) mod known;
pub(crate) mod lenient;
mod reader;
pub(super) mod refusal;
pub(super) mod scan;

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use self::known::Known;
use super::host_objects::{Host, Make};
use super::typed_fields::Open;

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

pub(super) type Entry<'a> = (Cow<'a, str>, Json<'a>);

/// Entries in the order received. Of two equal keys the last one counts, as in every host's own parser.
#[doc(hidden)]
pub struct Object<'a>(pub(super) Entries<'a>);

pub(super) enum Entries<'a> {
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
        reader::read(text, known)
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
