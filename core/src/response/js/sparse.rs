//! Results for JavaScript, where one `JSON.parse` of what came is most of the price of an object: an entry's own text, and
//! beside it only what its reader would not find there.
//!
//! The reader (`results.ts` of the Node binding) takes a text for a text, `true` and `"true"` for true, `7` and `"7"` for 7
//! and an object for an object, each under its usual key; all other readings are made here. Where something else stands,
//! or might, its group of fields is sent along: doubts cost time, never a wrong reading.

use crate::config::MAX_NESTING;
use crate::response::id_response;
use crate::response::json::Json;
use crate::response::json::scan::{self, members, plain};
use crate::response::result::{Fix, Parts};
use crate::response::view::{Ascii, push_json};

/// Groups of a result's fields: whether the reader needs to be told them.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(in crate::response) struct Doubts {
    pub(in crate::response) own: bool,
    pub(in crate::response) params: bool,
    pub(in crate::response) antifraud: bool,
    pub(in crate::response) id: bool,
}

/// What a look at an entry's text told.
#[derive(Clone, Copy, Default)]
struct Seen {
    doubts: Doubts,
    /// Whether any of the person's data is there.
    id: bool,
}

/// Three values for each entry that is an object: its fields, 0 or 1 for whether any of them belongs to an `idResponse`, and
/// null or an object of the typed fields that the reader would not find. All of it is ASCII.
pub(in crate::response) fn entries(raw: &str) -> String {
    let mut text = Vec::with_capacity(raw.len() + raw.len() / 8 + 64);
    text.push(b'[');
    if raw.starts_with('[') {
        let body = scan::Scanned(raw);
        scan::items(raw.as_bytes(), |item| {
            let after = scan::value(item, MAX_NESTING)?;
            entry(body.between(item, after)?, &mut text);
            Some(after)
        });
    }
    close(text)
}

/// The same of one result: nothing in it where there is none, and an empty object is none.
pub(in crate::response) fn result(raw: &str) -> String {
    let mut text = Vec::with_capacity(raw.len() + raw.len() / 8 + 64);
    text.push(b'[');
    if !raw.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with('}')) {
        entry(raw, &mut text);
    }
    close(text)
}

fn close(mut text: Vec<u8>) -> String {
    text.push(b']');
    String::from_utf8(text).unwrap_or_default()
}

fn entry(raw: &str, text: &mut Vec<u8>) {
    if !raw.starts_with('{') {
        return;
    }
    if text.len() > 1 {
        text.push(b',');
    }
    let seen = look(raw.as_bytes());
    if let Some(Seen { doubts, id }) = seen
        && doubts == Doubts::default()
    {
        Ascii::push(raw, text);
        text.extend_from_slice(if id { b",1,null" } else { b",0,null" });
        return;
    }
    let json = Json::read(raw);
    let Some(object) = json.object() else { return };
    let doubts = match seen {
        Some(Seen { doubts, .. }) => {
            Ascii::push(raw, text);
            doubts
        }
        None => {
            push_json(object, text);
            Doubts { own: true, params: true, antifraud: true, id: true }
        }
    };
    text.extend_from_slice(if seen.is_some_and(|seen| seen.id) { b",1," } else { b",0," });
    push_json(&Fix(&Parts::of(object), doubts), text);
}

/// Looks through an entry. Nothing where its text says something that JavaScript would not hold, or its keys are spelt in
/// a way of their own.
fn look(object: &[u8]) -> Option<Seen> {
    let mut seen = Seen::default();
    members(object, |key, rest| {
        let key = spelt(key)?;
        let after = value(rest)?;
        seen.take(key, rest.get(..rest.len() - after.len())?)?;
        Some(after)
    })?;
    Some(seen)
}

impl Seen {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"PartnerParams" => {
                self.doubts.params |= !is_object(value);
                if value.starts_with(b"{") {
                    members(value, |key, rest| {
                        let after = self::value(rest)?;
                        let value = rest.get(..rest.len() - after.len())?;
                        self.doubts.params |= params_plainness(spelt(key)?).is_some_and(|is_plain| !is_plain(value));
                        Some(after)
                    })?;
                }
            }
            b"Antifraud" => self.doubts.antifraud |= !is_null(value),
            key => {
                if let Some(is_plain) = plainness(key) {
                    self.doubts.own |= !is_plain(value);
                } else if let Some(is_plain) = id_response::plainness(key) {
                    self.id = true;
                    self.doubts.id |= !is_plain(value);
                }
            }
        }
        Some(())
    }
}

/// Whether a value's text says to the reader what is taken of it.
pub(in crate::response) type IsPlain = fn(&[u8]) -> bool;

/// How to tell that of an entry's own keys; nothing for all others.
pub(in crate::response) fn plainness(key: &[u8]) -> Option<IsPlain> {
    Some(match key {
        b"SmileJobID" | b"ResultCode" | b"ResultText" | b"ResultType" | b"Source" | b"JSONVersion" | b"timestamp"
        | b"signature" => is_text,
        b"IsFinalResult" | b"IsMachineResult" => is_flag,
        b"ConfidenceValue" => is_number,
        b"Actions" | b"PartnerParams" => is_object,
        b"Antifraud" => is_null,
        _ => return None,
    })
}

/// The same of the keys of `PartnerParams`.
pub(in crate::response) fn params_plainness(key: &[u8]) -> Option<IsPlain> {
    match key {
        b"user_id" | b"job_id" => Some(is_text),
        b"job_type" => Some(is_whole),
        _ => None,
    }
}

/// A key without escapes. Others are rare enough to be left to the slow way.
pub(in crate::response) fn spelt([from, after]: [&[u8]; 2]) -> Option<&[u8]> {
    let key = from.get(1..from.len() - after.len() - 1)?;
    plain(key).is_empty().then_some(key)
}

/// Passes over a value that is the same in JavaScript. The text was checked before.
pub(in crate::response) fn value(rest: &[u8]) -> Option<&[u8]> {
    match rest.first()? {
        b'"' => string(rest.get(1..)?),
        b't' | b'n' => rest.get(4..),
        b'f' => rest.get(5..),
        b'{' | b'[' => nested(rest),
        _ => number(rest),
    }
}

fn nested(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 0_usize;
    loop {
        let (byte, after) = rest.split_first()?;
        rest = match byte {
            b'"' => string(after)?,
            b'-' | b'0'..=b'9' => number(rest)?,
            b'{' | b'[' => {
                depth += 1;
                after
            }
            b'}' | b']' if depth == 1 => return Some(after),
            b'}' | b']' => {
                depth -= 1;
                after
            }
            // What separates, and the letters of words.
            _ => after,
        };
    }
}

/// Behind an opening quote; nothing where half of a letter might stand.
#[inline(always)]
fn string(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        match plain(rest) {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'u', b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..] => return None,
            [b'\\', _, after @ ..] => rest = after,
            _ => return None,
        }
    }
}

/// A number of at most 15 characters and without an exponent: exact as a whole number, finite as any other.
fn number(rest: &[u8]) -> Option<&[u8]> {
    let length = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-')).count();
    let after = rest.get(length..)?;
    ((1..=15).contains(&length) && !matches!(after.first(), Some(b'e' | b'E'))).then_some(after)
}

fn is_null(value: &[u8]) -> bool {
    value == b"null"
}

pub(in crate::response) fn is_text(value: &[u8]) -> bool {
    matches!(value, [b'"', ..] | b"null")
}

pub(in crate::response) fn is_flag(value: &[u8]) -> bool {
    matches!(value, b"true" | b"false" | b"null" | br#""true""# | br#""false""#)
}

pub(in crate::response) fn is_object(value: &[u8]) -> bool {
    matches!(value, [b'{', ..] | b"null")
}

/// A number, or the text of one that everybody reads alike.
fn is_number(value: &[u8]) -> bool {
    match value {
        [b'"', text @ .., b'"'] => {
            let mut halves = text.splitn(2, |byte| *byte == b'.');
            // A double has room for 308 digits.
            text.len() <= 300 && halves.all(|half| !half.is_empty() && half.iter().all(u8::is_ascii_digit))
        }
        [b'-' | b'0'..=b'9', ..] => true,
        other => other == b"null",
    }
}

fn is_whole(value: &[u8]) -> bool {
    let digits = match value {
        [b'"', text @ .., b'"'] => text,
        other => other,
    };
    let whole = !digits.is_empty() && digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit);
    whole || value == b"null"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(raw: &str) -> Vec<Value> {
        let text = result(raw);
        assert!(text.is_ascii());
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn what_the_reader_finds_is_not_told() {
        for (raw, id) in [
            (r#"{"ResultCode":"0810","IsFinalResult":"true","ConfidenceValue":"99.000000","Other":[1,{"a":-2.5}]}"#, 0),
            (r#"{ "PartnerParams" : {"user_id":"a","job_type":"1","b":null} , "Actions":{"a":"\u00e9\n\/"} }"#, 0),
            (r#"{"FullName":"Ọmọ","IsAlive":true,"FullData":{},"Address":null}"#, 1),
        ] {
            assert_eq!(told(raw), [serde_json::from_str(raw).unwrap(), json!(id), Value::Null], "{raw}");
        }
        for raw in ["{}", "{ }", "[]", "\"text\"", "null", "7"] {
            assert_eq!(told(raw), [Value::Null; 0], "{raw}");
        }
    }

    #[test]
    fn what_it_would_not_find_is() {
        for (raw, name, value) in [
            (r#"{"ResultCode":810}"#, "resultCode", json!("810")),
            (r#"{"ResultCode":["0810"]}"#, "resultCode", json!(null)),
            (r#"{"Result\u0043ode":"0810"}"#, "resultCode", json!("0810")),
            (r#"{"IsFinalResult":"TRUE"}"#, "isFinalResult", json!(true)),
            (r#"{"ConfidenceValue":"1e2"}"#, "confidenceValue", json!(100.0)),
            (r#"{"ConfidenceValue":"."}"#, "confidenceValue", json!(null)),
            (r#"{"ConfidenceValue":""}"#, "confidenceValue", json!(null)),
            (r#"{"Actions":[]}"#, "actions", json!({})),
            (r#"{"PartnerParams":[]}"#, "partnerParams", json!(null)),
            (
                r#"{"PartnerParams":{"job_type":6.0}}"#,
                "partnerParams",
                json!({"userId": null, "jobId": null, "jobType": 6, "extras": {}}),
            ),
            (r#"{"Antifraud":7}"#, "antifraud", json!(null)),
            (r#"{"SmileJobID":12345678901234567890}"#, "smileJobId", json!("12345678901234567890")),
            (r#"{"Source":"\ud800"}"#, "source", json!(null)),
        ] {
            assert_eq!(told(raw)[2][name], value, "{raw}");
        }
        for raw in [r#"{"OtherNames":"a"}"#, r#"{"DOB":7}"#, r#"{"UserIDsOfPreviousRegistrants":["a"]}"#] {
            assert!(told(raw)[2]["idResponse"].is_object(), "{raw}");
        }
    }

    #[test]
    fn what_no_host_holds_is_written_anew() {
        for (raw, fields) in [
            (r#"{"a":[9007199254740993]}"#, json!({"a": ["9007199254740993"]})),
            (r#"{"a":1e400}"#, json!({"a": "1e400"})),
            (r#"{"a":{"b":"\udc00"}}"#, json!({"a": {"b": r#""\udc00""#}})),
        ] {
            assert_eq!(told(raw)[0], fields, "{raw}");
        }
    }

    #[test]
    fn entries_that_are_no_objects_are_left_out() {
        let told: Vec<Value> = serde_json::from_str(&entries(r#"[ {"a":1} , 7, [{}], {} ]"#)).unwrap();
        assert_eq!(told, [json!({"a": 1}), json!(0), json!(null), json!({}), json!(0), json!(null)]);
        assert_eq!((entries("{}"), entries("")), ("[]".to_owned(), "[]".to_owned()));
    }
}
