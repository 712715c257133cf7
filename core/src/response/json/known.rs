//! Objects that many answers have, word by word: they need not be read again.

use std::borrow::Cow;
use std::sync::Arc;

use super::scan::value;
use super::{Entries, Entry, Json, Object};
use crate::config::MAX_NESTING;
use crate::response::typed_fields::Open;

/// An object that many answers have, word by word.
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
    pub(in crate::response) fn of(text: &str, open: Open<'_>) -> Option<Self> {
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

    /// The one of these that a text begins with, and how long it is there.
    pub(super) fn recall<'a>(all: &'a [Arc<Self>], text: &[u8]) -> Option<(Object<'a>, usize)> {
        let start = text.first_chunk().copied().map(u128::from_le_bytes)?;
        // All of an object ends where it ends, whatever follows.
        let mut alike = all.iter().filter(|known| known.start == start);
        let known = alike.find(|known| text.starts_with(known.text.as_bytes()))?;
        Some((Object(Entries::Known(&known.entries)), known.text.len()))
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
