//! Tolerant readings of a value's own text, which is known to be sound JSON: a wrong type yields nothing, never an error.

use std::borrow::Cow;

use serde_json::Value;

use super::Json;
use super::scan::{self, Scanned, plain};
use crate::config::MAX_NESTING;

/// What is neither an object nor an array, which can be as long as the body and are nothing of the kind.
pub(in crate::response) fn scalar(raw: &str) -> Json<'_> {
    match raw.as_bytes() {
        [b'{' | b'[', ..] => Json::Null,
        [b'"', ..] => plain_string(raw).map_or_else(|| Json::read(raw), |text| Json::Text(Cow::Borrowed(text))),
        _ => Json::read(raw),
    }
}

/// What a string without escapes says.
fn plain_string(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    plain(text.as_bytes()).is_empty().then_some(text)
}

/// A string.
pub(crate) fn string(raw: &str) -> Option<String> {
    scalar(raw).string().map(str::to_owned)
}

/// A string, or a number by its digits.
pub(crate) fn text(raw: &str) -> Option<String> {
    scalar(raw).text().map(str::to_owned)
}

/// A boolean, or `"true"` and `"false"` in any case and any spelling that JSON has for them.
pub(crate) fn boolean(raw: &str) -> Option<bool> {
    scalar(raw).boolean()
}

/// Any value as it is, as far as host types can hold it.
pub(crate) fn value(raw: &str) -> Value {
    Json::read(raw).own()
}

/// A key. What no text type holds, a lone surrogate, stands as its JSON text: it must not lose the whole answer.
pub(in crate::response) fn key(raw: &str) -> Cow<'_, str> {
    match plain_string(raw) {
        Some(key) => Cow::Borrowed(key),
        None => match Json::read(raw) {
            Json::Text(key) => key,
            _ => Cow::Borrowed(raw),
        },
    }
}

/// The entries of an object with their values' texts; nothing for other values.
pub(crate) fn entries(raw: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut entries = Vec::with_capacity(16);
    let text = Scanned(raw);
    scan::members(raw.as_bytes(), |key, rest| {
        let after = scan::value(rest, MAX_NESTING)?;
        entries.push((text.key(key)?, text.between(rest, after)?));
        Some(after)
    });
    entries
}

/// The items of an array by their texts; nothing for other values.
pub(crate) fn items(raw: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let text = Scanned(raw);
    scan::items(raw.as_bytes(), |item| {
        let after = scan::value(item, MAX_NESTING)?;
        items.push(text.between(item, after)?);
        Some(after)
    });
    items
}

/// Whether it is an array, and every item of it an object.
pub(in crate::response) fn is_of_objects(raw: &str) -> bool {
    let object = |item| if <[u8]>::starts_with(item, b"{") { scan::value(item, MAX_NESTING) } else { None };
    scan::items(raw.as_bytes(), object).is_some()
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
            let json = Json::read(raw);
            assert_eq!(json!([json.text(), json.boolean(), json.number(), json.integer()]), expected, "{raw}");
        }
    }

    #[test]
    fn entries_and_items_are_found_by_their_texts() {
        let raw = r#"{"a":1, "b" : [ {"c":2} ] ,"\u0061":"\"}","\ud800":{}}"#;
        let expected = [("a", "1"), ("b", r#"[ {"c":2} ]"#), ("a", r#""\"}""#), (r#""\ud800""#, "{}")];
        assert_eq!(entries(raw), expected.map(|(key, value)| (Cow::Borrowed(key), value)));
        for other in ["{}", "[]", "[{}]", "7", "\"{\"", "null"] {
            assert_eq!(entries(other), []);
        }
        for (raw, expected) in [
            ("[]", true),
            ("[{}]", true),
            (r#"[ {"a":[1]} , {"b":"]"} ]"#, true),
            ("[1]", false),
            ("[{},[{}]]", false),
            ("[{},null]", false),
            ("{}", false),
            ("null", false),
        ] {
            assert_eq!(is_of_objects(raw), expected, "{raw}");
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
        let many = (0..60).map(|n| format!("\"{}\":{n}", n % 30)).collect::<Vec<_>>().join(",");
        let expected: Value = (0..30).map(|n| (n.to_string(), json!(n + 30))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(value(&format!("{{{many}}}")).to_string(), expected.to_string());
    }

    #[test]
    fn what_is_no_json_is_null() {
        for raw in ["", " ", "{", "[1", "[1,]", "{\"a\"", "{\"a\":}", "{a:1}", "\"a", "\"\\", "tru", "ä", "{\"a\" 1}"]
        {
            assert_eq!(value(raw), Value::Null, "{raw}");
        }
    }

    #[test]
    fn white_space_and_escapes_are_no_part_of_it() {
        let raw = " { \"a\\n\" : [ 1 , \"\\u0062\\\"\\\\\" ] , \"c\" : { } , \"d\" : [ ] } ";
        assert_eq!(value(raw), serde_json::from_str::<Value>(raw).unwrap());
    }

    #[test]
    fn the_deepest_allowed_nesting_is_read() {
        let raw = format!("{}1e999{}", "[".repeat(127), "]".repeat(127));
        assert!(value(&raw).is_array());
    }
}
