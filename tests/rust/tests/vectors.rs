//! The vectors that only Rust can check exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use serde_json::Value;
use smileid_jobs::{ErrorCode, Signature};
use support::{client, pending};

fn vector(name: &str) -> Value {
    let path = format!("{}/../vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap()
}

#[test]
fn known_signatures_are_made_and_confirmed() {
    for case in vector("signing")["signing"].as_array().unwrap() {
        let signature = Signature::new(text(case, "partner_id"), text(case, "api_key")).unwrap();
        let signed = signature.generate_signature(Some(text(case, "timestamp")));
        assert_eq!(signed.signature, text(case, "signature"), "{}", case["id"]);
        assert!(signature.confirm_signature(text(case, "timestamp"), text(case, "signature")), "{}", case["id"]);
    }
}

#[tokio::test]
async fn delays_are_exact_under_a_clock_of_our_own() {
    for case in vector("schedule").as_array().unwrap() {
        let (client, server, _) = client([pending()]);
        let ms = |name: &str| case["options"][name].as_f64().map(|ms| Duration::from_secs_f64(ms / 1000.0));
        let mut poll = client.poll_job_status("u", "j");
        poll = case["options"]["retry_count"].as_u64().into_iter().fold(poll, |poll, count| poll.retry_count(count));
        poll = ms("initial_delay_ms").into_iter().fold(poll, |poll, delay| poll.initial_delay(delay));
        poll = ms("max_delay_ms").into_iter().fold(poll, |poll, delay| poll.max_delay(delay));
        let status = poll.await.unwrap();
        assert!(!status.job_complete());
        let seen = server.seen();
        let gaps: Vec<f64> = seen.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs_f64() * 1000.0).collect();
        let delays: Vec<f64> = case["delays_ms"].as_array().unwrap().iter().map(|ms| ms.as_f64().unwrap()).collect();
        assert_eq!(gaps.len(), delays.len(), "{}", case["id"]);
        for (gap, delay) in gaps.iter().zip(&delays) {
            assert!((gap - delay).abs() < 1e-6, "{}: {gaps:?} is not {delays:?}", case["id"]);
        }
    }
}

#[test]
fn error_texts_are_unique_and_numbers_ascend() {
    let mut texts: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), ErrorCode::ALL.len());
    assert!(ErrorCode::ALL.iter().is_sorted_by_key(|code| *code as i32));
}
