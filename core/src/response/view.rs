//! The typed view as JSON or as a host's own objects, in either of two spellings of the same names.

use std::io;

use serde::ser::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Map, Value};

/// How the typed view's names are spelt. Keys inside `fields`, `actions` and extras are always the wire's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Naming {
    /// `result_code`: Rust, Python, C and every test vector.
    Snake,
    /// `resultCode`: Node.
    Camel,
}

impl Naming {
    /// Spells a snake_case name.
    #[must_use]
    pub fn spell(self, name: &str) -> String {
        if self == Self::Snake {
            return name.to_owned();
        }
        let mut spelt = vec![0; camel_length(name)];
        camel_into(name, &mut spelt);
        // Only ASCII was dropped or changed.
        String::from_utf8(spelt).unwrap_or_default()
    }
}

/// How long a snake_case name is in camelCase.
pub(crate) const fn camel_length(name: &str) -> usize {
    let (name, mut length, mut at) = (name.as_bytes(), 0, 0);
    while at < name.len() {
        length += (name[at] != b'_') as usize;
        at += 1;
    }
    length
}

/// The one mechanical rule, at compile time too.
const fn camel_into(name: &str, spelt: &mut [u8]) {
    let (name, mut at, mut end, mut upper) = (name.as_bytes(), 0, 0, false);
    while at < name.len() {
        if name[at] == b'_' {
            upper = true;
        } else {
            spelt[end] = if upper { name[at].to_ascii_uppercase() } else { name[at] };
            (end, upper) = (end + 1, false);
        }
        at += 1;
    }
}

/// A name in camelCase, for constants.
pub(crate) const fn camel<const LENGTH: usize>(name: &str) -> [u8; LENGTH] {
    let mut spelt = [0; LENGTH];
    camel_into(name, &mut spelt);
    spelt
}

/// A part of the typed view: serialises into structs that carry their type's name, so that a binding can make them its
/// own classes. Nothing is copied on the way.
pub trait View {
    /// Serialises with names spelt in one way.
    ///
    /// # Errors
    /// Those of the serializer.
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error>;

    /// The same as a value that serde takes.
    fn named(&self, naming: Naming) -> Named<'_, Self> {
        Named(self, naming)
    }

    /// JSON text, for a body of this length.
    fn json(&self, naming: Naming, body: usize) -> String {
        // Most of a body stands in the view twice: in a field of ours and in `fields`.
        let mut text = Vec::with_capacity(2 * body + 1024);
        match naming {
            Naming::Snake => {
                // Writing to memory works, and all keys are texts.
                let _ = serde_json::to_writer(&mut text, &self.named(naming));
            }
            Naming::Camel => push_json(&self.named(naming), &mut text),
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

/// Adds JSON text for JavaScript.
pub(super) fn push_json(value: &impl Serialize, text: &mut Vec<u8>) {
    // As above.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(text, Ascii));
}

/// JSON text for JavaScript, whose engines take a text of one byte a letter several times faster than any other.
pub(super) struct Ascii;

impl Ascii {
    /// Adds JSON text, or a part of a string in it.
    pub(super) fn push(json: &str, text: &mut Vec<u8>) {
        let mut rest = json;
        while !rest.is_ascii() {
            // Many bytes at a time, up to those that something is in.
            let blocks = rest.as_bytes().chunks(32).take_while(|block| block.is_ascii()).count();
            let behind = rest.bytes().skip(32 * blocks).position(|byte| !byte.is_ascii());
            let (plain, from) = rest.split_at(32 * blocks + behind.unwrap_or_default());
            text.extend_from_slice(plain.as_bytes());
            let (mut letters, mut units) = (from.chars(), [0; 2]);
            for unit in letters.next().unwrap_or_default().encode_utf16(&mut units) {
                let digit = |shift: u32| b"0123456789abcdef"[usize::from(*unit >> shift & 15)];
                text.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
            rest = letters.as_str();
        }
        text.extend_from_slice(rest.as_bytes());
    }
}

impl Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.is_ascii() {
            return writer.write_all(fragment.as_bytes());
        }
        let mut text = Vec::with_capacity(2 * fragment.len());
        Self::push(fragment, &mut text);
        writer.write_all(&text)
    }
}

/// A part of the typed view with its spelling.
pub struct Named<'a, T: View + ?Sized>(&'a T, Naming);

impl<T: View + ?Sized> Serialize for Named<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_as(self.1, serializer)
    }
}

impl<T: View + ?Sized> View for &T {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        (*self).serialize_as(naming, serializer)
    }
}

impl<T: View> View for Option<T> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&value.named(naming)),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: View> View for [T] {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|item| item.named(naming)))
    }
}

impl<T: View> View for Vec<T> {
    fn serialize_as<S: Serializer>(&self, naming: Naming, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize_as(naming, serializer)
    }
}

/// What has no names of ours in it.
macro_rules! plain {
    ($($type:ty),+) => {
        $(impl View for $type {
            fn serialize_as<S: Serializer>(&self, _: Naming, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        })+
    };
}

plain!(bool, u16, u32, i64, f64, str, String, Map<String, Value>);

/// Serialises a struct under its type's name, with one more field after it where that has a value.
macro_rules! view {
    ($type:ident as $naming:ident into $serializer:ident {
        $($name:ident: $value:expr),+ $(,)?
    } $(and $last:ident: $present:expr)?) => {{
        use serde::ser::SerializeStruct as _;
        let length = [$(stringify!($name)),+].len() $(+ usize::from($present.is_some()))?;
        let mut view = $serializer.serialize_struct(stringify!($type), length)?;
        $(view.serialize_field($crate::response::view::name!($naming, $name), &$crate::response::View::named(&$value, $naming))?;)+
        $(if let Some(last) = $present {
            view.serialize_field($crate::response::view::name!($naming, $last), &$crate::response::View::named(&last, $naming))?;
        })?
        view.end()
    }};
}

/// A name in the wanted spelling, both spelt when the core is compiled.
macro_rules! name {
    ($naming:ident, $name:ident) => {{
        const SNAKE: &str = stringify!($name);
        const CAMEL: [u8; $crate::response::view::camel_length(SNAKE)] = $crate::response::view::camel(SNAKE);
        const CAMEL_TEXT: &str = match std::str::from_utf8(&CAMEL) {
            Ok(text) => text,
            Err(_) => SNAKE,
        };
        match $naming {
            $crate::response::Naming::Snake => SNAKE,
            $crate::response::Naming::Camel => CAMEL_TEXT,
        }
    }};
}

pub(crate) use {name, view};

#[cfg(test)]
mod tests {
    use super::{Naming, View};

    #[test]
    fn one_mechanical_rule() {
        for (snake, camel) in [
            ("image_links", "imageLinks"),
            ("phone_number2", "phoneNumber2"),
            ("id_number", "idNumber"),
            ("code", "code"),
        ] {
            assert_eq!((Naming::Snake.spell(snake).as_str(), Naming::Camel.spell(snake).as_str()), (snake, camel));
        }
        let names = [Naming::Snake, Naming::Camel].map(|naming| name!(naming, user_ids_of_previous_registrants));
        assert_eq!(names, ["user_ids_of_previous_registrants", "userIdsOfPreviousRegistrants"]);
    }

    #[test]
    fn text_for_javascript_is_ascii_and_says_the_same() {
        let texts = vec!["plain".to_owned(), "\u{1ecc}mo\u{323} \u{1f600}\n\"".to_owned()];
        let [snake, camel] = [Naming::Snake, Naming::Camel].map(|naming| texts.json(naming, 0));
        assert!(camel.is_ascii() && camel.contains("\\ud83d\\ude00"));
        let read = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap();
        assert_eq!((read(&snake), read(&camel)), (texts.clone(), texts));
    }
}
