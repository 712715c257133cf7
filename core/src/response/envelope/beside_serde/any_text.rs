//! Any text at all: sound JSON of every shape, and what becomes of it when it is harmed.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::{Envelope, compare, samples};

const KEYS: [&str; 14] = [
    "",
    "a",
    "b",
    "result",
    "res\\u0075lt",
    "PartnerParams",
    "user_id",
    "job_id",
    "job_complete",
    "job_c\\u006fmplete",
    "code",
    "timestamp",
    "\\ud800",
    "a key that is longer than a word or two",
];
const PIECES: [&str; 14] = [
    "x",
    "sixteen of them.",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b\\f\\n\\r\\t",
    "\\u0041",
    "\\ud800",
    "\\uDBFF\\uDFFF",
    "é",
    "😀",
    "{[",
    "]}",
    ",:",
];
const SCALARS: [&str; 12] =
    ["null", "true", "false", "0", "-0", "7", "-12.50", "1e9", "2E-3", "1570612182124", "9e999", "\"\""];
const SPACE: [&str; 7] = ["", "", "", "", " ", "\n", " \t\r\n  "];
const SPLINTERS: [&str; 30] = [
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "\0",
    "\u{1f}",
    "\u{7f}",
    "0",
    "-",
    "+",
    ".",
    "e",
    "E",
    "t",
    "\\u",
    "\\u00",
    "\\x",
    "é",
    "\u{feff}",
    "\"a\":",
    ",\"a\":1",
    "null",
    "\"result\":",
    "//",
];

fn string() -> impl Strategy<Value = String> {
    vec(select(&PIECES[..]), 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Sound JSON, compact or with white space anywhere.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![select(&SCALARS[..]).prop_map(str::to_owned), string()];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..6), select(&SPACE[..]))
                .prop_map(|(items, space)| { format!("[{space}{}{space}]", items.join(&format!("{space},{space}"))) }),
            object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (vec((select(&KEYS[..]), value), 0..6), select(&SPACE[..])).prop_map(|(members, space)| {
        let members = members.iter().map(|(key, value)| format!("\"{key}\"{space}:{space}{value}"));
        format!("{{{space}{}{space}}}", members.collect::<Vec<_>>().join(&format!("{space},{space}")))
    })
}

/// Puts splinters in, cuts pieces out, flips bits.
fn harm(text: &str, harms: &[(Index, usize, &str, u8)]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for (at, cut, splinter, flip) in harms {
        let at = at.index(bytes.len() + 1);
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, splinter.bytes());
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= flip;
        }
    }
    bytes
}

fn harms() -> impl Strategy<Value = Vec<(Index, usize, &'static str, u8)>> {
    let splinter = prop_oneof![Just(""), select(&SPLINTERS[..])];
    let flip = prop_oneof![4 => Just(0), 1 => any::<u8>()];
    vec((any::<Index>(), 0..4_usize, splinter, flip), 1..3)
}

fn compare_bytes(bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => drop(compare(text)),
        Err(_) => assert!(Envelope::read(bytes).is_err()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_json_is_taken(text in json(), body in object(json())) {
        prop_assert!(compare(&text));
        prop_assert!(compare(&body));
    }

    #[test]
    fn printed_values_are_taken(text in json()) {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert!(compare(&value.to_string()));
            prop_assert!(compare(&serde_json::to_string_pretty(&value).unwrap()));
        }
    }

    #[test]
    fn harmed_json_is_judged_alike(body in object(json()), harms in harms()) {
        compare_bytes(&harm(&body, &harms));
    }

    #[test]
    fn harmed_samples_are_judged_alike(sample in select(samples()), harms in harms()) {
        compare_bytes(&harm(&sample, &harms));
    }

    #[test]
    fn anything_is_judged_alike(text in "[\\[\\]{}:,\"\\\\ \n0-9a-fetu.+-]{0,40}") {
        compare(&text);
    }
}
