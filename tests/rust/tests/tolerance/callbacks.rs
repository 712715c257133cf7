//! Callbacks: read, and written by the delivery.

use proptest::prelude::*;
use serde_json::Value;
use smileid_jobs::{ErrorCode, Naming, View as _};

use crate::few;
use crate::json::{Json, members, object, same, value};
use crate::server::{JOB, TIMESTAMP, USER, client, ok, run, samples, signed};

const EXPECTED: [ErrorCode; 3] = [ErrorCode::InvalidResponse, ErrorCode::SignatureMismatch, ErrorCode::LegacySignature];

fn verify(body: &[u8]) -> Result<Value, ErrorCode> {
    let callback = client(ok("")).0.verify_callback(body, None).map_err(|error| error.code())?;
    assert!(!callback.body_authenticated() && !format!("{callback:?}").is_empty());
    assert_eq!(callback.raw().as_ref(), body);
    Ok(serde_json::to_value(callback.named(Naming::Snake)).unwrap())
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

proptest! {
    #![proptest_config(few(300))]

    #[test]
    fn any_result_is_read_and_nothing_of_it_is_lost(result in object(value())) {
        let Json::Object(mut entries) = result else { return Ok(()) };
        entries.retain(|(key, _)| !matches!(key.as_str(), "timestamp" | "signature" | "job_complete" | "result"));
        let verified = verify(signed(&members(&entries)).as_bytes());
        if entries.iter().all(|(_, value)| says_nothing(value)) {
            prop_assert_eq!(verified.unwrap_err(), ErrorCode::InvalidResponse);
            return Ok(());
        }
        let view = verified.unwrap();
        for (key, value) in entries {
            prop_assert!(same(&view["result"]["fields"][&key], &value.host()), "{} is lost", key);
        }
    }

    #[test]
    fn any_bytes_are_a_callback_or_a_typed_error(
        at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..20)
    ) {
        let mut body = at.get(samples()).clone().into_bytes();
        let from = from.index(body.len().max(1)).min(body.len());
        body.splice(from..(from + put.len() / 2).min(body.len()), put.iter().copied());
        for body in [body, put] {
            if let Err(code) = verify(&body) {
                prop_assert!(EXPECTED.contains(&code), "{:?}", code);
            }
        }
    }

    #[test]
    fn what_is_delivered_is_the_result_with_the_received_pair(result in object(value())) {
        let Json::Object(mut entries) = result.clone() else { return Ok(()) };
        entries.retain(|(key, _)| key != "PartnerParams");
        let inner = Json::Object(entries.clone());
        let body = signed(&format!(r#""job_complete":true,"result":{},"kyc_receipt":"k""#, inner.write()));
        let (client, seen) = client(ok(body));
        let status = run(client.get_job_status(USER, JOB).callback_url("https://receiver.example.com")).unwrap();
        prop_assert!(status.callback_delivery().unwrap().delivered);
        let sent = seen.lock().unwrap().last().unwrap().1.clone();
        let shown = client.verify_callback(&sent, None).unwrap();
        prop_assert_eq!((shown.timestamp(), shown.signature()), (TIMESTAMP, status.signature()));
        let sent: Value = serde_json::from_slice(&sent).unwrap_or_default();
        let replaced = |key: &str| matches!(key, "timestamp" | "signature" | "KYCReceipt" | "ImageLinks");
        for (key, value) in entries.iter().filter(|(key, _)| !replaced(key)) {
            // What serde's own value cannot hold was carried as text and is not compared here.
            prop_assert!(sent.is_null() || sent.get(key).is_some(), "{} of {:?} is lost", key, value);
        }
    }
}

#[test]
fn of_a_key_that_came_twice_the_last_value_is_delivered() {
    let body = signed(r#""job_complete":true,"result":{"a":1,"ResultCode":"0811","a":2,"ResultCode":"0810"}"#);
    let (client, seen) = client(ok(body));
    run(client.get_job_status(USER, JOB).callback_url("https://receiver.example.com")).unwrap();
    let sent = seen.lock().unwrap().last().unwrap().1.clone();
    let callback = client.verify_callback(&sent, None).unwrap();
    assert_eq!(callback.result().unwrap().result_code.as_deref(), Some("0810"));
    assert_eq!(callback.result().unwrap().fields["a"], 2);
}
