//! What is turned away, with which code, and what is not.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use smileid_jobs_sandbox::Sandbox;

use crate::client::{Client, ask, call, query, sign};

fn refused(sandbox: &Sandbox, body: &str) -> String {
    let response = call(sandbox, "POST", "/v1/job_status", body);
    assert_eq!(response.status, 400, "{body}");
    let answer = response.json();
    assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()));
    let verdict = &sandbox.log().pop().unwrap().verdict;
    assert!(verdict.starts_with("refused: "), "{verdict}");
    answer["code"].as_str().unwrap().to_owned()
}

/// A query whose timestamp is this text or number, correctly signed.
fn at(timestamp: Value) -> Value {
    let text = timestamp.as_str().map_or_else(|| timestamp.to_string(), str::to_owned);
    let mut body = query("u", "complete");
    body["signature"] = json!(sign("apikey", &text, "001"));
    body["timestamp"] = timestamp;
    body
}

#[test]
fn what_is_not_a_json_object_is_malformed() {
    let sandbox = Sandbox::start().unwrap();
    for body in ["", "{", "[]", "null", "text", r#"{"user_id": "u",}"#, "{\"user_id\": \"\u{1}\"}"] {
        assert_eq!(refused(&sandbox, body), "2213", "{body}");
    }
}

#[test]
fn each_field_must_be_there() {
    let sandbox = Sandbox::start().unwrap();
    for key in ["partner_id", "user_id", "job_id", "timestamp", "signature"] {
        let mut body = query("u", "complete");
        body.as_object_mut().unwrap().remove(key);
        assert_eq!(refused(&sandbox, &body.to_string()), "2213", "{key} missing");
        for absent in [Value::Null, json!("")] {
            body[key] = absent;
            assert_eq!(refused(&sandbox, &body.to_string()), "2213", "{body}");
        }
    }
}

#[test]
fn each_field_must_have_its_type() {
    let sandbox = Sandbox::start().unwrap();
    for key in ["partner_id", "user_id", "job_id", "timestamp", "signature"] {
        for wrong in [json!(1), json!(true), json!(["u"]), json!({})] {
            if key == "timestamp" && wrong.is_number() {
                continue;
            }
            let mut body = query("u", "complete");
            body[key] = wrong;
            assert_eq!(refused(&sandbox, &body.to_string()), "2204", "{body}");
        }
    }
    for key in ["history", "image_links"] {
        for wrong in [json!("yes"), json!("True"), json!(1), json!([])] {
            let mut body = query("u", "complete");
            body[key] = wrong;
            assert_eq!(refused(&sandbox, &body.to_string()), "2204", "{body}");
        }
    }
}

#[test]
fn flags_take_what_official_sdks_send() {
    let sandbox = Sandbox::start().unwrap();
    for (flag, asked) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (Value::Null, false),
    ] {
        let mut body = query("u", "complete");
        body["history"] = flag.clone();
        body["image_links"] = flag;
        let answer = ask(&sandbox, &body).json();
        assert_eq!(answer.get("history").is_some(), asked, "{body}");
        assert_eq!(answer.get("image_links").is_some(), asked, "{body}");
    }
}

#[test]
fn only_the_right_signature_of_the_right_partner_is_let_in() {
    let sandbox = Sandbox::builder().partner_id("085").api_key("clé-ключ").start().unwrap();
    let timestamp = crate::client::now();
    let body = |partner: &str, signature: String| json!({"partner_id": partner, "user_id": "u", "job_id": "complete", "timestamp": timestamp, "signature": signature});
    let right = sign("clé-ключ", &timestamp, "085");
    assert_eq!(ask(&sandbox, &body("085", right.clone())).status, 200);
    for (why, wrong) in [
        ("another key", body("085", sign("other", &timestamp, "085"))),
        ("another timestamp", body("085", sign("clé-ключ", &crate::client::now().replace('Z', "1Z"), "085"))),
        ("zeros dropped", body("85", sign("clé-ключ", &timestamp, "85"))),
        ("zeros dropped in the text", body("085", sign("clé-ключ", &timestamp, "85"))),
        ("unknown partner", body("001", right.clone())),
        ("no base64", body("085", "?".repeat(44))),
        ("cut short", body("085", right[..40].to_owned())),
        ("space behind", body("085", format!("{right} "))),
    ] {
        assert_eq!(refused(&sandbox, &wrong.to_string()), "2205", "{why}");
    }
}

#[test]
fn every_timestamp_an_official_sdk_sends_is_let_in() {
    let sandbox = Sandbox::start().unwrap();
    let now = Timestamp::now();
    let utc = |format: &str| json!(now.strftime(format).to_string());
    for timestamp in [
        utc("%Y-%m-%dT%H:%M:%S%.3fZ"),
        utc("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
        utc("%Y-%m-%dT%H:%M:%S%.9fZ"),
        utc("%Y-%m-%dT%H:%M:%SZ"),
        utc("%Y-%m-%dT%H:%M:%S+00:00"),
        utc("%Y-%m-%d %H:%M:%S +0000"),
        utc("%Y-%m-%dT%H:%M:%S%.6f"),
        json!(now.as_second().to_string()),
        json!(now.as_millisecond().to_string()),
        json!(now.as_second()),
        json!(now.as_millisecond()),
    ] {
        let response = ask(&sandbox, &at(timestamp.clone()));
        assert_eq!(response.status, 200, "{timestamp}");
    }
}

#[test]
fn the_age_counts_both_ways_and_can_be_set() {
    let strict = Sandbox::start().unwrap();
    let patient = Sandbox::builder().max_timestamp_age(Duration::from_secs(86_400)).start().unwrap();
    for (seconds, let_in) in [(-301, false), (-290, true), (290, true), (310, false)] {
        let moment = Timestamp::now() + SignedDuration::from_secs(seconds);
        for timestamp in [json!(moment.to_string()), json!(moment.as_second())] {
            let body = at(timestamp);
            assert_eq!(ask(&strict, &body).status == 200, let_in, "{seconds}");
            assert_eq!(ask(&patient, &body).status, 200, "{seconds}");
        }
    }
    assert_eq!(refused(&strict, &at(json!("2023-03-09T21:35:00.279Z")).to_string()), "2205");
    assert_eq!(refused(&strict, &at(json!("yesterday")).to_string()), "2213");
    assert_eq!(refused(&strict, &at(json!("2026-11-23")).to_string()), "2213");
}

#[test]
fn extra_fields_and_a_missing_content_type_are_fine() {
    let sandbox = Sandbox::start().unwrap();
    let mut body = query("u", "complete");
    body["source_sdk"] = json!("PHP");
    body["source_sdk_version"] = json!("4.0.3");
    let response = ask(&sandbox, &body);
    assert_eq!(response.status, 200);
    let record = &sandbox.requests("u", "complete")[0];
    assert!(!record.headers.contains_key("content-type"));
    assert_eq!(record.body, body);
}

#[test]
fn other_paths_and_methods_are_refused_and_logged() {
    let sandbox = Sandbox::start().unwrap();
    assert_eq!(call(&sandbox, "GET", "/v1/job_status", "").status, 405);
    assert_eq!(call(&sandbox, "POST", "/v1/upload", "{}").status, 404);
    assert_eq!(call(&sandbox, "GET", "/images/none.gif", "").status, 404);
    let prefixed = call(&sandbox, "POST", "/any/prefix/v1/job_status", &query("u", "complete").to_string());
    assert_eq!(prefixed.status, 200);
    let log = sandbox.log();
    let paths: Vec<_> = log.iter().map(|record| record.path.as_str()).collect();
    assert_eq!(paths, ["/v1/job_status", "/v1/upload", "/images/none.gif", "/any/prefix/v1/job_status"]);
    assert_eq!(log[1].verdict, "refused: not found");
}

#[test]
fn what_is_not_http_gets_400_and_the_connection_ends() {
    let sandbox = Sandbox::start().unwrap();
    let mut client = Client::connect(&sandbox);
    client.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    let answer = client.rest();
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
    assert!(sandbox.is_running());
}
