//! What a callback proves and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use smileid_jobs::{Client, ErrorCode, Naming, Signature, View as _};
use support::{KEY, START_MS, client};

const FRESH: &str = "2026-09-21T14:13:20.000Z";

fn here() -> Client {
    client([support::pending()]).0
}

fn body(timestamp: &str, rest: Value) -> Vec<u8> {
    let pair = Signature::new("001", KEY).unwrap().generate_signature(Some(timestamp));
    let mut body = rest;
    body["timestamp"] = pair.timestamp.into();
    body["signature"] = pair.signature.into();
    body.to_string().into_bytes()
}

fn result() -> Value {
    json!({
        "ResultCode": "0810", "IsFinalResult": "true",
        "PartnerParams": { "user_id": "u", "job_id": "j", "job_type": 6 },
        "ImageLinks": { "selfie_image": "https://images.example/s.jpg" }, "KYCReceipt": "https://portal.example/r.pdf",
    })
}

fn refused(body: &[u8], max_age: Option<Duration>) -> ErrorCode {
    here().verify_callback(body, max_age).unwrap_err().code()
}

#[test]
fn both_shapes_are_read_with_one_model() {
    let flat = here().verify_callback(&body(FRESH, result()), None).unwrap();
    let envelope = json!({ "job_complete": true, "job_success": true, "code": "2302", "result": result(), "image_links": { "selfie_image": "https://images.example/s.jpg" } });
    let whole = here().verify_callback(&body(FRESH, envelope), None).unwrap();
    for callback in [&flat, &whole] {
        assert!(!callback.body_authenticated());
        assert_eq!((callback.user_id(), callback.job_id()), (Some("u"), Some("j")));
        assert_eq!(callback.result().unwrap().result_code.as_deref(), Some("0810"));
        assert_eq!(callback.image_links().unwrap().selfie_image.as_deref(), Some("https://images.example/s.jpg"));
        assert_eq!(callback.timestamp(), FRESH);
    }
    assert_eq!(flat.kyc_receipt(), Some("https://portal.example/r.pdf"));
    assert_eq!((flat.job_complete(), whole.job_complete(), whole.job_success()), (None, Some(true), Some(true)));
    assert!(!format!("{flat:?}").contains("images.example"));
    assert_eq!((flat.code(), whole.code()), (None, Some("2302")));
    for callback in [flat, whole] {
        assert_eq!((callback.message(), callback.kyb_receipt(), callback.extras().len()), (None, None, 0));
    }
}

#[test]
fn what_stands_beside_a_result_is_kept_and_not_printed() {
    let said = json!({
        "job_complete": true, "job_success": false, "code": "2302", "result": "No zip file received",
        "kyc_receipt": "https://portal.example/r.pdf", "kyb_receipt": "https://portal.example/b.pdf",
        "user_id": "a-user", "job_id": "a-job", "more": { "a": [1] },
    });
    let callback = here().verify_callback(&body(FRESH, said), None).unwrap();
    assert_eq!((callback.code(), callback.message()), (Some("2302"), Some("No zip file received")));
    assert_eq!(callback.kyc_receipt(), Some("https://portal.example/r.pdf"));
    assert_eq!(callback.kyb_receipt(), Some("https://portal.example/b.pdf"));
    assert_eq!((callback.user_id(), callback.job_id()), (Some("a-user"), Some("a-job")));
    let extras = json!({ "user_id": "a-user", "job_id": "a-job", "more": { "a": [1] } });
    assert_eq!(Value::Object(callback.extras().clone()), extras);
    let view = serde_json::to_value(callback.named(Naming::Camel)).unwrap();
    assert_eq!(
        (&view["message"], &view["kybReceipt"]),
        (&json!("No zip file received"), &json!(callback.kyb_receipt()))
    );
    assert_eq!(view["extras"], extras);
    let printed = format!("{callback:?}");
    assert_eq!(
        printed,
        r#"Callback { job_complete: Some(true), job_success: Some(false), code: Some("2302"), result: None, .. }"#
    );
}

#[test]
fn a_result_alone_has_no_code_and_nothing_beside_it() {
    let mut said = result();
    said["code"] = "2302".into();
    said["KYBReceipt"] = "https://portal.example/b.pdf".into();
    said["more"] = json!(1);
    let callback = here().verify_callback(&body(FRESH, said), None).unwrap();
    assert_eq!((callback.code(), callback.message(), callback.extras().len()), (None, None, 0));
    assert_eq!(callback.kyb_receipt(), Some("https://portal.example/b.pdf"));
    let fields = &callback.result().unwrap().fields;
    assert_eq!((&fields["code"], &fields["more"]), (&json!("2302"), &json!(1)));
}

#[test]
fn whatever_says_something_is_a_callback() {
    for said in [
        json!({ "result": "No zip file received" }),
        json!({ "result": null, "kyc_receipt": "https://portal.example/r.pdf" }),
        json!({ "result": {}, "history": [{}] }),
        json!({ "job_complete": false }),
        json!({ "user_id": "u", "job_id": "j" }),
        json!({ "more": 0, "ResultCode": null }),
    ] {
        assert!(here().verify_callback(&body(FRESH, said.clone()), None).is_ok(), "{said}");
    }
    for silent in [json!({}), json!({ "result": {} }), json!({ "result": null, "history": [], "more": {} })] {
        assert_eq!(refused(&body(FRESH, silent.clone()), None), ErrorCode::InvalidResponse, "{silent}");
    }
}

#[test]
fn a_signature_must_be_there_and_right() {
    let good = body(FRESH, result());
    let text = String::from_utf8(good.clone()).unwrap();
    let swap = |from: &str, to: &str| text.replace(from, to).into_bytes();
    assert!(here().verify_callback(&good, None).is_ok());
    assert_eq!(refused(&swap("2026-09", "2026-08"), None), ErrorCode::SignatureMismatch);
    assert_eq!(refused(&swap("\"signature\"", "\"sig\""), None), ErrorCode::SignatureMismatch);
    let mut legacy: Value = serde_json::from_slice(&good).unwrap();
    legacy["signature"] = "6f3dec6d6fad3cfe36fb62b38a185de1cd53088291082d6f20fddbf5ea0e4a0f".into();
    assert_eq!(refused(legacy.to_string().as_bytes(), None), ErrorCode::LegacySignature);
}

#[test]
fn what_could_deceive_or_is_no_callback_is_refused() {
    for text in
        ["", "[]", "\"x\"", "{", "\u{feff}{}", r#"{"PartnerParams":{"user_id":"a","user_id":"b"}}"#, r#"{"a":1,"a":2}"#]
    {
        assert_eq!(refused(text.as_bytes(), None), ErrorCode::InvalidResponse, "{text}");
    }
    assert_eq!(refused(b"{\"a\":\"\xff\"}", None), ErrorCode::InvalidResponse);
    // Whoever has received a callback has a pair.
    assert_eq!(refused(&body(FRESH, json!({})), None), ErrorCode::InvalidResponse);
}

#[test]
fn age_counts_only_if_asked_for() {
    let now = START_MS / 1000;
    assert!(here().verify_callback(&body("2020-01-01T00:00:00.000Z", result()), None).is_ok());
    let minute = Some(Duration::from_secs(60));
    for (timestamp, fresh) in [
        ((now - 59).to_string(), true),
        ((now - 61).to_string(), false),
        ((now + 61).to_string(), false),
        ((START_MS - 1).to_string(), true),
        ("some day".to_owned(), false),
    ] {
        let outcome =
            here().verify_callback(&body(&timestamp, result()), minute).map(|_| ()).map_err(|error| error.code());
        assert_eq!(outcome, if fresh { Ok(()) } else { Err(ErrorCode::CallbackExpired) }, "{timestamp}");
    }
    let error = here().verify_callback(&body(FRESH, result()), Some(Duration::from_secs(86_400 * 31))).unwrap_err();
    assert_eq!(error.argument(), Some("max_age"));
}

#[test]
fn repeated_deliveries_say_the_same() {
    let (client, body) = (here(), body(FRESH, result()));
    let first = client.verify_callback(&body, None).unwrap().to_json(Naming::Snake);
    assert!((0..3).all(|_| client.verify_callback(&body, None).unwrap().to_json(Naming::Snake) == first));
}
