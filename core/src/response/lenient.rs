//! Tolerant readings of JSON values, by one table: a wrong type yields nothing, never an error.
//!
//! Every function takes the value's own text, which is known to be sound JSON, so that numbers keep their digits.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

/// Integers beyond this are not exact in every host language.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A string.
pub(crate) fn string(raw: &str) -> Option<String> {
    borrowed(raw).map(Cow::into_owned)
}

/// A string, which stands in the body as it is unless something in it is escaped.
fn borrowed(raw: &str) -> Option<Cow<'_, str>> {
    let inside = raw.strip_prefix('"')?;
    match inside.strip_suffix('"').filter(|text| !text.contains('\\')) {
        Some(text) => Some(Cow::Borrowed(text)),
        None => serde_json::from_str(raw).ok().map(Cow::Owned),
    }
}

/// A key. What no text type holds, a lone surrogate, stands as its JSON text: it must not lose the whole answer.
pub(super) fn key(raw: &RawValue) -> Cow<'_, str> {
    borrowed(raw.get()).unwrap_or(Cow::Borrowed(raw.get()))
}

/// A string, or a number by its digits.
pub(crate) fn text(raw: &str) -> Option<String> {
    borrowed_text(raw).map(Cow::into_owned)
}

fn borrowed_text(raw: &str) -> Option<Cow<'_, str>> {
    if is_number(raw) { Some(Cow::Borrowed(raw)) } else { borrowed(raw) }
}

/// A boolean, or `"true"` and `"false"` in any case and any spelling that JSON has for them.
pub(crate) fn boolean(raw: &str) -> Option<bool> {
    let word = if raw.starts_with('"') { borrowed(raw)? } else { Cow::Borrowed(raw) };
    // Outside of quotes JSON knows the lower-case words only, so the case does not matter here either.
    if word.eq_ignore_ascii_case("true") {
        Some(true)
    } else if word.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A finite number, or its decimal text.
pub(crate) fn number(raw: &str) -> Option<f64> {
    let text = borrowed_text(raw)?;
    // `parse` also takes `inf` and `nan`, which are no decimal texts.
    let decimal = text.bytes().any(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number: &f64| decimal && number.is_finite())
}

/// A whole number, also written as `6.0`, or its digits as text.
pub(crate) fn integer(raw: &str) -> Option<i64> {
    let text = borrowed_text(raw)?;
    let whole = text.strip_suffix(".0").filter(|_| is_number(raw)).unwrap_or(&text);
    whole.parse().ok().filter(|number: &i64| number.unsigned_abs() <= MAX_SAFE_INTEGER)
}

/// An object, or an empty map.
pub(crate) fn map(raw: &str) -> Map<String, Value> {
    match raw.starts_with('{').then(|| value(raw)) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// The texts of an array, or nothing.
pub(crate) fn texts(raw: &str) -> Vec<String> {
    items(raw).into_iter().filter_map(text).collect()
}

/// The entries of an object with their values' texts; nothing for other values.
pub(crate) fn entries(raw: &str) -> Vec<(Cow<'_, str>, &str)> {
    struct Entries<'a>(Vec<(Cow<'a, str>, &'a str)>);

    impl<'de> Deserialize<'de> for Entries<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct ObjectVisitor;

            impl<'de> Visitor<'de> for ObjectVisitor {
                type Value = Entries<'de>;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }

                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut entries = Vec::with_capacity(16);
                    while let Some((name, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                        entries.push((key(name), value.get()));
                    }
                    Ok(Entries(entries))
                }
            }

            deserializer.deserialize_map(ObjectVisitor)
        }
    }

    if !raw.starts_with('{') {
        return Vec::new();
    }
    serde_json::from_str::<Entries<'_>>(raw).map_or_else(|_| Vec::new(), |entries| entries.0)
}

/// The items of an array as texts; nothing for other values.
pub(crate) fn items(raw: &str) -> Vec<&str> {
    let items: Vec<&RawValue> =
        if raw.starts_with('[') { serde_json::from_str(raw).unwrap_or_default() } else { Vec::new() };
    items.into_iter().map(RawValue::get).collect()
}

/// Any value as it is. What no host type can hold stands as its JSON text: integers beyond ±(2⁵³ − 1), numbers beyond
/// a double, strings with a lone surrogate. Of two equal keys the last one counts, as in every host's own parser.
pub(crate) fn value(raw: &str) -> Value {
    let own_text = || Value::String(raw.to_owned());
    if raw.starts_with('"') {
        return string(raw).map_or_else(own_text, Value::String);
    }
    if let Ok(Exact(value)) = serde_json::from_str(raw) {
        return value;
    }
    // Something in it is out of the ordinary; go level by level until it stands alone.
    match raw.as_bytes().first() {
        Some(b'{') => {
            Value::Object(entries(raw).into_iter().map(|(key, raw)| (key.into_owned(), value(raw))).collect())
        }
        Some(b'[') => Value::Array(items(raw).into_iter().map(value).collect()),
        _ => float(raw).unwrap_or_else(own_text),
    }
}

/// A number that is not written as an integer.
fn float(raw: &str) -> Option<Value> {
    let fraction = raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    raw.parse().ok().filter(|_| fraction).and_then(Number::from_f64).map(Value::Number)
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// A value that every host type holds exactly; anything else is an error.
struct Exact(Value);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ExactVisitor;

        impl<'de> Visitor<'de> for ExactVisitor {
            type Value = Exact;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value that every host type holds")
            }

            fn visit_unit<E>(self) -> Result<Exact, E> {
                Ok(Exact(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Exact, E> {
                Ok(Exact(Value::Bool(value)))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Exact, E> {
                if value <= MAX_SAFE_INTEGER { Ok(Exact(value.into())) } else { Err(E::custom("inexact")) }
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Exact, E> {
                if value.unsigned_abs() <= MAX_SAFE_INTEGER {
                    Ok(Exact(value.into()))
                } else {
                    Err(E::custom("inexact"))
                }
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Exact, E> {
                // An integer of more than 64 bits arrives here as well.
                if value.abs() <= MAX_SAFE_INTEGER as f64 { Ok(Exact(value.into())) } else { Err(E::custom("inexact")) }
            }

            fn visit_str<E>(self, value: &str) -> Result<Exact, E> {
                Ok(Exact(Value::String(value.to_owned())))
            }

            fn visit_string<E>(self, value: String) -> Result<Exact, E> {
                Ok(Exact(Value::String(value)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Exact, A::Error> {
                let mut items = Vec::new();
                while let Some(Exact(item)) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Exact(Value::Array(items)))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Exact, A::Error> {
                let mut entries = Map::new();
                while let Some((key, Exact(value))) = map.next_entry::<String, Exact>()? {
                    entries.insert(key, value);
                }
                Ok(Exact(Value::Object(entries)))
            }
        }

        deserializer.deserialize_any(ExactVisitor).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_reading_takes_its_types_only() {
        for (raw, expected) in [
            (r#""a""#, json!(["a", null, null, null])),
            (r#""true""#, json!(["true", true, null, null])),
            (r#""FALSE""#, json!(["FALSE", false, null, null])),
            ("true", json!([null, true, null, null])),
            ("7", json!(["7", null, 7.0, 7])),
            (r#""007""#, json!(["007", null, 7.0, 7])),
            (r#""97.000000""#, json!(["97.000000", null, 97.0, null])),
            ("97.50", json!(["97.50", null, 97.5, null])),
            (r#""inf""#, json!(["inf", null, null, null])),
            (r#""NaN""#, json!(["NaN", null, null, null])),
            ("1e400", json!(["1e400", null, null, null])),
            ("null", json!([null, null, null, null])),
            ("{}", json!([null, null, null, null])),
            ("[1]", json!([null, null, null, null])),
            (r#""\ud800""#, json!([null, null, null, null])),
        ] {
            assert_eq!(json!([text(raw), boolean(raw), number(raw), integer(raw)]), expected, "{raw}");
        }
    }

    #[test]
    fn what_no_host_holds_stands_as_its_text() {
        let raw = r#"{"a":9007199254740991,"b":9007199254740992,"c":-9007199254740993,"d":1e400,"e":1e300,"f":["\ud800","x"],"g":123456789012345678901234567890,"h":0.1}"#;
        assert_eq!(
            value(raw),
            json!({"a": 9_007_199_254_740_991_u64, "b": "9007199254740992", "c": "-9007199254740993", "d": "1e400", "e": 1e300,
                   "f": ["\"\\ud800\"", "x"], "g": "123456789012345678901234567890", "h": 0.1})
        );
    }

    #[test]
    fn the_last_of_two_keys_counts() {
        assert_eq!(value(r#"{"a":1,"a":2}"#), json!({"a": 2}));
        assert_eq!(value(r#"{"a":1,"a":1e999}"#), json!({"a": "1e999"}));
    }

    #[test]
    fn the_deepest_allowed_nesting_is_read() {
        let raw = format!("{}1e999{}", "[".repeat(127), "]".repeat(127));
        assert!(value(&raw).is_array());
    }
}
