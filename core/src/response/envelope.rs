//! The one pass over a body on arrival.

use std::borrow::Cow;
use std::ops::Range;

use smallvec::SmallVec;

use super::json::Json;
use super::json::refusal;
use super::json::scan::{Scanned, members, trim, value};
use super::{invalid, lenient};
use crate::config::{MAX_KEY_BYTES, MAX_KEYS, MAX_NESTING};
use crate::error::Result;

/// Flags, code and signed pair, and the places of all values in the body.
pub(crate) struct Envelope {
    pub(crate) job_complete: bool,
    pub(crate) job_success: Option<bool>,
    code: Option<Told>,
    timestamp: Option<Told>,
    signature: Option<Told>,
    has_job_complete: bool,
    has_error: bool,
    /// Where `user_id` and `job_id` stand: in `result.PartnerParams`, in `PartnerParams`, and beside the result, as the
    /// documentation lists them. Nowhere where they do not.
    named_ids: [[Range<usize>; 2]; 3],
    places: Vec<(Cow<'static, str>, Range<usize>)>,
}

/// What a value says: the part of the body where that stands, or a text of its own where escapes had to be undone.
enum Told {
    There(Range<usize>),
    Made(String),
}

impl Told {
    /// What the value at a place says, which is a string or a number by its digits.
    fn at(place: &Range<usize>, json: &str, said: &str) -> Self {
        if said == json {
            Self::There(place.clone())
        } else if json.get(1..json.len() - 1) == Some(said) {
            Self::There(place.start + 1..place.end - 1)
        } else {
            Self::Made(said.to_owned())
        }
    }

    fn text<'a>(&'a self, raw: &'a [u8]) -> Option<&'a str> {
        match self {
            Self::There(place) => text_at(raw, place),
            Self::Made(text) => Some(text),
        }
    }
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

const PARAMS: &[u8] = br#""PartnerParams""#;

/// As many keys as answers have.
const USUAL: usize = 8;

impl Envelope {
    /// Reads a body: syntax, UTF-8, nesting and duplicate keys are checked, values are left where they are.
    pub(crate) fn read(raw: &[u8]) -> Result<Self> {
        let text = utf8(raw).ok_or_else(|| invalid("the answer is not UTF-8"))?;
        Self::scan(text).ok_or_else(|| refusal::of(text))
    }

    /// Nothing for what is refused.
    fn scan(text: &str) -> Option<Self> {
        let mut envelope = Self {
            job_complete: false,
            job_success: None,
            code: None,
            timestamp: None,
            signature: None,
            has_job_complete: false,
            has_error: false,
            named_ids: Default::default(),
            places: Vec::with_capacity(USUAL),
        };
        let body = Scanned(text);
        // A callback is a result at the top level.
        let (mut of_result, mut of_callback, mut beside) = (None, None, [0..0, 0..0]);
        let rest = members(trim(text.as_bytes()), |key, rest| {
            let key = body.key(key)?;
            let after = match key.as_ref() {
                "result" if rest.starts_with(b"{") => members(rest, |key, rest| {
                    let after = value(rest, MAX_NESTING - 2)?;
                    // A key is read only if it may be another spelling, which is a longer one.
                    let [from, to] = key;
                    let text = from.get(..from.len() - to.len())?;
                    if text == PARAMS
                        || (text.len() > PARAMS.len() && text.contains(&b'\\') && body.key(key)? == "PartnerParams")
                    {
                        of_result = Some(rest);
                    }
                    Some(after)
                })?,
                _ => value(rest, MAX_NESTING - 1)?,
            };
            let place = body.place(rest, after);
            let json = body.between(rest, after)?;
            let told = |said: &str| Told::at(&place, json, said);
            match key.as_ref() {
                "job_complete" => {
                    envelope.has_job_complete = true;
                    envelope.job_complete = lenient::boolean(json).unwrap_or(false);
                }
                "job_success" => envelope.job_success = lenient::boolean(json),
                "code" => envelope.code = lenient::scalar(json).text().map(told),
                "timestamp" => envelope.timestamp = lenient::scalar(json).text().map(told),
                "signature" => envelope.signature = lenient::scalar(json).string().map(told),
                "error" => envelope.has_error = true,
                "PartnerParams" => of_callback = Some(rest),
                // An empty one names nobody.
                "user_id" if json != "\"\"" => beside[0] = place.clone(),
                "job_id" if json != "\"\"" => beside[1] = place.clone(),
                _ => {}
            }
            if !has_room(&envelope.places, &key) {
                return None;
            }
            let known = KNOWN.iter().find(|known| **known == key);
            let key = known.map_or_else(|| Cow::Owned(key.into_owned()), |known| Cow::Borrowed(*known));
            envelope.places.push((key, place));
            Some(after)
        })?;
        let named = |params: Option<&[u8]>| params.map_or(Some([0..0, 0..0]), |params| named_ids(body, params));
        envelope.named_ids = [named(of_result)?, named(of_callback)?, beside];
        trim(rest).is_empty().then_some(envelope)
    }

    /// The code, in the body that this was read from.
    pub(crate) fn code<'a>(&'a self, raw: &'a [u8]) -> Option<&'a str> {
        self.code.as_ref()?.text(raw)
    }

    /// The text that was signed, in the body; a number by its digits.
    pub(crate) fn timestamp<'a>(&'a self, raw: &'a [u8]) -> Option<&'a str> {
        self.timestamp.as_ref()?.text(raw)
    }

    /// Its signature, in the body.
    pub(crate) fn signature<'a>(&'a self, raw: &'a [u8]) -> Option<&'a str> {
        self.signature.as_ref()?.text(raw)
    }

    /// Whether this is Smile ID's `{error, code}` in place of a status.
    pub(crate) fn is_error(&self) -> bool {
        self.has_error && !self.has_job_complete
    }

    /// Whether the answer names another user or job than the one asked for, compared as text.
    pub(crate) fn is_about_another(&self, raw: &[u8], user_id: &str, job_id: &str) -> bool {
        let differs = |value: &str, asked: &str| Json::read(value).text().is_some_and(|named| named != asked);
        let mut named = self.named_ids.iter().flat_map(|ids| ids.iter().zip([user_id, job_id]));
        named.any(|(place, asked)| {
            !stands_plainly(raw, place, asked) && text_at(raw, place).is_some_and(|value| differs(value, asked))
        })
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

/// Whether a text stands there without escapes, so that nothing has to be read to compare it.
fn stands_plainly(raw: &[u8], place: &Range<usize>, text: &str) -> bool {
    let inside = raw.get(place.clone()).and_then(|value| value.strip_prefix(b"\"")?.strip_suffix(b"\""));
    inside == Some(text.as_bytes()) && !text.contains('\\')
}

/// The places were taken from this very body, which was UTF-8.
fn text_at<'a>(raw: &'a [u8], place: &Range<usize>) -> Option<&'a str> {
    raw.get(place.clone()).and_then(utf8)
}

fn utf8(raw: &[u8]) -> Option<&str> {
    // What is short is checked before anything wider than a word has begun.
    if raw.len() < 512 { std::str::from_utf8(raw).ok() } else { simdutf8::basic::from_utf8(raw).ok() }
}

/// Where the ids in `PartnerParams` stand, which were passed over before. Nothing for keys that are repeated, too many or too long.
fn named_ids(body: Scanned<'_>, params: &[u8]) -> Option<[Range<usize>; 2]> {
    let mut entries = SmallVec::<[(Cow<'_, str>, Range<usize>); USUAL]>::new();
    if params.starts_with(b"{") {
        members(params, |key, rest| {
            let after = value(rest, MAX_NESTING)?;
            let key = body.key(key)?;
            if !has_room(&entries, &key) {
                return None;
            }
            entries.push((key, body.place(rest, after)));
            Some(after)
        })?;
    }
    let place = |id: &str| entries.iter().find(|(key, _)| key == id).map(|(_, place)| place.clone());
    Some(["user_id", "job_id"].map(|id| place(id).unwrap_or_default()))
}

/// Whether an object may have this key too. Of two equal ones it is up to the reader which counts, so neither may; and looking
/// through too many or too long ones takes time that a stranger must not have.
pub(super) fn has_room<T>(entries: &[(Cow<'_, str>, T)], key: &str) -> bool {
    entries.len() < MAX_KEYS && key.len() <= MAX_KEY_BYTES && entries.iter().all(|(earlier, _)| earlier != key)
}

#[cfg(test)]
mod beside_serde;

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
    }

    #[test]
    fn keys_have_a_limit_where_they_could_deceive() {
        let keys = |count| (0..count).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
        let is_read = |body: String| Envelope::read(body.as_bytes()).is_ok();
        for (count, fits) in [(MAX_KEYS, true), (MAX_KEYS + 1, false)] {
            assert_eq!(is_read(format!("{{{}}}", keys(count))), fits);
            assert_eq!(is_read(format!("{{\"PartnerParams\":{{{}}}}}", keys(count))), fits);
            assert_eq!(is_read(format!("{{\"result\":{{\"PartnerParams\":{{{}}}}}}}", keys(count))), fits);
            assert!(is_read(format!("{{\"result\":{{{}}}}}", keys(count))));
        }
        assert!(!is_read(format!("{{{},\"k7\":0}}", keys(100))));
        for (length, fits) in [(MAX_KEY_BYTES, true), (MAX_KEY_BYTES + 1, false)] {
            assert_eq!(is_read(format!("{{\"{}\":0}}", "k".repeat(length))), fits);
        }
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
        let body = br#"{"timestamp": 1570612182124.50, "signature": 7}"#;
        let envelope = Envelope::read(body).unwrap();
        assert_eq!(envelope.timestamp(body), Some("1570612182124.50"));
        assert_eq!(envelope.signature(body), None);
    }

    #[test]
    fn a_text_is_what_its_json_says() {
        for (json, said) in [
            (r#""2302""#, Some("2302")),
            ("2302", Some("2302")),
            ("-1.50e3", Some("-1.50e3")),
            (r#""""#, Some("")),
            (r#""\u0032302""#, Some("2302")),
            (r#""\"""#, Some("\"")),
            (r#""\\\\""#, Some(r"\\")),
            (r#""ä\n""#, Some("ä\n")),
            (r#""\ud800""#, None),
            ("null", None),
            ("[2302]", None),
        ] {
            let body = format!("{{ \"code\" : {json} , \"timestamp\":{json}}}");
            let envelope = Envelope::read(body.as_bytes()).unwrap();
            assert_eq!(envelope.code(body.as_bytes()), said, "{json}");
            assert_eq!(envelope.timestamp(body.as_bytes()), said, "{json}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(Envelope::read(b"{\"a\":\"\xff\"}").is_err());
        assert!(Envelope::read(b"\xef\xbb\xbf{}").is_err());
    }
}
