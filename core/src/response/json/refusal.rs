//! Why a body was refused. It is read anew, by serde_json, which knows line and column.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::lenient;
use crate::config::{MAX_KEY_BYTES, MAX_KEYS, MAX_NESTING};
use crate::error::{Cause, Error};
use crate::response::envelope::has_room;
use crate::response::invalid;

/// The error of a text that the scan does not take.
pub(in crate::response) fn of(text: &str) -> Error {
    if nested_deeper_than(text.as_bytes(), MAX_NESTING) {
        return invalid("the answer is nested too deeply");
    }
    let error = invalid("the answer is not a JSON object that could be a job status");
    // Refused it stays, should serde_json ever take what the scan does not.
    match entries(text) {
        Ok(_) => error,
        Err(cause) => error.with_cause(Cause::from(&cause)),
    }
}

/// What the scan takes, as serde_json would take it: an object without duplicate keys where they could deceive.
pub(in crate::response) fn entries(text: &str) -> serde_json::Result<Entries<'_>> {
    let entries: Entries<'_> = serde_json::from_str(text)?;
    for (key, value) in &entries.0 {
        let value = value.get();
        match key.as_ref() {
            "result" if value.starts_with('{') => {
                let LastParams(params) = serde_json::from_str(value)?;
                params.map_or(Ok(()), |params| distinct(params.get()))?;
            }
            "PartnerParams" => distinct(value)?,
            _ => {}
        }
    }
    Ok(entries)
}

fn distinct(params: &str) -> serde_json::Result<()> {
    if params.starts_with('{') { serde_json::from_str::<Entries<'_>>(params).map(drop) } else { Ok(()) }
}

/// The last `PartnerParams` of an object; everything else is passed over.
pub(in crate::response) struct LastParams<'a>(pub(in crate::response) Option<&'a RawValue>);

impl<'de> Deserialize<'de> for LastParams<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = LastParams<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut params = None;
                while let Some(key) = map.next_key::<&'de RawValue>()? {
                    if lenient::key(key.get()) == "PartnerParams" {
                        params = Some(map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(LastParams(params))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// An object's entries, where it [`has_room`] for all of them.
pub(in crate::response) struct Entries<'a>(pub(in crate::response) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut entries: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(12);
                while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                    let key = lenient::key(key.get());
                    if !has_room(&entries, &key) {
                        return Err(A::Error::custom(if entries.len() == MAX_KEYS {
                            "too many keys"
                        } else if key.len() > MAX_KEY_BYTES {
                            "a key that is too long"
                        } else {
                            "duplicate key"
                        }));
                    }
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// Whether brackets nest deeper than `limit`, outside of strings. Sound for any text; exact for JSON.
pub(in crate::response) fn nested_deeper_than(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else {
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => {
                    depth += 1;
                    if depth > limit {
                        return true;
                    }
                }
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    false
}
