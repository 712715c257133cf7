//! The one pass over a body on arrival.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{invalid, lenient};
use crate::config::MAX_NESTING;
use crate::error::{Cause, Error, Result};

/// Flags, code and signed pair, and the places of all values in the body.
pub(crate) struct Envelope {
    pub(crate) job_complete: bool,
    pub(crate) job_success: Option<bool>,
    pub(crate) code: Option<String>,
    pub(crate) timestamp: Option<String>,
    pub(crate) signature: Option<String>,
    has_job_complete: bool,
    has_error: bool,
    /// `user_id` and `job_id` of `result.PartnerParams`, as text.
    partner_params: (Option<String>, Option<String>),
    places: Vec<(Cow<'static, str>, Range<usize>)>,
}

/// Keys that are kept without a copy.
const KNOWN: [&str; 10] = [
    "timestamp",
    "signature",
    "job_complete",
    "job_success",
    "code",
    "result",
    "history",
    "image_links",
    "kyc_receipt",
    "kyb_receipt",
];

impl Envelope {
    /// Reads a body: syntax, UTF-8, nesting and duplicate keys are checked, values are left where they are.
    pub(crate) fn read(raw: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(raw).map_err(|_| invalid("the answer is not UTF-8"))?;
        if nested_deeper_than(raw, MAX_NESTING) {
            return Err(invalid("the answer is nested too deeply"));
        }
        let Entries(entries) = serde_json::from_str(text).map_err(|error| not_an_object(&error))?;
        let mut envelope = Self {
            job_complete: false,
            job_success: None,
            code: None,
            timestamp: None,
            signature: None,
            has_job_complete: false,
            has_error: false,
            partner_params: (None, None),
            places: Vec::with_capacity(entries.len()),
        };
        let start = raw.as_ptr() as usize;
        for (key, value) in entries {
            let value = value.get();
            match key.as_ref() {
                "job_complete" => {
                    envelope.has_job_complete = true;
                    envelope.job_complete = lenient::boolean(value).unwrap_or(false);
                }
                "job_success" => envelope.job_success = lenient::boolean(value),
                "code" => envelope.code = lenient::text(value),
                "timestamp" => envelope.timestamp = lenient::text(value),
                "signature" => envelope.signature = lenient::string(value),
                "error" => envelope.has_error = true,
                "result" => envelope.partner_params = partner_params(value)?,
                // A callback is a result at the top level.
                "PartnerParams" => drop(named_ids(value)?),
                _ => {}
            }
            let at = value.as_ptr() as usize - start;
            let known = KNOWN.iter().find(|known| **known == key);
            let key = known.map_or_else(|| Cow::Owned(key.into_owned()), |known| Cow::Borrowed(*known));
            envelope.places.push((key, at..at + value.len()));
        }
        Ok(envelope)
    }

    /// Whether this is Smile ID's `{error, code}` in place of a status.
    pub(crate) fn is_error(&self) -> bool {
        self.has_error && !self.has_job_complete
    }

    /// Whether the result names another user or job than the one asked for, compared as text.
    pub(crate) fn is_about_another(&self, user_id: &str, job_id: &str) -> bool {
        let differs = |named: &Option<String>, asked: &str| named.as_deref().is_some_and(|named| named != asked);
        differs(&self.partner_params.0, user_id) || differs(&self.partner_params.1, job_id)
    }

    /// Whether this is a status, or a callback in the shape of one.
    pub(super) fn is_status(&self) -> bool {
        self.has_job_complete || self.places.iter().any(|(key, _)| key == "result")
    }

    pub(super) fn has_job_complete(&self) -> bool {
        self.has_job_complete
    }

    /// Where the values of some keys stand, in the order received.
    pub(super) fn places_of<const N: usize>(&self, keys: [&'static str; N]) -> impl Iterator<Item = Range<usize>> {
        self.places.iter().filter(move |(key, _)| keys.contains(&&**key)).map(|(_, place)| place.clone())
    }

    /// Every key with its value's text, in the order received.
    pub(super) fn entries<'a>(&'a self, raw: &'a [u8]) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.places.iter().filter_map(|(key, place)| text_at(raw, place).map(|value| (&**key, value)))
    }

    /// The text of a key's value.
    pub(super) fn value<'a>(&self, raw: &'a [u8], name: &str) -> Option<&'a str> {
        self.places.iter().find(|(key, _)| key == name).and_then(|(_, place)| text_at(raw, place))
    }
}

/// The places were taken from this very body, which was UTF-8.
fn text_at<'a>(raw: &'a [u8], place: &Range<usize>) -> Option<&'a str> {
    raw.get(place.clone()).and_then(|value| std::str::from_utf8(value).ok())
}

fn not_an_object(error: &serde_json::Error) -> Error {
    invalid("the answer is not a JSON object that could be a job status").with_cause(Cause::from(error))
}

fn partner_params(result: &str) -> Result<(Option<String>, Option<String>)> {
    if !result.starts_with('{') {
        return Ok((None, None));
    }
    let LastParams(params) = serde_json::from_str(result).map_err(|error| not_an_object(&error))?;
    params.map_or(Ok((None, None)), |params| named_ids(params.get()))
}

/// The last `PartnerParams` of an object; everything else is passed over.
struct LastParams<'a>(Option<&'a RawValue>);

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
                    if lenient::key(key) == "PartnerParams" {
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

fn named_ids(params: &str) -> Result<(Option<String>, Option<String>)> {
    if !params.starts_with('{') {
        return Ok((None, None));
    }
    let Entries(entries) = serde_json::from_str(params).map_err(|error| not_an_object(&error))?;
    let mut named = (None, None);
    for (key, value) in entries {
        match key.as_ref() {
            "user_id" => named.0 = lenient::text(value.get()),
            "job_id" => named.1 = lenient::text(value.get()),
            _ => {}
        }
    }
    Ok(named)
}

/// An object's entries, without duplicate keys: which of two would count is up to the reader, so neither may.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

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
                let mut seen: HashSet<String> = HashSet::new();
                while let Some((key, value)) = map.next_entry::<&'de RawValue, &'de RawValue>()? {
                    let key = lenient::key(key);
                    // Real answers have a dozen keys; the set keeps hostile ones from costing quadratic time.
                    let repeated = if entries.len() < 24 {
                        entries.iter().any(|(earlier, _)| *earlier == key)
                    } else {
                        if seen.is_empty() {
                            seen.extend(entries.iter().map(|(earlier, _)| earlier.clone().into_owned()));
                        }
                        !seen.insert(key.clone().into_owned())
                    };
                    if repeated {
                        return Err(A::Error::custom("duplicate key"));
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
fn nested_deeper_than(text: &[u8], limit: usize) -> bool {
    // Few brackets cannot nest deeply. Counted in bytes, sixteen at a time.
    let in_chunk = |chunk: &[u8]| chunk.iter().map(|byte| u8::from(matches!(byte, b'{' | b'['))).sum::<u8>();
    let openings: usize = text.chunks(255).map(|chunk| usize::from(in_chunk(chunk))).sum();
    if openings <= limit {
        return false;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        // The outermost object is one level.
        format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
    }

    #[test]
    fn nesting_has_a_limit() {
        assert!(Envelope::read(nested(128).as_bytes()).is_ok());
        assert!(Envelope::read(nested(129).as_bytes()).is_err());
        assert!(Envelope::read(format!("{{\"a\":\"{}\"}}", "[{\\\"".repeat(500)).as_bytes()).is_ok());
    }

    #[test]
    fn duplicate_keys_are_refused_where_they_could_deceive() {
        for body in [
            r#"{"job_complete":false,"job_complete":true}"#,
            r#"{"job_complete":false,"job_c\u006fmplete":true}"#,
            r#"{"result":{"PartnerParams":{"user_id":"a","user_id":"b"}}}"#,
        ] {
            assert!(Envelope::read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Envelope::read(br#"{"result":{"Actions":{"a":1,"a":2}}}"#).is_ok());
        let many = (0..100).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
        assert!(Envelope::read(format!("{{{many}}}").as_bytes()).is_ok());
        assert!(Envelope::read(format!("{{{many},\"k7\":0}}").as_bytes()).is_err());
    }

    #[test]
    fn a_key_that_no_text_holds_stands_as_its_json_text() {
        let body = br#"{"job_complete":true,"a\ud800":1,"result":{"PartnerParams":{"\udc00":2}}}"#;
        let envelope = Envelope::read(body).unwrap();
        assert!(envelope.job_complete);
        assert!(envelope.entries(body).any(|entry| entry == (r#""a\ud800""#, "1")));
    }

    #[test]
    fn the_timestamp_keeps_its_digits() {
        let envelope = Envelope::read(br#"{"timestamp": 1570612182124.50, "signature": 7}"#).unwrap();
        assert_eq!(envelope.timestamp.as_deref(), Some("1570612182124.50"));
        assert_eq!(envelope.signature, None);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(Envelope::read(b"{\"a\":\"\xff\"}").is_err());
        assert!(Envelope::read(b"\xef\xbb\xbf{}").is_err());
    }
}
