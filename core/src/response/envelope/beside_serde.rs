//! What the scan takes, what it refuses and where it finds values, beside serde_json.

mod any_text;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;
use crate::response::json::refusal::{Entries, LastParams, entries, nested_deeper_than};

type Places = Vec<(String, Range<usize>)>;

/// Where ids stand, by where the answer names them.
type NamedIds = [[Range<usize>; 2]; 3];

/// Where serde_json finds what an envelope finds: every key's value, and the ids that the answer names.
fn found_by_serde(text: &str) -> Option<(Places, NamedIds)> {
    if nested_deeper_than(text.as_bytes(), MAX_NESTING) {
        return None;
    }
    let place = |part: &str| {
        let at = part.as_ptr() as usize - text.as_ptr() as usize;
        at..at + part.len()
    };
    let Entries(entries) = entries(text).ok()?;
    let mut named_ids = NamedIds::default();
    let mut name = |from: usize, key: &str, value: &str| match key {
        "user_id" => named_ids[from][0] = place(value),
        "job_id" => named_ids[from][1] = place(value),
        _ => {}
    };
    let mut places = Places::new();
    for (key, value) in entries {
        let (from, params) = match (key.as_ref(), serde_json::from_str(value.get())) {
            ("result", Ok(LastParams(Some(params)))) => (0, params.get()),
            ("PartnerParams", _) => (1, value.get()),
            _ => (0, ""),
        };
        for (key, value) in serde_json::from_str(params).map_or_else(|_| Vec::new(), |Entries(params)| params) {
            name(from, &key, value.get());
        }
        if value.get() != r#""""# {
            name(2, &key, value.get());
        }
        places.push((key.into_owned(), place(value.get())));
    }
    Some((places, named_ids))
}

fn found_by_scan(text: &str) -> Option<(Places, NamedIds)> {
    let envelope = Envelope::scan(text)?;
    let places = envelope.places.into_iter().map(|(key, place)| (key.into_owned(), place)).collect();
    Some((places, envelope.named_ids))
}

/// Whether it is one value, of any kind.
fn is_json(text: &str) -> bool {
    value(trim(text.as_bytes()), MAX_NESTING).is_some_and(|rest| trim(rest).is_empty())
}

/// Whether both say the same, of the text as a body and as any JSON. Tells whether it is JSON.
fn compare(text: &str) -> bool {
    assert_eq!(found_by_scan(text), found_by_serde(text), "{text:?}");
    let sound = serde_json::from_str::<IgnoredAny>(text).is_ok() && !nested_deeper_than(text.as_bytes(), MAX_NESTING);
    assert_eq!(is_json(text), sound, "{text:?}");
    sound
}

/// A value as a body, as values in one, and where ids are looked for.
fn compare_everywhere(value: &str) {
    let bodies = [
        value.to_owned(),
        format!("{{\"a\":{value}}}"),
        format!("{{\"result\":{value},\"b\":[{value},{{\"c\":{value}}}, {value} ]}}"),
        format!("{{\"result\":{{\"a\":{value},\"PartnerParams\":{{\"job_id\":{value} ,\"user_id\" : {value}}}}}}}"),
        format!("{{\"user_id\":{value},\"PartnerParams\":{{\"job_id\":{value}}},\"job_id\": {value}}}"),
        format!("{{\"a\":\"\",\"b\":{value}"),
        format!("{value},"),
        format!("\t{value}\r\n"),
        format!("\u{b}{value}"),
        format!("{value}\u{a0}"),
    ];
    for body in bodies {
        compare(&body);
    }
}

/// Bodies of every product, and what answers may be instead.
fn samples() -> Vec<String> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../../../../tests/vectors/decode.json")).unwrap();
    vectors.iter().filter_map(|vector| vector["body_text"].as_str()).map(str::to_owned).collect()
}

#[test]
fn numbers_and_words() {
    for value in [
        "",
        "-",
        "0",
        "-0",
        "00",
        "01",
        "-01",
        "--1",
        "+1",
        "1.",
        ".1",
        "1.5",
        "1.5.5",
        "1e",
        "1e+",
        "1e-",
        "1e5",
        "1E+05",
        "1e-5",
        "1e5.5",
        "1.e5",
        "0e1",
        "0.0e0",
        "1e400",
        "123456789012345678901234567890",
        "0x1",
        "1_0",
        "1a",
        "-a",
        "NaN",
        "Infinity",
        "t",
        "tru",
        "true",
        "truet",
        "True",
        "f",
        "fals",
        "false",
        "falsey",
        "n",
        "nul",
        "null",
        "nulll",
        "undefined",
        "\u{fffd}",
        "\u{feff}1",
        "'a'",
        "//",
        "1 2",
        "1,2",
    ] {
        compare_everywhere(value);
    }
}

#[test]
fn brackets_and_what_stands_between() {
    for value in [
        "[]",
        "[ ]",
        "{}",
        "{ }",
        "[",
        "]",
        "{",
        "}",
        "[}",
        "{]",
        "[1",
        "[1}",
        "{\"a\":1]",
        "[,]",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\" \"b\"}",
        "{\"a\"::1}",
        "{\"a\":1,,\"b\":2}",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{\"\":\"\"}",
        "{\"\":\"\",\"\":\"\"}",
        "[[],[]]",
        "[[]]]",
        "[{},{}]",
        "{\"a\":\"b\",\"c\":\"d\",1}",
        "{\"a\":\"b\",\"c\":\"d\",\"e\"}",
        "{\"a\":\"b\",\"c\"\n:\n\"d\"\n,\n\"e\":[\t]\r}",
        "{\"a\":\"b\",\"c\": \"d\" ,\"e\":1,\"f\":\"g\"}",
        "{\"a\":{\"b\":\"c\"},\"d\":\"e\"]",
    ] {
        compare_everywhere(value);
    }
}

#[test]
fn every_byte_and_escape_at_every_place_of_a_string() {
    let bytes = (0..128_u8).map(|byte| char::from(byte).to_string());
    let escapes = (0..128_u8).map(|byte| format!("\\{}", char::from(byte)));
    let others = [
        "\\u0041",
        "\\ud800",
        "\\udC00",
        "\\uD83d\\uDE00",
        "\\u00e",
        "\\u00g0",
        "\\u",
        "\\U0041",
        "é",
        "€",
        "😀",
        "\u{80}",
    ];
    for part in bytes.chain(escapes).chain(others.map(str::to_owned)) {
        for (before, after) in (0..18).map(|before| (before, 17 - before)).chain([(0, 0), (40, 40)]) {
            let text = format!("\"{}{part}{}\"", "x".repeat(before), "é".repeat(after));
            compare(&text);
            compare(&format!("{{{text}:{text},\"result\":{{{text}:{text}}}}}"));
            compare(&text[..text.len() - 1]);
        }
    }
}

#[test]
fn what_stands_at_any_place_of_a_long_string() {
    for part in ["\"", "\\\"", "\\\\", "\\u00e9", "\\", "\n", "\0", "\u{1f}", "\u{7f}", "é", " ", "!", "#", "["] {
        for before in 0..170 {
            let text = format!("\"{}{part}{}\"", "x".repeat(before), " ".repeat(170 - before));
            compare(&text);
            compare(&format!("{{\"a\":{text},{text}:1}}"));
        }
    }
}

#[test]
fn nesting_up_to_its_limit() {
    for depth in [1, 2, 3, 125, 126, 127, 128, 129, 130, 500, 100_000] {
        let (arrays, ends) = ("[".repeat(depth), "]".repeat(depth));
        let (objects, object_ends) = ("{\"a\":".repeat(depth), "}".repeat(depth));
        for text in [
            format!("{arrays}{ends}"),
            format!("{arrays}1{ends}"),
            arrays.clone(),
            format!("{arrays}{ends}]"),
            format!("{objects}1{object_ends}"),
            format!("{objects}1{}", object_ends.replacen('}', "]", 1)),
            format!("{{\"a\":{arrays}{ends}}}"),
            format!("{{\"result\":{arrays}{ends}}}"),
            format!("{{\"result\":{{\"a\":{arrays}{ends}}}}}"),
            format!("{{\"result\":{{\"PartnerParams\":{{\"a\":{arrays}{ends}}}}}}}"),
            format!("{{\"PartnerParams\":{objects}{{}}{object_ends}}}"),
            format!("{{\"a\":[{}]}}", vec![format!("{arrays}{ends}"); 3].join(",")),
        ] {
            compare(&text);
        }
    }
}

#[test]
fn keys_that_stand_twice() {
    for body in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\ud800":1,"\ud800":2}"#,
        r#"{"\ud800":1,"\uD800":2}"#,
        r#"{"\ud800":1,"\"\\ud800\"":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"a":{"b":1,"b":2},"c":[{"d":1,"d":2}]}"#,
        r#"{"PartnerParams":{"a":1,"a":2}}"#,
        r#"{"PartnerParams":["a","a"]}"#,
        r#"{"Partner\u0050arams":{"a":1,"a":2}}"#,
        r#"{"result":{"PartnerParams":{"user_id":1,"user\u005fid":2}}}"#,
        r#"{"result":{"PartnerParams":{"user_id":1,"user_id":2},"PartnerParams":{"user_id":3}}}"#,
        r#"{"result":{"PartnerParams":{"user_id":1},"PartnerParams":{"user_id":3,"user_id":2}}}"#,
        r#"{"result":{"PartnerParams":{"user_id":1},"PartnerParams":7}}"#,
        r#"{"re\u0073ult":{"Partner\u0050arams":{"user\u005fid":1,"j\u006fb_id":[2]}}}"#,
        r#"{"PartnerParams":{"user_id":1},"result":"PartnerParams"}"#,
    ] {
        assert!(compare(body), "{body}");
    }
    for count in [7, 8, 9, 23, 24, 25, 26, 100] {
        let keys: Vec<String> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
        for again in [0, count / 2, count - 1] {
            let keys = keys.join(",");
            compare(&format!("{{{keys}}}"));
            compare(&format!("{{{keys},\"\\u006b{again}\":0}}"));
            compare(&format!("{{\"result\":{{\"PartnerParams\":{{{keys},\"k{again}\":0}}}}}}"));
        }
    }
}

#[test]
fn every_beginning_of_a_sample() {
    for body in samples().iter().filter(|body| body.len() < 3_000) {
        for end in (0..=body.len()).filter(|end| body.is_char_boundary(*end)) {
            compare(&body[..end]);
        }
    }
}

#[test]
fn a_refusal_says_what_serde_json_says() {
    for body in [
        "",
        "[]",
        "{\"a\":01}",
        "{\n\"a\":1,\n\"a\":2}",
        "{\"result\":{\"PartnerParams\":{\"b\":1,\n\"b\":2}}}",
        "{\"a\":\"\n\"}",
    ] {
        let error = Envelope::read(body.as_bytes()).err().unwrap();
        let cause = entries(body).err().unwrap();
        assert_eq!(error.message(), "the answer is not a JSON object that could be a job status");
        assert_eq!(error.cause(), Some(&crate::error::Cause::from(&cause)), "{body}");
    }
    // Nesting is told of what is no JSON, too.
    let error = Envelope::read("[{".repeat(65).as_bytes()).err().unwrap();
    assert_eq!((error.message().as_str(), error.cause()), ("the answer is nested too deeply", None));
}
